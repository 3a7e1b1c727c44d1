"""The patrol plan of a run: its files, its secret, what it hands out, and every fault by name."""

import json
import shutil

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.cli import main
from hotspots.cli.config import read_config
from hotspots.cli.patrol import hand_out, read_staff
from hotspots.cli.run import Steps
from hotspots.patrols.example import example_plan

BASE = """
[data]
incidents = "extract.csv"
lpts = "lpts.gpkg"
mapping = "extract.toml"
[hotspots]
min_incidents = 5
[hotspots.counts]
[grid]
size = 200
[output]
folder = "out"
[patrols]
shifts = "shifts.csv"
units = "units.csv"
start = 2026-01-05
"""
RULES = "[patrols.rules]\neffort = 0\n"
SECRET = "a long text that is kept in the safe"
TASKS = """
[[task]]
task = "walk the beat"
meaning = "Walk, look and talk."
constable = true
pcso = true
special = true
"""
PRIORITIES = """theme,source,date,weight,author,lpt
Nuisance bikes,residents' meeting,2025-12-20,0.5,neighbourhood sergeant,{lpt}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, sample):
    """Return a folder with every file a plan may be made from."""
    path = tmp_path_factory.mktemp("run")
    for name in ("extract.csv", "extract.toml", "lpts.gpkg", "shifts.csv"):
        shutil.copy(sample / name, path / name)
    lpts = hs.read_lpts(path / "lpts.gpkg")
    units = pd.read_csv(sample / "units.csv")
    mine = (units["shift"] == "late") & units["lpt"].isin(lpts.index[:4])
    units[mine].to_csv(path / "units.csv", index=False)
    (path / "tasks.toml").write_text(TASKS, encoding="utf-8")
    (path / "priorities.csv").write_text(PRIORITIES.format(lpt=lpts.index[0]), encoding="utf-8")
    (path / "secret.txt").write_text(f"\ufeff{SECRET}\n", encoding="utf-8")
    x0, y0, x1, y1 = lpts.total_bounds
    lines = [shapely.LineString([(x, y0), (x, y1)]) for x in range(int(x0), int(x1), 2000)]
    lines += [shapely.LineString([(x0, y), (x1, y)]) for y in range(int(y0), int(y1), 2000)]
    parts = shapely.get_parts(shapely.node(shapely.MultiLineString(lines)))
    roads = gpd.GeoDataFrame(
        {"highway": ["residential"] * len(parts)}, geometry=parts, crs=lpts.crs
    )
    roads.to_file(path / "roads.gpkg")
    return path


def config(folder, text, name="run.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def out(folder):
    """Return what a run with every file wrote."""
    asked = (
        'days = 1\nsecret_file = "secret.txt"\ntasks = "tasks.toml"\nroads = "roads.gpkg"\n'
        'priorities = "priorities.csv"\nroutes = true\n'
    )
    assert main(["run", str(config(folder, BASE + asked + RULES)), "--quiet"]) == 0
    return folder / "out"


def table(out, name):
    return pd.read_csv(out / "bi" / f"{name}.csv", encoding="utf-8-sig")


def test_a_run_hands_out_plan_cards_and_routes(out):
    plan = pd.read_csv(out / "patrol-plan.csv", encoding="utf-8-sig")
    visits = table(out, "plan_visits")
    assert len(plan) == len(visits) > 0
    for kind in ("cards", "routes"):
        names = " ".join(path.name for path in (out / kind).rglob("*.*"))
        assert all(unit in names for unit in visits["unit"].unique()), kind
    assert {path.suffix for path in (out / "routes").rglob("*.*")} >= {".ics", ".gpx", ".geojson"}


def test_tasks_priorities_and_roads_reach_the_plan(out):
    assert set(table(out, "plan_visits")["task"]) == {"walk the beat"}
    assert "Nuisance bikes" in " ".join(table(out, "plan_reasons")["priority"].dropna())
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    read = {entry["path"].replace("\\", "/").rsplit("/", 1)[-1] for entry in record["inputs"]}
    assert {"tasks.toml", "priorities.csv", "roads.gpkg", "shifts.csv", "units.csv"} <= read


def test_the_secret_is_told_by_its_fingerprint_alone(out):
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    mark = hs.patrols.fingerprint(SECRET)
    assert record["config"]["patrols"]["seed"] == mark
    assert mark in (out / "index.html").read_text(encoding="utf-8")
    for path in (path for path in out.rglob("*") if path.is_file()):
        assert SECRET.encode() not in path.read_bytes(), path.name
    assert not any("secret" in entry["path"] for entry in record["inputs"])  # nor its hash


def test_cards_and_routes_are_written_as_asked(folder, tmp_path):
    asked = config(folder, BASE + "cards = false\n", "bare.toml")
    hand_out(tmp_path, example_plan(), read_config(asked), Steps(quiet=True))
    assert [path.name for path in tmp_path.iterdir()] == ["patrol-plan.csv"]


def faults(folder, text):
    path = config(folder, text, "bad.toml")
    with pytest.raises(hs.InputError) as caught:
        read_staff(read_config(path), Steps(quiet=True))
    return caught.value.faults


def test_faults_of_the_section_come_at_once(folder):
    said = faults(folder, BASE + 'days = 367\nseed = 1\nsecret_file = "secret.txt"\ntask = "x"\n'
                  'roads = "gone.gpkg"\ncards = "yes"\n')  # fmt: skip
    for part in ("days is 367; it must be a whole number from 1 to 366",
                 "gives both seed and secret_file; keep one",
                 "task is unknown; did you mean 'tasks'",
                 "roads: there is no 'gone.gpkg'", "cards is 'yes'"):  # fmt: skip
        assert sum(part in fault for fault in said) == 1, part
    assert len(said) == 5


def test_faults_of_every_file_and_rule_come_at_once(folder):
    (folder / "bad-tasks.toml").write_text(TASKS.replace("meaning", "meening"), encoding="utf-8")
    (folder / "bad-priorities.csv").write_text("theme,source\nBikes,us\n", encoding="utf-8")
    (folder / "short.txt").write_text("2026\n", encoding="utf-8")
    (folder / "bad-roads.gpkg").write_text("no roads", encoding="utf-8")
    said = faults(
        folder,
        BASE + 'tasks = "bad-tasks.toml"\npriorities = "bad-priorities.csv"\n'
        'secret_file = "short.txt"\nroads = "bad-roads.gpkg"\n'
        '[patrols.rules]\ndwell_min = 45\ndwel_min = 10\ntasks = "tasks.toml"\n',
    )
    for part in ("bad-tasks.toml: ", "bad-priorities.csv: ", "bad-roads.gpkg",
                 "secret_file holds 4 characters; a secret under 12 can be guessed",
                 "[patrols.rules] dwell_min is 45; it must be 10 to 20",
                 "[patrols.rules] dwel_min is unknown; did you mean 'dwell_min'?",
                 "[patrols.rules] tasks is unknown"):  # fmt: skip
        assert any(part in fault for fault in said), part
    assert "2026" not in " ".join(said)  # a secret is told nowhere


def test_a_secret_that_is_no_text_or_empty_is_refused(folder):
    (folder / "odd.txt").write_bytes(b"\xff\xfe\x00\x81")
    assert "cannot be read as text" in faults(folder, BASE + 'secret_file = "odd.txt"\n')[0]
    (folder / "odd.txt").write_text(" \n", encoding="utf-8")
    assert "holds 0 characters" in faults(folder, BASE + 'secret_file = "odd.txt"\n')[0]
