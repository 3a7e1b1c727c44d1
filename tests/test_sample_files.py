"""The sample as files: complete, small, not real, and flawed in exactly the ways it says."""

import csv
import io
import tomllib
import zipfile

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.contracts import LPTS, SHIFTS, UNITS, check_table, located, recorded_months
from hotspots.sample import write_sample

FILES = [
    "brief.toml", "config.toml", "control.geojson", "county-street.zip", "extract.csv",
    "extract.toml", "lpts.gpkg", "shifts.csv", "treated.geojson", "units.csv",
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("sample")).parent


def street_rows(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8")
            yield name, list(csv.reader(io.StringIO(text)))


def test_committed_files_are_those_the_command_makes(made, sample):
    assert sorted(p.name for p in made.iterdir()) == FILES
    for name in (n for n in FILES if n.endswith((".toml", ".csv"))):
        ours, theirs = ((f / name).read_bytes().splitlines() for f in (sample, made))
        assert ours == theirs, f"run {sample}/make.py"
    ours, theirs = (dict(street_rows(f / "county-street.zip")) for f in (sample, made))
    assert list(ours) == list(theirs)
    for name, rows in ours.items():
        for row, other in zip(rows, theirs[name], strict=True):
            # PROJ versions may differ in the last decimal of a coordinate.
            keep = slice(4) if len(row) != 12 else [0, 1, 2, 3, 6, 7, 8, 9, 10, 11]
            assert np.array(row)[keep].tolist() == np.array(other)[keep].tolist()


def test_small_enough_to_commit(sample):
    assert sum(p.stat().st_size for p in sample.iterdir()) < 1_500_000


def test_street_zip_is_laid_out_as_published(sample):
    files = dict(street_rows(sample / "county-street.zip"))
    street = [n for n in files if n.endswith("-street.csv")]
    assert street[0] == "2021-12/2021-12-ashenmere-street.csv"
    assert len(street) == 39
    assert not any("2023-11" in name for name in files)
    assert len(files) == 41
    header, *rows = files[street[0]]
    assert header[:3] == ["Crime ID", "Month", "Reported by"]
    for row in rows:
        assert (row[0] == "") == (row[9] == "Anti-social behaviour")
        assert row[1] == "2021-12"
        assert (row[4] == "") == (row[6] == "No Location")


def test_street_zip_reads_with_every_row_accounted_for(sample):
    lpts = check_table(hs.read_lpts(sample / "lpts.gpkg"), LPTS)
    loaded = hs.read_incidents(sample / "county-street.zip", lpts=lpts)
    rows = sum(
        len(rows) - 1
        for name, rows in street_rows(sample / "county-street.zip")
        if name.endswith("-street.csv")
    )
    assert rows == 25_965
    assert rows == len(loaded.incidents) + len(loaded.rejected) + len(loaded.superseded)
    assert len(loaded.rejected) == 4
    assert len(loaded.superseded) == 6
    assert (loaded.incidents["category"] == "Littering and loitering").sum() == 1
    missing = recorded_months(loaded.incidents).query("status == 'missing'")
    assert missing["month"].tolist() == [pd.Timestamp("2023-11-01")]


def test_points_snap_but_stay_in_their_team(sample):
    """Snapping moves a point within its street, so hotspots and teams survive it."""
    lpts = hs.read_lpts(sample / "lpts.gpkg")
    incidents = hs.read_incidents(sample / "county-street.zip", lpts=lpts).incidents
    points = incidents.geometry[located(incidents)]
    assert points.to_wkb().nunique() < 1000
    county = hs.make_county(1, months=40, start="2021-12-01", scale=0.5)
    asb = incidents[incidents["category"] == "Anti-social behaviour"]
    for _, spot in county.hotspots.query("class_ == 'persistent'").iterrows():
        if spot["category"] == "Anti-social behaviour":
            near = asb.distance(spot.geometry.centroid) < 300
            assert near.sum() > spot["expected"] * 0.8


def test_extract_reads_by_its_mapping(sample):
    lpts = hs.read_lpts(sample / "lpts.gpkg")
    loaded = hs.read_incidents(sample / "extract.csv", lpts=lpts, mapping=sample / "extract.toml")
    assert len(loaded.incidents) + len(loaded.rejected) + len(loaded.superseded) == 1_237
    assert len(loaded.rejected) == 4
    assert len(loaded.superseded) == 1
    truth = hs.make_county(1, months=40, start="2021-12-01", scale=0.5).incidents
    truth = truth[truth["occurred_from"] >= pd.Timestamp("2025-02-01")]
    counts = loaded.incidents["category"].value_counts()
    for category, n in truth["category"].value_counts().items():
        assert counts[category] == pytest.approx(n, abs=4)  # but for the flawed rows
    assert set(loaded.incidents["origin"]) == {"public", "partner", "police", "unknown"}
    spans = loaded.incidents["occurred_to"] > loaded.incidents["occurred_from"]
    overnight = loaded.incidents["category"].isin(["Burglary", "Vehicle crime"])
    assert spans[overnight].mean() > 0.95


def test_extract_is_in_windows_1252(sample):
    data = (sample / "extract.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert "ASB – nuisance" in data.decode("cp1252")


def test_shifts_units_and_config(sample):
    assert len(check_table(pd.read_csv(sample / "shifts.csv"), SHIFTS)) == 3
    units = check_table(pd.read_csv(sample / "units.csv", index_col="unit"), UNITS)
    lpts = hs.read_lpts(sample / "lpts.gpkg")
    assert set(units["lpt"]) == set(lpts.index)
    config = tomllib.loads((sample / "config.toml").read_text(encoding="utf-8"))
    for section, key in (("data", "incidents"), ("data", "lpts"), ("patrols", "shifts")):
        assert (sample / config[section][key]).is_file()


def test_writing_again_replaces(tmp_path):
    (tmp_path / "lpts.gpkg").write_bytes(b"old")
    write_sample(tmp_path)
    assert len(hs.read_lpts(tmp_path / "lpts.gpkg")) == 10
