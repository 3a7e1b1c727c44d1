"""How late records come in, and so how much of the newest is not all there yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

LATEST = 31
"""Most days that a lag may take: offences reported after years would else swallow every year."""

_SETTLED = 90  # days before the last record from which incidents count as all in
_KNOWN = 0.5  # share of incidents whose recording time must be known


@dataclass(frozen=True)
class Lag:
    """How late records come in, as :func:`recording_lag` finds it.

    Attributes
    ----------
    days : int
        Days within which 95% of incidents are recorded, at most :data:`LATEST`.
    complete : Timestamp
        Up to when the incidents are all but all in: the last record less so many days.
    """

    days: int
    complete: pd.Timestamp


def recording_lag(incidents: gpd.GeoDataFrame | pd.DataFrame) -> Lag | None:
    """Estimate from ``recorded_at`` how late records come in.

    Parameters
    ----------
    incidents : GeoDataFrame
        Incidents; without ``recorded_at`` in half of them, or with times known no closer than a
        month, there is no estimate.

    Returns
    -------
    Lag or None

    Notes
    -----
    The 95th percentile of ``recorded_at`` less the middle of the interval, over incidents at
    least 90 days older than the last record (all of them, where there are none): of the newest
    only those recorded quickly are there, which would make the lag look short.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.Series(pd.date_range("2025-01-01", periods=200, freq="D"))
    >>> rows = pd.DataFrame({"occurred_from": day, "occurred_to": day,
    ...                      "recorded_at": day + pd.Timedelta(days=3)})
    >>> recording_lag(rows)
    Lag(days=3, complete=Timestamp('2025-07-19 00:00:00'))
    """
    have = getattr(incidents, "columns", ())
    if "recorded_at" not in have or "occurred_from" not in have or not len(incidents):
        return None
    start = incidents["occurred_from"].to_numpy().astype("datetime64[s]")
    end = incidents["occurred_to"].to_numpy().astype("datetime64[s]")
    recorded = incidents["recorded_at"].to_numpy().astype("datetime64[s]")
    close = (end - start <= np.timedelta64(86400, "s")) & ~np.isnat(recorded)
    if close.mean() < _KNOWN:
        return None
    middle, recorded = (start + (end - start) // 2)[close], recorded[close]
    last = recorded.max()
    settled = middle <= last - np.timedelta64(_SETTLED * 86400, "s")
    taken = (recorded - middle)[settled if settled.any() else np.ones(len(middle), dtype=bool)]
    late = float(np.quantile(taken / np.timedelta64(86400, "s"), 0.95))
    days = int(np.clip(np.ceil(late), 0, LATEST))
    return Lag(days, pd.Timestamp(last) - pd.Timedelta(days=days))
