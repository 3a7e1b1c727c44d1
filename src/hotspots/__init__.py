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
    "read_harm_weights": "harm",
    "harm_days": "harm",
    "harm_drivers": "harm",
    "data_support": "support",
    "Support": "support",
    "Counts": "detect",
    "KDE": "detect",
    "DBSCAN": "detect",
    "EmpiricalBayes": "detect",
    "CellHeat": "detect",
    "STDBSCAN": "detect",
    "HDBSCAN": "detect",
    "NetworkKDE": "detect",
    "RelativeRisk": "detect",
    "ProMap": "detect",
    "monte_carlo": "detect",
    "Significance": "detect",
    "GiStar": "detect",
    "LocalMoran": "detect",
    "LocalStatistics": "detect",
    "knox": "detect",
    "Knox": "detect",
    "classify_hotspots": "detect",
    "HotspotClasses": "detect",
    "space_time_pattern": "detect",
    "compare_periods": "detect",
    "PeriodChange": "detect",
    "concentration": "shares",
    "Concentration": "shares",
    "repeat_locations": "shares",
    "RepeatLocations": "shares",
    "bank_holidays": "calendars",
    "read_calendar": "calendars",
    "calendar_days": "calendars",
    "count_series": "series",
    "CountSeries": "series",
    "aoristic": "times",
    "week_profile": "times",
    "WeekProfile": "times",
    "peak_windows": "times",
    "PeakWindows": "times",
    "shift_shares": "times",
    "ShiftShares": "times",
    "policing_day": "times",
    "seasonal_trends": "trends",
    "Trends": "trends",
    "find_breaks": "breaks",
    "Breaks": "breaks",
    "read_known_changes": "breaks",
    "calendar_effects": "trends.effects",
    "CalendarEffects": "trends.effects",
    "find_alerts": "alerts",
    "Alerts": "alerts",
    "compare_counts": "alerts",
    "CountComparison": "alerts",
    "funnel_chart": "alerts",
    "FunnelChart": "alerts",
    "xmr_chart": "alerts",
    "u_chart": "alerts",
    "ControlChart": "alerts",
    "event_gaps": "alerts",
    "EventGaps": "alerts",
    "scan_p": "alerts",
    "forecast": "forecasts",
    "Forecast": "forecasts",
    "hit_rate": "accuracy",
    "pai": "accuracy",
    "pei": "accuracy",
    "recapture_rate_index": "accuracy",
    "calibration_ratio": "accuracy",
    "hit_rate_curve": "accuracy",
    "area_under_curve": "accuracy",
    "log_score": "accuracy",
    "rank_biased_overlap": "accuracy",
    "RollingOrigin": "accuracy",
    "HitRate": "accuracy",
    "backtest": "accuracy",
    "Backtest": "accuracy",
    "read_shifts": "patrols",
    "read_units": "patrols",
    "read_tasks": "patrols",
    "read_priorities": "patrols",
    "read_roads": "patrols",
    "Roads": "patrols",
    "PatrolRules": "patrols",
    "patrol_demand": "patrols",
    "Demand": "patrols",
    "plan_patrols": "patrols",
    "PatrolPlan": "patrols",
    "supervisor_page": "patrols",
    "patrol_fairness": "patrols",
    "PatrolFairness": "patrols",
    "check_visits": "patrols",
    "write_plan": "patrols",
    "read_plan": "patrols",
    "amend_plan": "patrols",
    "Amended": "patrols",
    "log_decisions": "patrols",
    "read_decisions": "patrols",
    "Decisions": "patrols",
    "match_delivery": "patrols",
    "DeliveryRules": "patrols",
    "Delivery": "patrols",
    "monthly_return": "patrols",
    "Return": "patrols",
    "TrialRules": "trials",
    "design_trial": "trials",
    "TrialDesign": "trials",
    "PowerRules": "trials",
    "trial_power": "trials",
    "TrialPower": "trials",
    "write_protocol": "trials",
    "register_trial": "trials",
    "check_register": "trials",
    "TrialRegister": "trials",
    "match_controls": "impact",
    "Matches": "impact",
    "count_places": "impact",
    "PlaceCounts": "impact",
    "compare_kinds": "impact",
    "pool_counts": "impact",
    "selection_change": "impact",
    "Selection": "impact",
    "estimate_impact": "impact",
    "Impact": "impact",
    "ImpactRules": "impact",
    "wdd": "impact",
    "wdd_harm": "impact",
    "cumulative_wdd": "impact",
    "Wdd": "impact",
    "e_test": "impact",
    "small_sample_test": "impact",
    "BinTest": "impact",
    "sppt": "impact",
    "Sppt": "impact",
    "write_up": "evidence",
    "WriteUp": "evidence",
    "write_what_works": "evidence",
    "bank_result": "evidence",
    "read_bank": "evidence",
    "Bank": "evidence",
    "pool_results": "evidence",
    "Pooled": "evidence",
    "briefing": "briefings",
    "Briefing": "briefings",
    "lpt_profile": "profiles",
    "Profile": "profiles",
    "publish_trends": "profiles",
    "Published": "profiles",
    "plot_heat": "plot",
    "plot_hotspots": "plot",
    "plot_parts": "plot",
    "plot_network": "plot",
    "plot_significance": "plot",
    "plot_local_statistics": "plot",
    "plot_k_distance": "plot",
    "plot_knox": "plot",
    "plot_lorenz": "plot",
    "plot_week_profile": "plot",
    "plot_aoristic": "plot",
    "plot_trends": "plot",
    "plot_alerts": "plot",
    "plot_chart": "plot",
    "plot_funnel": "plot",
    "plot_breaks": "plot",
    "plot_forecast": "plot",
    "plot_calendar_effects": "plot",
    "plot_backtest": "plot",
    "plot_demand": "plot",
    "plot_plan": "plot",
    "plot_delivery": "plot",
    "plot_power": "plot",
    "plot_matches": "plot",
    "plot_places": "plot",
    "plot_impact": "plot",
    "plot_expected": "plot",
    "plot_cumulative": "plot",
    "plot_event_study": "plot",
    "plot_forest": "plot",
    "plot_profile": "plot",
    "plot_classes": "plot",
    "plot_history": "plot",
    "plot_change": "plot",
    "write_report": "report",
    "write_briefing": "report",
    "write_profile": "report",
    "write_cards": "report",
    "export_bi": "report",
    "export_gis": "report",
    "export_routes": "report",
}
__all__ = list(_HOME)

if TYPE_CHECKING:
    from .accuracy import Backtest as Backtest
    from .accuracy import HitRate as HitRate
    from .accuracy import RollingOrigin as RollingOrigin
    from .accuracy import area_under_curve as area_under_curve
    from .accuracy import backtest as backtest
    from .accuracy import calibration_ratio as calibration_ratio
    from .accuracy import hit_rate as hit_rate
    from .accuracy import hit_rate_curve as hit_rate_curve
    from .accuracy import log_score as log_score
    from .accuracy import pai as pai
    from .accuracy import pei as pei
    from .accuracy import rank_biased_overlap as rank_biased_overlap
    from .accuracy import recapture_rate_index as recapture_rate_index
    from .alerts import Alerts as Alerts
    from .alerts import ControlChart as ControlChart
    from .alerts import CountComparison as CountComparison
    from .alerts import EventGaps as EventGaps
    from .alerts import FunnelChart as FunnelChart
    from .alerts import compare_counts as compare_counts
    from .alerts import event_gaps as event_gaps
    from .alerts import find_alerts as find_alerts
    from .alerts import funnel_chart as funnel_chart
    from .alerts import scan_p as scan_p
    from .alerts import u_chart as u_chart
    from .alerts import xmr_chart as xmr_chart
    from .breaks import Breaks as Breaks
    from .breaks import find_breaks as find_breaks
    from .breaks import read_known_changes as read_known_changes
    from .briefings import Briefing as Briefing
    from .briefings import briefing as briefing
    from .calendars import bank_holidays as bank_holidays
    from .calendars import calendar_days as calendar_days
    from .calendars import read_calendar as read_calendar
    from .contracts import InputError as InputError
    from .contracts import Notice as Notice
    from .detect import DBSCAN as DBSCAN
    from .detect import HDBSCAN as HDBSCAN
    from .detect import KDE as KDE
    from .detect import STDBSCAN as STDBSCAN
    from .detect import CellHeat as CellHeat
    from .detect import Counts as Counts
    from .detect import EmpiricalBayes as EmpiricalBayes
    from .detect import GiStar as GiStar
    from .detect import HotspotClasses as HotspotClasses
    from .detect import Knox as Knox
    from .detect import LocalMoran as LocalMoran
    from .detect import LocalStatistics as LocalStatistics
    from .detect import NetworkKDE as NetworkKDE
    from .detect import PeriodChange as PeriodChange
    from .detect import ProMap as ProMap
    from .detect import RelativeRisk as RelativeRisk
    from .detect import Significance as Significance
    from .detect import classify_hotspots as classify_hotspots
    from .detect import compare_periods as compare_periods
    from .detect import knox as knox
    from .detect import monte_carlo as monte_carlo
    from .detect import space_time_pattern as space_time_pattern
    from .evidence import Bank as Bank
    from .evidence import Pooled as Pooled
    from .evidence import WriteUp as WriteUp
    from .evidence import bank_result as bank_result
    from .evidence import pool_results as pool_results
    from .evidence import read_bank as read_bank
    from .evidence import write_up as write_up
    from .evidence import write_what_works as write_what_works
    from .forecasts import Forecast as Forecast
    from .forecasts import forecast as forecast
    from .harm import harm_days as harm_days
    from .harm import harm_drivers as harm_drivers
    from .harm import read_harm_weights as read_harm_weights
    from .impact import BinTest as BinTest
    from .impact import Impact as Impact
    from .impact import ImpactRules as ImpactRules
    from .impact import Matches as Matches
    from .impact import PlaceCounts as PlaceCounts
    from .impact import Selection as Selection
    from .impact import Sppt as Sppt
    from .impact import Wdd as Wdd
    from .impact import compare_kinds as compare_kinds
    from .impact import count_places as count_places
    from .impact import cumulative_wdd as cumulative_wdd
    from .impact import e_test as e_test
    from .impact import estimate_impact as estimate_impact
    from .impact import match_controls as match_controls
    from .impact import pool_counts as pool_counts
    from .impact import selection_change as selection_change
    from .impact import small_sample_test as small_sample_test
    from .impact import sppt as sppt
    from .impact import wdd as wdd
    from .impact import wdd_harm as wdd_harm
    from .incidents import Ingest as Ingest
    from .incidents import read_incidents as read_incidents
    from .patrols import Amended as Amended
    from .patrols import Decisions as Decisions
    from .patrols import Delivery as Delivery
    from .patrols import DeliveryRules as DeliveryRules
    from .patrols import Demand as Demand
    from .patrols import PatrolFairness as PatrolFairness
    from .patrols import PatrolPlan as PatrolPlan
    from .patrols import PatrolRules as PatrolRules
    from .patrols import Return as Return
    from .patrols import Roads as Roads
    from .patrols import amend_plan as amend_plan
    from .patrols import check_visits as check_visits
    from .patrols import log_decisions as log_decisions
    from .patrols import match_delivery as match_delivery
    from .patrols import monthly_return as monthly_return
    from .patrols import patrol_demand as patrol_demand
    from .patrols import patrol_fairness as patrol_fairness
    from .patrols import plan_patrols as plan_patrols
    from .patrols import read_decisions as read_decisions
    from .patrols import read_plan as read_plan
    from .patrols import read_priorities as read_priorities
    from .patrols import read_roads as read_roads
    from .patrols import read_shifts as read_shifts
    from .patrols import read_tasks as read_tasks
    from .patrols import read_units as read_units
    from .patrols import supervisor_page as supervisor_page
    from .patrols import write_plan as write_plan
    from .places import Grid as Grid
    from .places import read_lpt_lookup as read_lpt_lookup
    from .places import read_lpts as read_lpts
    from .plot import plot_alerts as plot_alerts
    from .plot import plot_aoristic as plot_aoristic
    from .plot import plot_backtest as plot_backtest
    from .plot import plot_breaks as plot_breaks
    from .plot import plot_calendar_effects as plot_calendar_effects
    from .plot import plot_change as plot_change
    from .plot import plot_chart as plot_chart
    from .plot import plot_classes as plot_classes
    from .plot import plot_cumulative as plot_cumulative
    from .plot import plot_delivery as plot_delivery
    from .plot import plot_demand as plot_demand
    from .plot import plot_event_study as plot_event_study
    from .plot import plot_expected as plot_expected
    from .plot import plot_forecast as plot_forecast
    from .plot import plot_forest as plot_forest
    from .plot import plot_funnel as plot_funnel
    from .plot import plot_heat as plot_heat
    from .plot import plot_history as plot_history
    from .plot import plot_hotspots as plot_hotspots
    from .plot import plot_impact as plot_impact
    from .plot import plot_k_distance as plot_k_distance
    from .plot import plot_knox as plot_knox
    from .plot import plot_local_statistics as plot_local_statistics
    from .plot import plot_lorenz as plot_lorenz
    from .plot import plot_matches as plot_matches
    from .plot import plot_network as plot_network
    from .plot import plot_parts as plot_parts
    from .plot import plot_places as plot_places
    from .plot import plot_plan as plot_plan
    from .plot import plot_power as plot_power
    from .plot import plot_profile as plot_profile
    from .plot import plot_significance as plot_significance
    from .plot import plot_trends as plot_trends
    from .plot import plot_week_profile as plot_week_profile
    from .profiles import Profile as Profile
    from .profiles import Published as Published
    from .profiles import lpt_profile as lpt_profile
    from .profiles import publish_trends as publish_trends
    from .report import export_bi as export_bi
    from .report import export_gis as export_gis
    from .report import export_routes as export_routes
    from .report import write_briefing as write_briefing
    from .report import write_cards as write_cards
    from .report import write_profile as write_profile
    from .report import write_report as write_report
    from .sample import make_county as make_county
    from .series import CountSeries as CountSeries
    from .series import count_series as count_series
    from .shares import Concentration as Concentration
    from .shares import RepeatLocations as RepeatLocations
    from .shares import concentration as concentration
    from .shares import repeat_locations as repeat_locations
    from .support import Support as Support
    from .support import data_support as data_support
    from .times import PeakWindows as PeakWindows
    from .times import ShiftShares as ShiftShares
    from .times import WeekProfile as WeekProfile
    from .times import aoristic as aoristic
    from .times import peak_windows as peak_windows
    from .times import policing_day as policing_day
    from .times import shift_shares as shift_shares
    from .times import week_profile as week_profile
    from .trends import Trends as Trends
    from .trends import seasonal_trends as seasonal_trends
    from .trends.effects import CalendarEffects as CalendarEffects
    from .trends.effects import calendar_effects as calendar_effects
    from .trials import PowerRules as PowerRules
    from .trials import TrialDesign as TrialDesign
    from .trials import TrialPower as TrialPower
    from .trials import TrialRegister as TrialRegister
    from .trials import TrialRules as TrialRules
    from .trials import check_register as check_register
    from .trials import design_trial as design_trial
    from .trials import register_trial as register_trial
    from .trials import trial_power as trial_power
    from .trials import write_protocol as write_protocol


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'hotspots' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
