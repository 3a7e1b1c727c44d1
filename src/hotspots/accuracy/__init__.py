"""Accuracy: how well heat predicts what happens next, and whether it beats simple rankings."""

from .backtest import Backtest, backtest
from .measures import (
    area_under_curve,
    calibration_ratio,
    hit_rate,
    hit_rate_curve,
    log_score,
    pai,
    pei,
    recapture_rate_index,
)
from .origins import RollingOrigin
from .overlap import rank_biased_overlap
from .scoring import HitRate

__all__ = [
    "Backtest",
    "HitRate",
    "RollingOrigin",
    "area_under_curve",
    "backtest",
    "calibration_ratio",
    "hit_rate",
    "hit_rate_curve",
    "log_score",
    "pai",
    "pei",
    "rank_biased_overlap",
    "recapture_rate_index",
]
