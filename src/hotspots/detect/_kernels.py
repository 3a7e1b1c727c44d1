"""Kernels: how the weight of an incident is spread around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CUT = 16.0
"""Exponent at which the Gaussian is cut: two bandwidths away, 1.1e-7 of it lies beyond."""


@dataclass(frozen=True)
class Kernel:
    r"""A round kernel of bandwidth ``h``: :math:`K_h(d) = c\, k(d / h) / h^2` with ``k(0) = 1``.

    Parameters
    ----------
    peak : float
        ``c``, which makes its integral 1.
    spread : float
        Standard deviation along one axis, in bandwidths.
    reach : float
        Distance at which it ends, in bandwidths.
    power : int or None
        ``p`` of kernels of the form :math:`(1 - u^2)^p`; None of others.
    profile : callable
        Turns, in place, :math:`1 - u^2` (with a power) or :math:`u^2` (without) into ``k``, where
        ``u`` is the distance over the *reach*; 0 beyond it.
    """

    peak: float
    spread: float
    reach: float
    power: int | None
    profile: Callable[[Floats], None]

    def at(self, squared: Floats) -> Floats:
        """Weight per square metre of bandwidth 1 at squared distances, which are not changed."""
        share = squared / self.reach**2
        value = share if self.power is None else 1 - share
        self.profile(value)
        return value * self.peak


def _powered(power: int) -> Kernel:
    def profile(left: Floats) -> None:
        if power == 0:
            np.greater_equal(left, 0, out=left)
            return
        np.maximum(left, 0, out=left)
        if power == 2:
            left *= left
        elif power > 2:
            left **= power

    return Kernel((power + 1) / np.pi, (2 * (power + 2)) ** -0.5, 1.0, power, profile)


def _triangular(squared: Floats) -> None:
    np.sqrt(squared, out=squared)
    np.subtract(1, squared, out=squared)
    np.maximum(squared, 0, out=squared)


def _gaussian(squared: Floats) -> None:
    within = squared <= 1
    squared *= -CUT
    np.exp(squared, out=squared)
    squared *= within


KERNELS: dict[str, Kernel] = {
    "quartic": _powered(2),
    "gaussian": Kernel(4 / np.pi / -np.expm1(-CUT), 8**-0.5, 2.0, None, _gaussian),
    "epanechnikov": _powered(1),
    "uniform": _powered(0),
    "triangular": Kernel(3 / np.pi, 0.15**0.5, 1.0, None, _triangular),
    "triweight": _powered(3),
}
"""Kernels by name. The Gaussian's standard deviation is the quartic's, bandwidth / √8."""


def kernel_of(name: str | int) -> Kernel:
    """Find a kernel by its name, or by the power ``p`` of :math:`(1 - u^2)^p`."""
    return KERNELS[name] if isinstance(name, str) else _powered(name)
