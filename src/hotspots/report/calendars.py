"""iCalendar files (RFC 5545): a unit's visits as tentative events."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from .. import __version__

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "hotspots.invalid")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def write_calendar(
    file: Path, unit: str, visits: pd.DataFrame, degrees: NDArray[np.float64]
) -> None:
    """Write the visits of a unit as a calendar.

    Parameters
    ----------
    file : Path
    unit : str
    visits : DataFrame
        ``visit``, ``lpt``, ``shift``, ``place``, ``to_do``, ``reason``, and ``begin`` and
        ``finish`` in UTC.
    degrees : ndarray, shape (n, 2)
        Longitude and latitude of each.
    """
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//hotspots//patrol plan {__version__}//EN",
        "CALSCALE:GREGORIAN", f"NAME:{_text(f'Patrol {unit}')}",
        f"X-WR-CALNAME:{_text(f'Patrol {unit}')}",
    ]  # fmt: skip
    now = _stamp(pd.Timestamp(datetime.now(UTC)))
    for row, (longitude, latitude) in zip(visits.to_dict("records"), degrees, strict=True):
        whose = f"{row['shift']} shift, {row['lpt']}"
        said = [row["reason"], f"To do: {row['to_do']}" if row["to_do"] else "",
                f"{whose}. A recommendation until it is accepted."]  # fmt: skip
        # by visit, so that a changed plan moves the event instead of adding another
        name = uuid.uuid5(_NAMESPACE, f"{row['lpt']}|{unit}|{row['visit']}")
        lines += [
            "BEGIN:VEVENT", f"UID:{name}", f"DTSTAMP:{now}", f"DTSTART:{_stamp(row['begin'])}",
            f"DTEND:{_stamp(row['finish'])}", f"SUMMARY:{_text(row['place'])}",
            f"LOCATION:{_text(row['place'])}", f"GEO:{latitude:.6f};{longitude:.6f}",
            "DESCRIPTION:" + _text("\n".join(filter(None, map(str, said)))),
            "STATUS:TENTATIVE", "CLASS:CONFIDENTIAL", "END:VEVENT",
        ]  # fmt: skip
    lines.append("END:VCALENDAR")
    file.write_bytes("".join(map(_fold, lines)).encode("utf-8"))


def _stamp(moment: pd.Timestamp) -> str:
    return f"{moment.tz_convert('UTC'):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    r"""Escape a text as RFC 5545 asks.

    Examples
    --------
    >>> print(_text("Market; Lane, 1\n2"))
    Market\; Lane\, 1\n2
    """
    plain = _CONTROL.sub(" ", str(value).replace("\r\n", "\n").replace("\r", "\n"))
    for mark in ("\\", ";", ","):
        plain = plain.replace(mark, f"\\{mark}")
    return plain.replace("\n", "\\n")


def _fold(line: str) -> str:
    r"""Break a line after at most 75 octets, never within a character.

    Examples
    --------
    >>> [len(part.encode()) for part in _fold("é" * 60).split("\r\n ")]
    [74, 48]
    """
    parts, octets = [""], 0
    for character in line:
        size = len(character.encode("utf-8"))
        if octets + size > 75:
            parts.append("")
            octets = 1  # the blank that marks the continuation
        parts[-1] += character
        octets += size
    return "\r\n ".join(parts) + "\r\n"
