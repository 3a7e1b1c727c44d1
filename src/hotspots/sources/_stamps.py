"""Dates and times as people write them → the start and the width of an interval, local time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_MONTHS = {
    name: number
    for number, name in enumerate(re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec"), 1)
}
_TIME = (
    r"(?:[T ,]*(?P<H>\d{1,2})[:.h]?(?P<M>\d{2})(?:[:.](?P<S>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<ap>[AaPp][Mm])?\s*(?P<off>Z|[+-]\d{2}:?\d{2})?)?"
)
_DAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
_SHAPES = tuple(re.compile(_DAY + shape + _TIME, re.IGNORECASE) for shape in (
    r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
    r"(?P<a>\d{1,2})[-/. ](?P<b>\d{1,2})[-/. ](?P<y>\d{4}|\d{2})",
    r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[-/. ]*(?P<mon>[a-z]{3})[a-z]*[-/., ]*(?P<y>\d{4}|\d{2})",
    r"(?P<y>\d{4})(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)",
))  # fmt: skip
_MONTH_ONLY = re.compile(r"(\d{4})[-/](0?[1-9]|1[0-2])")
_SERIAL = re.compile(r"(?:\d{5}|[01])(?:\.\d+)?")  # four digits are a year, not 1905
_CLOCK = re.compile(
    r"(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([ap]m)?|(\d{3,4})", re.IGNORECASE
)
_FRACTION = re.compile(r"0?\.\d+|[01](?:\.0*)?")
_MANY = 2000  # distinct stamps from which reading them at once pays
EXCEL_ZERO = np.datetime64("1899-12-30", "s")


@dataclass(frozen=True)
class Stamps:
    """Stamps read from text, each value once.

    ``start`` is datetime64[s] (NaT where unreadable), ``width`` timedelta64[s]: 0 for an exact
    time, one day for a date alone, a month for a month alone. The rest counts values, not rows.
    """

    start: NDArray[np.datetime64]
    width: NDArray[np.timedelta64]
    midnight24: NDArray[np.bool_]
    serial: NDArray[np.bool_]
    offset: NDArray[np.bool_]


def guess_day_first(values: list[str]) -> tuple[bool, str]:
    """Tell whether dates such as 03/04/2025 put the day first, and on what ground.

    Examples
    --------
    >>> guess_day_first(["03/04/2025", "25/04/2025"])
    (True, 'some days are above 12')
    >>> guess_day_first(["03/04/2025", "04/25/2025"])[0]
    False
    """
    first = second = seen = False
    for value in values:
        if found := _SHAPES[1].match(value.strip()):
            seen = True
            first |= int(found["a"]) > 12
            second |= int(found["b"]) > 12
            if first:
                break
    if first:
        return True, "some days are above 12"
    if second:
        return False, "the second number goes above 12 and the first never does"
    return True, "nothing in the dates tells; the British order is taken" if seen else ""


def read_stamps(
    values: list[str], *, day_first: bool = True, form: str | None = None,
    zone: str = "Europe/London",
) -> Stamps:  # fmt: skip
    """Read dates and times, each on its own.

    Parameters
    ----------
    values : list of str
        ISO 8601, ``25/04/2025 14:05``, ``25-Apr-25 2:05 pm``, ``20250425``, ``2025-04`` (the
        whole month) or an Excel serial number.
    day_first : bool
        For dates such as 03/04/2025.
    form : str, optional
        A ``strptime`` pattern to use instead.
    zone : str
        Where stamps with an offset are to be read as local wall-clock.

    Returns
    -------
    Stamps

    Notes
    -----
    ``24:00`` is midnight at the end of the day. Two-digit years up to 68 are 20xx.

    Examples
    --------
    >>> read_stamps(["25/04/2025 24:00", "2025-04", "45772.5", "2025-07-01T12:00Z"]).start
    array(['2025-04-26T00:00:00', '2025-04-01T00:00:00',
           '2025-04-25T12:00:00', '2025-07-01T13:00:00'], dtype='datetime64[s]')
    """
    n = len(values)
    start = np.full(n, np.datetime64("NaT"), dtype="datetime64[s]")
    width = np.zeros(n, dtype="timedelta64[s]")
    flags = {k: np.zeros(n, dtype=bool) for k in ("midnight24", "serial", "offset")}
    if form is not None:
        read = pd.to_datetime(pd.Series(values, dtype=object).str.strip(), format=form,
                              errors="coerce", utc="%z" in form)  # fmt: skip
        if "%z" in form:
            read = read.dt.tz_convert(ZoneInfo(zone)).dt.tz_localize(None)
            flags["offset"] = read.notna().to_numpy()
        start = read.to_numpy().astype("datetime64[s]")
        if not any(part in form for part in ("%H", "%I", "%X", "%c", "%T", "%R")):
            width[:] = 86400
        return Stamps(start, width, **flags)
    local = ZoneInfo(zone)
    if n > _MANY:
        start = _bulk(values, day_first)
    todo = np.flatnonzero(np.isnat(start)).tolist()
    for i in todo:
        text = values[i].strip()
        if not text:
            continue
        found = next((m for shape in _SHAPES if (m := shape.fullmatch(text))), None)
        if found:
            _read_date(found, i, day_first, local, start, width, flags)
        elif month := _MONTH_ONLY.fullmatch(text):
            begin = np.datetime64(f"{month[1]}-{int(month[2]):02}", "M")
            start[i] = begin
            width[i] = (begin + 1).astype("datetime64[s]") - begin.astype("datetime64[s]")
        elif _SERIAL.fullmatch(text) and float(text) >= 1:
            flags["serial"][i] = True
            start[i] = EXCEL_ZERO + np.timedelta64(round(float(text) * 86400), "s")
            width[i] = 0 if "." in text and float(text) % 1 else 86400
    return Stamps(start, width, **flags)


def _bulk(values: list[str], day_first: bool) -> NDArray[np.datetime64]:
    """Read what has the shape of the first stamp at once; the rest stays NaT."""
    first = next((v.strip() for v in values if v.strip()), "")
    date = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    clocks = (" %H:%M:%S", "T%H:%M:%S", " %H:%M")
    for form in (day + clock for day in ("%Y-%m-%d", date) for clock in clocks):
        if pd.notna(pd.to_datetime(first, format=form, errors="coerce")):
            read = pd.to_datetime(pd.Series(values, dtype=object), format=form, errors="coerce")
            return read.to_numpy().astype("datetime64[s]")
    return np.full(len(values), np.datetime64("NaT"), dtype="datetime64[s]")


def _read_date(
    found: re.Match[str], i: int, day_first: bool, local: ZoneInfo,
    start: NDArray[np.datetime64], width: NDArray[np.timedelta64],
    flags: dict[str, NDArray[np.bool_]],
) -> None:  # fmt: skip
    part = found.groupdict()
    if "a" in part:
        day, month = (part["a"], part["b"]) if day_first else (part["b"], part["a"])
    else:
        day = part["d"]
        month = part.get("m") or _MONTHS.get((part.get("mon") or "").lower())
    year = int(part["y"])
    if len(part["y"]) == 2:
        year += 2000 if year <= 68 else 1900
    try:
        date = pd.Timestamp(year, int(month or 0), int(day)).to_datetime64().astype("datetime64[s]")
    except ValueError:
        return
    if part["H"] is None:
        start[i], width[i] = date, np.timedelta64(86400, "s")
        return
    seconds = _seconds(part["H"], part["M"], part["S"], part["ap"])
    if seconds is None:
        return
    flags["midnight24"][i] = int(part["H"]) == 24
    stamp = date + np.timedelta64(seconds, "s")
    if part["off"]:
        flags["offset"][i] = True
        offset = "+00:00" if part["off"].upper() == "Z" else part["off"]
        aware = pd.Timestamp(stamp).tz_localize("UTC") - pd.Timedelta(
            hours=int(offset[:3]), minutes=int(offset[0] + offset[-2:])
        )
        stamp = aware.tz_convert(local).tz_localize(None).to_datetime64().astype("datetime64[s]")
    start[i] = stamp


def _seconds(
    hour: str, minute: str, second: str | None = None, half: str | None = None
) -> int | None:
    """Seconds since midnight; None for an impossible time, 86,400 for 24:00."""
    h, m, s = int(hour), int(minute), int(second or 0)
    if half:
        if not 1 <= h <= 12:
            return None
        h = h % 12 + (12 if half.lower() == "pm" else 0)
    if m > 59 or s > 59 or h > 24 or (h == 24 and (m or s)):
        return None
    return h * 3600 + m * 60 + s


def read_clock(values: list[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read times of day as seconds since midnight; nan for blank, -1 for what is no time.

    Returns
    -------
    seconds : ndarray of float
    midnight24 : ndarray of bool
        Where the time was written as 24:00.

    Examples
    --------
    >>> read_clock(["14:05", "1405", "2:05 pm", "24:00", "0.5", "", "99:00"])[0].tolist()
    [50700.0, 50700.0, 50700.0, 86400.0, 43200.0, nan, -1.0]
    """
    seconds = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        text = value.strip()
        if not text:
            continue
        # A cell of time alone may arrive as a full stamp on Excel's day zero.
        text = re.sub(r"^\d{4}-\d{2}-\d{2}[T ]", "", text)
        found = _CLOCK.fullmatch(text)
        if _FRACTION.fullmatch(text):  # of a day, as Excel keeps a time
            read: float | None = round(float(text) * 86400)
        elif not found:
            read = None
        elif found[1]:
            read = _seconds(found[1], found[2], found[3], found[4])
        else:
            digits = found[5].zfill(4)
            read = _seconds(digits[:2], digits[2:])
        seconds[i] = -1 if read is None else read
    midnight24 = np.array([v.strip().startswith("24") for v in values], dtype=bool)
    return seconds, midnight24 & (seconds == 86400)
