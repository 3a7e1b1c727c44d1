"""The weighted displacement difference, against its published numbers and known truths."""

import numpy as np
import pytest

import hotspots as hs
from hotspots.impact.difference import fit_wdd

PUBLISHED = {"treated": (207, 110), "control": (308, 318), "displacement": (178, 157),
             "displacement_control": (150, 140)}  # fmt: skip


def test_the_published_example():
    found = hs.wdd(**PUBLISHED)
    parts = found.effect.set_index("part")
    assert parts["estimate"].to_dict() == {"local": -107, "displacement": -11, "total": -118}
    assert parts.loc["local", "se"] == pytest.approx(30.7083, abs=5e-5)
    assert parts.loc["displacement", "se"] == 25
    assert found.se == pytest.approx(np.sqrt(1568))
    assert found.z == pytest.approx(-2.97995, abs=5e-6)
    assert found.interval == pytest.approx((-195.6, -40.4), abs=0.05)
