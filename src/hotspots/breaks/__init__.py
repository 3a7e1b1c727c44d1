"""Breaks: when the level of a series stepped, and what is known to have changed about then.

A step in the counts is more often a change in recording than in crime. So every step found is set
beside a registry of known changes, and nothing is ever taken out on its account unless the reader
passes ``Breaks.steps`` on.
"""

from .find import FALSE_RATE, Breaks, find_breaks
from .known import read_known_changes

__all__ = ["FALSE_RATE", "Breaks", "find_breaks", "read_known_changes"]
