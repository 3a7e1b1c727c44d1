"""The parts of a weighted displacement difference: estimates, their laws, ratios and spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

SIGNS = {"treated": 1.0, "control": -1.0, "displacement": 1.0, "displacement_control": -1.0}

FEW = 20
"""Incidents under which no percentage is told."""

_RATIO_COLUMNS = ("measure", "errors", "value", "low", "high", "z", "p", "words")


def dispersion_before(counts: Floats) -> tuple[float, int]:
    r"""Learn from periods before the start how much more than chance counts vary.

    Parameters
    ----------
    counts : ndarray, shape (areas, periods)
        NaN where a period is not known.

    Returns
    -------
    phi : float
        :math:`\hat\phi = \chi^2 / \nu` of areas and periods with an effect of each, at least 1.
    df : int
        :math:`\nu`.

    Examples
    --------
    >>> dispersion_before(np.array([[10.0, 14, 6, 10] * 3, [30.0, 34, 26, 30] * 3]))[1]
    11
    """
    y = np.asarray(counts, dtype=float)
    known = np.isfinite(y)
    known[:, known.sum(axis=0) < 2] = False  # one area alone tells nothing of a period
    safe = np.where(known, y, 0.0)
    mean = known * 1.0
    for _ in range(200):  # proportional fitting; at once where nothing is missing
        for axis in (0, 1):
            margin = mean.sum(axis=axis, keepdims=True)
            mean = mean * np.divide(safe.sum(axis=axis, keepdims=True), margin,
                                    out=np.zeros_like(margin), where=margin > 0)  # fmt: skip
        if np.allclose(mean.sum(axis=0), safe.sum(axis=0), rtol=1e-10, atol=1e-10):
            break
    df = int(known.sum() - known.any(axis=1).sum() - known.any(axis=0).sum() + 1)
    some = mean > 0
    chi = float(((safe - mean)[some] ** 2 / mean[some]).sum())
    return max(chi / max(df, 1), 1.0), max(df, 1)


def effect_rows(
    counts: pd.DataFrame, spread: tuple[float, int] | None, level: float
) -> pd.DataFrame:
    """Set the parts below one another, each with both kinds of errors."""
    sign = counts["area"].map(SIGNS).to_numpy(dtype=float)
    after, before = (
        (counts[when] / counts[f"weight_{when}"]).to_numpy() for when in ("after", "before")
    )
    squared = counts["after"] / counts["weight_after"] ** 2
    variance = (squared + counts["before"] / counts["weight_before"] ** 2).to_numpy()
    local = counts["area"].isin(["treated", "control"]).to_numpy()
    parts = {"local": local}
    if not local.all():
        parts |= {"displacement": ~local, "total": np.ones(len(local), dtype=bool)}
    rows = []
    for part, mask in parts.items():
        estimate = float((sign * (after - before))[mask].sum())
        se = float(np.sqrt(variance[mask].sum()))
        rows.append(
            {"part": part, "errors": "Poisson", **estimate_row(estimate, se, np.inf, level)}
        )
        if spread is not None:
            wider = estimate_row(estimate, se * np.sqrt(spread[0]), spread[1], level)
            rows.append({"part": part, "errors": "dispersion-adjusted", **wider})
    return pd.DataFrame(rows).astype({"part": "str", "errors": "str"})


def estimate_row(estimate: float, se: float, df: float, level: float) -> dict[str, float]:
    """Interval and p of an estimate on so many degrees of freedom."""
    if se == 0:
        return {"estimate": estimate, "low": np.nan, "high": np.nan, "se": 0.0, "z": np.nan,
                "df": float(df), "p": np.nan}  # fmt: skip
    wide, p = quantile(df, level) * se, float(two_sided(np.array(estimate / se), df))
    return {"estimate": estimate, "low": estimate - wide, "high": estimate + wide, "se": se,
            "z": estimate / se, "df": float(df), "p": p}  # fmt: skip


def quantile(df: ArrayLike, level: float) -> Any:
    """Two-sided quantile of Student's t, or of the normal law where df is infinite."""
    from scipy.special import ndtri, stdtrit

    at, free = (1 + level) / 2, np.asarray(df, dtype=float)
    normal = np.isinf(free)
    found = np.where(normal, ndtri(at), stdtrit(np.where(normal, 1.0, free), at))
    return found if found.ndim else float(found)


def two_sided(z: Floats, df: ArrayLike) -> Floats:
    """Two-sided p of a statistic on so many degrees of freedom."""
    from scipy.special import ndtr, stdtr

    df = np.asarray(df, dtype=float)
    far = -np.abs(z)
    normal = np.isinf(df)
    p: Floats = 2 * np.where(normal, ndtr(far), stdtr(np.where(normal, 1.0, df), far))
    return p


def ratio_rows(
    pairs: Mapping[str, tuple[float, float]], spread: tuple[float, int] | None, level: float
) -> pd.DataFrame:
    """Return the rate ratio and the displacement quotient, each with how to read it."""
    (t0, t1), (c0, c1) = pairs["treated"], pairs["control"]
    rows: list[dict[str, Any]] = []
    some = min(t0, t1, c0, c1) > 0
    kinds = [("Poisson", 1.0, np.inf)]
    kinds += [] if spread is None else [("dispersion-adjusted", *spread)]
    for errors, phi, df in kinds:
        row: dict[str, Any] = dict.fromkeys(("value", "low", "high", "z", "p"), np.nan)
        row |= {"measure": "rate ratio", "errors": errors, "words": "Not to be had: a count is 0."}
        if some:
            log = estimate_row(float(np.log((t1 / t0) / (c1 / c0))),
                          float(np.sqrt(phi * (1 / t0 + 1 / t1 + 1 / c0 + 1 / c1))), df,
                          level)  # fmt: skip
            row |= {"value": np.exp(log["estimate"]), "low": np.exp(log["low"]),
                    "high": np.exp(log["high"]), "z": log["z"], "p": log["p"],
                    "words": "Change of the treated areas over that of the others."}  # fmt: skip
            if min(t0, t1, c0, c1) < FEW:
                row["words"] += f" A count is under {FEW}: do not quote it as a percentage."
        rows.append(row)
    if "displacement" in pairs:
        rows.append(_wdq(pairs))
    text = {"measure": "str", "errors": "str", "words": "str"}
    return pd.DataFrame(rows, columns=[*_RATIO_COLUMNS]).astype(text)


def _wdq(pairs: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Return the weighted displacement quotient, and whether it may be read."""
    (t0, t1), (c0, c1), (d0, d1) = (pairs[n] for n in ("treated", "control", "displacement"))
    row = {"measure": "WDQ", "errors": "none", "value": np.nan, "low": np.nan, "high": np.nan,
           "z": np.nan, "p": np.nan}  # fmt: skip
    if min(c0, c1) == 0 or t1 / c1 == t0 / c0:
        return row | {"words": "Not to be had: the comparison areas have none, or the treated "
                      "areas changed just as they did."}  # fmt: skip
    local, around = t1 / c1 - t0 / c0, d1 / c1 - d0 / c0
    row["value"] = around / local
    if local > 0:
        return row | {"words": "Not to be read: the treated areas did worse than the comparison "
                      "areas, so there is no gain to be displaced."}  # fmt: skip
    if around == 0:
        said = "No change in the areas around."
    elif around < 0:
        said = ("Diffusion of the benefit: the areas around gained too"
                + (", more than the treated areas." if around < local else "."))  # fmt: skip
    else:
        said = ("Displacement: the areas around lost what the treated areas gained and more."
                if around > -local else
                "Displacement: the areas around lost part of what the treated gained.")  # fmt: skip
    return row | {"words": f"{said} It has no measure of chance: read the difference first."}


def contrasts(
    early: NDArray[np.bool_], late: NDArray[np.bool_], days: Floats, season: int
) -> tuple[Floats, bool]:
    """Set each period after the start against those before: of its season, where all have some.

    Returns a row per period after, with 1 for it and minus the share of each before it; and
    whether seasons are matched.
    """
    at, before = np.flatnonzero(late), np.flatnonzero(early)
    same = np.ones((len(at), len(before)), dtype=bool)
    matched = False
    if season > 1:
        alike = (at[:, None] - before) % season == 0
        matched = bool(alike.any(axis=1).all())
        same = alike if matched else same
    found = np.zeros((len(at), len(early)))
    # by the days of all periods alike, so that a longer period counts for more
    total = (same * days[before]).sum(axis=1, keepdims=True)
    found[:, before] = same * -(days[at][:, None] / total)
    found[np.arange(len(at)), at] = 1.0
    return found, matched
