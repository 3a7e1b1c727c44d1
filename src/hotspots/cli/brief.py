"""The daily briefing from a configuration: read, brief, print and write."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts import VISITS, InputError, check_table
from .config import RunConfig
from .run import Steps

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from ..briefings import Briefing


def brief(
    config: RunConfig,
    when: str | None = None,
    lpt: str | None = None,
    out: Path | None = None,
    *,
    quiet: bool = False,
) -> Path:
    """Brief on the hours up to ``when``, print the text and write the page.

    Parameters
    ----------
    config : RunConfig
        Any that serves a run; its ``[briefing]`` is used where there is one.
    when : str, optional
        Date, which means the hour configured (07:00), or date and time; today when absent.
    lpt : str, optional
        One Local Policing Team only.
    out : Path, optional
        Folder to write instead of the configured one.
    quiet : bool
        Whether to print nothing.

    Returns
    -------
    Path
        The page, ``briefing.html``.

    Raises
    ------
    InputError
        When an input cannot be used: month-only records, an LPT nobody knows, no such date.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.sample import write_sample
    >>> from hotspots.cli.config import read_config
    >>> folder = write_sample(tempfile.mkdtemp()).parent
    >>> brief(read_config(folder / "brief.toml"), "2025-03-31", quiet=True).name  # doctest: +SKIP
    'briefing.html'
    """
    from ..briefings import briefing
    from ..report import write_briefing

    asked = config.briefing
    moment = _moment(when, asked["start_hour"])
    steps = Steps(quiet)
    with steps.listening():
        plan, tasks = _tables(asked, config.path.name)
        with steps.step("records") as said:
            lpts, incidents = _records(config, quiet)
            said.append(f"{len(incidents):,} incidents, {len(lpts)} LPTs")
            if lpt is not None and lpt not in lpts.index:
                known = ", ".join(map(str, lpts.index))
                raise InputError("--lpt", [f"LPT {lpt!r} is not among {known}."])
        with steps.step("briefing"):
            shown: Any = lpts if lpt is None else lpt
            found = briefing(
                incidents, moment, shown, hours=asked["hours"], plan=plan, tasks=tasks,
                near_repeat=asked["near_repeat"],
                previous=_before(incidents, moment, shown, asked["hours"]),
            )  # fmt: skip
        with steps.step("page"):
            folder = Path(asked["folder"] if out is None else out)
            title = asked["title"] + (f": {lpt}" if lpt is not None else "")
            page = write_briefing(folder, found, title=title, pdf=asked["pdf"])
    if not quiet:
        print(f"\n{found.text}\n\nwritten to {page}")
    return page


def _moment(when: str | None, hour: int) -> str | dt.datetime:
    """Return the end of the hours: a date alone means the hour configured."""
    from ..briefings import HOUR

    text = dt.date.today().isoformat() if when is None else when.strip()
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        try:
            return dt.datetime.fromisoformat(text)
        except ValueError:
            fault = f"{when!r} is no date; write 2025-03-31 or '2025-03-31 09:00'."
            raise InputError("--when", [fault]) from None
    return text if hour == HOUR else dt.datetime.combine(day, dt.time(hour))


def _records(config: RunConfig, quiet: bool) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Read the LPTs and the incidents, with harm where the configuration says how."""
    from ..harm import harm_days
    from ..incidents import read_incidents
    from ..places import read_lpts

    data = config.data
    lpts = read_lpts(data["lpts"], crs=data["crs"])
    incidents = read_incidents(
        data["incidents"], lpts=lpts, mapping=data["mapping"], crs=data["crs"], progress=not quiet
    ).incidents
    if data["harm"] not in (None, "fallback"):  # a briefing falls back by itself, and says so
        incidents = incidents.assign(harm=harm_days(incidents, data["harm"]))
    return lpts, incidents


def _tables(asked: dict[str, Any], what: str) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Read the planned visits and the tasks."""
    import pandas as pd

    found: list[pd.DataFrame | None] = []
    faults = []
    for key in ("plan", "tasks"):
        path = asked[key]
        if path is None:
            found.append(None)
            continue
        try:
            table = pd.read_csv(path, encoding="utf-8-sig", dtype={"hotspot": str, "unit": str})
        except (OSError, ValueError) as bad:  # ValueError: what pandas cannot read
            faults.append(f"[briefing] {key}: {Path(path).name} is no CSV table ({bad}).")
            continue
        if key == "plan":
            for column in {"arrive", "depart"} & set(table.columns):
                table[column] = pd.to_datetime(table[column], errors="coerce", format="ISO8601")
            try:
                check_table(table, VISITS, f"[briefing] plan: {Path(path).name}")
            except InputError as error:
                faults += [f"{error.what}: {fault}" for fault in error.faults]
        found.append(table)
    if faults:
        raise InputError(what, faults)
    return found[0], found[1]


def _before(incidents: Any, moment: str | dt.datetime, shown: Any, hours: int) -> Briefing | None:
    """Make the briefing before, from which is carried over what still stands out."""
    from ..briefings import HOUR, briefing

    end = (
        dt.datetime.combine(dt.date.fromisoformat(moment), dt.time(HOUR))
        if isinstance(moment, str) else moment
    )  # fmt: skip
    try:
        return briefing(
            incidents, end - dt.timedelta(hours=hours), shown, hours=hours, near_repeat=False
        )
    except InputError:  # nothing was known then; what is wrong now, the briefing itself says
        return None
