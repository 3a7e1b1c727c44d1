"""Pictures of what became of treated places, and of trials pooled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, PALE, RED, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_EFFECT = ("outcome", "part", "method", "estimate", "low", "high", "unit", "main", "refused")
_SERIES = ("outcome", "part", "start", "end", "after", "treated", "expected", "low", "high")
_CUMULATIVE = ("outcome", "part", "start", "end", "after", "cumulative", "cumulative_low",
               "cumulative_high")  # fmt: skip
_EVENT = ("outcome", "relative", "estimate", "low", "high", "lead")
_STUDIES = ("trial", "estimate", "low", "high", "weight")
_POOLED = ("method", "k", "estimate", "low", "high", "expect_low", "expect_high", "main")
_PARTS = {"hotspots": "at the places", "buffer": "in the ring about them", "both": "both together"}
_ROWS = 30  # most rows of dots
_FEW = 20  # incidents on either side under which a ratio is drawn hollow
_COUNTS = ("treated_before", "treated_after", "control_before", "control_after")


def plot_impact(impact: Result, *, methods: bool = False, ax: Axes | None = None) -> Axes:
    """Draw what was found for each outcome and part, with its interval.

    Parameters
    ----------
    impact : Impact
        What ``estimate_impact`` returned, or any result with its table ``effect``.
    methods : bool
        Whether every estimator is drawn for the first outcome, rather than each outcome by the
        estimator it is judged by.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Ratios on a log scale, 1 where nothing differs from what was expected. Hollow: under 20
        incidents on a side. Results in incidents, and those refused, are named in the note.

    Raises
    ------
    InputError
        If it has no such table, or nothing in it can be drawn.

    Examples
    --------
    >>> import hotspots as hs
    >>> from hotspots.evidence.example import example_result
    >>> hs.plot_impact(example_result()).get_xlabel()
    'incidents, against those expected'
    """
    effect = _table(impact, "effect", _EFFECT, "plot_impact")
    first = effect.loc[effect["main"].to_numpy(dtype=bool), "outcome"].iloc[:1]
    chosen = effect[effect["main"].to_numpy(dtype=bool)]
    if methods and len(first):
        chosen = effect[effect["outcome"] == first.iloc[0]]
    fits = (chosen["unit"] == "ratio") & chosen["low"].gt(0) & chosen["high"].notna()
    drawn = chosen[fits]
    if drawn.empty:
        raise InputError("plot_impact", [
            "no row of its table 'effect' has a ratio with an interval; there is nothing to draw."
        ])  # fmt: skip
    shown = drawn.head(_ROWS)
    ax = new_axes(ax, (9, 1.6 + 0.42 * len(shown)))
    names = [
        f"{row['outcome']}, {_PARTS.get(row['part'], row['part'])}"
        f"{', ' + row['method'] if methods else ''}"
        for _, row in shown.iterrows()
    ]
    compared = bool(getattr(impact, "comparator", True))
    _dots(ax, shown, names, [_solid(row) for _, row in shown.iterrows()])
    ax.set_xlabel("incidents, against those expected" if compared else
                  "incidents a day after, against before; nothing to compare with")  # fmt: skip
    ax.set_title("What was found, by estimator" if methods else "What was found"
                 if compared else "Change, whatever the reason")  # fmt: skip
    lost = [f"{row['outcome']}, {_PARTS.get(row['part'], row['part'])}, {row['method']}"
            for _, row in chosen[~fits].iterrows()]  # fmt: skip
    _note_below(ax, _impact_note(impact, shown, drawn, lost))
    return ax


def plot_expected(
    impact: Result,
    outcome: str | None = None,
    *,
    part: str = "hotspots",
    ax: Axes | None = None,
) -> Axes:
    """Draw what the treated places had, period by period, and what they were expected to have.

    Parameters
    ----------
    impact : Impact
        What ``estimate_impact`` returned, or any result with its table ``series``.
    outcome : str, optional
        The first, when absent.
    part : {"hotspots", "buffer", "both"}
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Incidents per period; the band is where the count of one period would lie by chance. Lines
        break where there are no whole records.

    Raises
    ------
    InputError
        If it has no such table, outcome or part.

    Examples
    --------
    >>> import hotspots as hs
    >>> from hotspots.evidence.example import example_result
    >>> ax = hs.plot_expected(example_result())
    >>> ax.get_ylabel()
    'incidents per month'
    """
    rows = _series(impact, outcome, part, _SERIES, "plot_expected")
    ax = new_axes(ax, (10, 4.5))
    middle = _middle(rows)
    after = rows["after"].to_numpy(dtype=bool)
    ax.fill_between(middle, rows["low"], rows["high"], color=PALE, zorder=1,
                    label="where one period would lie by chance")  # fmt: skip
    ax.plot(middle, rows["expected"], color=GREY, lw=1.5, ls="--", zorder=2,
            label="expected by the comparison places")  # fmt: skip
    ax.plot(middle, rows["treated"], color=BLUE, lw=1, zorder=3)
    ax.scatter(middle[~after], rows["treated"].to_numpy()[~after], s=16, facecolors="white",
               edgecolors=BLUE, zorder=4, label="treated places, before")  # fmt: skip
    ax.scatter(middle[after], rows["treated"].to_numpy()[after], s=18, color=BLUE, zorder=4,
               label="treated places, after")  # fmt: skip
    _begin(ax, rows)
    top = np.nanmax(np.append(rows[["treated", "high"]].to_numpy(dtype=float).ravel(), 1.0))
    ax.set_ylim(0, 1.25 * float(top))  # room for the legend
    ax.set_ylabel(f"incidents per {_period(rows)}")
    ax.set_title(f"{rows['outcome'].iloc[0]}, {_PARTS.get(part, part)}")
    ax.legend(loc="upper left", fontsize=8, ncols=2, framealpha=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    seen, wanted = (float(rows.loc[after, c].sum()) for c in ("treated", "expected"))
    known = rows["treated"].notna() & rows["expected"].notna()
    _note_below(ax, f"After the start {seen:,.0f} incidents in {int((after & known).sum()):,} "
                f"{_period(rows)}s with whole records; the sums of the comparison places, at their "
                f"ratio before, give {wanted:,.0f}. The finding itself, with places as the unit of "
                "chance, stands in the table effect.")  # fmt: skip
    return ax


def plot_cumulative(
    impact: Result,
    outcome: str | None = None,
    *,
    part: str = "hotspots",
    ax: Axes | None = None,
) -> Axes:
    """Draw the difference from what was expected, added up since the start.

    Parameters
    ----------
    impact : Impact
        What ``estimate_impact`` returned, or any result with its table ``series``.
    outcome : str, optional
        The first, when absent.
    part : {"hotspots", "buffer", "both"}
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Incidents more (or, below 0, fewer) than expected, so far.

    Raises
    ------
    InputError
        If it has no such table, outcome or part, or nothing after the start.

    Examples
    --------
    >>> import hotspots as hs
    >>> from hotspots.evidence.example import example_result
    >>> hs.plot_cumulative(example_result()).get_ylabel()
    'more or fewer than expected, so far'
    """
    rows = _series(impact, outcome, part, _CUMULATIVE, "plot_cumulative")
    rows = rows[rows["after"].to_numpy(dtype=bool) & rows["cumulative"].notna()]
    if rows.empty:
        raise InputError("plot_cumulative", ["it has no period after the start to add up."])
    ax = new_axes(ax, (9, 4))
    end = rows["end"].to_numpy()
    ax.axhline(0, color=GREY, lw=1, zorder=1)
    ax.fill_between(end, rows["cumulative_low"], rows["cumulative_high"], color=PALE, zorder=0,
                    label="where each point would lie by chance alone about it")  # fmt: skip
    ax.plot(end, rows["cumulative"], "o-", color=BLUE, ms=4, lw=1.5, zorder=3)
    ax.set_ylabel("more or fewer than expected, so far")
    ax.set_xlabel(f"end of the {_period(rows)}")
    ax.set_title(f"{rows['outcome'].iloc[0]}, {_PARTS.get(part, part)}")
    ax.legend(loc="best", fontsize=8, framealpha=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    last = rows.iloc[-1]
    ends = [f"{last[name]:+,.0f}".replace("-", "−") for name in
            ("cumulative", "cumulative_low", "cumulative_high")]  # fmt: skip
    if pd.isna(last["cumulative_low"]) or pd.isna(last["cumulative_high"]):
        said = f"{ends[0]}; too few, or too few places, to say how sure that is."
    else:
        said = (f"{ends[0]} ({ends[1]} to {ends[2]}). The band holds at each point, not at all at "
                "once: to stop at the best-looking one is to be fooled.")  # fmt: skip
    _note_below(ax, f"Incidents by the end: {said}")
    return ax


def plot_event_study(impact: Result, outcome: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw the ratio of the arms period by period, against the last before the start.

    Parameters
    ----------
    impact : Impact
        What ``estimate_impact`` returned, or any result with its table ``event_study``.
    outcome : str, optional
        The first, when absent.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Ratios on a log scale by period from the start; hollow before it, where nothing should
        differ.

    Raises
    ------
    InputError
        If it has no such table or outcome, or it is empty.

    Examples
    --------
    >>> import hotspots as hs
    >>> from hotspots.evidence.example import example_result
    >>> hs.plot_event_study(example_result()).get_xlabel()
    'periods from the start'
    """
    from matplotlib.ticker import MaxNLocator

    table = _table(impact, "event_study", _EVENT, "plot_event_study")
    rows = _of(table, "outcome", outcome, "plot_event_study")
    known = rows["low"].gt(0) & rows["high"].notna() & np.isfinite(rows["high"])
    lost = int((~known & rows["estimate"].notna()).sum())
    rows = rows[known]
    if rows.empty:
        raise InputError("plot_event_study", ["no period has a ratio with an interval."])
    ax = new_axes(ax, (9, 4))
    lead = rows["lead"].to_numpy(dtype=bool)
    ax.axhline(1, color=GREY, lw=1, zorder=1)
    ax.axvline(-0.5, color=GREY, lw=1, ls=":", zorder=1)
    for chosen, face, words in ((lead, "white", "before: nothing should differ"),
                                (~lead, BLUE, "after")):  # fmt: skip
        here = rows[chosen]
        if len(here):
            ax.vlines(here["relative"], here["low"], here["high"], color=BLUE, lw=1.2, zorder=2)
            ax.scatter(here["relative"], here["estimate"], s=26, facecolors=face,
                       edgecolors=BLUE, zorder=3, label=words)  # fmt: skip
    _log_ticks(ax.yaxis, rows["low"].min(), rows["high"].max())
    ax.set_xlabel("periods from the start")
    ax.set_ylabel("treated over comparison")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_title(f"{rows['outcome'].iloc[0]}, period by period", loc="left")
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, ncols=2, frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    told = rows[lead & (rows["low"] < rows["high"]).to_numpy()]  # not what all stand against
    out = int(((told["low"] > 1) | (told["high"] < 1)).sum())
    said = f"Before it {out:,} of {len(told):,} intervals leave out 1"
    silent = f" Without an interval, so not drawn: {lost:,}." if lost else ""
    _note_below(ax, f"Each against the last period before the start. {said}; by chance about one "
                f"in 20 would.{silent} Single periods say little: the finding is the table "
                "effect.")  # fmt: skip
    return ax


def plot_forest(pooled: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the trials of a pool, each with its interval and weight, and what they say together.

    Parameters
    ----------
    pooled : Pooled
        What ``pool_results`` returned, or any result with its tables ``studies`` and ``pooled``.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Ratios on a log scale, least first; squares as large as the weight; at the foot the mean
        (diamond) and where the true result of a further setting lies (line).

    Raises
    ------
    InputError
        If it has no such tables.

    Examples
    --------
    >>> import tempfile
    >>> import hotspots as hs
    >>> folder = tempfile.mkdtemp()
    >>> for name, ratio in (("North", .8), ("South", .95), ("West", .9)):
    ...     _ = hs.bank_result(folder, {"level": 5, "results": [
    ...         {"outcome": "ASB", "unit": "ratio", "estimate": ratio, "low": ratio * .85,
    ...          "high": ratio / .85}]}, name=name)
    >>> pooled = hs.pool_results(hs.read_bank(folder))
    >>> [label.get_text() for label in hs.plot_forest(pooled).get_yticklabels()]
    ['North', 'West', 'South', 'together']
    """
    studies = _table(pooled, "studies", _STUDIES, "plot_forest")
    ways = _table(pooled, "pooled", _POOLED, "plot_forest")
    main = ways[ways["main"].to_numpy(dtype=bool)].iloc[0]
    shown = studies.sort_values(["estimate", "trial"], kind="stable")
    if len(shown) > _ROWS:
        shown = studies.nlargest(_ROWS, "weight").sort_values(["estimate", "trial"], kind="stable")
    ax = new_axes(ax, (9, 2 + 0.38 * len(shown)))
    foot = len(shown) + 0.4
    ax.axvline(1, color=GREY, lw=1, zorder=1)
    row = np.arange(len(shown))
    ax.hlines(row, shown["low"], shown["high"], color=BLUE, lw=1.2, zorder=2)
    size = 20 + 180 * shown["weight"].to_numpy() / shown["weight"].max()
    ax.scatter(shown["estimate"], row, s=size, marker="s", color=BLUE, zorder=3)
    ends = [main["low"], main["estimate"], main["high"], main["estimate"]]
    ax.fill(ends, [foot, foot - 0.25, foot, foot + 0.25], color=RED, zorder=3)
    reach = [shown["low"].min(), shown["high"].max(), main["low"], main["high"]]
    if np.isfinite(main["expect_low"]):
        ax.hlines(foot + 0.45, main["expect_low"], main["expect_high"], color=RED, lw=1.2,
                  ls="--", zorder=2)  # fmt: skip
        reach += [main["expect_low"], main["expect_high"]]
    ax.set_yticks([*row, foot], [*(_short(name) for name in shown["trial"]), "together"],
                  fontsize=9)  # fmt: skip
    ax.set_ylim(foot + 0.9, -0.7)
    _log_ticks(ax.xaxis, max(min(reach), 0.05), min(max(reach), 20))
    ax.set_xlabel("incidents, against those expected")
    ax.set_title(f"{main['k']:,.0f} trials together")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    _note_below(ax, _forest_note(main, len(studies) - len(shown)))
    return ax


def _forest_note(main: pd.Series, hidden: int) -> str:
    said = (f"Diamond: the mean, {main['estimate']:.2f} ({main['low']:.2f} to {main['high']:.2f}), "
            f"{main['method']}.")  # fmt: skip
    if np.isfinite(main["expect_low"]):
        said += (f" Dashed: the true result of a further setting like these, "
                 f"{main['expect_low']:.2f} to {main['expect_high']:.2f}.")  # fmt: skip
    if hidden:
        said += f" {hidden:,} more trials, of less weight, are pooled but not drawn."
    return said


def _impact_note(
    impact: Result, shown: pd.DataFrame, drawn: pd.DataFrame, lost: Sequence[str]
) -> str:
    """Say what the dots are, and what is not drawn."""
    said = []
    if not all(_solid(row) for _, row in shown.iterrows()):
        said.append(f"Hollow: under {_FEW} incidents on a side, too few for a percentage.")
    if len(drawn) > len(shown):
        said.append(f"{len(drawn) - len(shown):,} more in the table effect.")
    if lost:
        more = f" and {len(lost) - 3:,} more" if len(lost) > 3 else ""
        said.append(f"Not a ratio, or no answer, so not drawn: {'; '.join(lost[:3])}{more}.")
    level = getattr(impact, "level", None)
    if isinstance(level, int | np.integer) and level >= 0:
        said.append(f"Level {level} of 5 on the Maryland scale.")
    return " ".join(said) or "Lines: intervals as in the table effect."


def _table(result: Any, name: str, columns: Sequence[str], what: str) -> pd.DataFrame:
    """Return a table of a result, or say what was given instead."""
    tables = result.tables if isinstance(result, Result) else {}
    if name not in tables:
        raise InputError(what, [
            f"it is of type {type(result).__name__}, without the table {name!r}."
        ])  # fmt: skip
    frame = tables[name]
    if missing := [column for column in columns if column not in frame]:
        raise InputError(what, [f"its table {name!r} lacks {', '.join(missing)}."])
    if frame.empty:
        raise InputError(what, [f"its table {name!r} is empty; there is nothing to draw."])
    return frame


def _of(frame: pd.DataFrame, column: str, value: str | None, what: str) -> pd.DataFrame:
    """Return the rows of an outcome (or part), the first when none is named."""
    known = list(dict.fromkeys(frame[column]))
    value = known[0] if value is None else value
    if value not in known:
        names = ", ".join(map(repr, known[:6]))
        raise InputError(what, [f"there is no {column} {value!r}; there are {names}."])
    return frame[frame[column] == value]


def _series(
    impact: Any, outcome: str | None, part: str, columns: Sequence[str], what: str
) -> pd.DataFrame:
    rows = _of(_table(impact, "series", columns, what), "outcome", outcome, what)
    return _of(rows, "part", part, what).sort_values("start")


def _middle(rows: pd.DataFrame) -> Any:
    start, end = rows["start"].to_numpy(), rows["end"].to_numpy()
    return start + (end - start) / 2


def _period(rows: pd.DataFrame) -> str:
    days = float((rows["end"] - rows["start"]).dt.total_seconds().median() / 86400)
    return "day" if days < 2 else "week" if days < 10 else "month"


def _begin(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw where treatment starts."""
    after = rows[rows["after"].to_numpy(dtype=bool)]
    if len(after):
        ax.axvline(after["start"].min(), color=GREY, lw=1, ls=":", zorder=1)
        ax.annotate(" start", (after["start"].min(), 0.02), xycoords=("data", "axes fraction"),
                    fontsize=8, color="#555555")  # fmt: skip


def _solid(row: Any) -> bool:
    held = [row[name] for name in _COUNTS if name in row and not pd.isna(row[name])]
    return not held or min(held) >= _FEW


def _dots(ax: Axes, rows: pd.DataFrame, names: Sequence[str], solid: Sequence[bool]) -> None:
    """Draw a dot and a line for each row, the first at the top."""
    at = np.arange(len(rows))
    ax.axvline(1, color=GREY, lw=1, zorder=1)
    high = np.minimum(rows["high"].to_numpy(dtype=float), 50.0)
    low = np.maximum(rows["low"].to_numpy(dtype=float), 0.02)
    ax.hlines(at, low, high, color=BLUE, lw=1.4, zorder=2)
    ax.scatter(rows["estimate"], at, s=34, zorder=3, edgecolors=BLUE,
               facecolors=[BLUE if full else "white" for full in solid])  # fmt: skip
    ax.set_yticks(at, [_short(name, 60) for name in names], fontsize=9)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    _log_ticks(ax.xaxis, float(low.min()), float(high.max()))
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _log_ticks(axis: Any, low: float, high: float) -> None:
    """Set a log scale from low to high with the ratio and what it means at each tick."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    steps = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4,
                      1.7, 2, 3, 5, 10, 20, 50])  # fmt: skip
    low, high = min(low, 0.9) / 1.03, max(high, 1.1) * 1.03
    kept = steps[(steps >= low) & (steps <= high)]
    _lay_out(axis.axes)  # how many labels there is room for
    box = axis.axes.get_window_extent()
    across = axis.axis_name == "x"
    room = (box.width if across else box.height) / axis.axes.figure.dpi / (0.55 if across else 0.3)
    apart, gap = [1.0], np.log(high / low) / max(room, 2)
    for side in (kept[kept > 1], kept[kept < 1][::-1]):
        last = 1.0
        for step in side:
            if abs(np.log(step / last)) >= gap:
                apart.append(float(step))
                last = step
    set_scale = axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale
    set_scale("log")
    axis.set_major_locator(FixedLocator(sorted(apart)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: _ratio(value)))
    (axis.axes.set_xlim if axis.axis_name == "x" else axis.axes.set_ylim)(low, high)


def _ratio(value: float) -> str:
    share = value - 1
    if abs(share) < 0.005:
        return "same"
    return f"{share:+.0%}".replace("-", "−") if value < 3 else f"×{value:g}"


def _short(name: str, most: int = 34) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _lay_out(ax: Axes) -> None:
    """Give the axes their final size."""
    from matplotlib.figure import Figure

    if isinstance(ax.figure, Figure):
        ax.figure.draw_without_rendering()


def _note_below(ax: Axes, text: str) -> None:
    """Lay the figure out first, so that the note is as wide as the axes."""
    _lay_out(ax)
    note(ax, text)
