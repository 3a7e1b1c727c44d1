"""Pictures of each station's tables, as matplotlib Axes.

Each function draws on the axes given, or on a new figure, and returns the axes; none shows or
saves. Colours are Okabe and Ito's, which colour-blind readers can tell apart; what matters is
said in words or by shape as well.
"""

from .accuracy import plot_backtest
from .alerts import plot_alerts, plot_chart, plot_funnel
from .bayes import plot_parts
from .breaks import plot_breaks
from .calendar import plot_calendar_effects
from .change import plot_change, plot_classes, plot_history
from .clusters import plot_k_distance
from .concentration import plot_lorenz
from .delivery import plot_delivery
from .demand import plot_demand
from .forecasts import plot_forecast
from .impact import (
    plot_cumulative,
    plot_event_study,
    plot_expected,
    plot_forest,
    plot_impact,
)
from .local import plot_local_statistics
from .maps import plot_heat, plot_hotspots
from .matching import plot_matches
from .near_repeat import plot_knox
from .network import plot_network
from .places import plot_places
from .plan import plot_plan
from .power import plot_power
from .profile import plot_profile
from .significance import plot_significance
from .times import plot_aoristic, plot_week_profile
from .trends import plot_trends

__all__ = [
    "plot_alerts",
    "plot_aoristic",
    "plot_backtest",
    "plot_breaks",
    "plot_calendar_effects",
    "plot_change",
    "plot_chart",
    "plot_classes",
    "plot_cumulative",
    "plot_delivery",
    "plot_demand",
    "plot_event_study",
    "plot_expected",
    "plot_forecast",
    "plot_forest",
    "plot_funnel",
    "plot_heat",
    "plot_history",
    "plot_hotspots",
    "plot_impact",
    "plot_k_distance",
    "plot_knox",
    "plot_local_statistics",
    "plot_lorenz",
    "plot_matches",
    "plot_network",
    "plot_parts",
    "plot_places",
    "plot_plan",
    "plot_power",
    "plot_profile",
    "plot_significance",
    "plot_trends",
    "plot_week_profile",
]
