"""What pooled trials say, in plain English."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ._words import between, chance, counted, listed, moved

_WHERE = {"hotspots": "in the hotspots", "buffer": "in the ring about the hotspots",
          "both": "in the hotspots and the ring about them"}  # fmt: skip
_FEW = 5  # results under which the interval errs towards saying nothing


def pooled_text(
    pooled: pd.DataFrame,
    studies: pd.DataFrame,
    left_out: pd.DataFrame,
    other: pd.DataFrame,
    told: dict[str, Any],
) -> str:
    """Write the paragraph: the answer, how far trials differ, what it rests on."""
    main = pooled.iloc[0]
    outcomes = list(dict.fromkeys(studies["outcome"]))
    lines = [_answer(main, outcomes, told), _spread(main, told["level"])]
    if len(outcomes) > 1:
        lines.append(f"These are unlike outcomes ({listed(outcomes)}), pooled because you asked "
                     "for it: read the mean as rough.")  # fmt: skip
    lines.append(_basis(studies))
    lines += _doubts(main, other, told)
    if len(left_out):
        why = left_out["why"].value_counts()
        reasons = [f"{n:,}: {reason}" for reason, n in why.items()]
        lines.append(f"Not pooled: {counted(len(left_out), 'trial')} of the bank "
                     f"({listed(reasons, 3, 'left_out')}).")  # fmt: skip
    return " ".join(lines)


def _answer(main: pd.Series, outcomes: list[str], told: dict[str, Any]) -> str:
    what = outcomes[0] if len(outcomes) == 1 else "the outcomes"
    head = f"{counted(main['k'], 'trial')} together, {what}, {_WHERE[told['part']]}: "
    sure = f"{told['level']:.0%} interval, {chance(main['p'])}"
    beside = told["beside"]
    if _clear(main) and not _clear(beside):
        return (f"{head}no sure difference from what was expected: {moved(main['estimate'])} "
                f"({between(main['low'], main['high'])}; {sure}), but allowing for how little so "
                "few trials tell of the spread between them anything "
                f"{between(beside['low'], beside['high'])} fits.")  # fmt: skip
    if _clear(main):
        return (f"{head}{moved(main['estimate'])} than expected "
                f"({between(main['low'], main['high'])}; {sure}).")  # fmt: skip
    return (f"{head}no clear difference from what was expected: the mean is "
            f"{moved(main['estimate'])}, but anything {between(main['low'], main['high'])} fits "
            f"({sure}). That is not evidence of no difference.")  # fmt: skip


def _clear(row: pd.Series) -> bool:
    return bool(row["low"] > 1 or row["high"] < 1)


def _spread(main: pd.Series, level: float) -> str:
    near, low, far = (np.exp(main[name]) - 1 for name in ("tau", "tau_low", "tau_high"))
    top = f"{far:.0%}" if far < 1 else f"a factor of {far + 1:.1f}"
    said = (f"From trial to trial the true results typically differ by {near:.0%} up or down "
            f"({level:.0%} interval {low:.0%} to {top})")  # fmt: skip
    if main["tau_high"] < 0.005:
        said = "The results lie closer together than chance alone would put them"
    if np.isnan(main["expect_low"]):
        return f"{said}. What to expect at one further place cannot be told from two trials."
    return (f"{said}; in one further setting like these expect anything "
            f"{between(main['expect_low'], main['expect_high'])} ({level:.0%}).")  # fmt: skip


def _basis(studies: pd.DataFrame) -> str:
    levels = studies["level"].value_counts().sort_index(ascending=False)
    told = [f"{n:,} of level {value:.0f}" for value, n in levels.items()]
    heavy = studies.iloc[int(studies["weight"].argmax())]
    said = f"On the Maryland scale {listed(told)}"
    if len(levels) > 1:
        said += ", designs that do not weigh the same (see sensitivity)"
    own = int((studies["origin"] == "own").sum())
    if 0 < own < len(studies):
        said += f"; {own:,} your own, {len(studies) - own:,} published"
    return f"{said}. Most weight: {heavy['trial']} ({heavy['weight']:.0%})."


def _doubts(main: pd.Series, other: pd.DataFrame, told: dict[str, Any]) -> list[str]:
    said = []
    clear = _clear(main)
    without = other[other["what"].str.startswith("without ")]
    without = without[without["k"] > 2]  # two are never enough to be clear
    turns = without[((without["low"] > 1) | (without["high"] < 1)) != clear]
    if len(turns):
        names = [what.removeprefix("without ") for what in turns["what"]]
        said.append(f"The verdict hangs on single trials: without {listed(names, 3)} it would be "
                    f"{'no clear difference' if clear else 'clear'}.")  # fmt: skip
    if main["k"] < _FEW:
        said.append(f"With {main['k']:,} trials the interval is wide on purpose: it would rather "
                    "miss a difference than claim one.")  # fmt: skip
    if told["rough"]:
        said.append(f"Lopsided intervals, from which a standard error is read only roughly: "
                    f"{listed(told['rough'], 3)}.")  # fmt: skip
    if np.isnan(told["funnel"]):
        said.append("Whether trials without a result were left unpublished, or out of the bank, "
                    "cannot be looked at with under 10.")  # fmt: skip
    elif told["funnel"] < 1 - told["level"]:
        said.append(f"Small trials find other results than large ones ({chance(told['funnel'])}): "
                    "those that found nothing may be missing, or small trials differ.")  # fmt: skip
    else:
        said.append("Small trials find no other results than large ones beyond chance "
                    f"({chance(told['funnel'])}), which does not prove that none is "
                    "missing.")  # fmt: skip
    return said
