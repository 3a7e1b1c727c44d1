"""What is unusual now: alerts against each group's own past, control charts, exact comparisons."""

from ..chance.exact import scan_p
from .alert import Alerts, find_alerts
from .charts import ControlChart, u_chart, xmr_chart
from .comparison import CountComparison, compare_counts
from .funnel import FunnelChart, funnel_chart
from .gaps import EventGaps, event_gaps

__all__ = [
    "Alerts",
    "ControlChart",
    "CountComparison",
    "EventGaps",
    "FunnelChart",
    "compare_counts",
    "event_gaps",
    "find_alerts",
    "funnel_chart",
    "scan_p",
    "u_chart",
    "xmr_chart",
]
