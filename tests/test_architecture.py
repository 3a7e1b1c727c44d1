"""The house rules of docs/architecture.md, read from the code itself."""

import ast
import dataclasses
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hotspots as hs
from hotspots import contracts
from hotspots.contracts import Result
from hotspots.detect import Detector

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "hotspots"

# Every station and what it may know of the others, lowest first: a station knows only stations
# written above it, and of most of them only the tables (contracts), never the code.
KNOWS = {
    "contracts": set(),
    "atomic": {"contracts"},
    "chance": {"contracts"},
    "progress": set(),
    "calendars": {"contracts"},
    "harm": {"contracts"},
    "sample": {"contracts"},
    "sources": {"contracts"},
    "places": {"contracts", "atomic"},
    "incidents": {"contracts", "sources", "places", "progress"},
    "support": {"contracts", "places"},
    "series": {"contracts", "chance", "calendars"},
    "detect": {"contracts", "places", "support", "chance", "progress"},
    "shares": {"contracts", "places", "support", "chance", "progress"},
    "times": {"contracts", "support", "chance", "progress"},
    "trends": {"contracts", "chance", "calendars", "series", "support", "progress"},
    "breaks": {"contracts", "chance", "series", "progress"},
    "alerts": {"contracts", "chance", "series", "support", "progress"},
    "forecasts": {"contracts", "chance", "calendars", "series", "progress"},
    "accuracy": {"contracts", "places", "support", "chance", "progress"},
    "patrols": {"contracts", "atomic", "chance", "places", "progress", "support", "times"},
    "impact": {
        "contracts", "atomic", "chance", "progress", "calendars", "places", "support", "series",
    },
    "trials": {
        "contracts", "atomic", "chance", "progress", "calendars", "places", "support", "series",
        "impact",
    },
    "evidence": {"contracts", "atomic", "chance", "progress"},
    "briefings": {
        "contracts", "chance", "progress", "harm", "places", "support", "series", "detect",
        "shares",
    },
    "profiles": {"contracts", "chance", "support", "series", "progress"},
    "plot": {"contracts", "places"},
    "report": {"contracts", "atomic", "plot"},
    "cli": {
        "contracts", "atomic", "chance", "progress", "calendars", "harm", "sample", "places",
        "incidents", "support", "series", "detect", "shares", "times", "trends", "breaks",
        "alerts", "forecasts", "accuracy", "patrols", "impact", "trials", "evidence",
        "briefings", "profiles", "plot", "report",
    },
    "__main__": {"cli"},
}  # fmt: skip
# Packages whose files are rivals: one method or one format each, blind to one another.
RIVALS = ("detect", "sources")

MODULES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def station(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield what a module imports of the package, as parts below it: ("places", "grid")."""
    here = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = tuple(alias.name.split("."))
                if parts[0] == "hotspots":
                    yield parts[1:]
        elif isinstance(node, ast.ImportFrom):
            below = tuple((node.module or "").split(".")) if node.module else ()
            if node.level:
                below = (*here[: len(here) - node.level + 1], *below)
            elif below[:1] == ("hotspots",):
                below = below[1:]
            else:
                continue
            yield from ([below] if below else [(alias.name,) for alias in node.names])


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.FunctionDef):
            yield f"{named(path)}:{node.lineno} {node.name}", node


def test_stations_are_listed_lowest_first():
    seen: set[str] = set()
    for name, known in KNOWS.items():
        assert known <= seen, f"{name} knows {known - seen}, which stand above it"
        seen.add(name)


def test_the_documentation_says_the_same():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*?) ?\|$", text, re.M)
    told = {name: set(known.split(", ")) - {""} for name, known in rows}
    told["cli"] = KNOWS["cli"] if told["cli"] == {"all of these"} else told["cli"]
    assert told == {name: known for name, known in KNOWS.items() if name != "__main__"}


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_imports_go_down_only(path):
    own = station(path)
    if own == "__init__":
        pytest.skip(reason="the package itself names every station")
    assert own in KNOWS, f"{own} is a new station: say in KNOWS what it may know"
    taken = {parts[0] for parts in imports(path)} - {own}
    stations = {name for name in taken if name in KNOWS}
    assert stations <= KNOWS[own], f"{named(path)} knows {stations - KNOWS[own]}"


@pytest.mark.parametrize("package", RIVALS)
def test_rivals_do_not_know_each_other(package):
    found = []
    for path in (PACKAGE / package).glob("*.py"):
        if path.name == "__init__.py":
            continue
        beside = {parts[1] for parts in imports(path) if parts[0] == package and len(parts) > 1}
        found += [f"{named(path)} imports {name}" for name in beside if not name.startswith("_")]
    assert found == []


def test_every_public_name_has_one_home():
    listed = list(hs.__all__)
    assert listed == list(hs._HOME)
    assert len(set(listed)) == len(listed)
    tree = TREES[PACKAGE / "__init__.py"]
    block = next(
        node for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )  # fmt: skip
    typed = {alias.asname: node.module for node in block.body for alias in node.names}
    assert typed == hs._HOME
    for name in listed:
        assert hasattr(hs, name), name
    assert set(listed) <= set(dir(hs))
    with pytest.raises(AttributeError, match="'hotspots' has no attribute 'hotspot'"):
        _ = hs.hotspot


# --- the public face -------------------------------------------------------------------------


def public() -> Iterator[tuple[str, object]]:
    """Yield the public functions and classes, and what is public in the classes."""
    homes = {name: getattr(hs, name) for name in hs.__all__}
    for name, value in vars(contracts).items():
        named_here = inspect.isfunction(value) or inspect.isclass(value)
        if named_here and value.__module__ == contracts.__name__ and not name.startswith("_"):
            homes.setdefault(name, value)
    for name, value in homes.items():
        yield name, value
        if inspect.isclass(value):
            yield from members(name, value)


def members(name: str, cls: type) -> Iterator[tuple[str, object]]:
    for base in cls.__mro__:
        if not base.__module__.startswith("hotspots"):
            continue
        for word, value in vars(base).items():
            value = getattr(value, "__func__", value)
            if not word.startswith("_") and (
                inspect.isfunction(value) or isinstance(value, property)
            ):
                yield f"{name}.{word}", value


# What several classes inherit is looked at once.
PUBLIC = {name: value for value, name in {value: name for name, value in public()}.items()}


def section(doc: str, title: str) -> str:
    """Return the text of one numpydoc section, empty where there is none."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n---+\n|\Z)", doc, re.M | re.S)
    return found.group(1) if found else ""


def parameters(value) -> list[str]:
    return [name for name in inspect.signature(value).parameters if name not in ("self", "cls")]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_documented_with_an_example(name):
    value = PUBLIC[name]
    doc = inspect.getdoc(value) or ""
    assert doc, f"{name} has no docstring"
    assert doc.splitlines()[0].rstrip().endswith("."), f"{name}: the first line is no sentence"
    if isinstance(value, property) or name in ("Column", "Table", "Result", "Notice"):
        return
    if not (inspect.isclass(value) and issubclass(value, Result)):  # its station shows a result
        assert ">>> " in section(doc, "Examples"), f"{name} has no example"
    if inspect.isclass(value) and dataclasses.is_dataclass(value):
        told = section(doc, "Attributes") + section(doc, "Parameters")
        wanted = [f.name for f in dataclasses.fields(value)]
    else:
        told, wanted = section(doc, "Parameters"), parameters(value)
    headings = set(re.findall(r"\w+", " ".join(re.findall(r"^\*?\S.*", told, re.M))))
    missing = [p for p in wanted if p not in headings]
    assert missing == [], f"{name} does not explain {missing}"
    if inspect.isfunction(value):
        returns = inspect.get_annotations(value)["return"]
        if returns not in ("None", None):
            assert section(doc, "Returns"), f"{name} does not say what it returns"


@pytest.mark.parametrize("name", PUBLIC)
def test_public_functions_are_typed_and_short(name):
    value = PUBLIC[name]
    if isinstance(value, property):
        value = value.fget
    most = 8
    if inspect.isclass(value):
        if "__init__" not in vars(value) or dataclasses.is_dataclass(value):
            return
        most = 10 if issubclass(value, Detector) else 8  # a method has many dials, each explicit
        value = value.__init__
    words = parameters(value)
    annotated = inspect.get_annotations(value)
    assert [word for word in words if word not in annotated] == []
    assert "return" in annotated
    assert len(words) <= most, f"{name} takes {len(words)} arguments"


# --- every module ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_modules_are_nouns_documented_and_not_long(path):
    assert path.stem not in {"util", "utils", "helper", "helpers", "common", "core", "manager"}
    assert ast.get_docstring(TREES[path]), f"{named(path)} has no docstring"
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 600, f"{named(path)} has {lines} lines"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_functions_are_typed_and_documented(path):
    found = []
    for where, node in functions(path):
        if node.returns is None:
            found.append(f"{where} has no return type")
        args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        untyped = [a.arg for a in args if a.annotation is None and a.arg not in ("self", "cls")]
        if untyped:
            found.append(f"{where} does not type {untyped}")
        doc = ast.get_docstring(node) or ""
        length = node.end_lineno - node.lineno - doc.count("\n")
        if length > 80:
            found.append(f"{where} has {length} lines beside its docstring")
    for node in TREES[path].body:
        face = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        if face and not ast.get_docstring(node):
            found.append(f"{named(path)}:{node.lineno} {node.name} has no docstring")
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_nothing_is_unfinished_or_swallowed(path):
    found = []
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            if caught in ("everything", "Exception", "BaseException"):
                found.append(f"{named(path)}:{node.lineno} catches {caught}")
        elif isinstance(node, ast.Raise) and "NotImplementedError" in ast.unparse(node):
            found.append(f"{named(path)}:{node.lineno} is a stub")
    text = path.read_text(encoding="utf-8")
    found += re.findall(r".*\b(?:TODO|FIXME|XXX|HACK)\b.*", text)
    assert found == []


# --- the cost of an import -------------------------------------------------------------------


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules a fresh interpreter holds after running the code."""
    show = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_brings_nothing_heavy():
    third = {"numpy", "pandas", "geopandas", "shapely", "scipy", "sklearn", "matplotlib"}
    assert loaded_by("import hotspots") & third == set()


def test_reading_and_placing_do_not_load_what_only_later_stations_need():
    later = {"matplotlib", "statsmodels", "sklearn", "bokeh", "reportlab", "dask", "distributed"}
    code = "import hotspots as hs; hs.read_incidents, hs.Grid, hs.make_county, hs.harm_days"
    assert loaded_by(code) & later == set()
