"""A page for each team: like with like, chance told, nothing in public that is not published."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import t

import hotspots as hs
from hotspots.chance.exact import rate_ratio
from hotspots.profiles import lpt_profile, publish_trends
from hotspots.profiles._levels import FAR, _funnel, changes, month_days, spreads, year_of

ALL = "All categories"


@pytest.fixture(scope="module")
def county(county):
    """Three LPTs of it are enough here."""
    names = county.lpts.index[:3]
    kept = county.incidents[county.incidents["lpt"].isin(names)]
    return SimpleNamespace(incidents=kept, lpts=county.lpts.loc[names])


def counts(per_month, lpts=("A", "B"), start="2023-01-01", category="Burglary") -> pd.DataFrame:
    """A table of counts: rows of months by LPTs; NaN is not recorded."""
    per_month = np.asarray(per_month, dtype=float)
    months = pd.date_range(start, periods=len(per_month), freq="MS")
    return pd.DataFrame({
        "lpt": np.tile(lpts, len(per_month)), "category": category,
        "period_start": months.repeat(len(lpts)), "incidents": per_month.ravel(),
    })  # fmt: skip


def areas(names, population=None) -> gpd.GeoDataFrame:
    boxes = [shapely.box(1000 * n, 0, 1000 * n + 1000, 1000) for n in range(len(names))]
    table = gpd.GeoDataFrame({"area_km2": 1.0}, geometry=boxes, crs="EPSG:27700",
                             index=pd.Index(names, name="lpt"))  # fmt: skip
    return table if population is None else table.assign(population=population)


def level(profile, lpt, category=None):
    rows = profile.levels[profile.levels["lpt"] == lpt]
    return rows[rows["category"] == (category or rows["category"].iloc[-1])].iloc[0]


def said(profile, lpt, section):
    rows = profile.pages[(profile.pages["lpt"] == lpt) & (profile.pages["section"] == section)]
    return rows["sentence"].iloc[0]


# --- levels ------------------------------------------------------------------------------------


def test_the_year_before_is_compared_over_the_months_that_both_recorded():
    table = counts([[100, 50]] * 4 + [[np.nan, np.nan]] * 8 + [[120, 50]] * 12, start="2022-01-01")
    profile = lpt_profile(table)
    a = level(profile, "A")
    assert (a["incidents"], a["months"]) == (1440, 12)
    assert (a["compared"], a["latest"], a["previous"]) == (4, 480, 400)
    # January to April: 120 days in both years
    assert a["change"] == pytest.approx(0.2)
    assert "the 12 recorded months Jan 2023 to Dec 2023" in said(profile, "A", "levels")
    assert "Over the 4 months recorded in both years, 480 after 400" in said(profile, "A", "change")
    assert "8 not recorded (May 2022 to Dec 2022), never read as zero" in said(
        profile, "A", "quality"
    )


def test_a_leap_day_is_no_rise():
    table = counts([[280, 280], [0, 0]] + [[0, 0]] * 10 + [[290, 290]], start="2023-02-01")
    profile = lpt_profile(table)  # 280 in 28 days of February 2023, 290 in 29 of 2024
    assert level(profile, "A")["change"] == pytest.approx(0, abs=1e-12)


def test_the_interval_is_that_of_the_exact_test_divided_by_the_dispersion():
    rng = np.random.default_rng(3)
    y = rng.poisson(40, (24, 6)).astype(float)
    profile = lpt_profile(counts(y, lpts=list("ABCDEF")))
    used = np.ones((6, 24), dtype=bool)
    keys = pd.DataFrame({"level": "lpt", "lpt": list("ABCDEF"), "category": "Burglary"})
    spread = spreads(keys, y.T, year_of(used))
    assert 1 <= spread[0] < 1.6  # pure chance: about 1
    now, was = y[12:].sum(axis=0), y[:12].sum(axis=0)
    ratio, low, high, _ = rate_ratio(was, now, 366 / 365, spread)
    own = profile.levels[profile.levels["level"] == "lpt"]
    np.testing.assert_allclose(own["change"], ratio - 1, rtol=1e-12)
    np.testing.assert_allclose(own["change_low"], low - 1, rtol=1e-12)
    np.testing.assert_allclose(own["change_high"], high - 1, rtol=1e-12)


def test_intervals_hold_the_truth_as_often_as_they_say_with_and_without_overdispersion():
    rng = np.random.default_rng(1)
    for excess in (0.0, 0.05):
        n, mean = 400, 60.0
        law = np.full((n, 24), mean)
        law[:, 12:] *= 1.2
        if excess:
            law = law * rng.gamma(1 / excess, excess, law.shape)
        y = rng.poisson(law).astype(float)
        keys = pd.DataFrame({"level": "lpt", "lpt": "x", "category": np.arange(n) // 10})
        year = year_of(np.ones((n, 24), dtype=bool))
        days = np.full(24, 30.0)
        found = changes((y, y, y), year, days, spreads(keys, y, year))
        held = ((found["change_low"] <= 0.2) & (found["change_high"] >= 0.2)).mean()
        assert 0.93 <= held <= 0.99


def test_no_percentage_under_twenty_and_nothing_to_compare_is_said():
    few = lpt_profile(counts([[1, 90]] * 24))
    assert np.isnan(level(few, "A")["change"])
    assert level(few, "A")["class_"] == "too few to say"
    assert "%" not in said(few, "A", "change")
    new = lpt_profile(counts([[30, 90]] * 9))
    assert level(new, "A")["class_"] == "nothing to compare"
    assert "None of these months was recorded a year before" in said(new, "A", "change")
    assert "9 recorded months" in said(new, "A", "levels")


def test_among_many_comparisons_chance_makes_next_to_no_rises_and_falls():
    rng = np.random.default_rng(8)
    names = [f"L{n}" for n in range(10)]
    tables = [counts(rng.poisson(50, (24, 10)), lpts=names, category=f"C{k}") for k in range(14)]
    profile = lpt_profile(pd.concat(tables, ignore_index=True))
    assert profile.levels["class_"].isin(["rise", "fall"]).sum() <= 3
    planted = tables[0].copy()
    late = (planted["period_start"] >= "2024-01-01") & (planted["lpt"] == "L3")
    planted.loc[late, "incidents"] *= 2
    found = lpt_profile(pd.concat([planted, *tables[1:]], ignore_index=True))
    assert level(found, "L3", "C0")["class_"] == "rise"
    assert "Clearly up: C0" in said(found, "L3", "change")


def test_an_interval_that_leaves_out_zero_by_chance_is_explained():
    names = [f"L{n}" for n in range(12)]
    y = np.full((24, 12), 100.0)
    y[12:, 0] += 10  # p is .02, but one of twelve comparisons
    profile = lpt_profile(counts(y, lpts=names, start="2021-01-01"))
    row = level(profile, "L0")
    assert row["class_"] == "no clear change"
    assert row["change_low"] > 0
    assert "leaves out 0%, as some do by chance" in said(profile, "L0", "change")


def test_one_incident_makes_a_page():
    said = lpt_profile(counts([[1]], lpts=["A"])).text
    assert said.startswith("A.\n1 incident in the recorded month Jan 2023.")


# --- against the force -------------------------------------------------------------------------


def test_lpts_that_differ_as_lpts_do_are_all_within_and_one_far_off_is_not():
    names = [f"L{n}" for n in range(10)]
    rng = np.random.default_rng(2)
    rate = 100 * rng.gamma(100, 0.01, 10)  # teams differ by a tenth: far beyond chance
    y = rng.poisson(rate, (24, 10)).astype(float)
    people = areas(names, population=np.full(10, 50_000))
    usual = lpt_profile(counts(y, lpts=names), lpts=people)
    own = usual.levels[usual.levels["level"] == "lpt"]
    assert set(own["standing"]) == {"within"}
    assert "within what chance and the usual differences" in said(usual, "L0", "levels")
    y[:, 4] *= 3
    odd = lpt_profile(counts(y, lpts=names), lpts=people)
    assert level(odd, "L4")["standing"] == "above"
    assert level(odd, "L0")["standing"] == "within"
    per = 12 * 50 / 600  # incidents of a year per 1,000
    assert level(usual, "L0")["per_1000"] == pytest.approx(y[12:, 0].sum() / 50, rel=1e-12)
    assert level(usual, "L0")["per_1000"] > per


def test_the_funnel_calls_chance_alone_outlying_as_rarely_as_it_says():
    rng = np.random.default_rng(6)
    for between in (0.0, 0.3):  # and where LPTs differ by a third beyond chance
        out = 0
        for _ in range(500):
            n = rng.uniform(50, 150, 10)
            count = rng.poisson(8 * n * np.exp(rng.normal(0, between, 10))).astype(float)
            rate = count.sum() / n.sum()
            out += int((abs(_funnel(count, n, rate, np.ones(10))) > t.ppf(FAR, 9)).sum())
        assert out / 5_000 < 0.004  # nominal 1 in 500


def test_no_standing_where_residents_are_not_known_or_teams_are_few():
    table = counts([[100, 50]] * 14)
    assert set(lpt_profile(table).levels["standing"]) == {""}
    two = lpt_profile(table, lpts=areas(["A", "B"], population=[10_000, 20_000]))
    assert set(two.levels["standing"]) == {""}
    assert level(two, "A")["per_1000"] == pytest.approx(120)
    assert level(two, "A")["force_per_1000"] == pytest.approx(60)


# --- the other sections ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(county):
    incidents = county.incidents.assign(harm=1.0)
    names = county.lpts.index[[0, 0, 1]]
    spots = pd.DataFrame(
        {"rank": [3, 1, 2], "incidents": [30, 1200, 50], "lpt": names, "class_": "persistent",
         "name": ["High Street", None, "Mill Lane"]},
        index=pd.Index(["a", "b", "c"], name="hotspot"),
    )  # fmt: skip
    return lpt_profile(
        incidents, county.lpts.index[:3], lpts=county.lpts, hotspots=spots,
        trends=hs.seasonal_trends(incidents),
        week=hs.week_profile(incidents, "lpt", bootstraps=100),
    )  # fmt: skip


def test_every_team_has_a_page_with_every_section(whole, county):
    assert whole.lpts == tuple(county.lpts.index[:3])
    assert lpt_profile(county.incidents).lpts == tuple(sorted(county.lpts.index))
    sections = whole.pages.groupby("lpt")["section"].agg(list)
    wanted = ["levels", "change", "harm", "seasons", "hotspots", "week", "quality"]
    assert sections.map(lambda found: found == wanted).all()
    assert whole.pages["sentence"].str.len().max() < 900
    assert "no LPT" not in set(whole.pages["lpt"])


def test_levels_add_up_to_the_incidents_of_the_year(whole, county):
    given = county.incidents
    months = given["occurred_from"].dt.to_period("M")
    year = given[months > months.max() - 12]
    lpt = whole.lpts[0]
    own = whole.levels[whole.levels["lpt"] == lpt].set_index("category")["incidents"]
    assert own[ALL] == (year["lpt"] == lpt).sum()
    assert own.drop(ALL).sum() == own[ALL]
    assert (whole.months[whole.months["category"] == ALL].groupby("lpt")["incidents"].sum()
            .loc[lpt] == (given["lpt"] == lpt).sum())  # fmt: skip


def test_harm_is_summed_with_an_interval_and_missing_weights_are_said(county):
    given = county.incidents.assign(
        harm=np.random.default_rng(1).lognormal(3, 2, len(county.incidents))
    )
    lpt = county.lpts.index[0]
    profile = lpt_profile(given, lpt)
    months = given["occurred_from"].dt.to_period("M")
    own = given[(months > months.max() - 12) & (given["lpt"] == lpt)]
    row = profile.harm[profile.harm["category"] == ALL].iloc[0]
    assert row["harm"] == pytest.approx(own["harm"].sum())
    wide = np.exp(1.96 * np.sqrt((own["harm"] ** 2).sum()) / own["harm"].sum())
    assert row["harm_high"] == pytest.approx(row["harm"] * wide)
    parts = profile.harm[profile.harm["category"] != ALL]
    assert parts["share_of_harm"].sum() == pytest.approx(1)
    assert parts["share_of_incidents"].sum() == pytest.approx(1)
    given.loc[own.index[:3], "harm"] = np.nan
    assert "3 incidents had no weight" in said(lpt_profile(given, lpt), lpt, "harm")
    none = lpt_profile(county.incidents, lpt)
    assert "add it with harm_days(incidents)" in said(none, lpt, "harm")
    assert len(none.harm) == 0


def test_shares_are_given_of_twenty_incidents_and_more_only(county):
    lpt = county.lpts.index[0]
    own = county.incidents[county.incidents["lpt"] == lpt]
    own = own[own["occurred_to"] < "2023-02-01"].assign(harm=4.0)
    own = own.iloc[np.linspace(0, len(own) - 1, 30).astype(int)]  # from the first to the last day
    own["category"] = ["Robbery"] * 7 + ["Burglary"] * 23
    told = lpt_profile(own, lpt)
    assert "Burglary 77% of the harm with 77% of the incidents" in said(told, lpt, "harm")
    assert "Robbery 28 days in 7 incidents" in said(told, lpt, "harm")
    few = lpt_profile(own.iloc[::5], lpt)
    assert not re.search(r"[0-9]%(?! interval)", few.text)


def test_names_of_the_totals_are_refused():
    with pytest.raises(hs.InputError, match="an LPT is called 'Force'"):
        lpt_profile(counts([[30, 40]] * 2, lpts=("A", "Force")))
    with pytest.raises(hs.InputError, match="a category is called 'All categories'"):
        lpt_profile(counts([[30, 40]] * 2, category=ALL))


def test_one_weight_a_type_is_called_approximate(county):
    given = county.incidents.assign(harm=10.0)
    lpt = county.lpts.index[0]
    assert "One weight per type, so approximate" in said(lpt_profile(given, lpt), lpt, "harm")


def test_what_was_not_given_is_left_out_and_says_what_to_give(county):
    profile = lpt_profile(county.incidents, county.lpts.index[0])
    lpt = profile.lpts[0]
    assert "trends=seasonal_trends" in said(profile, lpt, "seasons")
    assert "pass hotspots=" in said(profile, lpt, "hotspots")
    assert "week=week_profile" in said(profile, lpt, "week")
    for name in ("seasons", "spots", "week"):
        assert len(profile.tables[name]) == 0


def test_hotspots_come_with_street_class_rank_and_count(whole):
    assert said(whole, whole.spots["lpt"].iloc[0], "hotspots") == (
        "2 hotspots: b (rank 1, persistent, 1,200 incidents); High Street (rank 3, persistent, 30 "
        "incidents)."
    )
    assert "none of those given lies in this LPT" in said(whole, whole.lpts[-1], "hotspots")


def test_month_only_records_bear_no_hours_and_say_so(county):
    month = county.incidents["occurred_from"].dt.to_period("M").dt.to_timestamp().astype("M8[s]")
    coarse = county.incidents.assign(
        occurred_from=month, occurred_to=month + pd.offsets.MonthBegin()
    )
    profile = lpt_profile(coarse, county.lpts.index[0])
    assert "known to the month only" in said(profile, profile.lpts[0], "week")
    assert profile.quality["known_to"].tolist() == ["month", "month"]


def test_police_generated_incidents_are_counted_and_told(whole, county):
    given = county.incidents
    lpt = whole.lpts[0]
    own = given[given["lpt"] == lpt]
    share = (own["origin"] == "police").mean()
    assert whole.quality.set_index("lpt").loc[lpt, "police_generated"] == pytest.approx(share)
    assert f"{share:.0%} were found by police activity" in said(whole, lpt, "quality")


def test_one_lpt_several_and_all(county):
    names = sorted(county.lpts.index)
    one = lpt_profile(county.incidents, names[0])
    assert one.lpts == (names[0],)
    assert one.text.startswith(f"{names[0]}.\n")
    assert set(one.levels["lpt"]) == {names[0], "Force"}
    two = lpt_profile(county.incidents, [names[1], names[0]])
    assert two.lpts == (names[1], names[0])
    assert two.text.count("\n") == 2
    # the others still serve for comparison
    both = two.levels.set_index(["lpt", "category"])["change_low"]
    alone = one.levels.set_index(["lpt", "category"])["change_low"]
    pd.testing.assert_series_equal(alone.loc[[names[0]]], both.loc[[names[0]]])


def test_every_fault_is_told_in_words(county):
    with pytest.raises(hs.InputError, match="lpt asks for 'Nowhere'"):
        lpt_profile(county.incidents, "Nowhere")
    with pytest.raises(hs.InputError, match=r"no column 'lpt'"):
        lpt_profile(county.incidents.drop(columns="lpt"))
    with pytest.raises(hs.InputError) as caught:
        lpt_profile(county.incidents.drop(columns="lpt"), public="yes", lpts=pd.DataFrame())
    assert len(caught.value.faults) >= 3
    with pytest.raises(hs.InputError, match="is of type int"):
        lpt_profile(5)
    with pytest.raises(hs.InputError, match="count anew"):
        lpt_profile(hs.count_series(county.incidents, ("lpt",), "W-MON"))
    with pytest.raises(hs.InputError, match="there are no incidents"):
        lpt_profile(county.incidents.iloc[:0])
    with pytest.raises(hs.InputError, match="trends is of type int"):
        lpt_profile(county.incidents, trends=3)
    with pytest.raises(hs.InputError, match="week has no column"):
        lpt_profile(county.incidents, week=pd.DataFrame({"a": [1]}))
    with pytest.raises(hs.InputError, match="not published by lpt"):
        lpt_profile(county.incidents, public=publish_trends(county.incidents, ["category"]))


def test_days_of_months_know_leap_years():
    month = np.array(["2024-02-01", "2023-02-01", "2023-12-01"], dtype="datetime64[ns]")
    assert month_days(month).tolist() == [29, 28, 31]


# --- the public version --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def year(county):
    """The last 14 months of two LPTs and six types: enough to compare, and little to guard."""
    late = county.incidents[county.incidents["occurred_from"] >= "2024-11-01"]
    kept = late["category"].isin(sorted(late["category"].unique())[:6])
    return late[kept & late["lpt"].isin(county.lpts.index[:2])], county.lpts.iloc[:2]


@pytest.fixture(scope="module")
def release(year):
    return publish_trends(year[0], lpts=year[1])


@pytest.fixture(scope="module")
def public(year):
    return lpt_profile(year[0], lpts=year[1], public=True)


def test_the_public_page_is_worked_out_from_published_figures_and_nothing_else(
    public, release, year
):
    """Two sets of counts that publish the same figures must give the same page."""
    other = lpt_profile(year[0].iloc[:50], lpts=year[1], public=release)
    for name, table in public.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name])
    assert public.text == other.text


def test_the_public_page_holds_no_hotspot_harm_hour_season_or_row_count(public, release, year):
    for name in ("harm", "seasons", "spots", "week"):
        assert len(public.tables[name]) == 0
    assert set(public.pages["section"]) == {"levels", "change", "quality"}
    assert set(public.quality.columns) == {"level", "lpt", "present", "missing", "thin", "gaps"}
    given = lpt_profile(year[0], lpts=year[1], public=release, trends=3, hotspots=3, week=3)
    assert set(given.pages["section"]) == {"levels", "change", "quality"}  # not even looked at


def test_public_sums_are_ranges_that_hold_the_truth(public, year):
    true = lpt_profile(year[0], lpts=year[1]).levels
    both = true.merge(public.levels, on=["level", "lpt", "category"], suffixes=("", "_public"))
    assert len(both) == len(true)
    known = both["incidents_public"].notna()
    assert (both["incidents_low"] <= both["incidents"]).all()
    assert (both["incidents_high"] >= both["incidents"])[known].all()
    assert (public.levels["incidents"].dropna() % 5 == 0).all()
    assert (public.levels["hidden_months"] > 0).equals(public.levels["incidents"].isna())
    # the interval holds every count the figures can stand for
    told = both["change_public"].notna()
    assert told.any()
    assert (both["change_low_public"] <= both["change"])[told].all()
    assert (both["change_high_public"] >= both["change"])[told].all()


def test_public_months_are_the_published_figures(public, release):
    figures = release.figures
    key = ["lpt", "category", "period_start"]
    figures = figures[figures["level"] == "lpt"].set_index(key)["published"]
    shown = public.months.set_index(key)["incidents"]
    pd.testing.assert_series_equal(shown, figures.loc[shown.index], check_names=False)


def test_a_public_comparison_that_a_suppressed_month_forbids_is_not_called_too_few():
    y = np.full((24, 2), 60.0)
    y[20, 0] = 3
    given = pd.concat([counts(y), counts(np.full((24, 2), 80), category="Drugs")])
    public = lpt_profile(given, "A", public=True)
    assert level(public, "A", "Burglary")["class_"] == "suppressed"
    assert level(public, "A", "Burglary")["incidents_low"] > 600
    assert "1 not compared, for a month is suppressed" in said(public, "A", "change")
    assert "some months are suppressed" in said(public, "A", "quality")


# --- the picture and the page --------------------------------------------------------------------


def test_the_picture_leaves_gaps_open():
    from matplotlib.figure import Figure

    profile = lpt_profile(counts([[100, 50]] * 4 + [[np.nan] * 2] * 8 + [[120, 50]] * 12), "A")
    ax = hs.plot_profile(profile, ax=Figure().add_subplot())
    assert len(ax.patches) == 16 + 1  # a bar a month recorded, and one hatched stretch
    assert [text.get_text() for text in ax.texts] == ["not recorded"]
    assert ax.get_ylim()[0] == 0
    both = lpt_profile(counts([[100, 50]] * 4))
    with pytest.raises(hs.InputError, match="the profile holds A, B"):
        hs.plot_profile(both)
    with pytest.raises(hs.InputError, match="give what lpt_profile returned"):
        hs.plot_profile(3)


class Page(HTMLParser):
    """What a page asks of elsewhere, and whether its tags are balanced."""

    VOID = frozenset({"meta", "link", "img", "br"})

    def __init__(self, text):
        super().__init__()
        self.open, self.asked, self.sheets = [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href") and not value.startswith(("data:", "#")):
                self.asked.append(value)
            self.sheets += name == "class" and value == "sheet"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_asks_for_nothing_and_has_a_sheet_each(whole, public, tmp_path):
    for profile, name in ((whole, "profile.html"), (public, "public-profile.html")):
        place = hs.write_profile(tmp_path, profile, title="A <year>", about="Ask & tell")
        assert place == tmp_path / name
        text = place.read_text(encoding="utf-8")
        page = Page(text)
        assert page.open == []
        assert page.asked == []
        assert page.sheets == len(profile.lpts)
        assert "<h1>A &lt;year&gt;</h1>" in text
        assert "Ask &amp; tell" in text
        assert "default-src 'none'" in text
        assert "script-src" not in text
        assert "<script" not in text
    inner = (tmp_path / "profile.html").read_text(encoding="utf-8")
    assert "For use inside the force" in inner
    outer = (tmp_path / "public-profile.html").read_text(encoding="utf-8")
    assert "use inside the force" not in outer
    assert "Hotspots" not in outer.split("<main")[1].split("<footer")[0]


def test_the_public_page_shows_no_figure_that_was_not_published(public, tmp_path):
    text = hs.write_profile(tmp_path, public).read_text(encoding="utf-8")
    tables = re.findall(r"<h3>By month</h3>.*?</table>", text, re.S)
    assert len(tables) == len(public.lpts)
    cells = re.findall(r'<td class="n">([^<]*)</td>', "".join(tables))
    assert cells
    assert all(c == "c" or int(c.replace(",", "")) % 5 == 0 for c in cells)


def test_no_page_is_written_of_something_else(tmp_path):
    with pytest.raises(hs.InputError, match="has no table pages"):
        hs.write_profile(tmp_path, 3)
    with pytest.raises(hs.InputError, match="title is 5"):
        hs.write_profile(tmp_path, lpt_profile(counts([[30, 40]] * 4)), title=5)


def test_it_leaves_as_tables_with_every_column_explained(whole, public, tmp_path):
    import json

    folder = hs.export_bi(tmp_path / "bi", whole, public)
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["tables"]
    names = [name for name in told if name.startswith("profile")]
    assert len(names) == 16
    for name in names:
        assert [c["name"] for c in told[name]["columns"] if not c["meaning"]] == [], name
