"""One run: every step of the road, every output, in a folder that appears whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..atomic import atomic_folder
from ..contracts import InputError, Notice
from .config import METHODS, RunConfig

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_LIBRARIES = (
    "numpy", "pandas", "geopandas", "shapely", "pyproj", "pyogrio", "scipy", "scikit-learn",
    "statsmodels", "matplotlib", "bokeh", "pyarrow",
)  # fmt: skip


@dataclass
class Steps:
    """The steps of a run: said as they end, with their seconds, and kept for the log."""

    quiet: bool = False
    lines: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    bar: Any = None
    _began: float = field(default_factory=time.perf_counter)

    def say(self, line: str) -> None:
        """Print a line, and keep it for the log."""
        self.lines.append(line)
        if not self.quiet:
            self.bar.write(line) if self.bar is not None else print(line, flush=True)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what the block puts in the list is said beside its name."""
        begin, said = time.perf_counter(), list[str]()
        if self.bar is not None:
            self.bar.set_description_str(name)
        yield said
        self.seconds[name] = time.perf_counter() - begin
        self.say(f"{name:<15} {self.seconds[name]:6.1f} s  {'; '.join(said)}")
        for notice in self.notices:
            self.say(f"{'':<15}   note: {notice}")
        self.notices.clear()
        if self.bar is not None:
            self.bar.update()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Turn notices into lines under the step they came from."""
        with warnings.catch_warnings():
            warnings.simplefilter("always", Notice)
            shown = warnings.showwarning

            def show(message: Any, category: type[Warning], *where: Any, **options: Any) -> None:
                if issubclass(category, Notice):
                    self.notices.append(str(message))
                else:
                    shown(message, category, *where, **options)

            warnings.showwarning = show
            try:
                yield
            finally:
                warnings.showwarning = shown

    @property
    def total(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self._began


def run(config: RunConfig, out: Path | None = None, *, quiet: bool = False) -> Path:
    """Do every step a configuration asks for and write every output.

    Parameters
    ----------
    config : RunConfig
    out : Path, optional
        Folder to write instead of the configured one.
    quiet : bool
        Whether to print nothing.

    Returns
    -------
    Path
        The folder: ``index.html`` (the report), ``bi/`` (tables), ``county.gpkg`` (for a GIS),
        ``run.json`` (what was done, with what) and ``log.txt``.

    Raises
    ------
    InputError
        When an input cannot be used. Whatever goes wrong, the folder of an earlier run stays.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.sample import write_sample
    >>> from hotspots.cli.config import read_config
    >>> config = read_config(write_sample(tempfile.mkdtemp()))
    >>> folder = run(config, quiet=True)  # doctest: +SKIP
    """
    from ..progress import progress_bar

    folder = Path(config.output["folder"] if out is None else out)
    steps = Steps(quiet)
    showing = not quiet and sys.stderr.isatty()
    asked = (config.classes, config.accuracy, config.trends, config.patrols, config.impact)
    count = 6 + len(config.methods) + sum(part is not None for part in asked) + len(config.time)
    with (
        atomic_folder(folder) as partial,
        progress_bar(total=count, disable=not showing, leave=False, unit="step") as bar,
        steps.listening(),
    ):
        steps.bar = bar if showing else None
        seed = _write(partial, config, steps)
        peak = peak_memory_mb()
        memory = "unknown" if peak is None else f"{peak:,.0f} MB"
        steps.say(f"{'total':<15} {steps.total:6.1f} s  peak memory {memory}")
        _record(partial, config, steps, peak, seed)
    if not quiet:
        print(f"written to {folder}; open {folder / 'index.html'}")
    return folder


def _write(partial: Path, config: RunConfig, steps: Steps) -> str | None:
    """Write every output; return the fingerprint of the plan's seed, where there is a plan."""
    from ..detect import classify_hotspots
    from ..harm import harm_days
    from ..incidents import read_incidents
    from ..places import Grid, read_lpts
    from ..report import export_bi, export_gis, write_report
    from .impact import judged, read_study
    from .patrol import hand_out, known_lpts, planned, read_staff
    from .time import time_stations, trends_of, write_pages

    staff = read_staff(config, steps)
    study = read_study(config, steps)
    with steps.step("LPTs") as said:
        lpts = read_lpts(config.data["lpts"], crs=config.data["crs"])
        said.append(f"{len(lpts)} LPTs, {lpts['area_km2'].sum():,.0f} km²")
        if staff:
            known_lpts(staff, lpts, config)
    with steps.step("incidents") as said:
        loaded = read_incidents(
            config.data["incidents"], lpts=lpts, mapping=config.data["mapping"],
            crs=config.data["crs"], progress=not steps.quiet,
        )  # fmt: skip
        said.append(
            f"{len(loaded.incidents):,} accepted, {len(loaded.rejected):,} rejected, "
            f"{len(loaded.superseded):,} superseded"
        )
        if gaps := int((loaded.months["status"] == "missing").sum()):
            said.append(f"{gaps:,} {'month' if gaps == 1 else 'months'} missing")
        incidents = loaded.incidents
        if config.data["harm"] is not None:
            own = None if config.data["harm"] == "fallback" else config.data["harm"]
            incidents = incidents.assign(harm=harm_days(incidents, own))
    stations: list[Any] = [loaded]
    if config.data["harm"] is not None:
        stations.append(incidents)
    with steps.step("grid") as said:
        grid = Grid.over(lpts, **config.grid)
        said.append(f"{len(grid.cells):,} cells of {grid.size:g} m")
    joined, category = _joined(incidents, config)
    detectors = _detectors(joined, category, loaded.months, config)
    spots = _hotspots(detectors, joined, grid, config, steps)
    if config.classes is not None:
        with steps.step("classes") as said:
            classes = classify_hotspots(
                joined, grid, category=category, **config.classes,
                include_police=config.hotspots["include_police"],
            )  # fmt: skip
            spots = {name: classes.label(found, grid) for name, found in spots.items()}
            said.append(
                ", ".join(f"{n} {kind}" for kind, n in classes.summary["cells"].items()) + " cells"
            )
        stations.append(classes)
    stations += spots.values()
    if config.accuracy is not None:
        stations.append(_tested(detectors, joined, category, grid, config, steps))
    if config.trends is not None:
        stations.append(trends_of(incidents, lpts, config, steps))
    stations += time_stations(incidents, lpts, config, steps)
    seed = None
    if config.patrols is not None and staff:
        subject = _subject(joined, config)
        made = planned(spots[config.patrols["method"]], subject, lpts, staff, config, steps)
        hand_out(partial, made[1], config, steps)
        seed = made[1].basis.fingerprint
        stations += made
    if study is not None:
        stations.append(judged(study, incidents, config, steps))
    write_pages(partial, incidents, lpts, stations, config, steps)
    with steps.step("report"):
        write_report(
            partial, *stations, lpts=lpts, title=config.output["title"], about=_about(config)
        )
    with steps.step("tables"):
        export_bi(partial / "bi", *stations, lpts)
    with steps.step("GeoPackage"):
        export_gis(partial / "county.gpkg", *stations, lpts=lpts)
    return seed


def _about(config: RunConfig) -> str:
    """Say which incidents the hotspots rest on, and that the trends rest on all."""
    asked = config.hotspots
    what = ", ".join(asked["category"] or ["all categories"])
    months = asked["months"]
    when = "" if months is None else f", latest {months} {'month' if months == 1 else 'months'}"
    plan = " and patrol plan" if config.patrols is not None else ""
    trends = " Trends: all incidents." if config.trends is not None else ""
    return f"Hotspots{plan}: {what}{when}.{trends}"


def _joined(incidents: gpd.GeoDataFrame, config: RunConfig) -> tuple[gpd.GeoDataFrame, str | None]:
    """Give the categories asked for one name, which the methods take as their subject."""
    asked = config.hotspots["category"]
    if not asked:
        return incidents, None
    have = incidents["category"].astype(str)
    unknown = [c for c in asked if not (have == c).any()]
    if unknown:
        raise InputError(
            config.path.name,
            [f"[hotspots] category {c!r} does not occur; these do: {', '.join(sorted(set(have)))}."
             for c in unknown],
        )  # fmt: skip
    name = " + ".join(asked)
    return incidents.assign(category=have.where(~have.isin(asked), name)), name


def _latest(incidents: pd.DataFrame, column: str, months: int | None) -> NDArray[np.bool_]:
    """Tell which rows lie in the latest months, all when no number is given."""
    import numpy as np

    month = incidents[column].to_numpy().astype("datetime64[M]")
    if months is None or not len(month):
        return np.ones(len(month), dtype=bool)
    return np.asarray(month > month.max() - months)


def _detectors(
    incidents: gpd.GeoDataFrame, category: str | None, months: pd.DataFrame, config: RunConfig
) -> dict[str, Any]:
    """Make every detector asked for, on the category, not yet fitted."""
    from .. import detect

    present = months[months["status"].isin(["present", "thin"])]
    present = present[_latest(present, "month", config.hotspots["months"])]
    subject = incidents if category is None else incidents[incidents["category"] == category]
    subject = subject[_latest(subject, "occurred_from", config.hotspots["months"])]
    # A detector counts the months it sees; one on record without this category is a true zero.
    seen = subject["occurred_from"].to_numpy().astype("datetime64[M]")
    recorded = present["month"].nunique()
    years = None if recorded == len(set(seen)) else round(recorded / 12, 4)
    made = {}
    for method, parameters in config.methods.items():
        kind = getattr(detect, METHODS[method])
        detector = kind(**parameters, include_police=config.hotspots["include_police"])
        if "category" in detector.get_params():  # it learns from the other categories too
            detector.set_params(category=category)
        else:
            detector.set_params(years=years)
        made[method] = detector
    return made


def _hotspots(
    detectors: dict[str, Any],
    incidents: gpd.GeoDataFrame,
    grid: Any,
    config: RunConfig,
    steps: Steps,
) -> dict[str, gpd.GeoDataFrame]:
    """Run every detector on the latest months asked for."""
    asked = config.hotspots
    latest = incidents[_latest(incidents, "occurred_from", asked["months"])]
    subject = _subject(incidents, config)
    limits = ("top_k", "coverage", "max_area_km2", "min_incidents", "per_lpt")
    found = {}
    for method, detector in detectors.items():
        with steps.step(method) as said:
            whole = "category" in detector.get_params()
            fitted = detector.fit(latest if whole else subject)
            spots = fitted.hotspots(grid, **{key: asked[key] for key in limits})
            said.append(f"{len(spots)} hotspots from {len(subject):,} incidents")
        found[method] = spots
    return found


def _subject(incidents: gpd.GeoDataFrame, config: RunConfig) -> gpd.GeoDataFrame:
    """Keep the latest months and the category asked for."""
    category = " + ".join(config.hotspots["category"])
    latest = incidents[_latest(incidents, "occurred_from", config.hotspots["months"])]
    return latest[latest["category"] == category] if category else latest


def _tested(
    detectors: dict[str, Any],
    incidents: gpd.GeoDataFrame,
    category: str | None,
    grid: Any,
    config: RunConfig,
    steps: Steps,
) -> Any:
    """Test every detector on periods it has not seen, over as long a past as the hotspots."""
    from ..accuracy import RollingOrigin, backtest

    asked, months = config.accuracy or {}, config.hotspots["months"]
    with steps.step("accuracy") as said:
        rule = RollingOrigin(
            asked["horizon"], n_origins=asked["origins"],
            train=None if months is None else f"{months}MS",
        )  # fmt: skip
        test = backtest(
            detectors, incidents, grid, category=category, horizon=rule,
            coverage=asked["coverage"],
        )  # fmt: skip
        said.append(f"{test.periods['used'].sum()} periods not seen")
    return test


def _record(
    partial: Path, config: RunConfig, steps: Steps, peak: float | None, seed: str | None
) -> None:
    """Write what was done, on what and with what, so that the run can be repeated."""
    asked = {
        "data": config.data, "hotspots": {**config.hotspots, **config.methods},
        "grid": config.grid, "classes": config.classes, "accuracy": config.accuracy,
        "trends": config.trends, **config.time, "patrols": config.patrols,
        "impact": config.impact,
        "output": config.output,
    }  # fmt: skip
    if config.patrols is not None:  # the seed is a secret: its fingerprint says which it was
        asked["patrols"] = {**config.patrols, "seed": seed}
    inputs = [config.path, *config.data["incidents"], config.data["lpts"], config.data["mapping"]]
    if config.data["harm"] != "fallback":
        inputs.append(config.data["harm"])
    if config.impact is not None:
        inputs += [config.impact["treated"], config.impact["control"]]
    if config.patrols is not None:
        files = ("shifts", "units", "tasks", "priorities", "roads", "trial")
        inputs += [config.patrols[name] for name in files]
    record = {
        "hotspots": __version__,
        "made": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "config": asked,
        "inputs": [_input(Path(path)) for path in inputs if path is not None],
        "seconds": {name: round(s, 2) for name, s in steps.seconds.items()},
        "total_seconds": round(steps.total, 2),
        "peak_memory_mb": None if peak is None else round(peak),
    }
    text = json.dumps(record, indent=2, ensure_ascii=False, default=str)
    (partial / "run.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    log = "\n".join(steps.lines) + "\n"
    (partial / "log.txt").write_text(log, encoding="utf-8", newline="\n")


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _input(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {"path": str(path)}
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": str(path), "bytes": path.stat().st_size, "sha256": digest}


def peak_memory_mb() -> float | None:
    """Return the most memory this process has held, in MB; None where that cannot be told.

    Examples
    --------
    >>> peak_memory_mb() > 10
    True
    """
    if sys.platform == "win32":
        return _windows_peak()
    try:  # Linux's ru_maxrss begins at the peak of the program that started this one
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    except (OSError, IndexError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6  # bytes there, KiB elsewhere


def _windows_peak() -> float | None:
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):  # PROCESS_MEMORY_COUNTERS
        _fields_ = (
            ("cb", wintypes.DWORD), ("PageFaultCount", wintypes.DWORD),
            *((name, ctypes.c_size_t) for name in (
                "PeakWorkingSetSize", "WorkingSetSize", "QuotaPeakPagedPoolUsage",
                "QuotaPagedPoolUsage", "QuotaPeakNonPagedPoolUsage", "QuotaNonPagedPoolUsage",
                "PagefileUsage", "PeakPagefileUsage",
            )),
        )  # fmt: skip

    kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined]
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    ask = kernel.K32GetProcessMemoryInfo
    ask.argtypes = [wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD]
    found = Counters()
    found.cb = ctypes.sizeof(found)
    if not ask(kernel.GetCurrentProcess(), ctypes.byref(found), found.cb):
        return None
    return float(found.PeakWorkingSetSize) / 1e6
