"""How hard it is to guess when a hotspot will be visited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_MIN = 10
"""Minutes within which a visit comes at the same time as one of the day before."""

FEW_VISITS = 10
"""Visits with one the day before from which a text tells how many came at the same time."""

_DAY = 1440


def unpredictability(visits: pd.DataFrame, budget: pd.DataFrame) -> pd.DataFrame:
    r"""Measure how spread the hours of the visits are, and how often a time comes back next day.

    Parameters
    ----------
    visits : DataFrame
        ``hotspot``, ``lpt``, ``arrive`` (local wall-clock) and ``date`` (the duty day).
    budget : DataFrame
        The shifts in which visits could be made: ``lpt``, ``start``, ``end`` and
        ``available_hours``. Shifts without hours are left out.

    Returns
    -------
    DataFrame
        A row per LPT (``hotspot`` blank), then one per visited hotspot: ``lpt``, ``hotspot``,
        ``visits``, ``hours_on_duty`` (clock hours in which somebody is there to visit),
        ``entropy_bits`` of the visits' clock hours, ``most_bits`` (what so many visits over so
        many hours could have at most), ``random_bits`` (what visits at random hours would have on
        average), ``share`` of the most (0 to 1), ``pairs`` (visits with one to the same hotspot
        on the duty day before), ``same_time`` (share of these within 10 minutes of the clock time
        of the day before) and ``by_chance`` (the same if times were drawn at random).

    Notes
    -----
    :math:`H = -\sum_b p_b \log_2 p_b` over the :math:`k` clock hours on duty, from :math:`n`
    visits; at most :math:`\log_2 \min(n, k)`. Visits at random give on average
    :math:`-k \sum_j \binom{n}{j} k^{-j} (1 - 1/k)^{n-j} \frac{j}{n} \log_2 \frac{j}{n}`, which is
    under the most where visits are few. The entropy of an LPT is that of all its visits; a
    hotspot is guessed by its own.

    References
    ----------
    Shannon C. E. (1948) A mathematical theory of communication. *Bell System Technical Journal*
    27, 379–423.

    Examples
    --------
    Four visits, each in an hour of its own, have two bits, the most they could have:

    >>> days = pd.to_datetime(["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"])
    >>> hours = pd.to_timedelta([14, 16, 15, 17], unit="h")
    >>> visits = pd.DataFrame({"hotspot": "H1", "lpt": "Hanley", "date": days,
    ...                        "arrive": days + hours})
    >>> shifts = pd.DataFrame({"lpt": "Hanley", "start": days + pd.Timedelta("14h"),
    ...                        "end": days + pd.Timedelta("22h"), "available_hours": 8.0})
    >>> told = unpredictability(visits, shifts)
    >>> told[["visits", "entropy_bits", "most_bits", "same_time"]].values.tolist()[0]
    [4.0, 2.0, 2.0, 0.0]
    """
    hours = _hours_on_duty(budget)
    minutes = _minutes_on_duty(budget)
    clock = (visits["arrive"] - visits["arrive"].dt.normalize()) / pd.Timedelta(minutes=1)
    day = (visits["date"] - visits["date"].min()) / pd.Timedelta(days=1)
    seen = pd.DataFrame({
        "lpt": visits["lpt"].astype("str"), "hotspot": visits["hotspot"].astype("str"),
        "hour": (clock // 60).astype("int64"), "clock": clock, "day": day,
    })  # fmt: skip
    seen = pd.concat([seen, _day_before(seen, minutes)], axis=1)
    told = pd.concat([_measured(seen, ["lpt"]), _measured(seen, ["lpt", "hotspot"])],
                     ignore_index=True)  # fmt: skip
    told["hotspot"] = told["hotspot"].fillna("").astype("str")
    n = told["visits"].to_numpy()
    k = told["lpt"].map(hours).fillna(24).to_numpy().astype(int)
    told["hours_on_duty"] = k
    told["most_bits"] = np.log2(np.maximum(np.minimum(n, k), 1))
    told["random_bits"] = random_bits(n, k)
    most = told["most_bits"].where(told["most_bits"] > 0)
    told["share"] = told["entropy_bits"] / most
    pairs = told["pairs"].where(told["pairs"] > 0)
    told["same_time"] = told["same"] / pairs
    told["by_chance"] = told["chance"] / pairs
    told["pairs"] = told["pairs"].astype("int64")
    return told[["lpt", "hotspot", "visits", "hours_on_duty", "entropy_bits", "most_bits",
                 "random_bits", "share", "pairs", "same_time", "by_chance"]]  # fmt: skip


def _measured(seen: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Count visits and repeats by group, and measure the bits of their hours."""
    groups = seen.groupby(by, sort=True)
    code, number = groups.ngroup().to_numpy(), groups.ngroups
    table = groups[by].first().reset_index(drop=True)
    for name, values in (("pairs", "before"), ("same", "same"), ("chance", "chance")):
        table[name] = np.bincount(code, seen[values].to_numpy(dtype=float), number)
    hours = np.bincount(code * 24 + seen["hour"].to_numpy(), minlength=number * 24)
    share = hours.reshape(number, 24) / np.maximum(np.bincount(code, minlength=number), 1)[:, None]
    bits = -(share * np.log2(np.where(share > 0, share, 1.0))).sum(axis=1)
    table["visits"] = np.bincount(code, minlength=number)
    table["entropy_bits"] = np.abs(bits)
    return table


def random_bits(visits: NDArray[np.int64], hours: NDArray[np.int64]) -> NDArray[np.float64]:
    """Average entropy, in bits, of so many visits drawn at random over so many hours.

    Examples
    --------
    Two visits over two hours fall together half the time:

    >>> random_bits(np.array([2]), np.array([2])).tolist()
    [0.5]
    """
    from scipy.special import gammaln, xlog1py, xlogy

    cases, back = np.unique(np.column_stack([visits, hours]), axis=0, return_inverse=True)
    told = []
    for n, k in cases.tolist():
        j = np.arange(1, n + 1)
        log = gammaln(n + 1) - gammaln(j + 1) - gammaln(n - j + 1)
        chance = np.exp(log + xlogy(j, 1 / k) + xlog1py(n - j, -1 / k))
        told.append(abs(float(-k * (chance * j / n * np.log2(j / n)).sum())))
    found: NDArray[np.float64] = np.array(told)[back.ravel()]
    return found


def _hours_on_duty(budget: pd.DataFrame) -> dict[str, int]:
    """Clock hours, at most 24, in which some shift of an LPT has hours for visits."""
    found: dict[str, set[int]] = {}
    for lpt, start, end in _spans(budget):
        first, last = start.hour, start.hour + int(np.ceil((end - start.floor("h")) / _HOUR))
        found.setdefault(lpt, set()).update(h % 24 for h in range(first, max(last, first + 1)))
    return {lpt: len(hours) for lpt, hours in found.items()}


def _minutes_on_duty(budget: pd.DataFrame) -> dict[str, int]:
    """Minutes of the clock, at most 1440, in which some shift of an LPT has hours for visits."""
    found: dict[str, NDArray[np.bool_]] = {}
    for lpt, start, end in _spans(budget):
        covered = found.setdefault(lpt, np.zeros(_DAY, dtype=bool))
        first, length = start.hour * 60 + start.minute, int((end - start) / _MINUTE)
        covered[np.arange(first, first + min(length, _DAY)) % _DAY] = True
    return {lpt: int(covered.sum()) for lpt, covered in found.items()}


_HOUR, _MINUTE = pd.Timedelta(hours=1), pd.Timedelta(minutes=1)


def _spans(budget: pd.DataFrame) -> list[tuple[str, pd.Timestamp, pd.Timestamp]]:
    """Return shifts with hours, each kind of them once."""
    some = budget[budget["available_hours"] > 0]
    start = some["start"].dt.normalize()
    spans = pd.DataFrame({"lpt": some["lpt"].astype("str"), "from": some["start"] - start,
                          "to": some["end"] - start}).drop_duplicates()  # fmt: skip
    day = pd.Timestamp(0)
    return [(lpt, day + a, day + b) for lpt, a, b in spans.itertuples(index=False)]


def _day_before(seen: pd.DataFrame, minutes: dict[str, int]) -> pd.DataFrame:
    """Tell of each visit whether the hotspot had one the day before, and at the same time."""
    visits = seen.reset_index(drop=True)
    visits["row"] = visits.index
    earlier = visits[["hotspot", "day", "clock"]].assign(day=visits["day"] + 1)
    pairs = visits.merge(earlier, on=["hotspot", "day"], suffixes=("", "_before"))
    apart = (pairs["clock"] - pairs["clock_before"]).abs()
    pairs["same"] = np.minimum(apart, _DAY - apart) <= SAME_MIN
    rows = pairs.groupby("row").agg(same=("same", "any"), number=("same", "size"))
    rows = rows.reindex(visits.index)
    on_duty = visits["lpt"].map(minutes).fillna(_DAY).to_numpy(dtype=float)
    one = np.minimum((2 * SAME_MIN + 1) / np.maximum(on_duty, 1), 1)
    before = rows["number"].notna().to_numpy()
    chance = np.where(before, 1 - (1 - one) ** rows["number"].fillna(0).to_numpy(), 0.0)
    same = rows["same"].eq(True).to_numpy()
    return pd.DataFrame({"before": before, "same": same, "chance": chance}, index=seen.index)
