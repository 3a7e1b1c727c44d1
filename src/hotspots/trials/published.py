"""What published trials of patrols at hotspots found: what a new trial should be able to find."""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """A published finding.

    Attributes
    ----------
    name : str
    change : float
        As a share, -.16 for 16% fewer.
    outcome, design : str
    source : str
    """

    name: str
    change: float
    outcome: str
    design: str
    source: str


AVERAGE = Published(
    "average of 53 studies", -0.16, "crime and disorder", "whole places over weeks or months",
    "Braga and Weisburd (2022), Journal of Quantitative Criminology 38, 1-22",
)  # fmt: skip
"""The average fall, of rate ratios, in published evaluations."""

WHOLE_PLACES = Published(
    "Philadelphia foot patrol", -0.23, "violent crime", "60 places, 12 weeks, by lot",
    "Ratcliffe et al. (2011), Criminology 49(3), 795-831",
)  # fmt: skip
"""A large fall in a trial of whole places."""

PLACE_DAYS = Published(
    "Bedfordshire, Operation Rowan", -0.40, "public crimes against persons",
    "21 places, 90 days, days by lot",
    "Bland et al. (2021), Cambridge Journal of Evidence-Based Policing 5, 93-118",
)  # fmt: skip
"""A large fall on treated days, which is another question than a fall over weeks."""


def largest(design: str) -> Published:
    """Name the largest finding that a trial of a design may hope to repeat.

    Parameters
    ----------
    design : str
        "crossover" compares days, every other design places.

    Returns
    -------
    Published

    Examples
    --------
    >>> largest("pairs").name, largest("crossover").change
    ('Philadelphia foot patrol', -0.4)
    """
    return PLACE_DAYS if design == "crossover" else WHOLE_PLACES
