"""Every column of every result on time that leaves the house is explained."""

import pandas as pd
import pytest

import hotspots as hs
from hotspots.report.bi import _flat
from hotspots.report.columns import about
from hotspots.report.meanings_time import OWN_TIME
from hotspots.report.stations import gather


@pytest.fixture(scope="module")
def results():
    county = hs.make_county(seed=2, months=26, scale=0.3)
    incidents = county.incidents.query("origin != 'police'").assign(harm=10.0)
    profile = hs.week_profile(incidents, ["lpt", "category"], bootstraps=100)
    lpts, both = county.lpts, ["lpt", "category"]
    trends = hs.seasonal_trends(incidents, ["lpt"], lpts=lpts)
    spots = (
        hs.Counts().fit(incidents).hotspots(hs.Grid.over(lpts, size=500), top_k=5, max_area_km2=1)
    )
    drugs = incidents.query("category == 'Drugs' and lpt == 'Elverstone'")
    last = incidents["occurred_from"].max()
    return (
        hs.count_series(incidents, both, lpts=lpts), trends,
        hs.calendar_effects(incidents, ["lpt"], lpts=lpts), hs.find_breaks(incidents, both),
        hs.find_alerts(incidents, both, "MS", lpts=lpts),
        hs.xmr_chart([52, 47, 60, 55, 49, 58, 61, 50, 54, 57, 48, 53]),
        hs.u_chart([20, 25, 30, 18] * 2, [1000, 1100, 900, 1000] * 2),
        hs.funnel_chart([30, 20, 11], [20, 20, 20]), hs.event_gaps(drugs),
        profile, hs.peak_windows(profile), hs.shift_shares(profile, county.shifts),
        hs.compare_counts(264, 210), hs.forecast(incidents, ["lpt"], lpts=lpts, origins=4),
        hs.briefing(incidents, last.normalize(), near_repeat=False),
        hs.lpt_profile(incidents, lpts=lpts, trends=trends, hotspots=spots),
        hs.publish_trends(incidents.query("occurred_from >= '2025-01-01'"), lpts=lpts),
    )  # fmt: skip


def test_every_column_of_every_result_on_time_is_explained(results):
    silent, seen = [], set()
    for kind, name, frame in gather(results, what="test").tables():
        table = f"{kind}_{name}"
        seen.add(table)
        flat = _flat(frame)
        silent += [
            f"{table}.{column}" for column in flat if not about(table, str(column))["meaning"]
        ]
        assert not {"occurred_from", "geometry"} & set(flat.columns), "single incidents stay inside"
    assert not silent, ", ".join(silent)
    missed = {name for name in OWN_TIME if name.replace("_2_", "_") not in seen}
    assert missed == set(), "explained, but no result has such a table"


def test_they_are_exported_and_read_back(results, tmp_path):
    folder = hs.export_bi(tmp_path / "bi", *results)
    manifest = (folder / "manifest.json").read_text(encoding="utf-8")
    for kind, name, frame in gather(results, what="test").tables():
        assert f'"{kind}_{name}"' in manifest
        read = pd.read_csv(folder / f"{kind}_{name}.csv", encoding="utf-8-sig")
        assert len(read) == len(frame), f"{kind}_{name}"


def test_commands_and_the_force_are_no_lpts_of_the_dimension(results, tmp_path):
    folder = hs.export_bi(tmp_path / "bi", *results)
    named = pd.read_csv(folder / "dim_lpt.csv", encoding="utf-8-sig")["lpt"]
    assert not {"Force", "City", "County"} & set(named)
    series = pd.read_csv(folder / "trends_series.csv", encoding="utf-8-sig")
    own = series["level"] == "lpt"
    assert series.loc[~own, "lpt_key"].isna().all()
    assert series.loc[own, "lpt_key"].notna().all()
    joined = series.dropna(subset="lpt_key").groupby("period_start")["incidents"].sum()
    force = series[series["level"] == "force"].set_index("period_start")["incidents"]
    assert (joined == force).all()  # a slicer by LPT counts every incident once
