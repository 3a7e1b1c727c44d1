"""Where it is hot: detectors that learn from incidents and rank places, all used the same way."""

from ._base import Detector
from ._local import LocalStatistics
from ._patterns import space_time_pattern
from .bayes import CellHeat, EmpiricalBayes
from .change import PeriodChange, compare_periods
from .counts import Counts
from .dbscan import DBSCAN
from .emerging import HotspotClasses, classify_hotspots
from .gistar import GiStar
from .hdbscan import HDBSCAN
from .kde import KDE
from .monte_carlo import Significance, monte_carlo
from .moran import LocalMoran
from .near_repeat import Knox, knox
from .network import NetworkKDE
from .promap import ProMap
from .risk import RelativeRisk
from .stdbscan import STDBSCAN

__all__ = [
    "DBSCAN",
    "HDBSCAN",
    "KDE",
    "STDBSCAN",
    "CellHeat",
    "Counts",
    "Detector",
    "EmpiricalBayes",
    "GiStar",
    "HotspotClasses",
    "Knox",
    "LocalMoran",
    "LocalStatistics",
    "NetworkKDE",
    "PeriodChange",
    "ProMap",
    "RelativeRisk",
    "Significance",
    "classify_hotspots",
    "compare_periods",
    "knox",
    "monte_carlo",
    "space_time_pattern",
]
