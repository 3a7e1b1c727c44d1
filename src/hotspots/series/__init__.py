"""Complete series of counts per group and period: what trends, alerts and forecasts rest on."""

from .counted import CountSeries, count_series
from .panel import Panel
from .periods import FREQ, nowhere, numbers, starts_of

__all__ = ["FREQ", "CountSeries", "Panel", "count_series", "nowhere", "numbers", "starts_of"]
