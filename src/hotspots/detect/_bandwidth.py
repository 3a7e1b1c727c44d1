"""Bandwidth: rules that choose it from the incidents, and adapt it to each of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..contracts import InputError, recorded_months
from ._kernels import KERNELS, Kernel
from ._near import near_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KTH = 10
"""Which neighbouring place the rule "knn" measures to."""

CANDIDATES = (100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0)
"""Bandwidths in metres that "predictive" chooses among."""

MONTHS = 6
"""Months that "predictive" holds out, the last ones."""

FLOOR = 0.01
"""Share of the even density that "predictive" mixes in, so that no incident is impossible."""

CENTRES = 5_000
"""Places at most around which "diggle" counts, and that "predictive" holds out of a month."""

DISC_M = 700.0
"""Largest disc radius that "diggle" considers; 990 m of the quartic."""

NARROWEST, WIDEST = 0.5, 2.0
"""Limits of adaptive bandwidths, times the bandwidth itself (methods of Abramson's kind)."""


RULES = ("knn", "scott", "diggle", "predictive")
"""Rules by name."""


class Places(NamedTuple):
    """What the rules learn from: distinct places, and which incident lies where and when."""

    xy: Floats
    incidents: Ints
    place: NDArray[np.intp]
    month: NDArray[np.datetime64]
    recorded: pd.DataFrame  # of all incidents given, as recorded_months tells


class Choice(NamedTuple):
    """A bandwidth in metres, how it was found, and the score of each candidate, if scored."""

    bandwidth: float
    told: str
    scores: pd.Series | None = None


def choose_bandwidth(rule: str, places: Places, kernel: str, narrowest: float) -> Choice:
    """Choose a bandwidth by a rule.

    Parameters
    ----------
    rule : {"knn", "scott", "diggle", "predictive"}
    places : Places
    kernel : str
        Name of the kernel it is for.
    narrowest : float
        Metres under which the records bear no bandwidth: no candidate is narrower.

    Returns
    -------
    Choice

    Raises
    ------
    InputError
        When there are too few places, or too few months, for the rule.
    """
    least = KTH + 1 if rule == "knn" else 2
    if len(places.xy) < least:
        raise InputError(
            "KDE",
            [
                f"bandwidth={rule!r} needs incidents at {least} distinct places or more, and these "
                f"are at {len(places.xy):,}; give metres: try bandwidth=300."
            ],
        )
    shape = KERNELS[kernel]
    if rule == "predictive":
        return _predictive(places, shape, [c for c in CANDIDATES if c >= narrowest])
    return {"knn": _knn, "scott": _scott, "diggle": _diggle}[rule](places, shape)


def _knn(places: Places, kernel: Kernel) -> Choice:  # noqa: ARG001
    r""":math:`h = \frac{1}{m} \sum_j d_j(k)` over the ``m`` distinct places, ``k`` = 10."""
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(places.xy).query(places.xy, k=[KTH + 1])  # the first is the place itself
    return Choice(
        float(distance.mean()), f"the mean distance to the {KTH}th neighbouring distinct place"
    )


def _scott(places: Places, kernel: Kernel) -> Choice:
    r""":math:`h = \frac{\sigma_x + \sigma_y}{2} n^{-1/6}` over the kernel's own spread."""
    n = int(places.incidents.sum())
    mean = np.average(places.xy, axis=0, weights=places.incidents)
    squares = places.incidents @ (places.xy - mean) ** 2
    sigma = float(np.sqrt(squares / (n - 1)).mean() * n ** (-1 / 6))
    return Choice(
        sigma / kernel.spread,
        f"Scott's rule: standard deviation {sigma:.0f} m, of {n:,} incidents; it over-smooths "
        "where there are several towns",
    )


def _diggle(places: Places, kernel: Kernel) -> Choice:
    r"""Mean square error under a Cox process (Diggle 1985, Berman and Diggle 1989).

    Of a disc of radius ``r``, :math:`M(r) = (1 - 2 P(r)) / \pi r^2 + (\pi r^2)^{-2} \int_0^{2r}
    A_r(t)\, dP(t)` with ``P(t)`` the mean number of other incidents within ``t`` of one and
    ``A_r(t)`` the area two discs ``t`` apart share. It is the MSE times the area over the
    intensity, less a constant, so the window cancels out; edges are not corrected.
    """
    radii = np.linspace(0, DISC_M, 257)[1:]
    bins, most = 8192, 2 * DISC_M
    centres = _spread_out(len(places.xy))
    pairs = np.zeros(bins)
    at_zero = 0.0
    own = places.incidents[centres]
    at_zero += float((own * (own - 1)).sum())
    for part, centre, point, squared in near_pairs(
        places.xy, places.xy[centres], most, "bandwidth by Diggle's rule"
    ):
        apart = squared > 0
        weight = own[part][centre[apart]] * places.incidents[point[apart]]
        bin_ = np.minimum((np.sqrt(squared[apart]) * (bins / most)).astype(np.intp), bins - 1)
        pairs += np.bincount(bin_, weight, minlength=bins)
    each = np.append(at_zero, pairs) / own.sum()
    distance = np.append(0, (np.arange(bins) + 0.5) * (most / bins))
    score = disc_error(radii, distance, each)
    best = int(np.argmin(score))
    told = f"Diggle's rule: least mean square error, disc radius {radii[best]:.0f} m"
    if best == len(radii) - 1:
        told += ", the largest considered"
    bandwidths = radii / 2 / kernel.spread
    index = pd.Index(bandwidths, name="bandwidth")
    return Choice(float(bandwidths[best]), told, pd.Series(score, index, name="mse"))


def disc_error(radii: Floats, distance: Floats, each: Floats) -> Floats:
    """Mean square error ``M`` of discs, from the incidents (``each``) at distances from one."""
    area = np.pi * radii**2
    near = (distance[:, None] <= radii) * each[:, None]
    half = np.minimum(distance[:, None] / (2 * radii), 1)
    shared = 2 * radii**2 * (np.arccos(half) - half * np.sqrt(1 - half**2))
    error: Floats = (1 - 2 * near.sum(axis=0)) / area + (each @ shared) / area**2
    return error


def _predictive(places: Places, kernel: Kernel, candidates: list[float]) -> Choice:
    """Mean log density that the months before give to the incidents of a month."""
    before, held = place_by_month(places)
    span = shapely.convex_hull(shapely.multipoints(places.xy)).buffer(max(CANDIDATES)).area
    some = np.flatnonzero(held.sum(axis=1))
    some = some[_spread_out(len(some))]
    trained = before.sum(axis=0)
    density = np.zeros((len(candidates), len(some), held.shape[1]))
    for part, centre, point, squared in near_pairs(
        places.xy, places.xy[some], kernel.reach * max(candidates), "bandwidth by prediction"
    ):
        many = part.stop - part.start
        for number, bandwidth in enumerate(candidates):
            near = np.flatnonzero(squared <= (kernel.reach * bandwidth) ** 2)
            value = kernel.at(squared[near] / bandwidth**2) / bandwidth**2
            for month in range(held.shape[1]):
                density[number, part, month] += np.bincount(
                    centre[near], value * before[point[near], month], minlength=many
                )
    mixed = (1 - FLOOR) * density / trained + FLOOR / span
    weight = held[some].sum()
    score = (np.log(mixed) * held[some]).sum(axis=(1, 2)) / weight
    best = len(candidates) - 1 - int(np.argmax(score[::-1]))  # of equal scores the widest
    ends = {candidates[0]: ", the narrowest tried", candidates[-1]: ", the widest tried"}
    told = (
        f"the best mean log density for {weight:,.0f} incidents of the last {held.shape[1]} months "
        f"from those before each, of {', '.join(f'{c:g}' for c in candidates)} m"
        f"{ends.get(candidates[best], '')}"
    )
    index = pd.Index(candidates, name="bandwidth")
    return Choice(candidates[best], told, pd.Series(score, index, name="log_density"))


def place_by_month(places: Places) -> tuple[Floats, Floats]:
    """Incidents of each place before each month held out, and in it, shape (places, months)."""
    recorded = places.recorded[places.recorded["status"].isin(["present", "thin"])]
    whole = np.unique(recorded["month"].to_numpy().astype("datetime64[M]"))
    whole = whole[np.isin(whole, places.month)]
    tried = whole[len(whole) - min(MONTHS, len(whole) // 2) :] if len(whole) > 1 else whole[:0]
    if len(tried) == 0:
        raise InputError(
            "KDE",
            [
                "bandwidth='predictive' holds out the last months and needs at least 2 whole ones "
                f"with incidents; these have {len(whole)}; give metres: try bandwidth=300."
            ],
        )
    size = len(places.xy)
    held = [np.bincount(places.place[places.month == m], minlength=size) for m in tried]
    before = [np.bincount(places.place[places.month < m], minlength=size) for m in tried]
    return np.array(before, dtype=float).T, np.array(held, dtype=float).T


def _spread_out(many: int) -> Ints:
    """Positions of at most :data:`CENTRES` of so many, evenly spread."""
    return np.unique(np.linspace(0, many - 1, min(many, CENTRES)).astype(np.int64))


def adaptive_bandwidths(xy: Floats, incidents: Ints, kernel: str, bandwidth: float) -> Floats:
    r"""Adapt a bandwidth to each place: narrower where incidents are dense, wider where sparse.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)
        Distinct places.
    incidents : ndarray of int, shape (n,)
    kernel : str
    bandwidth : float
        ``h`` in metres.

    Returns
    -------
    ndarray of float, shape (n,)
        Metres, from half of ``h`` to twice ``h``.

    Notes
    -----
    .. math:: h_i = h \sqrt{g / \tilde f(s_i)}

    with the pilot :math:`\tilde f`, the kernel density of bandwidth ``h`` at the places themselves
    (own incidents included), and ``g`` its geometric mean over the incidents; every pair is summed
    exactly.
    """
    shape = KERNELS[kernel]
    pilot = np.zeros(len(xy))
    for part, centre, point, squared in near_pairs(
        xy, xy, shape.reach * bandwidth, "adaptive bandwidths"
    ):
        value = shape.at(squared / bandwidth**2) * incidents[point]
        pilot[part] = np.bincount(centre, value, minlength=part.stop - part.start)
    if len(xy) == 0:
        return pilot
    logs = np.log(pilot)
    mean = np.average(logs, weights=incidents)
    factor = np.exp((mean - logs) / 2)
    return np.asarray(bandwidth * np.clip(factor, NARROWEST, WIDEST))


def places_of(
    locations: pd.DataFrame, location: NDArray[np.intp], used: pd.Series, given: pd.DataFrame
) -> Places:
    """Gather what the rules learn from."""
    return Places(
        locations[["x", "y"]].to_numpy(dtype=float), locations["incidents"].to_numpy(), location,
        used.to_numpy().astype("datetime64[M]"), recorded_months(given[["occurred_from"]]),
    )  # fmt: skip
