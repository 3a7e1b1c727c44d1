"""The page: whole, offline, escaped, readable; and a browser that agrees, where there is one."""

import base64
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser

import pandas as pd
import pytest
from report_fixtures import (
    NASTY,
    Assessment,
    Plan,
    make_hotspots,
    make_incidents,
    make_loaded,
    make_lpts,
    make_plan,
)

import hotspots as hs
from hotspots.report import hotspots as hotspots_section
from hotspots.report.map import ASPECT, View
from hotspots.report.words import heading, number, shown, span, table

LOADING = {"src", "href", "srcset", "data", "poster", "action", "background", "xlink:href"}


class Page(HTMLParser):
    """What a page holds: ids, headings, links, loaded addresses, and the text people see."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.ids, self.headings, self.images, self.scripts = [], [], [], [], []
        self.lang, self.styles, self.text, self._in = "", [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self.loads += [(tag, k, v) for k, v in attrs if k in LOADING]
        if "id" in held:
            self.ids.append(held["id"])
        if "style" in held:
            self.styles.append(held["style"])
        if tag == "img":
            self.images.append(held)
        if tag == "html":
            self.lang = held.get("lang", "")
        if tag not in ("meta", "link", "img", "br"):
            self._in.append(tag)
        if tag == "script":
            self.scripts.append([held, ""])

    def handle_endtag(self, tag):
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, data):
        where = self._in[-1] if self._in else ""
        if where == "style":
            self.styles.append(data)
        elif where == "script":
            self.scripts[-1][1] += data
        else:
            if where in ("h1", "h2", "h3"):
                self.headings.append((where, data))
            self.text.append(data)

    @property
    def said(self):
        return " ".join(" ".join(self.text).split())


def write(tmp_path, *stations, **kwargs):
    path = hs.write_report(tmp_path / "brief", *stations, **kwargs)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """Return the page of every kind of station, made by hand."""
    return write(
        tmp_path_factory.mktemp("page"), make_loaded(), make_hotspots(), make_plan(),
        Assessment(pd.DataFrame({"detector": ["<b>Counts</b>"], "pai": [12.5]})),
        lpts=make_lpts(), title="Brief & <more>",
    )  # fmt: skip


def test_sections_come_in_reading_order(everything):
    page = Page(everything)
    assert page.lang == "en-GB"
    assert page.headings[0] == ("h1", "Brief & <more>")
    assert [text for tag, text in page.headings if tag == "h2"] == [
        "In short", "Hotspots", "Patrol plan", "Assessment", "Data quality", "Methods and limits",
    ]  # fmt: skip
    assert len(page.ids) == len(set(page.ids))


def test_sections_appear_only_for_what_was_given(tmp_path):
    page = Page(write(tmp_path, make_plan()))
    assert [text for tag, text in page.headings if tag == "h2"] == [
        "In short", "Patrol plan", "Methods and limits",
    ]  # fmt: skip


def test_nothing_is_loaded_from_anywhere(everything):
    page = Page(everything)
    for tag, attribute, value in page.loads:
        assert value.startswith(("#", "data:")), (tag, attribute, value)
    for style in page.styles:
        assert "@import" not in style
        assert re.findall(r"url\((?!['\"]?data:)", style) == []
    assert "default-src 'none'" in everything
    for image in page.images:
        kind, _, data = image["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        drawn = base64.b64decode(data).decode("utf-8")
        assert re.findall(r'(?:href|src)="(?!#)', drawn) == []


def test_every_picture_says_what_it_shows(everything):
    images = Page(everything).images
    assert images
    assert all(len(image["alt"]) > 30 for image in images)


def test_names_and_texts_stay_text(everything):
    page = Page(everything)
    assert NASTY in page.said
    assert "<b>Counts</b>" in page.said
    assert "Two visits <planned>" in page.said
    assert all("alert('x')" not in code for held, code in page.scripts if "type" not in held)
    (item,) = [code for held, code in page.scripts if held.get("id") == "map-item"]
    assert "<" not in item
    assert NASTY in json.dumps(json.loads(item), ensure_ascii=False).replace('\\"', '"')


def test_numbers_on_the_page_are_those_of_the_tables(everything):
    said = Page(everything).said
    assert "3 hotspots in 2 Local Policing Teams hold 502 incidents" in said
    assert "1 Jan 2025 to 31 Dec 2025" in said
    assert "0.13 km², 0.07% of the area" in said
    assert "No visit: the hours were used elsewhere." in said
    assert "Six rows came in." in said
    assert "date in the future" in said
    assert re.search(r"Somewhere Police 2025\s+4\s+missing\s+2 \(thin\)", said)
    assert "For 2 of" not in said


def test_no_row_as_written_is_shown(everything):
    assert "Bloggs" not in everything


def test_limits_of_the_data_are_said(tmp_path):
    month_only = make_incidents().iloc[4:].assign(origin="police")
    said = Page(write(tmp_path, month_only, make_hotspots())).said
    assert "For all incidents only the month is known" in said
    assert "2 incidents (100.0%) came to notice through police activity" in said


def test_a_long_table_says_where_the_whole_is():
    said = Page(table(pd.DataFrame({"a": range(300)}), most=200)).said
    assert "The first 200 of 300 rows; the BI tables hold all." in said
    assert "199" in said
    assert "200 " not in said.partition("hold all.")[2]


def test_many_hotspots_are_cut_with_a_note(tmp_path, monkeypatch):
    monkeypatch.setattr(hotspots_section, "MOST", 2)
    text = write(tmp_path, make_hotspots(), lpts=make_lpts())
    assert text.count('<tbody class="spot') == 2
    assert "The first 2 of each set" in text


def test_two_sets_can_be_chosen_between(tmp_path):
    text = write(tmp_path, make_hotspots(), make_hotspots(), lpts=make_lpts())
    assert 'data-by="set"' in text
    assert text.count('<tbody class="spot set2"') == 3


def test_without_bokeh_a_drawn_map_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(hotspots_section, "has_bokeh", lambda: False)
    monkeypatch.setattr("hotspots.report.page.has_bokeh", lambda: False)
    text = write(tmp_path, make_hotspots(), lpts=make_lpts())
    assert "pip install &quot;hotspots[report]&quot;" in text
    assert Page(text).images[0]["alt"].startswith("Map of the hotspots")
    assert "map-item" not in Page(text).ids
    alone = write(tmp_path, lpts=make_lpts(), *[make_plan()])  # noqa: B026
    assert Page(alone).images


def test_empty_tables_make_a_page(tmp_path):
    plan = make_plan()
    bare = type(plan)(plan.visits.iloc[:0], plan.coverage.iloc[:0], plan.reasons.iloc[:0])
    said = Page(write(tmp_path, make_hotspots().iloc[:0], bare, lpts=make_lpts())).said
    assert "no hotspot was found" in said
    said = Page(write(tmp_path, make_incidents().iloc[:0], make_plan())).said
    assert "Patrol plan" in said


def test_another_crs_is_brought_to_that_of_the_lpts(tmp_path):
    def centre(text):
        (views,) = [code for held, code in Page(text).scripts if held.get("id") == "views"]
        return json.loads(views)

    here = centre(write(tmp_path, make_hotspots(), lpts=make_lpts()))
    there = centre(write(tmp_path, make_hotspots().to_crs("EPSG:32630"), lpts=make_lpts()))
    assert here == there


def test_a_failure_leaves_the_earlier_page(tmp_path, monkeypatch):
    before = write(tmp_path, make_hotspots())

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("hotspots.report.page._page", fail)
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path, make_hotspots())
    assert (tmp_path / "brief" / "index.html").read_text(encoding="utf-8") == before


def test_wrong_arguments_are_all_named(tmp_path):
    with pytest.raises(hs.InputError, match="2 faults") as error:
        write(tmp_path, "spots.gpkg", 7)
    assert "argument 2 is of type int" in str(error.value)
    with pytest.raises(hs.InputError, match="area_km2"):
        write(tmp_path, make_hotspots(), lpts=make_lpts().drop(columns="area_km2"))


def test_the_view_keeps_the_shape_of_the_map():
    view = View.around([0, 0, 1000, 9000], margin=0)
    assert (view.south, view.north) == (0, 9000)
    assert (view.east - view.west) / (view.north - view.south) == pytest.approx(ASPECT)
    assert (view.west + view.east) / 2 == 500


@pytest.mark.parametrize(
    ("value", "words"),
    [(float("nan"), ""), (None, ""), (pd.NaT, ""), (True, "yes"), (1234567, "1,234,567"),
     (0.123456, "0.123"), (pd.Timestamp("2025-03-03"), "3 Mar 2025"),
     (pd.Timestamp("2025-03-03 09:05"), "3 Mar 2025 09:05"), ("a < b", "a < b")],
)  # fmt: skip
def test_cells_in_words(value, words):
    assert shown(value) == words


def test_words():
    assert number(-1500.4) == "-1,500"
    assert heading("dwell_min") == "Dwell (min)"
    assert (
        span(pd.Timestamp("2025-01-01"), pd.Timestamp("2025-01-01")) == "1 Jan 2025 to 1 Jan 2025"
    )


def test_the_real_stations_fill_every_section(tmp_path, county):
    grid = hs.Grid.over(county.lpts, size=200)
    spots = hs.Counts(include_police=True).fit(county.incidents).hotspots(grid, top_k=4)
    trends = hs.seasonal_trends(county.incidents)
    plan = hs.plan_patrols(spots, lpts=county.lpts, shifts=county.shifts, units=county.units,
                           start="2026-01-05", days=1)  # fmt: skip
    text = write(tmp_path, county.incidents, spots, trends, plan, lpts=county.lpts)
    page = Page(text)
    assert len(text) < 6_000_000
    for sentence in trends.summary["sentence"]:
        assert " ".join(sentence.split()) in page.said
    assert len(page.images) == len(trends.summary) + 1
    first = plan.visits.iloc[0]
    assert f"{first['arrive']:%H:%M}–{first['depart']:%H:%M}" in page.said


CHROME = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.mark.skipif(CHROME is None, reason="needs Chromium to open the page")
def test_a_browser_opens_the_page_without_an_error(everything, tmp_path):
    page = tmp_path / "index.html"
    probe = (
        "<script>setTimeout(() => { const map = Bokeh.documents[0].get_model_by_name('map');"
        "const box = document.getElementById('map');"
        "document.title = [document.querySelectorAll('tbody.spot').length,"
        "map.renderers.length > 3, box.getBoundingClientRect().height > 200,"
        "performance.getEntriesByType('resource').filter(e => !/^(data|blob):/.test(e.name))"
        ".length].join(); }, 1500)</script></body>"
    )
    page.write_text(everything.replace("</body>", probe), encoding="utf-8")
    run = subprocess.run(
        [CHROME, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr",
         "--v=0", "--virtual-time-budget=6000", "--dump-dom", page.as_uri()],
        capture_output=True, encoding="utf-8", errors="replace", timeout=120, check=False,
    )  # fmt: skip
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert [line for line in console if "[bokeh" not in line] == []
    assert "<title>3,true,true,0</title>" in run.stdout


def other_method(spots):
    """Return the same cells found by another method, with other counts."""
    return spots.assign(method="DBSCAN(eps=200)", incidents=spots["incidents"] + 7)


@pytest.mark.parametrize("patrolled", [1, 2])
def test_visits_and_reasons_stand_only_by_the_hotspots_the_plan_was_made_from(tmp_path, patrolled):
    spots, plan = make_hotspots(), make_plan()
    sets = [spots, other_method(spots)] if patrolled == 1 else [other_method(spots), spots]
    facts = {"method": spots["method"], "incidents": spots["incidents"]}
    plan = Plan(plan.visits, plan.coverage, plan.reasons.assign(**facts))
    text = write(tmp_path, *sets, plan, lpts=make_lpts())
    assert f"The patrol plan goes to the hotspots of set {patrolled}." in Page(text).said
    rows = re.findall(r'<tbody class="(spot set\d)".*?>(.*?)</tbody>', text, re.DOTALL)
    assert len(rows) == 6
    for kind, row in rows:
        assert ('class="why" colspan' in row) == (kind == f"spot set{patrolled}")
    item = re.search(r'id="map-item">(.*?)</script>', text, re.DOTALL)[1]
    told = re.findall(r"\d visits? planned", item)
    assert sorted(told) == ["0 visits planned", "1 visit planned", "1 visit planned"]


def test_the_header_counts_the_months_missing(everything):
    assert "31 Dec 2025, 1 month missing." in Page(everything).said


def test_what_a_chart_says_is_not_said_above_it_too(tmp_path):
    county = hs.make_county(seed=1, months=16)
    trends = hs.seasonal_trends(county.incidents)
    text = write(tmp_path, trends)
    section = Page(text[text.index('<section id="trends"') :]).said
    assert len(trends.summary) > 2
    for sentence in trends.summary["sentence"]:
        assert section.count(sentence.split(";")[0]) == 1


@dataclass(frozen=True, repr=False)
class Crewed(Plan):
    """A plan that says who the units are."""

    teams: pd.DataFrame


def test_a_crew_is_named_as_officers_name_it(tmp_path):
    plan = make_plan()
    teams = pd.DataFrame({"kind": ["pcso", "constable"], "officers": [1, 2],
                          "mode": ["foot", "vehicle"]}, index=["N1", "S1"])  # fmt: skip
    said = Page(write(tmp_path, Crewed(plan.visits, plan.coverage, plan.reasons, teams))).said
    assert "N1 (1 × PCSO, foot)" in said
    assert "S1 (2 × constable, vehicle)" in said


def test_what_the_hotspots_rest_on_stands_under_the_heading(tmp_path):
    said = Page(write(tmp_path, make_hotspots(), title="Week 10", about="ASB & <noise>")).said
    assert "Week 10 ASB & <noise> Incidents of" in said


def test_harm_that_only_repeats_the_count_is_left_out(tmp_path):
    spots = make_hotspots()
    assert "Harm (days)" in Page(write(tmp_path, spots)).said
    assert "Harm (days)" not in Page(write(tmp_path, spots.assign(harm=spots["incidents"]))).said


def test_class_chance_and_stability_stand_by_the_hotspots_that_have_them(tmp_path):
    spots = make_hotspots()
    assert "Class" not in Page(write(tmp_path, spots)).said
    n = len(spots)
    spots = spots.assign(
        class_=["emerging", *[None] * (n - 1)], p_value=[0.0004, 0.0314, *[None] * (n - 2)],
        stability=0.72,
    )  # fmt: skip
    said = Page(write(tmp_path, spots)).said
    for words in ("Class", "emerging", "Chance (p)", "under .001", ".031", "Stability", "72%"):
        assert words in said, words
    assert "nan" not in said.lower().split()


def test_a_backtest_and_classes_stand_after_the_hotspots_with_their_picture(tmp_path, county):
    rows = county.incidents.query("origin == 'public'").tail(4000)
    grid = hs.Grid.over(county.lpts, size=500)
    test = hs.backtest(hs.KDE(1000), rows, grid, origins=1)
    classes = hs.classify_hotspots(county.incidents, grid, category="Anti-social behaviour")
    page = Page(write(tmp_path, test, classes, make_hotspots(), make_plan()))
    assert [text for tag, text in page.headings if tag == "h2"] == [
        "In short", "Hotspots", "What becomes of hotspots", "On incidents not seen",
        "Patrol plan", "Methods and limits",
    ]  # fmt: skip
    assert test.text.splitlines()[0] in page.said
    assert any("caught by share of the area" in image["alt"] for image in page.images)
