"""Every figure a published table holds, month by month, and how its totals hang together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError
from ..series import nowhere

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..series import CountSeries

ALL = "All categories"
FORCE = "Force"
LEVELS = ("lpt", "command", "force")


@dataclass(frozen=True)
class Cells:
    """The figures of T months: areas by categories, totals included, C figures a month.

    Attributes
    ----------
    keys : DataFrame
        C rows: ``level``, ``lpt`` (name of the area) and ``category``.
    month : ndarray of datetime64, shape (T,)
    value : ndarray of float, shape (T, C)
        Counts; of a total, of what is recorded beneath it.
    status : ndarray of str, shape (T, C)
        present, thin (recorded in part: also a total beneath which something is), or missing.
    leaves : ndarray of int, shape (T, C)
        Figures above 0 of the lowest kind that each sums up; 1 for such a figure itself.
    sums : sparse matrix, shape (R, C)
        One row an equation: a total less its parts is 0.
    """

    keys: pd.DataFrame
    month: NDArray[np.datetime64]
    value: NDArray[np.float64]
    status: NDArray[Any]
    leaves: NDArray[np.int64]
    sums: Any


def cells_of(
    counted: CountSeries, lpts: pd.DataFrame | None, what: str = "publish_trends"
) -> Cells:
    """Arrange counts as areas by categories with every total, and write down the equations."""
    panel = counted.panel
    base = panel.base
    keys = panel.keys[base].reset_index(drop=True)
    taken = [
        f"{noun} is called {total!r}, which is the name of the total; rename it."
        for column, noun, total in (("category", "a category", ALL), ("lpt", "an LPT", FORCE))
        if column in keys.columns and (keys[column] == total).any()
    ]
    if taken:
        raise InputError(what, taken)
    areas = _areas(keys, lpts)
    named = sorted(keys["category"].unique()) if "category" in keys.columns else []
    at = areas["place"].searchsorted(keys["lpt"]) if "lpt" in keys.columns else np.zeros(len(keys))
    leaf = np.asarray(at, dtype=np.int64)
    of = np.searchsorted(named, keys["category"]) if named else np.zeros(len(keys), dtype=np.int64)
    lowest, width, months = len(areas["place"]), max(len(named), 1), len(panel.start)

    count = np.zeros((lowest, width, months))
    lost = np.zeros((lowest, width, months), dtype=bool)
    part = np.zeros((lowest, width, months), dtype=bool)
    recorded = panel.used[base]
    y = panel.y[base]
    count[leaf, of] = np.nan_to_num(y)
    lost[leaf, of] = np.isnan(y)
    part[leaf, of] = ~recorded & ~np.isnan(y)
    # a combination that never occurs is a true zero wherever its area is recorded at all
    known = np.zeros((lowest, width), dtype=bool)
    known[leaf, of] = True
    never = ~known[:, :, np.newaxis]
    lost |= never & np.all(lost | never, axis=1)[:, np.newaxis, :]

    up = areas["up"]  # (areas, lowest): 1 where the area holds the leaf
    across = np.eye(width)
    if width > 1:
        across = np.vstack([across, np.ones(width)])

    def total(leaves: NDArray[Any]) -> NDArray[np.float64]:
        added: NDArray[np.float64] = np.einsum("ag,kc,gct->tak", up, across, leaves.astype(float))
        return added

    value, positive = total(count), total(count > 0)
    missing, partly, size = total(lost), total(part), total(np.ones_like(count))
    status = np.where(missing + partly > 0, "thin", "present").astype(object)
    status[missing == size] = "missing"
    shape = (months, -1)
    category = [*named, ALL] if len(named) > 1 else (named or [ALL])
    table = areas["keys"].loc[np.repeat(np.arange(len(up)), len(category))].reset_index(drop=True)
    table["category"] = pd.Series(category * len(up), dtype="str")
    return Cells(
        table, panel.start, value.reshape(shape), status.reshape(shape),
        positive.reshape(shape).astype(np.int64), _sums(areas, len(category)),
    )  # fmt: skip


def _areas(keys: pd.DataFrame, lpts: pd.DataFrame | None) -> dict[str, Any]:
    """Return the areas from the lowest up, their names, and which holds which."""
    if "lpt" not in keys.columns:
        only = pd.DataFrame({"level": ["force"], "lpt": [FORCE]}, dtype="str")
        return {"keys": only, "place": np.array([FORCE]), "up": np.ones((1, 1)), "parts": {}}
    place = np.array(sorted(keys["lpt"].unique()), dtype=object)
    n = len(place)
    rows = [("lpt", str(name)) for name in place]
    up = [*np.eye(n)]
    parts: dict[int, list[int]] = {}
    groups = list(range(n))
    if lpts is not None:
        command = lpts["command"].to_dict()
        above = np.array([str(command.get(name, nowhere("command"))) for name in place])
        groups = []
        for name in sorted(set(above)):
            groups.append(len(rows))
            parts[len(rows)] = [int(i) for i in np.flatnonzero(above == name)]
            rows.append(("command", name))
            up.append((above == name).astype(float))
    parts[len(rows)] = groups
    rows.append(("force", FORCE))
    up.append(np.ones(n))
    table = pd.DataFrame(rows, columns=["level", "lpt"]).astype("str")
    return {"keys": table, "place": place, "up": np.array(up), "parts": parts}


def _sums(areas: dict[str, Any], width: int) -> Any:
    """Write each total as an equation; those that follow from the others are left out."""
    from scipy.sparse import csr_matrix

    rows: list[tuple[list[int], list[float]]] = []
    for whole, parts in areas["parts"].items():
        signs = [1.0, *[-1.0] * len(parts)]
        rows += [([n * width + k for n in (whole, *parts)], signs) for k in range(width)]
    if width > 1:
        signs = [*[-1.0] * (width - 1), 1.0]  # the total of an area comes after its categories
        rows += [([n * width + k for k in range(width)], signs) for n in range(len(areas["place"]))]
    at = np.repeat(np.arange(len(rows)), [len(columns) for columns, _ in rows])
    columns = np.array([c for row, _ in rows for c in row], dtype=np.int64)
    each = np.array([s for _, row in rows for s in row])
    return csr_matrix((each, (at, columns)), shape=(len(rows), len(areas["keys"]) * width))
