"""The command line: fast help, one clear message per fault, outputs whole or not at all."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import hotspots as hs
from hotspots.atomic import atomic_folder
from hotspots.cli import FINE, FLAWED, STOPPED, UNUSABLE, main
from hotspots.cli import run as run_module
from hotspots.cli.config import KERNELS, METHODS, read_config
from hotspots.cli.run import peak_memory_mb

SMALL = """
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
"""


@pytest.fixture
def small(tmp_path, sample):
    """Return a configuration that runs in a second or two, in a folder of its own."""
    for name in ("extract.csv", "extract.toml", "lpts.gpkg", "shifts.csv", "units.csv"):
        shutil.copy(sample / name, tmp_path / name)
    path = tmp_path / "run.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def earlier(folder: Path) -> Path:
    """Leave a folder as an earlier run would have."""
    with atomic_folder(folder) as partial:
        (partial / "index.html").write_text("earlier", encoding="utf-8")
    return folder


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


# --- help ------------------------------------------------------------------------------------


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom hotspots.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'numpy', 'pandas', 'geopandas', 'shapely', 'matplotlib', 'sklearn', 'tqdm', "
        "'scipy', 'statsmodels', 'bokeh', 'pyarrow', 'pyproj'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))"
    )
    done = subprocess.run(python("-c", code), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy: []"
    for command in ("demo", "check", "run"):
        assert command in done.stdout


def test_version_and_module(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"hotspots {hs.__version__}\n"
    done = subprocess.run(
        python("-m", "hotspots", "--version"), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"hotspots {hs.__version__}"


@pytest.mark.parametrize("arguments", [[], ["fly"], ["check"], ["run"]])
def test_arguments_not_understood(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: hotspots" in capsys.readouterr().err


def test_a_console_without_our_letters_does_not_crash(tmp_path):
    (tmp_path / "a.csv").write_text(
        "Crime type,Date,Easting,Northing\nŁotrostwo – ‘ciężkie’,01/13/2025,1,\nASB,x,1,1\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        python("-m", "hotspots", "check", str(tmp_path / "a.csv")),
        capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode in (FINE, FLAWED)
    assert b"Traceback" not in done.stderr
    assert b"2 rows in" in done.stdout
    assert b"?" in done.stdout  # in place of the letters


# --- check -----------------------------------------------------------------------------------


def test_check_says_what_is_wrong(sample, tmp_path, capsys):
    refused = tmp_path / "refused.csv"
    code = main([
        "check", str(sample / "county-street.zip"), "--lpts", str(sample / "lpts.gpkg"),
        "--rejected", str(refused),
    ])  # fmt: skip
    said = capsys.readouterr().out
    assert code == FLAWED
    assert "25,965 rows in = 25,955 accepted + 4 rejected + 6 superseded" in said
    assert "2023-11" in said
    assert "line 52: 6 fields where the header has 12" in said
    assert len(pd.read_csv(refused)) == 4


def test_check_with_mapping_and_fine_records(sample, tmp_path, capsys):
    mapping = str(sample / "extract.toml")
    assert main(["check", str(sample / "extract.csv"), "--mapping", mapping]) == FLAWED
    clean = tmp_path / "clean.csv"
    clean.write_text(
        "Crime type,Date,Easting,Northing\nBurglary,2025-03-01 21:00,391330,315723\n",
        encoding="utf-8",
    )
    assert main(["check", str(clean)]) == FINE
    assert "1 accepted" in capsys.readouterr().out


def test_check_with_a_lookup_by_lsoa(sample, tmp_path, capsys):
    lookup = tmp_path / "lookup.csv"
    lookup.write_text("lsoa,lpt\nE01090003,Aldermoss\n", encoding="utf-8")
    assert main(["check", str(sample / "county-street.zip"), "--lpts", str(lookup)]) == FLAWED
    assert "25,955 accepted" in capsys.readouterr().out


def test_check_of_nothing(tmp_path, capsys):
    assert main(["check", str(tmp_path / "gone.csv")]) == UNUSABLE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("hotspots check: ")
    assert "gone.csv" in err
    assert "Traceback" not in err


# --- configuration ---------------------------------------------------------------------------


def faults_of(path: Path, text: str) -> tuple[str, ...]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(hs.InputError) as error:
        read_config(path)
    return error.value.faults


def test_every_fault_of_a_configuration_is_named_at_once(small):
    found = faults_of(small, """
[data]
incidents = ["extract.csv", "march.csv", "20*.csv"]
lpt = "lpts.gpkg"
[hotspot]
[hotspots]
category = 3
top_k = 0
per_lpt = "yes"
[hotspots.kde]
bandwith = 300
[hotspots.dbscan]
eps = -5
[grid]
size = true
shape = "round"
[trends]
by = ["beat"]
freq = "D"
[patrols]
shifts = "shifts.csv"
units = "gone.csv"
start = "next Monday"
days = 1.5
method = "counts"
""")  # fmt: skip
    expected = [
        "section [hotspot] is unknown; did you mean 'hotspots'?",
        "[data] lpt is unknown; did you mean 'lpts'?",
        "[data] lpts is missing; it takes a path.",
        "[hotspots] category is 3; it must be text or a list of texts.",
        "[hotspots] top_k is 0; it must be a whole number from 1.",
        "[hotspots] per_lpt is 'yes'; it must be true or false.",
        "[grid] size is True; it must be a number of metres from 2.",
        "[grid] shape is 'round'; it must be 'square' or 'hex'.",
        "[trends] by is ['beat']; it must be a list of 'lpt', 'category', 'command'.",
        "[trends] freq is 'D'; it must be 'MS' (months) or 'W-MON' (weeks).",
        "[patrols] start is 'next Monday'; it must be a date as 2025-04-07.",
        "[patrols] days is 1.5; it must be a whole number from 1 to 366.",
        "[hotspots.kde] bandwith is unknown; did you mean 'bandwidth'?",
        "[hotspots.dbscan] eps is -5; it must be metres above 0, or 'knee'.",
        f"[data] incidents: there is no 'march.csv' in {small.parent}.",
        f"[data] incidents: there is no '20*.csv' in {small.parent}.",
        f"[patrols] units: there is no 'gone.csv' in {small.parent}.",
        "[patrols] method is 'counts', which [hotspots] does not run; add [hotspots.counts].",
    ]
    assert list(found) == expected


def test_other_faults_of_a_configuration(small):
    base = '[data]\nincidents = "extract.csv"\nlpts = "lpts.gpkg"\n'
    assert "keep one" in faults_of(small, base + "[hotspots]\ntop_k = 5\ncoverage = 0.1")[0]
    assert "write [grid]" in faults_of(small, "grid = 3\n" + base)[0]
    assert "write [hotspots.kde]" in faults_of(small, base + "[hotspots]\nkde = 3")[0]
    coarse = faults_of(small, base + "[grid]\nsize = 250")
    assert coarse == (
        "[hotspots] max_area_km2 is 0.05, less than one cell of [grid] (0.0625 km²); raise it or "
        "take smaller cells.",
    )
    assert "there is no 'w.csv'" in faults_of(small, base + 'harm = "w.csv"')[0]
    assert "no valid TOML" in faults_of(small, "[data")[0]
    assert len(faults_of(small, "")) == 2  # incidents and lpts
    needed = faults_of(small, base + "[patrols]")
    assert [f.split()[1] for f in needed] == ["shifts", "units", "start"]
    with pytest.raises(hs.InputError, match="cannot be opened"):
        read_config(small.parent / "gone.toml")


def test_values_that_no_table_can_hold_are_faults_not_tracebacks(small):
    base = '[data]\nincidents = "extract.csv"\nlpts = "lpts.gpkg"\n'
    said = faults_of(small, base + "[hotspots.kde]\nkernel = 'gauss'\n[grid]\nsize = 1\n"
                     "[patrols]\nshifts = ''\nunits = ''\nstart = 1\nmethod = []\n")  # fmt: skip
    kernels = "quartic, gaussian, epanechnikov, uniform, triangular, triweight"
    assert f"[hotspots.kde] kernel is 'gauss'; it must be one of {kernels}." in said
    assert "[grid] size is 1; it must be a number of metres from 2." in said
    methods = "empirical_bayes, kde, dbscan, gistar, counts"
    assert f"[patrols] method is []; it must be one of {methods}." in said
    said = faults_of(small, base + "[hotspots.kde]\nbandwidth = 'best'\nhalf_life = '0D'\n"
                     "[hotspots.dbscan]\neps = 'bend'\n[hotspots.empirical_bayes]\n"
                     "half_life = 90\n[accuracy]\nhorizon = 'MS'\n[classes]\n"
                     "recent = 0.6\n[hotspots.gistar]\nnull = 'normal'")  # fmt: skip
    assert list(said) == [
        "[classes] recent is 0.6; it must be a number above 0 and at most 0.5.",
        "[accuracy] horizon is 'MS'; it must be whole months or days such as '1MS' or '28D'.",
        "[hotspots.kde] bandwidth is 'best'; it must be metres above 0, or one of knn, scott, "
        "diggle, predictive.",
        "[hotspots.kde] half_life is '0D'; it must be a number of days such as '180D'.",
        "[hotspots.dbscan] eps is 'bend'; it must be metres above 0, or 'knee'.",
        "[hotspots.empirical_bayes] half_life is 90; it must be a number of days such as '180D'.",
        "[hotspots.gistar] null is 'normal'; it must be 'total' or 'conditional'.",
    ]


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_kernels_are_those_of_the_detector(kernel, county):
    hs.KDE(300, kernel=kernel, include_police=True).fit(county.incidents.head(50))
    with pytest.raises(hs.InputError) as told:
        hs.KDE(300, kernel="gauss").fit(county.incidents.head(50))
    assert re.findall(r"'(\w+)'", str(told.value))[1:] == list(KERNELS)


def test_the_methods_and_their_parameters_are_those_of_the_detectors(small):
    tables = "".join(f"[hotspots.{name}]\n" for name in METHODS)
    small.write_text(f'[data]\nincidents = "extract.csv"\nlpts = "lpts.gpkg"\n{tables}', "utf-8")
    for name, parameters in read_config(small).methods.items():
        detector = getattr(hs, METHODS[name])()
        assert parameters == {key: detector.get_params()[key] for key in parameters}, name


def test_defaults_and_paths(small, monkeypatch):
    monkeypatch.chdir(small.parent.parent)
    small.write_text(
        '[data]\nincidents = "*.csv"\nlpts = "lpts.gpkg"\nharm = "fallback"\n[trends]\n'
        '[patrols]\nshifts = "shifts.csv"\nunits = "units.csv"\nstart = 2025-04-07\n'
        '[hotspots]\ncategory = "Burglary"\n[hotspots.dbscan]\n[hotspots.kde]\nbandwidth = 250',
        encoding="utf-8-sig",
    )
    config = read_config(Path(small.parent.name) / "run.toml")
    assert config.data["incidents"] == [small.parent.resolve() / "*.csv"]
    assert config.output["folder"] == small.parent.resolve() / "output"
    assert config.hotspots["category"] == ("Burglary",)
    assert list(config.methods) == ["dbscan", "kde"]  # as written
    assert config.methods["kde"]["bandwidth"] == 250
    assert config.methods["kde"]["kernel"] == "quartic"
    assert config.trends == {"by": ("lpt",), "freq": "MS", "calendar": None}
    assert config.patrols is not None
    assert config.patrols["method"] == "dbscan"
    assert config.patrols["start"] == "2025-04-07"


def test_no_method_means_both_and_no_section_means_no_plan(small):
    small.write_text('[data]\nincidents = "extract.csv"\nlpts = "lpts.gpkg"', encoding="utf-8")
    config = read_config(small)
    assert list(config.methods) == ["kde", "dbscan"]
    assert config.classes is None
    assert config.accuracy is None
    assert config.trends is None
    assert config.patrols is None
    assert config.impact is None


# --- run -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ran(tmp_path_factory, sample):
    """Run the shipped sample once, from another folder, and return what it wrote and said."""
    out = tmp_path_factory.mktemp("run") / "brief"
    done = subprocess.run(
        python("-m", "hotspots", "run", str(sample / "config.toml"), "--out", str(out)),
        capture_output=True, text=True, cwd=out.parent, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == FINE, done.stderr
    return out, done


def test_run_writes_every_output(ran):
    out, _ = ran
    names = {p.name for p in out.iterdir()}
    assert names == {
        "index.html", "profile.html", "bi", "county.gpkg", "run.json", "log.txt", ".hotspots.json",
        "cards", "patrol-plan.csv",
    }  # fmt: skip
    assert (out / "bi" / "manifest.json").is_file()
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<h1>Ashenmere: hotspots and patrols</h1>" in page
    about = (
        "Hotspots and patrol plan: Anti-social behaviour, latest 24 months. Trends: all incidents."
    )
    assert f"<p>{about}</p>" in page
    assert "Did it work?" in page
    assert (out / "bi" / "impact_effect.csv").is_file()
    assert list(out.parent.iterdir()) == [out]  # nothing half-made is left


def test_run_says_every_step_with_its_time(ran):
    out, done = ran
    lines = done.stdout.splitlines()
    steps = [line.split("  ")[0].strip() for line in lines if line[:1].strip()]
    assert steps[:-2] == [
        "shifts, units", "study places", "LPTs", "incidents", "grid", "empirical_bayes", "kde",
        "dbscan", "classes", "accuracy", "trends", "alerts", "breaks", "forecast",
        "patrol demand", "patrol plan", "plan to edit", "briefing cards", "impact", "profiles",
        "report", "tables", "GeoPackage",
    ]  # fmt: skip
    assert "25,955 accepted, 4 rejected, 6 superseded; 1 month missing" in done.stdout
    assert steps[-2] == "total"
    assert "peak memory" in lines[-2]
    assert lines[-1].startswith("written to")
    assert done.stderr == ""
    assert (out / "log.txt").read_text(encoding="utf-8").splitlines() == lines[:-1]


def test_run_records_what_it_did(ran, sample):
    out, _ = ran
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert record["hotspots"] == hs.__version__
    assert record["config"]["hotspots"]["kde"]["bandwidth"] == 300
    assert record["config"]["hotspots"]["min_incidents"] == 12  # a default, resolved
    assert record["libraries"]["pandas"] == pd.__version__
    inputs = {Path(i["path"]).name: i for i in record["inputs"]}
    assert set(inputs) == {
        "config.toml", "control.geojson", "county-street.zip", "lpts.gpkg", "shifts.csv",
        "treated.geojson", "units.csv",
    }  # fmt: skip
    assert inputs["county-street.zip"]["bytes"] == (sample / "county-street.zip").stat().st_size
    assert len(inputs["lpts.gpkg"]["sha256"]) == 64
    assert 50 < record["peak_memory_mb"] < 2000
    assert record["total_seconds"] >= sum(record["seconds"].values()) - 0.1


def test_run_finds_the_planted_hotspots(ran):
    import geopandas as gpd

    found = gpd.read_file(ran[0] / "county.gpkg", layer="hotspots")
    truth = hs.make_county(1, months=40, start="2021-12-01", scale=0.5).hotspots
    planted = truth.query("category == 'Anti-social behaviour' and class_ == 'persistent'")
    for _, spot in planted.iterrows():
        assert found.distance(spot.geometry.centroid).min() < 250


def test_small_run_quietly_to_its_own_folder(small, capsys):
    assert main(["run", str(small), "--quiet"]) == FINE
    assert capsys.readouterr() == ("", "")
    out = small.parent / "out"
    assert (out / "index.html").is_file()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert main(["run", str(small), "--quiet"]) == FINE
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_notices_stand_under_their_step(small, capsys):
    small.write_text(SMALL.replace("min_incidents = 5", "min_incidents = 500"), encoding="utf-8")
    assert main(["run", str(small)]) == FINE
    said = capsys.readouterr().out
    assert "note: Counts: 109 police-generated incidents" in said
    assert "no hotspot holds 500 incidents" in (small.parent / "out" / "log.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("failure", "ends"), [(RuntimeError("broken"), None), (KeyboardInterrupt(), STOPPED)]
)
def test_a_crash_leaves_the_earlier_output(small, monkeypatch, capsys, failure, ends):
    import hotspots.report

    out = earlier(small.parent / "out")
    before = sorted(small.parent.iterdir())

    def fail(folder, *_, **__):
        (folder / "index.html").write_text("half", encoding="utf-8")
        raise failure

    monkeypatch.setattr(hotspots.report, "write_report", fail)
    if ends is None:
        with pytest.raises(RuntimeError, match="broken"):  # with its traceback
            main(["run", str(small)])
    else:
        assert main(["run", str(small)]) == ends
        assert "what was there before is unchanged" in capsys.readouterr().err
    assert (out / "index.html").read_text(encoding="utf-8") == "earlier"
    assert sorted(small.parent.iterdir()) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without a signal")
def test_a_terminated_run_leaves_nothing_behind(sample, tmp_path):
    out = earlier(tmp_path / "out")
    command = python("-m", "hotspots", "run", str(sample / "config.toml"), "--out", str(out))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(600):
        if any(p.name.endswith(".partial") for p in tmp_path.iterdir()):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == [out]
    assert (out / "index.html").read_text(encoding="utf-8") == "earlier"


def test_folders_of_runs_killed_long_ago_are_removed(small):
    old, new = (small.parent / f".out.{n}.partial" for n in ("00000000", "11111111"))
    for folder in (old, new):
        folder.mkdir()
        (folder / "index.html").write_text("half", encoding="utf-8")
    day_ago = time.time() - 25 * 3600
    os.utime(old, (day_ago, day_ago))
    assert main(["run", str(small), "--quiet"]) == FINE
    assert not old.exists()
    assert new.exists()  # somebody may be writing it right now


def test_somebody_elses_folder_is_not_replaced(small, capsys):
    (small.parent / "out").mkdir()
    (small.parent / "out" / "thesis.docx").write_bytes(b"years of work")
    assert main(["run", str(small)]) == UNUSABLE
    assert "thesis.docx" in capsys.readouterr().err
    assert (small.parent / "out" / "thesis.docx").read_bytes() == b"years of work"


def test_a_category_that_does_not_occur(small, capsys):
    text = SMALL.replace("[hotspots]\n", '[hotspots]\ncategory = ["Burglary", "Burglery"]\n')
    small.write_text(text, encoding="utf-8")
    assert main(["run", str(small)]) == UNUSABLE
    err = capsys.readouterr().err
    assert "category 'Burglery' does not occur; these do: Anti-social behaviour" in err
    assert "Traceback" not in err
    assert not (small.parent / "out").exists()


def test_a_month_without_the_category_is_a_true_zero(small):
    """Three months on record, robberies in one of them only: a rate over a quarter of a year."""
    rows = ["Crime type,Date,Easting,Northing"]
    rows += [f"Burglary,2025-0{month}-03 21:00,401500,328000" for month in (1, 2, 3)]
    rows += ["Robbery,2025-02-07 22:00,401500,328000"] * 12
    rows += ["Robbery,2025-02-09 22:00,405100,315100"] * 6
    (small.parent / "three.csv").write_text("\n".join(rows), encoding="utf-8")
    text = SMALL.replace("extract.csv", "three.csv").replace('mapping = "extract.toml"\n', "")
    text = text.replace("[hotspots]\n", '[hotspots]\ncategory = "Robbery"\n')
    small.write_text(text, encoding="utf-8")
    assert main(["run", str(small), "--quiet"]) == FINE
    spots = pd.read_csv(small.parent / "out" / "bi" / "hotspots.csv")
    assert spots["incidents"].tolist() == [12, 6]
    assert spots["heat"].tolist() == pytest.approx([12 / 0.25 / 0.04, 6 / 0.25 / 0.04])


PATROLS = """
[patrols]
shifts = "shifts.csv"
units = "units.csv"
start = "2025-04-07"
[patrols.rules]
"""


def test_faults_of_shifts_units_and_rules_come_first_and_together(small, capsys):
    (small.parent / "shifts.csv").write_text("shift,start\nlate,14:00\n", encoding="utf-8")
    (small.parent / "units.csv").write_text("unit,lpt\nP1,Aldermoss\n", encoding="utf-8")
    small.write_text(SMALL + PATROLS + "dwell_min = 90\n", encoding="utf-8")
    assert main(["run", str(small)]) == UNUSABLE
    out, err = capsys.readouterr()
    assert out == ""
    for part in ("column 'end' is missing", "column 'kind' is missing", "dwell_min is 90"):
        assert part in err
    small.write_text(SMALL + PATROLS + "dwell = 15\n", encoding="utf-8")
    assert main(["run", str(small)]) == UNUSABLE
    assert "dwell_min" in capsys.readouterr().err


def test_units_of_unknown_teams_are_refused_before_the_records_are_read(small, capsys):
    units = pd.read_csv(small.parent / "units.csv")
    units["lpt"] = units["lpt"].replace("Wexmoor", "Wexmore")
    units.to_csv(small.parent / "units.csv", index=False)
    small.write_text(SMALL + PATROLS, encoding="utf-8")
    assert main(["run", str(small)]) == UNUSABLE
    out, err = capsys.readouterr()
    assert "LPT Wexmore is not among" in err
    assert "incidents" not in out


def test_harm_weights_from_a_file(small):
    weights = small.parent / "weights.csv"
    kinds = hs.read_incidents(small.parent / "extract.csv", mapping=small.parent / "extract.toml")
    names = sorted(kinds.incidents["category"].unique())
    weights.write_text(
        "category,days\n" + "".join(f"{name},2\n" for name in names), encoding="utf-8"
    )
    small.write_text(SMALL.replace("[hotspots]\n", 'harm = "weights.csv"\n[hotspots]\n'), "utf-8")
    assert main(["run", str(small), "--quiet"]) == FINE
    spots = pd.read_csv(small.parent / "out" / "bi" / "hotspots.csv")
    assert (spots["harm"] == 2 * spots["incidents"]).all()
    record = json.loads((small.parent / "out" / "run.json").read_text(encoding="utf-8"))
    assert "weights.csv" in {Path(given["path"]).name for given in record["inputs"]}


# --- demo ------------------------------------------------------------------------------------


@pytest.fixture
def runs(monkeypatch):
    """Catch what would be run."""
    caught = []

    def catch(config, out=None, *, quiet=False):
        caught.append((config, out, quiet, sorted(p.name for p in config.path.parent.iterdir())))

    monkeypatch.setattr(run_module, "run", catch)
    return caught


def test_demo_runs_the_sample_at_hand(runs, sample, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == FINE
    config, out, _, _ = runs[0]
    assert config.path == sample / "config.toml"
    assert out == Path("hotspots-demo")  # in the folder one is in


def test_demo_makes_the_sample_where_there_is_none(runs, tmp_path, monkeypatch):
    monkeypatch.setattr("hotspots.cli.__file__", str(tmp_path / "a" / "b" / "c" / "__init__.py"))
    assert main(["demo", "--out", str(tmp_path / "x"), "--quiet"]) == FINE
    config, out, quiet, files = runs[0]
    assert out == tmp_path / "x"
    assert quiet
    assert {"county-street.zip", "lpts.gpkg", "shifts.csv", "units.csv"} <= set(files)
    assert not config.path.exists()  # the temporary folder is gone


def test_peak_memory_grows_with_what_is_held():
    before = peak_memory_mb()
    held = bytearray(200_000_000)
    held[::4096] = b"x" * len(held[::4096])
    after = peak_memory_mb()
    assert after is not None
    assert before is not None
    assert 50 < before <= after
    assert after > 200
    # and with nothing that only the program that started this one has held
    child = "from hotspots.cli.run import peak_memory_mb; print(peak_memory_mb())"
    told = subprocess.run(python("-c", child), check=True, capture_output=True, text=True).stdout
    assert 5 < float(told) < 200
    del held


@pytest.mark.realdata
def test_real_records_are_all_accounted_for(shared, sample, tmp_path):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    units = pd.read_csv(sample / "units.csv")
    real = dict(zip(sorted(set(units["lpt"])), lpts.index, strict=True))
    units = units.assign(lpt=units["lpt"].map(real)).drop(columns=["base_easting", "base_northing"])
    units.to_csv(tmp_path / "units.csv", index=False)
    shutil.copy(sample / "shifts.csv", tmp_path / "shifts.csv")
    records = shared / "data" / "police_uk" / "staffordshire-2024-2025.zip"
    path = tmp_path / "run.toml"
    path.write_text(
        f"[data]\nincidents = '{records.as_posix()}'\n"
        f"lpts = '{(shared / 'data' / 'boundaries' / 'staffordshire_lpts.gpkg').as_posix()}'\n"
        "[hotspots]\ncategory = 'Anti-social behaviour'\nmonths = 12\n[trends]\n"
        "[patrols]\nshifts = 'shifts.csv'\nunits = 'units.csv'\nstart = 2026-01-05\n",
        encoding="utf-8",
    )
    # a process of its own: the peak of memory is that of the run, not of the tests before it
    done = subprocess.run(python("-m", "hotspots", "run", str(path), "--quiet"), check=False)
    assert done.returncode == FINE
    out = tmp_path / "output"
    files = pd.read_csv(out / "bi" / "ingest_files.csv")
    assert files["rows"].sum() == 135_555
    assert files[["accepted", "rejected", "superseded"]].to_numpy().sum() == 135_555
    assert pd.read_csv(out / "bi" / "incidents.csv")["incidents"].sum() == files["accepted"].sum()
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert record["peak_memory_mb"] < 1000
