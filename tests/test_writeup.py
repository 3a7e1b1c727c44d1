"""The write-up says what the tables say, and leaves to people what only they know."""

import re

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.evidence.example import example_result
from hotspots.evidence.writeup import TOLD


def changed(effect=None, **other):
    """Return the example with other rows, level or checks."""
    one = example_result()
    names = ("checks", "series", "event_study", "places")
    tables = [other.pop(name, getattr(one, name)) for name in names]
    return type(one)(one.effect if effect is None else effect, *tables, **other)


def words(page, field):
    return " ".join(page.fields.loc[page.fields["field"] == field, "text"])


def test_every_number_said_of_a_result_is_that_of_the_table():
    impact = example_result()
    page = hs.write_up(impact)
    row = impact.effect.iloc[0]
    expected = row["treated_after"] / row["estimate"]
    for text in (page.text, words(page, "Assessment"), words(page, "Effect"),
                 words(page, "Outcome")):  # fmt: skip
        assert "20% fewer than expected (between 31% fewer and 8% fewer" in text
        assert f"{row['treated_after']:.0f} incidents where about {expected:.0f}" in text
        assert "treated 820 before and 312 after; comparison 790 before and 377 after" in text
    pd.testing.assert_frame_equal(
        page.results[["estimate", "low", "high", "p"]].reset_index(drop=True),
        impact.effect.loc[[0, 3, 1, 2], ["estimate", "low", "high", "p"]].reset_index(drop=True),
    )


def test_counts_under_twenty_are_told_as_counts_only():
    page = hs.write_up(example_result())
    sentence = page.results.loc[page.results["outcome"] == "Violence", "words"].iloc[0]
    assert "too few incidents to say" in sentence
    assert "%" not in sentence.replace("no percentage", "")
    assert "treated 44 before and 15 after" in sentence


def test_what_is_unclear_is_not_called_nothing():
    effect = example_result().effect.assign(low=0.7, high=1.1, estimate=0.9)
    page = hs.write_up(changed(effect))
    assert "no clear difference" in page.text
    assert "not evidence of no difference" in page.text


def test_without_a_comparison_nothing_is_called_an_impact_or_an_effect():
    effect = example_result().effect.assign(control_before=np.nan, control_after=np.nan).iloc[:1]
    lone = changed(effect, level=2, level_why="before and after alone", comparator=False)
    page = hs.write_up(lone, costs={"officers": 1000})
    said = " ".join([page.text, *page.fields["text"]])
    assert "a change, whatever the reason" in said
    assert "Not answered: nothing was compared" in words(page, "Effect")
    assert "prevented cost cannot be told: there was nothing to compare with" in said
    assert not re.search(r"\bimpact|effect of|\bcaused|than expected", said, re.I)


def test_what_moved_nearby_is_told():
    effect = example_result().effect
    more = effect.assign(
        estimate=effect["estimate"].where(effect["part"] != "buffer", 1.3),
        low=effect["low"].where(effect["part"] != "buffer", 1.1),
        high=effect["high"].where(effect["part"] != "buffer", 1.5),
    )
    assert "looks like displacement" in words(hs.write_up(changed(more)), "Effect")
    fewer = more.assign(
        **{name: more[name].where(more["part"] != "buffer", value)
           for name, value in (("estimate", 0.8), ("low", 0.7), ("high", 0.9))}
    )  # fmt: skip
    assert "looks like a benefit nearby" in words(hs.write_up(changed(fewer)), "Effect")
    unclear = words(hs.write_up(example_result()), "Effect")
    assert "Neither displacement nor a benefit nearby can be told" in unclear
    alone = hs.write_up(changed(effect[effect["part"] == "hotspots"]))
    assert "Whether it moved elsewhere was not looked at" in words(alone, "Effect")


def test_doubts_stand_in_the_assessment_and_the_text():
    checks = example_result().checks.assign(verdict="doubt")
    page = hs.write_up(changed(checks=checks, level=3, level_why="not by lot"))
    assert "3 of its checks give doubt" in page.text
    assert words(page, "Assessment").count("Doubt:") == 3
    assert "Level 3 of 5 on the Maryland scale: not by lot." in words(page, "What is not known")


def test_one_clear_outcome_among_several_is_no_surprise():
    effect = example_result().effect
    many = {"treated_before": 400, "treated_after": 90, "control_before": 410,
            "control_after": 130, "high": 0.98}  # fmt: skip
    effect.loc[3, list(many)] = list(many.values())
    effect.loc[3, "p_adjusted"] = 0.12
    text = words(hs.write_up(changed(effect)), "Assessment")
    assert "Among 2 outcomes one such difference is no surprise: allowing for their number, " \
        "p = .12" in text  # fmt: skip
    effect.loc[3, "p_adjusted"] = 0.01
    assert "no surprise" not in words(hs.write_up(changed(effect)), "Assessment")


def test_days_without_treatment_are_what_a_cross_over_is_held_against():
    effect = example_result().effect.assign(against="days", treated_before=np.nan,
                                            control_before=np.nan)  # fmt: skip
    text = hs.write_up(changed(effect)).text
    assert "20% fewer than on the days without treatment" in text
    assert "Counted: treated 312; comparison 377." in text


def test_places_that_take_turns_are_not_told_as_none():
    turns = changed(places=pd.DataFrame({"arm": ["both"] * 24}), series=pd.DataFrame())
    said = words(hs.write_up(turns), "Scanning")
    assert said.startswith("24 places, each with and without treatment")
    assert "0 treated" not in said


def test_results_in_incidents_and_refusals_are_said_as_they_are():
    effect = example_result().effect.iloc[:1]
    counted = effect.assign(unit="incidents", estimate=-118.0, low=-195.6, high=-40.4)
    text = hs.write_up(changed(counted)).text
    assert "ASB: 118 fewer than expected (between 196 fewer and 40 fewer; 95% interval" in text
    assert "312 incidents where about 430 would have been expected" in text
    refused = effect.assign(estimate=np.nan, low=np.nan, high=np.nan, refused="Too few places.")
    assert "ASB: no answer. Too few places." in hs.write_up(changed(refused)).text


def test_cost_per_incident_is_told_only_where_a_fall_is_clear():
    impact = example_result()
    text = words(hs.write_up(impact, costs={"officers": 9000, "vans": 1500.0}), "Economics")
    row = impact.effect.iloc[0]
    fewer = row["treated_after"] * (1 / row["estimate"] - 1)
    assert f"£{10500 / fewer:,.0f} each" in text
    assert "Cost £10,500 in all (officers £9,000, vans £1,500)" in text
    assert "what moved nearby not counted" in text
    for result, why in (
        (changed(level=2), "under level 3"),
        (changed(impact.effect.assign(high=1.1)), "a fall is not clear"),
        (changed(impact.effect.assign(treated_after=12.0)), "under 20"),
        (changed(impact.effect.assign(refused="no")), "no estimate"),
    ):
        text = words(hs.write_up(result, costs={"officers": 1}), "Economics")
        assert why in text
        assert " each (" not in text


def test_what_people_know_is_theirs_and_the_rest_stays_blank():
    told = {"mechanism": "Seen patrols make the risk felt.", "problem": "  "}
    page = hs.write_up(example_result(), told=told)
    fields = page.fields
    people = fields[fields["from_"] == "people"]
    assert set(people["field"]) == {"Mechanism"}  # in EMMIE and in context, mechanism, outcome
    assert len(people) == 2
    blank = fields[fields["from_"] == "blank"]
    assert (blank["text"] == "").all()
    assert (blank["question"] != "").all()
    assert set(blank["key"]) == set(TOLD) - {"mechanism"}
    assert "Left for people to fill in" in page.text


def test_delivery_is_said_where_there_are_records():
    class Delivered(hs.Delivery):
        pass

    dosage = pd.DataFrame({"planned_minutes": [30.0, 30.0, 30.0], "minutes": [30.0, 9.0, np.nan]})
    empty = pd.DataFrame()
    delivery = Delivered(*[dosage if n == 1 else empty for n in range(7)], said="")
    text = words(hs.write_up(example_result(), delivery=delivery), "Implementation")
    assert "Delivered 39 of 60 planned minutes (65%), where there are records" in text
    assert "1 of 3 place-days have none" in text


def test_every_wrong_argument_is_named():
    with pytest.raises(hs.InputError) as error:
        hs.write_up(example_result(), title=" ", told={"mecanism": "x", "problem": 3},
                    delivery=example_result(), costs={"vans": -1, "pay": "high"})  # fmt: skip
    said = str(error.value)
    for part in ("title is ' '", "did you mean 'mechanism'?", "told['problem'] is 3",
                 "give what match_delivery returned", "costs['vans'] is -1",
                 "costs['pay'] is 'high'"):  # fmt: skip
        assert part in said
    with pytest.raises(hs.InputError, match="give what estimate_impact returned"):
        hs.write_up(pd.DataFrame())


def test_a_result_with_the_effect_table_alone_serves():
    one = example_result()
    empty = pd.DataFrame()
    bare = type(one)(one.effect, empty, empty, empty, empty, level=-1)
    page = hs.write_up(bare)
    assert "20% fewer" in page.text
    assert "Maryland" not in page.text
    assert "No checks came with the result." in words(page, "What is not known")


# --- pages -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_the_page_holds_every_text_and_every_question(tmp_path, ending):
    import html

    page = hs.write_up(example_result(), title="ASB <2025> | Hanley",
                       told={"problem": "Noise & glass\nin the square"})  # fmt: skip
    file = hs.write_what_works(tmp_path / f"page{ending}", page)
    written = file.read_text(encoding="utf-8")
    plain = html.unescape(re.sub(r"<br>", "\n", written))
    for text in page.fields["text"]:
        assert text in plain
    for question in page.fields.loc[page.fields["from_"] == "blank", "question"]:
        assert question in plain
    assert "0.80" in written
    assert "0.75" not in written  # of 15 incidents no ratio is told
    assert "too few" in written
    assert "Johnson, Tilley and Bowers" in written
    if ending == ".html":
        assert "ASB &lt;2025&gt;" in written
        assert "http" not in written  # nothing is loaded from elsewhere
        assert written.count('class="blank"') == (page.fields["from_"] == "blank").sum()


def test_only_pages_are_written(tmp_path):
    page = hs.write_up(example_result())
    with pytest.raises(hs.InputError, match=r"must end in \.html or \.md"):
        hs.write_what_works(tmp_path / "page.docx", page)
    with pytest.raises(hs.InputError) as error:
        hs.write_what_works(3, "page")
    assert len(error.value.faults) == 2


def test_a_write_up_goes_with_its_trial_into_the_bank(tmp_path):
    page = hs.write_up(example_result(), told={"mechanism": "Seen patrols.", "context": "Towns."})
    hs.bank_result(tmp_path, example_result(), name="A", told=page)
    told = hs.read_bank(tmp_path, published=False).told.set_index("field")["text"]
    assert told.to_dict() == {"mechanism": "Seen patrols.", "context": "Towns."}


# --- the tables that leave the house -----------------------------------------------------------


def test_the_example_has_the_tables_of_an_evaluation():
    """So that what is proven on it holds of what estimate_impact gives."""
    from hotspots.impact._course import COLUMNS as COURSE
    from hotspots.impact._effects import COLUMNS as EFFECT

    example = example_result()
    assert set(example.effect) <= set(EFFECT)
    assert set(example.series) == set(COURSE)
    fields = hs.Impact.__dataclass_fields__
    assert set(type(example).__dataclass_fields__) <= set(fields)


def test_every_column_is_explained_where_it_is_exported(tmp_path):
    from hotspots.report.bi import _flat
    from hotspots.report.columns import about
    from hotspots.report.meanings_impact import OWN_IMPACT
    from hotspots.report.stations import gather

    for name, ratio in (("North", 0.8), ("South", 0.9), ("West", 0.7)):
        hs.bank_result(tmp_path, {"level": 5, "results": [
            {"outcome": "ASB", "unit": "ratio", "estimate": ratio, "low": ratio * 0.8,
             "high": ratio / 0.8}]}, name=name)  # fmt: skip
    bank = hs.read_bank(tmp_path)
    results = (hs.write_up(example_result()), bank, hs.pool_results(bank))
    seen = set()
    for kind, name, frame in gather(results, what="test").tables():
        seen.add(f"{kind}_{name}")
        for column in _flat(frame):
            assert about(f"{kind}_{name}", str(column))["meaning"], (kind, name, column)
    own = {key for key in OWN_IMPACT if key.startswith(("write_up_", "bank_", "pooled_"))}
    assert own == seen
