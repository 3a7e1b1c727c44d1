"""The tables' contracts: every check, every message, and what results say of themselves."""

import copy
import pickle
import warnings
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import hotspots as hs
from hotspots import contracts
from hotspots.contracts import (
    HOTSPOTS,
    INCIDENTS,
    LPTS,
    SHIFTS,
    TABLES,
    UNITS,
    VISITS,
    InputError,
    Notice,
    Result,
    announce,
    check_incidents,
    check_table,
    located,
    recorded_months,
    time_precision,
)

SQUARE = shapely.box(0, 0, 100, 100)


def incidents(n=2, **columns) -> gpd.GeoDataFrame:
    start = pd.Timestamp("2025-03-01 21:00")
    given_ = {
        "category": ["Burglary"] * n,
        "occurred_from": [start] * n,
        "occurred_to": [start] * n,
        **columns,
    }
    index = pd.Index([f"i{k}" for k in range(n)], name="incident")
    points = [shapely.Point(388000 + k, 347000) for k in range(n)]
    return gpd.GeoDataFrame(given_, geometry=points, crs="EPSG:27700", index=index)


def lpts(**columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"area_km2": [0.01], **columns}, geometry=[SQUARE], crs="EPSG:27700",
        index=pd.Index(["North"], name="lpt"),
    )  # fmt: skip


def faults_of(frame, table) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        check_table(frame, table)
    assert caught.value.what == table.name
    return caught.value.faults


# --- InputError and Notice -------------------------------------------------------------------


def test_an_error_survives_the_way_back_from_another_process():
    error = InputError("grid", ["size is -5 m; try size=100.", "shape is 'disc'; try 'hex'."])
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert (type(again), again.what, again.faults) == (InputError, error.what, error.faults)
        assert str(again) == str(error)


def test_one_fault_reads_as_one_sentence():
    error = InputError("grid", ["size is -5 m; try size=100."])
    assert str(error) == "grid: size is -5 m; try size=100."
    assert error.what == "grid"
    assert error.faults == ("size is -5 m; try size=100.",)
    assert isinstance(error, ValueError)


def test_many_faults_are_numbered_one_a_line():
    error = InputError("units.csv", (f"fault {letter}." for letter in "ab"))
    assert str(error) == "units.csv: 2 faults\n  1. fault a.\n  2. fault b."
    assert error.faults == ("fault a.", "fault b.")


def test_a_notice_points_at_the_callers_caller():
    def public_function():
        announce("312 police-generated incidents left out")

    with pytest.warns(Notice, match="^312 police-generated") as said:
        public_function()
    assert said[0].filename == __file__


# --- the tables ------------------------------------------------------------------------------


def test_the_tables_are_named_and_explained():
    assert list(TABLES) == [
        "incidents", "lpts", "hotspots", "visits", "shifts", "units", "tasks", "priorities",
        "pings", "activities", "decisions", "treatment",
    ]  # fmt: skip
    for name, table in TABLES.items():
        assert table.name == name
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        assert {column.kind for column in table.columns} <= {"text", "time", "number", "flag"}
        assert all(column.meaning for column in table.columns)
    assert INCIDENTS.required == ["category", "occurred_from", "occurred_to"]
    assert LPTS.required == ["area_km2"]
    assert HOTSPOTS.required[:5] == ["rank", "heat", "incidents", "area_km2", "lpt"]
    assert VISITS.required == ["hotspot", "lpt", "unit", "shift", "arrive", "depart", "reason"]
    assert SHIFTS.required == ["shift", "start", "end"]
    assert UNITS.required == ["lpt", "shift", "kind", "officers", "mode"]


def test_a_sound_table_comes_back_as_the_same_object():
    for frame, table in ((incidents(), INCIDENTS), (lpts(), LPTS)):
        before = frame.copy()
        assert check_table(frame, table) is frame
        pd.testing.assert_frame_equal(frame, before)


def test_unknown_columns_are_welcome():
    assert check_table(incidents(beat=["7", "8"]), INCIDENTS) is not None


@pytest.mark.parametrize("given_", [None, "incidents.csv", [1, 2], {"category": []}])
def test_what_is_no_frame_is_named(given_):
    kind = type(given_).__name__
    with pytest.raises(InputError, match=f"^my records: it is of type {kind}; give a DataFrame.$"):
        check_table(given_, INCIDENTS, "my records")


def test_every_fault_is_named_at_once():
    frame = pd.DataFrame({
        "category": ["Burglary", None],
        "occurred_from": ["01/03/2025", "02/03/2025"],
        "harm": ["high", "low"],
    }, index=["a", "a"])  # fmt: skip
    faults = faults_of(frame, INCIDENTS)
    assert len(faults) == 6
    assert faults[0] == "column 'category' is empty in 1 rows (first: 'a')."
    assert faults[1].startswith("column 'occurred_from' is ")
    assert faults[1].endswith("; it must be local date-times without a time zone.")
    assert faults[2] == (
        "column 'occurred_to' is missing (end of that interval; the same as the start when exact); "
        "columns found: category, occurred_from, harm."
    )
    assert faults[3].startswith("column 'harm' is ")
    assert faults[3].endswith("; it must be numbers.")
    assert faults[4] == "index 'incident' repeats 'a'; every row needs its own."
    assert faults[5] == "it is of type DataFrame without a 'geometry' column; give a GeoDataFrame."


def test_a_frame_without_columns_says_so():
    faults = faults_of(pd.DataFrame(), SHIFTS)
    assert len(faults) == 3
    assert all(fault.endswith("columns found: none.") for fault in faults)


def test_times_with_a_zone_are_refused():
    stamps = pd.to_datetime(["2025-03-01", "2025-03-02"]).tz_localize("Europe/London")
    (fault,) = faults_of(incidents(occurred_from=stamps), INCIDENTS)
    assert "Europe/London" in fault
    assert fault.endswith("it must be local date-times without a time zone.")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_any_resolution_pass(unit):
    stamps = np.array(["2025-03-01", "2025-03-02"], dtype=f"datetime64[{unit}]")
    assert check_incidents(incidents(occurred_from=stamps, occurred_to=stamps)) is not None


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(["Burglary", "ASB"], dtype="str"),
        pd.Series(["Burglary", "ASB"], dtype=object),
        pd.Series(["Burglary", "ASB"], dtype="string"),
        pd.Categorical(["Burglary", "ASB"]),
    ],
    ids=["str", "object", "string", "category"],
)
def test_text_of_any_kind_passes(values):
    assert check_incidents(incidents(category=values.tolist())) is not None
    frame = incidents()
    frame["category"] = np.asarray(values) if isinstance(values, pd.Series) else values
    assert check_incidents(frame) is frame


def test_numbers_are_no_text_and_text_no_numbers():
    (fault,) = faults_of(incidents(category=[1, 2]), INCIDENTS)
    assert fault == "column 'category' is int64; it must be text."
    (fault,) = faults_of(lpts(population=["many"]), LPTS)
    assert fault.startswith("column 'population' is ")
    assert fault.endswith("; it must be numbers.")


def test_an_optional_column_may_be_empty_a_required_one_not():
    assert check_table(incidents(place=[None, None]), INCIDENTS) is not None
    (fault,) = faults_of(incidents(category=[None, None]), INCIDENTS)
    assert fault == "column 'category' is empty in 2 rows (first: 'i0')."


def test_a_table_without_an_index_may_repeat_it():
    shifts = pd.DataFrame(
        {"shift": ["early", "late"], "start": ["07:00", "15:00"], "end": ["15:00", "23:00"]},
        index=[0, 0],
    )
    assert check_table(shifts, SHIFTS) is shifts


# --- geometry --------------------------------------------------------------------------------


def test_a_missing_crs_is_named_with_its_remedy():
    (fault,) = faults_of(incidents().set_crs(None, allow_override=True), INCIDENTS)
    assert fault == "it has no CRS; say which with .set_crs(...), for Britain 'EPSG:27700'."


@pytest.mark.parametrize(
    ("crs", "name"),
    [("EPSG:4326", "WGS 84"), ("EPSG:2263", "NAD83 / New York Long Island")],
    ids=["degrees", "feet"],
)
def test_degrees_and_feet_are_refused(crs, name):
    (fault,) = faults_of(incidents().set_crs(crs, allow_override=True), INCIDENTS)
    assert fault.startswith(f"its CRS is '{name}")
    assert fault.endswith("distances need a projected CRS in metres: use .to_crs('EPSG:27700').")


def test_another_countrys_metres_pass():
    frame = incidents().set_crs("EPSG:2154", allow_override=True)  # Lambert-93, France
    assert check_incidents(frame) is frame


def test_lines_and_polygons_are_no_incidents():
    frame = incidents(3)
    frame.loc["i1", "geometry"] = shapely.LineString([(0, 0), (1, 1)])
    frame.loc["i2", "geometry"] = SQUARE
    (fault,) = faults_of(frame, INCIDENTS)
    assert fault == "row 'i1' holds a LineString; only Point belongs here (2 such rows)."


def test_a_point_is_no_policing_area():
    frame = lpts()
    frame["geometry"] = [shapely.Point(0, 0)]
    (fault,) = faults_of(frame, LPTS)
    assert fault == (
        "row 'North' holds a Point; only Polygon or MultiPolygon belongs here (1 such rows)."
    )


def test_empty_and_missing_points_are_allowed():
    frame = incidents(3)
    frame["geometry"] = gpd.GeoSeries(
        [shapely.Point(1, 2), shapely.Point(), None], index=frame.index, crs=frame.crs
    )
    assert check_incidents(frame) is frame
    assert located(frame).tolist() == [True, False, False]
    assert located(frame.iloc[:0]).shape == (0,)


# --- incidents -------------------------------------------------------------------------------


def test_a_result_is_told_to_give_its_table():
    @dataclass(frozen=True)
    class Loaded(Result):
        incidents: pd.DataFrame

        @property
        def text(self) -> str:
            return "two"

    with pytest.raises(
        InputError, match=r"it is of type Loaded; give its table, \.incidents, instead"
    ):
        check_incidents(Loaded(incidents()))


def test_reversed_times_and_unknown_origins_are_both_named():
    frame = incidents(origin=["public", "Police"])
    frame.loc["i1", "occurred_to"] = pd.Timestamp("2025-02-28")
    with pytest.raises(InputError) as caught:
        check_incidents(frame)
    assert caught.value.faults == (
        "occurred_from is after occurred_to in 1 rows (first: 'i1'); swap them or set them right.",
        "origin holds Police; it takes public, partner, police, unknown.",
    )


def test_a_missing_origin_is_no_unknown_word():
    frame = incidents(origin=["police", None])
    assert check_incidents(frame) is frame


def test_no_incidents_at_all_are_sound():
    frame = incidents(2).iloc[:0]
    assert check_incidents(frame) is frame


# --- Result ----------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Found(Result):
    spots: pd.DataFrame
    number: int
    routes: pd.DataFrame

    @property
    def text(self) -> str:
        return "Found <2> spots & no more.\nSecond line."


def found() -> Found:
    spots = gpd.GeoDataFrame({"name": ["<script>alert(1)</script>"]}, geometry=[SQUARE])
    return Found(spots, 3, pd.DataFrame({"leg": range(1200)}))


def test_a_result_lists_its_frames_in_order_and_nothing_else():
    result = found()
    assert list(result.tables) == ["spots", "routes"]
    assert result.tables["spots"] is result.spots


def test_a_result_prints_its_text():
    assert str(found()) == repr(found()) == "Found <2> spots & no more.\nSecond line."


@pytest.mark.parametrize("name", ["Ingest", "Trends", "PatrolPlan"])
def test_every_result_prints_its_text_not_its_frames(name):
    result = getattr(hs, name)
    assert issubclass(result, Result)
    assert result.__repr__ is Result.__repr__
    assert result.__str__ is Result.__str__
    assert result.text is not Result.text


def test_the_html_of_a_result_is_escaped_and_short():
    page = found()._repr_html_()
    assert page.startswith("<p>Found &lt;2&gt; spots &amp; no more.<br>Second line.</p>")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>routes</b>: 1,200 rows" in page
    assert "<b>spots</b>: 1 rows" in page
    assert "POLYGON" not in page
    assert page.count("<tr") == 2 + 6  # a heading and one row, a heading and the first five


def test_a_result_cannot_be_changed():
    with pytest.raises(AttributeError, match="cannot assign"):
        found().number = 4


def test_a_result_without_text_is_a_mistake_and_says_so():
    @dataclass(frozen=True, repr=False)
    class Mute(Result):
        table: pd.DataFrame

    with pytest.raises(TypeError, match="Mute gives no text; a Result must"):
        str(Mute(pd.DataFrame()))


# --- time ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "precision"),
    [
        ("0s", "hour"), ("59min", "hour"), ("1h", "hour"), ("61min", "day"), ("24h", "day"),
        ("24h 1s", "month"), ("28D", "month"), ("31D", "month"), ("31D 1s", "longer"),
        ("365D", "longer"),
    ],
)  # fmt: skip
def test_precision_is_the_length_of_the_interval(length, precision):
    start = pd.Timestamp("2025-03-01 21:00")
    frame = incidents(1, occurred_from=[start], occurred_to=[start + pd.Timedelta(length)])
    said = time_precision(frame)
    assert said.tolist() == [precision]
    assert said.index.equals(frame.index)
    assert said.name == "time_precision"


@given(st.dates(min_value=pd.Timestamp("1990-01-01").date(), max_value=pd.Timestamp("2090-01-01")
                .date()))  # fmt: skip
def test_every_calendar_month_counts_as_a_month(day):
    month = pd.Timestamp(day).to_period("M")
    frame = incidents(
        1, occurred_from=[month.start_time], occurred_to=[(month + 1).start_time]
    )  # fmt: skip
    assert time_precision(frame).tolist() == ["month"]


def test_no_incidents_have_no_precision():
    assert time_precision(incidents(1).iloc[:0]).tolist() == []


def at(*days, source=None) -> pd.DataFrame:
    frame = pd.DataFrame({"occurred_from": pd.to_datetime(list(days), format="ISO8601")})
    return frame if source is None else frame.assign(source=source)


def by_month(counts: list[int], first: str = "2024-12") -> pd.DataFrame:
    months = np.datetime64(first, "M") + np.arange(len(counts))
    return pd.DataFrame({"occurred_from": np.repeat(months.astype("datetime64[s]"), counts)})


def test_a_gap_is_missing_and_a_small_month_thin():
    given = by_month([100, 0, 100, 30, 40, 100])
    said = recorded_months(given)
    assert said["month"].astype(str).tolist() == [
        "2024-12-01", "2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01", "2025-05-01",
    ]  # fmt: skip
    assert said["incidents"].tolist() == [100, 0, 100, 30, 40, 100]
    # the median month holds 100: thin is under 40, and 40 is not
    status = ["present", "missing", "present", "thin", "present", "present"]
    assert said["status"].tolist() == status
    assert recorded_months(given, thin=0.5)["status"].tolist()[3:] == ["thin", "thin", "present"]
    assert set(said["source"]) == {"all"}


def test_a_quiet_month_of_a_sparse_source_is_chance_not_a_thin_file():
    assert recorded_months(by_month([49, 1, 49, 49]))["status"].tolist() == ["present"] * 4
    assert recorded_months(by_month([50, 1, 50, 50]))["status"].tolist()[1] == "thin"


def test_old_stragglers_are_incomplete_and_make_no_years_of_missing_months():
    counts = [2, 0, 0, 1] + [0] * 200 + [100, 110, 0, 90, 100, 5]
    said = recorded_months(by_month(counts, first="2007-01"))
    assert said["status"].tolist() == [
        "incomplete", "incomplete", "present", "present", "missing", "present", "present",
        "incomplete",
    ]  # fmt: skip
    assert said["incidents"].tolist() == [2, 1, 100, 110, 0, 90, 100, 5]
    assert said["month"].iloc[1] == pd.Timestamp("2007-04-01")


def test_each_source_has_its_own_span():
    frame = pd.concat([
        at("2025-01-05", "2025-03-05", source="Ashen Police"),
        at("2025-02-05", source="Birch Police"),
        at("2025-06-05").assign(source=None),
    ])  # fmt: skip
    said = recorded_months(frame)
    assert list(zip(said["source"], said["status"], strict=True)) == [
        ("Ashen Police", "present"), ("Ashen Police", "missing"), ("Ashen Police", "present"),
        ("Birch Police", "present"), ("unknown", "present"),
    ]  # fmt: skip


def test_no_incidents_have_no_months():
    for frame in (at(), at(source="Ashen Police")):
        said = recorded_months(frame)
        assert list(said.columns) == ["source", "month", "incidents", "status"]
        assert len(said) == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from(["a", "b"]), st.integers(0, 27)),
        min_size=1, max_size=60,
    )
)  # fmt: skip
def test_months_account_for_every_incident(rows):
    first = np.datetime64("2022-11", "M")
    frame = pd.DataFrame({
        "occurred_from": [(first + m).astype("datetime64[D]") + d for m, _, d in rows],
        "source": [source for _, source, _ in rows],
    })  # fmt: skip
    said = recorded_months(frame)
    assert said["incidents"].sum() == len(frame)
    assert ((said["incidents"] == 0) == (said["status"] == "missing")).all()
    for source, months in said.groupby("source"):
        mine = frame.loc[frame["source"] == source, "occurred_from"]
        stamps = months["month"]
        assert stamps.is_monotonic_increasing
        assert stamps.min() == mine.min().to_period("M").start_time
        assert stamps.max() == mine.max().to_period("M").start_time
        whole = stamps[months["status"] != "incomplete"]
        assert len(whole) == len(pd.period_range(whole.min(), whole.max(), freq="M"))


def test_the_checks_say_nothing_when_all_is_well():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_incidents(incidents())
    assert contracts.CRS == "EPSG:27700"
