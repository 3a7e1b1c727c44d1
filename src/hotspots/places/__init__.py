"""Where: the policing areas (LPTs) and the grid of cells laid over them."""

from .grid import Grid
from .lpts import assign_lpt, read_lpt_lookup, read_lpts
from .points import coordinates, distinct_points, weights_of

__all__ = [
    "Grid", "assign_lpt", "coordinates", "distinct_points", "read_lpt_lookup", "read_lpts",
    "weights_of",
]  # fmt: skip
