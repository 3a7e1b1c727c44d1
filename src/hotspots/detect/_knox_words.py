"""What is said of near repeat: the answer first, then what to do, and what it does not prove."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ._chains import Events

FEW = 50
"""Events under which the test can hardly find a pattern that is there."""

LEVEL, RAISED = 0.05, 1.2
"""A band is flagged when its p-value is under the one and its ratio at least the other."""


@dataclass(frozen=True)
class Told:
    """What the words need beside the tables."""

    events: Events
    within: str | None
    found: tuple[float, float]  # how far and long risk is raised; NaN where there is no pattern
    given: bool
    n_sim: int


def words(
    told: Told, cells: pd.DataFrame, near: pd.DataFrame, chains: pd.DataFrame,
    reach: tuple[float, float],
) -> str:  # fmt: skip
    """Say the answer first, then who follows whom, what to do, and what it does not prove."""
    said = [_answer(told, cells)]
    metres, days = reach
    found = bool(np.isfinite(told.found[0]))
    if told.given:
        said.append(
            f"Chains were drawn as asked: less than {metres:g} m and less than {days:g} days apart."
        )
    events = near[near["role"] != "same event"]
    if np.isfinite(metres):
        share = events["role"].value_counts(normalize=True)
        longest = int(chains["incidents"].max()) if len(chains) else 0
        said.append(
            f"Of {len(events):,} events {share.get('near repeat', 0):.0%} come after another "
            f"{_place(metres)} and less than {days:g} days earlier, "
            f"{share.get('originator', 0):.0%} are the first of such a chain or branch and "
            f"{share.get('isolated', 0):.0%} stand alone; {len(chains):,} chains, the longest of "
            f"{longest:,}."
        )
    if found:
        last = events["date"].max()
        open_ = int((events["notice_until"] >= last).sum())
        said.append(
            f"Notice: for {days:g} days from an incident, visit and warn "
            f"{'there' if metres <= 1 else f'within {metres:g} m of it'}; on the last day of the "
            f"records ({last:%d %B %Y}) {open_:,} such notices run (notice_until in near_repeats)."
        )
    how = f"{told.n_sim:,} permutations of the dates" if told.n_sim else "a Poisson approximation"
    inside = f" inside each {told.within}" if told.within else ""
    said.append(
        f"Chance was judged by {how}{inside}."
        + (
            " This shows that incidents follow each other, not who did them or why, and not that "
            "a visit prevents the next."
            if found
            else " It does not prove that there is none: few incidents show little."
        )
    )
    if len(events) < FEW:
        said.append(
            f"{len(events):,} events are very few: under {FEW}, a pattern that is there will "
            "hardly show."
        )
    if found and told.within is None:
        said.append(
            "Recording that grew in one area and not in another looks the same: see whether it "
            "stays with within='quarter'."
        )
    if len(told.events.kinds) > 1:
        said.append(
            f"{len(told.events.kinds)} categories were taken together; near repeat is a matter of "
            "one kind of crime."
        )
    if told.events.tied:
        said.append("Many points are shared: same place may mean the same street corner or block.")
    left = [f"{n:,} {why}" for why, n in told.events.left.items() if n]
    if left:
        said.append(f"Left out: {'; '.join(left)}.")
    if same := len(told.events.same):
        said.append(f"{same:,} at the place and time of another count with it as one event.")
    return " ".join(said)


def _answer(told: Told, cells: pd.DataFrame) -> str:
    metres, days = told.found
    subject = told.events.kinds[0] if len(told.events.kinds) == 1 else "incident"
    closed = cells["q_value"].notna()
    flagged = int(cells["flag"].sum())
    if not np.isfinite(metres):
        some = (
            f" {flagged} of {int(closed.sum())} bands are flagged on their own, but none in the "
            "first days holds after correcting for so many bands: take that for chance."
            if flagged else ""
        )  # fmt: skip
        if told.n_sim and closed.sum() / (1 + told.n_sim) > LEVEL:
            some += (
                f" {told.n_sim:,} permutations are too few to tell one band from "
                f"{int(closed.sum())}: use n_sim=999."
            )
        return (
            f"No near-repeat pattern: after an incident ({subject}) others nearby are not clearly "
            f"sooner than chance would bring them.{some}"
            + ("" if told.given else " So no chains are drawn; chain=(400, 14) draws them anyway.")
        )
    block = cells[closed & (cells["space_to_m"] <= metres) & (cells["time_to_days"] <= days)]
    seen, likely = int(block["observed"].sum()), float(block["expected"].sum())
    nearest, soonest = cells["space_from_m"].min(), cells["time_from_days"].min()
    where = f"{nearest:g} to {metres:g} m away" if nearest else _place(metres)
    when = f"{soonest:g} to {days:g}" if soonest else f"{days:g}"
    return (
        f"After an incident ({subject}), others {where} are {seen / likely:.1f} times as "
        f"frequent as expected for {when} days ({seen:,} pairs against {likely:,.1f} expected)."
    )


def _place(metres: float) -> str:
    return "at the same place" if metres <= 1 else f"less than {metres:g} m away"
