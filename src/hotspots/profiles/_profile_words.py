"""A profile in plain English: what a commander, or anybody, reads on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._cells import ALL
from ._levels import FEW
from ._publish_words import counted
from ._publish_words import months as spell

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHOWN = 3  # categories, hotspots or seasons named in a sentence; the tables hold all
_SECTIONS = ("levels", "change", "harm", "seasons", "hotspots", "week", "quality")


def pages(
    tables: dict[str, pd.DataFrame], names: list[str],
    spans: dict[str, NDArray[np.datetime64]], given: tuple[bool, bool, bool, bool] | None,
    rounded_to: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Say every section of every LPT.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Of a profile.
    names : list of str
        The LPTs.
    spans : dict of str to ndarray
        Their latest recorded months.
    given : tuple of bool or None
        Whether there were incidents, trends, hotspots and a week; None for a public profile.
    rounded_to : int
        What public figures were rounded to.

    Returns
    -------
    DataFrame
    """
    rows = []
    for name in names:
        own = {key: table[table["lpt"] == name] for key, table in tables.items()}
        when = spell(pd.Series(spans[name])) if len(spans[name]) else "no month"
        said = {"levels": _level(own["levels"], when), "change": _change(own["levels"])}
        if given is None:
            said["quality"] = _public_note(own, rounded_to)
        else:
            incidents, trends, hotspots, week = given
            said |= {
                "harm": _harm(own["harm"], own["levels"], incidents),
                "seasons": _seasons(own["seasons"], trends),
                "hotspots": _spots(own["spots"], hotspots),
                "week": _week(own["week"], week, own["quality"]),
                "quality": _quality(own["quality"], tables["quality"]),
            }
        rows += [(name, section, said[section]) for section in _SECTIONS if section in said]
    return pd.DataFrame(rows, columns=["lpt", "section", "sentence"]).astype("str")


def summary(told: pd.DataFrame, levels: pd.DataFrame, names: list[str], public: bool) -> str:
    """Return the whole page of one LPT, or two sentences for each of several."""
    if len(names) == 1:
        return "\n".join([f"{names[0]}.", *told["sentence"]])
    lines = []
    for name in names[:12]:
        own = told[told["lpt"] == name].set_index("section")["sentence"]
        lines.append(f"{name}: {own['levels']} {_short(levels[levels['lpt'] == name])}")
    if len(names) > 12:
        lines.append(f"... and {len(names) - 12} more in the table pages.")
    lines.append(
        "LPTs are not ranked: residents, town centres and roads differ."
        if not public else "Figures are rounded; small ones are suppressed."
    )  # fmt: skip
    return "\n".join(lines)


def percent(share: float) -> str:
    """Return a share in per cent, a signless zero.

    Examples
    --------
    >>> percent(0.0004), percent(-0.127)
    ('0%', '-13%')
    """
    whole = round(100 * share)
    return f"{whole:+d}%" if whole else "0%"


def _whole(levels: pd.DataFrame) -> pd.Series:
    """Return the row of all categories."""
    named = levels[levels["category"] == ALL]
    row: pd.Series = (named if len(named) else levels).iloc[-1]
    return row


def _level(levels: pd.DataFrame, when: str) -> str:
    row = _whole(levels)
    if not row["months"]:
        return "No month is wholly recorded."
    many = "incident" if row["incidents"] == 1 else "incidents"
    over = "recorded month" if row["months"] == 1 else f"{row['months']:.0f} recorded months"
    said = f"{_number(row)} {many} in the {over} {when}"
    if np.isfinite(row["per_1000"]):
        said += (
            f": {row['per_1000']:,.1f} a year per 1,000 residents (95% interval "
            f"{row['per_1000_low']:,.1f} to {row['per_1000_high']:,.1f}; the force "
            f"{row['force_per_1000']:,.1f})"
        )
        standing = {
            "within": ", within what chance and the usual differences between LPTs allow",
            "above": ", above what chance and the usual differences between LPTs allow",
            "below": ", below what chance and the usual differences between LPTs allow",
        }
        said += standing.get(str(row["standing"]), "")
    said += "."
    parts = levels[levels["category"] != ALL]
    for word in ("above", "below"):
        far = parts.loc[parts["standing"] == word, "category"].tolist()
        if far:
            listed = ", ".join(far[:_SHOWN])
            more = f" and {len(far) - _SHOWN} more" if len(far) > _SHOWN else ""
            said += f" Per resident {word} what these allow: {listed}{more}."
    return said


def _number(row: pd.Series) -> str:
    """Return a count, with the range that rounded figures stand for."""
    if "incidents_low" not in row.index:
        return f"{row['incidents']:,.0f}"
    if np.isnan(row["incidents"]):
        return f"At least {row['incidents_low']:,.0f}"
    return (
        f"About {row['incidents']:,.0f} ({row['incidents_low']:,.0f} to "
        f"{row['incidents_high']:,.0f})"
    )


def _short(levels: pd.DataFrame) -> str:
    """Say the change of everything together in a few words."""
    row = _whole(levels)
    if row["class_"] == "nothing to compare":
        return "No month can be compared with the year before."
    if row["class_"] == "too few to say":
        return "Too few to compare with the year before."
    if row["class_"] == "suppressed":
        return "Not compared with the year before, for a month is suppressed."
    clear = {"rise": "Clearly more than", "fall": "Clearly fewer than"}
    said = f"{clear.get(str(row['class_']), 'No clear change on')} a year before ({_sized(row)}"
    if row["class_"] == "no clear change" and (row["change_low"] > 0 or row["change_high"] < 0):
        said += "; it leaves out 0%, as some do by chance among so many"
    return f"{said})."


def _sized(row: pd.Series) -> str:
    return (
        f"{percent(row['change'])}, 95% interval {percent(row['change_low'])} to "
        f"{percent(row['change_high'])}"
    )


def _change(levels: pd.DataFrame) -> str:
    row = _whole(levels)
    if row["class_"] == "nothing to compare":
        return "None of these months was recorded a year before: no comparison."
    about = "about " if "incidents_low" in row.index else ""
    said = (
        f"Over the {counted(int(row['compared']), 'month')} recorded in both years, "
        f"{about}{row['latest']:,.0f} after {about}{row['previous']:,.0f}: "
        if np.isfinite(row["latest"]) and row["compared"] else "With the year before: "
    )  # fmt: skip
    short = _short(levels)
    said += short[0].lower() + short[1:]
    parts = levels[levels["category"] != ALL]
    if len(parts) < 2:
        return said
    for class_, word in (("rise", "Clearly up"), ("fall", "Clearly down")):
        some = parts[parts["class_"] == class_]
        if len(some):
            some = some.assign(by=(some["latest"] - some["previous"]).abs())
            top = some.sort_values("by", ascending=False, kind="stable")
            named = "; ".join(
                f"{r['category']} {about}{r['latest']:,.0f} after {r['previous']:,.0f} "
                f"({_sized(pd.Series(r))})"
                for r in top.head(_SHOWN).to_dict("records")
            )
            more = f"; and {len(some) - _SHOWN} more" if len(some) > _SHOWN else ""
            said += f" {word}: {named}{more}."
    same = int((parts["class_"] == "no clear change").sum())
    few = int((parts["class_"] == "too few to say").sum())
    held = int((parts["class_"] == "suppressed").sum())
    rest = []
    if same:
        rest.append(f"{counted(same, 'type')} without clear change")
    if few:
        rest.append(f"{few:,} with too few to say (under {FEW} in a year)")
    if held:
        rest.append(f"{held:,} not compared, for a month is suppressed")
    return f"{said} {'; '.join(rest)}." if rest else said


def _harm(harm: pd.DataFrame, levels: pd.DataFrame, incidents: bool) -> str:
    """Say how much harm, and what holds most of it."""
    if not len(harm):
        if not incidents:
            return "Harm: counts bear none; give incidents with the column harm."
        return "Harm: no column harm; add it with harm_days(incidents)."
    whole = harm[harm["category"] == ALL].iloc[0]
    approximate = bool((harm["one_weight"] | (harm["category"] == ALL)).all())
    parts = harm[harm["category"] != ALL].sort_values("harm", ascending=False, kind="stable")
    many = levels.set_index("category")["incidents"]
    each = []
    for r in parts.head(_SHOWN).to_dict("records"):
        n = int(many.get(r["category"], 0))
        size = f"{r['harm']:,.0f} days in {counted(n, 'incident')}"
        if n >= FEW:
            size = (
                f"{r['share_of_harm']:.0%} of the harm with {r['share_of_incidents']:.0%} of the "
                "incidents"
            )
        each.append(f"{r['category']} {size}")
    named = "; ".join(each)
    lacking = " One weight per type, so approximate." if approximate else ""
    if whole["unweighted"]:
        lacking += f" {counted(int(whole['unweighted']), 'incident')} had no weight."
    return (
        f"Harm in these months: {whole['harm']:,.0f} days of sentence (95% interval "
        f"{whole['harm_low']:,.0f} to {whole['harm_high']:,.0f}): {named}.{lacking}"
    )


def _seasons(seasons: pd.DataFrame, given: bool) -> str:
    if not given:
        return "Seasons: not given; pass trends=seasonal_trends(incidents, by=['lpt'])."
    if not len(seasons):
        return "Seasons: the trends given hold no series of this LPT."
    found = seasons[seasons["verdict"].isin(["clear season", "possible season"])]
    listed = []
    for r in found.head(_SHOWN + 1).to_dict("records"):
        what = "all incidents" if r["category"] == ALL else r["category"]
        size = ""
        if np.isfinite(r["ratio"]):
            size = (
                f", {r['ratio']:.1f} times the trough (95% interval {r['ratio_low']:.1f} to "
                f"{r['ratio_high']:.1f})"
            )
        peak = f", highest in {r['peak_month']}" if r["peak_month"] else ""
        listed.append(f"{what}: {r['verdict']}{peak}{size}")
    more = f"; and {len(found) - len(listed)} more" if len(found) > len(listed) else ""
    short = int((seasons["verdict"] == "too short to say").sum())
    if not listed:
        if short == len(seasons):
            return "Seasons: the record is too short to say whether there is one."
        rest = f" ({short:,} too short to say)" if short else ""
        return f"Seasons: none shown in {len(seasons):,} series{rest}."
    return f"Seasons: {'; '.join(listed)}{more}."


def _spots(spots: pd.DataFrame, given: bool) -> str:
    if not given:
        return "Hotspots: not given; pass hotspots=, a detector's table."
    if not len(spots):
        return "Hotspots: none of those given lies in this LPT."
    listed = []
    for r in spots.head(_SHOWN).to_dict("records"):
        street = r["name"] if isinstance(r["name"], str) and r["name"] else r["hotspot"]
        class_ = f", {r['class_']}" if isinstance(r["class_"], str) and r["class_"] else ""
        listed.append(f"{street} (rank {r['rank']:.0f}{class_}, {r['incidents']:,.0f} incidents)")
    more = f"; and {len(spots) - _SHOWN} more" if len(spots) > _SHOWN else ""
    return f"{counted(len(spots), 'hotspot')}: {'; '.join(listed)}{more}."


def _week(week: pd.DataFrame, given: bool, quality: pd.DataFrame) -> str:
    if len(week):
        told = [str(said).removeprefix(f"{name}: ") for name, said in
                zip(week["lpt"], week["sentence"], strict=True)][:_SHOWN]  # fmt: skip
        return " ".join(said[:1].upper() + said[1:] for said in told)
    if given:
        return "Hours of the week: those given hold nothing on this LPT."
    known = quality["known_to"].iloc[0] if "known_to" in quality.columns and len(quality) else ""
    if known == "month":
        return "Hours of the week: times are known to the month only, which bears none."
    return "Hours of the week: not given; pass week=week_profile(incidents, by='lpt')."


def _quality(own: pd.DataFrame, every: pd.DataFrame) -> str:
    row: dict[Any, Any] = own.iloc[0].to_dict()
    said = f"Records: {counted(row['present'], 'month')} recorded"
    if row["missing"]:
        gone = spell(pd.Series(pd.to_datetime(row["gaps"].split(", "))))
        said += f", {row['missing']} not recorded ({gone}), never read as zero"
    if row["thin"]:
        said += f", {row['thin']} recorded in part and left out"
    said += "."
    if "known_to" not in row:
        return said
    said += f" Most times are known to the {row['known_to']}"
    said += "; points look snapped, to be read as a street at best" if row["snapped"] else ""
    enough = row["incidents"] >= FEW
    pointless = enough and row["without_point"] >= 0.0005
    said += f"; {row['without_point']:.1%} have no point." if pointless else "."
    if enough and np.isfinite(row["police_generated"]):
        said += (
            f" {row['police_generated']:.0%} were found by police activity: they count here, and "
            "show where the police were."
        )
    force = every[every["level"] == "force"]
    if len(force) and enough and force["without_point"].iloc[0] >= 0.0005:
        said += (
            f" In the force {force['without_point'].iloc[0]:.1%} have no point, and most of these "
            "no LPT."
        )
    return said


def _public_note(own: dict[str, pd.DataFrame], to: int) -> str:
    row: dict[Any, Any] = own["quality"].iloc[0].to_dict()
    said = f"Figures are of {counted(row['present'], 'month')}"
    if row["missing"]:
        gone = spell(pd.Series(pd.to_datetime(row["gaps"].split(", "))))
        said += f"; not recorded and left blank, never zero: {row['missing']} ({gone})"
    if row["thin"]:
        said += f"; recorded in part and kept back: {row['thin']}"
    levels = own["levels"]
    hidden = int((levels["hidden_months"] > 0).sum())
    said += f". Every monthly figure is rounded to the nearest {to}; ranges tell what the sums "
    said += "can stand for."
    if hidden:
        said += (
            f" In {counted(hidden, 'type')} of incident some months are suppressed: only "
            "what the sum is at least is given."
        )
    return said
