"""How much chance alone would show: corrections for many tests, counts and their spread."""

from .corrections import CORRECTIONS, adjusted_p

__all__ = ["CORRECTIONS", "adjusted_p"]
