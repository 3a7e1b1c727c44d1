"""The levels of a profile from published figures alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._levels import Year, changes, classes, month_days, rates, spreads, year_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .publish import Published


def public_levels(
    published: Published, population: pd.Series | None
) -> tuple[pd.DataFrame, dict[str, NDArray[np.datetime64]]]:
    """Return the levels that published figures bear, and the months of each area.

    Parameters
    ----------
    published : Published
    population : Series or None
        Residents per LPT.

    Returns
    -------
    levels : DataFrame
    spans : dict of str to ndarray
        The latest recorded months by area.
    """
    figures = published.figures[published.figures["level"] != "command"]
    key = ["level", "lpt", "category"]
    wide = {name: figures.set_index([*key, "period_start"])[name].unstack("period_start")  # noqa: PD010
            for name in ("published", "low", "high", "status")}  # fmt: skip
    keys = wide["status"].index.to_frame(index=False).astype("str")
    month = wide["status"].columns.to_numpy().astype("datetime64[s]")
    status = wide["status"].to_numpy(dtype=object)
    hidden = status == "suppressed"
    shown, low, high = (np.nan_to_num(wide[n].to_numpy(dtype=float))
                        for n in ("published", "low", "high"))  # fmt: skip
    year = year_of((status == "published") | hidden)
    held = (year.latest & hidden).sum(axis=1)
    table = keys.copy()
    sums = [np.where(year.latest, part, 0).sum(axis=1) for part in (shown, low, high)]
    table["incidents"] = np.where(held == 0, sums[0], np.nan)
    table["incidents_low"] = sums[1] + held  # a suppressed figure is at least 1
    table["incidents_high"] = np.where(held == 0, sums[2], np.nan)
    table["months"] = year.latest.sum(axis=1)
    table["hidden_months"] = held
    whole = ~((year.now | year.before) & hidden).any(axis=1)  # else nothing can be compared
    compared = Year(year.latest, year.now & whole[:, np.newaxis],
                    year.before & whole[:, np.newaxis])  # fmt: skip
    spread = spreads(keys, shown, compared)
    told = changes((low, shown, high), compared, month_days(month), spread)
    table = pd.concat([table, told], axis=1)
    found = classes(table, (keys["level"] == "lpt").to_numpy(dtype=bool))
    held_back = ~whole & year.now.any(axis=1)
    table["class_"] = found.mask(pd.Series(held_back, found.index), "suppressed")
    middle = rates(table, population, spread)
    for side, name in (("low", "incidents_low"), ("high", "incidents_high")):
        end = rates(table.assign(incidents=table[name].fillna(0)), population, spread)
        middle[f"per_1000_{side}"] = end[f"per_1000_{side}"]
    unknown = table["incidents"].isna()
    figures_of = ["per_1000", "per_1000_low", "per_1000_high", "force_per_1000"]
    middle.loc[unknown, figures_of] = np.nan
    middle["standing"] = middle["standing"].mask(unknown, "")
    spans = {str(name): month[latest] for name, latest in zip(keys["lpt"], year.latest,
                                                              strict=True)}  # fmt: skip
    return pd.concat([table, middle], axis=1), spans


def public_months(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the published figures of each LPT by month, as a profile's months."""
    own = figures[figures["level"] == "lpt"]
    return pd.DataFrame({
        "lpt": own["lpt"], "category": own["category"], "period_start": own["period_start"],
        "incidents": own["published"],
        "status": own["status"].replace({"published": "present", "incomplete": "thin"}),
    }).reset_index(drop=True)  # fmt: skip
