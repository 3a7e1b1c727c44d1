"""Where: the policing areas (LPTs) and the grid of cells laid over them."""

from .lpts import assign_lpt, read_lpt_lookup, read_lpts

__all__ = ["assign_lpt", "read_lpt_lookup", "read_lpts"]
