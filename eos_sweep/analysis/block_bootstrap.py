"""Intervals of exponents by resampling blocks of a map.

Neighbouring cells have neighbouring edges, so cells are not independent, and neither are the counts at several scales:
the interval of a regression through them says how straight the line is, not how well its slope is known.  So blocks of
the map are drawn anew, with replacement, and each draw gives the whole result.

Edges may also run along an axis through all blocks beside each other, which are then not independent either.  So whole
slabs across the map are drawn, too, along each axis in turn, and the widest interval counts.
"""

from collections.abc import Iterator

import numpy as np

from eos_sweep.analysis.power_laws import student_quantile

DRAWS = 400
LEAST_BLOCKS = 3.0  # with an edge, effectively: fewer do not tell by how much blocks differ


def half_intervals(counts: np.ndarray, wanted: np.ndarray, seed: int) -> np.ndarray:
    """Return half the width of the 95 % interval of some combinations of the logarithms of counts.

    Parameters
    ----------
    counts
        What is counted, over (layout, scale, block along each axis).  Blocks of one index lie at about one place in
        all layouts, and are drawn together.
    wanted
        Rows of coefficients of the logarithm at each scale.
    seed
        Of the draws.

    Returns
    -------
    ndarray
        For each row t standard deviations of the draws, with t the quantile of Student's distribution for the number of
        blocks with an edge, counted by their shares of it; NaN for three or fewer.
    """
    random, widest = np.random.default_rng(seed), np.full(len(wanted), np.nan)
    for part in _partitions(counts):
        effective, found = _effective(part[:, 0]), part.sum(axis=0)
        if effective <= LEAST_BLOCKS:
            continue
        number = found.shape[1]
        weights = random.multinomial(number, np.full(number, 1.0 / number), DRAWS)
        with np.errstate(divide="ignore"):
            drawn = np.log(weights @ found.T)
        drawn = drawn[np.isfinite(drawn).all(axis=1)]  # others have no edge at all
        spread = (drawn @ wanted.T).std(axis=0, ddof=1) * np.sqrt(number / (number - 1.0))
        widest = np.fmax(widest, student_quantile(int(effective) - 1) * spread)
    return widest


def _effective(found: np.ndarray) -> float:
    """Return the number of blocks with an edge, counted by their shares of it, in the layout that has fewest."""
    total = found.sum(axis=1).astype(np.float64)
    return float((total**2 / np.maximum((found.astype(np.float64) ** 2).sum(axis=1), 1.0)).min())


def _partitions(counts: np.ndarray) -> Iterator[np.ndarray]:
    """Yield counts over (layout, scale, block) for the blocks, and for the slabs along each axis."""
    yield counts.reshape(*counts.shape[:2], -1)
    axes = range(2, counts.ndim)
    for axis in axes if counts.ndim > 3 else ():
        yield counts.sum(axis=tuple(other for other in axes if other != axis))
