"""The notebooks: each a pair in step, without outputs, and running from top to bottom."""

import warnings
from pathlib import Path

import jupytext
import nbclient
import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def name(path: Path) -> str:
    return path.stem


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)


def test_every_notebook_has_its_pair():
    assert NOTEBOOKS
    assert [path.stem for path in NOTEBOOKS] == sorted(path.stem for path in FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_the_pair_is_in_step_and_holds_no_outputs(path):
    script = jupytext.read(path.with_suffix(".py"))
    notebook = read(path)
    assert [(c.cell_type, c.source) for c in notebook.cells] == [
        (c.cell_type, c.source) for c in script.cells
    ], "run: python -m jupytext --sync notebooks/*.py"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_the_notebook_runs_and_warns_of_nothing_unexpected(path, tmp_path):
    notebook = read(path)
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the kernel's own machinery warns of is not ours
        client.execute()
    said = [
        output.text
        for cell in notebook.cells if cell.cell_type == "code"
        for output in cell.outputs if output.get("name") == "stderr"
    ]  # fmt: skip
    surprises = [text for text in said if "Warning" in text]
    assert surprises == []
    pictures = sum(
        "image/png" in output.get("data", {})
        for cell in notebook.cells if cell.cell_type == "code"
        for output in cell.outputs
    )  # fmt: skip
    assert pictures == path.with_suffix(".py").read_text(encoding="utf-8").count("plt.show()")
    nbformat.write(notebook, tmp_path / path.name)
