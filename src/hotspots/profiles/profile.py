"""One page per Local Policing Team: its year, for the force or, protected, for the public."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import LPTS, InputError, Result, check_table
from ..series import CountSeries, count_series, nowhere
from ._cells import ALL, Cells, cells_of
from ._levels import levels, year_of
from ._profile_words import pages, summary
from ._public import public_levels, public_months
from ._sections import (
    HARM,
    SEASONS,
    SPOTS,
    WEEK,
    classes_of,
    empty,
    harm_section,
    quality_section,
    seasons_section,
    spots_section,
    week_section,
)
from .publish import Published, publish_trends

if TYPE_CHECKING:
    import geopandas as gpd

_QUALITY = ("level", "lpt", "present", "missing", "thin", "gaps")


@dataclass(frozen=True, repr=False)
class Profile(Result):
    """One page per LPT, as :func:`lpt_profile` gives it.

    Attributes
    ----------
    pages : DataFrame
        What each page says: ``lpt``, ``section`` and ``sentence``, in the order to read.
    levels : DataFrame
        One row per LPT and category, and for the force (``level``): ``incidents`` in the latest
        ``months`` recorded, at most 12; ``latest`` and ``previous``, their counts over the
        ``compared`` months that were also recorded a year before, with ``change`` (rate a day,
        .1 is 10% more; none under 20 incidents) and its 95% interval ``change_low`` to
        ``change_high``, ``p_value`` and ``class_`` (rise, fall, no clear change, too few to say,
        nothing to compare, suppressed); ``per_1000`` residents and year with its interval, the
        force's, and ``standing`` among the LPTs (within, above, below what chance and usual
        differences allow).
        A public profile holds what published figures bear: ``incidents_low``, ``incidents_high``
        and ``hidden_months`` besides.
    months : DataFrame
        Incidents by month: ``lpt``, ``category``, ``period_start``, ``incidents`` (NaN where not
        recorded; rounded in a public profile) and ``status`` (present, thin, missing, suppressed).
    harm : DataFrame
        ``harm`` (days of sentence) in those months per LPT and category with its 95% interval,
        its share of the LPT's harm and incidents, and incidents without a weight.
    seasons, spots, week : DataFrame
        What was given on seasons, hotspots and hours, by LPT.
    quality : DataFrame
        One row per LPT and for the force: months ``present``, ``missing`` and ``thin``, how
        finely times are ``known_to``, shares without point and street, ``snapped`` points, the
        share found by police activity.
    lpts : tuple of str
        The LPTs, a page each.
    public : bool
        Whether every number comes from protected, published figures.
    said : str
        The paragraph that ``text`` returns.
    """

    pages: pd.DataFrame
    levels: pd.DataFrame
    months: pd.DataFrame
    harm: pd.DataFrame
    seasons: pd.DataFrame
    spots: pd.DataFrame
    week: pd.DataFrame
    quality: pd.DataFrame
    lpts: tuple[str, ...]
    public: bool
    said: str

    @property
    def text(self) -> str:
        """The page of a single LPT, or a line for each."""
        return self.said


def lpt_profile(
    incidents: gpd.GeoDataFrame | pd.DataFrame | CountSeries,
    lpt: str | Sequence[str] | None = None,
    *,
    lpts: pd.DataFrame | None = None,
    trends: Any = None,
    hotspots: Any = None,
    classes: Any = None,
    week: Any = None,
    public: bool | Published = False,
) -> Profile:
    """Put together a page for each LPT: levels, harm, seasons, hotspots, hours, data quality.

    Parameters
    ----------
    incidents : GeoDataFrame, DataFrame or CountSeries
        Incidents of the whole force, with ``lpt``; or counts by ``lpt`` (and ``category``), which
        bear neither harm nor data quality.
    lpt : str or sequence of str, optional
        The LPTs to give a page; all when absent. The others still serve for comparison.
    lpts : DataFrame, optional
        LPTs; with ``population``, rates per 1,000 residents are given.
    trends : Trends, optional
        What ``seasonal_trends`` returned, by ``lpt`` or by ``lpt`` and ``category``.
    hotspots : GeoDataFrame, optional
        The hotspots table; with ``class_``, their classes are told.
    classes : GeoDataFrame, optional
        Hotspots labelled by ``HotspotClasses.label``, where ``hotspots`` has no ``class_``.
    week : WeekProfile, optional
        What ``week_profile`` returned, by ``lpt``.
    public : bool or Published
        Whether to use published figures only: those of a release that :func:`publish_trends`
        made, or of one made here in the same way. Seasons, hotspots, hours and harm are then left
        out, for they rest on more.

    Returns
    -------
    Profile

    Raises
    ------
    InputError
        Naming every fault: an LPT that is not there, tables that lack their columns, and what
        :func:`count_series` refuses.

    Notes
    -----
    *Levels*: the latest twelve recorded months. The year before is compared over the months that
    both recorded, rate against rate a day, by the exact ratio test of two Poisson counts divided
    by their dispersion; the dispersion compares each month with the same one a year on, so that
    seasons drop out, and is shared by the LPTs of a category. A rise or a fall must hold at a
    false discovery rate of 5% over all LPTs and categories.

    *Against the force*: a funnel that allows for chance and for the usual differences between
    LPTs; none where fewer than five LPTs have residents. Residents are not the people who are
    there: a town centre stands high by this measure. There is no ranking of LPTs.

    *Public*: everything is worked out from the published figures and from nothing else, so that
    nothing can be told from it that they do not tell. A sum of rounded figures is given with the
    range they can stand for; where a month is suppressed, only what it is at least.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=14)
    >>> one = hs.lpt_profile(county.incidents, county.lpts.index[0], lpts=county.lpts)
    >>> one.pages["section"].unique().tolist()
    ['levels', 'change', 'harm', 'seasons', 'hotspots', 'week', 'quality']
    >>> release = hs.publish_trends(county.incidents, ["lpt"])
    >>> hs.lpt_profile(county.incidents, public=release).public
    True
    """
    faults, by = _asked(incidents, lpts, public)
    if faults:
        raise InputError("lpt_profile", faults)
    population = None
    if lpts is not None and "population" in lpts.columns:
        population = lpts["population"].astype(float)
    if public is not False:
        return _public(_release(incidents, by, lpts, public), lpt, population)
    counted = count_series(incidents, by, "MS", what="lpt_profile")
    cells = cells_of(counted, None, "lpt_profile")
    names = _chosen(cells.keys, lpt)
    rows = None
    if not isinstance(incidents, CountSeries) and "occurred_from" in incidents.columns:
        rows = incidents
    found = levels(cells, population)
    year = year_of((cells.status == "present").T)
    tables = {
        "levels": found, "months": _months(cells),
        "harm": harm_section(rows, cells, year), "seasons": seasons_section(trends),
        "spots": spots_section(hotspots, classes_of(classes)), "week": week_section(week),
        "quality": quality_section(rows, cells, names),
    }  # fmt: skip
    kept = {name: _of(table, names) for name, table in tables.items()}
    spans = {str(name): cells.month[latest]
             for name, latest in zip(cells.keys["lpt"], year.latest, strict=True)}  # fmt: skip
    told = pages(kept, names, spans, given=(rows is not None, trends is not None,
                                            hotspots is not None, week is not None))  # fmt: skip
    return Profile(told, **kept, lpts=tuple(names), public=False,
                   said=summary(told, kept["levels"], names, public=False))  # fmt: skip


def _asked(incidents: Any, lpts: Any, public: Any) -> tuple[list[str], tuple[str, ...]]:
    """Check what was given, and say by what to count."""
    faults = []
    columns: Any = ()
    if isinstance(incidents, CountSeries):
        columns = incidents.by
        if incidents.freq != "MS" or not set(columns) <= {"lpt", "category"}:
            faults.append(
                f"the counts are by {', '.join(columns) or 'nothing'} and freq="
                f"{incidents.freq!r}; count anew by=['lpt', 'category'] and freq='MS'."
            )
    elif isinstance(incidents, pd.DataFrame):
        columns = incidents.columns
    else:
        faults.append(
            f"incidents is of type {type(incidents).__name__}; give incidents, counts, or what "
            "count_series returned."
        )
    if not faults and "lpt" not in columns:
        faults.append("there is no column 'lpt'; read the incidents with lpts=...")
    if lpts is not None:
        try:
            check_table(lpts, LPTS)
        except InputError as error:
            faults += [f"{error.what}: {fault}" for fault in error.faults]
    if not isinstance(public, bool | Published):
        faults.append(
            f"public is {public!r}; it takes True, False or what publish_trends returned."
        )
    elif isinstance(public, Published) and "lpt" not in public.by:
        faults.append("public was not published by lpt; publish it by=['lpt', 'category'].")
    return faults, ("lpt", "category") if "category" in columns else ("lpt",)


def _chosen(keys: pd.DataFrame, lpt: Any) -> list[str]:
    """Return the LPTs that get a page."""
    there = keys.loc[keys["level"] == "lpt", "lpt"].unique().tolist()
    if lpt is None:
        return [name for name in there if name != nowhere("lpt")] or there
    asked = [lpt] if isinstance(lpt, str) else list(lpt) if np.iterable(lpt) else [lpt]
    odd = [name for name in asked if name not in there]
    if odd or not asked:
        raise InputError("lpt_profile", [
            f"lpt asks for {', '.join(map(repr, odd)) or 'none'}; the incidents are in "
            f"{', '.join(there)}."
        ])  # fmt: skip
    return list(dict.fromkeys(asked))


def _of(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Keep the rows of the LPTs chosen, and the force's, which names no other LPT."""
    keep = table["lpt"].isin(names)
    if "level" in table.columns:
        keep |= table["level"] == "force"
    return table[keep].reset_index(drop=True)


def _months(cells: Cells) -> pd.DataFrame:
    """Return the incidents of each LPT by month, gaps left open."""
    own = cells.keys.index[cells.keys["level"] == "lpt"]
    status = cells.status[:, own].T.ravel()
    value = cells.value[:, own].T.ravel()
    table = cells.keys.loc[own, ["lpt", "category"]].loc[own.repeat(len(cells.month))]
    return table.reset_index(drop=True).assign(
        period_start=np.tile(cells.month, len(own)),
        incidents=np.where(status == "missing", np.nan, value),
        status=pd.Series(status, dtype="str"),
    )


def _release(
    incidents: Any, by: tuple[str, ...], lpts: pd.DataFrame | None, public: bool | Published
) -> Published:
    """Return the release given, or the one that publish_trends would make with its defaults."""
    if isinstance(public, Published):
        return public
    commands = lpts is not None and "command" in lpts.columns and lpts["command"].notna().all()
    return publish_trends(incidents, by, lpts=lpts if commands else None)


def _public(published: Published, lpt: Any, population: pd.Series | None) -> Profile:
    """Make the profile from published figures only."""
    names = _chosen(published.figures, lpt)
    found, spans = public_levels(published, population)
    figures = published.figures
    whole = ALL if (figures["category"] == ALL).any() else figures["category"].iloc[0]
    status = figures[figures["category"] == whole]
    quality = _public_quality(status)
    tables = {
        "levels": found, "months": public_months(figures), "harm": empty(HARM),
        "seasons": empty(SEASONS), "spots": empty(SPOTS), "week": empty(WEEK),
        "quality": quality,
    }  # fmt: skip
    kept = {name: _of(table, names) for name, table in tables.items()}
    told = pages(kept, names, spans, given=None, rounded_to=published.to)
    return Profile(told, **kept, lpts=tuple(names), public=True,
                   said=summary(told, kept["levels"], names, public=True))  # fmt: skip


def _public_quality(status: pd.DataFrame) -> pd.DataFrame:
    """Tell per LPT which months were recorded: all that published figures show of the records."""
    rows = []
    for (level, name), own in status.groupby(["level", "lpt"], sort=True):
        state = own["status"]
        gone = own.loc[state == "missing", "period_start"]
        rows.append({
            "level": level, "lpt": name,
            "present": int(state.isin(["published", "suppressed"]).sum()),
            "missing": int((state == "missing").sum()), "thin": int((state == "incomplete").sum()),
            "gaps": ", ".join(gone.dt.strftime("%Y-%m")),
        })  # fmt: skip
    return pd.DataFrame(rows)[list(_QUALITY)]
