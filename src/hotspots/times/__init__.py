"""When it happens: aoristic weights, profiles of the week, peaks, shifts, policing days."""

from .aoristic import aoristic

__all__ = ["aoristic"]
