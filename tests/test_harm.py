"""Harm weights: the published sum, the fallback per police.uk type, and refusals."""

import zipfile

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.harm import FALLBACK_DAYS
from hotspots.harm.weights import plain_code
from hotspots.places import coordinates

APPROXIMATE = pytest.mark.filterwarnings("ignore:harm is approximate:hotspots.Notice")


def frame(*kinds: str | None, **options) -> pd.DataFrame:
    return pd.DataFrame({"category": pd.Series(kinds, dtype=options.get("dtype", "str"))})


def test_sum_of_the_cambridge_index_check():
    incidents = frame(
        *["Robbery"] * 10, *["Residential burglary"] * 5, *["Shoplifting"] * 100
    )  # 3,650 + 1,367.5 + 100
    weights = {"Robbery": 365, "Residential burglary": 273.5, "Shoplifting": 1}
    assert hs.harm_days(incidents, weights).sum() == 5117.5


@pytest.mark.parametrize(
    ("category", "days"),
    [
        ("Violence and sexual offences", 193.02),
        ("Robbery", 365),
        ("Burglary", 246.5),
        ("Possession of weapons", 273.75),
        ("Criminal damage and arson", 13.24),
        ("Other crime", 10),
        ("Public order", 7.5),
        ("Vehicle crime", 5),
        ("Drugs", 3.56),
        ("Other theft", 2),
        ("Theft from the person", 2),
        ("Bicycle theft", 2),
        ("Shoplifting", 1),
        ("Anti-social behaviour", 1),
    ],
)
@APPROXIMATE
def test_fallback_days(category, days):
    assert hs.harm_days(frame(category)).tolist() == [days]


def test_the_fallback_says_that_it_is_approximate():
    with pytest.warns(hs.Notice, match="approximate: one weight for each police.uk type") as said:
        hs.harm_days(frame("Robbery", "Drugs"))
    assert len(said) == 1
    hs.harm_days(frame("Robbery", "Drugs"), FALLBACK_DAYS)  # asked for by name: nothing is said


def test_fallback_knows_every_category_of_the_sample(county):
    harm = hs.harm_days(county.incidents, FALLBACK_DAYS)
    assert len(FALLBACK_DAYS) == 14
    assert harm.notna().all()
    counts = county.incidents["category"].value_counts()
    assert harm.sum() == pytest.approx(sum(FALLBACK_DAYS[k] * n for k, n in counts.items()))


@APPROXIMATE
def test_as_a_column_keeps_rows_index_and_input():
    incidents = frame("Robbery", "Drugs").set_index(pd.Index(["a", "b"]))
    before = incidents.copy()
    with_harm = incidents.assign(harm=hs.harm_days)
    assert with_harm["harm"].to_dict() == {"a": 365.0, "b": 3.56}
    assert with_harm["harm"].dtype == np.float64
    pd.testing.assert_frame_equal(incidents, before)


def test_categorical_categories_and_case():
    incidents = frame("robbery ", "Robbery", dtype="category")
    assert hs.harm_days(incidents, FALLBACK_DAYS).tolist() == [365.0, 365.0]


def test_empty_incidents():
    harm = hs.harm_days(frame())
    assert len(harm) == 0
    assert harm.dtype == np.float64


@APPROXIMATE
def test_fallback_leaves_unknown_categories_missing_and_says_so():
    with pytest.warns(hs.Notice, match=r"missing for 3 .* Arson \(2\), \(blank\) \(1\)"):
        harm = hs.harm_days(frame("Arson", "Robbery", "Arson", None))
    assert harm.isna().tolist() == [True, False, True, True]


def test_own_weights_must_know_every_category():
    with pytest.raises(hs.InputError, match=r"no weight for Arson \(2\); give each its days"):
        hs.harm_days(frame("Arson", "Robbery", "Arson"), {"Robbery": 365})
    assert hs.harm_days(frame("Arson"), {"Arson": 0}).tolist() == [0.0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_weights_from_series_and_csv(tmp_path, encoding):
    path = tmp_path / "weights.csv"
    path.write_text("category, days\nRobbery, 365\nArson, 185\n", encoding=encoding)
    incidents = frame("Arson", "Robbery")
    for weights in (path, str(path), pd.Series({"Robbery": 365.0, "Arson": 185.0})):
        assert hs.harm_days(incidents, weights).tolist() == [185.0, 365.0]


def test_every_fault_of_the_weights_is_named_at_once(tmp_path):
    weights = {"Robbery": "many", "robbery": -2, "Arson": None, "Drugs": np.inf, "A": True,
               "B": 1j, "C": [1]}  # fmt: skip
    with pytest.raises(hs.InputError) as error:
        hs.harm_days(frame("Robbery"), weights)
    assert len(error.value.faults) == 8
    for part in ("'many' days", "-2 days", "stands there twice", "Arson: None", "Drugs: inf"):
        assert part in str(error.value)
    path = tmp_path / "weights.csv"
    path.write_text("category,days\nRobbery,many\nBurglary,-2\nDrugs,inf\n")
    with pytest.raises(hs.InputError) as error:
        hs.harm_days(frame("Robbery"), path)
    assert "weights.csv" in error.value.what
    assert len(error.value.faults) == 3
    path.write_text("category,days\nRobbery,1\nrobbery,1\n")
    with pytest.raises(hs.InputError, match="robbery stands there twice"):
        hs.harm_days(frame("Robbery"), path)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({}, "not one category"),
        (3, "it is of type int"),
        ("nowhere.csv", "no such file"),
    ],
)
def test_unusable_weights(weights, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(hs.InputError, match=said):
        hs.harm_days(frame("Robbery"), weights)


def test_csv_without_its_columns(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("offence,imprisonment\nRobbery,365\n")
    with pytest.raises(hs.InputError, match="columns found: offence, imprisonment") as error:
        hs.harm_days(frame("Robbery"), path)
    assert len(error.value.faults) == 2
    path.write_text("")
    with pytest.raises(hs.InputError, match="columns found: none"):
        hs.harm_days(frame("Robbery"), path)
    path.write_bytes("category,days\nCaf\u00e9,3\n".encode("cp1252"))
    with pytest.raises(hs.InputError, match="UTF-8"):
        hs.harm_days(frame("Robbery"), path)
    path.write_text("category,days\nRobbery,\n")
    with pytest.raises(hs.InputError, match="not one code with days"):
        hs.harm_days(frame("Robbery"), path)


def test_needs_a_category(county):
    with pytest.raises(hs.InputError, match="no column 'category'"):
        hs.harm_days(pd.DataFrame({"kind": ["Robbery"]}))
    with pytest.raises(hs.InputError, match=r"give its table, \.incidents"):
        hs.harm_days(county)
    with pytest.raises(hs.InputError) as error:
        hs.harm_days(frame("Robbery"), by="offence_code", cap=-1)
    assert len(error.value.faults) == 3  # no column, no fallback for it, no such cap
    with pytest.raises(hs.InputError, match="must name a column"):
        hs.harm_days(frame("Robbery"), by=["category"])
    with pytest.raises(hs.InputError, match="several columns called 'category'"):
        hs.harm_days(pd.concat([frame("Robbery")] * 2, axis=1), {"Robbery": 365})


# --- by Home Office code ---------------------------------------------------------------------


def coded(*codes, **columns) -> pd.DataFrame:
    return pd.DataFrame({"category": "Crime", "offence_code": pd.Series(codes, dtype="str"),
                         **columns})  # fmt: skip


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("008/06", "8/06"), ("8/06", "8/06"), ("8/6", "8/06"), ("00806", "8/06"),
        ("0806", "8/06"), (" 008 / 06 ", "8/06"), ("'008/06", "8/06"),
        ("195/94", "195/94"), ("19594", "195/94"), ("034b", "34B"), ("028E/01", "28E/01"),
        ("008", "8"), ("8", "8"), ("104", "104"), ("104/23", "104/23"), ("8/", "8"),
    ],
)  # fmt: skip
def test_codes_are_compared_in_one_form(written, plain):
    assert plain_code(written) == plain
    weights = {plain: 7.0}
    assert hs.harm_days(coded(written), weights, by="offence_code").tolist() == [7.0]


def test_codes_read_as_numbers():
    weights = {101.0: 5475, 10501: 1}
    found = hs.harm_days(coded().reindex([0, 1]).assign(offence_code=[101.0, 10501.0]), weights,
                         by="offence_code")  # fmt: skip
    assert found.tolist() == [5475, 1]


def test_three_digits_are_never_taken_for_class_and_subclass():
    """104 is a class; read as 1/04 it would be another offence altogether."""
    with pytest.raises(hs.InputError, match=r"no weight for 104 \(2\), 806 \(1\)"):
        hs.harm_days(coded("104", "806", "104", "8/06"), {"1/04": 5475, "8/06": 10},
                     by="offence_code")  # fmt: skip


def workbook(path, rows, *, title="Weights", before=()):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Notes"
    book.active.append(["What this is"])
    sheet = book.create_sheet(title)
    for row in [*before, *rows]:
        sheet.append(row)
    book.save(path)
    return path


ROWS = [
    ["Offence", "HO Code", "CCHI Days", "Note"],
    ["Common assault", "105/01", 1, None],
    ["ABH", "008/06", 10, "lowest tier"],
    ["Robbery", "034B", 365.0, None],
    ["Homicide", 101, 5475, None],
    [None, None, None, None],
]


def test_a_workbook_with_a_title_and_several_sheets(tmp_path):
    path = workbook(tmp_path / "index.xlsx", ROWS, before=[["Harm index"], []])
    weights = hs.read_harm_weights(path)
    assert weights.to_dict() == {"105/01": 1.0, "8/06": 10.0, "34B": 365.0, "101": 5475.0}
    assert (weights.index.name, weights.name) == ("offence_code", "days")
    harm = hs.harm_days(coded("00806", "34B", "105/1"), weights, by="offence_code")
    assert harm.tolist() == [10.0, 365.0, 1.0]
    assert hs.harm_days(coded("8/6"), path, by="offence_code").tolist() == [10.0]
    with pytest.raises(hs.InputError, match="no sheet 'Days'; it has Notes, Weights"):
        hs.read_harm_weights(path, sheet="Days")


def test_columns_named_by_the_user(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("klass,tage\n8/06,10\n", encoding="utf-8-sig")
    with pytest.raises(hs.InputError, match=r"read_harm_weights\(..., days=...\)") as error:
        hs.read_harm_weights(path)
    assert len(error.value.faults) == 2
    assert hs.read_harm_weights(path, code="klass", days="tage").to_dict() == {"8/06": 10.0}
    path.write_text("team,days\nStoke North,3\n")
    teams = pd.DataFrame({"team": ["stoke north"]})
    assert hs.harm_days(teams, path, by="team").tolist() == [3]
    path.write_text("klass,tage\n8/06,10\n")
    with pytest.raises(hs.InputError, match="column 'dage' is missing; columns found: klass, tage"):
        hs.read_harm_weights(path, code="klass", days="dage")


def test_a_code_with_several_days_is_the_users_choice(tmp_path):
    rows = [["Code", "Days"], ["8/06", 10], ["008/06", 365], ["00806", 20], ["34B", 365]]
    path = workbook(tmp_path / "index.xlsx", rows)
    with pytest.raises(hs.InputError, match=r"1 codes stand there with several days \(8/06\)"):
        hs.read_harm_weights(path)
    taken = {r: hs.read_harm_weights(path, repeated=r)["8/06"] for r in ("lowest", "highest")}
    assert taken == {"lowest": 10, "highest": 365}
    assert hs.read_harm_weights(path, repeated="median")["8/06"] == 20
    for wrong in ("mean", ["median"]):
        with pytest.raises(hs.InputError, match="repeated="):
            hs.read_harm_weights(path, repeated=wrong)


def test_codes_that_excel_made_dates_are_refused(tmp_path):
    rows = [["Code", "Days"], [pd.Timestamp("2024-06-08"), 10], ["34B", 365]]
    with pytest.raises(hs.InputError, match="1 codes became dates"):
        hs.read_harm_weights(workbook(tmp_path / "index.xlsx", rows))


def test_codes_without_days_are_left_out_aloud_and_refused_where_they_occur(tmp_path):
    path = workbook(tmp_path / "index.xlsx", [["Code", "Days"], ["8/06", 10], ["99/01", None]])
    with pytest.warns(hs.Notice, match=r"1 codes have no days and are left out \(99/01\)"):
        weights = hs.read_harm_weights(path)
    with pytest.raises(hs.InputError, match=r"no weight for 099/01 \(1\), \(blank\) \(1\)"):
        hs.harm_days(coded("8/06", "099/01", None), weights, by="offence_code")


def test_weights_by_code_are_not_taken_for_weights_by_category(tmp_path):
    weights = hs.read_harm_weights(workbook(tmp_path / "index.xlsx", ROWS))
    with pytest.raises(hs.InputError, match="say by='offence_code'"):
        hs.harm_days(coded("8/06"), weights, by="category")
    assert hs.harm_days(coded("8/06"), weights).tolist() == [10]  # they say themselves what by
    assert hs.harm_days(coded("8/06"), tmp_path / "index.xlsx").tolist() == [10]
    with pytest.raises(hs.InputError, match="no column 'offence_code', which the weights go by"):
        hs.harm_days(frame("Robbery"), weights)


@pytest.mark.parametrize("name", ["none.csv", "none.xlsx"])
def test_files_that_are_not_there_or_no_workbook(tmp_path, name):
    with pytest.raises(hs.InputError, match="the path is of type NoneType"):
        hs.read_harm_weights(None)
    path = tmp_path / name
    with pytest.raises(hs.InputError, match="no such file"):
        hs.read_harm_weights(path)
    if name.endswith("xlsx"):
        path.write_text("no workbook")
        with pytest.raises(hs.InputError, match="no readable Excel workbook"):
            hs.read_harm_weights(path)
        with zipfile.ZipFile(path, "w") as archive:  # XML that is cut off
            archive.writestr("[Content_Types].xml", "<bad")
        with pytest.raises(hs.InputError, match="no readable Excel workbook"):
            hs.read_harm_weights(path)


def test_offence_codes_are_read_with_the_incidents(tmp_path):
    path = tmp_path / "crimes.csv"
    path.write_text(
        "URN,Offence title,HO code,Committed from,Easting,Northing\n"
        "1,Assault,00806,25/04/2025 10:00,388100,347500\n"
        "2,Robbery,34B,26/04/2025 10:00,388100,347500\n"
    )
    incidents = hs.read_incidents(path).incidents
    assert incidents["offence_code"].tolist() == ["00806", "34B"]
    weights = {"8/06": 10, "34B": 365}
    assert hs.harm_days(incidents, weights, by="offence_code").tolist() == [10, 365]


# --- caps and drivers ------------------------------------------------------------------------


def test_a_cap_for_maps_is_off_by_default():
    weights = {"Homicide": 5475, "Robbery": 365}
    rows = frame("Homicide", "Robbery")
    assert hs.harm_days(rows, weights).tolist() == [5475, 365]
    assert hs.harm_days(rows, weights, cap=730).tolist() == [730, 365]


def test_drivers_tell_one_offence_from_many():
    rows = pd.DataFrame({"lpt": [*"BBBBAAAC", None],
                         "harm": [180.0, 180, 180, 180, 730, 1, 1, 0, 9]})  # fmt: skip
    found = hs.harm_drivers(rows, "lpt")
    assert found.index.tolist() == ["A", "B", "C"]
    assert found["incidents"].tolist() == [3, 4, 1]
    assert found["harm"].tolist() == [732, 720, 0]
    assert found["incidents_for_half"].tolist() == [1, 2, 0]
    assert found["largest_share"].tolist()[:2] == pytest.approx([730 / 732, 0.25])
    assert np.isnan(found["largest_share"]["C"])
    shuffled = rows.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(hs.harm_drivers(shuffled, rows["lpt"]), found)


def test_drivers_need_harm_and_a_group():
    with pytest.raises(hs.InputError, match="no column 'harm'"):
        hs.harm_drivers(frame("Robbery"), "category")
    rows = frame("Robbery", "Drugs").assign(harm=[1.0, np.nan])
    rows.loc[2] = ["Arson", np.inf]
    with pytest.raises(hs.InputError, match="missing, infinite or below 0 in 2 rows") as error:
        hs.harm_drivers(rows, "lpt")
    assert len(error.value.faults) == 2
    with pytest.raises(hs.InputError, match="by is 'harm' itself"):
        hs.harm_drivers(rows.iloc[:1], "harm")
    with pytest.raises(hs.InputError, match="a Series with a label per incident"):
        hs.harm_drivers(rows.fillna(0.0), [1, 2])
    empty = hs.harm_drivers(rows.iloc[:0], "category")
    assert len(empty) == 0


def test_hotspots_show_count_and_harm_side_by_side(county):
    incidents = county.incidents.query("origin == 'public'").iloc[:4000]
    harmed = incidents.assign(harm=hs.harm_days(incidents, FALLBACK_DAYS))
    grid = hs.Grid.over(county.lpts, size=250)
    spots = hs.Counts().fit(harmed).hotspots(grid, top_k=3, max_area_km2=0.07)  # a cell each
    cell = pd.Series(grid.locate(coordinates(harmed)), index=harmed.index)
    drivers = hs.harm_drivers(harmed, cell).loc[grid.locate(coordinates(spots.centroid))]
    assert spots["incidents"].tolist() == drivers["incidents"].tolist()
    assert spots["harm"].tolist() == pytest.approx(drivers["harm"].tolist())
