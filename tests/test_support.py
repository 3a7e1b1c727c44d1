"""What a set of incidents supports: each rule at its edge, and that the methods ask it."""

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.support import NEEDS


def table(points, length="0h") -> gpd.GeoDataFrame:
    """One incident a day at the points, known to the length of time given."""
    start = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(len(points)), unit="D")
    if length == "month":
        start = start.to_period("M").to_timestamp()
        end = start + pd.offsets.MonthBegin(1)
    else:
        end = start + pd.Timedelta(length)
    return gpd.GeoDataFrame(
        {"category": "Burglary", "occurred_from": start, "occurred_to": end},
        geometry=[shapely.Point() if p is None else shapely.Point(p) for p in points],
        crs="EPSG:27700",
    )


def apart(n: int) -> list[tuple[float, float]]:
    return [(400_000.0 + 50 * k, 300_000.0) for k in range(n)]


def supported(incidents) -> set[str]:
    abilities = hs.data_support(incidents).abilities
    return set(abilities.index[abilities["supported"]])


def test_exact_records_support_everything():
    support = hs.data_support(table(apart(60)))
    assert supported(table(apart(60))) == set(NEEDS)
    assert not support.tied
    assert not support.snapped
    assert support.spacing_m == 50
    assert support.text.endswith("They support every method.")


def test_dates_do_not_support_hours():
    assert set(NEEDS) - supported(table(apart(60), "24h")) == {"hour of day"}


def test_months_do_not_support_days_weeks_or_hours():
    lacking = {"hour of day", "time of week", "near repeat", "emerging series", "weekly periods"}
    assert set(NEEDS) - supported(table(apart(60), "month")) == lacking


def test_months_at_shared_points_are_snapped():
    support = hs.data_support(table(apart(30) * 2, "month"))
    assert support.snapped
    lacking = support.abilities.query("not supported")
    assert set(NEEDS) - set(lacking.index) == set()
    assert "snapped (100% share one" in lacking.loc["repeat locations", "reason"]


def test_dated_records_at_shared_points_are_tied_only():
    support = hs.data_support(table(apart(30) * 2))
    assert support.tied
    assert not support.snapped
    assert set(NEEDS) - supported(table(apart(30) * 2)) == {"leave-one-out bandwidth"}


@pytest.mark.parametrize(("pairs", "tied"), [(10, False), (11, True)])
def test_a_fifth_at_shared_points_is_the_edge(pairs, tied):
    points = apart(100 - pairs)  # so many of them twice: 20 or 22 of 100 incidents
    support = hs.data_support(table(points + points[:pairs]))
    assert support.shared == pytest.approx(2 * pairs / 100)
    assert support.tied is tied


def test_half_the_incidents_known_finely_is_the_edge():
    fine, coarse = table(apart(50)), table(apart(50), "month")
    even = pd.concat([fine, coarse], ignore_index=True)
    assert "near repeat" in supported(even)
    assert "near repeat" not in supported(even.iloc[1:])


def test_points_that_are_missing_do_not_count():
    support = hs.data_support(table([*apart(49), None]))
    assert (support.incidents, support.located, support.places) == (50, 49, 49)
    one = hs.data_support(table([*apart(1), None]))
    with pytest.raises(InputError, match=r"knox: .*1 have a point and at least 2 are needed"):
        one.require("near repeat", "knox")


def test_nothing_supports_nothing():
    support = hs.data_support(table([]))
    assert support.text == "No incidents: they support nothing."
    assert np.isnan(support.spacing_m)
    assert supported(table([])) == {"fine heat"}  # an empty map is right at any bandwidth


def test_a_refusal_gives_the_reason_and_the_remedy():
    support = hs.data_support(table(apart(60), "month"))
    with pytest.raises(
        InputError, match=r"near repeat test: these records do not bear it: only 0% are known to "
        r"the day; use the force's own records"
    ):  # fmt: skip
        support.require("near repeat", "near repeat test")


def test_a_detector_asks_on_the_incidents_it_uses():
    incidents = table(apart(30) * 2).assign(origin=["public"] * 30 + ["police"] * 30)
    with pytest.warns(hs.Notice, match="30 police-generated"):
        detector = hs.KDE(300).fit(incidents)
    assert detector.support_.located == 30
    assert not detector.support_.tied
    assert hs.KDE(300, include_police=True).fit(incidents).support_.tied
    detector.include_police = True
    assert detector.fit(incidents).support_.tied  # of the last fit, not the first


def test_the_documentation_says_the_same():
    page = Path(__file__).parents[1] / "docs" / "methods" / "support.md"
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \| (\d+) \|", page.read_text("utf-8"), re.M)
    points = {"any": None, "not snapped": "own", "untied": "untied"}
    told = {a: (None if p == "any" else p[4:], points[q], int(n)) for a, p, q, n in rows}
    assert told == {a: (n.precision, n.points, n.least) for a, n in NEEDS.items()}


@pytest.mark.realdata
def test_real_records_are_told_apart(shared):
    loaded = hs.read_incidents(shared / "data" / "police_uk" / "staffordshire-2024-2025.zip")
    support = hs.data_support(loaded.incidents)
    assert support.snapped
    assert 20 < support.spacing_m < 150
    assert not support.abilities["supported"].any()
