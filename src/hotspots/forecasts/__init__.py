"""The next weeks or months of every series, scored against plain baselines."""

from .ahead import Forecast, forecast

__all__ = ["Forecast", "forecast"]
