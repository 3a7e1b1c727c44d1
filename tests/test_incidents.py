"""read_incidents: every row accounted for, every check fixed or refused as it says."""

import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hotspots as hs
from hotspots.contracts import INCIDENTS, check_incidents, check_table, located

HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,"
    "Crime type,Last outcome category,Context"
)
NOW = "2026-01-01"


def street(
    crime="", month="2025-03", force="Staffordshire Police", lon="-2.178", lat="53.026",
    place="On or near Piccadilly", lsoa="E01014210", kind="Anti-social behaviour", outcome="",
):  # fmt: skip
    return f"{crime},{month},{force},{force},{lon},{lat},{place},{lsoa},Stoke 1,{kind},{outcome},"


def write(path: Path, *rows: str, header: str = HEADER, end: str = "\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\n".join([header, *rows]) + end).encode())
    return path


def read(tmp_path, *rows, **options):
    path = write(tmp_path / "2025-03-staffordshire-street.csv", *rows)
    return hs.read_incidents(path, now=NOW, **options)


def fact(loaded, check):
    found = loaded.quality[loaded.quality["check"] == check]
    assert len(found) == 1, loaded.quality
    return found.iloc[0]


def balanced(loaded):
    total = len(loaded.incidents) + len(loaded.rejected) + len(loaded.superseded)
    assert loaded.files["rows"].sum() == total
    for name, table in (("accepted", loaded.incidents), ("rejected", loaded.rejected),
                        ("superseded", loaded.superseded)):  # fmt: skip
        assert loaded.files[name].sum() == len(table)
    check_incidents(loaded.incidents)
    assert loaded.incidents.index.is_unique
    return loaded


@pytest.fixture(scope="module")
def stoke():
    return hs.read_lpts(gpd.GeoDataFrame(
        {"lpt": ["West", "East"]}, crs="EPSG:27700",
        geometry=[shapely.box(380000, 340000, 388000, 350000),
                  shapely.box(388000, 340000, 396000, 350000)],
    ))  # fmt: skip


def test_a_street_row_becomes_an_incident(tmp_path, stoke):
    row = street("a" * 64, kind="Burglary", outcome="Under investigation")
    loaded = balanced(read(tmp_path, row, lpts=stoke))
    row = loaded.incidents.loc["a" * 64]
    assert row["category"] == "Burglary"
    assert row["occurred_from"] == pd.Timestamp("2025-03-01")
    assert row["occurred_to"] == pd.Timestamp("2025-04-01")
    assert row["source"] == "Staffordshire Police"
    assert row["place"] == "Piccadilly"
    assert row["outcome"] == "Under investigation"
    assert row["origin"] == "unknown"
    assert row["lpt"] == "East"
    # pyproj on its own, from the same longitude and latitude
    truth = gpd.GeoSeries([shapely.Point(-2.178, 53.026)] * 2, crs=4326).to_crs(27700).iloc[0]
    assert row.geometry.distance(truth) < 1e-6
    assert loaded.incidents.crs == "EPSG:27700"


@pytest.mark.parametrize("kind", ["Drugs", "Possession of weapons"])
def test_crimes_found_by_police_activity_are_marked_and_said(tmp_path, kind):
    loaded = read(tmp_path, street("a", kind=kind), street("b", kind="Robbery"))
    assert loaded.incidents["origin"].tolist() == ["police", "unknown"]
    assert "taken as found by police activity" in loaded.text


def test_asb_without_id_is_never_deduplicated(tmp_path):
    loaded = balanced(read(tmp_path, *[street()] * 5))
    assert len(loaded.incidents) == 5
    assert loaded.incidents.index.tolist()[:2] == [
        "2025-03-staffordshire-street.csv:2", "2025-03-staffordshire-street.csv:3"
    ]  # fmt: skip


def test_the_later_month_supersedes_whatever_the_order_of_the_files(tmp_path):
    old = write(tmp_path / "2025-01-x-street.csv", street("c1", "2025-01", kind="Robbery"))
    new = write(tmp_path / "2025-02-x-street.csv", street("c1", "2025-02", kind="Burglary"))
    for order in ([old, new], [new, old]):
        loaded = balanced(hs.read_incidents(order, now=NOW))
        assert loaded.incidents["category"].tolist() == ["Burglary"]
        assert loaded.superseded["category"].tolist() == ["Robbery"]
        assert loaded.superseded["file"].tolist() == ["2025-01-x-street.csv"]
        assert "comes again in 2025-02-x-street.csv, line 2" in loaded.superseded["reason"][0]


def test_in_one_file_the_later_line_wins_of_three(tmp_path):
    loaded = balanced(
        read(tmp_path, *[street("c1", kind=k) for k in ("Robbery", "Burglary", "Drugs")])
    )
    assert loaded.incidents["category"].tolist() == ["Drugs"]
    assert loaded.superseded["line"].tolist() == [2, 3]


def test_a_force_that_uses_its_ids_again_keeps_its_crimes(tmp_path):
    """As the Police Service of Northern Ireland does: the same hash names another crime a month."""
    kinds = ("Burglary", "Robbery")
    for month, kind in zip(("2025-01", "2025-02"), kinds, strict=True):
        write(tmp_path / f"{month}-psni-street.csv",
              *[street(f"id{i}", month, "PSNI", kind=kind) for i in range(40)])  # fmt: skip
    loaded = balanced(hs.read_incidents(tmp_path, now=NOW))
    assert len(loaded.incidents) == 80
    assert not len(loaded.superseded)
    assert fact(loaded, "IDs used again")["rows"] == 80
    few = balanced(hs.read_incidents([
        write(tmp_path / "few" / f"{m}-x-street.csv", street("id", m, kind=k))
        for m, k in zip(("2025-01", "2025-02"), kinds, strict=True)
    ], now=NOW))  # fmt: skip
    assert len(few.superseded) == 1  # one crime moved and was reclassified


def test_a_row_without_a_place_stays_with_an_empty_point(tmp_path, stoke):
    loaded = balanced(read(tmp_path, street(lon="", lat="", place="No Location", lsoa=""), street(),
                           lpts=stoke))  # fmt: skip
    assert located(loaded.incidents).tolist() == [False, True]
    assert loaded.incidents["place"].isna().tolist() == [True, False]
    assert loaded.incidents["lpt"].isna().tolist() == [True, False]
    assert fact(loaded, "no location")["rows"] == 1
    assert "1 (50%) without a point" in loaded.text


def test_coordinates_that_cannot_be_are_fixed_or_dropped_but_never_the_row(tmp_path, stoke):
    loaded = balanced(read(
        tmp_path, street(lon="53.026", lat="-2.178"), street(lon="0", lat="0"),
        street(lon="-73.9", lat="40.7"), street(lon="388100", lat="347500"),
        street(lon="-1.0", lat="51.3"), lpts=stoke,
    ))  # fmt: skip
    assert len(loaded.incidents) == 5
    assert located(loaded.incidents).tolist() == [True, False, False, True, True]
    assert loaded.incidents["lpt"].fillna("-").tolist() == ["East", "-", "-", "East", "-"]
    for check, action in (("swapped lon/lat", "fixed"), ("point (0, 0)", "kept"),
                          ("outside the area", "kept"), ("metres where degrees belong", "fixed"),
                          ("outside the LPTs", "kept")):  # fmt: skip
        assert tuple(fact(loaded, check)[["rows", "action"]]) == (1, action)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (street(month="2025-13"), "month '2025-13' is not YYYY-MM"),
        (street(month=""), "month '' is not YYYY-MM"),
        (street(month="2026-02"), "month '2026-02' lies in the future"),
        (street(kind=""), "no crime type"),
        (HEADER, "the header again"),
        ("a,b,c", "3 fields where the header has 12"),
        (street() + ",surplus", "13 fields where the header has 12"),
    ],
)
def test_each_refusal_names_its_line_and_reason(tmp_path, row, reason):
    loaded = balanced(read(tmp_path, street(), row, street("z", kind="Drugs")))
    assert len(loaded.incidents) == 2
    assert loaded.rejected[["line", "reason", "text"]].values.tolist() == [[3, reason, row]]
    assert "Rejected: 1 ×" in loaded.text


def test_the_current_month_is_not_the_future(tmp_path):
    path = write(tmp_path / "a-street.csv", street(month="2025-03"))
    assert len(hs.read_incidents(path, now="2025-03-02").incidents) == 1
    assert len(hs.read_incidents(path, now="2025-02-27 12:00").rejected) == 1


def test_a_cut_file_loses_only_its_last_line_and_says_so(tmp_path):
    whole = "\n".join([HEADER, street(), street("b", kind="Drugs")])
    path = tmp_path / "2025-03-x-street.csv"
    path.write_text(whole[:-40], encoding="utf-8")
    loaded = balanced(hs.read_incidents(path, now=NOW))
    assert len(loaded.incidents) == 1
    assert loaded.rejected["line"].tolist() == [3]
    assert loaded.rejected["reason"][0].endswith("the file is cut off in its last line")


def test_unknown_categories_are_kept_and_named(tmp_path):
    loaded = read(tmp_path, street(kind="Piracy"), street(kind=" anti-social  Behaviour"))
    assert loaded.incidents["category"].tolist() == ["Piracy", "Anti-social behaviour"]
    assert fact(loaded, "category unknown")["rows"] == 1
    assert "Piracy" in loaded.text


def test_missing_and_thin_months_are_said_never_zero(tmp_path):
    for month, n in (("2024-11", 60), ("2024-12", 60), ("2025-03", 6), ("2025-04", 60)):
        write(tmp_path / month / f"{month}-x-street.csv", *[street(month=month)] * n)
    loaded = balanced(hs.read_incidents(tmp_path, now=NOW))
    assert loaded.months["status"].tolist() == ["present"] * 2 + ["missing"] * 2 + [
        "thin",
        "present",
    ]
    assert "2 missing (gaps, not zeros): 2025-01 to 2025-02" in loaded.text
    assert "1 thin (probably incomplete): 2025-03" in loaded.text
    assert "2024-11 to 2025-04" in loaded.text


@pytest.fixture
def download(tmp_path):
    """A download as data.police.uk makes it, with what is not a street file beside."""
    path = tmp_path / "download.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for month in ("2025-01", "2025-02"):
            base = f"{month}/{month}-staffordshire"
            archive.writestr(f"{base}-street.csv", f"{HEADER}\r\n{street(month=month)}\r\n")
            archive.writestr(f"{base}-outcomes.csv",
                             "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,"
                             "LSOA code,LSOA name,Outcome type\r\n")  # fmt: skip
            archive.writestr(f"{base}-stop-and-search.csv",
                             "Type,Date,Latitude,Longitude,Object of search,Outcome\r\n"
                             "Person search,2025-01-01T00:00:00+00:00,,,Drugs,\r\n")  # fmt: skip
        archive.writestr("readme.pdf", b"%PDF")
        archive.writestr("2025-03/2025-03-staffordshire-street.csv", b"")
    return path


def test_the_zip_as_downloaded_its_other_files_named_and_left_aside(download):
    loaded = balanced(hs.read_incidents(download, now=NOW))
    roles = loaded.files.set_index("file")[["role", "detail"]]
    assert (roles["role"] == "read").sum() == 2
    assert "stop-and-search" in roles.loc[
        "download.zip/2025-01/2025-01-staffordshire-stop-and-search.csv", "detail"]  # fmt: skip
    assert (
        "outcomes" in roles.loc["download.zip/2025-01/2025-01-staffordshire-outcomes.csv", "detail"]
    )
    assert roles.loc["download.zip/2025-03/2025-03-staffordshire-street.csv", "detail"] == "empty"
    assert roles.loc["download.zip/readme.pdf", "detail"] == "not a table file"
    assert "Left aside: 6 files" in loaded.text


def test_zip_folder_glob_list_and_frame_read_the_same(download, tmp_path):
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(download) as archive:
        archive.extractall(folder)
    files = sorted(folder.rglob("*-street.csv"))[:2]
    frame = pd.concat([pd.read_csv(f, dtype=str) for f in files], ignore_index=True)
    first = hs.read_incidents(download, now=NOW).incidents
    for source in (folder, str(folder / "*" / "*-street.csv"), files, [str(download)], frame):
        again = balanced(hs.read_incidents(source, now=NOW)).incidents
        assert again.drop(columns="geometry").to_numpy().tolist() == (
            first.drop(columns="geometry").to_numpy().tolist()
        )
        assert again.geometry.geom_equals(first.geometry, align=False).all()
        if not isinstance(source, pd.DataFrame):
            assert again.index.equals(first.index)


def test_a_month_given_again_in_a_later_release_counts_once(tmp_path):
    name = "2025-01-x-street.csv"
    old = write(tmp_path / "old" / name, street(month="2025-01"))
    new = write(tmp_path / "new" / name, *[street(month="2025-01")] * 2)
    loaded = balanced(hs.read_incidents([tmp_path / "old", tmp_path / "new"], now=NOW))
    assert len(loaded.incidents) == 2
    assert "comes again in a later file" in loaded.text
    assert [f for f in (old, new) if not f.exists()] == []


def test_the_same_file_given_twice_is_read_once(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("type,date\nASB,2025-01-01\n", encoding="utf-8")
    loaded = balanced(hs.read_incidents([path, tmp_path], now=NOW))
    assert len(loaded.incidents) == 1


def test_lpts_from_a_lookup_by_lsoa(tmp_path):
    lookup = hs.read_lpt_lookup(pd.DataFrame({"lsoa": ["E01014210"], "lpt": ["North"]}))
    loaded = read(tmp_path, street(), street(lsoa="E01099999"), street(lsoa="", lon="", lat=""),
                  lpts=lookup)  # fmt: skip
    assert loaded.incidents["lpt"].fillna("-").tolist() == ["North", "-", "-"]
    assert fact(loaded, "outside the LPTs")["rows"] == 2


def test_another_country_s_crs(tmp_path):
    loaded = read(tmp_path, street(lon="-73.98", lat="40.75"), crs="EPSG:32118")
    assert loaded.incidents.crs == "EPSG:32118"
    assert located(loaded.incidents).all()


@pytest.mark.parametrize(
    ("codes", "year", "said"),
    [
        (["E01033769", "E01000001"], 2025, "LSOA codes of 2021"),
        ([f"E01{i:06}" for i in range(1, 251)], 2018, "LSOA codes of 2011"),
        (["E01000001"], 2018, "too few different LSOA codes"),
        (["W01001959"], 2025, "LSOA codes of 2021"),
    ],
)
def test_lsoa_vintage_is_told_as_far_as_the_codes_tell(tmp_path, codes, year, said):
    loaded = read(tmp_path, *[street(month=f"{year}-03", lsoa=c) for c in codes])
    assert said in loaded.text


def test_empty_header_only_and_one_row(tmp_path):
    empty = write(tmp_path / "a-street.csv", header="")
    with pytest.raises(hs.InputError, match="empty"):
        hs.read_incidents(empty)
    loaded = balanced(hs.read_incidents(write(tmp_path / "b-street.csv"), now=NOW))
    assert len(loaded.incidents) == 0
    assert loaded.text.startswith("0 rows in")
    assert loaded.incidents.crs == "EPSG:27700"
    assert len(balanced(read(tmp_path, street())).incidents) == 1


@pytest.mark.parametrize(
    ("source", "match"),
    [
        ("nowhere.zip", "'nowhere.zip' is not there"),
        ("nowhere/*.csv", "nothing matches"),
        (7, "source is of type int"),
        ([7], "source holds a int"),
        ([], "an empty list"),
    ],
)
def test_what_cannot_be_read_is_one_input_error(source, match):
    with pytest.raises(hs.InputError, match=match):
        hs.read_incidents(source)


def test_every_unreadable_path_is_named_at_once(tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    (tmp_path / "void").mkdir()
    with pytest.raises(hs.InputError) as caught:
        hs.read_incidents([tmp_path / "broken.zip", tmp_path / "void", tmp_path / "gone.csv"])
    assert len(caught.value.faults) == 3
    assert "not a readable zip" in str(caught.value)
    assert "is empty" in str(caught.value)


def test_a_locked_zip_says_so(tmp_path):
    path = tmp_path / "locked.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "x")
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the encryption flag, in the local and the central header
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(hs.InputError, match="locked with a password"):
        hs.read_incidents(path)


def test_a_damaged_member_says_so(download):
    data = bytearray(download.read_bytes())
    spot = data.index(b"Staffordshire Police")
    data[spot : spot + 5] = b"XXXXX"
    download.write_bytes(data)
    with pytest.raises(hs.InputError, match=r"cannot be read.*download the zip again"):
        hs.read_incidents(download)


def test_a_folder_of_other_files_says_what_was_there(tmp_path):
    (tmp_path / "notes.csv").write_text("name,remark\na,b\n", encoding="utf-8")
    with pytest.raises(hs.InputError, match="no column is known to hold category"):
        hs.read_incidents(tmp_path)
    with pytest.raises(hs.InputError, match="give what read_lpts or read_lpt_lookup returns"):
        hs.read_incidents(tmp_path, lpts="lpts.gpkg")
    with pytest.raises(hs.InputError, match="not in metres"):
        hs.read_incidents(tmp_path, crs="EPSG:4326")
    with pytest.raises(hs.InputError, match="no known coordinate system"):
        hs.read_incidents(tmp_path, crs="EPSG:0")


def test_the_html_says_the_same_and_shows_the_tables(tmp_path):
    loaded = read(tmp_path, street(place="<b>Mill & Co</b>"), street(month="x"))
    page = loaded._repr_html_()
    assert "2 rows in = 1 accepted + 1 rejected + 0 superseded" in page
    assert "<b>rejected</b>: 1 rows" in page
    assert "<b>Mill" not in page
    assert str(loaded) == repr(loaded) == loaded.text
    assert list(loaded.tables) == [
        "incidents",
        "rejected",
        "superseded",
        "months",
        "quality",
        "files",
    ]


def test_no_noise_in_scripts(download, capfd):
    hs.read_incidents(download, now=NOW)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


FIELD = st.one_of(
    st.sampled_from(
        ["", "2025-03", "2025-99", "Drugs", "a,b", '"', '"quoted, well"', "-2.1", "53", ";"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.one_of(
    st.lists(FIELD, max_size=14).map(",".join),
    st.builds(street, st.sampled_from(["", "i1", "i2"]), st.sampled_from(["2025-01", "2025-2"]),
              lon=FIELD, lat=FIELD, place=FIELD, kind=FIELD),
    st.just(HEADER),
), max_size=12), st.sampled_from(["", "\n", "\r\n"]))  # fmt: skip
def test_rows_in_are_rows_out_whatever_the_file_holds(tmp_path, rows, end):
    path = tmp_path / "2025-03-x-street.csv"
    path.write_bytes(("\r\n".join([HEADER, *rows]) + end).encode("utf-8", "replace"))
    loaded = balanced(hs.read_incidents(path, now=NOW))
    # Each line is told of, or part of a told record: none vanishes but the blank ones.
    assert loaded.files["rows"].sum() <= path.read_bytes().count(b"\n") + 40
    assert not loaded.rejected.duplicated(["file", "line"]).any()
    fair = [r for r in rows if not set(r) & set('"\r\n\x85  ') and r.strip(" \t")]
    if len(fair) == len(rows):
        assert loaded.files["rows"].sum() == len(rows)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "1", "2"]), st.sampled_from(["ASB", "", "Theft"]),
                          st.sampled_from(["2025-01-02 10:00", "01/02/2025", "", "45000", "x"]),
                          st.sampled_from(["2025-01-01 12:00", "", "2025-01-03", "1999-01-01"]),
                          st.sampled_from(["0", "388100", "x", "1e9"])), max_size=12))  # fmt: skip
def test_rows_in_are_rows_out_of_any_extract(rows):
    frame = pd.DataFrame(
        rows, columns=["urn", "type", "from_date", "to_date", "easting"], dtype=object
    )
    frame["northing"] = "347500"
    loaded = balanced(hs.read_incidents(frame, now=NOW))
    assert loaded.files["rows"].sum() == len(rows)
    assert (loaded.incidents["occurred_from"] <= loaded.incidents["occurred_to"]).all()


def test_incidents_read_back_are_the_same(tmp_path, stoke):
    for place in ("month.csv", "2025-03-x-street.csv"):
        if place == "month.csv":
            first = hs.read_incidents(pd.DataFrame({
                "type": ["ASB", "Theft"], "occurred": ["2025-04-25", "2025-04-25 00:00"],
                "x": [388100, 0], "y": [347500, 0], "recorded_at": "2025-04-26",
            }), now=NOW)  # fmt: skip
        else:
            first = read(tmp_path, street(), street("a" * 64), street(lon="", lat=""), lpts=stoke)
        again = balanced(hs.read_incidents(first.incidents, lpts=stoke, now=NOW))
        shared = [c for c in first.incidents.columns if c != "lpt"]
        pd.testing.assert_frame_equal(
            pd.DataFrame(again.incidents[shared].drop(columns="geometry")),
            pd.DataFrame(first.incidents[shared].drop(columns="geometry")),
        )
        assert again.incidents.geometry.to_wkt().equals(first.incidents.geometry.to_wkt())


def test_a_copy_under_another_name_counts_once(tmp_path):
    for name in ("2025-03-x-street.csv", "2025-03-x-street (1).csv"):
        write(tmp_path / name, street(), street())
    loaded = balanced(hs.read_incidents(tmp_path, now=NOW))
    assert len(loaded.incidents) == 2  # ASB has no ID: nothing but the file could tell
    aside = loaded.files.set_index("role").loc["left aside", "detail"]
    assert aside.startswith("a copy of ")


def test_street_rows_without_the_force_are_read(tmp_path):
    header = "Crime ID,Month,Longitude,Latitude,Crime type"
    rows = ["a,2025-01,-2.178,53.026,Drugs", "a,2025-02,-2.178,53.026,Drugs"]
    loaded = balanced(hs.read_incidents(write(tmp_path / "x.csv", *rows, header=header), now=NOW))
    assert len(loaded.superseded) == 1
    assert loaded.incidents["source"].isna().all()


@pytest.mark.parametrize("now", ["tomorrow-ish", pd.NaT, {}])
def test_a_clock_that_is_no_time_is_refused(tmp_path, now):
    with pytest.raises(hs.InputError, match=r"^now: "):
        hs.read_incidents(write(tmp_path / "2025-03-x-street.csv", street()), now=now)


def test_progress_is_silent_unless_someone_watches(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("hotspots.incidents._LONG", 0)
    read(tmp_path, street())
    assert capfd.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    read(tmp_path, street())
    assert "reading records" in capfd.readouterr().err
    read(tmp_path, street(), progress=False)
    assert capfd.readouterr().err == ""


@pytest.mark.realdata
def test_staffordshire_is_read_whole(shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    path = shared / "data" / "police_uk" / "staffordshire-2024-2025.zip"
    loaded = balanced(hs.read_incidents(path, lpts=lpts, now=NOW))
    assert loaded.files["rows"].sum() == 135_555
    assert loaded.months["status"].value_counts().to_dict() == {"present": 16, "missing": 8}
    # pandas and geopandas on their own
    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if n.endswith("-street.csv"))
        raw = pd.concat([pd.read_csv(archive.open(n)) for n in names], ignore_index=True)
    ids = raw["Crime ID"]
    kept = raw[ids.isna() | ~ids.duplicated(keep="last")]
    assert len(loaded.superseded) == len(raw) - len(kept)
    assert loaded.incidents["category"].tolist() == kept["Crime type"].tolist()
    assert (~located(loaded.incidents)).sum() == kept["Longitude"].isna().sum()
    truth = gpd.GeoSeries(gpd.points_from_xy(kept["Longitude"], kept["Latitude"]), crs=4326).to_crs(
        27700
    )
    there = located(loaded.incidents)
    apart = loaded.incidents.geometry[there].distance(
        truth[there].set_axis(loaded.incidents.index[there])
    )
    assert apart.max() < 1e-6
    joined = gpd.GeoDataFrame(geometry=truth[there].reset_index(drop=True)).sjoin(
        lpts.reset_index()[["lpt", "geometry"]], how="left")  # fmt: skip
    joined = joined[~joined.index.duplicated()]
    same = (
        loaded.incidents["lpt"][there].fillna("-").to_numpy()
        == joined["lpt"].fillna("-").to_numpy()
    )
    assert same.mean() > 0.9999  # points on a line between two LPTs


@pytest.mark.realdata
def test_city_of_london_leaves_its_searches_aside(shared):
    loaded = balanced(hs.read_incidents(
        shared / "data" / "police_uk" / "city-of-london-2018-2020.zip", now=NOW))  # fmt: skip
    assert loaded.files["rows"].sum() == 22_111
    assert loaded.files["role"].value_counts().to_dict() == {"read": 32, "left aside": 32}
    assert 0.07 < 1 - located(loaded.incidents).mean() < 0.08


def test_the_contract_is_the_one_in_contracts(tmp_path):
    loaded = read(tmp_path, street("a"))
    check_table(loaded.incidents, INCIDENTS)
    known = {c.name for c in INCIDENTS.columns} | {"geometry"}
    assert set(loaded.incidents.columns) <= known
    assert "harm" not in loaded.incidents
    assert np.issubdtype(loaded.incidents["occurred_from"].dtype, np.datetime64)
