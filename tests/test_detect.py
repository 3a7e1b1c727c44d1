"""What every detector must do, whichever it is: one suite over all of them."""

import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas import GeoDataFrame
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import hotspots as hs
from hotspots.contracts import HOTSPOTS, InputError, Notice, check_table
from hotspots.detect import Detector

STREETS = GeoDataFrame(
    geometry=[
        shapely.LineString([(x, 339_900), (x, 343_100)]) for x in range(379_950, 384_100, 100)
    ]
    + [shapely.LineString([(379_900, y), (384_100, y)]) for y in range(339_950, 343_100, 500)],
    crs="EPSG:27700",
)
PEOPLE = GeoDataFrame(
    geometry=[shapely.Point(x, y) for x in range(379_025, 385_000, 50)
              for y in range(339_025, 344_000, 50)],
    crs="EPSG:27700",
)  # fmt: skip
DETECTORS = {
    "Counts": hs.Counts(),
    "KDE": hs.KDE(bandwidth=250),
    "KDE, adaptive": hs.KDE(250, "gaussian", adaptive=True),
    "DBSCAN": hs.DBSCAN(eps=150, min_incidents=10),
    "STDBSCAN": hs.STDBSCAN(150, eps_days=60, min_incidents=10, active_only=False),
    "HDBSCAN": hs.HDBSCAN(min_incidents=10),
    "EmpiricalBayes": hs.EmpiricalBayes(),
    "GiStar": hs.GiStar(),
    "LocalMoran": hs.LocalMoran(),
    "ProMap": hs.ProMap(400, 400, unit=(50, 400)),
    "NetworkKDE": hs.NetworkKDE(STREETS, 200),
    "RelativeRisk": hs.RelativeRisk(300, against=PEOPLE),
}
every = pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS.keys())
pytestmark = [
    pytest.mark.filterwarnings("ignore:RelativeRisk. hotspots rank by .* per 1,000:UserWarning"),
    pytest.mark.filterwarnings("ignore:HDBSCAN is exploratory:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*to learn the blend from:UserWarning"),
]
# These hold each place against all others: their heat is no density, may fall below 0, depends on
# the places it is held against, and one busy place alone is no surprise to them.
COMPARING = (hs.GiStar, hs.LocalMoran)
# These are given a table of their own, which stays where it is and is not written out in a repr.
GIVEN_A_TABLE = (hs.NetworkKDE, hs.RelativeRisk)
CLUSTERING = (hs.DBSCAN, hs.STDBSCAN, hs.HDBSCAN)
DENSITIES = {name: d for name, d in DETECTORS.items() if not isinstance(d, COMPARING)}
every_density = pytest.mark.parametrize("detector", DENSITIES.values(), ids=DENSITIES.keys())
SOUTH_WEST = np.array([380_000, 340_000])


def lpts(shift=(0, 0)) -> GeoDataFrame:
    """Two LPTs side by side, 2 × 3 km each."""
    x, y = SOUTH_WEST + shift
    shapes = [shapely.box(x, y, x + 2000, y + 3000), shapely.box(x + 2000, y, x + 4000, y + 3000)]
    return hs.read_lpts(GeoDataFrame({"lpt": ["West", "East"]}, geometry=shapes, crs="EPSG:27700"))


def table(xy, **columns) -> GeoDataFrame:
    """Incidents at points in metres from the south-west corner, one a day through 2025."""
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(len(xy)) % 365, unit="D")
    index = pd.Index([f"i{n:04d}" for n in range(len(xy))], name="incident")
    points = [shapely.Point() if pair is None else shapely.Point(SOUTH_WEST + pair) for pair in xy]
    frame = {"category": ["ASB"] * len(xy), "occurred_from": day, "occurred_to": day, **columns}
    return GeoDataFrame(frame, geometry=points, crs="EPSG:27700", index=index)


@pytest.fixture(scope="module")
def incidents() -> GeoDataFrame:
    """Three busy places, one of them across the line between the LPTs, and a scatter."""
    rng = np.random.default_rng(11)
    busy = [((630, 2240), 80), ((2000, 1500), 120), ((3310, 770), 60)]
    near = [rng.normal(at, 60, (n, 2)) for at, n in busy]
    xy = np.vstack([*near, rng.uniform(50, (3950, 2950), (340, 2))]).round(1)
    street = np.repeat(
        ["High Street", "Mill Lane", "Station Road", "Elsewhere"], [80, 120, 60, 340]
    )
    place = pd.Series(street).where(np.arange(600) % 5 > 0).map("On or near {} ".format, "ignore")
    return table(list(xy), place=place.to_numpy(), harm=rng.gamma(1, 20, 600))


@pytest.fixture(scope="module")
def grid() -> hs.Grid:
    return hs.Grid.over(lpts(), size=100)


# --- the estimator ---------------------------------------------------------------------------


@every
def test_a_clone_has_the_same_parameters_and_is_not_fitted(detector, incidents, grid):
    twin = clone(detector.fit(incidents))
    if not isinstance(detector, GIVEN_A_TABLE):  # tables do not compare to one truth
        assert twin.get_params() == detector.get_params()
    assert repr(twin) == repr(detector)
    with pytest.raises(NotFittedError, match=r"call \.fit\(incidents\) first"):
        twin.predict(grid)
    with pytest.raises(NotFittedError):
        twin.hotspots(grid)


@every
def test_parameters_are_checked_when_fitting_only(detector, incidents):
    wrong = clone(detector).set_params(years=-1)
    with pytest.raises(InputError, match="years=-1; it must be above 0"):
        wrong.fit(incidents)


@every
def test_repr_names_every_value(detector):
    if isinstance(detector, GIVEN_A_TABLE):
        pytest.skip("its repr tells the type and rows of its table only")
    shown = repr(clone(detector).set_params(weights="harm", years=2.0))
    assert shown.startswith(type(detector).__name__ + "(")
    assert shown.endswith("weights='harm', years=2.0)")
    again = eval(f"hs.{shown}", {"hs": hs})
    assert again.get_params()["weights"] == "harm"
    assert repr(again) == shown


@every
def test_fit_returns_itself_and_leaves_the_input_alone(detector, incidents, grid):
    before = incidents.copy(deep=True)
    learner = clone(detector)
    assert learner.fit(incidents) is learner
    learner.predict(grid)
    learner.hotspots(grid)
    pd.testing.assert_frame_equal(incidents, before)


@every
def test_heat_is_aligned_with_the_grid(detector, incidents, grid):
    heat = clone(detector).fit(incidents).predict(grid)
    assert heat.name == "heat"
    assert heat.index.name == "cell"
    assert heat.index.tolist() == grid.cells.tolist()
    assert heat.dtype == float
    assert heat.min() >= (-np.inf if isinstance(detector, hs.GiStar) else 0)
    assert heat.max() > 0


@every
@pytest.mark.parametrize("weights", [None, "harm"])
def test_the_order_of_rows_does_not_matter(detector, incidents, grid, weights):
    learner = clone(detector).set_params(weights=weights)
    there = learner.fit(incidents).hotspots(grid)
    heat = learner.predict(grid)
    mixed = incidents.sample(frac=1, random_state=4)
    pd.testing.assert_series_equal(learner.fit(mixed).predict(grid), heat, check_exact=True)
    pd.testing.assert_frame_equal(learner.hotspots(grid), there)


@every
def test_moving_everything_by_whole_cells_moves_the_heat(detector, incidents, grid):
    if isinstance(detector, GIVEN_A_TABLE):
        pytest.skip("its table stays where it is")
    shift = np.array([12_300, -4_500])
    moved = incidents.set_geometry(incidents.translate(*shift))
    elsewhere = hs.Grid.over(lpts(shift), size=100)
    here = clone(detector).fit(incidents).predict(grid)
    there = clone(detector).fit(moved).predict(elsewhere)
    np.testing.assert_allclose(there, here, rtol=1e-7, atol=1e-7)
    assert (elsewhere.centres - grid.centres == shift).all()


@every
def test_doubling_every_incident_keeps_the_ranks(detector, incidents, grid):
    if isinstance(detector, hs.HDBSCAN):
        pytest.skip("sets incidents at one place up to 1 m apart, and its clusters hang on that")
    if isinstance(detector, hs.EmpiricalBayes):
        pytest.skip("trusts counts more when there are twice as many")
    twice = pd.concat([incidents, incidents.set_axis(incidents.index + "b")])
    twice.index.name = "incident"
    learner = clone(detector)
    if "min_incidents" in learner.get_params():
        learner.set_params(min_incidents=2 * learner.min_incidents)
    one = clone(detector).fit(incidents)
    two = learner.fit(twice)
    times = 1 if isinstance(detector, COMPARING) else 2
    np.testing.assert_allclose(two.predict(grid), times * one.predict(grid), rtol=1e-12)
    a, b = one.hotspots(grid), two.hotspots(grid, min_incidents=24)
    assert a.index.tolist() == b.index.tolist()
    assert b["incidents"].tolist() == (2 * a["incidents"]).tolist()


@every_density
def test_heat_is_per_year(detector, incidents, grid):
    if isinstance(detector, hs.ProMap):
        pytest.skip("scores the last weeks, whatever came before")
    once = clone(detector).fit(incidents)
    assert once.years_ == 1
    half = clone(detector).set_params(years=0.5).fit(incidents)
    np.testing.assert_allclose(half.predict(grid), 2 * once.predict(grid))


@every
def test_weights_of_one_are_counts(detector, incidents, grid):
    if isinstance(detector, (hs.ProMap, hs.RelativeRisk)):
        pytest.skip("has a unit of its own, tested in its own module")
    plain = clone(detector).fit(incidents)
    ones = clone(detector).set_params(weights="harm").fit(incidents.assign(harm=1.0))
    if not isinstance(detector, COMPARING):
        assert plain.unit_ == "incidents per km² per year"
        assert ones.unit_ == "harm per km² per year"
    np.testing.assert_allclose(ones.predict(grid), plain.predict(grid), rtol=1e-12)
    with pytest.raises(InputError, match="weights='cost' is not a column"):
        clone(detector).set_params(weights="cost").fit(incidents)


@every_density
def test_an_lpt_alone_has_the_same_heat(detector, incidents, grid):
    """No loss at the line: what lies beyond it counts for the cells this side."""
    if isinstance(detector, hs.EmpiricalBayes):
        pytest.skip("learns its blend from the cells of the grid")
    learner = clone(detector).fit(incidents)
    whole = pd.Series(learner.predict(grid).to_numpy(), index=grid.ids)
    west = hs.Grid.over(lpts().loc[["West"]], size=100)
    np.testing.assert_allclose(learner.predict(west), whole[west.ids], rtol=1e-12)


@every
def test_police_generated_incidents_are_left_out_and_said(detector, incidents, grid):
    origin = np.where(np.arange(len(incidents)) < 80, "police", "public")
    marked = incidents.assign(origin=origin)
    with pytest.warns(Notice, match="80 police-generated incidents .* left out of targeting"):
        without = clone(detector).fit(marked)
    want = clone(detector).fit(incidents.iloc[80:]).predict(grid)
    np.testing.assert_allclose(without.predict(grid), want)
    assert without.hotspots(grid)["incidents"].sum() <= 520
    kept = clone(detector).set_params(include_police=True).fit(marked)
    np.testing.assert_allclose(kept.predict(grid), clone(detector).fit(incidents).predict(grid))


@every
def test_weights_of_zero_give_no_heat(detector, incidents, grid):
    learner = clone(detector).set_params(weights="harm").fit(incidents.assign(harm=0.0))
    assert (learner.predict(grid) == 0).all()


@every
def test_parameters_of_the_wrong_kind_are_refused_all_at_once(detector, incidents):
    wrong = {"years": "2", "weights": ["harm"]}
    wrong |= {n: str(v) for n, v in detector.get_params().items() if isinstance(v, (int, float))
              and not isinstance(v, bool)}  # fmt: skip
    with pytest.raises(InputError) as error:
        clone(detector).set_params(**wrong).fit(incidents)
    assert len(error.value.faults) == len(wrong)
    assert "weights=['harm']; it must name one column" in str(error.value)


@every
def test_missing_months_are_not_zeros(detector, incidents):
    months = incidents["occurred_from"].dt.month
    some = incidents[months.isin([1, 2, 3, 10, 11, 12])]
    assert clone(detector).fit(some).years_ == 0.5
    few = some.iloc[:0:-40]
    with pytest.warns(Notice, match="months hold no incident and count as missing, not as zero"):
        clone(detector).fit(few)
    clone(detector).set_params(years=1).fit(few)  # said otherwise, so nothing to announce


class Recent(hs.Counts):
    """A method of one's own that has a half-life, and leaves it to the base."""

    def __init__(self, half_life="30D", *, weights=None, years=None, include_police=False):
        super().__init__(weights=weights, years=years, include_police=include_police)
        self.half_life = half_life


def test_a_half_life_weighs_by_age_and_divides_by_years_weighed_alike(grid):
    """By hand: January, March and December are there; ages run to the last ``occurred_to``."""
    start = pd.to_datetime(["2025-01-01", "2025-03-10", "2025-12-01", "2025-12-29"])
    end = pd.to_datetime(["2025-02-01", "2025-03-11", "2025-12-01", "2025-12-31"])
    xy = [(50, 50), (50, 50), (1050, 50), (2050, 50)]
    rows = table(xy, harm=[3.0, 1, 1, 1]).assign(occurred_from=start, occurred_to=end)
    ages = [364 - 15.5, 295.5, 30, 1]  # of the middle of each, from 31 December 00:00
    weight = 0.5 ** (np.array(ages) / 30) * [3, 1, 1, 1]
    days = pd.date_range("2025-01-01", "2025-12-29")
    decay = pd.Series(0.5 ** ((364 - np.arange(len(days)) - 0.5) / 30), index=days.month)
    years = decay.groupby(level=0).mean()[[1, 3, 12]].sum() / 12
    with pytest.warns(Notice, match="9 of 12 months hold no incident"):
        learner = Recent(weights="harm").fit(rows)
    assert learner.years_ == pytest.approx(years, rel=1e-12)
    heat = pd.Series(learner.predict(grid).to_numpy(), index=grid.ids) * years / 100
    want = {"E380000_N340000": weight[:2].sum(), "E381000_N340000": weight[2],
            "E382000_N340000": weight[3]}  # fmt: skip
    assert heat[list(want)].to_dict() == pytest.approx(want, rel=1e-12)
    # years given: the same decay over so long back from the end
    fixed = Recent(years=2).fit(rows)
    assert fixed.years_ == pytest.approx(np.mean(0.5 ** (np.arange(0.5, 7305) / 300)) * 2, rel=1e-4)


@pytest.mark.parametrize("detector", [Recent(), hs.KDE(250)], ids=["Recent", "KDE"])
def test_recent_heat_stays_per_year(detector, incidents, grid):
    """Where nothing changes a half-life changes little, in whatever unit and order of rows."""
    steady = pd.concat([incidents] * 4, ignore_index=True).rename_axis("incident")
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(len(steady)) * 365 // 2400, "D")
    steady = steady.assign(occurred_from=day, occurred_to=day)
    plain = clone(detector).set_params(half_life=None).fit(steady).predict(grid)
    learner = clone(detector).set_params(half_life="60D")
    recent = learner.fit(steady).predict(grid)
    assert recent.sum() == pytest.approx(plain.sum(), rel=0.02)
    endless = clone(detector).set_params(half_life="36500D").fit(steady).predict(grid)
    np.testing.assert_allclose(endless, plain, rtol=5e-3, atol=1e-9)
    mixed = learner.fit(steady.sample(frac=1, random_state=1)).predict(grid)
    pd.testing.assert_series_equal(mixed, recent, check_exact=True)
    assert (learner.fit(steady.iloc[:0]).predict(grid) == 0).all()
    for wrong in ("soon", 30, "-5D", "12h", pd.NaT):
        with pytest.raises(InputError, match=r"half_life=.*it must be a length of time, a day"):
            clone(detector).set_params(half_life=wrong).fit(steady)


@every
def test_an_empty_table_gives_no_heat_and_no_hotspots(detector, incidents, grid):
    learner = clone(detector).fit(incidents.iloc[:0])
    assert (learner.predict(grid) == 0).all()
    with pytest.warns(Notice, match="no hotspot holds 12 incidents"):
        none = learner.hotspots(grid)
    assert len(none) == 0
    full = clone(detector).fit(incidents).hotspots(grid)
    assert none.columns.tolist() == full.columns.tolist()
    assert none.dtypes.to_dict() == full.dtypes.to_dict()
    assert none.crs == full.crs
    assert none.index.name == "hotspot"


@every
def test_one_incident(detector, grid):
    if isinstance(detector, hs.RelativeRisk):
        pytest.skip("grows hotspots on what is beyond chance only")
    learner = clone(detector).fit(table([(150, 150)]))
    assert np.isfinite(learner.predict(grid)).all()
    with pytest.warns(Notice, match="lower min_incidents"):
        assert len(learner.hotspots(grid)) == 0
    if not isinstance(detector, (*CLUSTERING, *COMPARING)):  # noise to them
        assert len(learner.hotspots(grid, min_incidents=1)) == 1


@every_density
def test_all_at_one_place_with_some_unlocated(detector, grid):
    learner = clone(detector).fit(table([(1234, 567)] * 30 + [None] * 5))
    spots = learner.hotspots(grid)
    assert spots["incidents"].iloc[0] == 30
    assert spots.index[0] == "E381200_N340500"
    assert learner.used_.sum() == 30


@every
@pytest.mark.parametrize("size", [100, 130])
def test_hexagons_work_as_squares_do(detector, incidents, size):
    hexes = hs.Grid.over(lpts(), size, "hex")
    learner = clone(detector).fit(incidents)
    spots = learner.hotspots(hexes, top_k=3)
    squares = learner.hotspots(hs.Grid.over(lpts(), size), top_k=1)
    assert len(spots) == 3 or isinstance(detector, COMPARING)  # only significant ones
    apart = spots.geometry.iloc[0].centroid.distance(squares.geometry.iloc[0].centroid)
    assert apart < 2 * size


@every
def test_wrong_tables_and_grids_are_refused_with_a_remedy(detector, incidents, grid):
    if isinstance(detector, hs.RelativeRisk):
        pytest.skip("its reference is in the CRS of the incidents, which this changes")
    learner = clone(detector).fit(incidents)
    with pytest.raises(InputError, match=r"grid is of type DataFrame; give a Grid"):
        learner.predict(incidents.drop(columns="geometry"))
    abroad = clone(detector).fit(incidents.to_crs(32630))
    with pytest.raises(InputError, match=r"bring one to the other with \.to_crs"):
        abroad.predict(grid)
    with pytest.raises(InputError, match="column 'category' is missing"):
        clone(detector).fit(incidents.drop(columns="category"))
    with pytest.raises(InputError, match="distances need a projected CRS in metres"):
        clone(detector).fit(incidents.to_crs(4326))


def test_all_detectors_are_tested():
    ours, more = set(), [Detector]
    while more:  # a base in a private module is no detector itself
        more = [d for base in more for d in base.__subclasses__()]
        ours |= {
            d for d in more if d.__module__.startswith("hotspots.") and "._" not in d.__module__
        }
    assert {type(d) for d in DETECTORS.values()} == ours


def test_a_method_of_ones_own_is_a_few_lines(incidents, grid):
    """The example of docs/methods/detection.md."""

    class Nearest(Detector):
        """Heat falls with the distance to the nearest incident."""

        def __init__(self, scale=200, *, weights=None, years=None, include_police=False):
            self.scale = scale
            self.weights, self.years, self.include_police = weights, years, include_police

        def _heat(self, grid):
            from scipy.spatial import cKDTree

            distance, _ = cKDTree(self.locations_[["x", "y"]]).query(grid.centres)
            return np.exp(-distance / self.scale)

    learner = clone(Nearest(scale=50)).fit(incidents)
    assert repr(learner) == "Nearest(scale=50)"
    assert learner.predict(grid).between(0, 1).all()
    assert len(learner.hotspots(grid, top_k=3)) == 3


# --- hotspots --------------------------------------------------------------------------------


@every
@pytest.mark.parametrize(
    "how", [{}, {"top_k": 2}, {"coverage": 0.05}, {"coverage": 0.05, "per_lpt": True},
            {"top_k": 2, "per_lpt": True}, {"max_area_km2": 0.3}],
)  # fmt: skip
def test_hotspots_keep_their_limits(detector, incidents, grid, how):
    learner = clone(detector).fit(incidents)
    spots = learner.hotspots(grid, **how)
    check_table(spots, HOTSPOTS)
    assert len(spots) > 0
    assert spots["rank"].tolist() == list(range(1, len(spots) + 1))
    assert spots["heat"].is_monotonic_decreasing
    assert (spots["incidents"] >= 12).all()
    assert (spots["area_km2"] <= how.get("max_area_km2", 0.05) + 1e-12).all()
    assert spots.geometry.area.to_numpy() / 1e6 == pytest.approx(spots["area_km2"].to_numpy())
    assert (spots.geom_type == "Polygon").all()  # joined along edges
    assert spots.union_all().area == pytest.approx(spots.area.sum())  # none overlap
    if "coverage" in how:
        inside = len(grid.cells) * grid.area_km2
        assert spots["area_km2"].sum() <= how["coverage"] * inside + 1e-9
        if how.get("per_lpt"):
            by_lpt = spots.groupby("lpt")["area_km2"].sum()
            assert (by_lpt <= how["coverage"] * inside / 2 + 1e-9).all()
    elif how.get("per_lpt"):
        assert (spots["lpt"].value_counts() <= how["top_k"]).all()
        assert set(spots["lpt"]) == {"West", "East"}
    else:
        assert len(spots) <= how.get("top_k", 20)
    # within one LPT, and counting what lies inside
    two = lpts()
    for spot in spots.itertuples():
        assert spot.geometry.within(two.geometry[spot.lpt].buffer(1e-6))
    at = grid.locate(incidents)
    cells = grid.polygons(at[at >= 0])
    where = shapely.STRtree(spots.geometry.to_numpy())
    inside, number = where.query(cells.centroid.to_numpy(), predicate="within")
    assert np.bincount(number, minlength=len(spots)).tolist() == spots["incidents"].tolist()
    harm = incidents["harm"].to_numpy()[at >= 0][inside]
    summed = np.bincount(number, harm, minlength=len(spots))
    np.testing.assert_allclose(spots["harm"], summed)


@every
def test_hotspots_find_the_busy_places_and_name_them(detector, incidents, grid):
    spots = clone(detector).fit(incidents).hotspots(grid, top_k=4)
    assert {"High Street", "Mill Lane", "Station Road"} <= set(spots["name"])
    assert spots["method"].unique().tolist() == [repr(detector)]
    assert spots["period_start"].eq(pd.Timestamp("2025-01-01")).all()
    assert spots["period_end"].eq(pd.Timestamp("2025-12-31")).all()
    # the busiest place lies across the line, and each LPT has its side of it
    assert set(spots.loc[spots["name"] == "Mill Lane", "lpt"]) == {"West", "East"}


@every
def test_the_id_is_that_of_the_hottest_cell_with_incidents(detector, incidents, grid):
    learner = clone(detector).fit(incidents)
    heat = pd.Series(learner.predict(grid).to_numpy(), index=grid.ids)
    held = set(grid.ids[grid.counts(incidents).to_numpy() > 0])
    spots = learner.hotspots(grid)
    np.testing.assert_allclose(spots["heat"], heat[spots.index])
    cells = grid.polygons()
    for spot in spots.itertuples():
        inside = cells["id"][cells.centroid.within(spot.geometry)]
        assert heat[inside[inside.isin(held)]].max() == spot.heat


@every_density
def test_coverage_of_everything_takes_every_place_with_incidents(detector, incidents, grid):
    if isinstance(detector, hs.RelativeRisk):
        pytest.skip("grows hotspots on what is beyond chance only")
    learner = clone(detector).fit(incidents)
    spots = learner.hotspots(grid, coverage=1.0, min_incidents=0, max_area_km2=50)
    warm = learner.predict(grid).to_numpy() > 0
    held = grid.counts(incidents).to_numpy() > 0
    covered = shapely.STRtree(spots.geometry.to_numpy()).query(
        shapely.points(grid.centres[warm & held]), predicate="within"
    )
    assert len(covered[0]) == (warm & held).sum()
    assert spots["area_km2"].sum() <= warm.sum() * grid.area_km2 + 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_k": 5, "coverage": 0.1}, "are both given; give one"),
        ({"top_k": 0}, "top_k=0; it must be a whole number from 1"),
        ({"top_k": 2.5}, "top_k=2.5"),
        ({"top_k": True}, "top_k=True"),
        ({"coverage": 0}, "coverage=0; it must be a share above 0 and at most 1"),
        ({"coverage": 1.5}, "coverage=1.5"),
        ({"coverage": np.nan}, "coverage=nan"),
        ({"coverage": 1e-6}, "less than one cell"),
        ({"max_area_km2": 0.005}, "must hold at least one cell of 0.01 km²"),
        ({"max_area_km2": np.nan}, "max_area_km2=nan"),
        ({"min_incidents": -1}, "min_incidents=-1; it must be a number from 0"),
        ({"min_incidents": None}, "min_incidents=None; it must be a number"),
        ({"max_area_km2": "0.05"}, "max_area_km2='0.05'; it must hold"),
        ({"coverage": "1%"}, "coverage='1%'; it must be a share"),
    ],
)
def test_impossible_requests_are_refused(incidents, grid, arguments, message):
    learner = hs.Counts().fit(incidents)
    with pytest.raises(InputError, match=message.replace("²", ".")):
        learner.hotspots(grid, **arguments)


def test_every_fault_of_a_request_is_named(incidents, grid):
    with pytest.raises(InputError) as error:
        hs.Counts().fit(incidents).hotspots(grid, top_k=0, coverage=2, max_area_km2=0)
    assert len(error.value.faults) == 4


def test_a_hotspot_grows_by_its_hottest_neighbour(grid):
    """Counts by hand: seed 9, then 5 beside it, then 7, which only the 5 made a neighbour."""
    cells = {(5, 5): 9, (6, 5): 5, (7, 5): 7, (5, 6): 4, (5, 4): 3, (9, 9): 8, (6, 6): 1}
    xy = [(100 * c + 50, 100 * r + 50) for (c, r), n in cells.items() for _ in range(n)]
    spots = hs.Counts().fit(table(xy)).hotspots(grid, max_area_km2=0.03, min_incidents=8)
    assert spots["incidents"].tolist() == [21, 8]
    assert spots.index.tolist() == ["E380500_N340500", "E380900_N340900"]
    assert spots.geometry.iloc[0].bounds == (380500, 340500, 380800, 340600)


def regions(grid, heat, counts, **limits) -> list[list[str]]:
    """Ids of the cells of regions found in heat and counts given by column and row."""
    from hotspots.detect._regions import Limits, find_regions

    lattice = np.zeros((2, grid.rows, grid.columns))
    for layer, values in zip(lattice, (heat, counts), strict=True):
        for (column, row), value in values.items():
            layer[row, column] = value
    asked = {"top_k": None, "coverage": None, "max_area_km2": 0.03, "min_incidents": 12}
    checked = Limits.checked(grid, **{"per_lpt": False, **asked, **limits})
    warm, held = (layer.ravel()[grid.cells] for layer in lattice)
    found = find_regions(grid, warm, held.astype(int), checked)
    return [[(c % 40, c // 40) for c in grid.cells[region].tolist()] for region in found]


def test_what_is_left_of_a_hill_comes_after_the_peaks(grid):
    """A ridge falling eastwards from (5, 5), and a lower peak elsewhere."""
    heat = {(c, 5): 100 - c for c in range(5, 15)} | {(10, 20): 30}
    counts = dict.fromkeys(heat, 15)
    peaks = [[(5, 5), (6, 5), (7, 5)], [(10, 20)]]
    assert regions(grid, heat, counts, top_k=2) == peaks
    # slopes only when no peak is left, and the order is that of heat all the same
    slope = [(8, 5), (9, 5), (10, 5)]
    assert regions(grid, heat, counts, top_k=3) == [peaks[0], slope, peaks[1]]


def test_a_corner_away_is_still_downhill(grid):
    heat = {(5, 5): 50, (6, 6): 40, (7, 7): 30, (20, 20): 20}
    counts = dict.fromkeys(heat, 12)
    assert regions(grid, heat, counts, top_k=2) == [[(5, 5)], [(20, 20)]]


def test_cells_with_incidents_join_first_and_empty_ends_are_dropped(grid):
    heat = {(5, 5): 9, (6, 5): 8, (5, 6): 7, (4, 5): 2, (7, 5): 1}
    assert regions(grid, heat, {(5, 5): 10, (4, 5): 2}) == [[(5, 5), (4, 5)]]
    assert regions(grid, heat, {(6, 5): 12, (5, 5): 0}) == [[(6, 5)]]  # the hottest holds none


def test_a_peak_too_thin_does_not_hide_its_neighbour(grid):
    heat = {(5, 5): 50, (6, 6): 40}
    assert regions(grid, heat, {(5, 5): 11, (6, 6): 12}) == [[(6, 6)]]


def test_coverage_is_spent_on_places_that_are_given(grid):
    """None of three cells is lost on a place too thin, and the last place gets what is left."""
    heat = {(5, 5): 50, (15, 15): 40, (16, 15): 39, (10, 25): 30, (11, 25): 29}
    counts = {**dict.fromkeys(heat, 12), (5, 5): 11}
    found = regions(grid, heat, counts, coverage=3 / 1200)
    assert found == [[(15, 15), (16, 15)], [(10, 25)]]
    assert regions(grid, heat, counts, coverage=3.9 / 1200) == found


def test_each_lpt_has_its_side_of_a_hill(grid):
    """Columns under 20 are West: its hottest cell is a peak though East's beside it is hotter."""
    heat = {(19, 5): 40, (20, 5): 50}
    found = regions(grid, heat, dict.fromkeys(heat, 12))
    assert found == [[(20, 5)], [(19, 5)]]


def test_equal_heat_goes_to_the_south_then_the_west(grid):
    cells = [(8, 8), (12, 8), (8, 3), (3, 8)]
    xy = [(100 * c + 50, 100 * r + 50) for c, r in cells for _ in range(12)]
    spots = hs.Counts().fit(table(xy)).hotspots(grid)
    assert spots.index.tolist() == [
        "E380800_N340300", "E380300_N340800", "E380800_N340800", "E381200_N340800",
    ]  # fmt: skip


def test_a_region_too_thin_leaves_its_cells_to_others(grid):
    """The hottest cell alone is too thin at this cap; its neighbours still make a hotspot."""
    weight = np.array([100.0] + [1.0] * 12 + [1.0])
    xy = [(550, 550), *[(750, 550)] * 12, (650, 550)]
    detector = hs.Counts(weights="harm").fit(table(xy, harm=weight))
    spots = detector.hotspots(grid, max_area_km2=0.02)
    assert spots["incidents"].tolist() == [13]
    assert spots.geometry.iloc[0].bounds == (380600, 340500, 380800, 340600)


def test_names_tie_alphabetically_and_may_be_missing(grid):
    xy = [(50, 50)] * 12 + [(1050, 1050)] * 12
    place = ["On or near B Road", "A Road"] * 6 + [None] * 12
    spots = hs.Counts().fit(table(xy, place=place)).hotspots(grid)
    assert spots["name"].iloc[0] == "A Road"
    assert pd.isna(spots["name"].iloc[1])
    assert hs.Counts().fit(table(xy)).hotspots(grid)["name"].isna().all()


def test_a_name_found_elsewhere_too_is_told_apart_by_a_street_nearby(grid):
    xy = [(50, 50)] * 20 + [(3050, 2050)] * 15 + [(1050, 1050)] * 12
    place = ["Supermarket"] * 12 + ["Mill Lane"] * 5 + ["Elm Row"] * 3
    place += ["Supermarket"] * 15 + ["High Street"] * 12
    spots = hs.Counts().fit(table(xy, place=place)).hotspots(grid)
    assert spots["name"].tolist() == ["Supermarket near Mill Lane", "Supermarket", "High Street"]


@pytest.mark.parametrize("detector", [hs.Counts(), hs.KDE(), hs.DBSCAN()], ids=repr)
def test_planted_hotspots_are_found(county, detector):
    asb = county.incidents.query("category == 'Anti-social behaviour' and origin != 'police'")
    spots = detector.fit(asb).hotspots(hs.Grid.over(county.lpts, 100), top_k=20)
    planted = county.hotspots.query("category == 'Anti-social behaviour'")
    lasting = planted[planted["class_"] == "persistent"]
    assert len(lasting) >= 5
    for truth in lasting.geometry:
        assert spots.geometry.iloc[:10].intersects(truth).any()
    assert spots.geometry.iloc[:5].intersects(planted.union_all()).all()
