"""The classic sums of power, beside which a simulation from the force's own records stands."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

_NORMAL = NormalDist()


def post_only_power(
    mean: float, dispersion: float, sites: int, effect: float, *, level: float = 0.95
) -> float:
    r"""Power of two arms compared after the start only, counts negative binomial.

    Parameters
    ----------
    mean : float
        Incidents expected at a site over the trial without patrols, above 0.
    dispersion : float
        κ of Var = μ + κμ², between sites.
    sites : int
        Sites in each arm.
    effect : float
        Change under treatment as a share, as -.2 for 20% fewer.
    level : float
        1 less the significance level.

    Returns
    -------
    float
        Chance that the log ratio of the arms differs from 0, either way.

    Notes
    -----
    .. math:: SE² = \frac{1}{m} \left( \frac{1}{μ} + κ + \frac{1}{μ (1 + e)} + κ \right), \quad
              \text{power} = Φ(|\ln (1 + e)| / SE - z) + Φ(-|\ln (1 + e)| / SE - z)

    for m sites an arm. Levels that differ between sites are noise here; a baseline takes most of
    it away, so that this is the floor, not what the trial can do.

    References
    ----------
    Zhu H. and Lakkis H. (2014) Sample size calculation for comparing two negative binomial rates.
    *Statistics in Medicine* 33(3), 376-387.

    Examples
    --------
    >>> round(post_only_power(5, .5, 20, -.2), 2), round(post_only_power(50, .2, 60, -.2), 2)
    (0.13, 0.74)
    """
    variance = (1 / mean + 1 / (mean * (1 + effect)) + 2 * dispersion) / sites
    return power_of(abs(np.log1p(effect)), float(np.sqrt(variance)), level=level)


def power_of(effect: float, error: float, *, level: float = 0.95) -> float:
    """Power of a two-sided test of an estimate with a known standard error.

    Parameters
    ----------
    effect, error : float
        On the same scale.
    level : float

    Returns
    -------
    float

    Examples
    --------
    >>> round(power_of(2.8016, 1.0), 3)
    0.8
    """
    z = _NORMAL.inv_cdf(0.5 + level / 2)
    return _NORMAL.cdf(effect / error - z) + _NORMAL.cdf(-effect / error - z)


def detectable(error: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """Effect that a two-sided test finds with the power asked for, given its standard error.

    Parameters
    ----------
    error : float
        Standard error of the estimate.
    power, level : float

    Returns
    -------
    float
        (z of the level + z of the power) × error, the chance of a wrong sign left out.

    Examples
    --------
    >>> round(detectable(1.0), 4)
    2.8016
    """
    return error * (_NORMAL.inv_cdf(0.5 + level / 2) + _NORMAL.inv_cdf(power))


def wdd_detectable(
    counts: tuple[float, float, float, float],
    *,
    dispersion: float = 1.0,
    power: float = 0.8,
    level: float = 0.95,
) -> float:
    r"""Incidents that a weighted displacement difference of four counts can find.

    Parameters
    ----------
    counts : tuple of float
        Expected without effect: treated before and after, control before and after.
    dispersion : float
        φ of Var = φμ; 1 is Poisson, which real counts exceed.
    power, level : float

    Returns
    -------
    float
        Incidents.

    Notes
    -----
    SE = √(φ Σ counts); detectable (z of the level + z of the power) × SE.

    References
    ----------
    Wheeler A. P. and Ratcliffe J. H. (2018) A simple weighted displacement difference test to
    evaluate place based crime interventions. *Crime Science* 7, 11.

    Examples
    --------
    >>> round(wdd_detectable((100, 100, 100, 100)), 1)
    56.0
    >>> round(wdd_detectable((100, 100, 100, 100), level=.9), 1)
    49.7
    """
    return detectable(float(np.sqrt(dispersion * sum(counts))), power=power, level=level)


def baseline_factor(correlation: float, before: int = 1, after: int = 1) -> float:
    r"""Variance that is left when the baseline of each site is allowed for.

    Parameters
    ----------
    correlation : float
        Between two periods of the same site, 0 to 1.
    before, after : int
        Periods measured before and after the start.

    Returns
    -------
    float
        Variance of the adjusted comparison over that of one period after, unadjusted.

    Notes
    -----
    Analysis of covariance on the mean of ``before`` periods r, the mean of ``after`` as outcome:

    .. math:: \frac{1 + (q - 1) r}{q} - \frac{p r²}{1 + (p - 1) r}

    for p periods before and q after; 1 - r² for one of each.

    References
    ----------
    Frison L. and Pocock S. J. (1992) Repeated measures in clinical trials: analysis using mean
    summary statistics and its implications for design. *Statistics in Medicine* 11, 1685-1704.

    Examples
    --------
    >>> round(baseline_factor(.8), 2), round(baseline_factor(.8, before=4), 3)
    (0.36, 0.247)
    """
    r = correlation
    return (1 + (after - 1) * r) / after - before * r**2 / (1 + (before - 1) * r)


def sites_needed(
    mean: float, effect: float, variation: float, *, power: float = 0.8, level: float = 0.95
) -> int:
    r"""Sites an arm by the formula for trials of whole places.

    Parameters
    ----------
    mean : float
        Incidents at a site over the trial without patrols.
    effect : float
        Change as a share, as -.2.
    variation : float
        k, coefficient of variation of the true rates between sites (within pairs, if paired).
    power, level : float

    Returns
    -------
    int
        Sites in each arm, none taken off for a baseline.

    Notes
    -----
    .. math:: m = 1 + (z_{α/2} + z_{β})² \frac{λ_0 + λ_1 + k² (λ_0² + λ_1²)}{(λ_0 - λ_1)²}

    with λ the incidents a site expects in each arm; one site more for the few degrees of freedom.

    References
    ----------
    Hayes R. J. and Bennett S. (1999) Simple sample size calculation for cluster-randomized
    trials. *International Journal of Epidemiology* 28(2), 319-326.

    Examples
    --------
    >>> sites_needed(50, -.2, .45), sites_needed(5, -.2, .7)
    (74, 230)
    """
    factor = detectable(1.0, power=power, level=level) ** 2
    treated = mean * (1 + effect)
    spread = mean + treated + variation**2 * (mean**2 + treated**2)
    return int(np.ceil(1 + factor * spread / (mean - treated) ** 2))
