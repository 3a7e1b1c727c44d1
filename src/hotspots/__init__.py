"""Place-based policing: from incident records to hotspots, trends and a patrol plan."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# The public names, in the order of the work, each with the module that makes it. They are loaded
# on first use, so that `import hotspots` and `hotspots --help` stay fast.
_HOME = {
    "InputError": "contracts",
    "Notice": "contracts",
    "make_county": "sample",
    "read_incidents": "incidents",
    "Ingest": "incidents",
    "read_lpts": "places",
    "read_lpt_lookup": "places",
    "Grid": "places",
    "harm_days": "harm",
    "data_support": "support",
    "Support": "support",
    "Counts": "detect",
    "KDE": "detect",
    "DBSCAN": "detect",
    "seasonal_trends": "trends",
    "Trends": "trends",
    "read_shifts": "patrols",
    "read_units": "patrols",
    "plan_patrols": "patrols",
    "PatrolRules": "patrols",
    "PatrolPlan": "patrols",
    "plot_heat": "plot",
    "plot_hotspots": "plot",
    "plot_trends": "plot",
    "plot_plan": "plot",
    "write_report": "report",
    "export_bi": "report",
    "export_gis": "report",
}
__all__ = list(_HOME)

if TYPE_CHECKING:
    from .contracts import InputError as InputError
    from .contracts import Notice as Notice
    from .detect import DBSCAN as DBSCAN
    from .detect import KDE as KDE
    from .detect import Counts as Counts
    from .harm import harm_days as harm_days
    from .incidents import Ingest as Ingest
    from .incidents import read_incidents as read_incidents
    from .patrols import PatrolPlan as PatrolPlan
    from .patrols import PatrolRules as PatrolRules
    from .patrols import plan_patrols as plan_patrols
    from .patrols import read_shifts as read_shifts
    from .patrols import read_units as read_units
    from .places import Grid as Grid
    from .places import read_lpt_lookup as read_lpt_lookup
    from .places import read_lpts as read_lpts
    from .plot import plot_heat as plot_heat
    from .plot import plot_hotspots as plot_hotspots
    from .plot import plot_plan as plot_plan
    from .plot import plot_trends as plot_trends
    from .report import export_bi as export_bi
    from .report import export_gis as export_gis
    from .report import write_report as write_report
    from .sample import make_county as make_county
    from .support import Support as Support
    from .support import data_support as data_support
    from .trends import Trends as Trends
    from .trends import seasonal_trends as seasonal_trends


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'hotspots' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
