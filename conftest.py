"""What tests and the examples in docstrings share: each closes the pictures it opened."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def closed_pictures() -> Iterator[None]:
    """Close every figure: pyplot keeps them, and warns of more than twenty."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
