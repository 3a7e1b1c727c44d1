"""Rolling origins: learn from what was known at one time, judge by what happened afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError, announce, recorded_months
from ..support import support_of

LEAST_DAYS = 84
"""Days that must have been recorded before an origin: three periods of four weeks."""

WHOLE = 0.95
"""Share of the incidents whose sources must have recorded a month for it to serve as a test."""

_SURE_GAP = -np.log(0.001)  # incidents missing at the end that chance does not explain

DAY = np.timedelta64(1, "D")
Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class Span:
    """A length of time: whole calendar months, or days."""

    count: int
    unit: str  # "M" or "D"

    @classmethod
    def read(cls, name: str, value: Any, least: int = 1) -> Span:
        """Read ``"1MS"`` or ``"28D"``; raises ValueError with the fault in words."""
        found = re.fullmatch(r"([0-9]{1,4})(MS|D)", value) if isinstance(value, str) else None
        if found is None or int(found[1]) < least:
            some = "'1MS' (calendar months) or '28D' (days)"
            raise ValueError(f"{name}={value!r}; it must be a length of time such as {some}.")
        return cls(int(found[1]), found[2][0])

    def after(self, when: np.datetime64, times: int = 1) -> np.datetime64:
        """Go so many spans on from a time (back, where ``times`` is below 0)."""
        if self.unit == "D":
            return when + np.timedelta64(self.count * times, "D")
        month = when.astype("datetime64[M]")
        into = when - month.astype(when.dtype)
        to = month + self.count * times
        # the day of a month that has no such day is its last
        left = (to + 1).astype("datetime64[D]") - to.astype("datetime64[D]")
        into -= max(into // DAY + 1 - left.astype(int), 0) * DAY
        return to.astype(when.dtype) + into  # type: ignore[no-any-return]


@dataclass(frozen=True)
class RollingOrigin:
    """Splits of incidents by time: learn from before an origin, test on a period after it.

    A splitter for scikit-learn's tools, and what :func:`backtest` goes by. The last ``n_origins``
    periods that were wholly recorded serve as tests, one after the other, none overlapping.

    Parameters
    ----------
    horizon : str
        Length of a test period: calendar months (``"1MS"``) or days (``"28D"``, ``"7D"``).
    n_origins : int
        Test periods at most; fewer where the records do not reach, which is announced.
    gap : str
        Time between the origin and the test period in which records still come in, ``"0D"`` or
        such as ``"14D"``: what a map made at the origin could not know yet.
    train : str, optional
        Length of time before the origin to learn from, such as ``"12MS"``; everything before it
        when absent.

    Notes
    -----
    An incident is learned from only if its interval is over by the origin, and tested on only if
    its interval lies in the test period. One whose interval reaches over the origin, or over an
    end of the test period, is in neither: it cannot be said on which side it happened. Where the
    table has ``recorded_at``, what was recorded only after the origin is not learned from either.

    A test period must lie in months that were recorded (see ``recorded_months`` of the
    contracts): those missing, thin or incomplete in sources of more than 5% of the incidents are
    passed over, and this is announced. Give the whole table, not a rare category, for which a
    quiet month looks missing. At least 84 days must have been recorded before an origin.

    In ``GridSearchCV`` set ``error_score="raise"``: by default scikit-learn turns an error in a
    fold into a missing score and a warning.

    References
    ----------
    Tashman L. J. (2000) Out-of-sample tests of forecasting accuracy. *International Journal of
    Forecasting* 16(4), doi:10.1016/S0169-2070(00)00065-0.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=8, scale=0.1)
    >>> splitter = hs.RollingOrigin("1MS", n_origins=2)
    >>> for train, test in splitter.split(county.incidents):
    ...     later = county.incidents.iloc[test]["occurred_from"]
    ...     print(len(train) > len(test), later.min().month, later.max().month)
    True 7 7
    True 8 8
    """

    horizon: str = "1MS"
    n_origins: int = field(default=6, kw_only=True)
    gap: str = field(default="0D", kw_only=True)
    train: str | None = field(default=None, kw_only=True)

    def split(
        self, X: pd.DataFrame, y: None = None, groups: None = None  # noqa: ARG002, N803
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:  # fmt: skip
        """Split incidents at each origin, the earliest first.

        Parameters
        ----------
        X : DataFrame
            The incidents table (its times are enough).
        y, groups : None
            Not used; scikit-learn passes them.

        Yields
        ------
        train, test : ndarray of int
            Positions of the rows to learn from, and to test on.

        Returns
        -------
        Iterator

        Raises
        ------
        InputError
            When a length of time is none, the times are too coarse for the horizon, or no period
            can serve as a test.

        Warns
        -----
        Notice
            When there are fewer origins than asked for, or months passed over.

        Examples
        --------
        >>> import hotspots as hs
        >>> incidents = hs.make_county(seed=1, months=8, scale=0.1).incidents
        >>> len(list(hs.RollingOrigin("28D", n_origins=3).split(incidents)))
        3
        """
        table = self.origins(X)
        if said := told(table, self.n_origins):
            announce(said)
        for row in table[table["used"]].itertuples():
            learned, tested = self.rows(X, row.origin, row.test_start, row.test_end)
            yield np.flatnonzero(learned), np.flatnonzero(tested)

    def get_n_splits(
        self, X: pd.DataFrame | None = None, y: None = None, groups: None = None  # noqa: ARG002, N803
    ) -> int:  # fmt: skip
        """Tell how many origins there are in these incidents.

        Parameters
        ----------
        X : DataFrame
            The incidents table: how many origins it allows depends on it.
        y, groups : None
            Not used.

        Returns
        -------
        int

        Raises
        ------
        InputError
            As :meth:`split` does, and without incidents.

        Examples
        --------
        >>> import hotspots as hs
        >>> incidents = hs.make_county(seed=1, months=8, scale=0.1).incidents
        >>> hs.RollingOrigin(n_origins=4).get_n_splits(incidents)
        4
        """
        return int(self.origins(X)["used"].sum())

    def origins(self, incidents: pd.DataFrame | None) -> pd.DataFrame:
        """List the test periods, also those that cannot serve, and why.

        Parameters
        ----------
        incidents : DataFrame
            The incidents table.

        Returns
        -------
        DataFrame
            In order of time: ``origin``, ``test_start``, ``test_end`` (outside the period),
            ``used``, ``reason`` (empty where used), ``train_incidents``, ``test_incidents``.

        Raises
        ------
        InputError
            As :meth:`split` does.

        Examples
        --------
        >>> import hotspots as hs
        >>> incidents = hs.make_county(seed=1, months=8, scale=0.1).incidents
        >>> table = hs.RollingOrigin(n_origins=1, gap="14D").origins(incidents)
        >>> print(table.loc[0, "origin"].date(), table.loc[0, "test_start"].date())
        2023-07-18 2023-08-01
        """
        frame, start, _ = self._checked(incidents)
        horizon, gap = Span.read("horizon", self.horizon), Span.read("gap", self.gap, 0)
        months = month_status(frame)
        recorded = months["month"][months["incidents"] > 0].to_numpy().astype("datetime64[M]")
        first, until = start.min(), _recorded_until(frame, months)
        end = until if horizon.unit == "D" else _month_end(until)
        rows: list[dict[str, Any]] = []
        used = 0
        while used < self.n_origins:
            begin = horizon.after(end, -1)
            origin = gap.after(begin, -1)
            if origin <= first:
                break
            reason = _unfit(months, begin, end) if end <= until else "the records end within it"
            if not reason and _days_before(recorded, origin, first) < LEAST_DAYS:
                reason = f"fewer than {LEAST_DAYS} days recorded before it"
            learned, tested = self.rows(frame, origin, begin, end)
            if not reason and not learned.any():
                reason = "nothing to learn from at its origin"
            used += not reason
            rows.append({
                "origin": origin, "test_start": begin, "test_end": end, "used": not reason,
                "reason": reason, "train_incidents": int(learned.sum()),
                "test_incidents": int(tested.sum()),
            })  # fmt: skip
            end = begin
        # what stands before the first that serves is not worth telling
        while rows and not rows[-1]["used"]:
            last = rows.pop()
            if not rows:
                raise InputError("RollingOrigin", [_nothing(last["reason"], first, self)])
        if not rows:
            raise InputError("RollingOrigin", [_nothing("", first, self)])
        table = pd.DataFrame(rows[::-1])
        for name in ("origin", "test_start", "test_end"):
            table[name] = table[name].astype("datetime64[s]")
        return table.astype({"reason": "str"})

    def rows(
        self, incidents: pd.DataFrame, origin: Any, test_start: Any, test_end: Any
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell which incidents are learned from at an origin, and which tested on.

        Parameters
        ----------
        incidents : DataFrame
        origin, test_start, test_end : Timestamp
            As :meth:`origins` gives them.

        Returns
        -------
        learned, tested : ndarray of bool, shape (n,)

        Examples
        --------
        >>> import pandas as pd
        >>> march = pd.DataFrame({"occurred_from": [pd.Timestamp("2025-03-01")],
        ...                       "occurred_to": [pd.Timestamp("2025-04-01")]})
        >>> RollingOrigin().rows(march, *pd.to_datetime(["2025-04-01", "2025-04-01", "2025-05-01"]))
        (array([ True]), array([False]))
        """
        start, end = _times(incidents, "occurred_from"), _times(incidents, "occurred_to")
        origin, test_start, test_end = (
            pd.Timestamp(when).to_datetime64().astype("datetime64[us]")
            for when in (origin, test_start, test_end)
        )
        # an exact time has both ends equal: at the origin itself it is after it
        learned = (end <= origin) & (start < origin)
        if "recorded_at" in incidents.columns:
            learned &= ~(_times(incidents, "recorded_at") > origin)  # where empty, in time
        tested = (start >= test_start) & (start < test_end) & (end <= test_end)
        if self.train is not None:
            learned &= start >= Span.read("train", self.train).after(origin, -1)
        return learned, tested

    def _checked(self, incidents: Any) -> tuple[pd.DataFrame, Times, Times]:
        faults = self._faults()
        wanted = ("occurred_from", "occurred_to")
        if not isinstance(incidents, pd.DataFrame):
            kind = type(incidents).__name__
            faults.append(f"the incidents are of type {kind}; give the incidents table.")
        elif lacking := [name for name in wanted if name not in incidents.columns]:
            faults.append(f"the incidents lack {' and '.join(lacking)}; give the incidents table.")
        elif len(incidents) == 0:
            faults.append("there are no incidents; a split needs some before and after an origin.")
        elif incidents[list(wanted)].isna().any(axis=None):
            faults.append("occurred_from or occurred_to is empty in places; give every row a time.")
        if faults:
            raise InputError("RollingOrigin", faults)
        if Span.read("horizon", self.horizon).unit == "D":
            # of their times alone, wherever they were
            support = support_of(incidents, np.zeros((1, 2)), np.array([len(incidents)]))
            support.require("weekly periods", f"horizon={self.horizon!r}")
        return incidents, *(_times(incidents, name) for name in wanted)  # type: ignore[return-value]

    def _faults(self) -> list[str]:
        """Name what is wrong with the parameters."""
        faults = []
        lengths = [("horizon", self.horizon, 1), ("gap", self.gap, 0)]
        lengths += [("train", self.train, 1)] if self.train is not None else []
        for name, value, least in lengths:
            try:
                Span.read(name, value, least)
            except ValueError as error:
                faults.append(str(error))
        whole = isinstance(self.n_origins, (int, np.integer))
        if not whole or isinstance(self.n_origins, bool) or self.n_origins < 1:
            faults.append(f"n_origins={self.n_origins!r}; it must be a whole number from 1.")
        return faults


def month_status(incidents: pd.DataFrame) -> pd.DataFrame:
    """Tell of every calendar month whether the sources that matter recorded it.

    Parameters
    ----------
    incidents : DataFrame
        The whole table.

    Returns
    -------
    DataFrame
        ``month``, ``incidents`` and ``status``: present, or the worst of the sources that
        together hold over 5% of the incidents.
    """
    found = recorded_months(incidents)
    table = found.pivot_table(index="month", columns="source", values="status", aggfunc="first")
    every = pd.date_range(table.index.min(), table.index.max(), freq="MS")
    table = table.reindex(every).astype(object).fillna("missing")
    share = found.groupby("source")["incidents"].sum()
    share = (share / share.sum())[table.columns]
    count = found.groupby("month")["incidents"].sum().reindex(every, fill_value=0)
    status = np.full(len(every), "present", dtype=object)
    for word in ("incomplete", "thin", "missing"):
        status[((table == word) @ share > 1 - WHOLE).to_numpy()] = word
    lost = (table != "present") @ share > 1 - WHOLE
    status[(lost & (status == "present")).to_numpy()] = "incomplete"
    return pd.DataFrame({
        "month": every.to_numpy().astype("datetime64[s]"), "incidents": count.to_numpy(),
        "status": pd.Series(status, dtype="str"),
    })  # fmt: skip


def told(table: pd.DataFrame, wanted: int) -> str:
    """Say which periods were passed over and whether origins are fewer than asked for.

    Parameters
    ----------
    table : DataFrame
        As :meth:`RollingOrigin.origins` gives it.
    wanted : int
        Origins asked for.

    Returns
    -------
    str
        Empty where there is nothing to say.
    """
    said = []
    passed = table[~table["used"]]
    for reason, rows in passed.groupby("reason", sort=True):
        when = ", ".join(f"{start:%d %B %Y}" for start in rows["test_start"][:6])
        more = f" and {len(rows) - 6} more" if len(rows) > 6 else ""
        said.append(f"not tested on the periods from {when}{more}: {reason}")
    if (used := int(table["used"].sum())) < wanted:
        origins = "1 origin" if used == 1 else f"{used} origins"
        said.append(f"the records allow {origins} of the {wanted} asked for")
    return "; ".join(said)


def _times(incidents: pd.DataFrame, name: str) -> Times:
    return incidents[name].to_numpy().astype("datetime64[us]")  # type: ignore[no-any-return]


def _recorded_until(incidents: pd.DataFrame, months: pd.DataFrame) -> np.datetime64:
    """Find the end of what was recorded, to the day where times are so fine.

    The records end with their last whole month, or within it: where the days after the last
    incident are more than chance leaves empty.
    """
    end = _times(incidents, "occurred_to")
    whole = months.loc[months["status"] == "present", "month"].to_numpy().astype("datetime64[M]")
    last = whole[-1] if len(whole) else end.max().astype("datetime64[M]")
    close = (last + 1).astype("datetime64[us]")
    inside = end[end <= close]
    if len(inside) == 0:
        return close  # type: ignore[no-any-return]
    final = inside.max()
    # a time within a day stands for that day
    day = final.astype("datetime64[D]")
    until = (day if day == final else day + 1).astype("datetime64[us]")
    month = _times(incidents, "occurred_from").astype("datetime64[M]") == last
    length = (close - last.astype("datetime64[us]")).astype(float)
    empty = (close - until).astype(float)
    covered = max(length - empty, 1.0)
    return until if empty / covered * month.sum() > _SURE_GAP else close  # type: ignore[no-any-return]


def _month_end(when: np.datetime64) -> np.datetime64:
    """Go to the next start of a month, or stay on one."""
    month = when.astype("datetime64[M]")
    start: np.datetime64 = month.astype(when.dtype)
    return start if start == when else (month + 1).astype(when.dtype)


def _unfit(months: pd.DataFrame, start: np.datetime64, end: np.datetime64) -> str:
    """Say why a period cannot serve as a test; nothing where it can."""
    known = months["month"].to_numpy().astype("datetime64[M]")
    wanted = np.arange(
        start.astype("datetime64[M]"), (end - np.timedelta64(1, "us")).astype("datetime64[M]") + 1
    )
    if not np.isin(wanted, known).all():
        return "month missing in the records"
    status = set(months.loc[np.isin(known, wanted), "status"])
    for word in ("missing", "thin", "incomplete"):
        if word in status:
            return f"month {word} in the records"
    return ""


def _days_before(recorded: NDArray[Any], origin: np.datetime64, first: np.datetime64) -> float:
    """Days of recorded months before an origin."""
    start = np.maximum(recorded.astype("datetime64[us]"), first.astype("datetime64[M]"))
    stop = np.minimum((recorded + 1).astype("datetime64[us]"), origin)
    days: float = np.maximum((stop - start).astype(float), 0).sum() / 86_400e6
    return days


def _nothing(reason: str, first: np.datetime64, rule: RollingOrigin) -> str:
    why = f" ({reason})" if reason else ""
    return (
        f"no period of {rule.horizon} in the records can serve as a test{why}: it must be wholly "
        f"recorded, with {LEAST_DAYS} days recorded before the origin; the records begin "
        f"{first.astype('datetime64[D]')}. Give longer records, or a shorter horizon or gap."
    )
