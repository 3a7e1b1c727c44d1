"""Trials by lot: which hotspots get patrols, and when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance.seeds import SHORT, blind, fingerprint, generator
from ..contracts import LPTS, InputError, Result, Table, check_incidents, check_table
from ..support import data_support
from ._words import design_text
from .balance import REDRAWN, day_balance, site_balance
from .calendar import WEEK, Timetable, make_runs
from .draw import Lot, log10_assignments
from .eligibility import Eligible, find_eligible
from .register import digest_of
from .rules import TrialRules
from .units import SUMMED, Units, make_units

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

DESIGNS = ("simple", "pairs", "blocks", "balanced", "crossover", "stepped wedge")
"""Ways to share out patrols by lot."""

LEAST_P = 0.05
"""A lot with so few outcomes that no test of it can get below this is refused."""

_PLACES = Table("hotspots", "hotspot", ("Polygon", "MultiPolygon"), ())


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
        Index ``hotspot``: ``lpt``, ``name``, ``baseline`` and the ``reason`` it is not in the trial.
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
        One of :data:`DESIGNS`.
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
    day = _checked(hotspots, incidents, design, start, weeks, lpts, rules, seed)
    eligible = find_eligible(hotspots, incidents, day, lpts, rules)
    units = make_units(eligible.sites, design, rules)
    _refuse_too_few(units, eligible, design, weeks, rules)
    sites = eligible.sites
    words = ("trial", design, f"{day:%Y-%m-%d}", f"{weeks}", *units.frame.index)
    runs, cycle = None, 0
    if design == "crossover":
        runs, cycle = make_runs(len(units.frame), weeks, rules.washout_days,
                                generator(seed, "runs", *words))  # fmt: skip
    steps = rules.steps if design == "stepped wedge" else 0
    table = Timetable(np.datetime64(day, "D"), weeks * WEEK, steps, cycle, runs)
    lot = _lot(units, design, table, rules)
    least = _least_p(lot)
    if least > LEAST_P:
        raise InputError("design_trial", [_hopeless(units, design, lot, least)])
    drawn = lot.draw(1, generator(seed, "lot", *words))
    lone = sites["cluster"].isin(units.lone)
    excluded = pd.concat([eligible.excluded, pd.DataFrame(
        sites.loc[lone, ["lpt", "name", "baseline"]]
    ).assign(reason="no partner to pair it with")]).sort_index()  # fmt: skip
    sites = sites[~lone].copy()
    unit = units.frame.index.get_indexer(pd.Index(sites["cluster"])).astype(np.int64)
    sites = _assigned(sites, units, unit, drawn, table, design)
    calendar = table.table(drawn, unit, sites.index)
    found = TrialDesign(
        sites=sites, excluded=excluded, calendar=calendar,
        balance=_balance(sites, calendar, lot, table, unit, rules), arms=_arms(sites, calendar),
        design=design, start=day, end=day + pd.Timedelta(days=weeks * WEEK),
        seed=fingerprint(seed, "hotspots: trial"), digest="", cell_days=cycle, least_p=least,
        rules=rules, nonce=blind(seed, "|".join(("hotspots: nonce", *words))), said="", lot=lot,
        timetable=table, unit=unit,
    )  # fmt: skip
    found = replace(found, digest=digest_of(found))
    return replace(found, said=design_text(found, eligible, data_support(incidents).month_only))


def _checked(
    hotspots: Any, incidents: Any, design: Any, start: Any, weeks: Any, lpts: Any, rules: Any,
    seed: Any,
) -> pd.Timestamp:  # fmt: skip
    """Return the first day, or raise one InputError with every fault."""
    faults = []
    for frame, what in ((hotspots, "hotspots"), (incidents, "incidents"), (lpts, "lpts")):
        try:
            if what == "hotspots":
                check_table(hotspots, _PLACES)
                shapes = hotspots.geometry
                if (bad := (shapes.isna() | shapes.is_empty)).any():
                    faults.append(f"hotspots: {hotspots.index[bad][0]!r} has no shape "
                                  f"({int(bad.sum()):,} such rows); give every one its polygon.")  # fmt: skip
                if (twice := hotspots.index.astype(str).duplicated()).any():
                    faults.append(f"hotspots: the id {hotspots.index[twice][0]!r} is there twice; "
                                  "give each its own.")  # fmt: skip
            elif what == "incidents":
                check_incidents(incidents)
            elif frame is not None:
                check_table(frame, LPTS)
        except InputError as error:
            faults += [f"{what}: {fault}" for fault in error.faults]
    if not any(fault.startswith("incidents") for fault in faults):
        if incidents.empty:
            faults.append("incidents: there are none; give the records from before the trial.")
        elif design == "crossover" and (support := data_support(incidents)).month_only:
            known = float(support.precision["share"][["hour", "day"]].sum())
            faults.append(
                "design is 'crossover', whose patrols change from day to day, but only "
                f"{known:.0%} of the incidents are known to the day: nothing could be compared; "
                "take another design, or records with dates."
            )
    if design not in DESIGNS:
        faults.append(f"design is {design!r}; it takes {', '.join(map(repr, DESIGNS))}.")
    whole = isinstance(weeks, int | np.integer) and not isinstance(weeks, bool)
    if not whole or not 1 <= weeks <= 156:
        faults.append(f"weeks is {weeks!r}; it must be a whole number from 1 to 156.")
        whole = False
    if not isinstance(rules, TrialRules):
        faults.append(f"rules is of type {type(rules).__name__}; give TrialRules(...).")
    elif whole and design == "stepped wedge" and weeks % rules.steps:
        near = max(round(weeks / rules.steps), 1) * rules.steps
        faults.append(f"weeks is {weeks} and steps {rules.steps}; sites start a whole number of "
                      f"weeks apart: give weeks={near}, or other steps.")  # fmt: skip
    elif whole and design == "crossover" and rules.washout_days > 1 and weeks % 2:
        faults.append(f"weeks is {weeks} and washout_days {rules.washout_days}; with more than one "
                      f"day of wash-out runs take fortnights: give weeks={weeks + 1}.")  # fmt: skip
    number = isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0
    if not number and (not isinstance(seed, str) or len(seed) < SHORT):
        faults.append(f"seed is {'too short' if isinstance(seed, str) else repr(seed)}; give a "
                      f"secret text of at least {SHORT} characters, or a number from 0.")  # fmt: skip
    day = pd.NaT if isinstance(start, int | float) else pd.to_datetime(start, errors="coerce")
    if not isinstance(day, pd.Timestamp) or day.tz is not None or day != day.normalize():
        faults.append(f"start is {start!r}; it takes a date without time or zone, as '2026-03-02'.")
    if faults:
        raise InputError("design_trial", faults)
    return day


def _lot(units: Units, design: str, table: Timetable, rules: TrialRules) -> Lot:
    code = units.frame["code"].to_numpy(dtype=np.int64)
    if design == "crossover":
        return Lot(code, cycles=table.cycles)
    if design == "stepped wedge":
        return Lot(code, steps=table.steps)
    lot = Lot(code, share=0.5 if design == "pairs" else float(rules.share_treated))
    if design != "balanced":
        return lot
    return lot.balanced(units.frame[list(rules.covariates)].to_numpy(dtype=float), rules.acceptance)


def _refuse_too_few(
    units: Units, eligible: Eligible, design: str, weeks: int, rules: TrialRules
) -> None:
    """Refuse a trial without two units in each arm."""
    m = len(units.frame)
    share = 0.5 if design == "pairs" else float(rules.share_treated)
    least = {"crossover": 1, "stepped wedge": rules.steps}.get(design, 0)
    if least:
        enough = m >= least
    else:
        enough = int(m * share + 1e-9) >= 2 and int(m * (1 - share) + 1e-9) >= 2
    if enough:
        return
    why = eligible.excluded["reason"].str.replace(r"\d[\d,]* incidents in the", "too few incidents "
                                                  "in the", regex=True)  # fmt: skip
    left = "; ".join(f"{n:,} {reason}" for reason, n in why.value_counts().head(4).items())
    raise InputError("design_trial", [
        f"{m:,} hotspots (or groups of them with one catchment) are left, too few to draw from: "
        f"there must be {least or 2}{'' if least else ' or more in each arm'}. Left out: "
        f"{left or 'none'}. Give more hotspots, or relax rules (min_incidents, buffer_m)."
    ])  # fmt: skip


def _least_p(lot: Lot) -> float:
    """Smallest two-sided p: an assignment and its mirror image are equally far out."""
    mirrored = lot.cycles > 0 or (not lot.steps and lot.share == 0.5)
    return float(min((2 if mirrored else 1) * 10 ** -min(log10_assignments(lot), 300.0), 1.0))


def _hopeless(units: Units, design: str, lot: Lot, least: float) -> str:
    remedy = {"balanced": ", or a larger acceptance", "blocks": ", or larger blocks"}
    return (
        f"the lot has only about {10 ** log10_assignments(lot):,.0f} outcomes for "
        f"{len(units.frame):,} hotspots (or groups with one catchment) in design {design!r}, so no "
        f"test of it could give a p under {least:.2g}, whatever happened; take more hotspots, "
        f"another design{remedy.get(design, '')}."
    )


def _assigned(
    sites: gpd.GeoDataFrame, units: Units, unit: NDArray[np.int64], drawn: NDArray[np.int64],
    table: Timetable, design: str,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Write the outcome of the lot to the sites."""
    sites.insert(3, "block", pd.Series(units.frame["block"].to_numpy(dtype=object)[unit],
                                       index=sites.index, dtype="str"))  # fmt: skip
    first = np.full(len(sites), np.datetime64("NaT", "s"), dtype="datetime64[s]")
    if design == "stepped wedge":
        step = drawn[0][unit]
        first = table.firsts[step - 1].astype("datetime64[s]")
        arm = np.full(len(sites), "both", dtype=object)
        sites.insert(4, "step", step)
    elif design == "crossover":
        arm = np.full(len(sites), "both", dtype=object)
        first[:] = table.start
    else:
        on = drawn[0][unit] == 1
        arm = np.where(on, "treated", "control").astype(object)
        first[on] = table.start
    sites.insert(4, "arm", pd.Series(arm, index=sites.index, dtype="str"))
    sites.insert(sites.columns.get_loc("baseline"), "start", first)
    return sites


def _arms(sites: gpd.GeoDataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Sites, incidents and days of each arm."""
    arm = sites["arm"] if "step" not in sites.columns else "step " + sites["step"].astype(str)
    if "step" in sites.columns:
        arm = arm.str.replace(r"step (\d)$", r"step 0\1", regex=True)
    phase = calendar["phase"].to_numpy(dtype=object)
    of = arm.reindex(calendar["hotspot"]).to_numpy(dtype=object)
    days = pd.crosstab(of, phase).reindex(
        columns=["treatment", "control", "wash-out"], fill_value=0
    )
    by = sites.groupby(arm)
    table = pd.DataFrame({
        "sites": by.size(), "clusters": by["cluster"].nunique(), "baseline": by["baseline"].sum(),
        "start": by["start"].min(),
    })  # fmt: skip
    table[["treated_days", "control_days", "washout_days"]] = days.reindex(table.index).to_numpy()
    table.index = pd.Index(table.index, name="arm", dtype="str")
    return table.sort_index(ascending="step" in sites.columns)


def _balance(
    sites: gpd.GeoDataFrame, calendar: pd.DataFrame, lot: Lot, table: Timetable,
    unit: NDArray[np.int64], rules: TrialRules,
) -> pd.DataFrame:  # fmt: skip
    """Compare the arms, beside what draws of the same law give."""
    rng = np.random.default_rng(0)  # says what chance gives, and draws nothing
    if table.runs is not None:
        dates = table.start + np.arange(table.days)
        on = calendar["treated"].to_numpy(dtype=np.int8).reshape(len(sites), -1)
        counted = (calendar["phase"] != "wash-out").to_numpy().reshape(len(sites), -1)
        some = table.treated(lot.draw(REDRAWN // 20, rng), unit, dates, dates + 1)
        return day_balance(dates, counted, on, some)
    again = lot.draw(REDRAWN, rng)[:, unit]
    if table.steps:
        half = table.steps // 2
        arm, again = (sites["step"].to_numpy() <= half).astype(np.int64), (again <= half) * 1
    else:
        arm = (sites["arm"] == "treated").to_numpy(dtype=np.int64)
    names = list(dict.fromkeys([*SUMMED, *rules.covariates]))
    return site_balance(sites, names, arm, again)
