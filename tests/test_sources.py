"""Extracts of every shape: files, encodings, delimiters, dates, places, mappings."""

import datetime as dt
import gzip

import numpy as np
import openpyxl
import pandas as pd
import pytest

import hotspots as hs
from hotspots.contracts import located
from hotspots.sources._gridref import read_gridref
from hotspots.sources._mapping import ALIASES, guess_columns
from hotspots.sources._rows import read_delimited
from hotspots.sources._stamps import guess_day_first, read_clock, read_stamps

NOW = "2026-01-01"
LOG = "URN,Closing code,Created,Easting,Northing"


def read(source, **options):
    loaded = hs.read_incidents(source, now=NOW, **options)
    total = len(loaded.incidents) + len(loaded.rejected) + len(loaded.superseded)
    assert loaded.files["rows"].sum() == total
    return loaded


def log(tmp_path, *rows, header=LOG, encoding="utf-8", name="log.csv"):
    path = tmp_path / name
    path.write_bytes(("\r\n".join([header, *rows]) + "\r\n").encode(encoding))
    return path


def one(**cells):
    """Read a frame of one row, given as columns."""
    base = {"type": "ASB", "date": "2025-04-25 21:10"}
    return read(pd.DataFrame({k: [v] for k, v in {**base, **cells}.items()}, dtype=object))


def point(loaded):
    return loaded.incidents.geometry.iloc[0]


# ---- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(tmp_path, encoding, delimiter):
    rows = [LOG + ",Street", "1,ASB,25/04/2025 21:10,388100,347500,Café Row"]
    rows = [row.replace(",", delimiter) for row in rows]
    loaded = read(log(tmp_path, *rows[1:], header=rows[0], encoding=encoding))
    assert loaded.incidents.loc["1", "place"] == "Café Row"
    assert loaded.incidents.loc["1", "occurred_from"] == pd.Timestamp("2025-04-25 21:10")
    assert (point(loaded).x, point(loaded).y) == (388100, 347500)


def test_bytes_that_cp1252_does_not_know_are_read_as_latin_1():
    rows = read_delimited("a.csv", b"urn,type\n1,caf\xe9 \x81\n", {"urn"})
    assert rows.columns(["type"])["type"].tolist() == ["café \x81"]
    assert rows.notes == ["read as latin-1"]


def test_a_blank_before_a_quotation_mark_moves_no_column(tmp_path):
    rows = ['1, "Burglary, dwelling",25/04/2025,388100,347500', "2,ASB,25/04/2025,388100,347500",
            '3,12" pipe thrown,25/04/2025,388100,347500']  # fmt: skip
    loaded = read(log(tmp_path, *rows, '4,Row at "The Swan",25/04/2025,388100,347500'))
    assert loaded.incidents["category"].tolist() == [
        "Burglary, dwelling", "ASB", '12" pipe thrown', 'Row at "The Swan"'
    ]  # fmt: skip
    assert loaded.incidents.geometry.x.tolist() == [388100] * 4


def test_a_column_there_twice_and_a_file_without_rows_are_said(tmp_path):
    path = log(tmp_path, "1,ASB,25/04/2025,26/04/2025", header="URN,Type,Date,Date")
    loaded = read([path, log(tmp_path, name="empty.csv")])
    assert loaded.files["detail"].tolist() == [
        "column 'Date' is there twice: the first is read", "no row below the header"
    ]  # fmt: skip
    assert loaded.incidents["occurred_from"].tolist() == [pd.Timestamp("2025-04-25")]


def test_what_systems_leave_beside_is_passed_over(tmp_path):
    frame = pd.DataFrame({"URN": [1], "Type": ["ASB"], "Date": ["25/04/2025"]})
    frame.to_excel(tmp_path / "log.xlsx", index=False)
    (tmp_path / "~$log.xlsx").write_bytes(b"Excel's lock on an open file")
    for source in (tmp_path, str(tmp_path / "*.xlsx")):
        assert read(source).files["file"].str.endswith("log.xlsx").tolist() == [True]


@pytest.mark.parametrize(
    ("source", "said"),
    [("", "a path is empty"), ("x" * 5000, "cannot be opened"), (["no.csv", " "], "2 faults")],
)
def test_what_is_no_path_is_one_message(source, said):
    with pytest.raises(hs.InputError, match=said) as caught:
        read(source)
    assert len(str(caught.value)) < 300


def test_gzip_and_mac_line_ends(tmp_path):
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(f"{LOG}\r1,ASB,25/04/2025,388100,347500\r".encode()))
    assert len(read(path).incidents) == 1
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(hs.InputError, match="cannot be read"):
        read(path)


def test_a_title_above_the_header_and_blank_lines_are_no_rows(tmp_path):
    path = log(tmp_path, "", LOG, "", "1,ASB,25/04/2025,388100,347500", "", header="Storm extract")
    loaded = read(path)
    assert loaded.files["rows"].tolist() == [1]
    assert loaded.files["detail"].tolist() == ["header found in line 3"]


def test_quoted_fields_keep_commas_newlines_and_their_line(tmp_path):
    path = log(
        tmp_path,
        '1,"ASB, rowdy",25/04/2025,"388,100","347,500"',
        '2,"ASB\r\nover ""two"" lines",25/04/2025,388100,347500',
        "3,ASB,x,388100,347500",
    )
    loaded = read(path)
    assert loaded.incidents["category"].tolist() == ["ASB, rowdy", 'ASB over "two" lines']
    assert loaded.rejected["line"].tolist() == [5]
    assert point(loaded).x == 388100


@pytest.mark.parametrize("stray", ['a 5" pipe', '"never closed'])
def test_a_stray_quotation_mark_spoils_no_other_line(tmp_path, stray):
    rows = [f"{i},ASB,25/04/2025,388100,347500" for i in range(5)]
    rows[2] = f"2,{stray},25/04/2025,388100,347500"
    loaded = read(log(tmp_path, *rows))
    assert loaded.files["rows"].tolist() == [5]
    assert set("0134") <= set(loaded.incidents.index)
    if stray.startswith('"'):
        assert loaded.rejected[["line", "reason"]].values.tolist() == [
            [4, "a quotation mark is never closed"]
        ]


def test_spare_delimiters_at_the_end_are_forgiven(tmp_path):
    loaded = read(log(tmp_path, "1,ASB,25/04/2025,388100,347500,,,"))
    assert len(loaded.incidents) == 1
    assert point(loaded).y == 347500


def test_rows_of_nothing_are_refused_not_lost(tmp_path):
    loaded = read(log(tmp_path, ",,,,", "1,ASB,25/04/2025,388100,347500"))
    assert loaded.rejected[["line", "reason"]].values.tolist() == [[2, "an empty row"]]


# ---- Excel and frames ---------------------------------------------------------------------------


@pytest.fixture
def workbook(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Cover"
    book.active.append(["Confidential"])
    sheet = book.create_sheet("Data")
    sheet.append(["Extract of 1 May"])
    sheet.append([])
    sheet.append(
        ["Crime Ref", "Offence", "Date From", "Time From", "Date To", "Easting", "Northing"]
    )
    day = dt.datetime(2025, 4, 25)
    sheet.append(
        ["A1", "Burglary", day, dt.time(21, 10), dt.datetime(2025, 4, 26), 388100, 347500.0]
    )
    sheet.append(["A2", "Theft", 45772.5, None, None, "388,100", "347,500"])
    sheet.append([None] * 7)
    sheet.append(["A3", "Theft", None, None, None, None, None])
    path = tmp_path / "crimes.xlsx"
    book.save(path)
    return path


def test_excel_below_a_title_on_the_second_sheet(workbook):
    loaded = read(workbook)
    first = loaded.incidents.loc["A1"]
    assert first["occurred_from"] == pd.Timestamp("2025-04-25 21:10")
    assert first["occurred_to"] == pd.Timestamp("2025-04-27")  # a day without a time is all of it
    assert loaded.incidents.loc["A2", "occurred_from"] == pd.Timestamp("2025-04-25 12:00")
    assert located(loaded.incidents).all()
    assert loaded.rejected[["line", "reason"]].values.tolist() == [[7, "no date"]]
    assert "sheet 'Data'; header found in row 3" in loaded.files["detail"][0]
    assert "Excel serial date: 1" in loaded.text


def test_excel_by_a_mapping_s_sheet(workbook):
    columns = {"category": "Offence", "occurred_from": "Date From"}
    assert len(read(workbook, mapping={"sheet": "Data", "columns": columns}).incidents) == 2
    with pytest.raises(hs.InputError, match="no sheet 'Datum'; it has Cover, Data"):
        read(workbook, mapping={"sheet": "Datum", "columns": columns})


def test_a_locked_or_broken_workbook_says_so(tmp_path):
    path = tmp_path / "locked.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0 encrypted")
    with pytest.raises(hs.InputError, match="locked with a password"):
        read(path)


def test_a_frame_with_real_types():
    frame = pd.DataFrame({
        "id": [1, 2, 3], "type": ["ASB", "ASB", None],
        "occurred_from": pd.to_datetime(["2025-04-25 21:10", "2025-04-26 00:00", None]),
        "easting": [388100.0, np.nan, 1.0], "northing": [347500.0, 5.0, 1.0],
    })  # fmt: skip
    before = frame.copy(deep=True)
    loaded = read(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert loaded.incidents.index.tolist() == ["1", "2"]
    assert located(loaded.incidents).tolist() == [True, False]
    assert loaded.rejected["line"].tolist() == [3]


def test_incidents_read_again_are_the_same(county):
    some = county.incidents.head(200)
    again = read(some).incidents
    assert again.index.tolist() == some.index.astype(str).tolist()
    for name in ("category", "occurred_from", "occurred_to"):
        assert again[name].tolist() == some[name].tolist()
    assert again.geometry.geom_equals_exact(some.geometry.set_axis(again.index), 1e-6).all()


def test_a_frame_with_one_name_twice():
    frame = pd.DataFrame([["ASB", "x", "2025-01-01"]], columns=["type", "type", "date"])
    with pytest.raises(hs.InputError, match="more than once"):
        read(frame)


# ---- dates and times ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "hours"),
    [
        ("2025-04-25 21:10", "2025-04-25 21:10", 0),
        ("2025-04-25T21:10:05.123", "2025-04-25 21:10:05", 0),
        ("25/04/2025 21:10", "2025-04-25 21:10", 0),
        ("25.4.25 9.05", "2025-04-25 09:05", 0),
        ("25-Apr-2025 09:05 pm", "2025-04-25 21:05", 0),
        ("Fri 25th April 2025", "2025-04-25", 24),
        ("12:00 am", None, 0),
        ("25/04/2025 12:00 am", "2025-04-25 00:00", 0),
        ("25/04/2025 24:00", "2025-04-26 00:00", 0),
        ("31/12/2024 24:00:00", "2025-01-01 00:00", 0),
        ("25/04/2025 24:01", None, 0),
        ("25/04/2025", "2025-04-25", 24),
        ("20250425", "2025-04-25", 24),
        ("202504252110", "2025-04-25 21:10", 0),
        ("2025-02", "2025-02-01", 28 * 24),
        ("45772", "2025-04-25", 24),
        ("45772.75", "2025-04-25 18:00", 0),
        ("29/02/2024", "2024-02-29", 24),
        ("29/02/2025", None, 0),
        ("31/04/2025", None, 0),
        ("2025-04-25T21:10Z", "2025-04-25 22:10", 0),
        ("2025-01-25T21:10+00:00", "2025-01-25 21:10", 0),
        ("2025-03-31T23:00:00+00:00", "2025-04-01 00:00", 0),
        ("2025-04-25 21:10-0500", "2025-04-26 03:10", 0),
        ("", None, 0),
        ("yesterday", None, 0),
    ],
)
def test_stamps(text, start, hours):
    read_ = read_stamps([text])
    if start is None:
        assert np.isnat(read_.start[0])
    else:
        assert pd.Timestamp(read_.start[0]) == pd.Timestamp(start)
        assert read_.width[0] == np.timedelta64(hours * 3600, "s")


def test_many_stamps_are_read_as_each_alone():
    days = pd.date_range("2019-01-01", periods=3000, freq="7h30min")
    for form in ("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"):
        texts = [*days.strftime(form), "", "2025-04", "01/02/2024 24:00", "31/31/2024 10:00"]
        order = form != "%m/%d/%Y %H:%M"
        many = read_stamps(texts, day_first=order)
        alone = [read_stamps([t], day_first=order) for t in texts]
        np.testing.assert_array_equal(many.start, np.concatenate([a.start for a in alone]))
        np.testing.assert_array_equal(many.width, np.concatenate([a.width for a in alone]))
        np.testing.assert_array_equal(many.start[:3000], days.to_numpy().astype("datetime64[s]"))


def test_the_order_of_day_and_month_is_found_and_said(tmp_path):
    assert guess_day_first(["03/04/2025", "25/04/2025"])[0]
    assert not guess_day_first(["03/04/2025", "04/25/2025"])[0]
    path = log(tmp_path, "1,ASB,04/25/2025 10:00,388100,347500", "2,ASB,03/04/2025,388100,347500")
    loaded = read(path)
    assert loaded.incidents["occurred_from"].dt.month.tolist() == [4, 3]
    assert "month first" in loaded.text
    loaded = read(log(tmp_path, "2,ASB,03/04/2025,388100,347500"))
    assert loaded.incidents["occurred_from"].dt.month.tolist() == [4]
    assert "the British order is taken" in loaded.text


def test_clock_times():
    given = ["21:10", "2110", "905", "9.05 pm", "24:00", "0.25", "", "25:00", "noon"]
    seconds, midnight = read_clock(given)
    assert seconds[:6].tolist() == [76200, 76200, 32700, 75900, 86400, 21600]
    assert np.isnan(seconds[6])
    assert seconds[7:].tolist() == [-1, -1]
    assert midnight.tolist() == [g == "24:00" for g in given]


@pytest.mark.parametrize(
    ("cells", "start", "end"),
    [
        ({"date": "25/04/2025", "time": "2110"}, "2025-04-25 21:10", "2025-04-25 21:10"),
        ({"date": "25/04/2025", "time": ""}, "2025-04-25", "2025-04-26"),
        ({"date": "25/04/2025", "time": "late"}, "2025-04-25", "2025-04-26"),
        ({"date": "25/04/2025", "time": "24:00"}, "2025-04-26", "2025-04-26"),
        ({"date": "25/04/2025 10:00", "to_date": "26/04/2025 11:00"}, "2025-04-25 10:00",
         "2025-04-26 11:00"),
        ({"date": "25/04/2025", "to_date": "25/04/2025"}, "2025-04-25", "2025-04-26"),
        ({"date": "25/04/2025 10:00", "to_date": ""}, "2025-04-25 10:00", "2025-04-25 10:00"),
        ({"date": "25/04/2025 10:00", "to_date": "25/04/2025 08:00"}, "2025-04-25 08:00",
         "2025-04-25 10:00"),
        ({"date": "25/04/2025 10:00", "to_date": "25/04/2099 08:00"}, "2025-04-25 10:00",
         "2025-04-25 10:00"),
    ],
)  # fmt: skip
def test_the_interval(cells, start, end):
    row = one(**cells).incidents.iloc[0]
    assert (row["occurred_from"], row["occurred_to"]) == (pd.Timestamp(start), pd.Timestamp(end))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"date": "26/04/2025 10:01", "to_date": "25/04/2025 10:00"}, "more than 24 hours before"),
        ({"date": "25/04/2031 10:00"}, "lies in the future"),
        ({"date": "00/01/1900"}, "no date can be read"),
        ({"date": "1"}, "a blank date in Excel"),
        ({"type": "  "}, "no category"),
        ({"date": " "}, "no date"),
    ],
)
def test_refusals_by_time_and_category(cells, reason):
    loaded = one(**cells)
    assert reason in loaded.rejected["reason"].iloc[0]
    assert not len(loaded.incidents)


def test_times_written_as_midnight_are_remarked():
    stamps = [f"2025-04-{d:02} 00:00" for d in range(1, 29)] + ["2025-04-25 13:37"] * 20
    loaded = read(pd.DataFrame({"type": "ASB", "date": stamps}))
    assert "28 (58.3%) at 00:00 to the minute" in loaded.text


# ---- places -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "east", "north", "side"),
    [
        ("SJ 88 47", 388500, 347500, 1000),
        ("sj8847", 388500, 347500, 1000),
        ("SJ 881 475", 388150, 347550, 100),
        ("TG 51409 13177", 651409.5, 313177.5, 1),  # the Ordnance Survey's worked example
        ("NN166712", 216650, 771250, 100),  # Ben Nevis
        ("TQ", 550000, 150000, 100000),
        ("SV 8 1", 85000, 15000, 10000),
        ("HP 6 1", 465000, 1215000, 10000),
    ],
)
def test_grid_references(reference, east, north, side):
    assert read_gridref(reference) == (east, north, side)


@pytest.mark.parametrize(
    "bad", ["", "SI 88 47", "SJ 8 47", "SJ 884", "388100", "AA 1 1", "SJ 123456 123456"]
)
def test_what_is_no_grid_reference(bad):
    assert read_gridref(bad) is None


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ({"easting": "388,100", "northing": "347,500"}, (388100, 347500)),
        ({"easting": " 388100.5 ", "northing": "347500,5"}, (388100.5, 347500.5)),
        ({"grid_ref": "SJ 881 475"}, (388150, 347550)),
        ({"easting": "", "northing": "", "grid_ref": "SJ 88 47"}, (388500, 347500)),
        ({"easting": "388100", "northing": "347500", "grid_ref": "TQ 1 1"}, (388100, 347500)),
    ],
)
def test_places(cells, place):
    assert (point(one(**cells)).x, point(one(**cells)).y) == place


@pytest.mark.parametrize(
    ("cells", "check"),
    [
        ({"easting": "0", "northing": "0"}, "point (0, 0)"),
        ({"easting": "by the park", "northing": "347500"}, "coordinate unreadable"),
        ({"easting": "9388100", "northing": "347500"}, "outside the area"),
        ({"easting": "388.1", "northing": "347.5"}, "at the grid's origin"),  # in kilometres
        ({"grid_ref": "Hanley"}, "grid reference unreadable"),
        ({"grid_ref": "SJ 8 4"}, "grid reference coarse"),  # ten kilometres
        ({"grid_ref": "no"}, "grid reference coarse"),  # a square of 100 km
        ({"longitude": "-2.178", "latitude": ""}, "no location"),
        ({"longitude": "2.178", "latitude": "3.0"}, "outside the area"),
    ],
)
def test_a_place_that_cannot_be_loses_its_point_not_its_row(cells, check):
    loaded = one(**cells)
    assert point(loaded).is_empty
    assert loaded.quality.set_index("check").loc[check, "rows"] == 1


def test_a_comma_in_degrees_is_a_decimal_comma():
    assert point(one(longitude="-2,178", latitude="53,026")) == point(
        one(longitude="-2.178", latitude="53.026")
    )


def test_points_near_the_origin_stay_where_the_lpts_lie_there():
    import geopandas as gpd
    import shapely

    lpts = hs.read_lpts(
        gpd.GeoDataFrame(
            {"lpt": ["North"]}, geometry=[shapely.box(-5000, -5000, 5000, 5000)], crs="EPSG:27700"
        )
    )
    frame = pd.DataFrame({"type": ["ASB"], "date": "2025-04-25", "x": 900, "y": 800})
    assert read(frame, lpts=lpts).incidents.geometry.x.tolist() == [900]
    assert read(frame).incidents.geometry.is_empty.all()


def test_degrees_in_the_columns_for_metres():
    loaded = one(easting="-2.178", northing="53.026")
    assert point(loaded).distance(point(one(longitude="-2.178", latitude="53.026"))) < 1e-6
    assert "degrees where metres belong: 1" in loaded.text


def test_easting_and_northing_swapped_are_put_right_where_the_lpts_show_it():
    import geopandas as gpd
    import shapely

    lpts = hs.read_lpts(gpd.GeoDataFrame({"lpt": ["North"]}, crs="EPSG:27700",
                             geometry=[shapely.box(380000, 340000, 396000, 350000)]))  # fmt: skip
    frame = pd.DataFrame({"type": "ASB", "date": "2025-04-25", "easting": [388100, 347500, 500000],
                          "northing": [347500, 388100, 200000]})  # fmt: skip
    loaded = read(frame, lpts=lpts)
    assert loaded.incidents.geometry.x.tolist() == [388100, 388100, 500000]
    assert loaded.incidents["lpt"].fillna("-").tolist() == ["North", "North", "-"]
    assert "swapped easting/northing: 1" in loaded.text
    assert read(frame).incidents.geometry.x.tolist() == [388100, 347500, 500000]  # nothing shows it


# ---- words for nothing, dates told together, frames ----------------------------------------------


def test_a_word_for_nothing_names_no_record_and_supersedes_none(tmp_path):
    rows = [f"{no},ASB,25/04/2025,NULL,-" for no in ("NULL", "NULL", "N/A", "-", "-", "Unknown")]
    loaded = read(log(tmp_path, *rows, "7,N/A,25/04/2025,,", "8,ASB,NULL,,"))
    assert len(loaded.incidents) == 6
    assert len(loaded.superseded) == 0
    assert loaded.rejected["reason"].tolist() == ["no category", "no date"]
    assert "coordinate unreadable" not in loaded.quality["check"].tolist()


def test_the_order_of_day_and_month_is_told_by_all_dates_of_a_file():
    frame = pd.DataFrame({"type": "Theft", "date_from": ["04/25/2025", "04/05/2025"],
                          "date_to": ["", "04/06/2025"]})  # fmt: skip
    loaded = read(frame)
    assert loaded.incidents["occurred_to"].tolist() == [
        pd.Timestamp("2025-04-26"), pd.Timestamp("2025-04-07")
    ]  # fmt: skip
    assert loaded.text.count("date order guessed") == 1


@pytest.mark.parametrize("date", ["2025-04-25 00:00:00.000", "25/04/2025 00:00", "25/04/2025"])
def test_the_time_of_its_own_column_counts_where_the_date_says_midnight(date):
    incident = one(date=date, time="21:10:00.0000000").incidents.iloc[0]
    assert incident["occurred_from"] == pd.Timestamp("2025-04-25 21:10")
    assert incident["occurred_to"] == incident["occurred_from"]
    timed = one(date="2025-04-25 09:00", time="21:10").incidents["occurred_from"]
    assert timed.tolist() == [pd.Timestamp("2025-04-25 09:00")]


def test_a_year_alone_is_no_date_of_1905():
    assert "no date can be read in '2025'" in one(date=2025).rejected["reason"][0]


def test_a_share_never_passes_one_where_rows_are_superseded():
    frame = pd.DataFrame({"urn": "1", "type": "ASB", "date": "25/04/2025 24:00",
                          "easting": "no", "northing": "no"}, index=range(4))  # fmt: skip
    quality = read(frame).quality.set_index("check")
    assert quality.loc["coordinate unreadable", ["rows", "of", "share"]].tolist() == [4, 4, 1]
    assert quality.loc["no location", ["rows", "of", "share"]].tolist() == [1, 1, 1]
    counted = quality.dropna(subset="rows")
    assert (counted["share"] == counted["rows"] / counted["of"]).all()


def test_a_geodataframe_keeps_its_points_whatever_their_column_is_called():
    import geopandas as gpd
    import shapely

    places = [shapely.Point(-2.178, 53.026), None, shapely.Point(-2.1, 53.1)]
    frame = gpd.GeoDataFrame({"id": [1, 2, 3], "type": "ASB", "date": "25/04/2025"},
                             geometry=places, crs=4326)  # fmt: skip
    mapping = {"columns": {"category": "type", "occurred_from": "date"}, "crs": "EPSG:4326"}
    truth = point(one(longitude="-2.178", latitude="53.026"))
    for given in (frame, frame.rename_geometry("where")):
        for chosen in (None, mapping):
            loaded = read(given, mapping=chosen)
            assert point(loaded).distance(truth) < 1e-6
            assert located(loaded.incidents).tolist() == [True, False, True]
    with pytest.raises(hs.InputError, match="Polygon; an incident is a point"):
        read(frame.set_geometry([shapely.box(0, 0, 1, 1), None, None], crs=4326))


# ---- mappings -----------------------------------------------------------------------------------

MAPPING = """
source = "Command and control"
crs = "EPSG:27700"
day_first = true

[columns]
id = "Log No"
category = "Final type"
occurred_from = "Opened"
occurred_to = "Closed"
easting = "X"
northing = "Y"
origin = "How"
vulnerability = "Markers"

[categories]
"ASB NUISANCE" = "Anti-social behaviour"
"BURG DWELL" = "Burglary"

[origins]
"triple nine" = "public"
"stop check" = "police"
"""


def test_a_toml_mapping(tmp_path):
    (tmp_path / "storm.toml").write_text(MAPPING, encoding="utf-8")
    path = log(
        tmp_path,
        "7,asb  nuisance,03/04/2025 10:00,03/04/2025 10:30,388100,347500,Triple Nine,child,Smith",
        "8,BURG DWELL,03/04/2025 10:00,,388100,347500,stop-check,,Jones",
        "9,PIRACY,03/04/2025 10:00,,388100,347500,pigeon,,Brown",
        header="Log No,Final type,Opened,Closed,X,Y,How,Markers,Caller name",
    )
    loaded = read(path, mapping=tmp_path / "storm.toml")
    assert loaded.incidents["category"].tolist() == ["Anti-social behaviour", "Burglary", "PIRACY"]
    assert loaded.incidents["origin"].tolist() == ["public", "police", "unknown"]
    assert set(loaded.incidents["source"]) == {"Command and control"}
    assert loaded.incidents["vulnerability"].tolist()[0] == "child"
    assert "Guessed" not in loaded.text
    assert "category unknown: 1" in loaded.text
    assert "PIRACY" in loaded.text
    assert "pigeon" in loaded.text
    told = " ".join(map(str, loaded.incidents.to_numpy().ravel()))
    assert "Smith" not in told  # columns no one asked for are never read


def test_every_fault_of_a_mapping_is_named_at_once(tmp_path):
    path = log(tmp_path, "1,ASB,25/04/2025,1,2")
    wrong = {
        "colums": {}, "day_first": "yes", "timezone": "Mars", "crs": "EPSG:0",
        "columns": {"catgory": "Closing code", "occurred_from": "Creatd", "easting": "Easting"},
        "origins": {"999": "citizen"}, "date_format": "%Q",
    }  # fmt: skip
    with pytest.raises(hs.InputError) as caught:
        read(path, mapping=wrong)
    said = str(caught.value)
    for part in ("'colums'; did you mean 'columns'", "'catgory'; did you mean 'category'",
                 "no 'category'", "no 'northing'", "'citizen'", "day_first", "Mars", "EPSG:0",
                 "'%Q' is no strptime pattern",
                 "'Creatd', but the file has no such column; did you mean 'Created'"):  # fmt: skip
        assert part in said
    assert len(caught.value.faults) == 10


def test_a_mapping_that_is_no_mapping(tmp_path):
    path = log(tmp_path, "1,ASB,25/04/2025,1,2")
    (tmp_path / "bad.toml").write_text("columns = [", encoding="utf-8")
    for mapping, match in ((tmp_path / "bad.toml", "no valid TOML"), ("a.toml", "cannot be opened"),
                           (7, "give a TOML path or a dict"),
                           ({"columns": "x"}, "must be a table of text")):  # fmt: skip
        with pytest.raises(hs.InputError, match=match):
            read(path, mapping=mapping)


def test_an_extract_of_one_category_in_another_zone():
    frame = pd.DataFrame({"when": ["2025-07-01T12:00:00Z"], "lon": [-73.98], "lat": [40.75]})
    loaded = read(frame, crs="EPSG:32118", mapping={
        "category": "Vehicle crime", "timezone": "America/New_York",
        "columns": {"occurred_from": "when", "longitude": "lon", "latitude": "lat"},
    })  # fmt: skip
    assert loaded.incidents["category"].tolist() == ["Vehicle crime"]
    assert loaded.incidents["occurred_from"].tolist() == [pd.Timestamp("2025-07-01 08:00")]
    assert located(loaded.incidents).all()


def test_a_date_format_of_its_own():
    frame = pd.DataFrame({"type": "ASB", "when": ["2025#04#25 2110", "x"]})
    loaded = read(frame, mapping={"date_format": "%Y#%m#%d %H%M", "columns": {
        "category": "type", "occurred_from": "when"}})  # fmt: skip
    assert loaded.incidents["occurred_from"].tolist() == [pd.Timestamp("2025-04-25 21:10")]
    assert len(loaded.rejected) == 1


def test_files_the_mapping_does_not_fit_are_left_aside(tmp_path):
    log(tmp_path, "1,ASB,25/04/2025,388100,347500")
    (tmp_path / "a_readme.csv").write_text("name,remark\na,b\n", encoding="utf-8")
    columns = {"category": "Closing code", "occurred_from": "Created"}
    loaded = read(tmp_path, mapping={"columns": columns})
    assert len(loaded.incidents) == 1
    assert loaded.files["role"].tolist() == ["read", "left aside"]


def test_a_record_s_later_version_wins_by_when_it_was_recorded():
    frame = pd.DataFrame({
        "urn": ["1", "1", "2"], "type": ["Theft", "Burglary", "ASB"], "date": "2025-04-25",
        "last_updated": ["2025-05-02 10:00", "2025-05-01 10:00", ""],
    })  # fmt: skip
    loaded = read(frame)
    assert loaded.incidents["category"].tolist() == ["Theft", "ASB"]
    assert loaded.superseded["line"].tolist() == [2]


def test_equal_numbers_in_two_systems_are_two_incidents(tmp_path):
    log(tmp_path, "1,ASB,25/04/2025,388100,347500", name="a.csv")
    log(tmp_path, "1,Theft,25/04/2025", header="Crime ref,Offence,Date from", name="b.csv")
    loaded = read(tmp_path)
    assert loaded.incidents.index.tolist() == ["a.csv:1", "b.csv:1"]


def test_guesses_are_said_and_each_column_is_used_once(tmp_path):
    header = ["Type", "Source", "Received", "Location", "Easting", "Northing", "Log no"]
    assert guess_columns(header) == {
        "id": "Log no", "category": "Type", "occurred_from": "Received", "easting": "Easting",
        "northing": "Northing", "place": "Location", "origin": "Source",
    }  # fmt: skip
    loaded = read(log(tmp_path, "1,ASB,25/04/2025,388100,347500"))
    assert "Guessed: columns guessed: id = 'URN', category = 'Closing code'" in loaded.text


def test_every_recognised_name_is_in_the_guide():
    from pathlib import Path

    guide = (Path(__file__).parents[1] / "docs" / "ingest.md").read_text(encoding="utf-8")
    missing = [name for names in ALIASES.values() for name in names if f"`{name}`" not in guide]
    assert not missing


@pytest.mark.realdata
def test_new_york_through_a_mapping(shared):
    loaded = read(
        shared / "data" / "timed" / "nycvehiclethefts.csv.gz", crs="EPSG:32118",
        mapping={"category": "Vehicle crime", "columns": {
            "id": "uid", "occurred_from": "date_start", "occurred_to": "date_end",
            "longitude": "longitude", "latitude": "latitude"}},
    )  # fmt: skip
    assert len(loaded.incidents) == 35_746
    truth = pd.read_csv(shared / "data" / "timed" / "nycvehiclethefts.csv.gz")
    exact = (loaded.incidents["occurred_from"] == loaded.incidents["occurred_to"]).sum()
    start, end = pd.to_datetime(truth["date_start"]), pd.to_datetime(truth["date_end"])
    assert exact == (end.isna() | (start == end)).sum()
    assert (loaded.incidents["occurred_from"].to_numpy() == start.to_numpy()).all()


def test_a_file_cut_in_the_middle_of_a_letter_keeps_its_encoding():
    whole = "urn,type,date\n1,Café,x\n2,Caf\u00e9".encode()
    rows = read_delimited("a.csv", whole[:-1], {"urn", "type", "date"})
    assert rows.columns(["type"])["type"].tolist() == ["Café"]
    assert [r[0] for r in rows.refused] == [3]
    assert rows.notes == []


def test_the_projection_is_named_with_its_accuracy():
    said = one(longitude="-2.178", latitude="53.026").text
    assert "projected from WGS 84 to OSGB36 / British National Grid, good to" in said
    assert "projected" not in one(easting="388100", northing="347500").text
