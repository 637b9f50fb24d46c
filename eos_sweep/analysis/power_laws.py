"""Power laws y = c x^k, fitted with the interval of each number and a test of whether one exponent is enough."""

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.errors import InputError, short

MOST_CORRELATED = 0.97  # of neighbouring residuals; beyond, they do not tell how far apart independent ones are
LEAST_DEGREES = 3  # of freedom, where there are as many: a smooth curve about the line has no independent residuals
FORGOTTEN = 1e-4  # correlation at which further lags are left out


class PowerLaw(NamedTuple):
    """A fitted y = prefactor x^exponent, with the ends of the 95 % interval of each number."""

    exponent: float
    exponent_low: float
    exponent_high: float
    prefactor: float
    prefactor_low: float
    prefactor_high: float
    deviation: float  # largest |y / fit - 1|
    points: int
    bend: float  # exponent at the largest x minus that at the smallest, by a fit with a quadratic term in log x
    bend_low: float
    bend_high: float


def power_law(x: Any, y: Any, *, within: tuple[float, float] | None = None) -> PowerLaw:
    """Fit y = prefactor x^exponent: the least-squares line of log y against log x.

    Parameters
    ----------
    x, y
        Numbers > 0 of one shape.  Pairs with a NaN are left out; a column without an edge has one.
    within
        Smallest and largest x of the fit, both included; all x by default.

    Returns
    -------
    PowerLaw
        Neighbours along x may deviate from the line alike, so the variance of each number is the larger of two: that of
        residuals whose correlation decays as that of neighbours does, and that of Newey and West, which allows for
        scatter that varies along x.  An interval is t standard errors to each side, with t the quantile of Student's
        distribution for as many independent residuals as the correlation leaves, or for three.

        Where 0 is outside of ``bend_low`` to ``bend_high``, one exponent is not enough for the range.  The bend is NaN
        for fewer than four points.

        A bisected edge has no noise: its scatter about the line says how far it is from a power law.

    Raises
    ------
    InputError
        If the range is none, if there are fewer than three points in it, all at one x, or if a number is not above
        zero.

    Examples
    --------
    >>> import numpy as np
    >>> import eos_sweep
    >>> x = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    >>> law = eos_sweep.power_law(x, 3 * x**2)
    >>> round(law.exponent, 12), round(law.prefactor, 12)
    (2.0, 3.0)
    >>> law = eos_sweep.power_law(x, x + x**2)  # the exponent rises from 1.5 to 1.94
    >>> round(law.bend, 2), law.bend_low > 0
    (0.44, True)
    >>> eos_sweep.power_law(x, x + x**2, within=(4, 16)).points
    3
    """
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    there = ~(np.isnan(x) | np.isnan(y)) & _inside(x, within)
    x, y = x[there], y[there]
    if x.size < 3 or np.ptp(x) == 0:
        where = "" if within is None else f" from {within[0]:g} to {within[1]:g}"
        raise InputError(
            f"power_law: got {x.size} points at {np.unique(x).size} values of x{where}; give three or more"
        )
    both = np.concatenate([x, y])
    if (bad := both[~((both > 0) & (both < np.inf))]).size:
        raise InputError(f"power_law: got {bad[0]:g}; give finite numbers > 0")
    order = np.argsort(x, kind="stable")
    along, up = np.log(x[order]), np.log(y[order])
    middle, half = 0.5 * (along[-1] + along[0]), 0.5 * (along[-1] - along[0])
    place = (along - middle) / half  # from -1 to 1
    numbers, errors, rest = _fitted(place, up, [[0.0, 1.0 / half], [1.0, -middle / half]])
    (exponent, level), (tilt, shift) = numbers.tolist(), errors.tolist()
    bend = turn = math.nan
    if x.size > 3 and np.unique(x).size > 2:
        bend, turn = (float(found[0]) for found in _fitted(place, up, [[0.0, 0.0, 4.0 / half]])[:2])
    low, high = np.exp([level - shift, level + shift]).tolist()
    return PowerLaw(
        exponent=exponent,
        exponent_low=exponent - tilt,
        exponent_high=exponent + tilt,
        prefactor=math.exp(level),
        prefactor_low=low,
        prefactor_high=high,
        deviation=float(np.abs(np.expm1(rest)).max()),
        points=x.size,
        bend=bend,
        bend_low=bend - turn,
        bend_high=bend + turn,
    )


def _inside(x: np.ndarray, within: tuple[float, float] | None) -> np.ndarray:
    if within is None:
        return np.ones(x.shape, bool)
    try:
        low, high = map(float, within)
    except (TypeError, ValueError):
        low = high = math.nan
    if not low < high:
        raise InputError(f"within: got {short(within)}; give the smallest and the largest x of the fit")
    return (low <= x) & (x <= high)


def _fitted(place: np.ndarray, up: np.ndarray, wanted: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit a polynomial; return combinations of its coefficients, half of their intervals, and the residuals.

    The residuals' correlation with their neighbours is less than that of the errors, by (p + (p + 3) r)/n for p
    coefficients.
    """
    combined = np.asarray(wanted)
    count, terms = place.size, combined.shape[1]
    powers = place[:, None] ** np.arange(terms)
    inverse = np.linalg.inv(powers.T @ powers)
    coefficients = np.linalg.lstsq(powers, up, rcond=None)[0]
    rest = up - powers @ coefficients
    square = float(rest @ rest)
    seen = max(float(rest[1:] @ rest[:-1]) / square, 0.0) if square > 0.0 else 0.0
    near = min(seen + (terms + (terms + 3) * seen) / count, MOST_CORRELATED)
    lags = np.arange(min(count, math.ceil(math.log(FORGOTTEN) / math.log(near))))
    decaying = inverse @ _lagged(powers, near**lags)
    few = np.arange(1 + int(4.0 * (count / 100.0) ** (2.0 / 9.0)))
    varying = inverse @ _lagged(powers * rest[:, None], 1.0 - few / few.size) * (count / (count - terms))
    variances = [
        np.einsum("ij,jk,ik->i", combined, matrix @ inverse, combined)
        for matrix in (decaying * (square / (count - np.trace(decaying))), varying)
    ]
    degrees = min(count - terms, max(LEAST_DEGREES, round(count * (1.0 - near) / (1.0 + near)) - terms))
    return combined @ coefficients, student_quantile(degrees) * np.sqrt(np.maximum(*variances)), rest


def _lagged(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the sum over pairs of rows of their products, times the weight of their distance."""
    total = weights[0] * rows.T @ rows
    for lag in range(1, min(weights.size, len(rows))):
        pairs = rows[lag:].T @ rows[:-lag]
        total = total + weights[lag] * (pairs + pairs.T)
    return total


@functools.cache  # a map of many edges has thousands of fits
def student_quantile(degrees: int, share: float = 0.95) -> float:
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
