"""The bank keeps what was found, whatever it was, and says what it could not read."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.evidence.bank import published_trials
from hotspots.evidence.example import example_result
from hotspots.evidence.schema import COUNTS

ENTRY = {"level": 5, "results": [
    {"outcome": "ASB", "unit": "ratio", "estimate": 0.9, "low": 0.75, "high": 1.08},
]}  # fmt: skip


def test_an_evaluation_goes_in_and_comes_out_number_for_number(tmp_path):
    impact = example_result()
    file = hs.bank_result(tmp_path, impact, name="Market towns, 2025",
                          about={"where": "Staffordshire", "what": "15 minutes a day"})  # fmt: skip
    assert file == tmp_path / "market-towns-2025.json"
    bank = hs.read_bank(tmp_path, published=False)
    trial = bank.trials.loc["Market towns, 2025"]
    assert (trial["level"], trial["treated"], trial["control"]) == (5, 12, 12)
    assert (trial["where"], trial["finding"]) == ("Staffordshire", "fewer")
    assert trial["start"] == pd.Timestamp("2025-01-01")
    assert trial["end"] == pd.Timestamp("2025-06-30")  # the last day used, not the one after
    columns = ["outcome", "part", "unit", "estimate", "low", "high", "p", *COUNTS]
    pd.testing.assert_frame_equal(bank.results[columns], impact.effect[columns],
                                  check_dtype=False)  # fmt: skip
    assert bank.results["main"].tolist() == [True, False, False, False]
    # 15 incidents on a side: an interval may be pooled, but a verdict is not told
    assert bank.results["finding"].tolist() == ["fewer", "no clear difference", "fewer", "not told"]


def test_nothing_of_places_or_incidents_is_written(tmp_path):
    written = json.loads(hs.bank_result(tmp_path, example_result(), name="A").read_text("utf-8"))
    assert {"places", "series", "incidents", "geometry"} & set(written) == set()
    assert isinstance(written["treated"], int)


def test_a_change_without_comparison_claims_nothing(tmp_path):
    impact = example_result()
    lone = impact.effect.assign(control_before=np.nan, control_after=np.nan)
    lone = type(impact)(lone, impact.checks, impact.series, impact.event_study, impact.places,
                        level=2, level_why="before and after alone", comparator=False)  # fmt: skip
    hs.bank_result(tmp_path, lone, name="Alone")
    bank = hs.read_bank(tmp_path, published=False)
    assert set(bank.results["finding"]) == {"not told"}
    assert "cannot be told" in bank.text
    with pytest.raises(hs.InputError, match="its level is 2; at least 3"):
        hs.pool_results(bank)


def test_names_are_kept_apart(tmp_path):
    hs.bank_result(tmp_path, ENTRY, name="North")
    with pytest.raises(hs.InputError, match=r"north\.json already.*replace=True"):
        hs.bank_result(tmp_path, ENTRY, name="NORTH")
    hs.bank_result(tmp_path, {**ENTRY, "level": 3}, name="North", replace=True)
    assert hs.read_bank(tmp_path, published=False).trials["level"].tolist() == [3]


def test_every_fault_of_an_entry_is_named_at_once(tmp_path):
    wrong = {
        "levle": 3, "start": "1 March", "treated": -2, "sources": "a page", "results": [
            {"outcome": "ASB", "unit": "percent", "estimate": 0.9},
            {"outcome": "ASB", "unit": "ratio", "estimate": 0.9, "low": 0.95, "high": 1.1},
            {"outcome": "ASB", "unit": "ratio", "estimate": -20.0, "low": 0.5},
            {"unit": "ratio", "estimate": float("nan")},
            {"outcome": "ASB", "unit": "words"},
        ],
    }  # fmt: skip
    with pytest.raises(hs.InputError) as error:
        hs.bank_result(tmp_path, wrong, name="X")
    said = str(error.value)
    for part in ("did you mean 'level'", "start is '1 March'", "treated is -2", "sources is",
                 "unit is 'percent'", "does not hold the estimate", "a ratio is 0 or more",
                 "one end of an interval", "result 4: outcome is missing", "estimate is nan",
                 "neither an estimate nor words"):  # fmt: skip
        assert part in said, part
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"name": "..."}, "name is '...'"),
        ({"name": "A", "about": {"town": "X"}}, "about has 'town'"),
        ({"name": "A", "about": ["X"]}, "about is"),
        ({"name": "A", "told": 3}, "told is 3"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, arguments, says):
    with pytest.raises(hs.InputError, match=says.replace("...", r"\.\.\.")):
        hs.bank_result(tmp_path, ENTRY, **arguments)


def test_numbers_of_numpy_and_dates_are_taken(tmp_path):
    entry = {"level": np.int64(4), "start": pd.Timestamp("2025-03-01"), "results": [
        {"outcome": "ASB", "unit": "ratio", "estimate": np.float32(0.5), "low": np.float64(0.25),
         "high": 1}]}  # fmt: skip
    hs.bank_result(tmp_path, entry, name="A")
    bank = hs.read_bank(tmp_path, published=False)
    assert bank.trials.loc["A", "start"] == pd.Timestamp("2025-03-01")
    assert bank.results.loc[0, "estimate"] == 0.5


def test_wrong_folders_are_named():
    with pytest.raises(hs.InputError, match="folder is 3; give a path"):
        hs.bank_result(3, ENTRY, name="A")
    with pytest.raises(hs.InputError) as error:
        hs.read_bank(3, published="yes")
    assert len(error.value.faults) == 2


def test_a_row_without_a_number_or_a_reason_has_no_answer(tmp_path):
    impact = example_result()
    silent = impact.effect.assign(estimate=np.nan, main=[True, None, True, True])
    silent = type(impact)(silent, impact.checks, impact.series, impact.event_study, impact.places)
    assert "ASB: no answer. There is no estimate." in hs.write_up(silent).text
    hs.bank_result(tmp_path, silent, name="A")
    assert set(hs.read_bank(tmp_path, published=False).results["finding"]) == {"not told"}


def test_what_is_no_evaluation_is_refused(tmp_path):
    for given in (3, pd.DataFrame({"a": [1]}), hs.read_bank()):
        with pytest.raises(hs.InputError, match="give what estimate_impact returned"):
            hs.bank_result(tmp_path, given, name="A")
    impact = example_result()
    for effect, says in (
        (impact.effect.drop(columns="low"), "lacks low"),
        (impact.effect.assign(main=False), "no row of part 'hotspots' with main True"),
        (impact.effect.assign(unit="percent"), "unit is 'percent'"),
        (impact.effect.assign(outcome=None), "'outcome' of its table 'effect' is empty"),
        (impact.effect.assign(estimate="0.8"), "must hold numbers"),
    ):
        broken = type(impact)(effect, impact.checks, impact.series, impact.event_study,
                              impact.places)  # fmt: skip
        with pytest.raises(hs.InputError, match=says):
            hs.bank_result(tmp_path, broken, name="A")


def test_files_that_do_not_fit_are_told_not_dropped(tmp_path):
    hs.bank_result(tmp_path, ENTRY, name="Good")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    (tmp_path / "copy.json").write_bytes((tmp_path / "good.json").read_bytes())
    later = json.loads((tmp_path / "good.json").read_text("utf-8"))
    (tmp_path / "later.json").write_text(json.dumps({**later, "schema": 9}), encoding="utf-8")
    bank = hs.read_bank(tmp_path, published=False)
    assert list(bank.trials.index) == ["Good"]
    why = bank.rejected.set_index("file")["why"]
    assert "cannot be read" in why["broken.json"]
    assert "mapping" in why["list.json"]
    assert "another file holds a trial named 'Good'" in why["good.json"]
    assert "schema is 9" in why["later.json"]
    assert "Not read:" in bank.text
    with pytest.raises(hs.InputError, match="is no folder"):
        hs.read_bank(tmp_path / "none")


def test_an_empty_bank_says_so(tmp_path):
    bank = hs.read_bank(tmp_path, published=False)
    assert bank.text == "No trial yet."
    assert len(bank.results) == 0
    with pytest.raises(hs.InputError, match="none can be pooled"):
        hs.pool_results(bank)


def test_an_endless_interval_is_kept_in_words(tmp_path):
    impact = example_result()
    endless = impact.effect.assign(high=np.inf)
    endless = type(impact)(endless, impact.checks, impact.series, impact.event_study,
                           impact.places)  # fmt: skip
    hs.bank_result(tmp_path, endless, name="Endless")
    bank = hs.read_bank(tmp_path, published=False)
    assert bank.results["low"].isna().all()
    assert bank.results["words"].iloc[0] == "interval 0.69 to inf"


# --- the published trials ---------------------------------------------------------------------


def test_the_published_trials_keep_null_results_and_say_how_they_were_checked():
    bank = hs.read_bank()
    trials = bank.trials
    assert (trials["origin"] == "published").all()
    null = set(trials.index[trials["finding"] == "no clear difference"])
    assert null >= {
        "Bogotá (Blattman et al. 2021)", "Peterborough (Ariel et al. 2016)",
        "Philadelphia foot patrol 2010", "London bus stops (Ariel and Partridge 2017)",
    }  # fmt: skip
    assert (trials["checked"] != "").all()
    assert (trials["sources"] != "").all()
    grip = trials.loc["Grip (Home Office 2024)"]
    assert (grip["checked"], grip["finding"]) == ("not verified", "not told")
    assert "No clear difference:" in bank.text
    assert "not evidence of no difference" in bank.text


def test_published_figures_are_those_of_the_evidence_page():
    results = hs.read_bank().results
    told = results.dropna(subset=["estimate"]).set_index(["trial", "outcome", "part"])["estimate"]
    for trial, outcome, percent in (
        ("Philadelphia (Ratcliffe et al. 2011)", "violent crime", -23),
        ("Southend (Basford et al. 2021)", "harm (Cambridge index)", -88.5),
        ("Southend (Basford et al. 2021)", "street crime", -31.9),
        ("Bedfordshire (Bland et al. 2021)", "public crimes against people", -40),
        ("London bus stops (Ariel and Partridge 2017)", "crimes reported by victims", 25),
        ("Braga and Weisburd 2022", "crime", -16),
    ):
        assert 100 * (told[trial, outcome, "hotspots"] - 1) == pytest.approx(percent), trial


def test_none_of_the_published_trials_can_be_pooled_and_why_is_said():
    """None gives an interval in what was seen of it; the reviews would count trials twice."""
    assert all(row["low"] is None for entry in published_trials() for row in entry["results"])
    with pytest.raises(hs.InputError) as error:
        hs.pool_results(hs.read_bank(), published=True)
    assert "no interval is known" in str(error.value)
    assert "would count twice" in str(error.value)


def test_the_page_on_them_says_what_the_bank_holds():
    page = Path(__file__).parents[1] / "docs" / "methods" / "trial-evidence.md"
    text = page.read_text(encoding="utf-8")
    for entry in published_trials():
        assert f"| {entry['name']} |" in text
        for row in entry["results"]:
            assert row["words"] in text, (entry["name"], row["outcome"])
    judged = hs.read_bank().trials.query("kind == 'trial'")
    found = judged["finding"].value_counts()
    assert (
        f"Of {len(judged)} trials the bank counts {found['fewer']} with clearly fewer, "
        f"{found['no clear difference']} with no clear difference and {found['not told']} that"
    ) in text
