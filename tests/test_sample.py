"""The synthetic county: its truth is exact, its map tiles, and the same seed gives the same."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.contracts import LPTS, SHIFTS, UNITS, check_incidents, check_table, located


def digest(county) -> str:
    """Hash everything an incident has, whatever dtypes the versions at hand give it."""
    plain = pd.DataFrame(county.incidents.drop(columns="geometry")).astype(object)
    for column in ("occurred_from", "occurred_to"):
        plain[column] = county.incidents[column].astype("datetime64[s]").astype("int64")
    plain["x"], plain["y"] = county.incidents.geometry.x, county.incidents.geometry.y
    return hashlib.sha256(plain.to_csv(lineterminator="\n").encode()).hexdigest()[:16]


def test_tables_keep_their_contracts(county):
    check_incidents(county.incidents)
    check_table(county.lpts, LPTS)
    check_table(county.shifts, SHIFTS)
    check_table(county.units, UNITS)
    assert county.incidents.index[0] == "SYN000001"
    assert county.incidents["occurred_from"].is_monotonic_increasing
    assert set(county.units["lpt"]) == set(county.lpts.index)
    assert set(county.units["shift"]) == set(county.shifts["shift"])
    assert 40_000 < len(county.incidents) < 60_000
    assert "48," in county.text or "47," in county.text


def test_teams_tile_the_county(county):
    shapes = county.lpts.geometry
    assert len(shapes) == 10
    assert county.lpts["command"].value_counts().to_dict() == {"County": 8, "City": 2}
    assert shapes.is_valid.all()
    whole = shapes.union_all()
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert whole.area == shapes.area.sum()  # whole metres: exact
    pairs = shapes.sindex.query(shapes, predicate="overlaps")
    assert pairs.size == 0
    np.testing.assert_allclose(county.lpts["area_km2"], shapes.area / 1e6)
    # Every bend of a side belongs to both neighbours: no slivers whatever the rounding.
    ends = pd.Series(shapely.get_coordinates(shapes).tolist()).map(tuple)
    outline = set(map(tuple, shapely.get_coordinates(whole)))
    inner = ends[~ends.isin(outline)]
    assert (inner.groupby(inner).size() >= 2).all()


def test_lpt_column_is_where_the_point_lies(county):
    incidents = county.incidents[located(county.incidents)]
    joined = incidents[["geometry", "lpt"]].sjoin(county.lpts[["geometry"]], how="left")
    right = joined["lpt_right"] if "lpt_right" in joined else joined["index_right"]
    inside = joined["lpt_left" if "lpt_left" in joined else "lpt"]
    assert (inside.fillna("") == right.fillna("")).all()


def test_mix_of_flaws(county):
    incidents = county.incidents
    lost = ~located(incidents)
    assert lost.mean() == pytest.approx(0.005, abs=0.0015)
    beyond = incidents["lpt"].isna() & ~lost
    assert beyond.mean() == pytest.approx(0.003, abs=0.001)
    assert incidents.loc[lost, "place"].isna().all()
    mix = incidents["category"].value_counts(normalize=True)
    assert 0.12 < mix["Anti-social behaviour"] < 0.16
    assert mix["Violence and sexual offences"] == pytest.approx(0.35, abs=0.02)
    assert len(mix) == 14
    police = (incidents["origin"] == "police").groupby(incidents["category"]).mean()
    assert police["Drugs"] == pytest.approx(0.75, abs=0.05)
    assert police["Anti-social behaviour"] == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("by", [["lpt"], ["category"], ["month"], ["lpt", "category"]])
def test_rates_are_the_expectation(county, by):
    incidents = county.incidents.dropna(subset="lpt")
    month = incidents["occurred_from"].astype("datetime64[s]").dt.to_period("M").dt.start_time
    incidents = pd.DataFrame(incidents[["lpt", "category"]]).assign(month=month)
    expected = county.rates.groupby(by)["expected"].sum()
    counts = incidents.groupby(by).size().reindex(expected.index, fill_value=0)
    z = (counts - expected) / np.sqrt(expected)  # Poisson: mean 0, variance 1
    assert abs(z.mean()) < 3 / np.sqrt(len(z))
    assert z.abs().max() < 4
    assert z.var() == pytest.approx(1, abs=4 * np.sqrt(2 / len(z)))


def test_planted_hotspots_hold_what_they_should(county):
    for _, spot in county.hotspots.iterrows():
        same = county.incidents.loc[county.incidents["category"] == spot["category"]]
        inside = same[same.dwithin(shapely.Point(spot["easting"], spot["northing"]), 150)]
        assert len(inside) == pytest.approx(spot["expected"], abs=4 * np.sqrt(spot["expected"]))
        assert (inside["lpt"] == spot["lpt"]).all()
    assert county.hotspots["share"].between(0, 1).all()


def test_persistent_hotspots_are_the_densest_places(county):
    asb = county.incidents.query("category == 'Anti-social behaviour' and lpt.notna()")
    spots = county.hotspots.query("category == 'Anti-social behaviour' and class_ == 'persistent'")
    square = 300.0
    lattice = np.floor(np.column_stack([asb.geometry.x, asb.geometry.y]) / square)
    cells, counts = np.unique(lattice, axis=0, return_counts=True)
    top = (cells[np.argsort(-counts)[:8]] + 0.5) * square
    for _, spot in spots.iterrows():
        away = np.hypot(top[:, 0] - spot["easting"], top[:, 1] - spot["northing"])
        assert away.min() < 300


def test_classes_last_as_long_as_they_say(county):
    incidents = county.incidents
    for _, spot in county.hotspots.query("class_ in ['emerging', 'former']").iterrows():
        near = incidents.dwithin(shapely.Point(spot["easting"], spot["northing"]), 150)
        mine = incidents.loc[near & (incidents["category"] == spot["category"]), "occurred_from"]
        on = (mine >= spot["start"]) & (mine < spot["end"])
        on_years = (spot["end"] - spot["start"]) / pd.Timedelta("365.25D")
        rate_on, rate_off = on.sum() / on_years, (~on).sum() / (3 - on_years)
        assert rate_on > 3 * rate_off
        assert rate_on - rate_off == pytest.approx(spot["per_year"], rel=0.3)
    starts = county.hotspots.groupby("class_")["start"].first()
    assert starts["emerging"] == pd.Timestamp("2025-01-01")
    assert county.hotspots.groupby("class_")["end"].first()["former"] == pd.Timestamp("2024-01-01")


def cosine_ratio(county, lpt: str | None, category: str) -> tuple[float, float]:
    """Estimate peak month and peak-to-trough ratio by a log-linear fit of rates per day."""
    rows = county.incidents[county.incidents["category"] == category]
    rows = rows if lpt is None else rows[rows["lpt"] == lpt]
    counts = rows.groupby(rows["occurred_from"].dt.month).size().reindex(range(1, 13))
    days = np.array([93, 84.75, 93, 90, 93, 90, 93, 93, 90, 93, 90, 93])
    turn = 2 * np.pi * np.arange(1, 13) / 12
    design = np.column_stack([np.ones(12), np.cos(turn), np.sin(turn)])
    _, a, b = np.linalg.lstsq(design, np.log(counts.to_numpy() / days), rcond=None)[0]
    return float(np.arctan2(b, a) / (2 * np.pi) * 12 % 12), float(np.exp(2 * np.hypot(a, b)))


@pytest.mark.parametrize(
    ("lpt", "category", "peak", "ratio", "tolerance"),
    [
        ("Elverstone", "Anti-social behaviour", 7, 1.8, 0.35),
        ("Hallowmere", "Anti-social behaviour", 8, 3.0, 0.7),
        ("Karrowby North", "Anti-social behaviour", 10, 2.0, 0.35),
        (None, "Burglary", 12, 1.5, 0.2),
        (None, "Violence and sexual offences", 7, 1.25, 0.06),
    ],
)
def test_planted_seasons_come_back(county, lpt, category, peak, ratio, tolerance):
    planted = county.seasons.set_index(["category", "lpt"])
    row = planted.loc[(category, lpt or "Stafford")] if lpt else planted.loc[category].iloc[2]
    assert (row["peak_month"], row["ratio"]) == (peak, ratio)
    found_peak, found = cosine_ratio(county, lpt, category)
    assert abs((found_peak - peak + 6) % 12 - 6) < 0.8
    assert found == pytest.approx(ratio, abs=tolerance)


def test_a_category_without_a_season_shows_none(county):
    none = county.seasons.loc[county.seasons["ratio"] == 1, "category"].unique()
    assert "Criminal damage and arson" in none
    assert county.seasons.loc[county.seasons["ratio"] == 1, "peak_month"].isna().all()
    assert cosine_ratio(county, None, "Criminal damage and arson")[1] < 1.1


def test_planted_changes_come_back():
    """Ratio after/before over treated circles and rings, against the same counties' rest."""
    counts = {"treated": np.zeros(2), "displaced": np.zeros(2), "rest": np.zeros(2)}
    for seed in range(3):
        county = hs.make_county(seed, months=24, start="2023-01-01", scale=2)
        changes = county.changes
        after = county.incidents["occurred_from"] >= changes["start"].iloc[0]
        x, y = county.incidents.geometry.x, county.incidents.geometry.y
        rest = pd.Series(True, index=county.incidents.index)
        for _, change in changes[changes["what"] != "step"].iterrows():
            spot = county.hotspots.loc[change["hotspot"]]
            away = np.hypot(x - spot["easting"], y - spot["northing"])
            ring = (away > change["inner_m"]) & (away <= change["outer_m"])
            counts[change["what"]] += [(ring & ~after).sum(), (ring & after).sum()]
            rest &= ~(away <= change["outer_m"])
        counts["rest"] += [(rest & ~after).sum(), (rest & after).sum()]
    odds = {what: after / before for what, (before, after) in counts.items()}
    assert odds["treated"] / odds["rest"] == pytest.approx(0.8, abs=0.06)
    assert odds["displaced"] / odds["rest"] == pytest.approx(1.1, abs=0.07)


def test_step_change_in_the_rates(county):
    step = county.changes.query("what == 'step'").iloc[0]
    rates = county.rates.query("lpt == @step.lpt and category == @step.category")
    per_day = rates["expected"] / rates["month"].dt.days_in_month
    after = per_day[rates["month"] >= step["start"]]
    before = per_day[rates["month"] < step["start"]]
    assert (after / before.mean()).to_numpy() == pytest.approx(1.5)
    assert before.std() == pytest.approx(0, abs=1e-12)


def test_clocks(county):
    incidents = county.incidents
    hour = incidents["occurred_from"].dt.hour
    day = incidents["occurred_from"].dt.day_of_week
    asb = incidents["category"] == "Anti-social behaviour"
    assert hour[asb].between(16, 22).mean() == pytest.approx(65 / 100, abs=0.02)
    assert day[asb].isin([4, 5, 6]).mean() == pytest.approx(18 / 34, abs=0.02)
    overnight = incidents["category"].isin(["Burglary", "Vehicle crime"])
    assert (incidents["occurred_from"] == incidents["occurred_to"])[~overnight].all()
    lasts = incidents["occurred_to"] - incidents["occurred_from"]
    assert lasts[overnight].min() >= pd.Timedelta("6h")
    assert lasts[overnight].median() < pd.Timedelta("15h")
    assert (lasts[overnight] > pd.Timedelta("1D")).mean() == pytest.approx(0.05, abs=0.01)
    assert incidents.loc[overnight, "occurred_to"].dt.hour.between(6, 10).all()


def test_every_minute_exists():
    county = hs.make_county(seed=3, months=1, start="2024-02-01")
    assert county.incidents["occurred_from"].min() >= pd.Timestamp("2024-02-01")
    assert county.incidents["occurred_from"].max() < pd.Timestamp("2024-03-01")
    assert (county.incidents["occurred_from"].dt.day == 29).any()


def test_same_seed_same_county():
    # The hash stands for every platform and every allowed set of versions.
    first, again = hs.make_county(seed=7, months=2), hs.make_county(seed=7, months=2)
    assert digest(first) == digest(again)
    assert digest(first) == "c680651101fc93cb"
    assert digest(hs.make_county(seed=8, months=2)) != digest(first)


def test_map_stays_while_streets_follow_the_seed():
    one, two = hs.make_county(seed=1, months=1), hs.make_county(seed=2, months=1)
    assert one.lpts.geometry.equals(two.lpts.geometry)
    assert not one.hotspots.geometry.equals(two.hotspots.geometry)


def test_scale_multiplies_the_rates():
    one, three = hs.make_county(seed=5, months=6), hs.make_county(seed=5, months=6, scale=3)
    np.testing.assert_allclose(three.rates["expected"], 3 * one.rates["expected"])
    assert one.hotspots.geometry.equals(three.hotspots.geometry)
    assert len(three.incidents) / len(one.incidents) == pytest.approx(3, rel=0.05)


def test_one_month_and_none():
    county = hs.make_county(months=1, scale=1e-9)
    assert len(county.incidents) == 0
    check_incidents(county.incidents)
    assert "0 incidents" in county.text


def test_every_wrong_parameter_is_named():
    with pytest.raises(hs.InputError) as error:
        hs.make_county(seed=-1, months=0, start="2023-01-15", scale=0)
    assert len(error.value.faults) == 4
    for part in ("seed is -1", "months is 0", "start is '2023-01-15'", "scale is 0"):
        assert part in str(error.value)
    for start in ("soon", None, "2023-01-01T05:00", "2023-01-01T00:00Z"):
        with pytest.raises(hs.InputError, match="first day of a month"):
            hs.make_county(start=start)


def test_no_real_place_is_used(county):
    real = {"Stafford", "Stoke", "Tamworth", "Lichfield", "Cannock", "Leek", "Burton", "Newcastle"}
    words = " ".join([*county.lpts.index, *county.lpts["base"], *county.hotspots["name"]])
    assert not real & set(words.split())
