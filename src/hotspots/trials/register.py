"""The register of trials: what was drawn, noted before anybody was told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .design import TrialDesign


def digest_of(design: TrialDesign) -> str:
    """Work out the digest of a design anew from its sites, calendar, rules and nonce.

    Parameters
    ----------
    design : TrialDesign

    Returns
    -------
    str
        SHA-256 as 64 hexadecimal digits; differs from ``design.digest`` where a table was changed.

    Examples
    --------
    >>> from hotspots.trials.example import example_trial
    >>> trial = example_trial()
    >>> digest_of(trial) == trial.digest
    True
    """
    import shapely

    sites = design.sites.sort_index()
    calendar = design.calendar.sort_values(["hotspot", "date"])
    told: dict[str, Any] = {
        "design": design.design, "start": f"{design.start:%Y-%m-%d}",
        "end": f"{design.end:%Y-%m-%d}", "rules": asdict(design.rules), "seed": design.seed,
        "sites": sites[["cluster", "block", "arm"]].reset_index().astype(str).to_numpy().tolist(),
        "shapes": [
            np.rint(shapely.get_coordinates(shape) * 1000).astype(np.int64).tolist()
            for shape in sites.geometry
        ],
        "calendar": [
            f"{spot} {day:%Y-%m-%d} {phase}" for spot, day, phase in
            zip(calendar["hotspot"], calendar["date"], calendar["phase"], strict=True)
        ],
    }  # fmt: skip
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(f"{design.nonce}\n{text}".encode()).hexdigest()
