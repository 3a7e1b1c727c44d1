"""Neighbour sums: against naive loops on squares and hexagons, and the checks of the method."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import shapely.affinity

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.detect._neighbours import (
    GridNeighbours,
    gi_star_z,
    neighbour_counts,
    neighbour_sums,
)


def grid_over(shape_, size=100, shape="square"):
    index = pd.Index(["Town"], name="lpt")
    frame = gpd.GeoDataFrame(
        {"area_km2": [shape_.area / 1e6]}, geometry=[shape_], crs="EPSG:27700", index=index
    )
    return hs.Grid.over(frame, size, shape)


# not a rectangle, so that cells outside, holes and both parities of the first row are met
ODD = shapely.box(50, 130, 1900, 1500).difference(shapely.box(600, 500, 930, 880))


def naive(grid, values, radius):
    """Sum over all cells whose centres lie within the radius, pair by pair."""
    apart = np.hypot(*(grid.centres[:, None] - grid.centres[None]).transpose(2, 0, 1))
    return (apart <= radius + 1e-6) @ values


@pytest.mark.parametrize("shape", ["square", "hex"])
@pytest.mark.parametrize("north", [0, 100], ids=["even first row", "odd first row"])
@pytest.mark.parametrize("radius", [None, 100, 150, 173.3, 250, 700, 1234.5, 9000])
def test_sums_are_those_of_the_naive_loop(shape, north, radius):
    grid = grid_over(shapely.affinity.translate(ODD, 300, north), 100, shape)
    values = np.random.default_rng(3).poisson(0.7, len(grid.cells)).astype(float)
    reach = 100 * np.sqrt(2) if radius is None else radius
    assert np.array_equal(neighbour_sums(grid, values, radius), naive(grid, values, reach))
    ones = np.ones(len(grid.cells))
    assert np.array_equal(neighbour_counts(grid, radius), naive(grid, ones, reach))


def test_several_vectors_at_once_and_only_some_cells_as_neighbours():
    grid = grid_over(ODD)
    chance = np.random.default_rng(4)
    values, among = chance.random((3, len(grid.cells))), chance.random(len(grid.cells)) < 0.6
    together = neighbour_sums(grid, values, 220)
    for row, one in zip(values, together, strict=True):
        np.testing.assert_allclose(one, naive(grid, row, 220))
    near = GridNeighbours(grid, 220, among)
    np.testing.assert_allclose(near.sums(values[0]), naive(grid, values[0] * among, 220))
    assert np.array_equal(near.counts, naive(grid, among.astype(float), 220))


@pytest.mark.parametrize("size", [100, 457.2, 33.3, 804.672])
def test_rounding_never_loses_the_diagonal(size):
    """Other tools lose it at 457.2 m: the centres lie a billionth more than size × √2 apart."""
    grid = grid_over(
        shapely.box(384000.3, 338000.7, 384000.3 + 20 * size, 338000 + 20 * size), size
    )
    near = neighbour_counts(grid).reshape(grid.rows, grid.columns)
    assert (near[1:-1, 1:-1] == 9).all()
    assert near[0, 0] == 4


def test_the_check_of_the_method_by_hand():
    """5 × 5 cells, 10 in the middle one: 4/3 there and around it, −0.436436 in the corners."""
    grid = grid_over(shapely.box(0, 0, 500, 500))
    values = np.zeros(25)
    values[12] = 10
    z = gi_star_z(grid, values).reshape(5, 5)
    np.testing.assert_allclose(z[1:4, 1:4], 4 / 3, rtol=1e-14)
    np.testing.assert_allclose(z[[0, 0, -1, -1], [0, -1, 0, -1]], -0.436436, atol=5e-7)
    # each row of several is judged on its own
    rows = gi_star_z(grid, np.stack([values, 3 * values + 2, values * 0]))
    np.testing.assert_allclose(rows[1], rows[0])
    assert (rows[2] == 0).all()


def test_no_contrast_gives_zero_and_not_nan():
    grid = grid_over(shapely.box(0, 0, 500, 500))
    assert (gi_star_z(grid, np.full(25, 0.1)) == 0).all()
    assert (gi_star_z(grid, np.arange(25.0), radius=5000) == 0).all()


def test_fractions_that_are_all_zero_around_sum_to_zero_exactly():
    grid = grid_over(shapely.box(0, 0, 3000, 100))
    values = np.where(np.arange(30) < 10, 0.1, 0.0)
    sums = neighbour_sums(grid, values, 700)
    assert (sums[17:] == 0).all()
    assert (sums[:17] > 0).all()


@pytest.mark.parametrize("radius", [99, 0, -5, np.nan, np.inf, "200", True])
def test_a_radius_that_reaches_nothing_is_refused(radius):
    grid = grid_over(shapely.box(0, 0, 500, 500))
    with pytest.raises(InputError, match="must be a number of metres that reaches the next cell"):
        neighbour_sums(grid, np.zeros(25), radius)


def test_values_must_fit_the_grid():
    grid = grid_over(shapely.box(0, 0, 500, 500))
    with pytest.raises(InputError, match=r"their shape is \(24,\); give one value"):
        neighbour_sums(grid, np.zeros(24))
