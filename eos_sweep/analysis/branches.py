"""Branches of curves: the parts on which x only rises or only falls, and the power law of each, y over x."""

import itertools

import numpy as np

from eos_sweep.analysis.outlines import Outlines
from eos_sweep.analysis.power_laws import PowerLaw, power_law

LEAST_POINTS = 8  # of a branch; intervals through fewer are of little use
LEAST_CELLS = 1.0  # that it spans along x; one that spans fewer is upright, and has no exponent


def branches(curves: Outlines, x: np.ndarray, cells: np.ndarray, slack: np.ndarray) -> np.ndarray:
    """Return the first point of each branch, and the number of its points, as rows.

    Parameters
    ----------
    curves
        The curves.
    x, cells
        x of each point, and its place among the values of the axis.
    slack
        Half of the width of each bracket, by which x may be off; steps of x below it have no direction.
    """
    found: list[tuple[int, int]] = []
    long = np.flatnonzero(curves.count >= LEAST_POINTS)
    for start, count in zip(curves.first[long].tolist(), curves.count[long].tolist(), strict=True):
        part = slice(start, start + count)
        turns = [0, *_turns(x[part], slack[part]).tolist(), count - 1]
        for begin, end in itertools.pairwise(turns):
            here = cells[start + begin : start + end + 1]
            if here.size >= LEAST_POINTS and np.ptp(here) >= LEAST_CELLS:
                found.append((start + begin, here.size))
    return np.array(found, np.int64).reshape(-1, 2)


def _turns(x: np.ndarray, slack: np.ndarray) -> np.ndarray:
    """Return the points at which x turns from rising to falling, or back."""
    steps = np.diff(x)
    clear = np.flatnonzero(np.abs(steps) > slack[1:] + slack[:-1])
    rises = steps[clear] > 0
    return clear[1:][rises[1:] != rises[:-1]]


def laws(parts: np.ndarray, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return the numbers of the power law of each branch by name; NaN where x or y is not above zero."""
    found = []
    for start, count in parts.tolist():
        here = slice(start, start + count)
        positive = min(x[here].min(), y[here].min()) > 0.0
        found.append(power_law(x[here], y[here])[:] if positive else (np.nan,) * len(PowerLaw._fields))
    table = np.array(found, np.float64).reshape(-1, len(PowerLaw._fields))
    return {name: values for name, values in zip(PowerLaw._fields, table.T, strict=True) if name != "points"}
