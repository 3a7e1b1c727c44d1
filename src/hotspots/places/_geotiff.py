"""A GeoTIFF without a raster library: enough for one band of floats on a square grid."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

_SHORT, _LONG, _DOUBLE, _ASCII = (3, "H"), (4, "I"), (12, "d"), (2, "s")


def encode_geotiff(
    rows: NDArray[np.float64], size: float, west: float, north: float, epsg: int
) -> bytes:
    """Encode a raster as an uncompressed little-endian GeoTIFF of 32-bit floats.

    Parameters
    ----------
    rows : ndarray of float, shape (height, width)
        The northernmost row first; NaN where there is no value.
    size : float
        Width of a cell in metres.
    west, north : float
        Outer edges of the upper left cell in metres.
    epsg : int
        Code of a projected CRS in metres.

    Returns
    -------
    bytes

    References
    ----------
    TIFF revision 6.0 (1992); OGC GeoTIFF standard 1.1 (OGC 19-008r4): the tags ModelPixelScale,
    ModelTiepoint and GeoKeyDirectory. GDAL_NODATA is GDAL's own tag.

    Examples
    --------
    >>> import numpy as np
    >>> encode_geotiff(np.zeros((2, 3)), 100.0, 388100.0, 347500.0, 27700)[:2]
    b'II'
    """
    height, width = rows.shape
    pixels = rows.astype("<f4").tobytes()  # 4 bytes each, so the directory starts on an even byte
    keys = [(1, 1, 0, 4)]  # version, and four keys: projected, cells are areas, CRS, metres
    keys += [(1024, 0, 1, 1), (1025, 0, 1, 1), (3072, 0, 1, epsg), (3076, 0, 1, 9001)]
    tags = [
        (256, _LONG, [width]), (257, _LONG, [height]),
        (258, _SHORT, [32]), (339, _SHORT, [3]), (277, _SHORT, [1]),  # one band of 32-bit floats
        (259, _SHORT, [1]), (262, _SHORT, [1]),  # uncompressed, low is black
        (273, _LONG, [8]), (278, _LONG, [height]), (279, _LONG, [len(pixels)]),  # one strip
        (33550, _DOUBLE, [size, size, 0.0]),
        (33922, _DOUBLE, [0.0, 0.0, 0.0, west, north, 0.0]),
        (34735, _SHORT, [number for key in keys for number in key]),
        (42113, _ASCII, [b"nan\0"]),
    ]  # fmt: skip
    directory = 8 + len(pixels)
    overflow_at = directory + 2 + 12 * len(tags) + 4
    entries, overflow = b"", b""
    for tag, (kind, code), values in sorted(tags, key=lambda entry: entry[0]):
        if code == "s":
            packed = b"".join(values)  # type: ignore[arg-type]
            count = len(packed)
        else:
            packed, count = struct.pack(f"<{len(values)}{code}", *values), len(values)
        if len(packed) > 4:  # values that do not fit into the entry stand behind the directory
            packed, overflow = struct.pack("<I", overflow_at + len(overflow)), overflow + packed
        entries += struct.pack("<HHI", tag, kind, count) + packed.ljust(4, b"\0")
    header = b"II" + struct.pack("<HI", 42, directory)
    return header + pixels + struct.pack("<H", len(tags)) + entries + bytes(4) + overflow
