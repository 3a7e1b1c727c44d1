"""EmpiricalBayes: the formula by hand, known truth found again, what it must beat, what it says."""

import pickle
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import hotspots as hs
from hotspots.contracts import InputError, Notice
from hotspots.detect import _prior, bayes
from hotspots.detect._prior import HeldOut, Mixture, posterior

THEFT, BURGLARY = "Other theft", "Burglary"


def box_grid(width=2000, height=1500, size=100, shape="square") -> hs.Grid:
    area = gpd.GeoDataFrame(
        {"lpt": ["Box"]}, geometry=[shapely.box(0, 0, width, height)], crs="EPSG:27700"
    )
    return hs.Grid.over(hs.read_lpts(area), size=size, shape=shape)


def table(xy, when="2025-01-10", category=BURGLARY, **columns) -> gpd.GeoDataFrame:
    when = pd.to_datetime(pd.Series(np.broadcast_to(when, len(xy)).copy()))
    frame = {"category": category, "occurred_from": when, "occurred_to": when, **columns}
    points = gpd.points_from_xy(*np.asarray(xy, dtype=float).T)
    made = gpd.GeoDataFrame(frame, geometry=points, crs="EPSG:27700")
    return made.set_index(pd.Index([f"i{n}" for n in range(len(xy))], name="incident"))


@pytest.fixture(scope="module")
def street() -> gpd.GeoDataFrame:
    """A year of two types at 400 places: burglary is rare, and comes where much theft is."""
    rng = np.random.default_rng(5)
    places = rng.uniform(0, (2000, 1500), (400, 2)).round()
    busy = rng.gamma(0.5, 1.0, 400)
    rows = []
    for category, total in ((THEFT, 2400), (BURGLARY, 300)):
        at = rng.choice(400, total, p=busy / busy.sum())
        days = rng.integers(0, 365, total)
        rows.append(table(places[at], pd.Timestamp("2025-01-01") + pd.to_timedelta(days, "D"),
                          category))  # fmt: skip
    both = pd.concat(rows)
    return both.set_index(pd.Index([f"i{n}" for n in range(len(both))], name="incident"))


@pytest.fixture
def mixed(monkeypatch):
    """Put a mixture in the place of the one to be learned."""

    def put(shape, weights=(0.4, 0.3, 0.2, 0.1)):
        mixture = Mixture(np.array(weights), shape, 3, 999)
        monkeypatch.setattr(bayes, "learn", lambda _: mixture)

    return put


# --- the formula -------------------------------------------------------------------------------


def test_posterior_by_hand():
    """(1.5 + 4) / (1.5 / 2 + 1) = 22 / 7; a count of 0 gives 1.5 / 1.75 = 6 / 7."""
    found = posterior(np.array([4.0, 0.0, 0.0]), np.array([2.0, 2.0, 0.0]), 1.5)
    np.testing.assert_allclose(found, [22 / 7, 6 / 7, 0.0], rtol=1e-15)


@pytest.mark.parametrize("shape", [1e-6, 0.3, 1.0, 40.0, 1e7])
def test_the_posterior_lies_between_count_and_prior_and_grows_with_both(shape):
    rng = np.random.default_rng(1)
    own, prior = rng.poisson(2, 500).astype(float), rng.gamma(0.5, 4, 500)
    found = posterior(own, prior, shape)
    assert (found >= np.minimum(own, prior) * (1 - 1e-12)).all()
    assert (found <= np.maximum(own, prior) * (1 + 1e-12)).all()
    assert (posterior(own + 1, prior, shape) > found).all()
    assert (posterior(own, prior + 1, shape) > found).all()


def test_a_shape_near_0_is_the_count_ranking(street, mixed):
    mixed(1e-9)
    grid = box_grid()
    plain = hs.Counts().fit(street[street["category"] == BURGLARY])
    blend = hs.EmpiricalBayes(BURGLARY).fit(street)
    np.testing.assert_allclose(blend.predict(grid), plain.predict(grid), rtol=1e-6, atol=1e-6)
    held = np.count_nonzero(plain.predict(grid))
    ranked = [np.argsort(-d.predict(grid).round(3), kind="stable")[:held] for d in (plain, blend)]
    assert ranked[0].tolist() == ranked[1].tolist()


@pytest.mark.parametrize("shape", [1e12, np.inf])
def test_an_endless_shape_is_the_prior(street, mixed, shape):
    """The category's incidents in the grid, spread as the surfaces say."""
    mixed(shape, (0, 1, 0, 0))
    grid = box_grid()
    heat = hs.EmpiricalBayes(BURGLARY).fit(street).predict(grid)
    every = grid.counts(street).to_numpy()
    np.testing.assert_allclose(heat, 300 * every / 2700 / grid.area_km2, rtol=1e-8)


def test_the_whole_by_a_naive_loop(street, mixed):
    mixed(1.7)
    grid = box_grid()
    heat = hs.EmpiricalBayes(BURGLARY).fit(street).predict(grid)
    target = street[street["category"] == BURGLARY]
    own, every = grid.counts(target).to_numpy(), grid.counts(street).to_numpy()
    xy = shapely.get_coordinates(target.geometry.to_numpy())

    def density(reach):
        apart = np.hypot(*(grid.centres[:, None] - xy).T).T
        return (np.maximum(1 - (apart / reach) ** 2, 0) ** 2).sum(axis=1)

    surfaces = [density(500), every, np.sqrt(every * density(2000)), np.ones(len(own))]
    prior = 300 * sum(w * p / p.sum() for w, p in zip((0.4, 0.3, 0.2, 0.1), surfaces, strict=True))
    want = (1.7 + own) / (1.7 / prior + 1) / grid.area_km2
    np.testing.assert_allclose(heat, want, rtol=1e-10)


# --- learning ----------------------------------------------------------------------------------


def simulated(seed, weights, shape, cells=30_000, months=3) -> list[HeldOut]:
    """Months held out from a world as the model has it: surfaces overlap as real ones do."""
    rng = np.random.default_rng(seed)
    town = rng.gamma(0.3, 1.0, cells)
    layers = [town * rng.gamma(k, 1 / k, cells) for k in (0.5, 1.0, 2.0)]
    surfaces = np.stack([*layers, np.ones(cells)])
    surfaces /= surfaces.sum(axis=1, keepdims=True)
    prior = 40_000 * (weights @ surfaces)
    rate = rng.gamma(shape, prior / shape)
    before, came = rng.poisson(rate).astype(float), rng.poisson(rate / 6, (months, cells))
    return [HeldOut.of(surfaces, before, month.astype(float)) for month in came]


@pytest.mark.parametrize(("weights", "shape"), [
    ((0.1, 0.6, 0.2, 0.1), 2.0), ((0.5, 0.05, 0.25, 0.2), 0.4), ((0.05, 0.05, 0.1, 0.8), 8.0),
])  # fmt: skip
@pytest.mark.parametrize("seed", range(2))
def test_known_weights_and_shape_are_found_again(seed, weights, shape):
    """In 15 simulations of each, no weight was off by more than .11, no shape by more than 13%."""
    found = _prior.learn(simulated(seed, np.array(weights), shape))
    np.testing.assert_allclose(found.weights, weights, atol=0.12)
    assert found.shape == pytest.approx(shape, rel=0.15)
    assert found.weights.sum() == pytest.approx(1)
    assert found.months == 3


def test_the_loss_is_that_of_the_negative_binomial():
    months = simulated(3, np.array([0.2, 0.4, 0.3, 0.1]), 1.5, cells=300)
    weights, shape, want = np.array([0.3, 0.3, 0.3, 0.1]), 0.8, 0.0
    for month in months:
        known, came = month.before @ month.cells, month.came @ month.cells
        prior = known * (month.surfaces @ weights)
        own = shape + month.before
        mean = came / known * posterior(month.before, prior, shape)
        told = stats.nbinom(own, own / (own + mean)).logpmf(month.came)
        assert month.cells.sum() == 300
        want -= month.cells @ told
    found = sum(_prior._loss_of(month, weights, shape)[0] for month in months)
    assert found == pytest.approx(want, rel=1e-10)


def test_the_gradient_is_that_of_the_loss():
    months = simulated(4, np.array([0.2, 0.4, 0.3, 0.1]), 1.5, cells=500)
    rng = np.random.default_rng(0)
    for _ in range(3):
        at = rng.normal(0, 1, 5)
        slope = [
            (_prior._loss(at + step, months)[0] - _prior._loss(at - step, months)[0]) / 2e-5
            for step in 1e-5 * np.eye(5)
        ]
        np.testing.assert_allclose(_prior._loss(at, months)[1], slope, atol=1e-7)


def test_cells_that_are_alike_are_pooled_and_nothing_changes():
    surfaces = np.array([[0, 0, 0, 0.5, 0.5], [0, 0, 0, 0, 1.0], [0, 0, 0, 0, 1], [0.2] * 5])
    before, came = np.array([0, 0, 0, 1.0, 2]), np.array([0, 1.0, 0, 0, 3])
    pooled = HeldOut.of(surfaces, before, came)
    assert sorted(pooled.cells) == [1, 1, 1, 2]
    single = HeldOut(surfaces.T, before, came, np.ones(5))
    weights = np.full(4, 0.25)
    one, other = (_prior._loss_of(month, weights, 1.3) for month in (pooled, single))
    np.testing.assert_allclose(np.hstack(one), np.hstack(other), rtol=1e-12)


def test_the_latest_whole_months_are_held_out(street, monkeypatch):
    """A month that is missing is no zero, and one that is only begun foretells badly."""
    months = street["occurred_from"].dt.month
    some = street[months.isin([1, 2, 3, 9, 10]) | (street["occurred_from"] > "2025-12-29")]
    asked = []
    real = HeldOut.of

    def spy(surfaces, before, came):
        asked.append(came.sum())
        return real(surfaces, before, came)

    monkeypatch.setattr(bayes.HeldOut, "of", spy)
    detector = hs.EmpiricalBayes(BURGLARY).fit(some)
    detector.predict(box_grid())
    burglary = months[some.index][some["category"] == BURGLARY]
    assert asked == [(burglary == month).sum() for month in (3, 9, 10)]
    assert detector.learned_from_ == (3, sum(asked))


def test_months_without_rows_of_a_small_source_are_held_out_all_the_same(street):
    """3% of the rows come from a source that has nothing in most months; then 30% do."""
    last = street["occurred_from"] >= "2025-10-01"
    few = street.index.isin(street.index[(street["occurred_from"].dt.month % 4 == 1) & ~last][:80])
    detector = hs.EmpiricalBayes(BURGLARY).fit(street.assign(source=np.where(few, "b", "a")))
    detector.predict(box_grid())
    came = int((last & (street["category"] == BURGLARY)).sum())
    assert detector.learned_from_ == (3, came)
    many = street["occurred_from"].dt.month.isin([1, 2, 3, 12])
    detector.fit(street.assign(source=np.where(many, "b", "a"))).predict(box_grid())
    assert detector.learned_from_[1] != came  # ten months without "b" are no whole months


def test_what_is_learned_does_not_depend_on_what_was_predicted_before(street):
    fine, wide = box_grid(), box_grid(size=250)
    one = hs.EmpiricalBayes(BURGLARY).fit(street)
    first, weights = one.predict(fine), one.weights_
    other = one.predict(wide)
    assert not np.allclose(one.weights_, weights, atol=1e-3)
    pd.testing.assert_series_equal(one.predict(box_grid()), first, check_exact=True)
    pd.testing.assert_series_equal(one.weights_, weights)
    fresh = hs.EmpiricalBayes(BURGLARY).fit(street)
    pd.testing.assert_series_equal(fresh.predict(wide), other, check_exact=True)
    again = one.fit(street[street["category"] == BURGLARY])  # forgets what it knew
    assert not hasattr(again, "weights_")
    assert not np.allclose(again.predict(fine), first)


def test_too_little_to_learn_from_is_said_and_the_start_kept():
    one_month = table([(150, 150)] * 30 + [(950, 950)] * 5)
    detector = hs.EmpiricalBayes(BURGLARY).fit(one_month)
    with pytest.warns(Notice, match="only 0 incidents in 0 months held out .* equal weights"):
        heat = detector.predict(box_grid())
    assert detector.weights_.tolist() == [0.25] * 4
    assert detector.shape_ == 1
    assert heat.idxmax() == box_grid().locate([(150, 150)])[0]


# --- what it must beat, and be moved by --------------------------------------------------------


def hit_rate(heat, came) -> float:
    flagged = np.argsort(-np.asarray(heat, dtype=float), kind="stable")[: len(came) // 100]
    return came[flagged].sum() / came.sum()


@pytest.mark.parametrize("category", ["Vehicle crime", "Burglary"])
def test_it_beats_the_count_ranking_where_the_truth_is_known(county, category):
    grid = hs.Grid.over(county.lpts, 100)
    rows = county.incidents[county.incidents["origin"] != "police"]
    cut = rows["occurred_from"].max() - pd.Timedelta("61D")
    before, later = rows[rows["occurred_from"] < cut], rows[rows["occurred_from"] >= cut]
    came = grid.counts(later[later["category"] == category]).to_numpy()
    counts = grid.counts(before[before["category"] == category]).to_numpy()
    blend = hs.EmpiricalBayes(category).fit(before).predict(grid)
    assert hit_rate(blend, came) > hit_rate(counts, came) + 0.05


def test_incidents_of_other_types_warm_a_cell(street):
    """Where burglary is equally absent, theft makes the difference."""
    grid = box_grid()
    quiet, nothing = (1050.0, 750.0), (1250.0, 950.0)
    away = street[~np.isin(grid.locate(street), grid.locate([quiet, nothing]))]
    theft = table([quiet] * 20, pd.date_range("2025-01-05", periods=20, freq="17D"), THEFT)
    both = pd.concat([away, theft.set_axis([f"t{n}" for n in range(20)])]).rename_axis("incident")
    heat = hs.EmpiricalBayes(BURGLARY).fit(both).predict(grid)
    warm, cool = heat[grid.locate([quiet, nothing])]
    assert warm > 3 * cool > 0


def test_a_half_life_follows_what_moves(street):
    """Early incidents in one place, as many late ones in another."""
    early = table([(250, 250)] * 40, pd.date_range("2025-01-01", periods=40, freq="D"))
    late = table([(1750, 1250)] * 40, pd.date_range("2025-11-20", periods=40, freq="D"))
    rows = pd.concat([street, early, late])
    rows = rows.set_index(pd.Index([f"j{n}" for n in range(len(rows))], name="incident"))
    grid = box_grid()
    old, new = grid.locate([(250, 250), (1750, 1250)])
    short = hs.EmpiricalBayes(BURGLARY, half_life="30D").fit(rows)
    heat = short.predict(grid)
    assert heat[new] > 10 * heat[old]
    assert short.years_ < 0.2
    flat = hs.EmpiricalBayes(BURGLARY).fit(rows).predict(grid)
    assert 0.5 < flat[new] / flat[old] < 2
    endless = hs.EmpiricalBayes(BURGLARY, half_life="36500D").fit(rows).predict(grid)
    np.testing.assert_allclose(endless, flat, rtol=0.03)


def test_the_order_of_rows_does_not_matter_with_a_half_life_either(street):
    grid = box_grid()
    detector = hs.EmpiricalBayes(BURGLARY, half_life="60D")
    heat = detector.fit(street).predict(grid)
    mixed = street.sample(frac=1, random_state=2)
    pd.testing.assert_series_equal(detector.fit(mixed).predict(grid), heat, check_exact=True)


def test_harm_weighs_what_happened_and_the_unit_says_so(street, mixed):
    mixed(1.0)
    grid = box_grid()
    harm = np.where(np.arange(len(street)) % 7 == 0, 100.0, 1.0)
    detector = hs.EmpiricalBayes(BURGLARY, weights="harm").fit(street.assign(harm=harm))
    heat = detector.predict(grid)
    assert detector.unit_ == "harm per km² per year"
    target = street["category"] == BURGLARY
    summed = grid.counts(street.assign(harm=harm)[target], weights="harm").to_numpy()
    told = detector.explain(heat.idxmax())
    at = np.argmax(heat)
    assert told.cell["own"].iloc[0] == pytest.approx(summed[at])
    assert "harm of incidents of 'Burglary' a year" in told.text
    # ten times the harm is ten times the heat
    tenfold = hs.EmpiricalBayes(BURGLARY, weights="harm").fit(street.assign(harm=10 * harm))
    np.testing.assert_allclose(tenfold.predict(grid), 10 * heat, rtol=1e-9)


@pytest.mark.parametrize(("size", "shape"), [(100, "hex"), (250, "square"), (500, "square")])
def test_grids_of_other_cells_work(street, size, shape):
    grid = box_grid(5000, 4000, size, shape)
    detector = hs.EmpiricalBayes(BURGLARY).fit(street)
    heat = detector.predict(grid)
    assert (heat > 0).all()
    meaning = detector.explain(heat.idxmax()).parts["meaning"]
    assert meaning["near"] == f"such incidents within {max(500, 4 * size):,} m"
    assert f"{max(2000, 8 * size):,} m" in meaning["around"]


# --- what it says ------------------------------------------------------------------------------


def test_explain_adds_up_to_the_heat(street):
    grid = box_grid()
    detector = hs.EmpiricalBayes(BURGLARY).fit(street)
    heat = detector.predict(grid)
    for cell in (heat.idxmax(), heat.idxmin(), grid.ids[40]):
        told = detector.explain(cell)
        number = cell if isinstance(cell, (int, np.integer)) else grid.cells[40]
        assert told.parts["heat"].sum() == pytest.approx(heat[number], rel=1e-12)
        assert told.cell["heat"].iloc[0] == pytest.approx(heat[number], rel=1e-12)
        assert told.parts["share"].sum() == pytest.approx(1)
        np.testing.assert_allclose(told.parts["weight"][1:], detector.weights_)
        assert told.cell["rank"].iloc[0] == 1 + (heat > heat[number]).sum()
    best = detector.explain(heat.idxmax())
    row = best.cell.iloc[0]
    assert row["own"] == grid.counts(street[street["category"] == BURGLARY]).max()
    want = row["prior"] / (row["prior"] + detector.shape_)
    assert row["trust"] == pytest.approx(want)
    own = best.parts.loc["own count"]
    assert own["per_year"] == pytest.approx(row["trust"] * row["own"])
    assert list(best.tables) == ["cell", "parts"]


def test_explain_reads_as_a_sentence(mixed):
    """By hand: one cell holds all 30 of 30; prior 30 · (.5 + .5 / 300) = 15.05, shape 5."""
    mixed(5.0, (0, 0.5, 0, 0.5))
    detector = hs.EmpiricalBayes(BURGLARY).fit(table([(150, 250)] * 30))
    detector.predict(box_grid())
    assert detector.explain("E100_N200").text == (
        "Cell E100_N200 (Box) is expected to have 315.26 incidents of 'Burglary' a year "
        "(31,526.2 per km²), rank 1: 270.22 from its own count, 44.89 from incidents of every "
        "type in the cell and 0.15 from an even floor over all cells. It had 30 in 1 month, "
        "where a cell like it would have 15.05; its own count is trusted 75%, what is said of "
        "cells like it 25%."
    )


def test_explain_reads_where_there_is_nothing(street):
    detector = hs.EmpiricalBayes(BURGLARY).fit(street.iloc[:0])
    detector.predict(box_grid())
    assert detector.explain("E100_N200").text == (
        "Cell E100_N200 (Box) is expected to have 0.00 incidents of 'Burglary' a year (0.0 per "
        "km²), rank 1. It had 0 in no time observed, where a cell like it would have 0.00; its "
        "own count is trusted 0%, what is said of cells like it 100%."
    )


def test_explain_needs_a_grid_and_a_cell_inside_it(street):
    detector = hs.EmpiricalBayes(BURGLARY)
    with pytest.raises(NotFittedError, match=r"call \.fit\(incidents\) first"):
        detector.explain(0)
    detector.fit(street)
    with pytest.raises(InputError, match=r"call \.predict\(grid\) first"):
        detector.explain(0)
    detector.predict(box_grid())
    for wrong in ("E9_N9", -1, 10**9, 1.5, None, True):
        with pytest.raises(InputError, match=r"is not inside Grid.*give an id such as 'E0_N0'"):
            detector.explain(wrong)


def test_it_pickles_and_clones_and_its_repr_makes_it_again(street):
    grid = box_grid()
    detector = hs.EmpiricalBayes(BURGLARY, half_life="180D").fit(street)
    heat = detector.predict(grid)
    again = pickle.loads(pickle.dumps(detector))
    pd.testing.assert_series_equal(again.predict(grid), heat, check_exact=True)
    assert again.explain(heat.idxmax()).text == detector.explain(heat.idxmax()).text
    assert repr(detector) == "EmpiricalBayes(category='Burglary', half_life='180D')"
    assert eval(repr(detector), {"EmpiricalBayes": hs.EmpiricalBayes}).get_params() == (
        clone(detector).get_params()
    )


def test_the_parts_are_drawn_and_a_wrong_table_refused(street):
    detector = hs.EmpiricalBayes(BURGLARY).fit(street)
    heat = detector.predict(box_grid())
    parts = detector.explain(heat.idxmax()).parts
    ax = hs.plot_parts(parts, title="Here")
    assert [bar.get_width() for bar in ax.patches] == parts["per_year"].tolist()
    assert [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()] == (
        parts["meaning"].tolist()
    )
    assert ax.texts[0].get_text().startswith(f"{parts['per_year'].iloc[0]:.2f} (")
    text, lost = parts.assign(per_year="much"), parts.assign(share=np.nan)
    for wrong in (parts.drop(columns=["share", "meaning"]), parts.iloc[:0], 3, text, lost):
        with pytest.raises(InputError, match=r"parts: "):
            hs.plot_parts(wrong)
    with pytest.raises(InputError, match="ax: it is of type ndarray; give one Axes"):
        hs.plot_parts(parts, ax=np.array([ax, ax]))


# --- what it refuses ---------------------------------------------------------------------------


def test_a_category_that_is_not_there_is_refused(street):
    with pytest.raises(InputError, match=r"'Arson' is in no row; .*: Burglary, Other theft"):
        hs.EmpiricalBayes("Arson").fit(street)
    with pytest.raises(InputError) as error:
        hs.EmpiricalBayes(["Arson"], half_life="soon", years=0).fit(street)
    assert len(error.value.faults) == 3
    assert "category=['Arson']; it must name one category" in str(error.value)


def test_a_police_generated_category_names_the_way_out(street):
    origin = np.where(street["category"] == BURGLARY, "police", "public")
    marked = street.assign(origin=origin)
    with pytest.raises(InputError, match=r"all 300 incidents of 'Burglary' .*include_police=True"):
        hs.EmpiricalBayes(BURGLARY).fit(marked)
    kept = hs.EmpiricalBayes(BURGLARY, include_police=True).fit(marked)
    plain = hs.EmpiricalBayes(BURGLARY).fit(street)
    grid = box_grid()
    pd.testing.assert_series_equal(kept.predict(grid), plain.predict(grid))


def test_police_generated_incidents_stay_out_of_the_prior_too(street):
    marked = street.assign(origin=np.where(street["category"] == THEFT, "police", "public"))
    grid = box_grid()
    with pytest.warns(Notice, match="2,400 police-generated incidents"):
        without = hs.EmpiricalBayes(BURGLARY).fit(marked)
    alone = hs.EmpiricalBayes(BURGLARY).fit(street[street["category"] == BURGLARY])
    np.testing.assert_allclose(without.predict(grid), alone.predict(grid), rtol=1e-9)


def test_a_category_without_a_place_has_no_heat(street):
    gone = street.copy()
    gone.loc[gone["category"] == BURGLARY, "geometry"] = shapely.Point()
    assert (hs.EmpiricalBayes(BURGLARY).fit(gone).predict(box_grid()) == 0).all()
    outside = street[street["category"] == THEFT].assign(category=BURGLARY)
    outside = pd.concat([street[street["category"] == THEFT], outside.set_geometry(
        outside.translate(50_000, 0)).set_axis(outside.index + "x")])  # fmt: skip
    detector = hs.EmpiricalBayes(BURGLARY).fit(outside.rename_axis("incident"))
    with pytest.warns(Notice, match="only 0 incidents"):
        assert (detector.predict(box_grid()) == 0).all()


# --- real records ------------------------------------------------------------------------------


@pytest.mark.realdata
@pytest.mark.parametrize(("category", "fitted"), [("Burglary", 0.515), ("Other theft", 0.585)])
def test_staffordshire_is_foretold_as_well_as_by_the_first_fit(staffordshire, category, fitted):
    """Mean hit rate over July to December 2025, each from the months of 2025 before it.

    ``benchmarks/backtest_bayes.py`` does all nine types.
    """
    rows, grid = staffordshire
    blended, counted = [], []
    for month in pd.date_range("2025-07-01", "2025-12-01", freq="MS"):
        before, later = rows[rows["occurred_from"] < month], rows[rows["occurred_from"] == month]
        came = grid.counts(later[later["category"] == category]).to_numpy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Notice)  # police-generated rows are left out
            heat = hs.EmpiricalBayes(category).fit(before).predict(grid)
        blended.append(hit_rate(heat, came))
        counted.append(
            hit_rate(grid.counts(before[before["category"] == category]).to_numpy(), came)
        )
    assert np.mean(blended) >= fitted - 0.01
    assert (np.array(blended) > np.array(counted) + 0.05).all()


@pytest.fixture(scope="module")
def staffordshire(shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    records = shared / "data" / "police_uk" / "staffordshire-2024-2025.zip"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        rows = hs.read_incidents(records, lpts=lpts).incidents
    return rows[rows["occurred_from"] >= "2025-01-01"], hs.Grid.over(lpts, 100)
