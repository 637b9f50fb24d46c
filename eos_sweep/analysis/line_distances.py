"""How far points of a plane are from a critical line of the model: along each axis, and along the normal."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from eos_sweep.analysis import predicted
from eos_sweep.analysis.columns import Columns
from eos_sweep.analysis.planes import Pair, Plane
from eos_sweep.contract import CriticalLine

POINTS = "point"
FINE = 1e-6  # of a side of the map: half of the difference by which a gradient is taken
TURNS = 30  # of the search for a foot, which is found in one on a straight line
STILL = 1e-13  # of a side: a step of the search that ends it
MET = 1e-8  # of a side: how near to the line a foot has to be


def compared(plane: Plane, line: CriticalLine, x: np.ndarray, y: np.ndarray) -> dict[str, xr.DataArray]:
    """Return where a line is in the row and in the column of each point, and how far away.

    Returns
    -------
    dict
        Over points: ``predicted_NAME`` and ``ratio_NAME`` for each axis, as :func:`eos_sweep.boundary` has them, and
        ``distance``, see :func:`distances`.
    """
    found: dict[str, xr.DataArray] = {}
    for along, across, at, beside in ((*plane.axes, x, y), (*plane.axes[::-1], y, x)):
        about = _beside(plane, along, across, at, beside, line)
        found |= {f"{name}_{along}": values for name, values in about.items()}
    nearest = found[f"predicted_{plane.x}"].values, found[f"predicted_{plane.y}"].values
    words = "distance to the line along its normal, in units of length; above zero where the line's ratio is above one"
    far = distances(plane, line, (x, y), nearest)
    return found | {"distance": xr.DataArray(far, dims=POINTS, attrs={"long_name": words})}


def _beside(
    plane: Plane, along: str, across: str, at: np.ndarray, beside: np.ndarray, line: CriticalLine
) -> dict[str, xr.DataArray]:
    """Return the place of a line along one axis for each point, and the point over it."""
    edges = xr.DataArray(at, dims=POINTS)
    if not at.size:
        return {"predicted": edges, "ratio": edges}
    different, column = np.unique(beside, return_inverse=True)  # many points are on lines of the grid
    places = {across: different} | {name: np.full(different.size, value) for name, value in plane.fixed.items()}
    grid = xr.Dataset(coords={along: plane.values[plane.axes.index(along)], across: different})
    found = predicted.against(edges, Columns(plane.sweep, grid, along, places), line, xr.DataArray(column, dims=POINTS))
    return {name: one.drop_vars([across, along], errors="ignore") for name, one in found.items()}


def distances(plane: Plane, line: CriticalLine, points: Pair, nearest: Pair) -> np.ndarray:
    """Return the distance of each point from a line along its normal, in units of length.

    The search begins at the nearer one of the line's places in the point's row and column, and projects the point onto
    the tangent again and again.  Where that does not end on the line within the map, the first tangent stands for it.

    Parameters
    ----------
    plane, line
        The plane, and the line in it.
    points
        x and y of each point.
    nearest
        The place of the line in the row of each point, and that in its column; NaN where there is none.

    Returns
    -------
    ndarray
        Above zero where the ratio of the line is above one; NaN where the line meets neither row nor column.
    """
    ends = [np.array([side[0], side[-1]]) for side in plane.values]
    low, high = np.stack(plane.measured(*ends), axis=1)
    side = high - low

    def level(at: np.ndarray) -> np.ndarray:
        x, y = plane.unmeasured(*(low + at * side).T)
        inside = (np.clip(place, *end) for place, end in zip((x, y), ends, strict=True))  # to the last bit
        initial, parameters = plane.inputs(*inside)
        with np.errstate(all="ignore"):
            return np.log(line.ratio(initial | parameters))

    here = np.stack(plane.measured(*points), axis=1)
    beside = np.stack(
        [
            np.stack(plane.measured(nearest[0], points[1]), axis=1),
            np.stack(plane.measured(points[0], nearest[1]), axis=1),
        ]
    )
    far = np.linalg.norm(beside - here, axis=2)
    there = np.flatnonzero(np.isfinite(far).any(axis=0))
    far = np.where(np.isfinite(far), far, np.inf)
    choice = far.argmin(axis=0)[there]
    start = (here[there] - low) / side
    reached = _along_normal(level, start, (beside[choice, there] - low) / side, side)
    found = np.full(far.shape[1], np.nan)
    found[there] = np.fmin(reached, far[choice, there]) * np.where(level(start) >= 0.0, 1.0, -1.0)
    return found


def _along_normal(
    level: Callable[[np.ndarray], np.ndarray], start: np.ndarray, at: np.ndarray, side: np.ndarray
) -> np.ndarray:
    """Return the distance of each point from the line where ``level`` is zero, on which the search begins at ``at``.

    Points are in the unit square, ``side`` are the lengths of its sides.
    """

    def slope(at: np.ndarray) -> np.ndarray:
        found = []
        for step in FINE * np.eye(2):
            above, below = np.minimum(at + step, 1.0), np.maximum(at - step, 0.0)
            found.append((level(above) - level(below)) / (above - below).max(axis=1))
        return np.stack(found, axis=1)

    with np.errstate(all="ignore"):
        tilt = slope(at)
        tangent = np.abs(((start - at) * tilt).sum(axis=1)) / np.linalg.norm(tilt / side, axis=1)
        at, left = at.copy(), np.arange(len(at))
        for _ in range(TURNS):
            here, tilt = at[left], slope(at[left])
            ahead, way = level(here) + ((start[left] - here) * tilt).sum(axis=1), tilt / side**2
            at[left] = np.clip(start[left] - way * (ahead / (tilt * way).sum(axis=1))[:, None], 0.0, 1.0)
            left = left[np.abs(at[left] - here).max(axis=1) > STILL]
        met = np.abs(level(at)) <= MET * np.linalg.norm(slope(at), axis=1)
    return np.where(met, np.linalg.norm((at - start) * side, axis=1), tangent)
