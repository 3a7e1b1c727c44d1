"""What the tests share: the sample county, and real records where they are at hand."""

from pathlib import Path

import hypothesis
import pytest

# A busy machine is slow, not wrong.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real records and reference outputs, or skip where there is none."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("needs the real records kept beside the project, which are not here")
    return folder


@pytest.fixture(scope="session")
def sample() -> Path:
    """Return the folder of the synthetic sample data that ships with the project."""
    return ROOT / "data" / "sample"


@pytest.fixture(scope="session")
def county():
    """Return a small synthetic county with known hotspots and seasons."""
    import hotspots as hs

    return hs.make_county(seed=1, months=36)
