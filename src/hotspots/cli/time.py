"""The steps of a run that ask about time: steps in the level, alerts, forecasts, hours, pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts import InputError

if TYPE_CHECKING:
    import geopandas as gpd

    from .config import RunConfig
    from .run import Steps


def trends_of(
    incidents: gpd.GeoDataFrame, lpts: gpd.GeoDataFrame, config: RunConfig, steps: Steps
) -> Any:
    """Decompose and test the series that ``[trends]`` asks for.

    Parameters
    ----------
    incidents, lpts : GeoDataFrame
    config : RunConfig
        With ``[trends]``.
    steps : Steps

    Returns
    -------
    Trends
    """
    from ..calendars import read_calendar
    from ..trends import seasonal_trends

    asked = dict(config.trends or {})
    path = asked.pop("calendar")
    with steps.step("trends") as said:
        calendar = None if path is None else read_calendar(path)
        trends = seasonal_trends(_commanded(incidents, lpts), **asked, calendar=calendar)
        said.append(f"{len(trends.summary)} series")
    return trends


def time_stations(
    incidents: gpd.GeoDataFrame, lpts: gpd.GeoDataFrame, config: RunConfig, steps: Steps
) -> list[Any]:
    """Do the steps on time that a configuration asks for.

    Parameters
    ----------
    incidents, lpts : GeoDataFrame
    config : RunConfig
    steps : Steps

    Returns
    -------
    list of Result
        For the report and the tables, in the order a commander reads.
    """
    from ..alerts import find_alerts
    from ..breaks import find_breaks, read_known_changes
    from ..forecasts import forecast
    from ..times import peak_windows, week_profile

    made: list[Any] = []
    asked, rows = config.time, _commanded(incidents, lpts)
    if "alerts" in asked:
        with steps.step("alerts") as said:
            chosen = asked["alerts"]
            found = find_alerts(
                rows, chosen["by"], chosen["freq"], level=chosen["level"],
                include_police=config.hotspots["include_police"],
            )  # fmt: skip
            said.append(f"{len(found.alerts)} in {len(found.groups):,} comparisons")
        made.append(found)
    if "breaks" in asked:
        with steps.step("breaks") as said:
            chosen = asked["breaks"]
            registry = read_known_changes(extend=chosen["registry"])
            steps_found = find_breaks(rows, chosen["by"], chosen["freq"], registry=registry)
            said.append(f"{len(steps_found.breaks)} in {len(steps_found.summary)} series")
        made.append(steps_found)
    if "forecast" in asked:
        with steps.step("forecast") as said:
            chosen = asked["forecast"]
            levels = lpts if "lpt" in chosen["by"] and "command" in lpts.columns else None
            told = forecast(rows, chosen["by"], chosen["freq"], chosen["horizon"], lpts=levels)
            said.append(f"{len(told.ahead):,} periods ahead")
        made.append(told)
    if "times" in asked:
        with steps.step("hours") as said:
            profile = week_profile(
                _of(incidents, asked["times"]["category"], config), asked["times"]["by"] or None,
                include_police=config.hotspots["include_police"],
            )  # fmt: skip
            peaks = peak_windows(profile)
            reliable = int((peaks.groups["verdict"] == "reliable peak").sum())
            said.append(f"{reliable} of {len(peaks.groups)} with a reliable peak")
        made += [profile, peaks]
    return made


def write_pages(
    partial: Path, incidents: gpd.GeoDataFrame, lpts: gpd.GeoDataFrame, stations: list[Any],
    config: RunConfig, steps: Steps,
) -> None:  # fmt: skip
    """Write the profiles and the figures to publish, where they are asked for.

    Parameters
    ----------
    partial : Path
        The folder of the run while it is being made: ``profile.html``, and in ``public/`` what
        may leave the force.
    incidents, lpts : GeoDataFrame
    stations : list
        What the run has made; trends and hotspots among them go into the profiles.
    config : RunConfig
    steps : Steps
    """
    from ..contracts import HOTSPOTS, Result
    from ..profiles import lpt_profile, publish_trends
    from ..profiles.publish import SENSITIVE
    from ..report import write_profile

    title = config.output["title"]
    if "profiles" in config.time:
        with steps.step("profiles") as said:
            trends = [s for s in stations if isinstance(s, Result) and "seasons" in s.tables
                      and "lpt" in s.tables["seasons"].columns]  # fmt: skip
            spots = [s for s in stations if not isinstance(s, Result)
                     and set(HOTSPOTS.required) <= set(s.columns)]  # fmt: skip
            profile = lpt_profile(
                incidents, lpts=lpts, trends=trends[0] if trends else None,
                hotspots=spots[0] if spots else None,
            )  # fmt: skip
            write_profile(partial, profile, title=f"{title}: LPT profiles")
            said.append(f"{profile.tables['pages']['lpt'].nunique()} pages")
    if "publish" in config.time:
        with steps.step("published") as said:
            chosen = config.time["publish"]
            own = chosen["sensitive"]
            sensitive = (*SENSITIVE, *((own,) if isinstance(own, str) else own))
            published = publish_trends(incidents, chosen["by"], lpts=lpts, sensitive=sensitive)
            (partial / "public").mkdir()
            for name, frame in published.tables.items():
                frame.to_csv(
                    partial / "public" / f"{name}.csv", index=False, encoding="utf-8-sig",
                    lineterminator="\r\n", float_format="%.0f",
                )  # fmt: skip
            if set(chosen["by"]) >= {"lpt"}:
                page = lpt_profile(incidents, lpts=lpts, public=published)
                write_profile(partial / "public", page, title="Crime and anti-social behaviour")
            said.append("public/")


def _commanded(incidents: gpd.GeoDataFrame, lpts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add the command of each incident's LPT, for series by command."""
    if "command" not in lpts.columns or "lpt" not in incidents.columns:
        return incidents
    return incidents.assign(command=incidents["lpt"].astype(object).map(lpts["command"]))


def _of(incidents: gpd.GeoDataFrame, categories: Any, config: RunConfig) -> Any:
    """Keep the categories asked for, all where none is named."""
    asked = [categories] if isinstance(categories, str) else list(categories)
    have = incidents["category"].astype(str)
    if unknown := [c for c in asked if not (have == c).any()]:
        raise InputError(config.path.name, [
            f"[times] category {c!r} does not occur; these do: {', '.join(sorted(set(have)))}."
            for c in unknown
        ])  # fmt: skip
    return incidents[have.isin(asked)] if asked else incidents
