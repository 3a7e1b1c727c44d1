"""Harm of incidents, in days of imprisonment at the starting point of the sentence."""

from .days import FALLBACK_DAYS, harm_days, harm_drivers
from .weights import read_harm_weights

__all__ = ["FALLBACK_DAYS", "harm_days", "harm_drivers", "read_harm_weights"]
