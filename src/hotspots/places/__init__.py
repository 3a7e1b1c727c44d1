"""Where: the policing areas (LPTs) and the grid of cells laid over them."""

from .grid import Grid, coordinates, weights_of
from .lpts import assign_lpt, read_lpt_lookup, read_lpts

__all__ = ["Grid", "assign_lpt", "coordinates", "read_lpt_lookup", "read_lpts", "weights_of"]
