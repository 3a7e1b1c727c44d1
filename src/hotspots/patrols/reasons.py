"""Why each hotspot is in the plan: the facts, how sure they are, and what would change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._evidence import SINGLE_FROM, SINGLE_SHARE
from .priorities import plain_place
from .trial import trial_days
from .words import counted, date_text, ordinal, percent, period

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .wording import Draft

ALPHA = 0.05
"""Chance that the range of places leaves out the true one."""

FEW = 20
"""Incidents under which nothing about a hotspot is called more than thin."""

UNSTABLE = 0.5
"""Stability under which a hotspot is called thin: it comes back in fewer than half of resamples."""

PREMISES = (
    "airport/airfield", "bus/coach station", "conference/exhibition centre", "ferry terminal",
    "further/higher educational building", "hospital", "motorway service area", "nightclub",
    "parking area", "petrol station", "police station", "prison", "race track", "railway station",
    "sports/recreation area", "supermarket", "theatre/concert hall", "theme/adventure park",
)  # fmt: skip
"""Names that data.police.uk gives to points of premises, where others bear the name of a street."""


def rank_range(
    incidents: NDArray[np.float64], need: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    r"""Range of places by need that the records bear, were they counted again.

    Parameters
    ----------
    incidents : ndarray, shape (n,)
        Incidents of each hotspot of an LPT.
    need : ndarray, shape (n,)
        Need of each, from the records alone; at least 0.

    Returns
    -------
    low, high : ndarray of int, shape (n,)
        Highest and lowest place, 1 being the most need.

    Notes
    -----
    Hotspots :math:`i` and :math:`j` are told apart when the exact conditional test of two Poisson
    rates refuses that both need the same, the need per incident taken as recorded: given
    :math:`N_i + N_j`, :math:`N_i` is binomial with probability :math:`e/(1+e)`,
    :math:`e = s_j / s_i`, :math:`s = need / N`. With :math:`n - 1` others each test is at
    :math:`.05/(n-1)`, so that all of a hotspot's comparisons together are wrong at most 5% of the
    time [1]_. Its place is then at best one after those clearly above it, and at worst before
    those clearly below. Where incidents come in clusters, or harm per incident is uncertain, the
    true range is wider.

    References
    ----------
    .. [1] Mogstad M., Romano J. P., Shaikh A. M. and Wilhelm D. (2024) Inference for ranks with
       applications to mobility across neighbourhoods and academic achievement across countries.
       *Review of Economic Studies* 91(1), 476–518.

    Examples
    --------
    A place with 200 is clear of one with 100; 100 and 95 cannot be told apart.

    >>> low, high = rank_range(np.array([200.0, 100, 95]), np.array([200.0, 100, 95]))
    >>> low.tolist(), high.tolist()
    ([1, 2, 2], [1, 3, 3])
    """
    from ..chance.exact import rate_ratio

    n = len(incidents)
    if n < 2 or not incidents.sum() or not need.sum():
        return np.ones(n, dtype=np.int64), np.full(n, max(n, 1), dtype=np.int64)
    usual = float(need.sum() / incidents.sum())
    each = np.where((incidents > 0) & (need > 0), need / np.maximum(incidents, 1e-300), usual)
    count = np.where(need > 0, incidents, 0.0)
    own, other = np.broadcast_to(count[:, None], (n, n)), np.broadcast_to(count, (n, n))
    ratio, _, _, p = rate_ratio(other, own, each[None, :] / each[:, None])
    apart = np.where(np.isnan(p), 1.0, p) <= ALPHA / (n - 1)
    above = (apart & (ratio < 1)).sum(axis=1)
    below = (apart & (ratio > 1)).sum(axis=1)
    return 1 + above, n - below


def hotspot_reasons(plan: Draft, coverage: pd.DataFrame) -> pd.DataFrame:
    """Write for each hotspot why it is in the plan, how sure that is, and what would change it.

    Parameters
    ----------
    plan : Draft
        The plan before it is put in words.
    coverage : DataFrame
        Its visits per hotspot.

    Returns
    -------
    DataFrame
        Index hotspot, in the order given; see ``PatrolPlan.reasons``.
    """
    table = _facts(plan, coverage)
    rows = table.to_dict("records")
    beside = _beside(table)
    further = _further(table, coverage, plan)
    long, sure, change, other = [], [], [], []
    for key, row, visits, why, near, more, days in zip(
        table.index, rows, coverage["visits"], coverage["why_none"], beside, further,
        _trial(plan), strict=True
    ):  # fmt: skip
        long.append(_why_here(str(key), row, int(visits), str(why)) + days)
        sure.append(_how_sure(row, plan))
        change.append(_would_change(row, near, plan))
        other.append(more)
    for name, said in (("reason", long), ("how_sure", sure), ("would_change", change),
                       ("alternatives", other)):  # fmt: skip
        table[name] = pd.Series(said, index=table.index, dtype="str")
    table["cut_off"] = _cut_off(plan)
    table.index.name = "hotspot"
    return table


def _facts(plan: Draft, coverage: pd.DataFrame) -> pd.DataFrame:
    """Set the components of each need side by side."""
    hotspots, need = plan.hotspots, plan.need
    lpt = coverage["lpt"].astype("str")
    table = pd.DataFrame({
        "lpt": lpt, "rank": hotspots["rank"], "name": coverage["name"], "rank_in_lpt": 0, "of": 0,
        "rank_low": 0, "rank_high": 0,
        "incidents": need["incidents"].round().astype("int64"),
        "share_count": need["share_count"], "harm": need["harm"],
        "share_harm": need["share_harm"], "category": need["category"], "class_": need["class_"],
        "stability": hotspots["stability"] if "stability" in hotspots.columns else np.nan,
        "evidence_need": need["evidence_need"], "priority_points": need["priority_points"],
        "need": need["need"], "tier": need["tier"], "route": need["route"],
        "largest_place": need["largest_place"], "largest_share": need["largest_share"],
        "method": hotspots["method"].astype("str"),
        "period": [period(a, b) for a, b in
                   zip(hotspots["period_start"], hotspots["period_end"], strict=True)],
    }, index=hotspots.index)  # fmt: skip
    for name, by in (("rank_in_lpt", "need"), ("evidence_rank", "evidence_need")):
        # among equals by id, so that the order of rows decides nothing
        order = np.lexsort((table.index.astype(str), -table[by].round(12)))
        place = table.iloc[order].groupby("lpt").cumcount() + 1
        table[name] = place.reindex(table.index).astype("int64")
    table["of"] = table.groupby("lpt")["need"].transform("size").astype("int64")
    for _, rows in table.groupby("lpt"):
        low, high = rank_range(
            need.loc[rows.index, "expected"].to_numpy(), rows["evidence_need"].to_numpy()
        )
        table.loc[rows.index, "rank_low"], table.loc[rows.index, "rank_high"] = low, high
    table["sure"] = _verdicts(table)
    police = plan.demand.sensitivity[["police_incidents", "rank_without", "rank_with"]]
    return table.join([_peaks(plan), _priorities(plan), police])


def _verdicts(table: pd.DataFrame) -> pd.Series:
    """Call each hotspot's place firm, fair or thin."""
    wide = table["rank_high"] - table["rank_low"] + 1
    thin = (table["incidents"] < FEW) | (table["stability"] < UNSTABLE)
    firm = wide <= np.maximum(1, table["of"] / 3)
    return pd.Series(np.select([thin, firm], ["thin", "firm"], "fair"), table.index).astype("str")


def _why_here(key: str, row: dict[str, Any], visits: int, why_none: str) -> str:
    """Say the facts that give a hotspot its place."""
    where = f"{row['name']} ({key})" if row["name"] else key
    text = (
        f"{where} stands {ordinal(row['rank_in_lpt'])} of {row['of']} by need in {row['lpt']}: "
        f"{counted(row['incidents'], 'incident')}, {row['period']} "
        f"({percent(row['share_count'])} of those in all hotspots)"
    )
    if row["share_harm"] == row["share_harm"]:
        text += (f", {counted(round(row['harm']), 'day')} of harm "
                 f"({percent(row['share_harm'])})")  # fmt: skip
    if row["class_"]:
        text += f", {row['class_']}"
    text += f"; {percent(row['need'])} of all need, tier {row['tier']}."
    if row["priority"]:
        text += (f" Priorities give {percent(row['priority_points'] / row['need'])} of that need: "
                 f"{row['priority']}.")  # fmt: skip
    if row["route"] != "patrol":
        text += (
            f" {percent(row['largest_share'])} of its incidents are recorded at one place"
            + (f" ({row['largest_place']})" if row["largest_place"] else "")
            + ": it needs its problem solved there, not visits."
        )
    elif _at_premises(row):
        text += (
            f" Check: {percent(row['largest_share'])} of its incidents are recorded at premises "
            f"({row['largest_place']}); if that is so, their problem comes before patrol."
        )
    planned = f"{counted(visits, 'visit')} planned" if visits else f"No visit: {why_none}"
    return f"{text} {planned}. Method: {row['method']}."


def _at_premises(row: Mapping[Any, Any]) -> bool:
    """Tell whether most incidents share a snapped point that is named after premises."""
    if not row["largest_share"] >= SINGLE_SHARE or row["route"] != "patrol":
        return False
    many = row["incidents"] * row["largest_share"] >= SINGLE_FROM - 0.5
    return bool(many and plain_place(row["largest_place"]) in PREMISES)


def at_premises(reasons: pd.DataFrame) -> pd.DataFrame:
    """Return the patrolled hotspots most of whose incidents are recorded at premises."""
    rows = [_at_premises(row) for row in reasons.to_dict("records")]
    return reasons[np.array(rows, dtype=bool)]


def _how_sure(row: dict[str, Any], plan: Draft) -> str:
    """Say what the records bear: its place, its stability and its hours."""
    n, low, high = counted(row["incidents"], "incident"), row["rank_low"], row["rank_high"]
    if row["of"] == 1:
        said = f"{n}; it is the only hotspot of {row['lpt']}"
    elif low == high:
        said = f"with {n} it stands {ordinal(low)} of {row['of']} beyond chance (95%)"
    else:
        said = (
            f"with {n}, chance alone could put it anywhere from {ordinal(low)} to {ordinal(high)} "
            f"of {row['of']} (95%; wider where one incident brings others)"
        )
    said = f"{row['sure'].capitalize()}: {said}"
    if row["stability"] == row["stability"]:
        said += f"; stability {row['stability']:.2f} of 1"
    if row["share_harm"] == row["share_harm"]:
        said += "; harm per incident taken as recorded"
    return f"{said}. {_peak_sure(row, plan)}"


def _peak_sure(row: dict[str, Any], plan: Draft) -> str:
    if not row["peak"]:
        known = plan.demand.hours_known
        return "No window of the day stands out here." if known else "Its hours are not known."
    whose = {"own": "its own records", "own and LPT": "its own records and its LPT's",
             "LPT": "its LPT's records, as its own are too few"}  # fmt: skip
    days = f"; busier than its other days: {row['peak_days']}" if row["peak_days"] else ""
    return (
        f"{row['peak']} holds {percent(row['peak_share'])} of its incidents (95% interval "
        f"{percent(row['peak_low'])} to {percent(row['peak_high'])}), by {whose[row['peak_from']]}"
        f"{days}."
    )


def _trial(plan: Draft) -> list[str]:
    """Say how many days of the plan are trial days of each hotspot; blank outside a trial."""
    found = trial_days(plan.rules.trial, plan.need.index, plan.first, plan.days)
    shut = found.shut[:, : plan.days].sum(axis=1).tolist()
    said = []
    for days, others in zip(found.asked.sum(axis=1).tolist(), shut, strict=True):
        text = f" Trial: visits on {days} of {counted(plan.days, 'day')}"
        said.append(f"{text}{', not on the others' if others else ''}." if days else "")
    return said


def _beside(table: pd.DataFrame) -> list[tuple[float, float]]:
    """Return the need of the hotspots just above and just below each within its LPT."""
    ordered = table.sort_values(["lpt", "rank_in_lpt"])
    group = ordered.groupby("lpt")["need"]
    above, below = (group.shift(n).reindex(table.index) for n in (1, -1))
    return list(zip(above.astype("float64"), below.astype("float64"), strict=True))


def _would_change(row: dict[str, Any], beside: tuple[float, float], plan: Draft) -> str:
    """Say what would move its place, its priority, and its hours."""
    above, below = beside
    need, n = row["need"], row["incidents"]
    if need <= 0:
        return "Any incident recorded there."
    said = []
    # the part that rests on records goes with its incidents, each with its usual harm
    each = (need - row["priority_points"]) / n if n else 0.0
    if above == above and each:
        more = int((above - need) / each + 1e-9) + 1
        said.append(f"{counted(more, 'more incident')} like its own would lift it a place")
    if below == below and each:
        fewer = int((need - below) / each + 1e-9) + 1
        if fewer <= n and said:
            said.append(f"{fewer:,} fewer would drop it one")
        elif fewer <= n:
            said.append(f"{counted(fewer, 'fewer incident')} would drop it a place")
    text = [" and ".join(said)] if said else []
    if row["of"] == 1:
        text.append("it is the only one in its LPT")
    if row["priority"]:
        held = row["evidence_rank"]
        then = "keeps its place" if held == row["rank_in_lpt"] else f"is {ordinal(held)}"
        text.append(f"after {date_text(row['priority_until'])}, with no priority left, it {then}")
    if row["route"] != "patrol":
        text.append("with under half of its incidents at one place it would get visits")
    if row["police_incidents"] > 0 and row["rank_without"] != row["rank_with"]:
        text.append(
            f"its {counted(int(row['police_incidents']), 'police-generated record')} would make it "
            f"{ordinal(int(row['rank_with']))} instead of {ordinal(int(row['rank_without']))} of "
            "all hotspots"
        )
    if not row["peak"] and why_flat(plan):
        text.append("records with the time of day would give it hours")
    text.append("other officer-hours or bases would change its visits")
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in text)


def _further(table: pd.DataFrame, coverage: pd.DataFrame, plan: Draft) -> list[str]:
    """Set what one more visit a day would cover beside the best other use in the LPT."""
    decay, days = plan.rules.decay, plan.days
    total = table.groupby("lpt")["need"].transform("sum").to_numpy()
    patrolled = (table["route"] == "patrol").to_numpy() & plan.reached
    share = np.where(patrolled & (total > 0), table["need"] / np.where(total > 0, total, 1), 0.0)
    gain = share * decay ** (coverage["visits"].to_numpy() / days)
    # the first of the LPT among equals, by place
    order = np.lexsort((table["rank_in_lpt"], -gain.round(12)))
    best = table["lpt"].iloc[order].drop_duplicates()
    first = dict(zip(best, best.index, strict=True))
    there = dict(zip(best, gain[table.index.get_indexer(best.index)], strict=True))
    said = []
    for key, lpt, mine in zip(table.index, table["lpt"], gain, strict=True):
        text = f"One more visit a day here would cover {percent(mine)} more of its LPT's need"
        if mine == 0:
            said.append("")
        elif first[lpt] == key:
            said.append(f"{text}, more than anywhere else in {lpt}.")
        else:
            said.append(f"{text}; the best next use is {first[lpt]} ({percent(there[lpt])}).")
    return said


def _cut_off(plan: Draft) -> pd.Series:
    """Say to when the records reach, and how old that is when the plan begins."""
    end = plan.hotspots["period_end"]
    last = end.where(end != end.dt.normalize(), end - pd.Timedelta(days=1)).dt.normalize()
    said = []
    for day in last:
        age = (plan.first - day).days
        old = f", {counted(age, 'day')} before the plan begins" if age > 0 else ""
        said.append(f"Records to {date_text(day)}{old}.")
    return pd.Series(said, index=plan.hotspots.index, dtype="str")


def why_flat(plan: Draft) -> str:
    """Say why no hour of day is known; blank where it is."""
    return "" if plan.demand.hours_known else plan.demand.why_flat.rstrip(".")


def _peaks(plan: Draft) -> pd.DataFrame:
    """Return the busiest window of each hotspot, blank where none stands out."""
    found = plan.demand.peaks.reindex(plan.hotspots.index)
    known = found["from"] != "none"
    table = pd.DataFrame({
        "peak": found["peak"].astype(object).where(known, "").astype("str"),
        "peak_start": found["start_hour"].astype("float64").where(known),
        "peak_hours": found["hours"].astype("float64").where(known),
        "peak_days": found["days"].astype(object).where(known, "").astype("str"),
        "peak_from": found["from"].astype(object).where(known, "none").astype("str"),
    }, index=plan.hotspots.index)  # fmt: skip
    for name in ("share", "low", "high"):
        table[f"peak_{name}"] = found[name].astype("float64").where(known)
    return table


def priorities_at(plan: Draft) -> dict[str, list[dict[str, Any]]]:
    """Return the priorities that count at each hotspot, the weightiest first."""
    given = plan.demand.priorities
    counted_ = given[given["status"].isin(["applied", "capped"])]
    found: dict[str, list[dict[str, Any]]] = {}
    for row in counted_.sort_values("weight", ascending=False, kind="stable").to_dict("records"):
        named = {str(key): value for key, value in row.items()}
        for spot in filter(None, str(row["hotspots"]).split("; ")):
            found.setdefault(spot, []).append(named)
    return found


def _priorities(plan: Draft) -> pd.DataFrame:
    """Return what the priorities that reach each hotspot say, and the last day of the last."""
    found, index = priorities_at(plan), plan.hotspots.index
    said, until = [], []
    for key in index:
        rows = found.get(str(key), [])
        said.append("; ".join(
            f"{row['theme']} ({row['source']}, until {date_text(row['expiry'])})" for row in rows
        ))  # fmt: skip
        until.append(max((row["expiry"] for row in rows), default=pd.NaT))
    return pd.DataFrame({
        "priority": pd.Series(said, index=index, dtype="str"),
        "priority_until": pd.Series(until, index=index, dtype="datetime64[s]"),
    })  # fmt: skip
