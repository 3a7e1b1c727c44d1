"""The evaluation of a run: the places treated and compared, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts import InputError
from .config import RunConfig, nearest

if TYPE_CHECKING:
    import geopandas as gpd

    from ..impact import ImpactRules
    from .run import Steps

_IDS = ("hotspot", "place", "id", "name")


@dataclass(frozen=True)
class Study:
    """What an evaluation needs beside the incidents."""

    treated: gpd.GeoDataFrame
    control: gpd.GeoDataFrame | None
    rules: ImpactRules


def read_study(config: RunConfig, steps: Steps) -> Study | None:
    """Read the files of ``[impact]`` first of all, so that their faults cost no time.

    Parameters
    ----------
    config : RunConfig
    steps : Steps

    Returns
    -------
    Study or None
        None where no evaluation is asked for.

    Raises
    ------
    InputError
        Naming every fault of the files and the rules.
    """
    if config.impact is None:
        return None
    asked, faults, found = config.impact, list[str](), dict[str, Any]()
    with steps.step("study places") as said:
        for arm in ("treated", "control"):
            if asked[arm] is None:
                continue
            found[arm] = _polygons(asked[arm], config.data["crs"], faults)
            if found[arm] is not None:
                said.append(f"{len(found[arm])} {arm}")
        end = {} if asked["end"] is None else {"end": asked["end"]}
        rules = _rules({**asked["rules"], **end}, faults)
        if faults or rules is None:
            raise InputError(config.path.name, faults)
    return Study(found["treated"], found.get("control"), rules)


def _polygons(path: Path, crs: str, faults: list[str]) -> gpd.GeoDataFrame | None:
    """Read polygons and their ids from a GIS file."""
    import geopandas as gpd
    import pandas as pd

    try:
        frame = gpd.read_file(path)
    except (OSError, ValueError, RuntimeError) as error:
        faults.append(f"{path.name} cannot be read as a GIS file ({error}).")
        return None
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        faults.append(f"{path.name} holds no shapes with a CRS; give polygons of the places.")
        return None
    named = next((c for c in _IDS if c in frame.columns and frame[c].is_unique), None)
    ids = [str(n + 1) for n in range(len(frame))] if named is None else frame[named].astype(str)
    frame.index = pd.Index(list(ids), name="hotspot", dtype="str")
    return frame.drop(columns=[c for c in ("hotspot",) if c in frame.columns]).to_crs(crs)


def _rules(asked: dict[str, Any], faults: list[str]) -> ImpactRules | None:
    from ..impact import ImpactRules

    known = list(ImpactRules.__dataclass_fields__)
    unknown = [name for name in asked if name not in known]
    faults += [f"[impact.rules] {name} is unknown{nearest(name, known)}" for name in unknown]
    given: dict[str, Any] = {n: tuple(v) if n == "chosen" and isinstance(v, list) else v
             for n, v in asked.items() if n in known}  # fmt: skip
    try:
        return ImpactRules(**given)
    except InputError as error:
        faults += [f"[impact.rules] {fault}" for fault in error.faults]
    return None


def judged(study: Study, incidents: gpd.GeoDataFrame, config: RunConfig, steps: Steps) -> Any:
    """Estimate what became of the treated places.

    Parameters
    ----------
    study : Study
    incidents : GeoDataFrame
    config : RunConfig
        With ``[impact]``.
    steps : Steps

    Returns
    -------
    Impact
    """
    from ..impact import estimate_impact

    asked: dict[str, Any] = config.impact or {}
    with steps.step("impact") as said:
        found = estimate_impact(
            incidents, treated=study.treated, control=study.control, start=asked["start"],
            rules=study.rules,
        )  # fmt: skip
        said.append(found.text.splitlines()[0])
    return found
