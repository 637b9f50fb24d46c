"""Power laws y = c x^k, fitted with the interval of each number."""

import math
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.errors import InputError


class PowerLaw(NamedTuple):
    """y = prefactor x^exponent, fitted; each with the ends of its 95 % interval."""

    exponent: float
    exponent_low: float
    exponent_high: float
    prefactor: float
    prefactor_low: float
    prefactor_high: float
    deviation: float  # largest |y / fit - 1|
    points: int


def power_law(x: Any, y: Any) -> PowerLaw:
    """Fit y = prefactor x^exponent: the least-squares line of log y against log x.

    Parameters
    ----------
    x, y
        Numbers > 0 of one shape; pairs with a NaN, such as columns without an edge, are left out.

    Returns
    -------
    PowerLaw
        The interval of each is t s, with s its standard error from the scatter about the line and t the quantile of
        Student's distribution with two degrees of freedom less than points.  It takes the points for independent; a
        bisected edge has no noise, and what scatters about its line is that it is no power law.

    Raises
    ------
    InputError
        If there are fewer than three points, all at one x, or a number that is not above zero.
    """
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    there = ~(np.isnan(x) | np.isnan(y))
    x, y = x[there], y[there]
    if x.size < 3 or np.ptp(x) == 0:
        raise InputError(f"power_law: got {x.size} points at {np.unique(x).size} values of x; give three or more")
    both = np.concatenate([x, y])
    if (bad := both[~((both > 0) & (both < np.inf))]).size:
        raise InputError(f"power_law: got {bad[0]:g}; give finite numbers > 0")
    along, up = np.log(x), np.log(y)
    middle, spread = along.mean(), ((along - along.mean()) ** 2).sum()
    exponent = ((along - middle) * up).sum() / spread
    level = up.mean() - exponent * middle
    rest = up - level - exponent * along
    error = student(x.size - 2) * np.sqrt((rest**2).sum() / (x.size - 2))
    tilt, shift = error / np.sqrt(spread), error * np.sqrt(1.0 / x.size + middle**2 / spread)
    low, high = np.exp([level - shift, level + shift]).tolist()
    return PowerLaw(
        exponent=float(exponent),
        exponent_low=float(exponent - tilt),
        exponent_high=float(exponent + tilt),
        prefactor=float(np.exp(level)),
        prefactor_low=low,
        prefactor_high=high,
        deviation=float(np.abs(np.expm1(rest)).max()),
        points=x.size,
    )


def student(degrees: int, share: float = 0.95) -> float:
    """Return the t within which Student's distribution has ``share``: P(|T| < t), a finite sum (A&S 26.7.3-4)."""

    def within(t: float) -> float:
        angle, odd = math.atan2(t, math.sqrt(degrees)), degrees % 2
        k = np.arange(2 + odd, degrees, 2)
        terms = np.cumprod(np.concatenate([[math.cos(angle) if odd else 1.0], math.cos(angle) ** 2 * (k - 1) / k]))
        inside = math.sin(angle) * (terms.sum() if degrees > 1 else 0.0)
        return 2.0 / math.pi * (angle + inside) if odd else inside

    low, high = 0.0, 1.0
    while within(high) < share:
        high *= 2.0
    while high - low > 1e-12 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if within(middle) < share else (low, middle)
    return high
