"""Aoristic weights: an incident whose time is a span counts in every hour it may have happened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..contracts import InputError, announce
from ._bins import Bins, Pieces, read_bins
from ._clock import DAY
from ._treatment import (
    check_longest,
    check_times,
    check_tz,
    require_hours,
    treat,
    treatment_words,
)


def aoristic(
    incidents: pd.DataFrame, bins: str | int | Sequence[str] = "hour of week", *,
    tz: str = "Europe/London", longest: str | pd.Timedelta | None = "24h",
) -> pd.DataFrame:  # fmt: skip
    r"""Spread each incident over the hours of the week in which it may have happened.

    Parameters
    ----------
    incidents : DataFrame
        With ``occurred_from`` and ``occurred_to``, local wall-clock without a time zone; a raw
        table may lack ends, or starts (then ``category`` tells contact crime), or hold them the
        wrong way round.
    bins : str, int or sequence of str
        ``"hour of week"`` (168, Monday 00 first), ``"hour of day"``, ``"day of week"``, a number
        of minutes that divides a day, or the times of day at which bins begin
        (``["07:00", "15:00", "23:00"]``).
    tz : str
        The zone whose clock the times follow; it tells when clocks change.
    longest : str, Timedelta or None
        Longest span by the wall-clock to use; None for any length. Patrol hours should not rest
        on spans of over a day.

    Returns
    -------
    DataFrame
        One row per incident, index as given, one column per bin, in shares that add up to 1. Rows
        left out are NaN throughout, never zero.

    Raises
    ------
    InputError
        Naming every fault; or refusing month-only records, and hours from dates alone.

    Notes
    -----
    The weight of a span :math:`[a, b)` in bin k is :math:`|[a, b) \cap k| / (b - a)`, exact to
    the second. Lengths are measured in elapsed time and bins in local time: the hour that spring
    skips gets nothing and the one that autumn repeats gets both. A time that happens twice is
    read as the first.

    No end: exact at the start. No start: exact at the end for contact crime (violence, robbery,
    theft from the person, public order, weapons, ASB: somebody was there), else left out.
    Reversed by at most 24 hours: swapped, else left out. Times at exactly 00:00 over three times
    as frequent as those at 23:00 and 01:00, or at 00:01 as those at 23:01 and 01:01, are taken as
    unknown and spread over their day. Longer than ``longest``: left out; of the rest, over 7
    days: evenly over all bins. Whatever was not plain is counted in a
    :class:`~hotspots.Notice`.

    A million rows by 168 columns take 1.34 GB, and up to 2 GB while they are made;
    :func:`week_profile` needs no such table.

    References
    ----------
    Ratcliffe J. H. and McCullagh M. J. (1998) Aoristic crime analysis. *International Journal of
    Geographical Information Science* 12(7), 751–764.
    Ratcliffe J. H. (2002) Aoristic signatures and the spatio-temporal analysis of high volume
    crime patterns. *Journal of Quantitative Criminology* 18(1), 23–43.

    Examples
    --------
    >>> import pandas as pd
    >>> overnight = pd.DataFrame({"occurred_from": [pd.Timestamp("2025-06-02 23:30")],
    ...                           "occurred_to": [pd.Timestamp("2025-06-03 01:15")]})
    >>> weights = aoristic(overnight)
    >>> weights.loc[0, weights.loc[0] > 0].round(6).to_dict()
    {'Mon 23': 0.285714, 'Tue 00': 0.571429, 'Tue 01': 0.142857}
    """
    faults = check_times(incidents, "a weight") + check_tz(tz)
    parted, length = read_bins(bins), check_longest(longest, None)
    faults += [wrong for wrong in (parted, length) if isinstance(wrong, str)]
    if faults or not isinstance(parted, Bins) or isinstance(length, str):
        raise InputError("aoristic", faults)
    spans = treat(incidents, tz, length)
    require_hours(spans, "aoristic", parted.daily)
    weights = np.zeros((len(incidents), len(parted.names)))
    weights[~spans.used] = np.nan
    weights[spans.even] = parted.share
    near = np.flatnonzero(spans.used & ~spans.even)
    if len(near):
        start, end = spans.start[near], spans.end[near]
        pieces = Pieces.over(spans.clock, parted, int(start.min()), int(end.max()) + DAY)
        wide, flat = len(parted.names), weights.reshape(-1)
        for row, piece, share in pieces.spread(start, end):
            np.add.at(flat, near[row] * wide + pieces.bin[piece], share)
    if said := treatment_words(spans, length):
        announce(
            f"of {len(incidents):,} incidents {int(spans.used.sum()):,} have a weight; "
            f"{'; '.join(said)}."
        )
    return pd.DataFrame(weights, index=incidents.index, columns=list(parted.names), copy=False)
