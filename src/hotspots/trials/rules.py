"""Who may be in a trial, which are kept apart, and how the lot is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..contracts import InputError, range_faults

BLOCKS = ("lpt", "command", "none")
OVERLAPS = ("join", "leave out")

# field: (lowest, highest, whole number, why)
_RANGES: dict[str, tuple[float, float, bool, str]] = {
    "share_treated": (0.1, 0.9, False, "share of the sites that get patrols"),
    "buffer_m": (0, 2000, False, "metres about a site that its patrols may reach"),
    "min_incidents": (0, 100_000, False, "incidents in the baseline a site needs"),
    "baseline_months": (1, 120, True, "months of records before the start that count"),
    "block_size": (2, 1000, True, "units of one level drawn together"),
    "acceptance": (0.01, 1, False, "share of all draws that are balanced enough"),
    "washout_days": (0, 5, True, "days after patrols that are not counted"),
    "steps": (2, 26, True, "dates at which sites start"),
}


@dataclass(frozen=True)
class TrialRules:
    """Who may be in a trial, which sites are kept apart, and how the lot is drawn.

    Parameters
    ----------
    share_treated : float
        Share of the sites that get patrols, .1 to .9: of "simple", "blocks" and "balanced". Pairs
        and cross-overs have halves, and in a stepped wedge every site gets them in the end.
    buffer_m : float
        Metres about each site in which its patrols may be felt, or push crime to, 0 to 2000. Two
        sites whose buffers meet share a catchment and are never in different arms.
    overlap : {"join", "leave out"}
        What becomes of such sites: drawn as one, or only the one with most incidents is taken.
    min_incidents : float
        A site with fewer incidents in the baseline is left out.
    baseline_months : int
        Whole calendar months of records before the start in which incidents are counted, 1 to
        120, as far as there are records.
    categories : sequence of str, optional
        Types of incident that count; all when absent.
    include_police : bool
        Whether incidents found by police activity count. By default they do not.
    covariates : sequence of str
        What "balanced" balances and the balance table tells: "baseline" (incidents), "change"
        (incidents of the later half of the baseline less those of the earlier), "area_km2", or a
        column of numbers in the table of hotspots.
    blocks : {"lpt", "command", "none"}
        Within what "pairs", "blocks" and "balanced" draw, so that every team gets its share. Not
        of "simple"; a cross-over and a stepped wedge draw within it too.
    block_size : int
        Units drawn together in "blocks": within each LPT the most alike by baseline.
    acceptance : float
        Share of all draws that "balanced" accepts, .01 to 1: those with the best balance.
    washout_days : int
        Cross-over: days after each run of patrols that are not counted, 0 to 5, as the effect may
        last. Up to 1 a run is compared with the rest of its week, from 2 with the other week of
        its fortnight.
    steps : int
        Stepped wedge: dates at which sites start, 2 to 26, a whole number of weeks apart.
    exclude : sequence of str
        Ids of hotspots to leave out, as where other work begins.

    Raises
    ------
    InputError
        Naming every value out of its range.

    References
    ----------
    Basford L., Sims C., Agar I., Harinam V. and Strang H. (2021) Effects of one-a-day foot patrols
    on hot spots of serious violence and crime harm: a randomised crossover trial. *Cambridge
    Journal of Evidence-Based Policing* 5, 119-133.

    Examples
    --------
    >>> TrialRules(buffer_m=100).min_incidents
    12
    >>> TrialRules(washout_days=9)
    Traceback (most recent call last):
    hotspots.contracts.InputError: rules: washout_days is 9; it must be a whole number from 0 to 5 \
(days after patrols that are not counted).
    """

    share_treated: float = 0.5
    buffer_m: float = 150.0
    overlap: str = "join"
    min_incidents: float = 12
    baseline_months: int = 12
    categories: Sequence[str] | None = None
    include_police: bool = False
    covariates: Sequence[str] = ("baseline", "change", "area_km2")
    blocks: str = "lpt"
    block_size: int = 4
    acceptance: float = 0.05
    washout_days: int = 1
    steps: int = 4
    exclude: Sequence[str] = ()

    def __post_init__(self) -> None:
        faults = range_faults(self, _RANGES)
        for name, known in (("overlap", OVERLAPS), ("blocks", BLOCKS)):
            if getattr(self, name) not in known:
                faults.append(f"{name} is {getattr(self, name)!r}; it takes "
                              f"{', '.join(map(repr, known))}.")  # fmt: skip
        if not isinstance(self.include_police, bool | np.bool_):
            faults.append(f"include_police is {self.include_police!r}; it takes True or False.")
        faults += _texts("categories", self.categories, none=True, empty=False)
        faults += _texts("covariates", self.covariates, empty=False)
        faults += _texts("exclude", self.exclude)
        if faults:
            raise InputError("rules", faults)
        for name in ("categories", "covariates", "exclude"):
            if (given := getattr(self, name)) is not None:  # nobody changes them afterwards
                kept = tuple(sorted(given) if isinstance(given, set | frozenset) else given)
                object.__setattr__(self, name, kept)


def _texts(name: str, given: Any, *, none: bool = False, empty: bool = True) -> list[str]:
    if given is None and none:
        return []
    listed = not isinstance(given, str) and np.iterable(given) and hasattr(given, "__len__")
    if listed and all(isinstance(one, str) for one in given) and (empty or len(given)):
        return []
    return [f"{name} is {given!r}; it takes a list of texts{'' if empty else ', at least one'}."]
