"""Records of any shape → the incidents table, with every row accounted for."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from .contracts import CRS, InputError, Result, check_incidents, recorded_months
from .places import assign_lpt
from .sources import police_uk
from .sources._draft import TEXT, Draft, Fact
from .sources._files import TableFile, find_files
from .sources._points import Area, place_points
from .sources._rows import Rows, plain_name, read_delimited

if TYPE_CHECKING:
    from collections.abc import Mapping

_STR = pd.Series(["text"]).dtype  # str in pandas 3, object before
_REFUSED = ["file", "line", "reason", "text"]


@dataclass(frozen=True, repr=False)
class Ingest(Result):
    """What :func:`read_incidents` returns.

    Parameters
    ----------
    incidents : GeoDataFrame
        The incidents table, index ``incident``.
    rejected : DataFrame
        Every refused row: ``file``, ``line`` (from 1), ``reason``, ``text`` as written.
    superseded : DataFrame
        Rows whose ID comes again in a later month or file: ``incident``, ``file``, ``line``,
        ``reason``, ``text``.
    months : DataFrame
        Incidents per source and month and whether the month is present, thin or missing.
    quality : DataFrame
        One row a finding: ``check``, ``rows``, ``share`` (of the rows accepted), ``action``
        (fixed, refused, kept, left aside, noted), ``detail``.
    files : DataFrame
        Every file: ``file``, ``role`` (read or left aside), ``rows``, ``accepted``, ``rejected``,
        ``superseded``, ``detail``.
    """

    incidents: gpd.GeoDataFrame
    rejected: pd.DataFrame
    superseded: pd.DataFrame
    months: pd.DataFrame
    quality: pd.DataFrame
    files: pd.DataFrame

    @property
    def rows(self) -> int:
        """Rows in: the accepted, rejected and superseded together."""
        return len(self.incidents) + len(self.rejected) + len(self.superseded)

    @property
    def text(self) -> str:
        """What came in, what was refused, and what the records can and cannot bear."""
        return "\n".join(_lines(self))


def read_incidents(
    source: Any,
    *,
    lpts: pd.DataFrame | None = None,
    mapping: str | Path | Mapping[str, Any] | None = None,
    crs: str = CRS,
    now: str | pd.Timestamp | None = None,
    progress: bool = True,
) -> Ingest:
    """Read records of crime and ASB, check them, place them, and say what was found."""
    now_ = pd.Timestamp.now() if now is None else pd.Timestamp(now)
    shapes = _lpts_in(lpts, crs)
    area = Area.of(crs, None if shapes is None else tuple(shapes.total_bounds))
    drafts, files = _read_all(source, mapping, now_, progress)
    frame = _join(drafts)
    lost = _superseded(frame)
    superseded = _superseded_rows(frame, lost, drafts)
    kept = frame[~lost.to_numpy()] if len(lost) else frame
    kept = kept.reset_index(drop=True)
    facts = [fact for _, draft in drafts for fact in draft.facts]
    incidents, found = _assemble(kept, drafts, area, crs, shapes, lpts)
    facts += found
    rejected = _rejected_rows(drafts)
    return _result(incidents, rejected, superseded, kept, facts, files, drafts)


def _lpts_in(lpts: pd.DataFrame | None, crs: str) -> gpd.GeoDataFrame | None:
    """Polygons of the LPTs in the CRS asked for; None for a look-up table or nothing."""
    if not isinstance(lpts, gpd.GeoDataFrame):
        return None
    return lpts.to_crs(crs) if lpts.crs is not None and lpts.crs != crs else lpts


def _read_all(
    source: Any, mapping: Any, now: pd.Timestamp, progress: bool
) -> tuple[list[tuple[str, Draft]], list[dict[str, Any]]]:
    found, aside = find_files(source)
    files = [{"file": n, "role": "left aside", "detail": why} for n, why in aside]
    drafts: list[tuple[str, Draft]] = []
    for item in found:
        rows = read_delimited(item.name, item.read(), ())
        kind = police_uk.kind(rows.header) if rows else None
        if rows is None or kind != "street":
            files.append({"file": item.name, "role": "left aside", "detail": kind or "empty"})
            continue
        drafts.append((item.name, police_uk.read_street(rows)))
        files.append({"file": item.name, "role": "read", "detail": "; ".join(rows.notes)})
    return drafts, files


def _join(drafts: list[tuple[str, Draft]]) -> pd.DataFrame:
    """Lay the drafts one under another, with the number of each row's draft in ``at``."""
    frames = [draft.frame for _, draft in drafts]
    joined = {"at": np.repeat(np.arange(len(frames)), [len(f) for f in frames])}
    for name in ("line", "id", "occurred_from", "occurred_to", "recorded_at", "x", "y"):
        parts = [f[name] for f in frames if name in f]
        if len(parts) == len(frames):
            joined[name] = pd.concat(parts, ignore_index=True)
        elif parts:
            joined[name] = pd.concat([f.get(name, pd.Series(pd.NaT, index=f.index)) for f in frames],
                                     ignore_index=True)
    for name in TEXT:
        parts = [f[name].array if name in f else _none(len(f)) for f in frames]
        if any(name in f for f in frames):
            joined[name] = union_categoricals(parts)
    return pd.DataFrame(joined)


def _none(n: int) -> pd.Categorical:
    return pd.Categorical.from_codes(np.full(n, -1), pd.Index([], dtype=object))


def _superseded(frame: pd.DataFrame) -> pd.Series:
    """Tell which rows have an ID that comes again in a later month, file or line."""
    given = frame["id"] != ""
    order = frame[given].sort_values("occurred_from", kind="stable")
    again = order["id"].duplicated(keep="last")
    return again.reindex(frame.index, fill_value=False)


def _superseded_rows(frame, lost, drafts):
    return pd.DataFrame({"incident": frame["id"][lost], "line": frame["line"][lost]})


def _rejected_rows(drafts):
    rows = [(name, *refused) for name, draft in drafts for refused in draft.refused]
    return pd.DataFrame(rows, columns=_REFUSED)


def _assemble(kept, drafts, area, crs, shapes, lpts):
    pairs = pd.factorize(kept["x"].to_numpy() + 1j * kept["y"].to_numpy())
    codes, unique = pairs
    weight = np.bincount(codes[codes >= 0], minlength=len(unique))
    x, y, facts = place_points(unique.real.copy(), unique.imag.copy(), weight, drafts[0][1].crs, area)
    points = np.append(shapely.points(x, y), shapely.Point())
    points[:-1][np.isnan(x)] = shapely.Point()
    columns = {n: kept[n] for n in ("category", "occurred_from", "occurred_to")}
    for n in TEXT[1:]:
        if n in kept:
            columns[n] = kept[n]
    out = pd.DataFrame({n: v.astype(_STR) if isinstance(v.dtype, pd.CategoricalDtype) else v for n, v in columns.items()})
    if shapes is not None:
        names = np.append(assign_lpt(x, y, shapes), np.nan)
        out["lpt"] = pd.Series(names[codes], dtype=_STR)
    names = np.array([n.rsplit("/", 1)[-1] for n, _ in drafts], dtype=object)
    line = names[kept["at"]] + ":" + kept["line"].astype(str).to_numpy(dtype=object)
    out.index = pd.Index(np.where(kept["id"] != "", kept["id"], line), name="incident")
    gdf = gpd.GeoDataFrame(out, geometry=points[codes], crs=crs)
    return gdf, facts


def _result(incidents, rejected, superseded, kept, facts, files, drafts):
    quality = pd.DataFrame([(f.check, f.rows, f.action, f.detail) for f in facts], columns=["check", "rows", "action", "detail"])
    return Ingest(incidents, rejected, superseded, recorded_months(incidents), quality, pd.DataFrame(files))


def _lines(loaded: Ingest) -> list[str]:
    return [f"{loaded.rows:,} rows in: {len(loaded.incidents):,} accepted, {len(loaded.rejected):,} rejected, {len(loaded.superseded):,} superseded."]
