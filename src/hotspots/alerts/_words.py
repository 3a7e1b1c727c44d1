"""What is unusual, in plain English: banner, alerts, what chance would show, reservations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..chance.exact import poisson_tails
from ..series import FREQ
from ._feed import Asked, Feed
from .looks import LEAST, Look

_SHOWN = {"unusually high": 8, "unusually low": 4}  # alerts named; the alerts table holds them all
_SURE = 0.05
_BANNERS = 4  # periods with an incomplete feed that are named


@dataclass(frozen=True)
class Facts:
    """What the paragraph tells beside the tables."""

    keys: list[str]
    freq: str
    level: float
    baseline: int
    asked: Asked
    feed: Feed
    looks: list[Look]
    harm: bool


def named(when: Any, freq: str) -> str:
    """Name a period by its start: "January 2026", "the week of 5 January 2026"."""
    day = pd.Timestamp(when)
    if freq == "MS":
        return f"{day.month_name()} {day.year}"
    lead = "the week of" if freq == "W-MON" else day.day_name()
    return f"{lead} {day.day} {day.month_name()} {day.year}"


def during(when: Any, freq: str) -> str:
    """Name a period as the time of something: "in January 2026", "on Monday 5 January 2026"."""
    return f"{'on' if freq == 'D' else 'in'} {named(when, freq)}"


def counted(number: float, name: str) -> str:
    """Count things: "1 week", "2 weeks", "5 series"."""
    plural = name if name == "series" else f"{name}s"
    return f"{number:,.0f} {name if number == 1 else plural}"


def sentences(groups: pd.DataFrame, keys: list[str], freq: str) -> pd.Series:
    """Write one sentence per row."""
    said = [
        f"{_who(row, keys)}: {_fact(row, freq)}." for row in groups.to_dict("records")
    ]  # fmt: skip
    return pd.Series(said, index=groups.index, dtype="str")


def _who(row: Any, keys: list[str]) -> str:
    names = {name: str(row[name]) for name in keys if name != "level"}
    if row.get("level") == "command" and not names["lpt"].startswith("no "):
        names["lpt"] += " command"  # an LPT may be called the same
    return ", ".join(names.values()) or "Everything"


def _fact(row: Any, freq: str) -> str:
    when, verdict = during(row["period_start"], freq), row["verdict"]
    if verdict == "not recorded":
        return f"not wholly recorded {when}"
    if verdict == "feed incomplete":
        return f"not compared {when}, as the feed is incomplete"
    if verdict == "too few periods to say":
        return f"{row['incidents']:,.0f} {when}; under {LEAST} recorded periods to compare with"
    usual = f"{row['low']:,.0f} to {row['high']:,.0f}"
    count = f"{row['incidents']:,.0f} {when}"
    if not verdict.startswith("unusually"):
        return f"{count}, {verdict} {usual}"
    high = verdict.endswith("high")
    chance = odds(row["p_high" if high else "p_low"], FREQ[freq][2])
    return f"{count}, {verdict}: usual range {usual} (so {'many' if high else 'few'} {chance})"


def odds(p: float, period: str) -> str:
    """Put a small chance in words."""
    if p <= 1e-6:
        return f"by chance under once in a million {period}s"
    once = 1 / p
    digits = max(0, int(np.floor(np.log10(once))) - 1)
    return f"by chance about once in {round(once, -digits):,.0f} {period}s"


def paragraph(alerts: pd.DataFrame, groups: pd.DataFrame, looks: pd.DataFrame, facts: Facts) -> str:
    """Put the paragraph together."""
    lines = _banners(looks, facts.freq)
    done = looks[looks["status"] == "compared"] if len(looks) else looks
    none = _nothing(looks, facts.freq)
    if len(done):
        lines += _found(done, groups, facts)
        for verdict, most in _SHOWN.items():
            lines += _listed(alerts[alerts["verdict"] == verdict], verdict, most, facts)
        lines.append(_beside(done))
    lines += none
    if not lines:
        lines.append("Nothing could be compared.")
    lines += _reservations(done, groups, facts)
    return "\n".join(line for line in lines if line)


def _banners(looks: pd.DataFrame, freq: str) -> list[str]:
    lines: list[str] = []
    if len(looks) == 0:
        return lines
    for row in looks.to_dict("records"):
        when = during(row["period_start"], freq)
        if row["status"] == "feed incomplete":
            lines.append(
                f"FEED INCOMPLETE: {row['incidents']:,.0f} incidents {when} of about "
                f"{row['expected']:,.0f} expected over everything; nothing is compared."
            )
        elif row["status"] == "partly recorded":
            lines.append(
                f"FEED INCOMPLETE: {named(row['period_start'], freq)} is recorded in part only "
                f"({row['incidents']:,.0f} incidents); nothing is compared."
            )
    if len(lines) > _BANNERS:
        lines = [*lines[-_BANNERS:], f"... and so in {len(lines) - _BANNERS:,} more periods (table "
                 "looks)."]  # fmt: skip
    if (looks["status"] == "feed incomplete").any():
        lines[-1] += " So deep a fall, were it real, cannot be told from missing records."
    return lines


def _nothing(looks: pd.DataFrame, freq: str) -> list[str]:
    if len(looks) == 0:
        return []
    none = looks[looks["status"] == "nothing compared"]["period_start"].tolist()
    if not none:
        return []
    period, more = FREQ[freq][2], ""
    if len(none) > 1:
        more = f" and {counted(len(none) - 1, f'more {period}')} before it"
    return [f"Nothing could be compared {during(max(none), freq)}{more}: no group is wholly "
            f"recorded then with {LEAST} recorded periods before it."]  # fmt: skip


def _found(done: pd.DataFrame, groups: pd.DataFrame, facts: Facts) -> list[str]:
    period = FREQ[facts.freq][2]
    high, low = int(done["high"].sum()), int(done["low"].sum())
    number = int(done["compared"].sum())
    first, last = named(done["period_start"].min(), facts.freq), named(
        done["period_start"].max(), facts.freq
    )  # fmt: skip
    when = last if len(done) == 1 else f"{counted(len(done), period)}, {first} to {last}"
    most = max(one.at for one in facts.looks) // (7 if facts.freq == "D" else 1)
    baseline = min(facts.baseline, most)
    before = f"the {counted(baseline, period)} before"
    if facts.freq == "D":
        before = f"the same weekday of the {counted(baseline, 'week')} before"
    season, growth = (
        any(getattr(one, name).any() for one in facts.looks) for name in ("seasonal", "growing")
    )
    out = " and ".join(n for n, known in (("season", season), ("growth", growth)) if known)
    out = f"with its {out} taken out" if out else "with no season taken out"
    series = counted(number, "series") if len(done) == 1 else f"{number:,} counts"
    lines = [
        f"{when[0].upper()}{when[1:]}: of {series}, {_number(high)} unusually high and "
        f"{_number(low)} unusually low, each against {before}, {out}."
    ]
    false_high, false_low = float(done["false_high"].sum()), float(done["false_low"].sum())
    said = (
        f"If nothing were going on, chance alone would make {_about(false_high)} unusually high "
        f"and {_about(false_low)} unusually low"
    )
    if high:
        p = float(poisson_tails(high, false_high)[1])
        many = "even one high" if high == 1 else f"{high:,} high or more"
        said += f"; {many} would then come up {_often(p)}"
        sure = int(((groups["verdict"] == "unusually high") & (groups["q_high"] <= _SURE)).sum())
        all_of = f"when all {number:,} are allowed for"
        if high == 1:
            said += f". It {'still stands' if sure else 'does not stand'} out {all_of}"
        else:
            many = f"{_number(sure)[0].upper()}{_number(sure)[1:]} of the {high:,}"
            said += f". {many} still {'stands' if sure == 1 else 'stand'} out {all_of}"
        if sure:
            said += " (about one in twenty of such findings is false)"
    return [*lines, f"{said}."]


def _number(number: int) -> str:
    return f"{number:,}" if number else "none"


def _about(expected: float) -> str:
    if expected < 0.01:
        return "under 0.01"
    return f"about {expected:.2f}" if expected < 1 else f"about {expected:,.1f}"


def _often(p: float) -> str:
    if p > 0.2:
        return f"in {p:.0%} of cases, so chance may be all there is"
    if p > 0.01:
        return f"in {p:.0%} of cases"
    return "in under 1% of cases" if p > 0.001 else "in under 1 case of 1,000"


def _listed(rows: pd.DataFrame, verdict: str, most: int, facts: Facts) -> list[str]:
    if not len(rows):
        return []
    what = "harm" if facts.harm else "incidents"
    way = "above" if verdict == "unusually high" else "below"
    lines = [f"{verdict[0].upper()}{verdict[1:]}, most {what} {way} expectation first:"]
    lines += [f"- {sentence}" for sentence in rows["sentence"].head(most)]
    if len(rows) > most:
        lines.append(f"... and {len(rows) - most:,} more in the table alerts.")
    if verdict == "unusually low":
        lines.append("A low count may be a fall, or records that are not in yet.")
    return lines


def _beside(done: pd.DataFrame) -> str:
    above, below, false_above, false_below = (
        float(done[name].sum()) for name in ("above", "below", "false_above", "false_below")
    )
    return (
        f"Beyond the usual range without being unusual: {above:,.0f} above it "
        f"({_about(false_above)} by chance) and {below:,.0f} below "
        f"({_about(false_below)} by chance)."
    )


def _reservations(done: pd.DataFrame, groups: pd.DataFrame, facts: Facts) -> list[str]:
    period, lines = FREQ[facts.freq][2], []
    asked, feed = facts.asked, facts.feed
    edge = asked.edge
    if len(edge):
        some = "; ".join(
            f"{named(row.period_start, facts.freq)} ({row.incidents:,.0f} incidents so far)"
            for row in edge.itertuples()
        )  # fmt: skip
        lines.append(f"Not looked at, as recorded in part only: {some}.")
    if asked.waited:
        lines.append(f"The last {counted(asked.waited, period)} on record "
                     f"{'is' if asked.waited == 1 else 'are'} not looked at: by the times of "
                     "recording, not all is in yet.")  # fmt: skip
    if asked.share < 0.95 and len(done):
        lines.append(f"Only about {asked.share:.0%} of the latest {period} is usually recorded "
                     "by now, so counts may still rise.")  # fmt: skip
    few = groups["verdict"].isin(["too few periods to say", "not recorded"])
    if len(done) and few.any():
        lines.append(f"{counted(int(few.sum()), 'count')} not compared: not recorded then, or "
                     f"under {LEAST} recorded periods before.")  # fmt: skip
    if facts.looks and len(done):
        flat = ~facts.looks[-1].seasonal
        if flat.any():
            some = "No" if flat.all() else f"For {flat.sum():,} of the {len(flat):,} series no"
            lines.append(
                f"{some} season could be learned (it takes each "
                "month recorded twice, five incidents a month, and more variation than chance "
                "gives): a usual peak of the year may stand out."
            )
        spread = groups.loc[groups["p_high"].notna(), "dispersion"]
        if len(spread) and spread.max() >= 1.21:
            lines.append(
                "Counts swing more than chance alone would make them "
                f"({np.sqrt(spread.median()):.1f} times as far in the middle series, "
                f"{np.sqrt(spread.max()):.1f} times at most); the ranges allow for it."
            )
        lowered = int(sum(one.lowered.sum() for one in facts.looks))
        if lowered:
            lines.append(f"{counted(lowered, f'far-out {period}')} of the baselines "
                         f"{'counts' if lowered == 1 else 'count'} less.")  # fmt: skip
    if feed.police:
        lines.append(f"{counted(feed.police, 'police-generated incident')} left out; "
                     "include_police=True keeps them.")  # fmt: skip
    return lines
