"""Progress bars for long work: with widgets in a notebook that has them, else as text."""

from __future__ import annotations

import warnings
from typing import Any


def progress_bar(*args: Any, **options: Any) -> Any:
    """Make a progress bar, as ``tqdm.auto`` does, without its word on what is not installed.

    Parameters
    ----------
    *args, **options
        As ``tqdm`` takes them.

    Returns
    -------
    tqdm

    Examples
    --------
    >>> [number for number in progress_bar(range(3), disable=True)]
    [0, 1, 2]
    """
    with warnings.catch_warnings():  # a notebook without widgets gets a bar of text: fine
        warnings.filterwarnings("ignore", "IProgress not found")
        from tqdm.auto import tqdm
    return tqdm(*args, **options)
