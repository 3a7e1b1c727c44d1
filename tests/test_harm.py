"""Harm weights: the published sum, the fallback per police.uk type, and refusals."""

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.harm import FALLBACK_DAYS


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
def test_fallback_days(category, days):
    assert hs.harm_days(frame(category)).tolist() == [days]


def test_fallback_knows_every_category_of_the_sample(county):
    harm = hs.harm_days(county.incidents)
    assert len(FALLBACK_DAYS) == 14
    assert harm.notna().all()
    counts = county.incidents["category"].value_counts()
    assert harm.sum() == pytest.approx(sum(FALLBACK_DAYS[k] * n for k, n in counts.items()))


def test_as_a_column_keeps_rows_index_and_input():
    incidents = frame("Robbery", "Drugs").set_index(pd.Index(["a", "b"]))
    before = incidents.copy()
    with_harm = incidents.assign(harm=hs.harm_days)
    assert with_harm["harm"].to_dict() == {"a": 365.0, "b": 3.56}
    assert with_harm["harm"].dtype == np.float64
    pd.testing.assert_frame_equal(incidents, before)


def test_categorical_categories_and_case():
    incidents = frame("robbery ", "Robbery", dtype="category")
    assert hs.harm_days(incidents).tolist() == [365.0, 365.0]


def test_empty_incidents():
    harm = hs.harm_days(frame())
    assert len(harm) == 0
    assert harm.dtype == np.float64


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
    path = tmp_path / "weights.csv"
    path.write_text("category,days\nRobbery,many\nrobbery,-2\nArson,\nDrugs,inf\n")
    with pytest.raises(hs.InputError) as error:
        hs.harm_days(frame("Robbery"), path)
    assert "weights.csv" in error.value.what
    assert len(error.value.faults) == 5
    for part in ("'many' days", "'-2' days", "stands there twice", "Arson: nan", "Drugs: 'inf'"):
        assert part in str(error.value)


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
    path.write_text("offence,weight\nRobbery,365\n")
    with pytest.raises(hs.InputError, match="columns found: offence, weight") as error:
        hs.harm_days(frame("Robbery"), path)
    assert len(error.value.faults) == 2
    path.write_text("")
    with pytest.raises(hs.InputError, match="cannot be read"):
        hs.harm_days(frame("Robbery"), path)
    path.write_bytes("category,days\nCaf\u00e9,3\n".encode("cp1252"))
    with pytest.raises(hs.InputError, match="UTF-8"):
        hs.harm_days(frame("Robbery"), path)


def test_needs_a_category(county):
    with pytest.raises(hs.InputError, match="no column 'category'"):
        hs.harm_days(pd.DataFrame({"kind": ["Robbery"]}))
    with pytest.raises(hs.InputError, match=r"give its table, \.incidents"):
        hs.harm_days(county)
