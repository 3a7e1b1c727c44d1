"""What the tests of the local statistics share: towns, incidents by count, and esda's weights."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import hotspots as hs


def town(columns, rows, size=100, shape="square", at=(380_000, 340_000)):
    """Return a grid of so many columns and rows (of hexagons, about as many)."""
    x, y = at
    frame = gpd.GeoDataFrame(
        {"area_km2": [1.0]}, index=pd.Index(["Town"], name="lpt"), crs="EPSG:27700",
        geometry=[shapely.box(x, y, x + columns * size, y + rows * size)],
    )  # fmt: skip
    return hs.Grid.over(frame, size, shape)


def happened(grid, counts, **columns):
    """Return incidents: so many at the centre of each cell, one a day through 2025."""
    xy = np.repeat(grid.centres, np.asarray(counts, dtype=int), axis=0)
    return table(xy, **columns)


def table(xy, **columns):
    """Return incidents at points, one a day through 2025."""
    n = len(xy)
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(n) % 365, unit="D")
    frame = {"category": pd.array(["ASB"] * n, dtype="str"), "occurred_from": day,
             "occurred_to": day, **columns}  # fmt: skip
    index = pd.Index([f"i{i:05d}" for i in range(n)], name="incident")
    points = shapely.points(np.asarray(xy, dtype=float).reshape(-1, 2))
    return gpd.GeoDataFrame(frame, geometry=points, crs="EPSG:27700", index=index)


def beats(n=60, seed=0, width=10_000):
    """Return polygons that fill a square, as beats or wards would: one for each random centre."""
    chance = np.random.default_rng(seed)
    square = shapely.box(380_000, 340_000, 380_000 + width, 340_000 + width)
    centres = shapely.MultiPoint(chance.uniform(0, width, (n, 2)) + np.array([380_000, 340_000]))
    cells = shapely.get_parts(shapely.voronoi_polygons(centres, extend_to=square))
    cells = shapely.intersection(cells, square)
    order = np.lexsort(shapely.get_coordinates(shapely.centroid(cells)).T)
    index = pd.Index([f"B{i:03d}" for i in range(n)], name="beat")
    return gpd.GeoDataFrame(geometry=cells[order], crs="EPSG:27700", index=index)


def near(xy, radius):
    """Return who lies within the radius of whom, itself included, pair by pair."""
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    return apart <= radius + 1e-6


def esda_weights(adjacent):
    """Return the weights of libpysal for a matrix of who is near whom; nobody is near itself."""
    from libpysal.weights import W

    neighbours = {
        i: [j for j in np.flatnonzero(row).tolist() if j != i] for i, row in enumerate(adjacent)
    }
    return W(neighbours, silence_warnings=True)
