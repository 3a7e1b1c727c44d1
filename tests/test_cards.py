"""Briefing cards: every visit once, one screen and one page each, offline, nothing unescaped."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from test_patrols import make_hotspots, make_lpts

import hotspots as hs
from hotspots.contracts import Result
from hotspots.report.card_map import card_map, half_width, svg
from hotspots.report.cards import make_cards

START = "2026-03-02"  # a Monday


@dataclass(frozen=True, repr=False)
class Plain(Result):
    """A plan somebody else made: nothing but tables."""

    visits: pd.DataFrame

    @property
    def text(self):
        return "visits"


@dataclass(frozen=True, repr=False)
class Full(Result):
    """A plan with a list for response units."""

    visits: pd.DataFrame
    teams: pd.DataFrame
    budget: pd.DataFrame
    reasons: pd.DataFrame
    between_jobs: pd.DataFrame
    basis: object

    @property
    def text(self):
        return "visits"


TURNS = [  # unit, shift, kind, mode, officers, then (minutes after midnight, hotspot, back)
    ("P1", "late", "pcso", "foot", 1, [(910, "H0", 0), (960, "H1", 7), (1180, "H0", 9)]),
    ("C/1", "night", "constable", "vehicle", 2,
     [(1330, "H2", 0), (1425, "H3", 0), (1590, "H4", 4)]),
    ("C 1", "night", "constable", "vehicle", 2,
     [(1340, "H5", 3), (1600, "H6", 0), (1760, "H5", 2)]),
]  # fmt: skip


@pytest.fixture(scope="module")
def plan():
    """Two days of three units, written down by hand."""
    spots = make_hotspots(*((f"H{i}", "Hanley", 5000 + 300 * i, 5200 + 410 * (i % 3), 90 - 9 * i)
                            for i in range(8)))  # fmt: skip
    rows, budget = [], []
    for n in range(2):
        date = pd.Timestamp(START) + pd.Timedelta(days=n)
        for shift, start, end in (("late", 15, 23), ("night", 22, 31)):
            budget.append({"date": date, "lpt": "Hanley", "shift": shift,
                           "start": date + pd.Timedelta(hours=start),
                           "end": date + pd.Timedelta(hours=end)})  # fmt: skip
        for unit, shift, _, mode, _, stops in TURNS:
            for order, (minute, hotspot, back) in enumerate(stops, 1):
                arrive = date + pd.Timedelta(minutes=minute)
                rows.append({
                    "visit": f"{n}-{unit}-{order}", "hotspot": hotspot, "lpt": "Hanley",
                    "unit": unit, "shift": shift, "arrive": arrive,
                    "depart": arrive + pd.Timedelta(minutes=15),
                    "reason": f"{hotspot} is rank 1 of 8; task: a; visit {order} of 3.",
                    "order": order, "travel_min": 6.0, "return_min": float(back), "date": date,
                    "mode": mode,
                    "task": "visibility", "tactic": "Be seen & speak to people.",
                    "why_then": "Spread over the shift." if minute < 1440 else "Its peak hours.",
                })  # fmt: skip
    teams = pd.DataFrame(
        {"lpt": "Hanley", "shift": [t[1] for t in TURNS], "kind": [t[2] for t in TURNS],
         "officers": [t[4] for t in TURNS], "mode": [t[3] for t in TURNS],
         "base_easting": 5600.0, "base_northing": 5600.0},
        index=pd.Index([t[0] for t in TURNS], name="unit"),
    )  # fmt: skip
    named = ['Market <Lane> & "Co"', *(f"Street {n}" for n in range(7))]
    basis = SimpleNamespace(demand=SimpleNamespace(hotspots=spots), lpts=make_lpts("Hanley"),
                            fingerprint="5f2c9a")  # fmt: skip
    visits = pd.DataFrame(rows).set_index("visit").astype({"hotspot": "str", "unit": "str"})
    return Full(visits, teams, pd.DataFrame(budget), pd.DataFrame({"name": named}, spots.index),
                pd.DataFrame(columns=["date"]), basis)  # fmt: skip


class Words(HTMLParser):
    """The visible words of a page, and its elements."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.said, self.style = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.style = tag == "style"

    def handle_endtag(self, _tag):
        self.style = False

    def handle_data(self, data):
        if not self.style:
            self.said.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.said).split())


def read(path):
    return Words(path.read_text(encoding="utf-8"))


def test_every_visit_stands_on_one_card_with_its_time_place_and_reason(plan, tmp_path):
    hs.write_cards(tmp_path / "cards", plan)
    files = {file.stem: read(file).text for file in (tmp_path / "cards" / "cards").iterdir()}
    names = plan.reasons["name"]
    turns = plan.visits.groupby(["date", "shift", "unit"])
    assert len(files) == turns.ngroups == 6
    for (date, shift, unit), visits in turns:
        unit_file = {"P1": "P1", "C 1": "C-1", "C/1": "C-1_2"}[unit]
        text = files[f"{date:%Y-%m-%d}_{shift}_{unit_file}"]
        assert f"{unit}: {shift}, {date:%a} {date.day} Mar, " in text
        for row in visits.sort_values("arrive").itertuples():
            assert f"{row.arrive:%H:%M}–{row.depart:%H:%M}" in text
            assert names[row.hotspot] in text
            assert row.tactic in text
        first = visits.sort_values("arrive").drop_duplicates("hotspot")
        assert all(f"{key} is rank 1 of 8. " in text for key in first["hotspot"])
        assert "no ground to stop or search anybody" in text
        assert plan.basis.fingerprint in text


def test_a_card_says_until_when_it_holds_and_the_morning_after(plan, tmp_path):
    page = hs.write_cards(tmp_path / "cards", plan, day=START)
    night = read(tmp_path / "cards" / "cards" / f"{START}_night_C-1.html").text
    assert "This card holds until Tue 3 Mar 2026, 07:00, and not after." in night
    after = plan.visits[(plan.visits["unit"] == "C 1") & (plan.visits["date"] == START)]
    assert "2 × constable, vehicle; 3 visits" in night
    assert "then 2 min drive back to base" in night
    for row in after.itertuples():
        late = " Tue" if row.arrive.day == 3 else ""
        assert f"{row.arrive:%H:%M}–{row.depart:%H:%M}{late} " in night
    assert (after["arrive"].dt.day == 3).any()
    assert "Tue 3 Mar" not in read(page).text.replace("until Tue 3 Mar", "")  # one day asked for


def test_pages_ask_nothing_of_any_network_and_run_nothing(plan, tmp_path):
    page = hs.write_cards(tmp_path / "cards", plan)
    for file in (page, *(tmp_path / "cards" / "cards").iterdir()):
        found = read(file)
        assert not {tag for tag, _ in found.tags} & {"script", "iframe", "object", "form", "base"}
        links = [value for _, attrs in found.tags for name, value in attrs.items()
                 if name in ("src", "href", "action", "data")]  # fmt: skip
        assert [link for link in links if not link.startswith(("#", "data:,"))] == []
        assert all(not name.startswith("on") for _, attrs in found.tags for name in attrs)
        raw = file.read_text(encoding="utf-8")
        assert "default-src 'none'" in raw
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", raw) == []
        assert "<Lane>" not in raw  # escaped
        assert 'Market <Lane> & "Co"' in found.text or "Street" in found.text


def test_the_page_of_all_cards_links_to_days_and_names_the_idle(plan, tmp_path):
    page = read(hs.write_cards(tmp_path / "cards", plan, title="Week 10"))
    anchors = {attrs["href"] for tag, attrs in page.tags if tag == "a"}
    ids = {attrs.get("id") for _, attrs in page.tags}
    assert {a[1:] for a in anchors} <= ids
    assert "Week 10" in page.text
    assert "Mon 2 Mar" in page.text
    assert f"6 cards: {len(plan.visits)} visits. " in page.text
    some = Full(plan.visits[plan.visits["unit"] != "P1"], plan.teams, plan.budget, plan.reasons,
                pd.DataFrame(columns=["date"]), plan.basis)  # fmt: skip
    assert "On duty without visits: P1." in read(hs.write_cards(tmp_path / "some", some)).text


def test_a_response_units_card_names_one_place_and_no_time(plan, tmp_path):
    jobs = pd.DataFrame(
        {
            "date": [pd.Timestamp(START)],
            "lpt": ["Hanley"],
            "shift": ["late"],
            "unit": ["R1"],
            "hotspot": ["H3"],
            "why": ["Need rank 4 of 8 <b>."],
        }
    )
    full = Full(plan.visits, plan.teams, plan.budget, plan.reasons, jobs, plan.basis)
    page = hs.write_cards(tmp_path / "cards", full, day=pd.Timestamp(START).date())
    assert "4 cards: 9 visits, and 1 with a place to look in on between jobs." in read(page).text
    text = read(tmp_path / "cards" / "cards" / f"{START}_late_R1.html").text
    assert "Street 2" in text
    assert "Look in when free of calls" in text
    assert "Need rank 4 of 8 <b>." in text
    assert set(re.findall(r"\d\d:\d\d", text)) == {"15:00", "23:00"}  # of the shift alone


def test_a_table_of_visits_alone_makes_cards_without_maps(plan, tmp_path):
    needed = ["hotspot", "lpt", "unit", "shift", "arrive", "depart", "reason"]
    page = read(hs.write_cards(tmp_path / "cards", Plain(plan.visits[needed])))
    assert "svg" not in {tag for tag, _ in page.tags}
    assert "H0" in page.text


def test_the_pdf_has_a_page_for_each_card(plan, tmp_path):
    pytest.importorskip("reportlab")
    hs.write_cards(tmp_path / "cards", plan, day=START, pdf=True)
    raw = (tmp_path / "cards" / "cards.pdf").read_bytes()
    assert raw.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", raw)) == 3
    again = tmp_path / "again"
    hs.write_cards(again, plan, day=START, pdf=True)
    assert (again / "cards.pdf").read_bytes() == raw  # the same plan, the same file


def test_the_pdf_says_what_it_needs(plan, tmp_path, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(hs.InputError, match=r"write_cards: pdf=True needs reportlab"):
        hs.write_cards(tmp_path / "cards", plan, pdf=True)
    assert not (tmp_path / "cards").exists()


def test_cards_of_an_earlier_plan_do_not_stay(plan, tmp_path):
    hs.write_cards(tmp_path / "cards", plan)
    (tmp_path / "cards" / "note.txt").write_text("mine", encoding="utf-8")
    hs.write_cards(tmp_path / "cards", plan, day="2026-03-03")
    kept = {file.name for file in (tmp_path / "cards" / "cards").iterdir()}
    assert kept == {f"2026-03-03_{n}.html" for n in ("late_P1", "night_C-1", "night_C-1_2")}
    assert (tmp_path / "cards" / "note.txt").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "work.txt").write_text("x", encoding="utf-8")
    with pytest.raises(hs.InputError, match="was not made by hotspots"):
        hs.write_cards(tmp_path / "other", plan)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"plan": "plan"}, "plan is of type str without visits"),
        ({"day": "2026-04-01"}, "no visit on 2026-04-01; the plan has visits from 2026-03-02"),
        ({"day": "soon"}, "day is 'soon'; give a date, year first"),
        ({"day": 3}, "day is 3; give a date"),
        ({"day": "02/03/2026"}, "day is '02/03/2026'; give a date, year first"),
        ({"title": 5}, "title is 5; it must be text"),
    ],
)
def test_what_cannot_be_written_is_refused(plan, tmp_path, change, said):
    given = {"plan": plan} | change
    with pytest.raises(hs.InputError) as caught:
        hs.write_cards(tmp_path / "cards", given.pop("plan"), **given)
    assert said in str(caught.value)
    assert not (tmp_path / "cards").exists()


def test_an_empty_plan_is_refused_with_its_reason(plan, tmp_path):
    with pytest.raises(hs.InputError, match="the plan holds no visits; its text says why"):
        hs.write_cards(tmp_path / "cards", Plain(plan.visits.iloc[:0]))


def test_what_is_the_same_for_all_visits_is_said_once(plan):
    card = next(c for c in make_cards(plan, plan.visits) if c.unit == "P1")
    assert [one.numbers for one in card.asked] == ["All"]
    assert [(one.numbers, one.text) for one in card.why] == [
        ("1, 3", "H0 is rank 1 of 8."), ("2", "H1 is rank 1 of 8."),
    ]  # fmt: skip
    assert [(one.numbers, one.text) for one in card.then] == [("All", "Spread over the shift.")]
    assert [len(way) for way in card.ways] == [4, 3]  # back at base for the break


# --- the map -------------------------------------------------------------------------------------


def box(x, y, half=100):
    return shapely.box(x - half, y - half, x + half, y + half)


def test_the_map_is_in_true_proportion_with_north_up():
    areas = {"A": box(0, 0), "B": box(1000, 0), "C": box(0, 1000)}
    shapes = card_map(None, areas, ["A", "B", "C"], [], 358, 190)
    (ax, ay), (bx, by), (cx, cy) = ((x, y) for x, y, _ in shapes.marks)
    assert bx - ax == pytest.approx(ay - cy, rel=1e-6)
    assert by == pytest.approx(ay)
    assert cx == pytest.approx(ax)
    assert cy < ay  # north is up
    metres = float(shapes.bar[1].split()[0]) * (1000 if "km" in shapes.bar[1] else 1)
    assert shapes.bar[0] / metres == pytest.approx((bx - ax) / 1000, rel=1e-6)


def test_marks_stay_apart_and_on_the_map():
    rng = np.random.default_rng(1)
    areas = {f"H{i}": box(x, y, 20) for i, (x, y) in enumerate(rng.uniform(0, 300, (9, 2)))}
    areas["far"] = box(9000, 9000)
    shapes = card_map(None, areas, list(areas), [], 358, 190)
    for i, (x, y, text) in enumerate(shapes.marks):
        assert half_width(text) <= x <= 358 - half_width(text)
        assert 8 <= y <= 182
        for u, v, other in shapes.marks[:i]:
            clear = abs(x - u) >= half_width(text) + half_width(other) - 0.5 or abs(y - v) >= 16.5
            assert clear, (text, other)
    assert len(shapes.leaders) > 0


def test_a_base_far_away_does_not_shrink_the_map():
    areas = {"A": box(0, 0), "B": box(800, 0)}
    near = card_map(None, areas, ["A", "B"], [[(400, 300), "A", "B", (400, 300)]], 358, 190)
    far = card_map(None, areas, ["A", "B"], [[(90_000, 300), "A", "B", (90_000, 300)]], 358, 190)
    assert (len(near.base), len(far.base)) == (1, 0)
    beside = card_map(None, areas, ["A", "B"], [[(5, 5), "A", "B", (5, 5)]], 358, 190)
    (bx, by), (x, y, _) = beside.base[0], beside.marks[0]
    assert max(abs(x - bx), abs(y - by)) >= 16  # a mark moves off the base, which stays
    assert far.bar[0] > 20
    assert len(far.route) == 1  # the line leads off the map


def test_the_map_leaves_out_what_it_does_not_show():
    circle = shapely.Point(0, 0).buffer(50_000, quad_segs=5000)
    shapes = card_map(circle, {"A": box(0, 0)}, ["A"], [], 358, 190)
    assert sum(len(ring) for _, rings in shapes.areas for ring in rings) < 50
    assert len(svg(shapes, "map")) < 3000


def test_streets_and_the_way_along_them_are_drawn_where_the_plan_has_roads():
    streets = gpd.GeoDataFrame({"oneway": "no"}, index=range(3), geometry=[
        shapely.LineString([(0, 0), (0, 600)]), shapely.LineString([(0, 600), (800, 600)]),
        shapely.LineString([(40_000, 0), (41_000, 0)]),
    ], crs="EPSG:27700")  # fmt: skip
    areas = {"A": box(0, 0), "B": box(800, 600)}
    shapes = card_map(None, areas, ["A", "B"], [["A", "B"]], 358, 190, hs.read_roads(streets))
    straight = card_map(None, areas, ["A", "B"], [["A", "B"]], 358, 190)
    assert len(shapes.streets) == 2  # the third is far away
    assert len(straight.route[0]) == 2
    (ax, ay, _), (bx, by, _) = shapes.marks
    corner = shapes.route[0][1:-1]
    assert np.isclose(corner, [ax, by], atol=0.5).all(axis=1).any()  # round the corner
    assert (bx, ay) != (ax, by)
