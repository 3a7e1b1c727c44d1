"""The evaluation of a run: its places and rules, and every fault of them before any work."""

import shutil

import geopandas as gpd
import pytest

import hotspots as hs
from hotspots.cli import UNUSABLE, main
from hotspots.cli.config import read_config
from hotspots.cli.impact import read_study
from hotspots.cli.run import Steps

CONFIG = """
[data]
incidents = "county-street.zip"
lpts = "lpts.gpkg"
[hotspots]
category = "Anti-social behaviour"
months = 12
[hotspots.counts]
[grid]
size = 200
[impact]
treated = "treated.geojson"
control = "control.geojson"
start = 2024-02-01
[impact.rules]
buffer_m = 0
draws = 199
"""


@pytest.fixture
def asked(tmp_path, sample):
    """Return a configuration with an evaluation, in a folder of its own."""
    for name in ("county-street.zip", "lpts.gpkg", "treated.geojson", "control.geojson"):
        shutil.copy(sample / name, tmp_path / name)
    path = tmp_path / "run.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_places_keep_their_ids_and_come_in_the_crs_of_the_records(asked):
    study = read_study(read_config(asked), Steps(quiet=True))
    assert study.treated.index.tolist() == ["H01", "H03", "H06", "H09"]
    assert study.treated.crs.to_epsg() == 27700
    planted = hs.make_county(1, months=1).hotspots.loc[study.treated.index]
    assert study.treated.geometry.area.round(-2).tolist() == pytest.approx(
        planted.geometry.area.tolist(), rel=0.01)  # fmt: skip
    assert study.rules.draws == 199


def test_without_ids_places_are_numbered(asked):
    frame = gpd.read_file(asked.parent / "treated.geojson")[["geometry"]]
    frame.to_file(asked.parent / "treated.geojson", driver="GeoJSON")
    study = read_study(read_config(asked), Steps(quiet=True))
    assert study.treated.index.tolist() == ["1", "2", "3", "4"]


def test_every_fault_is_told_at_once_before_any_work(asked, capsys):
    (asked.parent / "treated.geojson").write_text("not a map", encoding="utf-8")
    asked.write_text(
        CONFIG.replace("buffer_m = 0", "bufer_m = 0").replace("199", "3"), encoding="utf-8"
    )
    assert main(["run", str(asked)]) == UNUSABLE
    said = capsys.readouterr().err
    assert "treated.geojson cannot be read as a GIS file" in said
    assert "[impact.rules] bufer_m is unknown; did you mean 'buffer_m'?" in said
    assert "[impact.rules] draws is 3" in said
    assert "Traceback" not in said


def test_a_config_without_its_places_is_refused(asked, capsys):
    asked.write_text(CONFIG.replace('treated = "treated.geojson"\n', ""), encoding="utf-8")
    assert main(["run", str(asked)]) == UNUSABLE
    assert "[impact] treated is missing; it takes a path." in capsys.readouterr().err
