"""The BI tables: complete, stable in columns and types, whole or not at all."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from report_fixtures import (
    Assessment,
    Plan,
    make_hotspots,
    make_incidents,
    make_loaded,
    make_lpts,
    make_plan,
)

import hotspots as hs
from hotspots.report import bi
from hotspots.report.columns import KINDS

DOCS = Path(__file__).resolve().parents[1] / "docs" / "reports.md"


@pytest.fixture
def folder(tmp_path):
    return hs.export_bi(
        tmp_path / "bi", make_loaded(), make_hotspots(), make_plan(), make_lpts(),
        Assessment(pd.DataFrame({"detector": ["Counts"], "pai": [12.5]})),
    )  # fmt: skip


def read(folder, name):
    return pd.read_csv(folder / f"{name}.csv", encoding="utf-8-sig")


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def test_incidents_leave_as_counts_that_add_up(folder):
    table = read(folder, "incidents")
    assert table["incidents"].sum() == 6
    assert table["located"].sum() == 5
    assert table["harm"].sum() == pytest.approx(370.0)
    march = table[table["date"] == "2025-03-03"]
    assert march[["incidents", "date_grain"]].values.tolist() == [[3, "day"]]
    may = table[table["date"] == "2025-05-01"]
    assert set(may["date_grain"]) == {"month"}
    assert may.set_index("lpt_key")["incidents"].to_dict() == {0: 1, 1: 1}


def test_no_row_as_written_leaves(folder):
    for path in folder.iterdir():
        assert b"Bloggs" not in path.read_bytes(), path.name
    refused = read(folder, "ingest_rejected")
    assert refused.to_dict("records") == [
        {"file": "a.csv", "reason": "date in the future", "rows": 1}
    ]


def test_csv_is_bom_crlf_and_iso(folder):
    raw = (folder / "plan_visits.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 3
    assert b"2026-03-02T18:05:00" in raw
    assert b"2025-03-03," in (folder / "incidents.csv").read_bytes()


def test_text_that_would_run_as_a_formula_is_made_harmless_in_csv_only(folder):
    assert read(folder, "hotspots")["name"][1] == "'=SUM(A1)"
    assert read(folder, "plan_visits")["reason"][1] == "'-1 would be wrong"
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    kept = parquet.read_table(folder / "hotspots.parquet")["name"].to_pylist()
    assert kept[1:] == ["=SUM(A1)", None]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\tx"])
def test_each_formula_sign_is_guarded(text):
    assert bi._harmless(text) == f"'{text}"


def test_text_stays_on_one_line():
    assert bi._harmless("one\r\n two") == "one two"
    assert bi._harmless("a - b = c") == "a - b = c"


def test_parquet_holds_plain_types_and_the_same_rows(folder):
    pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    expected = {"text": pa.string(), "number": pa.float64(), "whole": pa.int64(),
                "key": pa.int32(), "time": pa.timestamp("us"), "date": pa.date32(),
                "flag": pa.bool_()}  # fmt: skip
    for name, told in manifest(folder)["tables"].items():
        file = parquet.ParquetFile(folder / f"{name}.parquet")
        schema = file.schema_arrow
        assert schema.names == [c["name"] for c in told["columns"]]
        assert [schema.field(c["name"]).type for c in told["columns"]] == [
            expected[c["type"]] for c in told["columns"]
        ]
        assert file.metadata.num_rows == told["rows"] == len(read(folder, name))
        if told["rows"]:
            assert file.metadata.row_group(0).column(0).compression == "SNAPPY"


def test_manifest_tells_every_file_and_column(folder):
    told = manifest(folder)
    assert told["schema_version"] == 1
    assert told["data_cut_off"].startswith("2026-01-01")
    listed = {file for table in told["tables"].values() for file in table["files"]}
    assert listed | {"manifest.json", ".hotspots.json"} == {p.name for p in folder.iterdir()}
    for name, table in told["tables"].items():
        assert {c["type"] for c in table["columns"]} <= set(KINDS)
        if not name.startswith("assessment"):
            assert [c["name"] for c in table["columns"] if not c["meaning"]] == []
    harm = next(c for c in told["tables"]["hotspots"]["columns"] if c["name"] == "harm")
    assert harm["unit"] == "days of sentence"


def test_every_relation_is_many_to_one_and_whole(folder):
    relations = manifest(folder)["relations"]
    assert {"from": "plan_visits.hotspot_key", "to": "hotspots.hotspot_key"} in relations
    for relation in relations:
        (many, key), (one, same) = relation["from"].split("."), relation["to"].split(".")
        target = read(folder, one)[same]
        assert target.is_unique
        assert set(read(folder, many)[key].dropna()) <= set(target)


def test_no_table_reaches_a_dimension_by_two_ways(folder):
    ways = [(r["from"].split(".")[0], r["to"].split(".")[0]) for r in manifest(folder)["relations"]]
    for start in {a for a, _ in ways}:
        direct = [b for a, b in ways if a == start]
        reached = direct + [c for b in direct for a, c in ways if a == b]
        assert len(reached) == len(set(reached)), start


def test_dates_are_full_years_without_a_hole(folder):
    days = pd.to_datetime(read(folder, "dim_date")["date"])
    assert days.iloc[0] == pd.Timestamp("2025-01-01")
    assert days.iloc[-1] == pd.Timestamp("2026-12-31")
    assert (days.diff().dropna() == pd.Timedelta("1D")).all()
    row = read(folder, "dim_date").set_index("date").loc["2025-12-29"]
    assert row[["iso_year", "iso_week", "financial_year"]].tolist() == [2026, 1, "2025/26"]


def test_hotspots_have_wgs84_centroids_and_outlines(folder):
    table = read(folder, "hotspots")
    assert table.columns[0] == "hotspot_key"
    shapes = shapely.from_wkt(table["wkt"])
    assert len(shapes[1].interiors) == 1
    # the centre of the first square, 402100 302100, by the OSGB36 to WGS 84 definition
    assert table["longitude"][0] == pytest.approx(-1.970, abs=1e-3)
    assert table["latitude"][0] == pytest.approx(52.617, abs=1e-3)


def test_a_long_outline_is_simplified_below_the_limit():
    angle = np.linspace(0, 2 * np.pi, 5000)
    jagged = 200 + 5 * np.sin(200 * angle)
    star = shapely.Polygon(
        np.c_[402_000 + jagged * np.cos(angle), 302_000 + jagged * np.sin(angle)]
    )
    spots = make_hotspots().iloc[:1].set_geometry([star], crs="EPSG:27700")
    assert len(shapely.to_wkt(star, rounding_precision=6)) > bi.WKT_LIMIT
    (text,) = bi._wkt(spots)
    assert len(text) < bi.WKT_LIMIT
    area = spots.set_geometry(shapely.from_wkt([text]), crs="EPSG:4326").to_crs("EPSG:27700").area
    assert area.iloc[0] == pytest.approx(star.area, rel=0.05)


def test_columns_and_types_are_the_same_for_empty_tables(tmp_path):
    plan = make_plan()
    bare = type(plan)(plan.visits.iloc[:0], plan.coverage.iloc[:0], plan.reasons.iloc[:0])
    some = hs.export_bi(tmp_path / "some", make_hotspots(), plan, make_incidents())
    none = hs.export_bi(
        tmp_path / "none", make_hotspots().iloc[:0], bare, make_incidents().iloc[:0]
    )
    full, empty = manifest(some)["tables"], manifest(none)["tables"]
    assert list(full) == list(empty)
    for name, told in full.items():
        keys = [c for c in told["columns"] if c["name"] != "hotspot_key"]
        again = [c for c in empty[name]["columns"] if c["name"] != "hotspot_key"]
        assert keys == again, name


def test_two_hotspots_tables_keep_apart(tmp_path):
    folder = hs.export_bi(tmp_path / "bi", make_hotspots(), make_hotspots(), make_plan())
    table = read(folder, "hotspots")
    assert table["hotspot_key"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table["hotspot_set"].tolist() == [1, 1, 1, 2, 2, 2]
    assert read(folder, "plan_visits")["hotspot_key"].tolist() == [1, 2]


def test_a_failed_export_leaves_the_earlier_one(tmp_path, monkeypatch):
    folder = hs.export_bi(tmp_path / "bi", make_hotspots())
    before = {p.name: p.read_bytes() for p in folder.iterdir()}

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(bi, "_manifest", fail)
    with pytest.raises(OSError, match="disk full"):
        hs.export_bi(folder, make_hotspots(), make_incidents())
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_without_pyarrow_csv_alone_is_written_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(bi.importlib.util, "find_spec", lambda _: None)
    with pytest.warns(hs.Notice, match=r"hotspots\[arrow\]"):
        folder = hs.export_bi(tmp_path / "bi", make_hotspots())
    assert manifest(folder)["parquet"] is False
    assert not list(folder.glob("*.parquet"))


def test_wrong_arguments_are_all_named(tmp_path):
    with pytest.raises(hs.InputError, match="2 faults") as error:
        hs.export_bi(tmp_path / "bi", 3, pd.DataFrame({"a": [1]}))
    assert "argument 1 is of type int" in str(error.value)
    assert "argument 2 is a table with columns a" in str(error.value)
    with pytest.raises(hs.InputError, match="nothing was given"):
        hs.export_bi(tmp_path / "bi")
    broken = make_hotspots().assign(rank="first")
    with pytest.raises(hs.InputError, match=r"argument 1 \(hotspots\): column 'rank'"):
        hs.export_bi(tmp_path / "bi", broken)
    assert not (tmp_path / "bi").exists()


def test_the_real_stations_leave_with_every_column_explained(tmp_path, county):
    grid = hs.Grid.over(county.lpts, size=200)
    spots = hs.Counts(include_police=True).fit(county.incidents).hotspots(grid, top_k=4)
    trends = hs.seasonal_trends(county.incidents)
    plan = hs.plan_patrols(spots, lpts=county.lpts, shifts=county.shifts, units=county.units,
                           start="2026-01-05", days=1)  # fmt: skip
    folder = hs.export_bi(tmp_path / "bi", county.incidents, spots, trends, plan, county.lpts)
    told = manifest(folder)["tables"]
    assert read(folder, "incidents")["incidents"].sum() == len(county.incidents)
    assert len(read(folder, "plan_visits")) == len(plan.visits) > 0
    series = read(folder, "trends_series")
    assert set(series.loc[series["lpt"] == "no LPT", "lpt_key"]) == {0}
    unsaid = {f"{t}.{c['name']}" for t, told_ in told.items() for c in told_["columns"]
              if not c["meaning"]}  # fmt: skip
    assert unsaid == set()
    guide = DOCS.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE))
    missing = {c["name"] for told_ in told.values() for c in told_["columns"]} - listed
    assert missing == set(), "docs/reports.md does not list these columns"


@pytest.mark.realdata
def test_real_records_leave_complete(tmp_path, shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    source = shared / "data" / "police_uk" / "staffordshire-2024-2025.zip"
    loaded = hs.read_incidents(source, lpts=lpts, progress=False)
    folder = hs.export_bi(tmp_path / "bi", loaded, lpts)
    table = read(folder, "incidents")
    refused = read(folder, "ingest_superseded")["rows"].sum() + sum(
        read(folder, "ingest_rejected")["rows"]
    )
    assert table["incidents"].sum() + refused == 135_555
    assert set(table["date_grain"]) == {"month"}
    months = read(folder, "ingest_months")
    assert (months["status"] == "missing").sum() == 8
    assert table.groupby("date")["incidents"].sum().gt(0).sum() == 16


@pytest.mark.parametrize("first", [True, False])
def test_visits_join_the_hotspots_their_plan_was_made_from(tmp_path, first):
    spots, plan = make_hotspots(), make_plan()
    other = spots.assign(method="DBSCAN(eps=200)")
    reasons = plan.reasons.assign(method=spots["method"])
    sets = (spots, other) if first else (other, spots)
    folder = hs.export_bi(tmp_path / "bi", *sets, Plan(plan.visits, plan.coverage, reasons))
    joined = read(folder, "plan_visits").merge(read(folder, "hotspots"), on="hotspot_key")
    assert joined["hotspot_set"].tolist() == ([1, 1] if first else [2, 2])


def test_a_missing_month_is_blank_and_no_zero(tmp_path):
    folder = hs.export_bi(tmp_path / "bi", make_loaded())
    months = read(folder, "ingest_months").set_index("status")["incidents"]
    assert pd.isna(months["missing"])
    assert months["present"] == 4


def test_every_column_of_every_result_on_places_is_explained(county):
    from hotspots.report.bi import _flat
    from hotspots.report.columns import about
    from hotspots.report.stations import gather

    incidents = county.incidents.query("origin != 'police'").tail(9000)
    grid, kind = hs.Grid.over(county.lpts, size=500), "Anti-social behaviour"
    asb = incidents.query("category == @kind")
    bayes = hs.EmpiricalBayes(kind).fit(incidents)
    results = (
        hs.data_support(incidents), bayes.explain(bayes.predict(grid).idxmax()),
        hs.monte_carlo(hs.KDE(1000).fit(asb), grid, n_sim=99),
        hs.GiStar().fit(asb).statistics(grid), hs.LocalMoran().fit(asb).statistics(grid),
        hs.knox(asb, n_sim=99), hs.classify_hotspots(incidents, grid, category=kind),
        hs.compare_periods(incidents, grid, incidents["occurred_from"].max().strftime("%Y-%m-01"),
                           category=kind, year_on_year=False),
        hs.concentration(grid.counts(asb), n_boot=199), hs.repeat_locations(asb, n_sim=99),
        hs.backtest(hs.Counts(), asb, grid, origins=1),
    )  # fmt: skip
    names, silent = set(), []
    for label, name, frame in gather(results, what="test").tables():
        names.add(f"{label}_{name}")
        table = f"{label}_{name}"
        silent += [f"{table}.{c}" for c in _flat(frame) if not about(table, str(c))["meaning"]]
        assert "incident" not in _flat(frame).columns, "single incidents stay inside"
    assert not silent, silent
    from hotspots.report.meanings import OWN

    missed = {name.replace("statistics_2", "statistics") for name in names} ^ set(OWN)
    assert missed == set()
