"""What the demand says of itself, in plain English."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .words import counted

_SHOWN = 3  # hotspots named in a list; the tables hold them all


def demand_text(
    need: pd.DataFrame, peaks: pd.DataFrame, priorities: pd.DataFrame, sensitivity: pd.DataFrame,
    told: dict[str, Any],
) -> str:  # fmt: skip
    """Write the paragraph: where, when, on what it rests, what was added and left out."""
    if need.empty:
        return "No hotspots were given, so there is no need to plan for."
    lines = [_where(need), _when(peaks, told["why"])]
    lines += _priorities(priorities, need)
    lines += _single(need)
    lines.append(_basis(need, told))
    lines += _police(sensitivity, told)
    return "\n".join(line for line in lines if line)


def _named(need: pd.DataFrame, keys: Any) -> str:
    keys = list(keys)
    shown = [f"{need.loc[k, 'name']} ({k})" if need.loc[k, "name"] else str(k)
             for k in keys[:_SHOWN]]  # fmt: skip
    more = f" and {len(keys) - _SHOWN:,} more" if len(keys) > _SHOWN else ""
    return ", ".join(shown) + more


def _where(need: pd.DataFrame) -> str:
    ranked = need.sort_values("need", ascending=False, kind="stable")
    if not need["need"].sum():
        return f"No need in {counted(len(need), 'hotspot')}: they hold no incidents, or no harm."
    top = ranked.index[: min(_SHOWN, len(ranked))]
    half = int((ranked["need"].cumsum().round(9) < 0.5).sum()) + 1
    first = "; ".join(f"{_named(need, [k])} in {need.loc[k, 'lpt']}, {need.loc[k, 'need']:.0%}"
                      for k in top)  # fmt: skip
    holds = (
        f" {counted(half, 'hotspot')} of {len(need):,} hold{'s' if half == 1 else ''} half of it."
        if len(need) > 1 else ""
    )  # fmt: skip
    return f"Most need: {first}.{holds}"


def _when(peaks: pd.DataFrame, why: str) -> str:
    if why:
        return (
            f"No hour of day is known: {why}. Visits are spread over each shift at random instead."
        )
    known = peaks["from"] != "none"
    if not known.any():
        return (
            "Need differs by hour of the day, but no hotspot has four hours that hold more than "
            "their share beyond chance."
        )
    common = peaks.loc[known, "peak"].mode().iloc[0]
    alike = peaks.loc[known & (peaks["peak"] == common), "share"]
    own = int((peaks["from"] == "own").sum())
    alone = f"{own:,}" if own else "None"
    have = "has" if known.sum() == 1 else "have"
    return (
        f"{int(known.sum()):,} of {counted(len(peaks), 'hotspot')} {have} a peak of four hours "
        f"beyond chance, most often {common} ({len(alike):,}: {_range(alike)} of their incidents, "
        f"against 17% were all hours alike). {alone} by their own hours alone; the others borrow "
        "from their types of incident and their LPT, the fewer incidents they hold the more."
    )


def _range(share: pd.Series) -> str:
    low, high = f"{share.min():.0%}", f"{share.max():.0%}"
    return low if low == high else f"{low} to {high}"


def _priorities(priorities: pd.DataFrame, need: pd.DataFrame) -> list[str]:
    if priorities.empty:
        return []
    status = priorities["status"]
    counts = [f"{int((status == kind).sum()):,} {kind}"
              for kind in ("applied", "capped", "expired", "not yet", "no hotspot there")
              if (status == kind).any()]  # fmt: skip
    return [
        f"Community priorities: {', '.join(counts)}; they make up "
        f"{need['priority_points'].sum():.0%} of the need and move no hotspot out of tier A."
    ]


def _single(need: pd.DataFrame) -> list[str]:
    single = need[need["route"] == "problem solving"]
    if single.empty:
        return []
    first = single.sort_values("need", ascending=False, kind="stable")
    return [
        f"For problem solving at one location, not patrol: {_named(need, first.index)}; at the "
        f"first {first['largest_share'].iloc[0]:.0%} of the incidents are at "
        f"{first['largest_place'].iloc[0]}."
    ]


def _basis(need: pd.DataFrame, told: dict[str, Any]) -> str:
    harm = need["share_harm"].notna().any()
    parts = ["Need is counts and harm" if harm else "Need is counts alone (no harm beyond them)"]
    if (need["class_weight"] != 1).any():
        parts.append("weighed by class")
    said = ", ".join(parts)
    source = need["evidence_from"]
    if told["given"] is not None and (source == "incidents given").any():
        said += f"; counted from {told['given']:,} incidents before {told['on']:%Y-%m-%d}"
    else:
        said += "; counted as the hotspots table has it"
    kept = int((source == "hotspots table").sum())
    if told["given"] is not None and kept and (source == "incidents given").any():
        said += f", but {counted(kept, 'hotspot')} whose period they do not reach keep their own"
    if heat := int((source == "heat").sum()):
        said += f"; {counted(heat, 'hotspot')} without incidents by heat, at most one incident"
    if told["late"]:
        said += f"; {told['late']:,} from that day on left out"
    if told["shared"]:
        said += f"; hotspots overlap: {counted(told['shared'], 'incident')} in more than one"
    return f"{said}."


def _police(sensitivity: pd.DataFrame, told: dict[str, Any]) -> list[str]:
    if not told["police"]:
        return []
    kept = "counted" if told["include_police"] else "left out (include_police=True counts them)"
    said = f"{counted(told['police'], 'police-generated incident')} {kept}"
    n = len(sensitivity)
    if n < 2:
        return [f"{said}."]
    top = max(n // 4, 1)
    first = sensitivity["rank_without"] <= top
    others = int((first & (sensitivity["rank_with"] > top)).sum())
    moved = int((sensitivity["rank_without"] - sensitivity["rank_with"]).abs().max())
    if not moved:
        return [f"{said}: no rank would change with them."]
    first_few = f"{others:,} of the {top:,} with most need" if others else "none of the first"
    return [
        f"{said}: with them {first_few} would be another, and no rank moves by more than {moved:,}."
    ]
