"""Where it is hot: detectors that learn from incidents and rank places, all used the same way."""

from ._base import Detector
from .counts import Counts
from .dbscan import DBSCAN
from .kde import KDE

__all__ = ["DBSCAN", "KDE", "Counts", "Detector"]
