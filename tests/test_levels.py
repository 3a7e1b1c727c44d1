"""The Maryland level follows from the design, and says why."""

import pytest

from hotspots import InputError
from hotspots.impact.levels import BEFORE, BY_LOT, SEVERAL, maryland_level

GOOD = {"comparator": True, "treated": 12, "control": 12, "before": 24}


@pytest.mark.parametrize(
    ("facts", "level", "says"),
    [
        ({"comparator": False, "treated": 5}, 0, "nothing to compare"),
        ({**GOOD, "before": 0}, 1, "no before"),
        ({"comparator": False, "treated": 5, "before": 36}, 2, "no comparison place"),
        ({**GOOD, "parallel": False, "matched": True}, 2, "did not run like"),
        ({**GOOD, "before": 3}, 2, "3 periods before are too few"),
        (GOOD, 2, "was not shown"),
        ({**GOOD, "parallel": True}, 3, "alike in the 24 periods before"),
        ({**GOOD, "matched": True}, 3, "not shown to run alike"),
        ({**GOOD, "matched": True, "parallel": True}, 4, "12 treated and 12 comparison"),
        ({**GOOD, "matched": True, "parallel": True, "control": SEVERAL - 1}, 3, "fewer than 5"),
        # with under a year before, running alike cannot be looked at
        ({**GOOD, "matched": True, "parallel": True, "before": BEFORE - 1}, 3, "not shown to run"),
        ({**GOOD, "randomised": True}, 5, "by lot"),
        ({**GOOD, "randomised": True, "before": 0}, 5, "by lot"),
        ({**GOOD, "randomised": True, "turns": True}, 5, "12 places, each with and without"),
        ({**GOOD, "randomised": True, "treated": BY_LOT - 1}, 3, "too few places"),
        ({**GOOD, "randomised": True, "treated": 1, "control": 1, "before": 0}, 1, "no before"),
        # a lot outweighs what the courses before look like: chance parts them too
        ({**GOOD, "randomised": True, "parallel": False}, 5, "by lot"),
    ],
)
def test_the_level_follows_from_the_design(facts, level, says):
    found, why = maryland_level(**facts)
    assert found == level, why
    assert says in why


def test_without_a_comparator_no_design_rises_above_level_2():
    for before in (0, 1, 12, 120):
        for parallel in (None, True, False):
            level, why = maryland_level(comparator=False, treated=50, matched=True,
                                        parallel=parallel, before=before)  # fmt: skip
            assert level <= 2
            assert "effect" not in why
            assert "impact" not in why


def test_every_wrong_fact_is_named_at_once():
    with pytest.raises(InputError) as error:
        maryland_level(comparator="yes", randomised=1, treated=-2, control=2.5, parallel="maybe")
    assert len(error.value.faults) == 5
    with pytest.raises(InputError) as error:
        maryland_level(comparator=False, randomised=True, treated=0)
    assert [word in str(error.value) for word in ("treated is 0", "comparator False")] == [True] * 2
