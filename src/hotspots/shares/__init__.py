"""How few places hold how much: Lorenz curves, Gini coefficients, locations that repeat."""

from .lorenz import Concentration, concentration
from .repeats import RepeatLocations, repeat_locations

__all__ = ["Concentration", "RepeatLocations", "concentration", "repeat_locations"]
