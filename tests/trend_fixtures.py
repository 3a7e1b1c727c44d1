"""Incidents of known times for the tests on series and trends; the places do not matter."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

MONTH = pd.offsets.MonthBegin(1)


def incidents(start, end=None, **columns):
    """Build an incidents table from times; the place does not matter to a trend."""
    start = pd.DatetimeIndex(start)
    return gpd.GeoDataFrame(
        {
            "category": "Burglary",
            "occurred_from": start,
            "occurred_to": start if end is None else pd.DatetimeIndex(end),
            **columns,
        },
        geometry=np.full(len(start), shapely.Point(388000, 347000)),
        crs="EPSG:27700",
        index=pd.RangeIndex(len(start), name="incident"),
    )


def monthly(counts, start="2020-01-01", **columns):
    """Month-only incidents, so many in each month from the start; zeros make no row."""
    months = pd.date_range(start, periods=len(counts), freq="MS")
    first = months.repeat(np.asarray(counts, dtype=int))
    return incidents(first, first + MONTH, **columns)


def daily(per_day, first, last, **columns):
    """Exact times at noon, so many every day from first to last."""
    return incidents(
        (pd.date_range(first, last, freq="D") + pd.Timedelta("12h")).repeat(per_day), **columns
    )


def noise(kind, shape, rng, mean=30.0):
    """Counts without any season: groups by months, or one row of months."""
    n, months = shape if isinstance(shape, tuple) else (1, shape)
    if kind == "poisson":
        y = rng.poisson(mean, (n, months))
    elif kind == "overdispersed":  # variance mean + mean²/10
        y = rng.poisson(mean * rng.gamma(10, 0.1, (n, months)))
    else:  # a drifting level of that correlation from month to month
        rho = float(kind.removeprefix("drift "))
        level = rng.normal(size=(n, months))
        for m in range(1, months):
            level[:, m] = rho * level[:, m - 1] + level[:, m] * np.sqrt(1 - rho**2)
        y = rng.poisson(mean * np.exp(0.15 * level))
    y = y.astype(float)
    return y if isinstance(shape, tuple) else y[0]
