"""Length, area and extent of curves in the plane, given as the points of all of them, one curve after the other."""

import numpy as np

from eos_sweep.analysis.outlines import Outlines
from eos_sweep.analysis.planes import Pair


def lengths(curves: Outlines, places: Pair) -> np.ndarray:
    """Return the length of each curve, along straight lines from point to point."""
    steps = [at[curves.following] - at for at in places]
    return _sums(curves, np.hypot(*steps))


def areas(curves: Outlines, places: Pair) -> np.ndarray:
    """Return the area within each closed curve, above zero where it runs anticlockwise; NaN for open curves."""
    u, v = (at - at[curves.first][curves.curve] for at in places)
    after = curves.following
    return np.where(curves.closed, 0.5 * _sums(curves, u * v[after] - u[after] * v), np.nan)


def extents(curves: Outlines, at: np.ndarray) -> Pair:
    """Return the smallest and the largest value on each curve."""
    if not curves.count.size:
        return np.zeros(0), np.zeros(0)
    return np.minimum.reduceat(at, curves.first), np.maximum.reduceat(at, curves.first)


def most_frequent(curves: Outlines, codes: np.ndarray) -> np.ndarray:
    """Return the most frequent code on each curve, the smallest one of several."""
    known, ranks = np.unique(codes, return_inverse=True)
    if not known.size:
        return codes
    votes = np.bincount(curves.curve * known.size + ranks, minlength=curves.count.size * known.size)
    return known[votes.reshape(-1, known.size).argmax(axis=1)]


def _sums(curves: Outlines, values: np.ndarray) -> np.ndarray:
    return np.bincount(curves.curve, values, curves.count.size).astype(np.float64)  # whole numbers for no values
