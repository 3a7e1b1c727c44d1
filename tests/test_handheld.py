"""What devices are given: calendars, GPX and GeoJSON, each read back by an independent reader."""

import json
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

import hotspots as hs
from hotspots.contracts import Notice, Result
from hotspots.report.calendars import _fold, _text
from hotspots.report.handheld import _file_name

NASTY = 'Ünïcode; St, <b>"O\'Neill"</b> & Co\\n\nback\\slash 👮\x07' + " very long" * 12


@dataclass(frozen=True, repr=False)
class Plan(Result):
    """A plan by another hand: visits and teams."""

    visits: pd.DataFrame
    teams: pd.DataFrame
    basis: object = None

    @property
    def text(self):
        """Say it."""
        return "A plan."


def make_spots(*names):
    boxes = [shapely.box(388000 + 900 * i, 347000, 388200 + 900 * i, 347200)
             for i in range(len(names))]  # fmt: skip
    return gpd.GeoDataFrame(
        {"rank": range(1, len(names) + 1), "heat": 9.0, "incidents": 84, "area_km2": 0.04,
         "lpt": "Hanley", "method": "drawn by hand", "name": list(names),
         "period_start": pd.Timestamp("2025-01-01"), "period_end": pd.Timestamp("2026-01-01")},
        geometry=boxes, index=pd.Index([f"H{i}" for i in range(1, len(names) + 1)], name="hotspot"),
        crs="EPSG:27700",
    )  # fmt: skip


def make_visits(*rows, unit="P1", reason="1st of 9 in Hanley"):
    """Make visits of 15 minutes from (hotspot, arrival)."""
    arrive = pd.to_datetime(pd.Series([at for _, at in rows]))
    return pd.DataFrame(
        {"hotspot": [h for h, _ in rows], "lpt": "Hanley", "unit": unit, "shift": "late",
         "arrive": arrive, "depart": arrive + pd.Timedelta(minutes=15), "reason": reason,
         "date": pd.Timestamp(arrive.iloc[0].normalize()), "travel_min": 6.0,
         "return_min": [0.0] * (len(rows) - 1) + [8.0], "task": "visibility",
         "mode": "vehicle"},
    ).rename(index=lambda i: f"{unit}-{i}").rename_axis("visit")  # fmt: skip


def make_teams(**columns):
    base = {"mode": "vehicle", "base_easting": 388500.0, "base_northing": 347500.0}
    return pd.DataFrame(base | columns, index=pd.Index(["P1"], name="unit"))


def make_plan(*rows, teams=None, **options):
    return Plan(make_visits(*rows, **options), make_teams() if teams is None else teams)


@pytest.fixture
def plan():
    return make_plan(("H1", "2026-07-01 18:00"), ("H2", "2026-07-01 18:40"))


@pytest.fixture
def spots():
    return make_spots("Market Lane", NASTY)


# --- iCalendar: RFC 5545 by a reader of our own ----------------------------------------------


def read_calendar_file(path):
    """Read an iCalendar file as the standard says: unfold, split, unescape; refuse the rest."""
    raw = path.read_bytes()
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    for line in raw.split(b"\r\n"):
        assert len(line) <= 75, "a line of more than 75 octets"
        line.decode("utf-8")  # no character is cut in two
    lines = raw.decode("utf-8").replace("\r\n ", "").split("\r\n")[:-1]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", "".join(lines))
    stack, events, head = [], [], {}
    for line in lines:
        name, value = re.fullmatch(r"([A-Z-]+):(.*)", line).groups()
        if name == "BEGIN":
            stack.append(value)
            if value == "VEVENT":
                events.append({})
        elif name == "END":
            assert stack.pop() == value
        else:
            into = events[-1] if stack[-1] == "VEVENT" else head
            assert name not in into, f"{name} is there twice"
            if name in ("SUMMARY", "DESCRIPTION", "LOCATION", "NAME", "X-WR-CALNAME"):
                assert not re.search(r"(?<!\\)(?:\\\\)*[,;]", value), "a comma is not escaped"
                value = re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)
            into[name] = value
    assert stack == []
    assert head["VERSION"] == "2.0"
    assert head["PRODID"]
    for event in events:
        assert {"UID", "DTSTAMP", "DTSTART", "DTEND"} <= set(event)
        assert moment(event["DTEND"]) > moment(event["DTSTART"])
    return head, events


def moment(text):
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def test_a_calendar_holds_every_visit_of_a_unit_in_utc(tmp_path, plan, spots):
    folder = hs.export_routes(tmp_path / "out", plan, hotspots=spots)
    head, events = read_calendar_file(folder / "calendars" / "P1.ics")
    assert head["NAME"] == "Patrol P1"
    assert [e["DTSTART"] for e in events] == ["20260701T170000Z", "20260701T174000Z"]  # summer time
    assert [e["DTEND"] for e in events] == ["20260701T171500Z", "20260701T175500Z"]
    assert events[0]["SUMMARY"] == "Market Lane (H1)"
    assert events[1]["SUMMARY"] == " ".join(NASTY.split()).replace("\x07", " ") + " (H2)"
    assert events[0]["DESCRIPTION"].startswith("1st of 9 in Hanley\nTo do: visibility\n")
    assert {e["STATUS"] for e in events} == {"TENTATIVE"}  # nobody is tasked by a file
    latitude, longitude = map(float, events[0]["GEO"].split(";"))
    to = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:27700", always_xy=True)
    np.testing.assert_allclose(to.transform(longitude, latitude), (388100, 347100), atol=0.1)


def test_text_is_escaped_and_folded_as_the_standard_says():
    assert _text("a;b,c\\d\r\ne\x00f") == r"a\;b\,c\\d\ne f"
    for text in ("x" * 75, "x" * 76, "é" * 200, "👮" * 60, "a👮" * 50, ""):
        lines = _fold(f"SUMMARY:{text}").split("\r\n")
        assert lines[-1] == ""
        assert max(len(line.encode()) for line in lines) <= 75
        assert "".join([lines[0], *(line[1:] for line in lines[1:-1])]) == f"SUMMARY:{text}"


def test_a_visit_keeps_its_identity_when_the_plan_changes(tmp_path, spots):
    def uids(*rows):
        made = make_plan(*rows)
        folder = hs.export_routes(tmp_path / "out", made, hotspots=spots)
        return [e["UID"] for e in read_calendar_file(folder / "calendars" / "P1.ics")[1]]

    before = uids(("H1", "2026-07-01 18:00"), ("H2", "2026-07-01 18:40"))
    after = uids(("H2", "2026-07-01 19:00"), ("H1", "2026-07-01 20:40"))
    assert before == after
    assert len(set(before)) == 2


@pytest.mark.parametrize(
    ("at", "starts", "ends"),
    [
        ("2026-03-28 23:30", "20260328T233000Z", "20260328T234500Z"),  # the night in March, before
        ("2026-03-29 02:10", "20260329T011000Z", "20260329T012500Z"),  # and after
        ("2026-10-25 00:30", "20261024T233000Z", "20261024T234500Z"),  # the night in October
        ("2026-10-25 02:30", "20261025T023000Z", "20261025T024500Z"),
        ("2026-10-25 00:50", "20261024T235000Z", "20261025T000500Z"),
    ],
)
def test_times_are_right_on_both_sides_of_a_change_of_the_clocks(tmp_path, spots, at, starts, ends):
    plan = make_plan(("H1", at))
    folder = hs.export_routes(tmp_path / "out", plan, hotspots=spots)
    event = read_calendar_file(folder / "calendars" / "P1.ics")[1][0]
    assert (event["DTSTART"], event["DTEND"]) == (starts, ends)
    local = moment(event["DTSTART"]).astimezone(ZoneInfo("Europe/London"))
    assert f"{local:%Y-%m-%d %H:%M}" == at


@pytest.mark.parametrize(
    ("at", "starts", "said"),
    [
        ("2026-03-29 01:30", "20260329T010000Z", "the hour that the clocks leave out"),
        ("2026-10-25 01:50", "20261025T005000Z", "the hour that comes twice"),
    ],
)
def test_an_hour_that_is_not_or_is_twice_is_told(tmp_path, spots, at, starts, said):
    with pytest.warns(Notice, match=said):
        folder = hs.export_routes(tmp_path / "out", make_plan(("H1", at)), hotspots=spots)
    event = read_calendar_file(folder / "calendars" / "P1.ics")[1][0]
    assert event["DTSTART"] == starts
    assert moment(event["DTEND"]) - moment(starts) == pd.Timedelta(minutes=15)


# --- GPX and GeoJSON ---------------------------------------------------------------------------

# order of the elements of GPX 1.1: http://www.topografix.com/GPX/1/1/gpx.xsd
ORDER = {
    "gpx": ["metadata", "wpt", "rte", "trk", "extensions"],
    "metadata": ["name", "desc", "author", "copyright", "link", "time", "keywords", "bounds"],
    "wptType": ["ele", "time", "magvar", "geoidheight", "name", "cmt", "desc", "src", "link", "sym",
                "type", "fix", "sat", "hdop", "vdop", "pdop", "ageofdgpsdata", "dgpsid"],
    "rte": ["name", "cmt", "desc", "src", "link", "number", "type", "extensions", "rtept"],
    "trk": ["name", "cmt", "desc", "src", "link", "number", "type", "extensions", "trkseg"],
    "trkseg": ["trkpt", "extensions"],
}  # fmt: skip


def check_gpx(path):
    """Check a GPX file against the sequences and types of its schema; return its root."""
    root = ElementTree.parse(path).getroot()
    space = "{http://www.topografix.com/GPX/1/1}"
    assert root.tag == f"{space}gpx"
    assert root.get("version") == "1.1"
    assert root.get("creator")
    for element in root.iter():
        assert element.tag.startswith(space)
        name = element.tag.removeprefix(space)
        kind = "wptType" if name in ("wpt", "rtept", "trkpt") else name
        children = [child.tag.removeprefix(space) for child in element]
        if kind in ORDER:
            at = [ORDER[kind].index(child) for child in children]  # fails on one not allowed
            assert at == sorted(at), f"{name} holds {children} in the wrong order"
        else:
            assert children == []
        if kind == "wptType":
            assert -90 <= float(element.get("lat")) <= 90
            assert -180 <= float(element.get("lon")) < 180
        if name == "time":
            datetime.strptime(element.text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return root


def degrees(root, name):
    space = "{http://www.topografix.com/GPX/1/1}"
    return np.array([[float(p.get("lon")), float(p.get("lat"))] for p in root.iter(space + name)])


def test_a_route_goes_from_base_by_the_visits_and_back(tmp_path, plan, spots):
    folder = hs.export_routes(tmp_path / "out", plan, hotspots=spots)
    root = check_gpx(folder / "routes" / "2026-07-01_late_P1.gpx")
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    told = [(p.findtext("g:name", None, space), p.findtext("g:time", None, space))
            for p in root.findall(".//g:rtept", space)]  # fmt: skip
    assert [name.partition(" (")[0] for name, _ in told][:2] == ["Base: set out", "Market Lane"]
    assert [time[11:16] for _, time in told] == ["16:54", "17:00", "17:40", "18:03"]
    to = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:27700", always_xy=True)
    found = np.column_stack(to.transform(*degrees(root, "rtept").T))
    wanted = [[388500, 347500], [388100, 347100], [389000, 347100], [388500, 347500]]
    np.testing.assert_allclose(found, wanted, atol=0.1)
    np.testing.assert_allclose(degrees(root, "trkpt"), degrees(root, "rtept"))  # straight legs
    assert len(degrees(root, "wpt")) == 2
    words = root.find(".//g:wpt/g:desc", space).text
    assert words == "1st of 9 in Hanley visibility"


def test_a_unit_is_back_at_base_for_its_break_and_ends_where_it_ends(tmp_path, spots):
    teams = make_teams(end_easting=388900.0, end_northing=347900.0)
    visits = make_visits(("H1", "2026-07-01 18:00"), ("H2", "2026-07-01 20:00"))
    visits["return_min"] = [5.0, 7.0]
    folder = hs.export_routes(tmp_path / "out", Plan(visits, teams), hotspots=spots)
    made = json.loads((folder / "routes" / "2026-07-01_late_P1.geojson").read_text("utf-8"))
    stops = [f["properties"] for f in made["features"] if f["geometry"]["type"] == "Point"]
    assert [s["kind"] for s in stops] == ["base", "visit", "base", "base", "visit", "base"]
    assert [s["begin"][11:16] for s in stops] == [
        "16:54", "17:00", "17:20", "18:54", "19:00", "19:22"]  # fmt: skip
    points = [f["geometry"]["coordinates"] for f in made["features"]
              if f["geometry"]["type"] == "Point"]  # fmt: skip
    assert points[0] == points[2] == points[3] != points[5]


def check_geojson(path):
    """Check a GeoJSON file against RFC 7946; return its features."""
    made = json.loads(path.read_text(encoding="utf-8"))
    assert set(made) == {"type", "features"}  # no crs member
    assert made["type"] == "FeatureCollection"
    for feature in made["features"]:
        assert set(feature) == {"type", "geometry", "properties"}
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert shape.is_valid
        xy = shapely.get_coordinates(shape)
        assert (np.abs(xy) <= [180, 90]).all()
        np.testing.assert_array_equal(xy, xy.round(6))
        for part in shapely.get_parts(shape) if "Polygon" in shape.geom_type else []:
            assert part.exterior.is_ccw
            assert not any(ring.is_ccw for ring in part.interiors)
    return made["features"]


def test_geojson_keeps_the_standard_also_for_holes_and_several_parts(tmp_path, plan, spots):
    ring = shapely.box(388000, 347000, 388300, 347300)
    holed = ring.difference(shapely.box(388100, 347100, 388200, 347200))
    two = shapely.union_all([shapely.box(389000, 347000, 389100, 347100),
                             shapely.box(389300, 347000, 389400, 347100)])  # fmt: skip
    odd = spots.set_geometry(gpd.GeoSeries([holed.reverse(), two], spots.index, crs=spots.crs))
    folder = hs.export_routes(tmp_path / "out", plan, hotspots=odd)
    features = check_geojson(folder / "routes" / "2026-07-01_late_P1.geojson")
    kinds = [(f["properties"]["kind"], f["geometry"]["type"]) for f in features]
    assert kinds[:3] == [("hotspot", "Polygon"), ("hotspot", "MultiPolygon"),
                         ("route", "LineString")]  # fmt: skip
    assert len(features[0]["geometry"]["coordinates"]) == 2
    back = gpd.GeoSeries([shapely.from_geojson(json.dumps(f["geometry"])) for f in features[:2]],
                         crs=4326).to_crs(27700)  # fmt: skip
    np.testing.assert_allclose(back.area, [80_000, 20_000], rtol=0.005)


def test_names_that_are_markup_stay_names(tmp_path, plan, spots):
    folder = hs.export_routes(tmp_path / "out", plan, hotspots=spots)
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    root = check_gpx(folder / "routes" / "2026-07-01_late_P1.gpx")
    wanted = " ".join(NASTY.split()) + " (H2)"
    assert root.findall("g:wpt/g:name", space)[1].text == wanted.replace("\x07", " ")
    features = check_geojson(folder / "routes" / "2026-07-01_late_P1.geojson")
    assert features[1]["properties"]["name"] == NASTY


def test_devices_are_given_nothing_of_the_records_but_the_line_of_reason(tmp_path, plan, spots):
    folder = hs.export_routes(tmp_path / "out", plan, hotspots=spots)
    features = check_geojson(folder / "routes" / "2026-07-01_late_P1.geojson")
    held = {key for feature in features for key in feature["properties"]}
    assert held == {"kind", "hotspot", "name", "order", "begin", "finish", "visit", "to_do",
                    "reason"}  # fmt: skip


def test_with_roads_the_line_follows_them(tmp_path, spots):
    way = [(388100, 347100), (388100, 346500), (389000, 346500), (389000, 347100)]
    roads = hs.read_roads(gpd.GeoSeries([shapely.LineString(way)], crs="EPSG:27700"))

    @dataclass
    class Basis:
        rules: hs.PatrolRules

    teams = make_teams(base_easting=np.nan)
    made = make_plan(("H1", "2026-07-01 18:00"), ("H2", "2026-07-01 18:40"), teams=teams)
    with_roads = Plan(made.visits, teams, Basis(hs.PatrolRules(roads=roads)))
    folder = hs.export_routes(tmp_path / "out", with_roads, hotspots=spots)
    root = check_gpx(folder / "routes" / "2026-07-01_late_P1.gpx")
    to = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:27700", always_xy=True)
    np.testing.assert_allclose(np.column_stack(to.transform(*degrees(root, "trkpt").T)), way,
                               atol=0.1)  # fmt: skip
    assert len(degrees(root, "rtept")) == 2  # where no base is known


# --- names of files, days, faults --------------------------------------------------------------


def test_file_names_are_safe_on_every_system():
    taken: set[str] = set()
    given = ["LPT1", "lpt1", "CON", "a/b:c*?", "x. ", "..", "", "Stoke\n", "é" * 200, "P1", "p1",
             "COM3.x"]  # fmt: skip
    names = [_file_name([name], ".ics", taken) for name in given]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        device = r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?"
        assert not re.fullmatch(device, name)
        assert re.fullmatch(r'[^<>:"/\\|?*\x00-\x1f]+\.ics', name)
        assert not name.removesuffix(".ics").endswith((".", " "))
        assert len(name.encode()) < 200
    assert len(_file_name(["2026-07-01", "夜" * 90, "👮" * 90], "", set()).encode()) <= 140
    assert names[0] == "unit-LPT1.ics"
    assert names[9:11] == ["P1.ics", "p1-2.ics"]


def test_one_day_alone(tmp_path, spots):
    second = make_visits(("H2", "2026-07-02 18:00")).rename(lambda v: f"{v}b")
    visits = pd.concat([make_visits(("H1", "2026-07-01 18:00")), second])
    plan = Plan(visits.rename_axis("visit"), make_teams())
    folder = hs.export_routes(tmp_path / "out", plan, hotspots=spots, day="2026-07-02")
    assert [f.name for f in sorted((folder / "routes").iterdir())] == [
        "2026-07-02_late_P1.geojson", "2026-07-02_late_P1.gpx"]  # fmt: skip
    with pytest.raises(hs.InputError, match="the plan runs from 2026-07-01 to 2026-07-02"):
        hs.export_routes(tmp_path / "out", plan, hotspots=spots, day="2026-07-03")
    with pytest.raises(hs.InputError, match="give a date, year first"):
        hs.export_routes(tmp_path / "out", plan, hotspots=spots, day="tomorrow?")
    assert (folder / "calendars" / "P1.ics").exists()  # what was there stays


def test_what_is_no_plan_or_has_no_places(tmp_path, plan, spots):
    with pytest.raises(hs.InputError, match="of type DataFrame; give what plan_patrols returned"):
        hs.export_routes(tmp_path / "out", plan.visits)
    with pytest.raises(hs.InputError, match="give the table as hotspots="):
        hs.export_routes(tmp_path / "out", plan)
    with pytest.raises(hs.InputError, match="visits go to H2, of which the hotspots hold no shape"):
        hs.export_routes(tmp_path / "out", plan, hotspots=spots.iloc[:1])
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "letter.txt").write_text("mine")
    with pytest.raises(hs.InputError, match="not made by hotspots"):
        hs.export_routes(tmp_path / "own", plan, hotspots=spots)


def test_a_plan_without_visits_says_so(tmp_path, plan, spots):
    empty = Plan(plan.visits.iloc[:0], make_teams())
    with pytest.warns(Notice, match="holds no visits"):
        folder = hs.export_routes(tmp_path / "out", empty, hotspots=spots)
    assert list((folder / "calendars").iterdir()) == []


def test_a_real_plan_is_handed_out_whole(tmp_path):
    from hotspots.patrols.example import example_plan

    plan = example_plan(days=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folder = hs.export_routes(tmp_path / "out", plan)
    _, events = read_calendar_file(folder / "calendars" / "P1.ics")
    assert len(events) == len(plan.visits)
    assert len({e["UID"] for e in events}) == len(events)
    local = sorted(moment(e["DTSTART"]).astimezone(ZoneInfo("Europe/London")) for e in events)
    assert [f"{at:%Y-%m-%d %H:%M}" for at in local] == [
        f"{at:%Y-%m-%d %H:%M}" for at in sorted(plan.visits["arrive"])
    ]
    files = sorted((folder / "routes").glob("*.gpx"))
    assert len(files) == plan.visits["date"].nunique()
    for file in files:
        check_gpx(file)
        check_geojson(file.with_suffix(".geojson"))
