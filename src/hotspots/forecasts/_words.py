"""What to expect, in plain English: the numbers first, then how far to trust them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..series import FREQ
from ._judge import ENOUGH
from ._models import MODELS
from ._reconcile import WAYS

if TYPE_CHECKING:
    from ..series import CountSeries

_SHOWN, _NAMED = 10, 5  # groups told, and warned of; the tables hold them all


def paragraph(
    counted: CountSeries, ahead: pd.DataFrame, choices: pd.DataFrame, scores: pd.DataFrame,
    past: pd.DataFrame, season: bool,
) -> str:  # fmt: skip
    """Put the paragraph together."""
    lines = [
        *_expected(counted, ahead, season), _stepped(counted, past),
        _model(counted, choices, season), _tested(counted, scores),
    ]  # fmt: skip
    if "level" in ahead:
        lines.append(_adds_up(choices))
    lines += _reservations(counted, ahead, season)
    return "\n".join(line for line in lines if line)


def stepped(past: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Find series whose latest counts all lay on one side of what was forecast a period before.

    The last three beyond their 80% intervals, or the last two beyond their 95% intervals.

    Returns
    -------
    DataFrame
        One row per such series: its keys, ``periods`` (2 or 3) and ``above``.
    """
    one = past[past["step"] == 1].sort_values("period_start", kind="stable")
    one = one[one["period_start"].isin(one["period_start"].drop_duplicates().tail(3))]
    one = one.assign(series=one.groupby(keys, sort=False).ngroup() if keys else 0)
    side = {
        level: (one["incidents"] > one[f"high{level}"]).astype(int)
        - (one["incidents"] < one[f"low{level}"]).astype(int)
        for level in (80, 95)
    }
    three = side[80].groupby(one["series"]).sum()
    pair = one.groupby("series").tail(2).index
    two = side[95].loc[pair].groupby(one.loc[pair, "series"]).sum()
    last = one.groupby("series").tail(1).set_index("series").sort_index()
    last = last.assign(periods=np.where(three.abs() == 3, 3, 2),
                       above=np.where(three.abs() == 3, three, two) > 0)  # fmt: skip
    hit = (three.abs() == 3) | (two.abs() == 2)
    return last.loc[hit.to_numpy(dtype=bool), [*keys, "periods", "above"]]


def _stepped(counted: CountSeries, past: pd.DataFrame) -> str:
    """Warn where the latest counts say that a level has changed."""
    name = FREQ[counted.freq][2]
    keys = [c for c in ("level", *counted.by) if c in past]
    found = stepped(past, keys)
    rest = "the level may have stepped, which the forecast has hardly taken in; see find_breaks."
    if "level" in found:
        force = found["level"] == "force"
        found = found[force if force.any() else found["level"] == "lpt"]
    if not len(found):
        return ""
    who = [", ".join(str(row[c]) for c in counted.by) for row in found.to_dict("records")]
    sides = []
    for way in ("above", "below"):
        some = [
            n for n, above in zip(who, found["above"], strict=True) if above == (way == "above")
        ]
        more = f" and {len(some) - _NAMED} more" if len(some) > _NAMED else ""
        if some:
            sides.append(f"{way} their intervals{': ' if any(some) else ''}"
                         f"{'; '.join(some[:_NAMED])}{more}")  # fmt: skip
    if len(found) == 1:
        lay = f"The last {found['periods'].iloc[0]} recorded {name}s lay {sides[0]}"
        if "level" in found and found["level"].iloc[0] == "force" and len(counted.by) == 1:
            lay = lay.removesuffix(": Force")
        return f"{lay.replace(': ', ' in ', 1)}: {rest}"
    return f"The last 2 or 3 recorded {name}s lay {', '.join(sides)}. There {rest}"


def _when(start: pd.Timestamp, freq: str) -> str:
    return f"{start:%B %Y}" if freq == "MS" else f"the week of {start.day} {start:%B %Y}"


def _number(value: float) -> str:
    if value < 0.05:
        return "under 0.1"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _several(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _share(share: float, number: int) -> str:
    return f"{share:.0%}" if number >= 20 else f"{round(share * number)}"


def _range(row: Any, level: int) -> str:
    return f"{row[f'low{level}']:,} to {row[f'high{level}']:,}"


def _expected(counted: CountSeries, ahead: pd.DataFrame, season: bool) -> list[str]:
    """Say what is to come: of the force where it is there, else of the largest groups."""
    name, freq = FREQ[counted.freq][2], counted.freq
    shown = ahead[ahead["level"] == "force"] if "level" in ahead else ahead
    first = shown[shown["step"] == 1].dropna(subset="expected")
    first = first.sort_values("expected", ascending=False, kind="stable")
    if not len(first):
        return ["No group has a recorded period to forecast from."]
    when = _when(first["period_start"].iloc[0], freq)
    by = [c for c in counted.by if not ("level" in ahead and c == "lpt")]
    lines = []
    for row in first.head(_SHOWN).to_dict("records"):
        who = ", ".join(str(row[c]) for c in by)
        if "level" in ahead:
            who = who or "the force"
        said = (
            f"{_number(row['expected'])} incidents (80% interval {_range(row, 80)}; 95% interval "
            f"{_range(row, 95)}), {_against(row, name, season)}"
        )
        if len(first) == 1:
            if by and who and "level" in ahead:
                who = f"the force ({who})"
            lead = f"Next {name} ({when}) {who} can expect " if who else (
                f"Next {name} ({when}), expect "
            )  # fmt: skip
            rest = shown[shown["step"] > 1].to_dict("records")
            then = [f"{_when(r['period_start'], freq)} {_number(r['expected'])} ({_range(r, 80)})"
                    for r in rest]  # fmt: skip
            after = f" After that, with 80% intervals: {'; '.join(then)}." if then else ""
            return [f"{lead}{said}.{after}"]
        lines.append(f"{who}: {said}.")
    if len(first) > _SHOWN:
        lines.append(f"... and {len(first) - _SHOWN:,} more groups in the table ahead.")
    where = " in the force" if "level" in ahead else ""
    return [f"Expected next {name} ({when}){where}:", *lines]


def _against(row: Any, name: str, season: bool) -> str:
    before = row["last_year"]
    if not np.isfinite(before):
        return f"the same {name} last year was not recorded"
    if not season:
        return f"against {before:,.0f} in the same {name} last year"
    if before < row["low80"]:
        return f"more than the {before:,.0f} of the same {name} last year"
    if before > row["high80"]:
        return f"fewer than the {before:,.0f} of the same {name} last year"
    return f"no clear change from the {before:,.0f} of the same {name} last year"


def _called(row: Any) -> str:
    parts = [str(row["category"])] if "category" in row else []
    level = {"lpt": "LPTs", "command": "commands", "force": "the force"}
    return " of ".join([*parts, *([level[row["level"]]] if "level" in row else [])])


def _model(counted: CountSeries, choices: pd.DataFrame, season: bool) -> str:
    name = FREQ[counted.freq][2]
    origins = int(choices["origins"].max())
    plain = MODELS["mean"] if season else "mean of the last year"
    asked = choices["reason"].str.endswith(", as asked.")
    if asked.all():
        model = choices["model"].iloc[0]
        told = MODELS[model]
        return f"Forecast by {told}, as asked; it was not held against the others."
    if origins < ENOUGH:
        return (
            f"With {_several(origins, f'past {name}')} to test on, too few to prefer another "
            f"model, the plain {plain} is used."
        )
    choices = choices[choices["in_use"]]
    away = choices[choices["model"] != "mean"]
    kept = len(choices) - len(away)
    if not len(away):
        return (
            f"Nothing beats the plain {plain} beyond chance in tests from {origins} past {name}s, "
            "so it is used."
        )
    some = [
        f"{MODELS[row['model']]}{f' for {_called(row)}' if _called(row) else ''} (errors "
        f"{row['gain']:.0%} smaller than {plain}'s, interval {row['low']:.0%} to "
        f"{row['high']:.0%})"
        for row in away.sort_values("gain", ascending=False).head(_SHOWN // 2).to_dict("records")
    ]
    more = f"; and {len(away) - len(some)} more (table choices)" if len(away) > len(some) else ""
    rest = (
        f" For the other {kept} of {len(choices)} choices nothing beats the plain {plain}, so it "
        "is used." if kept else ""
    )  # fmt: skip
    luck = 0.025 * len(choices)
    chance = (
        f" Of {len(choices)} choices about {luck:.1f} would fall so by luck." if luck > 1 else ""
    )
    return (
        f"Better than the plain baseline in tests from {origins} past {name}s: "
        f"{'; '.join(some)}{more}.{rest}{chance}"
    )


def _tested(counted: CountSeries, scores: pd.DataFrame) -> str:
    """Say how the rule fared when each past period was forecast as if unknown."""
    name = FREQ[counted.freq][2]
    used = scores[(scores["model"] == "used") & (scores["forecasts"] > 0)]
    if not len(used):
        return f"The record is too short to test a forecast on past {name}s."
    if "level" in used:
        used = used[used["level"] == "lpt"]
    weight = used["forecasts"] / used["forecasts"].sum()
    cover = {level: float((used[f"cover{level}"] * weight).sum()) for level in (80, 95)}
    tests = int(used["origins"].max())
    told = _against_naive(scores, used)
    where = " of LPTs" if "level" in used else ""
    if cover[80] < 0.72 or cover[95] < 0.9:
        told += ". Expect more surprises than the intervals say"
    number = int(used["forecasts"].sum())
    held = {level: _share(share, number) for level, share in cover.items()}
    return (
        f"Made in the same way from {_several(tests, f'past {name}')}, "
        f"{_several(number, 'forecast')}{where} held {held[80]} of the counts in their 80% "
        f"intervals and {held[95]} in their 95% intervals{told}."
    )


def _against_naive(scores: pd.DataFrame, used: pd.DataFrame) -> str:
    """Compare the errors with those of repeating last year's count, over the same forecasts."""
    on = [c for c in ("level", "category", "step") if c in scores]
    naive = scores[scores["model"] == "seasonal_naive"]
    both = used.merge(naive, on=on, suffixes=("", "_naive")).dropna(subset=["mase", "mase_naive"])
    both = both[both["forecasts"] == both["forecasts_naive"]]
    if both["forecasts"].sum() < 20:
        return ""
    own, other = (float(np.average(both[c], weights=both["forecasts"]))
                  for c in ("mase", "mase_naive"))  # fmt: skip
    share = 1 - own / other
    if abs(share) < 0.02:
        return f"; they missed by as much as last year's counts would have (MASE {own:.2f})"
    return (
        f"; they missed by {abs(share):.0%} {'less' if share > 0 else 'more'} than last year's "
        f"counts would have (MASE {own:.2f} against {other:.2f})"
    )


def _adds_up(choices: pd.DataFrame) -> str:
    one = choices[choices["level"] == "force"]
    ways = one["reconciled"].value_counts()
    if len(ways) == 1:
        how = WAYS[str(ways.index[0])]
    else:
        how = "; ".join(f"{WAYS[str(way)]} for {n} of {len(one)}" for way, n in ways.items())
    return (
        f"LPTs add up to their commands and to the force exactly ({how}); interval ends do not, "
        "for LPTs are not all high at once."
    )


def _reservations(counted: CountSeries, ahead: pd.DataFrame, season: bool) -> list[str]:
    name, panel = FREQ[counted.freq][2], counted.panel
    lines = []
    if not season:
        lines.append(
            "No season is in these figures: it takes each month of the year recorded twice, 5 "
            "incidents a month and more variation than chance gives."
        )
    gaps = int((~panel.used.any(axis=0)).sum())
    if gaps:
        lines.append(
            f"{_several(gaps, name)} not wholly recorded "
            f"{'are' if gaps > 1 else 'is'} left out, never read as zero."
        )
    if unknown := int(ahead.loc[ahead["step"] == 1, "expected"].isna().sum()):
        lines.append(
            f"{_several(unknown, 'group')} without a wholly recorded {name} "
            f"{'has' if unknown == 1 else 'have'} no forecast."
        )
    if counted.police:
        lines.append(
            f"{counted.police:,} police-generated incident"
            f"{' is' if counted.police == 1 else 's are'} among the counts: they follow police "
            "activity too."
        )
    lines.append("A forecast says what to expect if things go on as before; it knows of no event "
                 "or operation to come.")  # fmt: skip
    return lines
