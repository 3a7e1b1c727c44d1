"""Published tables: no small count can be worked out, and nothing else is lost without need."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

import hotspots as hs
from hotspots.profiles import publish_trends
from hotspots.profiles._cells import cells_of
from hotspots.profiles._hide import exposed, hide_more
from hotspots.profiles._protect import _Told, protect, rounded, told_by
from hotspots.series import count_series

ALL = "All categories"
MOST = 3000.0  # the reader looks no further up


# --- an auditor of its own: it sees the published table and the map of commands, nothing else ----


def equations(month: pd.DataFrame, command: dict[str, str]) -> list[tuple[int, list[int]]]:
    """Every total with its parts, as row numbers, from names alone."""
    at = {(r.level, r.lpt, r.category): n for n, r in enumerate(month.itertuples())}
    names = sorted({category for _, _, category in at} - {ALL})
    found = []
    for level, lpt, category in at:
        me = at[level, lpt, category]
        if category == ALL and names:
            found.append((me, [at[level, lpt, name] for name in names]))
        if level == "command":
            found.append((me, [n for (l2, one, c), n in at.items()
                               if l2 == "lpt" and command.get(one, "no command") == lpt
                               and c == category]))  # fmt: skip
        if level == "force" and len(month["level"].unique()) > 1:
            below = "command" if "command" in set(month["level"]) else "lpt"
            found.append((me, [n for (l2, _, c), n in at.items()
                               if l2 == below and c == category]))  # fmt: skip
    return found


def could_be(row, under: int, to: int) -> tuple[float, float]:
    """Whole numbers that a row can stand for, found by trying them."""
    if row.status == "suppressed":
        return 1.0, MOST
    if row.status != "published":
        return 0.0, MOST
    every = np.arange(int(row.published) + to + 1)
    shown = np.where((every > 0) & (every < under), -1, (2 * every + to) // (2 * to) * to)
    fit = every[shown == row.published]
    return float(fit.min()), float(fit.max())


def bounds_of(month, p, command, under, to, known_small=()) -> tuple[float, float]:
    """Least and greatest whole number that a row can be, given all that is published."""
    told = np.array([could_be(row, under, to) for row in month.itertuples()])
    told[list(known_small), 1] = under - 1
    rows = equations(month, command)
    a = np.zeros((max(len(rows), 1), len(month)))
    for n, (whole, parts) in enumerate(rows):
        a[n, whole] += 1
        a[n, parts] -= 1
    found = []
    for sign in (1, -1):
        cost = np.zeros(len(month))
        cost[p] = sign
        solved = milp(cost, constraints=LinearConstraint(a, 0, 0), integrality=np.ones(len(month)),
                      bounds=Bounds(*told.T))  # fmt: skip
        assert solved.status == 0
        found.append(float(round(solved.x[p])))
    return found[0], found[1]


def true_counts(table: pd.DataFrame, command: dict[str, str], by_category: bool) -> pd.DataFrame:
    """Every figure's true count and how many figures above 0 it sums up."""
    leaf = table.assign(command=[command.get(name, "no command") for name in table["lpt"]])
    parts = []
    for level, name in (("lpt", leaf["lpt"]), ("command", leaf["command"]), ("force", "Force")):
        part = leaf.assign(level=level, lpt=name)
        parts.append(part)
        if by_category:
            parts.append(part.assign(category=ALL))
    every = pd.concat(parts).assign(positive=lambda f: (f["incidents"] > 0).astype(int))
    key = ["level", "lpt", "category", "period_start"]
    return every.groupby(key)[["incidents", "positive"]].sum()


def audit(public, table, command, under=5, to=5, by_category=True) -> int:
    """Check every small count of a published table; return how many there were."""
    truth = true_counts(table, command, by_category)
    seen = 0
    for _, month in public.figures.groupby("period_start"):
        month = month.reset_index(drop=True)
        key = pd.MultiIndex.from_frame(month[["level", "lpt", "category", "period_start"]])
        true = truth.loc[key, "incidents"].to_numpy()
        positive = truth.loc[key, "positive"].to_numpy()
        small = np.flatnonzero((true >= 1) & (true < under))
        assert (month["status"].to_numpy()[small] == "suppressed").all()
        assert (month["published"].to_numpy()[true == 0] == 0).all()  # zeros are shown
        for p in small:
            least, most = bounds_of(month, p, command, under, to)
            assert least <= positive[p], (month.loc[p], least, most)
            assert most >= positive[p] + under - 2, (month.loc[p], least, most)
            seen += 1
    return seen


def lpts_of(command: dict[str, str]):
    import geopandas as gpd
    import shapely

    names = sorted(command)
    boxes = [shapely.box(1000 * n, 0, 1000 * n + 1000, 1000) for n in range(len(names))]
    return gpd.GeoDataFrame(
        {"area_km2": 1.0, "command": [command[n] for n in names]}, geometry=boxes,
        crs="EPSG:27700", index=pd.Index(names, name="lpt"),
    )  # fmt: skip


def counts_table(counts, start="2025-01-01") -> pd.DataFrame:
    """Counts of shape (months, LPTs, categories) as a table."""
    counts = np.asarray(counts)
    t, g, k = np.indices(counts.shape).reshape(3, -1)
    months = pd.date_range(start, periods=counts.shape[0], freq="MS")
    return pd.DataFrame({
        "lpt": [f"L{n}" for n in g], "category": [f"C{n}" for n in k],
        "period_start": months[t], "incidents": counts.ravel(),
    })  # fmt: skip


COMMANDS = {"L0": "North", "L1": "North", "L2": "North", "L3": "South"}  # South has one LPT only


@st.composite
def tables(draw):
    lpts = draw(st.integers(1, 4))
    categories = draw(st.integers(1, 4))
    one = st.one_of(st.just(0), st.integers(1, 4), st.integers(5, 7), st.integers(0, 30))
    counts = draw(st.lists(one, min_size=lpts * categories, max_size=lpts * categories))
    return np.array(counts).reshape(1, lpts, categories)


@settings(max_examples=7, derandomize=True)
@given(tables())
def test_no_small_count_can_be_worked_out_of_a_random_table(counts):
    table = counts_table(counts)
    command = {name: COMMANDS[name] for name in table["lpt"].unique()}
    public = publish_trends(table, lpts=lpts_of(command))
    audit(public, table, command, by_category=counts.shape[2] > 1)


@settings(max_examples=5, derandomize=True)
@given(tables(), st.sampled_from([(5, 1), (3, 1), (10, 5), (3, 3)]))
def test_it_holds_without_rounding_and_for_other_rules(counts, rule):
    under, to = rule
    table = counts_table(counts)
    command = {name: COMMANDS[name] for name in table["lpt"].unique()}
    public = publish_trends(table, lpts=lpts_of(command), under=under, to=to)
    audit(public, table, command, under, to, by_category=counts.shape[2] > 1)


def test_the_auditor_itself_sees_what_a_careless_table_gives_away():
    table = counts_table([[[1, 5]]])  # total 6 is shown as 5: 5 to 7, and so is the part of 5
    command = {"L0": "South"}
    public = publish_trends(table, lpts=lpts_of(command))
    careless = public.figures.copy()
    shown = careless["category"].isin(["C1", ALL])
    careless.loc[shown, ["published", "status"]] = [5.0, "published"]
    careless.loc[~shown, "status"] = "suppressed"
    p = int(np.flatnonzero((careless["category"] == "C0") & (careless["level"] == "lpt"))[0])
    assert bounds_of(careless, p, command, 5, 5) == (1, 2)
    assert audit(public, table, command) == 3


def test_whoever_guesses_which_are_small_learns_no_more_than_that():
    # parts of 12 are shown as 10 (8 to 12) and the total of 48 as 50 (48 to 52), so that three
    # small ones which are 4 at most would all have to be 4
    table = counts_table([[[12, 12, 12, 4, 4, 4]]])
    command = {"L0": "South"}
    public = publish_trends(table, lpts=lpts_of(command))
    month = public.figures
    small = np.flatnonzero(month["category"].isin(["C3", "C4", "C5"]))
    own = [p for p in small if month["level"][p] == "lpt"]
    careless = month.copy()
    bigger = ~month["category"].isin(["C3", "C4", "C5"])
    true = {"C0": 10.0, "C1": 10.0, "C2": 10.0, ALL: 50.0}
    careless.loc[bigger, "published"] = month["category"].map(true)
    careless.loc[bigger, "status"] = "published"
    assert bounds_of(careless, own[0], command, 5, 5, known_small=small) == (4, 4)
    for p in own:
        assert bounds_of(month, p, command, 5, 5, known_small=small) == (1, 4)


def test_a_single_lpt_is_its_command_and_both_are_hidden():
    table = counts_table([[[40, 40], [30, 30], [20, 20], [3, 40]]])
    public = publish_trends(table, lpts=lpts_of(COMMANDS))
    f = public.figures.set_index(["level", "lpt", "category"])
    assert f.loc[("lpt", "L3", "C0"), "status"] == "suppressed"
    assert f.loc[("command", "South", "C0"), "status"] == "suppressed"
    assert f.loc[("force", "Force", "C0"), "shown"] == "95"
    assert audit(public, table, COMMANDS) == 2


def test_a_table_of_small_counts_only_is_hidden_but_for_its_zeros():
    table = counts_table([[[1, 0, 2], [0, 1, 0], [1, 1, 1], [0, 0, 4]]])
    public = publish_trends(table, lpts=lpts_of(COMMANDS))
    seen = public.figures
    assert set(seen.loc[seen["status"] == "published", "published"]) <= {0.0, 5.0, 10.0}
    audit(public, table, COMMANDS)


def test_nothing_is_hidden_where_nothing_is_small():
    table = counts_table(np.full((3, 4, 3), 17))
    public = publish_trends(table, lpts=lpts_of(COMMANDS))
    assert set(public.figures["status"]) == {"published"}
    assert set(public.figures.query("level == 'lpt'")["published"]) == {15.0, 50.0}
    assert "suppressed" not in public.text


def test_figures_are_rounded_each_from_its_own_count():
    f = publish_trends(counts_table(np.full((1, 4, 3), 7)), lpts=lpts_of(COMMANDS)).figures
    shown = f.drop_duplicates(["level", "category"]).set_index(["level", "category"])["published"]
    assert shown["lpt", "C0"] == 5
    assert shown["lpt", ALL] == 20  # 21, not 3 fives
    assert shown["force", ALL] == 85  # 84
    assert (f["low"] <= f["published"]).all()
    assert (f["high"] >= f["published"]).all()


@pytest.mark.parametrize(("under", "to"), [(5, 5), (3, 5), (10, 5), (5, 1), (2, 3), (5, 10)])
def test_what_a_figure_stands_for_is_found_by_counting(under, to):
    counts = np.arange(under, 60)
    shown = rounded(counts.astype(float), to)
    assert (shown > 0).all()  # a zero is a true zero
    for figure in np.unique(shown)[:-1]:
        low, high = told_by(np.array([figure]), under, to)
        meant = counts[shown == figure]
        assert (low[0], high[0]) == (meant.min(), meant.max())


def test_secondary_suppression_is_the_least_there_is():
    # the classic: one small count; a second in its row, one in its column and the corner suffice
    value = np.array([2.0, 20, 30, 52, 10, 40, 50, 100, 12, 60, 80, 152])  # 2 x 2 parts, totals
    from scipy.sparse import csr_matrix

    sums = csr_matrix(np.array([
        [1, 1, 1, -1, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, -1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, -1], [1, 0, 0, 0, 1, 0, 0, 0, -1, 0, 0, 0],
        [0, 1, 0, 0, 0, 1, 0, 0, 0, -1, 0, 0], [0, 0, 1, 0, 0, 0, 1, 0, 0, 0, -1, 0],
        [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, -1],
    ], dtype=float))  # fmt: skip
    hidden = np.zeros(12, dtype=bool)
    hidden[0] = True
    low, high = np.where(hidden, 1.0, value), np.where(hidden, np.inf, value)
    total = np.isin(np.arange(12), [3, 7, 8, 9, 10, 11])
    cost = np.where(total, 5.0, 1.0) + value / 1000
    chosen = hide_more(sums, value, (low, high, high), hidden, ~hidden, cost,
                       [(0, 1.0, False), (0, 4.0, False)])  # fmt: skip
    assert np.flatnonzero(chosen).tolist() == [0, 1, 4, 5]
    low, high = np.where(chosen, 1.0, value), np.where(chosen, np.inf, value)
    goal = np.full((1, 12), np.nan)
    goal[0, 0] = 4
    assert not exposed(sums, low[None], high[None], goal - 3, goal)[1].any()


@pytest.mark.parametrize("to", [1, 5])
def test_what_is_hidden_costs_least_of_all_choices(to):
    rng = np.random.default_rng(7)
    for _ in range(1 if to == 1 else 3):
        counts = rng.choice([0, 2, 3, 5, 6, 11], (1, 2, 2))
        cells = cells_of(count_series(counts_table(counts), ("lpt", "category")), None)
        nothing = np.zeros(cells.value.shape, dtype=bool)
        done = protect(cells, 5, to, nothing, nothing)
        told = _Told(cells, 5, to, done.small, done.small)
        guards = np.flatnonzero((cells.value[0] > 0) & ~done.small[0])
        best = np.inf
        for choice in itertools.product([False, True], repeat=len(guards)):
            chosen = guards[np.array(choice, dtype=bool)]
            cost = told.cost[0, chosen].sum()
            if cost >= best:
                continue
            told.hidden = done.small.copy()
            told.hidden[0, chosen] = True
            if not told.exposed([0]):
                best = cost
        assert told.cost[done.hidden & ~done.small].sum() == pytest.approx(best)


# --- what may be asked, and what is said ---------------------------------------------------------


def test_nothing_finer_than_lpt_and_month_and_every_fault_at_once():
    table = counts_table([[[3, 8]]]).assign(ward="W")
    with pytest.raises(hs.InputError) as caught:
        publish_trends(table, by=["lpt", "ward"], freq="W-MON", sensitive=[3], under=1, to=0,
                       previous="last")  # fmt: skip
    said = str(caught.value)
    assert len(caught.value.faults) == 6
    for word in ("'ward'", "sensitive categories", "'W-MON'", "[3]", "under is 1", "to is 0"):
        assert word in said


@pytest.mark.parametrize(
    ("given", "said"),
    [({"by": None}, "by is None"), ({"by": 3}, "by is 3"), ({"under": 5.5}, "under is 5.5"),
     ({"under": True}, "under is True"), ({"to": 12}, "over twice"), ({"to": "5"}, "to is '5'"),
     ({"sensitive": None}, "sensitive is None"), ({"freq": "D"}, "nothing finer than months")],
)  # fmt: skip
def test_arguments_of_the_wrong_kind_are_refused_in_words(given, said):
    with pytest.raises(hs.InputError, match=said):
        publish_trends(counts_table([[[3, 8]]]), **given)


def test_counts_by_ward_or_week_made_before_are_refused():
    table = counts_table([[[3, 8]]], start="2024-04-01")  # a Monday and the first of a month
    weekly = count_series(table, ("lpt", "category"), "W-MON")
    for freq in ("MS", "W-MON"):
        with pytest.raises(hs.InputError, match="W-MON"):
            publish_trends(weekly, freq=freq)
    counted = count_series(table.rename(columns={"lpt": "ward"}), ("ward", "category"))
    with pytest.raises(hs.InputError, match="'ward'"):
        publish_trends(counted)


def test_a_category_named_like_the_total_is_refused():
    table = counts_table([[[3, 8]]]).replace({"category": {"C0": ALL}})
    with pytest.raises(hs.InputError, match="name of the total"):
        publish_trends(table)


def test_sensitive_categories_are_marked_by_name_and_by_list():
    table = counts_table([[[30, 80, 9]]]).replace(
        {"category": {"C0": "Rape and other Sexual offences", "C1": "Shoplifting", "C2": "Arson"}}
    )
    public = publish_trends(table)
    marked = set(public.figures.loc[public.figures["sensitive"], "category"])
    assert marked == {"Rape and other Sexual offences"}
    assert "Rape and other Sexual offences is a sensitive category" in public.text
    listed = publish_trends(table, sensitive=["arson", "SHOP"]).figures
    assert set(listed.loc[listed["sensitive"], "category"]) == {"Arson", "Shoplifting"}


@pytest.mark.parametrize(("by", "rows"), [((), 1), (("lpt",), 7), (("category",), 4),
                                          (("lpt", "category"), 28)])  # fmt: skip
def test_every_way_of_grouping_has_all_its_totals(county_like, by, rows):
    lpts, table = county_like
    table = table.groupby([*by, "period_start"], as_index=False)["incidents"].sum()
    public = publish_trends(table, by=by, lpts=lpts)
    assert len(public.figures) == rows
    assert not public.figures.duplicated(["level", "lpt", "category", "period_start"]).any()
    assert (public.figures["level"] == "force").any()


@pytest.fixture
def county_like():
    return lpts_of(COMMANDS), counts_table([[[9, 30, 2], [8, 40, 6], [0, 50, 5], [1, 60, 7]]])


def test_months_not_recorded_are_blank_and_incomplete_ones_kept_back(county_like):
    lpts, table = county_like
    months = [table.assign(period_start=when) for when in pd.date_range("2025-01-01", periods=4,
                                                                        freq="MS")]  # fmt: skip
    months[1] = months[1].assign(incidents=np.nan)
    months[2] = months[2].assign(status="thin")
    f = publish_trends(pd.concat(months, ignore_index=True), lpts=lpts)
    each = f.figures.groupby("period_start")
    assert [set(s) - {"published", "suppressed"} for _, s in each["status"]] == [
        set(), {"missing"}, {"incomplete"}, set(),
    ]  # fmt: skip
    blank = f.figures["status"].isin(["missing", "incomplete"])
    assert f.figures.loc[blank, ["published", "low", "high"]].isna().all(axis=None)
    assert set(f.figures.loc[blank, "shown"]) == {""}
    assert "1 month not recorded, left blank, never zero (Feb 2025)" in f.text
    assert "1 month recorded in part, kept back until whole (Mar 2025)" in f.text


def test_a_total_of_which_a_part_is_missing_is_kept_back_and_tells_nothing(county_like):
    lpts, table = county_like
    table = table.astype({"incidents": float})
    table.loc[table["lpt"] == "L0", "incidents"] = np.nan
    both = pd.concat([table, county_like[1].assign(period_start=pd.Timestamp("2025-02-01"))])
    f = publish_trends(both, lpts=lpts).figures
    state = f[f["period_start"] == "2025-01-01"].groupby(["level", "lpt"])["status"].agg(set)
    assert state["lpt", "L0"] == {"missing"}
    assert state["command", "North"] == state["force", "Force"] == {"incomplete"}
    assert state["lpt", "L3"] <= {"published", "suppressed"}


def test_the_same_counts_give_the_same_release_whatever_the_order(county_like):
    lpts, table = county_like
    first = publish_trends(table, lpts=lpts)
    again = publish_trends(table.sample(frac=1, random_state=2), lpts=lpts)
    pd.testing.assert_frame_equal(first.figures, again.figures)
    more = pd.concat([table, table.assign(period_start=pd.Timestamp("2025-02-01"))])
    later = publish_trends(more, lpts=lpts).figures
    old = later[later["period_start"] == "2025-01-01"].reset_index(drop=True)
    pd.testing.assert_frame_equal(old, first.figures)  # months do not lean on one another


def test_the_next_release_keeps_hidden_what_the_last_one_hid(county_like):
    lpts, table = county_like
    first = publish_trends(table, lpts=lpts)
    revised = table.copy()
    revised.loc[(table["lpt"] == "L0") & (table["category"] == "C2"), "incidents"] = 6
    revised.loc[(table["lpt"] == "L1") & (table["category"] == "C0"), "incidents"] = 21
    free = publish_trends(revised, lpts=lpts).figures.set_index(["level", "lpt", "category"])
    bound = publish_trends(revised, lpts=lpts, previous=first)
    f = bound.figures.set_index(["level", "lpt", "category"])
    assert free.loc[("lpt", "L0", "C2"), "status"] == "published"
    assert f.loc[("lpt", "L0", "C2"), "status"] == "suppressed"
    was = first.figures.set_index(["level", "lpt", "category"])
    assert (f.loc[was.index[was["status"] == "suppressed"], "status"] == "suppressed").all()
    assert "What the last release hid stays hidden." in bound.text
    assert "of it changed since" in bound.text


def test_a_release_that_must_hide_what_was_shown_says_so():
    command = {"L0": "North", "L1": "North"}
    first = publish_trends(counts_table([[[0, 5], [9, 8]]]), lpts=lpts_of(command))
    assert set(first.figures["status"]) == {"published"}
    later = publish_trends(counts_table([[[1, 5], [9, 8]]]), lpts=lpts_of(command), previous=first)
    own = later.figures[later.figures["lpt"] == "L0"].set_index("category")["status"]
    assert own["C0"] == "suppressed"
    assert "suppressed" in {own["C1"], own[ALL]}  # 5 and 6, both shown as 5 before
    assert "changed since" in later.text
    assert "only by hiding figures that the last release showed" in later.text


def test_a_release_by_other_rules_is_refused(county_like):
    lpts, table = county_like
    first = publish_trends(table, lpts=lpts)
    with pytest.raises(hs.InputError, match="keep its rules"):
        publish_trends(table, lpts=lpts, under=10, previous=first)


def test_no_table_or_text_tells_why_a_figure_is_hidden(county_like):
    lpts, table = county_like
    public = publish_trends(table, lpts=lpts)
    assert list(public.tables) == ["figures"]
    assert set(public.figures.columns) == {
        "level", "lpt", "category", "period_start", "published", "low", "high", "status",
        "shown", "sensitive",
    }  # fmt: skip
    hidden = public.figures[public.figures["status"] == "suppressed"]
    assert hidden[["published", "low", "high"]].isna().all(axis=None)
    assert set(hidden["shown"]) == {"c"}
    assert "force only" in public.inside
    assert "force only" not in public.text


def test_it_leaves_as_a_table_with_every_column_explained(county_like, tmp_path):
    import json

    public = publish_trends(county_like[1], lpts=county_like[0])
    folder = hs.export_bi(tmp_path / "bi", public)
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["tables"]
    assert [c["name"] for c in told["published_figures"]["columns"] if not c["meaning"]] == []
    again = pd.read_csv(folder / "published_figures.csv", encoding="utf-8-sig")
    assert again["published"].isna().equals(public.figures["published"].isna())
    assert (again.loc[again["status"] == "suppressed", "shown"] == "c").all()


@pytest.mark.realdata
def test_two_years_of_a_county(shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    loaded = hs.read_incidents(
        shared / "data" / "police_uk" / "staffordshire-2024-2025.zip", lpts=lpts
    )
    given = loaded.incidents
    public = publish_trends(given, lpts=lpts)
    f = public.figures
    recorded = f["status"].isin(["published", "suppressed"])
    assert f.loc[~recorded, "period_start"].nunique() == 8
    assert recorded.sum() == 3600
    share = (f.loc[recorded, "status"] == "suppressed").mean()
    assert 0.13 < share < 0.14
    month = f[f["period_start"] == "2025-02-01"].reset_index(drop=True)
    place = given.assign(lpt=given["lpt"].astype(object).fillna("no LPT"))
    place = place[place["occurred_from"] == "2025-02-01"]
    count = place.groupby(["lpt", "category"]).size()
    leaf = month[(month["level"] == "lpt") & (month["category"] != ALL)]
    true = count.reindex(pd.MultiIndex.from_frame(leaf[["lpt", "category"]]), fill_value=0)
    small = leaf.index[true.between(1, 4)]
    assert (month.loc[small, "status"] == "suppressed").all()
    command = lpts["command"].to_dict()
    for p in small[::9]:
        least, most = bounds_of(month, p, command, 5, 5)
        assert (least, most >= 4) == (1, True), month.loc[p]
    # and the profiles of the same records
    profile = hs.lpt_profile(given, lpts=lpts)
    assert len(profile.lpts) == 10
    levels = profile.levels.set_index(["lpt", "category"])
    north = levels.loc[("Stoke-on-Trent North", ALL)]
    assert (north["months"], north["compared"], north["standing"]) == (12, 4, "within")
    late = given["occurred_from"] >= "2025-01-01"
    assert north["incidents"] == (late & (given["lpt"] == "Stoke-on-Trent North")).sum()
    said = profile.pages.set_index(["lpt", "section"])["sentence"]
    assert "May 2024 to Dec 2024" in said[("Stafford", "quality")]
