"""Trials are pooled with what they are, and what is left out is said."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotspots as hs
from hotspots.evidence.meta import random_effects


def trial(ratio, half, *, level=5, outcome="ASB", **more):
    return {"level": level, "results": [{
        "outcome": outcome, "unit": "ratio", "estimate": ratio, "low": ratio * np.exp(-half),
        "high": ratio * np.exp(half), **more,
    }]}  # fmt: skip


def bank_of(folder, entries):
    for name, entry in entries.items():
        hs.bank_result(folder, entry, name=name)
    return hs.read_bank(folder, published=False)


SIX = {
    "North": trial(0.80, 0.16), "South": trial(0.95, 0.11), "West": trial(0.70, 0.36),
    "East": trial(1.05, 0.22), "Centre": trial(0.85, 0.29), "Moors": trial(0.75, 0.20, level=3),
}  # fmt: skip


def test_the_pool_is_that_of_the_logs_with_errors_read_from_the_intervals(tmp_path):
    pooled = hs.pool_results(bank_of(tmp_path, SIX))
    studies = pooled.studies
    z = stats.norm.ppf(0.975)
    v = ((np.log(studies["high"]) - np.log(studies["low"])) / 2 / z) ** 2
    expected = random_effects(np.log(studies["estimate"]), v)
    main = pooled.pooled.iloc[0]
    assert main["main"]
    assert main["estimate"] == pytest.approx(np.exp(expected.estimate[0]))
    assert main["low"] == pytest.approx(np.exp(expected.low[0]))
    assert main["high"] == pytest.approx(np.exp(expected.high[0]))
    assert studies["weight"].sum() == pytest.approx(1)
    assert main["expect_low"] < main["low"]
    assert main["expect_high"] > main["high"]
    said = f"{1 - main['estimate']:.0%} fewer"
    assert said in pooled.text
    assert "6 trials together, ASB, in the hotspots" in pooled.text


def test_intervals_of_other_levels_are_read_as_such(tmp_path):
    """A 90% interval of the same error is narrower; read as such it weighs the same."""
    z90, z95 = stats.norm.ppf([0.95, 0.975])
    bank = bank_of(tmp_path, {
        "A": trial(0.8, 0.1 * z95), "B": trial(0.8001, 0.1 * z90, interval=0.9),
        "C": trial(0.9, 0.1 * z95),
    })  # fmt: skip
    weights = hs.pool_results(bank).studies.set_index("trial")["weight"]
    assert weights["A"] == pytest.approx(weights["B"])


def test_the_order_of_files_does_not_matter(tmp_path):
    one = hs.pool_results(bank_of(tmp_path / "a", SIX))
    renamed = {f"{n} {name}": entry for n, (name, entry) in enumerate(reversed(SIX.items()))}
    other = hs.pool_results(bank_of(tmp_path / "b", renamed))
    pd.testing.assert_frame_equal(
        one.pooled.drop(columns="method"), other.pooled.drop(columns="method"), rtol=1e-6
    )
    assert one.pooled["estimate"].iloc[0] == pytest.approx(other.pooled["estimate"].iloc[0], 1e-9)


def test_without_each_and_by_level(tmp_path):
    pooled = hs.pool_results(bank_of(tmp_path, SIX))
    other = pooled.sensitivity.set_index("what")
    assert {f"without {name}" for name in SIX} <= set(other.index)
    assert other.loc["only level 5", "k"] == 5
    alone = hs.pool_results(bank_of(tmp_path / "x", {k: v for k, v in SIX.items() if k != "West"}))
    for name in ("estimate", "low", "high", "p"):
        assert other.loc["without West", name] == pytest.approx(alone.pooled[name].iloc[0])
    assert "designs that do not weigh the same" in pooled.text


def test_unlike_outcomes_are_pooled_only_with_a_word_about_it(tmp_path):
    bank = bank_of(tmp_path, {**SIX, "Coast": trial(0.6, 0.2, outcome="Violence")})
    mixed = hs.pool_results(bank)
    assert "unlike outcomes (ASB, Violence)" in mixed.text or (
        "unlike outcomes (Violence, ASB)" in mixed.text)  # fmt: skip
    one = hs.pool_results(bank, outcome="ASB")
    assert "unlike" not in one.text
    assert one.pooled["k"].iloc[0] == 6
    left = one.left_out.set_index("trial")["why"]
    assert left["Coast"] == "it has no result for ASB, hotspots"
    with pytest.raises(hs.InputError, match="no trial of the bank counted 'Burglary'"):
        hs.pool_results(bank, outcome="Burglary")


def test_what_cannot_be_weighed_is_left_out_with_its_reason(tmp_path):
    bank = bank_of(tmp_path, {
        **SIX,
        "Weak": trial(0.5, 0.1, level=2),
        "Unrated": {"results": trial(0.5, 0.1)["results"]},
        "Copy": SIX["North"],
        "Bare": {"level": 5, "results": [{"outcome": "ASB", "unit": "ratio", "estimate": 0.7}]},
        "Told": {"level": 5, "results": [{"outcome": "ASB", "unit": "words", "words": "a fall"}]},
        "Counted": {"level": 4, "results": [
            {"outcome": "ASB", "unit": "incidents", "estimate": -9, "low": -20, "high": 2}]},
        "Silent": {"level": 5, "results": [
            {"outcome": "ASB", "unit": "ratio", "refused": "too few places"}]},
        "Review": {**trial(0.8, 0.1), "kind": "review"},
        "Zero": {"level": 5, "results": [
            {"outcome": "ASB", "unit": "ratio", "estimate": 0.4, "low": 0.0, "high": 1.0}]},
    })  # fmt: skip
    pooled = hs.pool_results(bank)
    why = pooled.left_out.set_index("trial")["why"]
    assert why["Weak"] == "its level is 2; at least 3 is asked for"
    assert why["Unrated"].startswith("its level is not told")
    assert why["North"] == "the same figures to the last digit as 'Copy'"  # which comes first
    assert "no interval is known" in why["Bare"]
    assert "in words only" in why["Told"]
    assert "in incidents" in why["Counted"]
    assert "too few places" in why["Silent"]
    assert "count twice" in why["Review"]
    assert "has no logarithm" in why["Zero"]
    assert len(pooled.studies) + len(pooled.left_out) == len(bank.trials)  # nothing lost
    assert pooled.pooled["k"].iloc[0] == 6
    assert "Not pooled: 9 trials" in pooled.text


def test_rings_are_pooled_apart(tmp_path):
    entries = {}
    for name, ratio in (("A", 1.1), ("B", 0.95), ("C", 1.02)):
        entry = trial(0.8 + ratio / 100, 0.2)
        entry["results"].append({**trial(ratio, 0.2)["results"][0], "part": "buffer"})
        entries[name] = entry
    bank = bank_of(tmp_path, entries)
    ring = hs.pool_results(bank, part="buffer")
    assert ring.studies["estimate"].tolist() == [1.1, 0.95, 1.02]
    assert "in the ring about the hotspots" in ring.text
    with pytest.raises(hs.InputError, match="it has no result for ASB, both"):
        hs.pool_results(bank, part="both")


def test_a_clear_fall_is_said_as_one_and_how_sure(tmp_path):
    near = {f"T{n}": trial(0.8 + 0.005 * n, 0.15 + n / 200) for n in range(11)}
    pooled = hs.pool_results(bank_of(tmp_path, near))
    assert "fewer than expected (between" in pooled.text
    assert "Small trials find" in pooled.text  # eleven: the funnel is looked at
    assert "wide on purpose" not in pooled.text


def test_few_trials_say_little_on_purpose(tmp_path):
    three = {k: SIX[k] for k in ("North", "South", "West")}
    pooled = hs.pool_results(bank_of(tmp_path, three))
    assert "no clear difference" in pooled.text
    assert "not evidence of no difference" in pooled.text
    assert "wide on purpose" in pooled.text
    two = hs.pool_results(bank_of(tmp_path / "b", {k: SIX[k] for k in ("North", "South")}))
    assert np.isnan(two.pooled["expect_low"]).all()
    assert "cannot be told from two trials" in two.text
    assert len(two.sensitivity) == 0


def test_lopsided_intervals_are_named(tmp_path):
    odd = {"level": 5, "results": [{"outcome": "ASB", "unit": "ratio", "estimate": 0.8,
                                    "low": 0.78, "high": 1.3}]}  # fmt: skip
    pooled = hs.pool_results(bank_of(tmp_path, {**SIX, "Odd": odd}))
    assert "Lopsided intervals" in pooled.text
    assert "Odd" in pooled.text


def test_every_wrong_argument_is_named(tmp_path):
    bank = bank_of(tmp_path, SIX)
    with pytest.raises(hs.InputError) as error:
        hs.pool_results(bank, outcome=3, part="ring", least_level="5", published=1, level=95)
    assert len(error.value.faults) == 5
    with pytest.raises(hs.InputError, match="give what read_bank returned"):
        hs.pool_results(bank.trials)
