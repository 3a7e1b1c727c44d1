"""The frame: run.py, the pinned versions, and that the README says only what is true."""

import ast
import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import hotspots as hs

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def numbers(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in re.findall(r"\d+", version)]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def pins(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        if line and not line.startswith("#"):
            match = re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)", line)
            assert match, f"{file}: {line!r} is no plain pin"
            assert normal(match[1]) not in found, f"{file} names {match[1]} twice"
            found[normal(match[1])] = match[2]
    return found


def wanted(*extras: str) -> dict[str, str]:
    """Return the packages asked for, by the project and these extras, with their lower bounds."""
    asked = PROJECT["dependencies"] + [r for extra in extras for r in EXTRAS[extra]]
    split = (requirement.partition(">=") for requirement in asked)
    return {normal(name): bound for name, _, bound in split}


# --- versions --------------------------------------------------------------------------------


def test_the_lower_bounds_are_the_oldest_versions_tested():
    oldest = pins("constraints-oldest.txt")
    bounds = wanted("arrow", "report", "scale", "test")
    assert all(bounds.values()), "every package the code or the tests use has a lower bound"
    assert {name: oldest.get(name) for name in bounds} == bounds


def test_the_newest_set_names_everything_and_nothing_below_its_bound():
    newest = pins("constraints.txt")
    bounds = wanted("arrow", "report", "scale", "test", "docs", "lint")
    assert set(bounds) <= set(newest)
    low = {n for n, bound in bounds.items() if bound and numbers(newest[n]) < numbers(bound)}
    assert low == set()
    older = {n for n, v in pins("constraints-oldest.txt").items()
             if n in newest and numbers(v) > numbers(newest[n])}  # fmt: skip
    assert older == set(), "the oldest set holds something newer than the newest"


@pytest.mark.parametrize("file", ["constraints.txt", "constraints-oldest.txt"])
def test_the_pins_hold_no_address_and_no_path(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not re.search(r"://|^-|@|file:|/", text.replace(".[all", ""), re.M)


def test_the_running_set_is_one_of_the_two():
    """Skipped where somebody tests with versions of their own, which is their right."""
    from importlib.metadata import version

    here = {name: numbers(version(name)) for name in ("numpy", "pandas", "geopandas", "shapely")}
    sets = [{name: numbers(pins(file)[name]) for name in here}
            for file in ("constraints.txt", "constraints-oldest.txt")]  # fmt: skip
    if here not in sets:
        pytest.skip(reason=f"these versions are neither of the two pinned sets: {here}")
    assert here in sets


def test_the_extras_are_whole():
    assert set(EXTRAS) == {"arrow", "report", "scale", "test", "docs", "lint", "bench", "all"}
    assert EXTRAS["all"] == ["hotspots[arrow,report,scale]"]
    install = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert all(f"`{extra}`" in install for extra in EXTRAS)


def test_the_metadata_agree_with_one_another():
    versions = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if "Python :: 3.1" in c]
    assert versions == ["3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert "NEEDED = (3, 11)" in (ROOT / "run.py").read_text(encoding="utf-8")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {hs.__version__}\n" in citation
    assert f"\nlicense: {PROJECT['license']}\n" in citation
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "\n## [Unreleased]\n" in changes or f"\n## [{hs.__version__}]" in changes
    assert (ROOT / "src" / "hotspots" / "py.typed").is_file()


# --- the README and the documentation --------------------------------------------------------


def test_the_ten_lines_of_the_readme_run(tmp_path, monkeypatch):
    (code,) = re.findall(r"^```python\n(.*?)^```$", README, re.M | re.S)
    lines = [line for line in code.splitlines() if line]
    assert lines[0] == "import hotspots as hs"
    assert len(lines) == 10
    shutil.copytree(ROOT / "data" / "sample", tmp_path / "data" / "sample")
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "ten.py"
    script.write_text(code, encoding="utf-8")
    said = runpy.run_path(str(script))
    assert len(said["spots"]) > 5
    assert (said["plan"].visits["hotspot"].isin(said["spots"].index)).all()
    pages = list((tmp_path / "brief").rglob("*.html"))
    assert len(pages) == 1
    assert "default-src 'none'" in pages[0].read_text(encoding="utf-8"), "the page may load nothing"


def test_the_two_commands_stand_in_the_readme_and_the_second_in_the_ci():
    block = "```\npython run.py demo\npython run.py test\n```"
    assert block in README
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\npython run.py test\n" in ci
    assert "\npython run.py test --oldest\n" in ci
    assert "set -euo pipefail" in ci
    if os.name == "posix":
        assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_link_leads_somewhere(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert links
    dead = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert dead == []


def test_the_picture_is_small_and_made_by_a_script():
    picture = ROOT / "docs" / "_static" / "hotspots.png"
    assert 20_000 < picture.stat().st_size < 200_000
    assert "docs/_static/hotspots.png" in README
    assert 'hotspots.png"' in (ROOT / "docs" / "picture.py").read_text(encoding="utf-8")


def test_the_readme_names_only_what_there_is():
    commands = set(re.findall(r"`hotspots (\w+)", README))
    assert commands
    shown = subprocess.run(
        [sys.executable, "-m", "hotspots", "--help"], capture_output=True, text=True, check=True
    )
    assert commands <= set(re.findall(r"^\s+(\w+)\s", shown.stdout, re.M))


def test_the_reference_lists_every_public_name():
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^   (\w+)$", text, re.M)) == sorted(hs.__all__)


def test_every_benchmark_is_explained():
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    scripts = sorted(path.name for path in (ROOT / "benchmarks").glob("bench_*.py"))
    assert scripts
    assert [script for script in scripts if script not in text] == []


def committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip(reason="needs git's list of the project's files, and this is no clone")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_committed_file_knows_the_machine_it_was_written_on():
    homes = "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers", "t" + "mp", "o" + "pt"])
    path = re.compile(rf"""(?<![\w.~)>}}-])/(?:{homes})/[\w.]""")
    found = []
    for file in committed():
        if file.exists() and file.suffix not in {".png", ".zip", ".gpkg", ".xlsx", ".parquet"}:
            lines = file.read_bytes().decode("utf-8", "replace").splitlines()
            found += [f"{file.name}:{n}" for n, line in enumerate(lines, 1) if path.search(line)]
    assert found == []


def test_no_committed_file_is_large():
    assert [f.name for f in committed() if f.exists() and f.stat().st_size > 1_000_000] == []


# --- run.py ----------------------------------------------------------------------------------


def load_run():
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_with(change: str, *words: str) -> subprocess.CompletedProcess:
    """Run run.py after a change to its interpreter, which stands for another machine."""
    start = f"runpy.run_path({str(ROOT / 'run.py')!r}, run_name='__main__')"
    code = f"import runpy, sys\nsys.argv[1:] = {list(words)!r}\n{change}\n{start}"
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_old_python_can_read_run_py():
    text = (ROOT / "run.py").read_text(encoding="utf-8")
    assert text.isascii()
    ast.parse(text, feature_version=(3, 6))
    tree = ast.parse(text)
    modern = [
        n for n in ast.walk(tree) if isinstance(n, ast.JoinedStr | ast.AnnAssign | ast.NamedExpr)
    ]
    assert modern == []
    before = text[: text.index("if sys.version_info < NEEDED")]
    assert re.findall(r"^(?:from|import) .*", before, re.M) == [
        "from __future__ import print_function", "import sys",
    ]  # fmt: skip


def test_an_old_python_is_told_clearly():
    done = run_with("sys.version_info = (3, 8, 10)", "demo")
    assert done.returncode == 1
    assert done.stdout == ""
    first, second = done.stderr.strip().splitlines()
    assert first == f"hotspots needs Python 3.11 or newer; this is 3.8.10 at {sys.executable}."
    assert "python.org" in second
    assert "python3.12 run.py demo" in second


@pytest.mark.parametrize("words", [(), ("tests",), ("--help",)])
def test_without_a_task_it_explains_itself(words):
    done = run_with("", *words)
    assert done.returncode == (0 if words == ("--help",) else 2)
    assert "python run.py demo" in done.stdout


class Machine:
    """Records what run.py would run, and answers for it."""

    def __init__(self, monkeypatch, folder):
        self.run = load_run()
        monkeypatch.setattr(self.run, "ROOT", folder)
        monkeypatch.setattr(self.run.subprocess, "call", self.answer)
        (folder / "pyproject.toml").write_text("bounds", encoding="utf-8")
        for name in ("constraints.txt", "constraints-oldest.txt"):
            (folder / name).write_text("pins", encoding="utf-8")
        self.folder, self.calls, self.fails = folder, [], set()
        self.variables = {}

    def answer(self, command, env, **_):
        words = [w for w in command[1:] if w != "--quiet"]
        if words[0] == "-c":
            return int("probe" in self.fails)
        kind = {"venv": "make", "pip": "install"}.get(words[1], words[1])
        self.calls.append((kind, words[2:]))
        self.variables = env
        if kind in self.fails:
            return 1
        if kind == "make":
            python = Path(words[-1]) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
            (python.parents[1] / "hotspots-stamp.txt").unlink(missing_ok=True)  # as --clear does
        return 0

    def does(self, *words) -> list[str]:
        self.calls.clear()
        self.run.main(list(words))
        return [kind for kind, _ in self.calls]


@pytest.fixture
def machine(monkeypatch, tmp_path):
    folder = tmp_path / "a folder with spaces"
    folder.mkdir()
    return Machine(monkeypatch, folder)


def test_the_environment_is_made_once_and_used_again(machine):
    assert machine.does("demo") == ["make", "install", "hotspots"]
    assert machine.does("demo") == ["hotspots"]
    assert machine.does("test") == ["install", "pytest"]
    assert machine.does("test") == ["pytest"]
    assert machine.does("demo") == ["hotspots"], "what the tests need holds what the demo needs"


def test_what_is_installed_is_the_clone_with_the_pins(machine):
    machine.does("demo")
    (_, made), (_, installed), (_, ran) = machine.calls
    assert made == ["--clear", str(machine.folder / ".venv")]
    assert installed[installed.index("--constraint") + 1] == str(machine.folder / "constraints.txt")
    assert installed[-2:] == ["--editable", f"{machine.folder}[arrow,report]"]
    assert ran == ["demo"]


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_new_versions_are_installed_into_the_same_environment(machine, file):
    machine.does("demo")
    (machine.folder / file).write_text("other", encoding="utf-8")
    assert machine.does("demo") == ["install", "hotspots"]


def test_an_environment_broken_off_half_way_is_made_anew(machine):
    machine.fails.add("install")
    with pytest.raises(SystemExit, match="Installing failed; pip says why above"):
        machine.does("demo")
    machine.fails.clear()
    assert machine.does("demo") == ["make", "install", "hotspots"]


def test_an_environment_of_another_python_is_made_anew(machine):
    machine.does("demo")
    machine.fails.add("probe")
    with pytest.raises(SystemExit, match="could not be made"):
        machine.does("demo")
    assert [kind for kind, _ in machine.calls] == ["make"]


def test_a_missing_venv_module_is_named_with_its_remedy(machine, monkeypatch):
    monkeypatch.setattr(machine.run.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SystemExit, match=r"(?s)without the venv module.*apt install python3-venv"):
        machine.does("demo")
    assert machine.calls == []


def test_the_callers_settings_do_not_lead_out_of_the_environment(machine, monkeypatch):
    foreign = {"PIP_TARGET", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    for name in ("PIP_USER", *foreign):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("PIP_FIND_LINKS", "wheelhouse")
    machine.does("demo")
    assert {"PIP_TARGET", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"} & set(
        machine.variables
    ) == set()
    assert machine.variables["PIP_USER"] == "0"
    assert machine.variables["PIP_FIND_LINKS"] == "wheelhouse"


def test_further_words_go_on_to_pytest(machine):
    machine.does("test", "--", "-k", "grid")
    assert machine.calls[-1][1][-2:] == ["-k", "grid"]
    assert "--" not in machine.calls[-1][1]


def test_the_oldest_versions_have_their_own_environment(machine, monkeypatch):
    monkeypatch.setattr(machine.run.sys, "version_info", (3, 12, 1, "final", 0))
    assert machine.does("test", "--oldest") == ["make", "install", "pytest"]
    (_, made), (_, installed), (_, tested) = machine.calls
    assert made[-1] == str(machine.folder / ".venv-oldest")
    assert str(machine.folder / "constraints-oldest.txt") in installed
    assert "--oldest" not in tested


def test_the_oldest_versions_need_a_python_that_has_them(machine, monkeypatch):
    monkeypatch.setattr(machine.run.sys, "version_info", (3, 13, 0, "final", 0))
    with pytest.raises(SystemExit, match=r"(?s)no builds for Python 3\.13.*python3\.11 run\.py"):
        machine.does("test", "--oldest")


def test_ctrl_c_ends_without_a_traceback(machine, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(machine.run.subprocess, "call", stopped)
    (machine.folder / ".venv").mkdir()
    assert machine.run.main(["demo"]) == 130
    assert "Stopped. Run it again to go on." in capsys.readouterr().out
