"""ProMap: the published check values, a loop over pairs, what other grids make of it."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.contracts import InputError, Notice

END = pd.Timestamp("2025-03-01")


def box(size, side=2000, shape="square", at=(400_000, 300_000)) -> hs.Grid:
    area = shapely.box(*at, at[0] + side, at[1] + side)
    lpts = gpd.GeoDataFrame({"lpt": ["Box"]}, geometry=[area], crs="EPSG:27700")
    return hs.Grid.over(hs.read_lpts(lpts), size, shape)


def table(xy, days_ago, hours=0.0, **columns) -> gpd.GeoDataFrame:
    """Incidents at points, whose intervals of some hours end so many days before the end."""
    to = END - pd.to_timedelta(np.asarray(days_ago, dtype=float), unit="D")
    start = to - pd.to_timedelta(np.broadcast_to(hours, len(to)), unit="h")
    index = pd.Index([f"i{n}" for n in range(len(xy))], name="incident")
    frame = {"category": "Burglary", "occurred_from": start, "occurred_to": to, **columns}
    points = gpd.points_from_xy(*np.asarray(xy, dtype=float).T)
    return gpd.GeoDataFrame(frame, geometry=points, crs="EPSG:27700", index=index)


def heat_at(detector, incidents, point, size=50):
    grid = box(size)
    heat = detector.set_params(when=END).fit(incidents).predict(grid)
    return float(heat[grid.locate([point])[0]])


@pytest.mark.parametrize(
    ("cells", "weeks", "score"),
    [(0, 0, 1), (1, 1, 0.25), (3, 1, 0.125), (7, 7, 0.015625), (7, 0, 0.125), (0, 7, 0.125)],
)
def test_check_values(cells, weeks, score):
    """Of Bowers, Johnson and Pease's 400 m and 8 weeks, in 50 m cells, diagonals included."""
    one = table([(400_825, 300_825)], [7 * weeks + 1])
    for east, north in ((cells, 0), (0, -cells), (cells, cells), (-cells, cells // 2)):
        at = (400_825 + 50 * east, 300_825 + 50 * north)
        assert heat_at(hs.ProMap(), one, at) == pytest.approx(score, rel=1e-12)


def test_nothing_from_eight_cells_or_eight_weeks_on():
    near = table([(400_825, 300_825)], [1])
    assert heat_at(hs.ProMap(), near, (400_825 + 400, 300_825)) == 0
    assert heat_at(hs.ProMap(), near, (400_825, 300_825 - 400)) == 0
    both = table([(400_825, 300_825), (401_525, 301_525)], [56, 55.9])
    assert heat_at(hs.ProMap(), both, (400_825, 300_825)) == 0
    assert heat_at(hs.ProMap(), both, (401_525, 301_525)) == 1 / 8


def test_an_incident_on_an_edge_belongs_to_the_half_open_cell():
    """At 300 east it is in the cell of 325, one step from that of 275 and of 375."""
    edge = table([(400_300, 300_300)], [0])
    assert heat_at(hs.ProMap(), edge, (400_325, 300_325)) == 1
    assert heat_at(hs.ProMap(), edge, (400_275, 300_275)) == 0.5
    assert heat_at(hs.ProMap(), edge, (400_375, 300_325)) == 0.5


def score(east, north, days, *, space=400, time=56, unit=(50, 7), metric="chebyshev"):
    """One pair by the formula, as a loop would."""
    if metric == "chebyshev":
        d = max(abs(np.floor(east / unit[0] + 0.5)), abs(np.floor(north / unit[0] + 0.5)))
    else:
        d = np.floor(np.hypot(east, north) / unit[0] + 0.5)
    t = np.floor(days / unit[1])
    return 1 / (1 + d) / (1 + t) if d < space / unit[0] and 0 <= t < time / unit[1] else 0.0


@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
@pytest.mark.parametrize(("size", "shape"), [(50, "square"), (130, "square"), (110, "hex")])
def test_a_loop_over_all_pairs_agrees(metric, size, shape):
    rng = np.random.default_rng(5)
    xy = rng.uniform(-300, 2300, (60, 2)).round(1) + np.array([400_000, 300_000])
    xy[:20] = xy[20:40]  # repeats at one place
    days = rng.uniform(0, 80, 60)
    harm = rng.gamma(1, 30, 60)
    grid = box(size, 1200, shape)
    how = {"space": 330.0, "time": 40.0, "unit": (60.0, 5.0), "metric": metric}
    want = np.array([
        sum(h * score(*(at - centre), t, **how) for at, t, h in zip(xy, days, harm, strict=True))
        for centre in grid.centres
    ])  # fmt: skip
    detector = hs.ProMap(330, 40, unit=(60, 5), metric=metric, when=END, weights="harm")
    heat = detector.fit(table(xy, days, harm=harm)).predict(grid)
    np.testing.assert_allclose(heat, want, rtol=1e-10, atol=1e-12)
    assert (want > 0).sum() > 20
    assert detector.unit_ == "prospective score of harm"


def test_the_time_of_an_incident_is_the_middle_of_its_interval():
    late = table([(400_825, 300_825)], [6.75], hours=8)  # 6 days 22 hours: this week
    early = table([(400_825, 300_825)], [6.75], hours=16)  # 7 days 2 hours: last week
    assert heat_at(hs.ProMap(), late, (400_825, 300_825)) == 1
    assert heat_at(hs.ProMap(), early, (400_825, 300_825)) == 0.5


def test_the_moment_is_the_end_of_the_records_or_as_given():
    rows = table([(400_825, 300_825), (401_225, 301_225)], [30, 3])
    grid = box(50)
    first, second = grid.locate([(400_825, 300_825), (401_225, 301_225)])
    detector = hs.ProMap().fit(rows)
    assert detector.when_ == END - pd.Timedelta(days=3)
    assert detector.recent_ == 2
    assert detector.predict(grid)[second] == 1
    past = hs.ProMap(when="2025-02-01").fit(rows)
    assert past.when_ == pd.Timestamp("2025-02-01")
    assert past.recent_ == 1  # the later one has not happened yet
    assert past.predict(grid)[[first, second]].tolist() == [1, 0]
    assert hs.ProMap(when=END.date()).fit(rows).when_ == END
    with pytest.warns(Notice, match="no incident in the 56 days before 2020-01-01"):
        none = hs.ProMap(when="2020-01-01").fit(rows)
    assert (none.predict(grid) == 0).all()


def test_month_only_records_are_refused_and_long_intervals_left_out():
    monthly = table([(400_825, 300_825)] * 4, [0] * 4, hours=31 * 24)
    with pytest.raises(InputError, match="only 0% are known to the day"):
        hs.ProMap().fit(monthly)
    mixed = table([(400_825, 300_825)] * 4, [0] * 4, hours=[0, 0, 0, 240])
    with pytest.warns(Notice, match="1 of 4 recent incidents are known to a time longer than 7"):
        found = hs.ProMap(when=END).fit(mixed)
    assert found.recent_ == 3
    assert found.predict(box(50)).max() == 3


def test_every_fault_is_named():
    rows = table([(400_825, 300_825)], [0])
    with pytest.raises(InputError) as error:
        hs.ProMap(-1, None, unit=(50,), metric="taxi", when="soon").fit(rows)
    said = str(error.value)
    assert len(error.value.faults) == 5
    for part in ("space_m=-1", "time_days=None", "unit=(50,)", "metric='taxi'", "when='soon'"):
        assert part in said
    with pytest.raises(InputError, match="space_m=40 is less than one step of 50"):
        hs.ProMap(40).fit(rows)
    with pytest.raises(InputError, match="when="):
        hs.ProMap(when=pd.Timestamp("2025-01-01", tz="UTC")).fit(rows)
    with pytest.raises(
        InputError, match=r"too wide for a reach of 375 m: .* at most 530 m, best 50 m"
    ):
        hs.ProMap().fit(rows).predict(box(531))
    assert hs.ProMap().fit(rows).predict(box(530)).max() > 0


@pytest.mark.realdata
def test_new_york_thefts(shared):
    """Dated thefts, in another country and CRS, are scored."""
    stolen = pd.read_csv(shared / "data" / "timed" / "nycvehiclethefts.csv.gz")
    start, end = (pd.to_datetime(stolen[c]) for c in ("date_start", "date_end"))
    end = end.fillna(start)
    rows = gpd.GeoDataFrame(
        {"category": "Theft", "occurred_from": start, "occurred_to": end.where(end > start, start)},
        geometry=gpd.points_from_xy(stolen["longitude"], stolen["latitude"]), crs=4326,
    ).to_crs(32618)  # fmt: skip
    rows.index.name = "incident"
    with pytest.warns(Notice, match="known to a time longer than 7 days only"):
        found = hs.ProMap(when="2016-06-01").fit(rows)
    assert 500 < found.recent_ < 3000
    x, y = shapely.get_coordinates(shapely.MultiPoint(rows.geometry.to_numpy()).centroid)[0]
    area = gpd.GeoDataFrame(
        {"lpt": ["N"]}, geometry=[shapely.box(x - 5e3, y - 5e3, x + 5e3, y + 5e3)], crs=32618
    )
    heat = found.predict(hs.Grid.over(hs.read_lpts(area, crs="EPSG:32618"), 100))
    assert heat.max() > 1
