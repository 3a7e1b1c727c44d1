"""Areas side by side: counts over what was expected of each, within exact limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..chance.exact import poisson_interval
from ..chance.predictive import Predictive
from ..contracts import InputError, Result

Floats = NDArray[np.float64]

MODES = ("multiplicative", "additive", "none")
"""How counts vary beyond chance: by a factor, by differences between areas, not at all."""

FEWEST = 5
"""Areas from which spread beyond chance can be estimated."""

_TENTH = 0.1
_CUT_MEAN = 0.678567  # mean square of a standard normal whose outer tenths are drawn in


@dataclass(frozen=True, repr=False)
class FunnelChart(Result):
    """Areas against their expectation, as :func:`funnel_chart` gives them.

    Attributes
    ----------
    areas : DataFrame
        One row per area, index as given: ``observed``, ``expected``, ``ratio`` (observed over
        expected) with ``low`` and ``high`` (exact 95% interval by Poisson), ``low95``,
        ``high95``, ``low998`` and ``high998`` (counts within the limits), ``p_value`` (two-sided,
        allowing for the spread) and ``verdict``.
    limits : DataFrame
        The limits as ratios along a range of ``expected``, for the picture.
    spread : float
        Variance over that of chance (multiplicative), or variance between areas as a share
        squared (additive).
    said : str
        The paragraph that ``text`` returns.
    """

    areas: pd.DataFrame
    limits: pd.DataFrame
    spread: float
    said: str

    @property
    def text(self) -> str:
        """Which areas stand out, beside how many chance would make stand out."""
        return self.said


def funnel_chart(
    observed: ArrayLike | pd.Series, expected: ArrayLike | pd.Series,
    overdispersion: str = "multiplicative",
) -> FunnelChart:  # fmt: skip
    r"""Compare areas of different size fairly: which differ by more than chance.

    Parameters
    ----------
    observed : array_like or Series
        Counts; the index of a Series names the areas.
    expected : array_like or Series
        Count expected of each, above 0: its residents times the overall rate, or its own past.
    overdispersion : {"multiplicative", "additive", "none"}
        Real areas differ by more than chance, so without it nearly all big ones stand out.
        "multiplicative" widens all limits by a factor; "additive" takes areas to differ by a
        share of their expectation, which widens those of big areas most. From under 5 areas
        neither can be estimated.

    Returns
    -------
    FunnelChart

    Raises
    ------
    InputError
        For counts under 0, expectations not above 0 or an unknown choice.

    Notes
    -----
    Limits are quantiles .025 and .975 (95%), .001 and .999 (99.8%) of a Poisson law with mean
    :math:`E`, or of a negative binomial with variance :math:`\phi E` or :math:`E + \tau^2 E^2`.
    With :math:`z = 2(\sqrt{O} - \sqrt{E})`, the outer tenth on each side drawn in to the next
    (winsorised, so that true outliers do not widen their own limits), :math:`\hat\phi` is the
    mean of :math:`z^2` over .679, its value under pure chance, and at least 1. Of :math:`I`
    areas, :math:`\hat\tau^2 = (I \hat\phi - (I - 1)) / (\sum w - \sum w^2 / \sum w)` with
    :math:`w = E`. Spiegelhalter leaves out the .679, and so understates the spread.

    A funnel says that an area differs, not why, and not that it does badly.

    References
    ----------
    Spiegelhalter D. J. (2005) Funnel plots for comparing institutional performance. *Statistics
    in Medicine* 24, 1185–1202.

    Examples
    --------
    >>> chart = funnel_chart([30, 18], [20, 20])
    >>> chart.areas.iloc[0][["ratio", "low", "high"]].astype(float).round(3).tolist()
    [1.5, 1.012, 2.141]
    >>> chart.areas.iloc[0][["low95", "high95", "low998", "high998"]].astype(int).tolist()
    [12, 29, 8, 35]
    """
    seen, mean, index = _check(observed, expected, overdispersion)
    mode, phi, tau = overdispersion, 1.0, 0.0
    told = []
    if mode != "none" and len(seen) < FEWEST:
        told.append(f"From under {FEWEST} areas the spread between areas cannot be estimated: "
                    "limits are those of chance alone.")  # fmt: skip
        mode = "none"
    if mode != "none":
        phi, tau = _spread(seen, mean)
    size = np.geomspace(max(0.5, mean.min() / 1.5), mean.max() * 1.3, 200)
    law = _law(mean, mode, phi, tau)
    curve = _law(size, mode, phi, tau)
    quantiles = {"low998": 0.001, "low95": 0.025, "high95": 0.975, "high998": 0.999}
    limits = pd.DataFrame({"expected": size})
    areas = pd.DataFrame({"observed": seen, "expected": mean, "ratio": seen / mean}, index=index)
    low, high = poisson_interval(seen)
    areas["low"], areas["high"] = low / mean, high / mean
    for name, q in quantiles.items():
        areas[name] = law.ppf(q)
        limits[name] = curve.ppf(q) / size
    tail = np.minimum(law.cdf(seen), law.sf(seen))
    areas["p_value"] = np.minimum(2 * tail, 1.0)
    o = areas["observed"]
    areas["verdict"] = pd.array(np.select(
        [o > areas["high998"], o < areas["low998"], o > areas["high95"], o < areas["low95"]],
        ["far above", "far below", "above", "below"], "within the limits",
    ).astype(object), dtype="str")  # fmt: skip
    law_words = _law_words(mode, phi, tau)
    said = "\n".join([_said(areas, law), *told, law_words,
                      "A funnel says that areas differ, not why."])  # fmt: skip
    return FunnelChart(areas, limits, phi if mode != "additive" else tau, said)


def _check(observed: Any, expected: Any, mode: Any) -> tuple[Floats, Floats, pd.Index]:
    faults = []
    index = observed.index if isinstance(observed, pd.Series) else None
    if index is not None and isinstance(expected, pd.Series):
        if not index.is_unique or set(index) != set(expected.index):
            faults.append("observed and expected name different areas; give the same index.")
        else:
            expected = expected.reindex(index)
    arrays = []
    for name, value in (("observed", observed), ("expected", expected)):
        try:
            arrays.append(np.asarray(value, dtype=float))
        except (TypeError, ValueError):
            faults.append(f"{name} must be numbers, one for each area.")
    if len(arrays) == 2:
        o, e = arrays
        if o.ndim != 1 or o.shape != e.shape or len(o) == 0:
            faults.append(
                f"observed and expected have shapes {o.shape} and {e.shape}; give one number of "
                "each for every area."
            )
        else:
            if not ((o >= 0) & np.isfinite(o)).all():
                faults.append("observed must be counts, at least 0 and none missing.")
            elif (o % 1 != 0).any():
                faults.append(f"observed holds {o[o % 1 != 0][0]:g}; counts are whole numbers.")
            if not ((e > 0) & np.isfinite(e)).all():
                faults.append("expected must be above 0 and none missing.")
    if mode not in MODES:
        faults.append(f"overdispersion is {mode!r}; it takes {', '.join(map(repr, MODES))}.")
    if faults:
        raise InputError("funnel_chart", faults)
    return o, e, index if index is not None else pd.RangeIndex(len(o), name="area")


def _spread(seen: Floats, mean: Floats) -> tuple[float, float]:
    """Variance over chance, and variance between areas, outliers drawn in."""
    z = 2 * (np.sqrt(seen) - np.sqrt(mean))
    low, high = np.quantile(z, [_TENTH, 1 - _TENTH])
    phi = float((np.clip(z, low, high) ** 2).mean()) / _CUT_MEAN
    n, weight = len(z), mean.sum()
    between = (n * phi - (n - 1)) / (weight - (mean**2).sum() / weight)
    return max(1.0, phi), max(0.0, float(between))


def _law(mean: Floats, mode: str, phi: float, tau: float) -> Predictive:
    variance = {
        "none": mean, "multiplicative": phi * mean, "additive": mean + tau * mean**2
    }[mode]  # fmt: skip
    return Predictive(mean, variance[None], np.ones(1))


def _law_words(mode: str, phi: float, tau: float) -> str:
    if mode == "multiplicative" and phi > 1:
        return (f"Areas spread {np.sqrt(phi):.1f} times as wide as chance alone would spread them; "
                "the limits allow for it.")  # fmt: skip
    if mode == "additive" and tau > 0:
        return (f"Beyond chance, areas differ by about {np.sqrt(tau):.0%} of their expectation "
                "(standard deviation); the limits allow for it.")  # fmt: skip
    return "The limits are those of chance alone."


def _few(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def _said(areas: pd.DataFrame, law: Predictive) -> str:
    n = len(areas)
    far = areas[areas["verdict"].isin(["far above", "far below"])]
    near = areas[areas["verdict"].isin(["above", "below"])]
    outer = float((law.sf(law.ppf(0.999) + 1) + law.cdf(law.ppf(0.001) - 1)).sum())
    inner = float((law.sf(law.ppf(0.975) + 1) + law.cdf(law.ppf(0.025) - 1)).sum()) - outer
    many = f"{n:,} area{'' if n == 1 else 's'}"
    said = [
        f"Of {many}, {len(far) or 'none'} outside the 99.8% limits ({outer:.2f} by chance) and "
        f"{len(near) or 'none'} more outside the 95% limits ({inner:.1f} by chance)."
    ]
    for rows in (far, near):
        order = rows["p_value"].sort_values(kind="stable").index[:6]
        for name, row in rows.loc[order].iterrows():
            said.append(
                f"- {name}: {row['observed']:,.0f}, {row['verdict']} the {_few(row['expected'])} "
                f"expected ({row['ratio']:.2f} times, 95% interval {row['low']:.2f} to "
                f"{row['high']:.2f})."
            )
        if len(rows) > 6:
            said.append(f"... and {len(rows) - 6:,} more in the table areas.")
    return "\n".join(said)
