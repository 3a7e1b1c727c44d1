"""Ordnance Survey grid references → metres."""

from __future__ import annotations

import re

_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # no I
_SHAPE = re.compile(r"([A-HJ-Z])([A-HJ-Z])\s*([\d\s]*)", re.IGNORECASE)


def read_gridref(text: str) -> tuple[float, float, float] | None:
    """Read a British National Grid reference of 0 to 10 digits.

    Parameters
    ----------
    text : str
        Such as ``"SJ 88 47"``, ``"SJ8847"`` or ``"SJ 88123 47456"``.

    Returns
    -------
    (easting, northing, side) or None
        Metres (EPSG:27700) of the *centre* of the square the reference names, and the square's
        side in metres; None when it is no reference.

    References
    ----------
    Ordnance Survey, "A guide to coordinate systems in Great Britain", section on the National
    Grid: TG 51409 13177 is the 1 m square at 651409, 313177.

    Examples
    --------
    >>> read_gridref("SJ 88 47")
    (388500.0, 347500.0, 1000.0)
    >>> read_gridref("TG5140913177")
    (651409.5, 313177.5, 1.0)
    >>> read_gridref("SJ 884") is None
    True
    """
    found = _SHAPE.fullmatch(text.strip())
    if not found:
        return None
    parts = found[3].split()
    digits = "".join(parts)
    if len(digits) % 2 or len(digits) > 10 or (len(parts) == 2 and len(parts[0]) != len(parts[1])):
        return None
    first, second = (_LETTERS.index(letter.upper()) for letter in found.group(1, 2))
    # Letters run in 5 by 5 blocks from the north-west; S holds the false origin in its south-west.
    east = ((first - 2) % 5) * 5 + second % 5
    north = 19 - (first // 5) * 5 - second // 5
    if not (0 <= east < 7 and 0 <= north < 13):
        return None
    half = len(digits) // 2
    side = 100_000.0 / 10**half
    easting = east * 100_000 + (int(digits[:half]) * side if half else 0) + side / 2
    northing = north * 100_000 + (int(digits[half:]) * side if half else 0) + side / 2
    return easting, northing, side
