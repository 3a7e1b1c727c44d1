"""Trials by lot: which hotspots get patrols, and when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance.seeds import blind, fingerprint, generator
from ..contracts import InputError, Result
from ..progress import progress_bar
from ..support import data_support
from ._design_inputs import check_inputs, least_p_of, refuse_few_outcomes, refuse_too_few
from ._design_tables import arms_table, assigned, balance_table
from ._words import design_text
from .balance import REDRAWN
from .calendar import WEEK, Timetable, make_runs
from .draw import Lot
from .eligibility import Eligible, find_eligible
from .register import digest_of
from .rules import TrialRules
from .units import Units, make_units

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

_UNEVEN = 0.1  # a chance of treatment so far from the share asked for is told


@dataclass(frozen=True, repr=False)
class TrialDesign(Result):
    """A trial: its sites, who gets patrols when, and how that was drawn.

    Attributes
    ----------
    sites : GeoDataFrame
        Index ``hotspot``, as text and in order: ``lpt``, ``name``, ``cluster`` (hotspots with one
        name here share a catchment and are drawn as one), ``block``, ``arm`` (treated or control;
        "both" in a cross-over and a stepped wedge), ``step`` (stepped wedge: 1 is first), ``start``
        (first day of treatment; missing without), ``baseline`` (incidents), ``change`` (later half
        of it less the earlier), ``area_km2``, further covariates, ``geometry``.
    excluded : DataFrame
        Index ``hotspot``: ``lpt``, ``name``, ``baseline`` the ``reason`` why it is not in it,
        and ``detail``.
    calendar : DataFrame
        ``contracts.TREATMENT``: ``hotspot``, ``date`` (duty day), ``treated``, ``phase``
        (treatment, control, wash-out), for every site and day of the trial.
    balance : DataFrame
        Index ``covariate``: means of the ``treated`` and ``control`` sites (in a stepped wedge of
        those that start in the earlier and the later half, in a cross-over of the counted days),
        standardised ``difference``, what 95% of draws give (``chance_low``, ``chance_high``), and
        the ``chance`` of one as large.
    arms : DataFrame
        Index ``arm`` (a stepped wedge has one row per step): ``sites``, ``clusters``, ``baseline``,
        ``start``, and the site-days by phase: ``treated_days``, ``control_days``, ``washout_days``.
    design : str
        "simple", "pairs", "blocks", "balanced", "crossover" or "stepped wedge".
    start, end : Timestamp
        First day, and the day after the last.
    seed : str
        Fingerprint of the seed.
    digest : str
        SHA-256 of the whole design, as :func:`register_trial` notes it before release.
    cell_days : int
        Cross-over: days within which a site is compared with itself, 7 or 14, counted from
        ``start``; 0 else.
    least_p : float
        Smallest two-sided p a test that draws anew could give.
    rules : TrialRules
    nonce : str
        Without it nobody can work out the assignment from its digest by trying them all.
    said : str
        The text.
    lot, timetable, unit
        How the assignment is drawn, what it means by day, and which of the units drawn each site
        belongs to; for :meth:`redraw`.
    """

    sites: gpd.GeoDataFrame
    excluded: pd.DataFrame
    calendar: pd.DataFrame
    balance: pd.DataFrame
    arms: pd.DataFrame
    design: str
    start: pd.Timestamp
    end: pd.Timestamp
    seed: str
    digest: str
    cell_days: int
    least_p: float
    rules: TrialRules
    nonce: str
    said: str
    lot: Lot = field(repr=False)
    timetable: Timetable = field(repr=False)
    unit: NDArray[np.int64] = field(repr=False)

    @property
    def text(self) -> str:
        """Who is in the trial, how the lot fell, how alike the arms are, and what is to be done."""
        return self.said

    def redraw(
        self, draws: int, rng: np.random.Generator, starts: Any, ends: Any
    ) -> NDArray[np.int8]:
        """Draw treatments anew, from exactly the law the trial was drawn from.

        Parameters
        ----------
        draws : int
        rng : numpy.random.Generator
        starts, ends : array_like of datetime64, shape (T,)
            Periods; ends exclusive. Before the trial and after it nobody is treated.

        Returns
        -------
        ndarray of int8, shape (draws, n, T)
            1 where the site (in the order of ``sites``) is under treatment on any day of the
            period, else 0. Days of wash-out are the same in every draw.

        Raises
        ------
        InputError
            If the periods are none, or those of a cross-over are not days.

        Examples
        --------
        >>> from hotspots.trials.example import example_trial
        >>> trial = example_trial()
        >>> weeks = np.arange("2026-01-05", "2026-03-30", 7, dtype="M8[D]")
        >>> trial.redraw(99, np.random.default_rng(1), weeks, weeks + 7).shape
        (99, 12, 12)
        """
        if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 1:
            raise InputError("redraw", [f"draws is {draws!r}; give a whole number from 1."])
        return self.timetable.treated(self.lot.draw(int(draws), rng), self.unit, starts, ends)


def design_trial(
    hotspots: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame,
    *,
    design: str,
    start: str | dt.date,
    weeks: int = 12,
    lpts: gpd.GeoDataFrame | None = None,
    rules: TrialRules | None = None,
    seed: int | str = 0,
) -> TrialDesign:
    """Draw by lot which hotspots get patrols and when, so that the answer can be trusted.

    Parameters
    ----------
    hotspots : GeoDataFrame
        Polygons, one row per hotspot, any table of them; ``lpt``, ``name`` and columns named as
        covariates are used where they are there.
    incidents : GeoDataFrame
        Records from before the trial; later ones are not looked at.
    design : {"simple", "pairs", "blocks", "balanced", "crossover", "stepped wedge"}
        "simple": so many of all; "pairs": one of each two that are alike; "blocks": so many of each
        block of alike ones; "balanced": drawn again until the arms are alike (re-randomisation);
        "crossover": every site is under patrol on some days and not on others, by lot, with
        days of wash-out; "stepped wedge": every site gets patrols, the lot says when they begin.
    start : date
        First day.
    weeks : int
        Length, 1 to 156. In a stepped wedge a multiple of the steps; in a cross-over with two or
        more days of wash-out even.
    lpts : GeoDataFrame, optional
        The LPTs, where the hotspots do not name theirs, and for ``blocks="command"``.
    rules : TrialRules, optional
    seed : int or str
        Where chance begins: a text kept secret until the trial has begun, of at least 12
        characters, or a number, which anybody can guess.

    Returns
    -------
    TrialDesign
        Its ``calendar`` is what ``PatrolRules(trial=...)`` takes. The same hotspots, records and
        seed give the same, in whatever order the rows are.

    Raises
    ------
    InputError
        Naming every fault; or when so few sites are left that no result could be told from chance.

    Notes
    -----
    Sites whose buffers meet are drawn as one (or one is left out), as patrols at one would be felt
    at the other. How the lot is drawn is told at :meth:`hotspots.trials.draw.Lot.draw`, the runs
    of a cross-over at :func:`hotspots.trials.calendar.make_runs`. Baselines count whole months as
    the evaluation does. Months in which hotspots were chosen for being bad have counts that fall
    afterwards by themselves; as they fall in both arms alike, a lot is not misled by that.

    References
    ----------
    Imai K., King G. and Nall C. (2009) The essential role of pair matching in cluster-randomized
    experiments. *Statistical Science* 24(1), 29-53.
    Hussey M. A. and Hughes J. P. (2007) Design and analysis of stepped wedge cluster randomized
    trials. *Contemporary Clinical Trials* 28(2), 182-191.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=24)
    >>> trial = design_trial(county.hotspots, county.incidents, design="pairs", start="2025-01-06")
    >>> len(trial.sites) + len(trial.excluded) == len(county.hotspots)
    True
    >>> trial.calendar["phase"].value_counts().to_dict() == {"treatment": 588, "control": 588}
    True
    """
    rules = TrialRules() if rules is None else rules
    day = check_inputs(hotspots, incidents, design, start, weeks, lpts, rules, seed)
    bar = progress_bar(total=3, desc="designing the trial", leave=False, delay=2, disable=None)
    with bar:
        eligible = find_eligible(hotspots, incidents, day, lpts, rules)
        bar.update()
        units = make_units(eligible.sites, design, rules)
        refuse_too_few(units, eligible, design, rules)
        found = _drawn(eligible, units, design, day, weeks, rules, seed)
        bar.update()
        notes = [*eligible.notes, *_notes(found, incidents)]
        bar.update()
    return replace(found, said=design_text(found, eligible.span, notes))


def _drawn(
    eligible: Eligible, units: Units, design: str, day: pd.Timestamp, weeks: int,
    rules: TrialRules, seed: int | str,
) -> TrialDesign:  # fmt: skip
    """Draw the trial; what it says is left for later."""
    words = ("trial", design, f"{day:%Y-%m-%d}", f"{weeks}", *units.frame.index)
    runs, cycle = None, 0
    if design == "crossover":
        runs, cycle = make_runs(len(units.frame), weeks, rules.washout_days,
                                generator(seed, "runs", *words))  # fmt: skip
    steps = rules.steps if design == "stepped wedge" else 0
    table = Timetable(np.datetime64(day, "D"), weeks * WEEK, steps, cycle, runs)
    lot = make_lot(units, design, table, rules)
    refuse_few_outcomes(lot, design)
    drawn = lot.draw(1, generator(seed, "lot", *words))
    lone = eligible.sites["cluster"].isin(units.lone)
    alone = pd.DataFrame(eligible.sites.loc[lone, ["lpt", "name", "baseline"]])
    alone = alone.assign(reason="no partner", detail="an odd number is left to pair")
    sites = eligible.sites[~lone].copy()
    unit = units.frame.index.get_indexer(pd.Index(sites["cluster"])).astype(np.int64)
    sites = assigned(sites, units, unit, drawn, table, design)
    calendar = table.table(drawn, unit, sites.index)
    found = TrialDesign(
        sites=sites, excluded=pd.concat([eligible.excluded, alone]).sort_index(),
        calendar=calendar, balance=balance_table(sites, calendar, lot, table, unit, rules),
        arms=arms_table(sites, calendar), design=design, start=day,
        end=day + pd.Timedelta(days=weeks * WEEK), seed=fingerprint(seed, "hotspots: trial"),
        digest="", cell_days=cycle, least_p=least_p_of(lot), rules=rules,
        nonce=blind(seed, "|".join(("hotspots: nonce", *words))), said="", lot=lot,
        timetable=table, unit=unit,
    )  # fmt: skip
    return replace(found, digest=digest_of(found))


def _notes(design: TrialDesign, incidents: gpd.GeoDataFrame) -> list[str]:
    """Tell what else there is to know of the records and the lot."""
    notes = []
    if data_support(incidents).month_only and design.start.day != 1:
        notes.append(
            "most of these records tell the month only, so a month in which patrols begin cannot "
            "be counted; begin on the first of a month, or use records with dates"
        )
    if design.lot.values is not None:  # one unlike all others has its own chance
        chance = design.lot.draw(REDRAWN, np.random.default_rng(0)).mean(axis=0)[design.unit]
        off = np.abs(chance - design.rules.share_treated)
        if off.max() > _UNEVEN:
            at = int(off.argmax())
            notes.append(
                f"{design.sites.index[at]} gets patrols in {chance[at]:.0%} of the draws accepted, "
                f"not in {design.rules.share_treated:.0%}: it is too unlike the others to balance; "
                "a larger acceptance evens that out"
            )
    return notes


def make_lot(units: Units, design: str, table: Timetable, rules: TrialRules) -> Lot:
    """Say how a design shares out its units."""
    code = units.frame["code"].to_numpy(dtype=np.int64)
    if design == "crossover":
        return Lot(code, cycles=table.cycles)
    if design == "stepped wedge":
        return Lot(code, steps=table.steps)
    lot = Lot(code, share=0.5 if design == "pairs" else float(rules.share_treated))
    if design != "balanced":
        return lot
    return lot.balanced(units.frame[list(rules.covariates)].to_numpy(dtype=float), rules.acceptance)
