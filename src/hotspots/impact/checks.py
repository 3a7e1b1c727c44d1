"""What a check of a finding says, and whether it gives doubt."""

from __future__ import annotations

from dataclasses import dataclass

VERDICTS = ("fine", "doubt", "cannot tell")
"""What a check can end in."""


@dataclass(frozen=True)
class Check:
    """One thing looked at before a finding is believed.

    Attributes
    ----------
    name : str
        As texts call it: "placebo dates".
    asks : str
        The question, in words.
    found, low, high : float
        The number that answers it and its interval; NaN where there is none.
    verdict : {"fine", "doubt", "cannot tell"}
    words : str
        The answer in a sentence, with the number.

    Examples
    --------
    >>> Check("dispersion", "Do counts vary more than chance alone?", 1.1, 0.9, 1.3, "fine",
    ...       "Counts vary as chance alone makes them.").verdict
    'fine'
    """

    name: str
    asks: str
    found: float
    low: float
    high: float
    verdict: str
    words: str
