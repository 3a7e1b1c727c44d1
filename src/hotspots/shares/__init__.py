"""How few places hold how much: Lorenz curves, Gini coefficients, locations that repeat."""

from .lorenz import Concentration, concentration

__all__ = ["Concentration", "concentration"]
