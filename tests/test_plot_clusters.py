"""The curve that eps is read from, as a picture."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.contracts import InputError

mpl.use("Agg")


@pytest.fixture
def curve():
    distance = np.array([0.0, 50, 100, 150, 800, np.inf])
    share = np.array([0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
    index = pd.RangeIndex(1, 7, name="order")
    return pd.DataFrame({"distance_m": distance, "share": share}, index=index)


@pytest.fixture(autouse=True)
def _close():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def test_the_curve_eps_and_what_it_takes_in(curve):
    ax = hs.plot_k_distance(curve, 100)
    line, level, dot = ax.lines
    np.testing.assert_allclose(line.get_xdata(), [30, 50, 70, 80, 90])
    np.testing.assert_allclose(line.get_ydata(), [0, 50, 100, 150, 800])
    assert set(level.get_ydata()) == {100}
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (pytest.approx(70), 100)
    said = [text.get_text() for text in ax.texts]
    assert "eps 100 m: 70% are in a crowd" in said
    assert any("6 locations." in text and "10.0% of the incidents" in text for text in said)
    assert ax.get_ylim()[1] > 800


def test_without_eps_and_without_a_crowd(curve):
    assert len(hs.plot_k_distance(curve).lines) == 1
    none = hs.plot_k_distance(curve.iloc[5:], 100)
    assert none.get_ylim()[1] > 100
    assert "eps 100 m: 0% are in a crowd" in [text.get_text() for text in none.texts]
    hs.plot_k_distance(curve.iloc[:0], 100)
    ax = hs.plot_k_distance(curve)
    assert hs.plot_k_distance(curve, ax=ax) is ax


def test_what_is_no_curve_is_refused(curve):
    with pytest.raises(InputError) as error:
        hs.plot_k_distance(curve.drop(columns="share"), -5)
    assert len(error.value.faults) == 2
    assert "column share is missing" in str(error.value)
    with pytest.raises(InputError, match="distance_m and share must be numbers"):
        hs.plot_k_distance(curve.assign(share="much"))
    with pytest.raises(InputError, match="it is of type list; give DBSCAN"):
        hs.plot_k_distance([1, 2])
    with pytest.raises(InputError, match="eps='knee'; it must be a number"):
        hs.plot_k_distance(curve, "knee")
