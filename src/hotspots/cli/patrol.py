"""The patrol plan of a run: who is on duty, the need by hour, the plan and what it hands out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts import InputError
from .config import RunConfig, nearest

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from ..patrols import PatrolRules
    from .run import Steps


_TABLES = ("tasks", "roads", "trial")  # rules that are files of their own


@dataclass(frozen=True)
class Staff:
    """What a plan needs beside hotspots: who is on duty, by which rules, asked for what."""

    shifts: pd.DataFrame
    units: pd.DataFrame
    priorities: pd.DataFrame | None
    rules: PatrolRules
    seed: int | str


def read_staff(config: RunConfig, steps: Steps) -> Staff | None:
    """Read the files of ``[patrols]`` first of all, so that their faults cost no time."""
    from ..patrols import read_priorities, read_roads, read_shifts, read_tasks, read_units
    from ..patrols.trial import read_trial

    if config.patrols is None:
        return None
    asked, faults, found = config.patrols, list[str](), dict[str, Any]()
    readers: dict[str, Any] = {
        "shifts": read_shifts, "units": read_units, "tasks": read_tasks,
        "priorities": read_priorities, "roads": read_roads, "trial": read_trial,
    }  # fmt: skip
    with steps.step("shifts, units") as said:
        for name, read in readers.items():
            if asked[name] is None:
                continue
            try:
                found[name] = read(asked[name])
            except InputError as error:
                faults += [f"{error.what}: {fault}" for fault in error.faults]
            else:
                said.append(name if name in ("roads", "trial") else f"{len(found[name])} {name}")
        seed = _seed(asked, faults)
        rules = _rules(asked["rules"], found, faults)
        if faults or rules is None:
            raise InputError(config.path.name, faults)
    return Staff(found["shifts"], found["units"], found.get("priorities"), rules, seed)


def _rules(asked: dict[str, Any], found: dict[str, Any], faults: list[str]) -> PatrolRules | None:
    from ..patrols import PatrolRules

    known = [n for n in PatrolRules.__dataclass_fields__ if n not in _TABLES]
    unknown = [name for name in asked if name not in known]
    faults += [f"[patrols.rules] {name} is unknown{nearest(name, known)}" for name in unknown]
    own = {name: found[name] for name in _TABLES if name in found}
    try:
        return PatrolRules(**{n: v for n, v in asked.items() if n in known}, **own)
    except InputError as error:
        faults += [f"[patrols.rules] {fault}" for fault in error.faults]
    return None


def _seed(asked: dict[str, Any], faults: list[str]) -> int | str:
    """Return the seed, from its own file where one is named, so that it stands in no other."""
    from ..chance.seeds import SHORT

    seed: int | str = asked["seed"]
    if asked["secret_file"] is None:
        return seed
    try:
        secret = str(asked["secret_file"].read_text(encoding="utf-8-sig")).strip()
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"[patrols] secret_file cannot be read as text ({error}).")
        return 0
    if len(secret) < SHORT:
        faults.append(
            f"[patrols] secret_file holds {len(secret)} characters; a secret under {SHORT} can be "
            "guessed: put a long random text in it."
        )
    return secret


def known_lpts(staff: Staff, lpts: gpd.GeoDataFrame, config: RunConfig) -> None:
    """Refuse units of LPTs nobody has drawn, before the long work begins."""
    strangers = sorted(set(staff.units["lpt"].astype(str)) - set(lpts.index.astype(str)))
    if strangers and config.patrols is not None:
        raise InputError(
            Path(config.patrols["units"]).name,
            [f"LPT {', '.join(strangers)} is not among {', '.join(map(str, lpts.index))}."],
        )


def planned(
    spots: gpd.GeoDataFrame, subject: gpd.GeoDataFrame, lpts: gpd.GeoDataFrame, staff: Staff,
    config: RunConfig, steps: Steps,
) -> list[Any]:  # fmt: skip
    """Return the demand, the plan and how it is shared out."""
    from ..patrols import patrol_demand, patrol_fairness, plan_patrols

    asked: dict[str, Any] = config.patrols or {}
    with steps.step("patrol demand") as said:
        demand = patrol_demand(
            spots, subject, lpts=lpts, priorities=staff.priorities, rules=staff.rules,
            on=asked["start"], include_police=config.hotspots["include_police"],
        )  # fmt: skip
        said.append("by hour" if demand.hours_known else "spread over the day")
    with steps.step("patrol plan") as said:
        plan = plan_patrols(
            demand, lpts=lpts, shifts=staff.shifts, units=staff.units, start=asked["start"],
            days=asked["days"], rules=staff.rules, seed=staff.seed,
        )  # fmt: skip
        said.append(f"{len(plan.visits):,} visits in {asked['days']} days")
    return [demand, plan, patrol_fairness(plan, lpts=lpts)]


def hand_out(folder: Path, plan: Any, config: RunConfig, steps: Steps) -> None:
    """Write the plan to change by hand, the briefing cards and the files for handhelds."""
    from ..patrols import write_plan
    from ..report import export_routes, write_cards

    asked: dict[str, Any] = config.patrols or {}
    with steps.step("plan to edit"):
        write_plan(folder / "patrol-plan.csv", plan)
    if asked["cards"]:
        with steps.step("briefing cards"):
            write_cards(folder / "cards", plan)
    if asked["routes"]:
        with steps.step("routes"):
            export_routes(folder / "routes", plan)
