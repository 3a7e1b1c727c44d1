"""Find the breaks in level of every series, date them, size them, and set them beside the known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ..progress import progress_bar
from ..series import CountSeries, count_series
from ..series.factors import factors_at, month_factors
from ._words import FEW, paragraph
from .known import check_registry, read_known_changes
from .levels import ends_of
from .rows import TAKEN, Seen, break_rows, group_rows, period_rows
from .search import PENALTY, Found, search

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from ..series import Panel

    Floats = NDArray[np.float64]
    Texts = NDArray[np.object_]

FALSE_RATE = 0.05
"""Share of series without a break that are at most said to have one; see benchmarks/breaks.py."""

SHORT_RATE = 0.1
"""The same, about, under three years recorded: likeness of neighbours then passes for levels."""

SHORTEST = {"MS": 6, "W-MON": 26}
"""Periods that a level lasts at least; two thirds of them must be recorded."""

_SEASONED = 1080.0  # days recorded, three years, from which a series is not short
_BATCH = 500  # series between two movements of the progress bar


@dataclass(frozen=True, repr=False)
class Breaks(Result):
    """Breaks in the level of each series, as :func:`find_breaks` gives them.

    Attributes
    ----------
    breaks : DataFrame
        One row per step: the group, ``start`` (first recorded period at the new level, by best
        estimate), ``earliest`` and ``latest`` (95% interval of that date; periods that were not
        recorded count as possible), ``gap`` (the periods just before were not recorded),
        ``sure`` (False: a gradual change explains it about as well), ``before`` and ``after``
        (incidents recorded on the levels either side), ``periods_before``, ``periods_after``,
        ``level_before``, ``level_after`` (incidents per standard month or week just before and
        after, season taken out), ``ratio`` with ``low`` and ``high`` (95% interval), ``change``
        (ratio − 1; NaN where either count is under 20), ``gain`` and ``needed`` (twice the
        log-likelihood it adds, and had to), ``known`` (what of the registry it coincides with,
        or "unexplained") and its ``kind``.
    series : DataFrame
        One row per group and period from its first recorded to its last: ``period_start``,
        ``incidents`` (NaN: not recorded), ``status``, ``usual`` (the level, per standard
        month or week, season taken out), ``expected`` (incidents, season in) and ``run`` (number
        of the level).
    summary : DataFrame
        One row per group: what was recorded, the ``verdict`` (step, step or gradual, gradual,
        no change, too few to say, too short to say), how many ``steps``, a gradual change's
        ``ratio`` from first to last with ``low`` and ``high``, ``dispersion`` and ``widened``
        (how much scatter and likeness of neighbours widen the intervals), the ``season`` taken
        out, and a ``sentence``.
    registry : DataFrame
        The known changes they were set beside.
    by : tuple of str
    freq : str
    said : str
        The paragraph that ``text`` returns.
    """

    breaks: pd.DataFrame
    series: pd.DataFrame
    summary: pd.DataFrame
    registry: pd.DataFrame
    by: tuple[str, ...]
    freq: str
    said: str

    @property
    def text(self) -> str:
        """The largest steps, how many chance would show, then each in a sentence."""
        return self.said

    @property
    def steps(self) -> pd.DataFrame:
        """The clear steps, as ``seasonal_trends(steps=...)`` takes them: group and ``start``.

        Nothing takes them into account by itself: pass them on, all or those you choose.
        """
        keys = list(self.breaks.columns[: list(self.breaks.columns).index("start") + 1])
        return self.breaks.loc[self.breaks["sure"], keys].reset_index(drop=True)


def find_breaks(
    incidents: gpd.GeoDataFrame | pd.DataFrame | CountSeries,
    by: Sequence[str] = ("category",),
    freq: str = "MS",
    *,
    lpts: pd.DataFrame | None = None,
    registry: pd.DataFrame | None = None,
    penalty: float = PENALTY,
) -> Breaks:
    r"""Find when the level of each series stepped, and what is known to have changed then.

    Parameters
    ----------
    incidents : GeoDataFrame, DataFrame or CountSeries
        Incidents, best with every category, which tells the periods that were recorded; or a
        table of counts; see :func:`count_series`.
    by : sequence of str
        ``lpt``, ``category``, ``command`` or any column of text; empty for everything together.
    freq : {"MS", "W-MON"}
        Calendar months, or weeks from Monday. Days scatter too much for a level.
    lpts : DataFrame, optional
        LPTs with ``command``: commands and the force are then searched as well.
    registry : DataFrame, optional
        Known changes, as :func:`read_known_changes` gives them, the force's own added. When
        absent, those that ship with the package.
    penalty : float
        Times log n: what a step must add to twice the log-likelihood, n periods recorded. The
        stated rate of false breaks holds from the default of 3 on; less finds more false ones.

    Returns
    -------
    Breaks

    Raises
    ------
    InputError
        Naming every fault.

    Notes
    -----
    A level is a run of at least 6 months (26 weeks), two thirds of them recorded. Counts are
    Poisson, or negative binomial with the over-dispersion α told from their scatter about the two
    best steps, a bend and a yearly wave. The cuts that minimise

    .. math:: \sum_{runs} -2 \log L(run) + 3 \log n \cdot c \cdot cuts

    are found by exact dynamic programming; a run costs
    :math:`-2 (S \log(S/E) - (S + E/α) \log(1 + α S/E))` for S incidents over an exposure E of
    days times season, and :math:`c = (1+ρ)/(1-ρ) \ge 1` allows for the likeness ρ of neighbouring
    periods. Each step proposed is then fitted together with what could look like one: the rest of
    a yearly wave, and a gradual change (a line or a bend). It is *sure* only if it beats the
    gradual change by 2 log n; where that explains about as much, both are said, and where it
    explains more, there is no step. From three years of records on the season is taken out first
    (factors shrunk to the force's; estimated again with the steps taken out); only from 36
    periods on may a gradual change bend or go with steps.

    The interval of the date holds the dates whose profile likelihood is within 7.35 of the best
    [2]_. A period not recorded holds no level, and a step may lie within a gap. The interval of
    the ratio is from the regression, widened by c; chosen as the best date, a small step looks
    larger than it is.

    References
    ----------
    .. [1] Killick, Fearnhead and Eckley (2012), Optimal detection of changepoints with a linear
       computational cost, JASA 107(500), 1590-1598.
    .. [2] Siegmund (1988), Confidence sets in change-point problems, International Statistical
       Review 56(1), 31-48; Hansen (2000), Sample splitting and threshold estimation,
       Econometrica 68(3), 575-603.

    Examples
    --------
    >>> import hotspots as hs, pandas as pd
    >>> months = pd.date_range("2022-01-01", periods=36, freq="MS")
    >>> counts = pd.DataFrame({"category": "Vehicle crime", "period_start": months,
    ...                        "incidents": [40, 44, 37] * 6 + [66, 60, 71] * 6})
    >>> hs.find_breaks(counts).steps["start"].dt.strftime("%Y-%m").tolist()
    ['2023-07']
    """
    known = _checked(freq, registry, penalty)
    counted = count_series(incidents, by, freq, lpts=lpts, what="find_breaks")
    panel = counted.panel
    clash = sorted(set(counted.by) & TAKEN)
    if clash:
        raise InputError("find_breaks", [
            f"by names {', '.join(map(repr, clash))}, a column of the result; rename it first."
        ])  # fmt: skip
    sources = sorted(set(counted.periods["source"].astype(str)) - {"all", "unknown"})
    found, e, source, why = _searched(panel, penalty)
    seen = Seen(panel, found, e, known, sources)
    breaks = break_rows(seen)
    summary = group_rows(seen, breaks, source, why)
    false = np.where(_short(panel), SHORT_RATE, FALSE_RATE)[why == ""].sum()
    said = paragraph(summary, breaks, panel, counted, {
        "penalty": penalty, "usual": penalty >= PENALTY, "false": float(false),
        "shortest": SHORTEST[counted.freq],
    })  # fmt: skip
    breaks = breaks.drop(columns=["_group", "_old"])
    summary = summary.drop(columns=[c for c in summary.columns if c.startswith("_")])
    by, freq = counted.by, counted.freq
    return Breaks(breaks, period_rows(seen), summary, known, by, freq, said)


def _checked(freq: Any, registry: Any, penalty: Any) -> pd.DataFrame:
    faults = []
    if freq == "D":
        faults.append("freq is 'D'; a level is told from months ('MS') or weeks ('W-MON').")
    number = isinstance(penalty, int | float | np.number) and not isinstance(penalty, bool)
    if not number or not np.isfinite(penalty) or penalty <= 0:
        faults.append(f"penalty is {penalty!r}; give a number above 0, 3 unless you know why.")
    if registry is not None:
        try:
            registry = check_registry(registry)
        except InputError as error:
            faults += [f"registry: {fault}" for fault in error.faults]
    if faults:
        raise InputError("find_breaks", faults)
    return read_known_changes() if registry is None else registry


def _searched(panel: Panel, penalty: float) -> tuple[Found, Floats, Texts, Texts]:
    """Search every series, take the season's factors anew with the steps out, search again."""
    shortest = SHORTEST[panel.freq]
    y = np.where(panel.used, np.nan_to_num(panel.y), 0.0)
    first, end = ends_of(panel.used)
    why = np.full(len(y), "", dtype=object)
    why[y.sum(axis=1) < FEW] = "too few to say"
    why[(end - first < 2 * shortest) | (panel.used.sum(axis=1) < 2 * shortest)] = "too short to say"
    factor, source, lost = _season(panel, y)
    e = _exposure(panel, factor, why == "")
    found = _in_batches(panel, y, e, lost, penalty)
    stepped = np.unique(panel.pool[(found.columns >= 0).any(axis=1)])
    mine = np.flatnonzero(np.isin(panel.pool, stepped))
    if len(mine):
        flat = y * np.exp(-found.jumps)
        flat *= (y.sum(axis=1) / np.maximum(flat.sum(axis=1), 1e-9))[:, None]
        factor[mine], source[mine], lost[mine] = _season(_only(panel, mine, flat), flat[mine])
        before, e = e, _exposure(panel, factor, why == "")
        mine = np.flatnonzero(~np.isclose(e, before, rtol=1e-3).all(axis=1))
    if len(mine):
        again = _in_batches(_only(panel, mine, y), y[mine], e[mine], lost[mine], penalty)
        found = found.with_rows(mine, again)
    return found, e, source, why


def _only(panel: Panel, rows: NDArray[np.intp], y: Floats) -> Panel:
    """Keep some groups of a panel, with other counts where it is used."""
    return replace(
        panel, keys=panel.keys.iloc[rows].reset_index(drop=True), inside=panel.inside[rows],
        y=np.where(panel.used, y, np.nan)[rows], used=panel.used[rows],
    )  # fmt: skip


def _exposure(panel: Panel, factor: Floats, searched: NDArray[np.bool_]) -> Floats:
    """Days times season, mean 1 over the periods used; 0 where not used."""
    used = panel.used & searched[:, None]
    e = np.where(used, panel.days * factors_at(factor, panel.start, panel.freq), 0.0)
    mean: Floats = e.sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    scaled: Floats = e / np.where(mean > 0, mean, 1.0)[:, None]
    return scaled


def _season(panel: Panel, y: Floats) -> tuple[Floats, Texts, Floats]:
    """Seasonal factors of each group, whose they are, and the degrees of freedom they took.

    Under three years of records a step at the turn of a year cannot be told from a line with a
    season of the right shape, so no factors are taken out, and a smooth wave is fitted instead.
    A season of its own alone takes eleven; its pool's as much of them as it weighs in the pool.
    """
    season, total, pool = month_factors(panel), y.sum(axis=1), panel.pool
    short = _short(panel)
    factor = np.where(short[:, None], 1.0, season.factor)
    source = np.where(short, "none", season.source.astype(object))
    whole = np.bincount(pool[panel.base], total[panel.base], minlength=int(pool.max()) + 1)[pool]
    own = season.weight.mean(axis=1)
    lost = 11 * (own + (1 - own) * np.clip(total / np.maximum(whole, 1), 0, 1))
    return factor, source, np.where(source == "none", 0.0, lost)


def _short(panel: Panel) -> NDArray[np.bool_]:
    short: NDArray[np.bool_] = (panel.used * panel.days).sum(axis=1) < _SEASONED
    return short


def _in_batches(panel: Panel, y: Floats, e: Floats, lost: Floats, penalty: float) -> Found:
    middle = panel.middle
    year = middle.astype("datetime64[Y]")
    start, after = year.astype("datetime64[s]"), (year + 1).astype("datetime64[s]")
    turn = (middle.astype("datetime64[s]") - start) / (after - start)
    shortest = SHORTEST[panel.freq]
    y = np.where(e > 0, y, 0.0)
    cuts = range(0, max(len(y), 1), _BATCH)
    bar = progress_bar(cuts, desc="breaks", unit="batch", disable=len(cuts) < 3)
    parts = [
        search(
            y[at : at + _BATCH],
            e[at : at + _BATCH],
            turn,
            lost[at : at + _BATCH],
            (shortest, -(-2 * shortest // 3)),
            penalty,
        )
        for at in bar
    ]
    return Found.joined(parts)
