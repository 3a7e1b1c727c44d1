"""ST-DBSCAN: a plain loop, planted series, what it refuses, what comes of chance."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.contracts import InputError, Notice

START = pd.Timestamp("2025-01-01")


def table(xy, days, lasting=0.0, **columns) -> gpd.GeoDataFrame:
    """Incidents at points in metres whose intervals begin some days into 2025."""
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    begin = START + pd.to_timedelta(np.asarray(days, dtype=float), unit="D").round("s")
    end = begin + pd.to_timedelta(np.broadcast_to(lasting, len(xy)).astype(float), unit="D")
    index = pd.Index([f"i{n}" for n in range(len(xy))], name="incident")
    frame = {"category": "Burglary", "occurred_from": begin, "occurred_to": end, **columns}
    return gpd.GeoDataFrame(
        frame, geometry=gpd.points_from_xy(*xy.T), crs="EPSG:27700", index=index
    )


def plain_stdbscan(xy, day, weight, eps, eps_days, least):
    """ST-DBSCAN as the definition reads, incidents in order of time, then easting, northing."""
    order = np.lexsort((weight, xy[:, 1], xy[:, 0], day))
    xy, day, weight = xy[order], day[order], weight[order]
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    later = np.abs(day[:, None] - day[None])
    near = (apart <= eps) & (later <= eps_days)
    core = (near * weight).sum(axis=1) >= least
    label, series = np.full(len(xy), -1), 0
    for seed in np.flatnonzero(core):
        if label[seed] < 0:
            label[seed], todo = series, [seed]
            while todo:
                for other in np.flatnonzero(core & near[todo.pop()] & (label < 0)):
                    label[other] = series
                    todo.append(other)
            series += 1
    far = np.round(np.hypot(apart / eps, later / eps_days), 6)
    for one in np.flatnonzero(~core):
        reached = np.flatnonzero(core & near[one])
        if len(reached):
            label[one] = label[reached[np.argmin(far[one, reached])]]
    back = np.empty_like(label)
    back[order] = label
    return back


@pytest.mark.parametrize("seed", range(4))
def test_series_are_those_of_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 2500, (400, 2)).round(-1)  # some at one place
    day = rng.integers(0, 90, 400).astype(float)
    weight = rng.integers(1, 4, 400).astype(float)
    wanted = plain_stdbscan(xy, day, weight, 200, 10, 10)
    rows = table(xy, day, harm=weight)
    found = hs.STDBSCAN(200, 10, 10, weights="harm").fit(rows)
    assert wanted.max() >= 3
    np.testing.assert_array_equal(found.labels_, wanted)
    mixed = hs.STDBSCAN(200, 10, 10, weights="harm").fit(rows.sample(frac=1, random_state=3))
    pd.testing.assert_series_equal(mixed.labels_.reindex(rows.index), found.labels_)
    pd.testing.assert_frame_equal(mixed.series_, found.series_)


def test_both_limits_are_inclusive_and_both_must_hold():
    xy = [(0, 0), (200, 0), (0, 0), (0, 201), (0, 0)]
    days = [10.4, 10.4, 24.4, 10.4, 24.4 + 1 / 86_400]
    labels = hs.STDBSCAN(200, 14, 3).fit(table(xy, days)).labels_
    # the third is 14 days from the first two; the last a second more; the fourth a metre too far
    assert labels.tolist() == [0, 0, 0, -1, 0]
    assert hs.STDBSCAN(200, 14, 3).fit(table(xy[:2], days[:2])).labels_.tolist() == [-1, -1]
    late = hs.STDBSCAN(200, 14, 3).fit(table(xy[:2] + xy[4:], days[:2] + days[4:]))
    assert late.labels_.tolist() == [-1, -1, -1]


def test_the_middle_of_the_interval_is_its_time_and_long_ones_are_left_out():
    days, lasting = [0, 10, 10, 5], [0, 8, 1, 30]
    rows = table([(0, 0)] * 4, days, lasting)
    with pytest.warns(Notice, match=r"1 of 4 incidents left out: .* no better than eps_days=14"):
        found = hs.STDBSCAN(100, 14, 3).fit(rows)
    assert found.labels_.tolist() == [0, 0, 0, -1]
    assert found.undated_ == 1
    assert found.used_.tolist() == [True, True, True, False]
    told = found.series_.loc[0]
    assert told["first"] == START
    assert told["last"] == START + pd.Timedelta(days=14)  # 10 and a half of 8
    assert told["days"] == 14


def planted(seed=0) -> gpd.GeoDataFrame:
    """A year of scattered burglaries, with one old and two running series of eight."""
    rng = np.random.default_rng(seed)
    series = [((2000, 2000), 100), ((6000, 3000), 352), ((3000, 7000), 355)]
    xy = [rng.uniform(0, 10_000, (600, 2)), *(rng.normal(at, 50, (8, 2)) for at, _ in series)]
    days = [rng.uniform(0, 364, 600), *(day + np.linspace(0, 8, 8) for _, day in series)]
    place = ["Elsewhere"] * 600 + ["Mill Lane"] * 8 + ["High Street"] * 8 + ["Park Road"] * 8
    return table(np.vstack(xy), np.concatenate(days), place=place, harm=10.0, lpt=["East"] * 624)


def test_planted_series_are_found_and_chance_makes_few():
    rows = planted()
    found = hs.STDBSCAN(200, 7, 4).fit(rows)
    for start in (600, 608, 616):
        label = found.labels_.iloc[start : start + 8]
        assert (label == label.iloc[0]).all()
        assert label.iloc[0] >= 0
    told = found.series_
    assert told["active"].tolist() == [True, True] + [False] * (len(told) - 2)
    assert set(told["name"].iloc[:2]) == {"High Street", "Park Road"}
    assert told["incidents"].iloc[:2].between(8, 9).all()
    assert (told["extent_m"] < 400).all()
    assert told["harm"].iloc[0] == 10 * told["incidents"].iloc[0]
    assert told["lpt"].iloc[0] == "East"
    assert told.index.name == "series"
    chance = found.chance(shuffles=99)
    assert chance.index.tolist() == [4.0, 8.0]
    assert chance.loc[8, "series"] == 3
    assert chance.loc[8, "by_chance"] < 0.1
    assert (chance["low"] <= chance["by_chance"]).all()
    p = found.series_["p_value"]
    real = found.labels_.iloc[[600, 608, 616]]
    assert (p[real] <= 0.02).all()
    pd.testing.assert_frame_equal(found.chance(shuffles=99), chance)  # same seed


def test_a_place_that_is_always_busy_is_no_series_of_note():
    """200 a year at one corner, evenly: full at any time, so chance makes as much."""
    rng = np.random.default_rng(1)
    xy = np.vstack([rng.normal(3000, 30, (200, 2)), rng.uniform(0, 9000, (300, 2))])
    found = hs.STDBSCAN(200, 7, 4).fit(table(xy, rng.uniform(0, 364, 500)))
    busy = found.labels_.iloc[:200].mode().iloc[0]
    assert found.series_.loc[busy, "incidents"] > 20
    chance = found.chance(shuffles=59)
    assert found.series_.loc[busy, "p_value"] > 0.05
    assert chance.loc[4, "low"] <= chance.loc[4, "series"] <= chance.loc[4, "high"]


def test_a_small_p_value_is_rare_where_nothing_is_planted():
    """In a tenth of such maps the smallest p-value is at most a tenth, not in more."""
    rng = np.random.default_rng(2)
    smallest, series = [], 0
    for _ in range(40):
        xy, day = rng.uniform(0, 1500, (200, 2)), rng.uniform(0, 200, 200)
        found = hs.STDBSCAN(150, 10, 4).fit(table(xy, day))
        found.chance(shuffles=9, seed=int(rng.integers(1000)))
        smallest.append(found.series_["p_value"].min())
        series += len(found.series_)
    assert series > 60
    assert (np.array(smallest) <= 0.1).sum() <= 9  # 4 expected at most; over 9 in 1 of 200 such


def grid_of(size=100):
    box = shapely.box(0, 0, 10_000, 10_000)
    area = gpd.GeoDataFrame({"lpt": ["East"]}, geometry=[box], crs="EPSG:27700")
    return hs.Grid.over(hs.read_lpts(area), size)


def test_heat_comes_from_active_series_only_unless_told():
    rows, grid = planted(), grid_of()
    found = hs.STDBSCAN(200, 7, 4, years=1).fit(rows)
    heat = found.predict(grid)
    near = {name: np.hypot(*(grid.centres - at).T) < 100
            for name, at in (("old", (2000, 2000)), ("new", (6000, 3000)))}  # fmt: skip
    assert (heat[near["old"]] == 0).all()
    assert (heat[near["new"]] > 0).all()
    every = hs.STDBSCAN(200, 7, 4, years=1, active_only=False).fit(rows).predict(grid)
    assert (every[near["old"]] > 0).all()
    # the formula, at the hottest centre
    held = rows[found.labels_.isin(found.series_.index[found.series_["active"]])]
    hottest = grid.centres[np.argmax(heat)]
    far = np.hypot(held.geometry.x - hottest[0], held.geometry.y - hottest[1])
    wanted = np.maximum(1 - (far / 200) ** 2, 0).sum() * 2 / np.pi / 0.2**2
    assert heat.max() == pytest.approx(wanted)
    assert "p_value" not in found.hotspots(grid, min_incidents=4)
    found.chance(shuffles=19)
    spots = found.hotspots(grid, min_incidents=4)
    assert len(spots) == 2
    assert (spots["p_value"] == 0.05).all()
    assert set(spots["name"]) == {"High Street", "Park Road"}


def test_looking_from_an_earlier_day():
    rows = planted()
    then = hs.STDBSCAN(200, 7, 4, when="2025-04-15").fit(rows)
    assert then.when_ == pd.Timestamp("2025-04-15")
    assert then.used_.sum() == (rows["occurred_from"] <= then.when_).sum()
    assert then.series_.index[then.series_["active"]].tolist() == [then.labels_.iloc[600]]
    assert then.series_["last"].max() <= then.when_
    assert (then.labels_.iloc[608:] == -1).all()
    assert hs.STDBSCAN(when=then.when_).fit(rows).when_ == then.when_


def test_records_without_dates_or_own_places_are_refused():
    rows = planted()
    months = rows.assign(
        occurred_from=rows["occurred_from"].dt.to_period("M").dt.to_timestamp(),
        occurred_to=rows["occurred_from"].dt.to_period("M").dt.to_timestamp()
        + pd.offsets.MonthBegin(1),
    )
    with pytest.raises(InputError, match=r"do not bear it: only 0% are known to the day"):
        hs.STDBSCAN().fit(months)
    snapped = months.set_geometry(gpd.points_from_xy(
        rows.geometry.x.round(-3), rows.geometry.y.round(-3), crs=rows.crs
    ))  # fmt: skip
    with pytest.raises(InputError, match="their points are snapped"):
        hs.STDBSCAN().fit(snapped)


def test_wrong_parameters_are_named_at_once():
    wrong = hs.STDBSCAN(-1, "14", np.inf, when="soon", years=0, weights=3)
    with pytest.raises(InputError) as error:
        wrong.fit(planted())
    assert len(error.value.faults) == 6
    assert "when='soon'; it must be a date without a time zone" in str(error.value)
    with pytest.raises(InputError, match="eps_days=1000000; it must be at most 36,525") as error:
        hs.STDBSCAN(2e9, 1_000_000).fit(planted())
    assert len(error.value.faults) == 2
    for when in (20250401, pd.Timestamp("2025-04-01", tz="UTC"), pd.NaT, ""):
        with pytest.raises(InputError, match="it must be a date without a time zone"):
            hs.STDBSCAN(when=when).fit(planted())
    with pytest.raises(ValueError, match=r"call \.fit\(incidents\) first"):
        hs.STDBSCAN().chance()
    with pytest.raises(InputError) as error:
        hs.STDBSCAN().fit(planted()).chance(shuffles=0, seed=1.5)
    assert len(error.value.faults) == 2


def test_nothing_and_no_series_give_empty_tables():
    rows = planted()
    full = hs.STDBSCAN(200, 7, 4).fit(rows)
    full.chance(shuffles=9)
    for few in (rows.iloc[:0], rows.iloc[:1], rows.iloc[:0].set_crs("EPSG:27700")):
        found = hs.STDBSCAN(200, 7, 4).fit(few)
        told = found.chance(shuffles=9)
        assert told["series"].tolist() == [0]
        assert told["by_chance"].tolist() == [0]
        assert found.series_.columns.tolist() == full.series_.columns.tolist()
        assert len(found.series_) == 0
        assert found.series_["active"].dtype == bool
        assert (found.predict(grid_of()) == 0).all()
    lost = rows.iloc[:3].set_geometry([shapely.Point()] * 3, crs=rows.crs)
    assert hs.STDBSCAN(years=1).fit(lost).labels_.tolist() == [-1] * 3


def test_too_many_pairs_are_refused_before_memory_runs_out(monkeypatch):
    monkeypatch.setattr("hotspots.detect.stdbscan.MANY", 100)
    monkeypatch.setattr("hotspots.detect.stdbscan.MOST_PAIRS", 10_000)
    rows = table(np.zeros((200, 2)), np.zeros(200))
    with pytest.raises(InputError, match="19,900 pairs of incidents lie within eps=200 m"):
        hs.STDBSCAN().fit(rows)


@pytest.mark.realdata
def test_vehicle_thefts_of_new_york(shared):
    """35,746 thefts: more series than chance makes, and no more than that."""
    thefts = pd.read_csv(shared / "data" / "timed" / "nycvehiclethefts.csv.gz")
    begin = pd.to_datetime(thefts["date_start"])
    rows = gpd.GeoDataFrame(
        {"category": "Vehicle theft", "occurred_from": begin,
         "occurred_to": pd.to_datetime(thefts["date_end"]).fillna(begin)},
        geometry=gpd.points_from_xy(thefts["longitude"], thefts["latitude"]), crs=4326,
        index=pd.RangeIndex(len(thefts), name="incident"),
    ).to_crs(32618)  # fmt: skip
    with pytest.warns(Notice, match="2,842 of 35,746 incidents left out"):
        found = hs.STDBSCAN(250, 7).fit(rows)
    assert len(found.series_) == 78
    chance = found.chance(shuffles=5)
    assert 20 < chance["by_chance"].iloc[0] < 50
    assert len(found.series_.query("incidents >= 8")) > 2 * chance["by_chance"].iloc[1]
