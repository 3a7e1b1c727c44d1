"""Classes of hotspots: every pattern by hand-made cubes, exact chance, planted truths found."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.detect._bins import find_bins
from hotspots.detect._cube import _exact, inhabited_cells, make_cube, shuffled_hot
from hotspots.detect._mann_kendall import mann_kendall, overlap_p
from hotspots.detect._patterns import commander_class, recent_periods

ASB = "Anti-social behaviour"


def states(row):
    """Read "H", "C" and "." as hot and cold, shape (t, 1)."""
    hot = np.array([[letter == "H"] for letter in row])
    cold = np.array([[letter == "C"] for letter in row])
    return hot, cold


def pattern(row, z=None, definition="current"):
    hot, cold = states(row)
    z = np.zeros(len(row)) if z is None else np.asarray(z, dtype=float)
    return hs.space_time_pattern(hot, cold, z[:, None], definition=definition)[0]


RISING = [2.1, 2.3, 2.2, 2.6, 2.9, 3.0, 3.4, 3.3, 3.9, 4.2]
LEVEL = [3, 2.8, 3.1, 2.9, 3.0, 3.2, 2.7, 3.1, 2.9, 3.05]

# history, trend of z, pattern in the current definition, in the legacy one where it differs
CUBES = [
    (".........H", None, "new hot", None),
    ("C.CC.....H", None, "new hot", None),  # cold before does not keep it from being new
    (".......HHH", None, "consecutive hot", None),
    ("..C....HHH", None, "consecutive hot", None),
    ("..HHHHHHHH", None, "consecutive hot", None),  # 80% of the periods
    (".HHHHHHHHH", None, "persistent hot", None),  # 90%: no longer consecutive
    ("HHHHHHHHHH", RISING, "intensifying hot", None),
    (".HHHHHHHHH", RISING, "intensifying hot", None),
    ("CHHHHHHHHH", RISING, "intensifying hot", None),
    ("HHHHHHHHHH", RISING[::-1], "diminishing hot", None),
    ("HHHHHHHHHH", LEVEL, "persistent hot", None),
    ("HHHH.HHHHH", LEVEL, "persistent hot", None),
    ("HHHHHHHHH.", LEVEL, "historical hot", None),
    ("HHHHHHHHH.", RISING, "historical hot", None),  # the trend is not asked of it
    ("HHHHHHHHHC", None, "historical hot", None),  # the hot patterns come first
    ("..C..H...H", None, "oscillating hot", None),
    ("HHHHHHHC.H", None, "oscillating hot", None),
    ("..H..H...H", None, "sporadic hot", None),
    ("HHHH.HHH.H", None, "sporadic hot", None),  # 80%, in runs
    ("..H..H....", None, "no pattern", "sporadic hot"),
    ("..H.......", None, "no pattern", "sporadic hot"),
    ("HHHHHHHH..", None, "no pattern", "sporadic hot"),
    ("C.H..H....", None, "no pattern", None),  # not hot last, and cold once
    ("..........", None, "no pattern", None),
]


def mirrored(row):
    return row.translate(str.maketrans("HC", "CH"))


@pytest.mark.parametrize(("row", "z", "current", "legacy"), CUBES)
def test_every_pattern_in_both_definitions(row, z, current, legacy):
    assert pattern(row, z) == current
    assert pattern(row, z, "legacy") == (legacy or current)


@pytest.mark.parametrize(("row", "z", "current", "legacy"), CUBES)
def test_the_cold_patterns_mirror_the_hot_ones(row, z, current, legacy):
    if row == "HHHHHHHHHC":  # hot comes first: new hot, not historical cold
        assert pattern(mirrored(row)) == "new hot"
        return
    down = None if z is None else -np.array(z)
    assert pattern(mirrored(row), down) == current.replace("hot", "cold")
    assert pattern(mirrored(row), down, "legacy") == (legacy or current).replace("hot", "cold")


def test_the_cubes_show_all_seventeen():
    shown = {c for _, _, c, _ in CUBES} | {c.replace("hot", "cold") for _, _, c, _ in CUBES}
    assert len(shown) == 17


@pytest.mark.parametrize(("length", "least"), [(10, 9), (11, 10), (12, 11), (20, 18), (36, 33)])
def test_ninety_per_cent_is_counted_in_whole_periods(length, least):
    gaps = length - least
    assert pattern("." * gaps + "H" * least) == "persistent hot"
    assert pattern("." * (gaps + 1) + "H" * (least - 1)) == "consecutive hot"


def naive(row, z, definition):
    """Spell the rules out one after another for one place, as they are written."""
    n = len(row)
    trend = mann_kendall(z)
    up, down = (trend.p[0] < 0.05) & (trend.s[0] > 0), (trend.p[0] < 0.05) & (trend.s[0] < 0)
    for me, other, name, rises, falls in (
        ("H", "C", "hot", up, down), ("C", "H", "cold", down, up)
    ):  # fmt: skip
        share, last = row.count(me) / n, row[-1] == me
        much = share > 0.9 or np.isclose(share, 0.9)
        run = len(row) - len(row.rstrip(me))
        if last and me not in row[:-1]:
            return f"new {name}"
        if run and me not in row[:-run] and not much:
            return f"consecutive {name}"
        if much and last:
            way = "intensifying" if rises else "diminishing" if falls else "persistent"
            return f"{way} {name}"
        if much:
            return f"historical {name}"
        if last and other in row[:-1]:
            return f"oscillating {name}"
        if me in row and other not in row and (last or definition == "legacy"):
            return f"sporadic {name}"
    return "no pattern"


@pytest.mark.parametrize("definition", ["current", "legacy"])
def test_the_rules_spelt_out_agree_on_random_histories(definition):
    rng = np.random.default_rng(5)
    rows = []
    for often in (0.05, 0.3, 0.95):
        chances = [1 - often - 0.02, often, 0.02]
        rows += ["".join(rng.choice([".", "H", "C"], 11, p=chances)) for _ in range(150)]
    rows += [mirrored(row) for row in rows]
    z = rng.normal(size=(11, len(rows))) + np.outer(
        np.arange(11), rng.choice([-0.4, 0, 0.4], len(rows))
    )
    hot = np.array([[c == "H" for c in row] for row in rows]).T
    cold = np.array([[c == "C" for c in row] for row in rows]).T
    found = hs.space_time_pattern(hot, cold, z, definition=definition)
    expected = [naive(row, z[:, n], definition) for n, row in enumerate(rows)]
    assert found.tolist() == expected
    assert len(set(expected)) == 17


@pytest.mark.parametrize(("change", "message"), [
    ({"definition": "esri"}, "definition='esri'; it takes 'current' or 'legacy'"),
    ({"z": [1.0, 2.0]}, r"shapes \(3,\), \(3,\) and \(2,\)"),
    ({"z": [1.0, np.nan, 2.0]}, "not finite"),
    ({"cold": [True, False, False]}, "hot and cold in the same period"),
    ({"hot": [], "cold": [], "z": []}, "there is no period"),
    ({"hot": ["yes", "no", "yes"]}, "no number"),
    ({"hot": [2, 0, 0]}, "more than true and false"),
    ({"cold": [[0], [0, 1], [0]]}, "unequal length"),
])  # fmt: skip
def test_impossible_histories_are_refused(change, message):
    given = {"hot": [True, False, True], "cold": [False] * 3, "z": [1.0, 0, 1], **change}
    with pytest.raises(InputError, match=message):
        hs.space_time_pattern(**given)


# --- Mann-Kendall -----------------------------------------------------------------------------


@pytest.mark.parametrize(("series", "s", "z", "p"), [
    (RISING, 41, "3.5777", "0.00035"), (LEVEL, 4, "0.2716", "0.786"),
    (RISING[::-1], -41, "-3.5777", "0.00035"), (range(1, 11), 45, "3.93548", "0.00008303"),
])  # fmt: skip
def test_mann_kendall_check_values(series, s, z, p):
    found = mann_kendall(series)
    assert found.s.item() == s
    for value, told in ((found.z.item(), z), (found.p.item(), p)):
        assert f"{value:.{len(told.partition('.')[2])}f}" == told


def test_ties_shrink_the_variance_as_in_kendalls_tau():
    rng = np.random.default_rng(2)
    series = rng.integers(0, 4, (14, 60)).astype(float)
    found = mann_kendall(series)
    for n in range(60):
        tau = stats.kendalltau(np.arange(14), series[:, n], method="asymptotic")
        # scipy's has no correction for continuity
        plain = 2 * stats.norm.sf(abs(found.s[n]) / np.sqrt(found.variance[n]))
        assert plain == pytest.approx(tau.pvalue, rel=1e-9)
    flat = mann_kendall(np.ones(9))
    assert (flat.s.item(), flat.z.item(), flat.p.item()) == (0, 0, 1)
    assert mann_kendall([[1.0, 2.0]]).p.tolist() == [1, 1]  # a single period has no trend


def test_the_overlap_of_two_periods_is_allowed_for():
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(25, 4000))
    trend = mann_kendall(noise[1:] + noise[:-1])
    assert (trend.p < 0.05).mean() > 0.11  # what the plain test would call a trend
    assert 0.03 < (overlap_p(trend, 24) < 0.05).mean() < 0.065


# --- the commander's classes ------------------------------------------------------------------


@pytest.mark.parametrize(("row", "class_"), [
    ("HHHHHHHHHH", "persistent"), ("HHHHHHHH..", "persistent"), ("..HHHHHHHH", "persistent"),
    ("HHHHHHH...", "former"), (".........H", "emerging"), ("........HH", "emerging"),
    ("........H.", "emerging"), (".......HHH", "intermittent"), ("H.......H.", "intermittent"),
    ("H.........", "former"), ("..........", "none"), ("HHHHHH...H", "intermittent"),
])  # fmt: skip
def test_the_four_classes(row, class_):
    assert commander_class(states(row)[0]).tolist() == [class_]


def test_recent_is_a_fifth_and_no_period_more():
    lengths = (5, 6, 7, 8, 10, 12, 16, 24, 36)
    assert [recent_periods(n, 0.2) for n in lengths] == [1, 1, 1, 2, 2, 2, 3, 5, 7]
    # hot just before the last fifth only: the share of the recent periods must not see it
    assert commander_class(states("." * 27 + "HH" + "." * 7)[0]).tolist() == ["none"]
    assert commander_class(states("." * 29 + "H" * 7)[0]).tolist() == ["emerging"]
    assert recent_periods(2, 0.5) == 1


# --- bins of time -----------------------------------------------------------------------------


def table(xy, when, **columns):
    when = pd.to_datetime(np.asarray(when, dtype="datetime64[s]"))
    frame = {"category": "ASB", "occurred_from": when, "occurred_to": when, **columns}
    index = pd.Index([f"i{n}" for n in range(len(when))], name="incident")
    points = gpd.points_from_xy(*np.asarray(xy, dtype=float).reshape(-1, 2).T)
    return gpd.GeoDataFrame(frame, geometry=points, crs="EPSG:27700", index=index)


def daily(start, days, per_day=3):
    """Records of so many incidents a day."""
    hours = np.arange(days * per_day) * (24 // per_day) + 1
    when = np.datetime64(start, "h") + hours
    return table(np.tile([500.0, 500.0], (len(when), 1)), when)


def test_missing_and_thin_months_are_no_zeros():
    rows = daily("2024-01-01", 366)
    month = rows["occurred_from"].dt.month
    kept = rows[(month != 5) & ~((month == 8) & (rows["occurred_from"].dt.day > 5))]
    found = find_bins(kept, "MS").table
    assert found["status"].to_numpy()[[4, 7]].tolist() == ["missing", "thin"]
    assert (found["status"] == "present").sum() == 10
    assert found["recorded"].sum() == len(kept)
    assert found["days"].tolist()[:3] == [31, 29, 31]
    assert found.index.name == "period_start"


@pytest.mark.parametrize(("freq", "start", "days", "first", "last"), [
    ("MS", "2024-01-01", 274, "present", "present"),
    ("MS", "2024-01-16", 259, "incomplete", "present"),  # half a month is above the share of thin
    ("MS", "2024-01-01", 258, "present", "incomplete"),
    ("W-MON", "2024-01-01", 70, "present", "present"),
    ("W-MON", "2024-01-04", 64, "incomplete", "incomplete"),
])  # fmt: skip
def test_edges_covered_in_part_are_left_out(freq, start, days, first, last):
    status = find_bins(daily(start, days, 8), freq).table["status"]
    assert (status.iloc[0], status.iloc[-1]) == (first, last)
    assert (status.iloc[1:-1] == "present").all()


def test_weeks_start_on_monday_and_show_gaps():
    rows = daily("2024-01-01", 84, 8)
    week = (rows["occurred_from"].dt.day_of_year - 1) // 7
    found = find_bins(rows[week != 4], "W-MON").table
    assert set(found.index.day_of_week) == {0}
    assert found["status"].tolist() == ["present"] * 4 + ["missing"] + ["present"] * 7


def test_a_small_source_has_no_say_but_a_large_one_has():
    rows = daily("2024-01-01", 366)
    month = rows["occurred_from"].dt.month
    for share, missing in ((50, False), (3, True)):
        other = (np.arange(len(rows)) % share == 0) & ((month < 3) | (month > 4))
        named = rows.assign(source=np.where(other, "other", "force"))
        status = find_bins(named, "MS").table["status"]
        assert (status == "missing").any() == missing


# --- the cube ---------------------------------------------------------------------------------


def square(cells=12, size=100, shape="square"):
    area = gpd.GeoDataFrame({"lpt": ["Box"]}, crs="EPSG:27700",
                            geometry=[shapely.box(0, 0, cells * size, cells * size)])  # fmt: skip
    return hs.Grid.over(hs.read_lpts(area), size, shape)


def cube_of(counts, grid, start=None, inhabited=None):
    """Make a cube of counts, shape (t, cells)."""
    counts = np.asarray(counts)
    period, position = np.nonzero(counts)
    times = counts[period, position]
    start = np.arange(len(counts)) if start is None else np.asarray(start)
    inhabited = np.ones(counts.shape[1], dtype=bool) if inhabited is None else inhabited
    return make_cube(grid, inhabited, np.repeat(position, times), np.repeat(period, times),
                     start, 0.05)  # fmt: skip


@pytest.mark.parametrize("shape", ["square", "hex"])
def test_gi_star_over_space_and_time_agrees_with_the_sums_written_out(shape):
    grid = square(6, shape=shape)
    rng = np.random.default_rng(4)
    counts = rng.poisson(0.7, (7, len(grid.cells)))
    inhabited = rng.random(len(grid.cells)) < 0.8
    counts[:, ~inhabited] = 0
    start = np.array([0, 1, 2, 9, 10, 12, 20])  # gaps; the last two stand alone
    partner = [1, 0, 1, 4, 3, None, None]
    cube = cube_of(counts, grid, start, inhabited)
    x = counts[:, inhabited].astype(float)
    apart = np.hypot(*(grid.centres[:, None] - grid.centres[None]).transpose(2, 0, 1))
    near = (apart <= 100 * np.sqrt(2) + 1e-6)[np.ix_(inhabited, inhabited)]
    n = x.shape[1]
    for t in range(7):
        periods = [t] if partner[t] is None else [t, partner[t]]
        for i in range(n):
            m = near[i].sum()
            above = sum(x[u, near[i]].sum() - m * x[u].mean() for u in periods)
            variance = sum(x[u].var() * (n * m - m**2) / (n - 1) for u in periods)
            assert cube.z[t, i] == pytest.approx(above / np.sqrt(variance))


@pytest.mark.parametrize("number", [1, 4, 9])
@pytest.mark.parametrize("periods", [(0, 1), (1, 0), (1, 1)])
def test_the_chance_of_a_sum_is_exact(number, periods):
    """Against the distribution of the sum put together value by value."""
    tally = np.array([[800, 120, 50, 0, 20, 0, 0, 10], [500, 400, 0, 60, 0, 0, 40, 0.0]])
    density = np.ones(1)
    for period in set(periods):
        for _ in range(number):
            density = np.convolve(density, tally[period] / 1000)
    sums = range(len(density))
    expected = [2 * min(density[k:].sum(), density[: k + 1].sum()) for k in sums]
    (p,) = _exact(tally, np.array([number]))(*periods)
    assert p[: len(density)] == pytest.approx(np.minimum(expected, 1), abs=1e-12)
    assert p[len(density) :] == pytest.approx(0, abs=1e-12)  # more than could be drawn


def test_the_false_discovery_rate_is_held_among_cells_and_then_within_them():
    """Benjamini and Bogomolov's two steps, spelt out on the p-values of the cube itself."""
    counts = np.random.default_rng(3).poisson(0.2, (12, 900))
    counts[:, [400, 415, 640]] += 8
    counts[9:, 77] += 9
    cube = cube_of(counts, square(30))
    numbers, which = np.unique(cube.around, return_inverse=True)
    tables = _exact(cube.tally, numbers)
    p = np.empty(counts.shape)
    for t, u in enumerate(cube.partner):
        p[t] = tables(t, u)[which, cube.single[t] + cube.single[u]]
    steps = np.arange(1, 13)
    simes = np.array([(12 * np.sort(column) / steps).min() for column in p.T])
    ordered = np.sort(simes)
    found = max((k for k in range(1, 901) if ordered[k - 1] <= 0.05 * k / 900), default=0)
    hot = np.zeros(counts.shape, dtype=bool)
    for i in np.argsort(simes)[:found]:
        mine = np.sort(p[:, i])
        last = max(k for k in steps if mine[k - 1] <= 0.05 * found / 900 * k / 12)
        hot[:, i] = p[:, i] <= mine[last - 1]
    assert found > 9
    assert (cube.hot | cube.cold == hot).all()
    assert ((cube.q <= 0.05) == hot).all()


def test_a_lone_incident_is_no_hotspot_whatever_the_normal_law_says():
    grid = square(20)
    rng = np.random.default_rng(6)
    counts = (rng.random((12, 400)) < 0.004).astype(int)
    cube = cube_of(counts, grid)
    one = 2 * stats.norm.sf(cube.z[cube.single == 1].min())
    assert one < 0.05  # one incident alone, by the normal p-value
    assert not cube.hot.any()


def test_inhabited_cells_hold_an_incident_or_touch_one():
    grid = square()
    held = inhabited_cells(grid, np.array([13, 13, -1]))
    assert np.flatnonzero(held).tolist() == [0, 1, 2, 12, 13, 14, 24, 25, 26]


def test_chance_alone_makes_next_to_nothing_hot():
    grid = square(20)
    found = []
    for seed in range(8):
        cube = cube_of(np.random.default_rng(seed).poisson(0.3, (12, 400)), grid)
        found.append(int(cube.hot.any() or cube.cold.any()))
    assert sum(found) <= 2  # 5% each were the tests independent


def test_what_all_places_share_makes_none_of_them_hot():
    """A short month, a season fourfold from trough to peak, a rise from year to year."""
    season = 1 + 0.6 * np.sin(np.arange(24) * np.pi / 6)
    level = season * np.repeat([1, 1.5], 12)
    same = cube_of(np.rint(20 * np.outer(level, np.ones(144))).astype(int), square())
    assert np.abs(same.z).max() == 0
    assert not (same.hot | same.cold).any()
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.3 * np.outer(level, np.ones(1600)))
    counts[:, [450, 1150]] += rng.poisson(12 * np.outer(level, [1, 1]))
    cube = cube_of(counts, square(40))
    assert commander_class(cube.hot[:, [450, 1150]]).tolist() == ["persistent"] * 2
    apart = np.hypot(*(square(40).centres[:, None]
                       - square(40).centres[[450, 1150]]).transpose(2, 0, 1))  # fmt: skip
    assert not (cube.hot | cube.cold)[:, apart.min(axis=1) > 150].any()


def test_lasting_hotspots_of_single_cells_do_not_hide_each_other():
    grid = square(40)
    rng = np.random.default_rng(0)
    busy = rng.choice(1600, 12, replace=False)
    counts = rng.poisson(0.1, (24, 1600))
    counts[:, busy] += rng.poisson(8, (24, 12))
    cube = cube_of(counts, grid)
    assert cube.hot[:, busy].mean() > 0.9
    apart = np.hypot(*(grid.centres[:, None] - grid.centres[busy][None]).transpose(2, 0, 1))
    assert cube.hot[:, apart.min(axis=1) > 150].sum() <= 0.05 * cube.hot.sum()


def test_the_order_that_was_is_among_the_orders_that_could_be():
    grid = square(30)
    counts = np.random.default_rng(8).poisson(0.2, (12, 900))
    counts[6:, 70] += 9
    cube = cube_of(counts, grid)
    rows, (same, turned) = shuffled_hot(cube, np.array([np.arange(12), np.arange(12)[::-1]]))
    whole = np.zeros_like(cube.hot)
    whole[:, rows] = same
    assert (whole == cube.hot).all()
    assert same.any()
    assert (turned != same).any()


# --- the whole road ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fine(county):
    return hs.Grid.over(county.lpts, size=100)


@pytest.fixture(scope="module")
def found_classes(county, fine):
    """Classify each category that holds a planted hotspot."""
    return {
        category: hs.classify_hotspots(county.incidents, fine, category=category, recent=1 / 3)
        for category in county.hotspots["category"].unique()
    }


def recovered(county, grid, found_classes, recent):
    """Classes of the planted hotspots, each in its category."""
    found = [
        replace(found_classes[category], recent=recent)
        .label(planted.drop(columns="class_"), grid)["class_"]
        for category, planted in county.hotspots.groupby("category")
    ]  # fmt: skip
    return pd.concat(found).sort_index()


def test_all_fourteen_planted_hotspots_are_told(county, fine, found_classes):
    """With the last third as recent, which is how the emerging ones were planted."""
    found = recovered(county, fine, found_classes, 1 / 3)
    assert (found == county.hotspots["class_"]).sum() == 14


def test_what_emerged_a_year_ago_is_recent_no_more(county, fine, found_classes):
    """With the last fifth as recent, the two that emerged at two thirds had been hot before."""
    truth = county.hotspots["class_"]
    found = recovered(county, fine, found_classes, 0.2)
    assert found[found != truth].to_dict() == dict.fromkeys(["H10", "H11"], "intermittent")


def test_what_was_planted_stands_out_of_random_orders_and_a_category_without_does_not(
    found_classes,
):
    summary = found_classes["Vehicle crime"].summary
    assert summary.loc["emerging", "cells"] > 2 * summary.loc["emerging", "expected_by_chance"]
    assert summary.loc["emerging", "chance_p"] <= 0.05
    assert summary.loc["former", "chance_p"] > 0.05  # none was planted


@pytest.fixture(scope="module")
def classes(county):
    grid = hs.Grid.over(county.lpts, size=200)
    return hs.classify_hotspots(county.incidents, grid, category=ASB), grid


def test_the_tables_hold_together(county, classes):
    found, grid = classes
    cells, summary, periods, history = found.tables.values()
    assert list(found.tables) == ["cells", "summary", "periods", "history"]
    assert (cells.index.name, summary.index.name, periods.index.name) == (
        "cell", "class_", "period_start",
    )  # fmt: skip
    hot = history[history["state"] == "hot"]
    times = hot.groupby("cell").size().reindex(cells.index, fill_value=0)
    assert (times == cells["periods_hot"]).all()
    assert len(history) == len(cells) * 36
    assert (history.groupby("cell")["incidents"].sum()[cells.index] == cells["incidents"]).all()
    assert (cells["class_"].value_counts().reindex(summary.index, fill_value=0)
            == summary["cells"]).all()  # fmt: skip
    target = county.incidents[
        (county.incidents["category"] == ASB) & (county.incidents["origin"] != "police")
    ]
    assert periods["incidents"].sum() == (grid.locate(target) >= 0).sum()
    assert summary["share"].to_numpy() == pytest.approx(
        summary["incidents"] / periods["incidents"].sum()
    )
    assert (periods["false_alarms"] == 0.05 * periods["hot_cells"]).all()
    assert grid.ids_of(cells.index).tolist() == cells["id"].tolist()
    own = cells["incidents"] > 0
    assert (
        cells.loc[own, "action"]
        .str.startswith(("SARA", "tactical", "hot on and off", "step", "no class"))
        .all()
    )


def test_the_text_answers_first_and_says_how(classes):
    text = classes[0].text
    first, second = text.splitlines()[:2]
    assert first.endswith("in 36 recorded months (Jan 2023 to Dec 2025), on cells of 200 m.")
    assert second.startswith("Persistent: ")
    assert "SARA problem solving" in second
    assert "Had the months come in random order, one would expect" in text
    assert "held against its own level, so a season or a rise that all places share" in text
    assert "false discovery rate of 5% (among cells, then among the months of each)" in text
    assert "recent means the last 7 months" in text
    assert "375 police-generated incidents left out of targeting" in text
    assert str(classes[0]) == text


def test_rows_in_any_order_and_the_same_seed_give_the_same(county, classes):
    found, grid = classes
    before = county.incidents.copy(deep=True)
    again = hs.classify_hotspots(
        county.incidents.sample(frac=1, random_state=3), grid, category=ASB
    )
    for name, frame in found.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])
    assert again.text == found.text
    pd.testing.assert_frame_equal(before, county.incidents)


def test_police_generated_incidents_are_left_out_unless_asked_for(county):
    grid = hs.Grid.over(county.lpts, size=500)
    without = hs.classify_hotspots(county.incidents, grid, category="Drugs")
    with_them = hs.classify_hotspots(county.incidents, grid, category="Drugs", include_police=True)
    assert with_them.periods["incidents"].sum() > 3 * without.periods["incidents"].sum()
    assert "police-generated" not in with_them.text


def busy_corner(months=12, per_month=250):
    """Incidents all over a box, and a corner that is always hot."""
    rng = np.random.default_rng(9)
    parts = []
    for start in pd.date_range("2024-01-01", periods=months, freq="MS"):
        xy = np.vstack([rng.uniform(0, 3600, (per_month, 2)), rng.uniform(300, 399, (25, 2))])
        parts.append(table(xy, np.full(len(xy), start.to_datetime64())))
    rows = pd.concat(parts, ignore_index=True).rename_axis("incident")
    rows["occurred_to"] = rows["occurred_from"] + pd.offsets.MonthBegin(1)
    return rows


def test_a_gap_is_neither_zero_nor_bridged():
    rows = busy_corner(18)
    month = rows["occurred_from"].dt.to_period("M").astype(str)
    gap = rows[~month.isin(["2024-08", "2024-09", "2024-10"])]
    found = hs.classify_hotspots(gap, square(36))
    corner = found.cells[found.cells["id"] == "E300_N300"].iloc[0]
    assert (corner["class_"], corner["periods_hot"], corner["share_hot"]) == ("persistent", 15, 1)
    assert found.periods["hot_cells"].isna().sum() == 3
    assert "3 months not recorded: gaps, never read as zero (Aug to Oct 2024)" in found.text


def test_few_periods_give_four_classes_but_no_patterns_and_fewer_give_none():
    found = hs.classify_hotspots(busy_corner(6), square(36))
    assert set(found.cells["pattern"]) == {"too short"}
    assert found.summary.loc["persistent", "cells"] >= 1
    assert "The 17 space-time patterns need 10 recorded months; there are 6." in found.text
    with pytest.raises(InputError, match="4 months wholly recorded; the four classes need"):
        hs.classify_hotspots(busy_corner(4), square(36))


def test_weeks_need_dated_records(county):
    with pytest.raises(InputError, match="only 0% are known to the day"):
        hs.classify_hotspots(busy_corner(6), square(36), "W-MON")
    short = county.incidents[county.incidents["occurred_from"] < "2023-07-01"]
    grid = hs.Grid.over(county.lpts, size=500)
    weekly = hs.classify_hotspots(short, grid, "W-MON", category=ASB)
    assert weekly.periods["status"].eq("present").sum() == 25
    assert "25 recorded weeks (weeks of 2023-01-02 to 2023-06-19)" in weekly.text


def test_too_small_an_area_is_refused_and_nothing_to_count_gives_nothing():
    rows = busy_corner(8)
    one = rows.set_geometry(gpd.points_from_xy([650.0] * len(rows), [650.0] * len(rows)))
    one = one.set_crs("EPSG:27700")
    with pytest.raises(InputError, match="only 9 cells of the grid hold an incident or touch"):
        hs.classify_hotspots(one, square(36))
    away = rows.set_geometry(rows.geometry.translate(1e5, 1e5))
    with pytest.raises(InputError, match="none of the incidents lies on the grid"):
        hs.classify_hotspots(away, square(36))
    rows["category"] = np.where(np.arange(len(rows)) % 50 == 0, "Robbery", "ASB")
    rows["origin"] = np.where(rows["category"] == "Robbery", "police", "public")
    empty = hs.classify_hotspots(rows, square(36), category="Robbery")
    assert len(empty.cells) == len(empty.history) == 0
    assert "No cell is a hotspot beyond chance" in empty.text
    area = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 300, 300)], crs="EPSG:27700")
    labelled = empty.label(area, square(36))
    assert labelled["class_"].tolist() == ["none"]
    assert labelled["action"].tolist() == [
        "no class: not hot for long enough to tell; patrol as its rank says"
    ]


def test_every_fault_is_named_at_once():
    rows = busy_corner(6)
    with pytest.raises(InputError) as caught:
        hs.classify_hotspots(
            rows, "100 m", "monthly", category=["ASB"], definition="old", recent=0.9, seed=-1,
            include_police="no",
        )  # fmt: skip
    said = str(caught.value)
    for fault in ("grid is of type str", "freq='monthly'", r"category=['ASB'] is not in",
                  "definition='old'", "include_police='no'", "recent=0.9", "seed=-1"):  # fmt: skip
        assert fault in said
    with pytest.raises(InputError, match="there are no incidents"):
        hs.classify_hotspots(rows.iloc[:0], square(36))
    with pytest.raises(InputError, match="the grid's CRS"):
        hs.classify_hotspots(rows.to_crs("EPSG:32630"), square(36))


def test_labels_follow_the_cells_inside(classes):
    found, grid = classes
    best = found.cells.index[0]
    inside = grid.polygons([best]).buffer(-80)  # 40 m across: no centre but its own
    small = gpd.GeoDataFrame({"rank": [1]}, geometry=inside.to_numpy(), crs=grid.crs)
    labelled = found.label(small, grid)
    assert labelled["class_"].tolist() == [found.cells.loc[best, "class_"]]
    assert labelled["share_hot"].iloc[0] == found.cells.loc[best, "share_hot"]
    assert list(small.columns) == ["rank", "geometry"]
    corner = small.set_geometry(small.geometry.translate(75, 75))  # holds no centre at all
    assert found.label(corner, grid)["class_"].tolist() == labelled["class_"].tolist()
    with pytest.raises(InputError, match="is not the grid that was classified"):
        found.label(small, square(36))
    with pytest.raises(InputError, match="CRS"):
        found.label(small.to_crs("EPSG:32630"), grid)


@pytest.mark.realdata
def test_staffordshire_with_its_gap(shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    archive = shared / "data" / "police_uk" / "staffordshire-2024-2025.zip"
    incidents = hs.read_incidents(archive, lpts=lpts).incidents
    found = hs.classify_hotspots(incidents, hs.Grid.over(lpts, size=100))
    assert found.periods["status"].value_counts().to_dict() == {"present": 16, "missing": 8}
    assert found.summary.loc["persistent", "cells"] == pytest.approx(1730, rel=0.03)
    # no month is cooled by the gap before it
    hot = found.periods["hot_cells"].dropna()
    assert hot.min() > 0.5 * hot.median()
