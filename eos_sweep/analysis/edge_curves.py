"""Edges on a map of two axes as curves: between the cells where a condition holds and those where it does not.

The cells of the map say how the curves run (:mod:`eos_sweep.analysis.outlines`).  Each of their points lies between two
neighbouring cells, and is bisected there by trajectories, as :func:`eos_sweep.boundary` does along one axis.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import regimes
from eos_sweep.analysis import line_distances, predicted, shapes
from eos_sweep.analysis.bisection import checked_rtol, evaluator, narrowed, on_grid
from eos_sweep.analysis.branches import branches, laws
from eos_sweep.analysis.flags import labels_of
from eos_sweep.analysis.labelled import label, limits_of
from eos_sweep.analysis.outlines import Outlines, outlines
from eos_sweep.analysis.planes import Pair, Plane, plane_of
from eos_sweep.analysis.predicates import Condition, Predicate, condition_of
from eos_sweep.contract import CriticalLine
from eos_sweep.engine.cores import cores
from eos_sweep.errors import InputError
from eos_sweep.progress.bars import Count, work_progress
from eos_sweep.spec.fields import at_least
from eos_sweep.spec.sweeps import Sweep

POINTS, CURVES, BRANCHES = "point", "curve", "branch"  # dimensions
LAW = {"exponent": "exponent of the power law, y over x", "prefactor": "prefactor of the power law"}
LAW |= {"bend": "change of the exponent from the smallest x to the largest"}
LAW |= {f"{name}_{end}": f"{end} end of the 95 % interval of the {name}" for name in LAW for end in ("low", "high")}
LAW |= {"deviation": "largest relative deviation from the power law"}
UNITS = "in decades along log axes and in the axis's own units along linear ones"


def edges(
    sweep: Sweep | xr.Dataset,
    holds: str | Sequence[str] | Predicate = "edge_of_stability",
    *,
    rtol: float | None = 1e-6,
    against: str | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Find the curves on a map of two axes between the cells where a condition holds and those where it does not.

    Parameters
    ----------
    sweep
        The dataset of a sweep over two axes, or a slice of one, such as ``ds.isel(lambda2=0)``; axes of one value do
        not count.  A spec is run first on its grid.  The grid decides how the curves run: what is narrower than a cell
        is not seen.
    holds
        The condition, as for :func:`boundary`: a regime, several regimes, a comparison such as ``"crossings > 0"``, or
        a function of observables; by default the edge of stability.
    rtol
        Width of a bracket at which bisection ends, as for :func:`boundary`; the points along an axis are those that
        :func:`boundary` finds, to the last bit.  None: no bisection; a point is the middle between two cells.
    against
        A critical line of the model, such as ``"onset"``, from which the distance of each point is taken.
    threads
        Number of threads; one for each core by default.
    progress
        Whether to show a bar; by default on a terminal and in a notebook.

    Returns
    -------
    Dataset
        Curves do not cross: where the condition holds in two cells that touch at a corner only, these are connected.
        The one of most points is the first.  An open curve ends on the border of the map.

        Over ``point``, in the order along the curves: the two axes, ``on_curve``, ``along``, which axis the two cells
        differ in, ``bracket_width`` relative to the point, and the regimes in the cells on the ``left``, where the
        condition holds, and on the ``right``; 0 if the sweep does not store what decides them.

        Over ``curve``: ``points``, their number; ``closed``; ``length``, in decades along logarithmic axes and in the
        axis's own units along linear ones, and ``length_cells``; ``area`` within closed curves, in the same units, and
        ``area_cells``; ``holds_inside`` of them; the ends of its extent along each axis, such as ``eta_min``; and
        ``modal_left`` and ``modal_right``, the most frequent regimes.

        Over ``branch``, the parts of curves on which x rises or falls throughout, of eight points or more and a cell or
        more along x: ``branch_curve``, ``branch_first``, ``branch_points``, and the numbers of :func:`power_law`, y
        over x; NaN where an axis is not above zero.

        With ``against`` also ``predicted_NAME`` and ``ratio_NAME`` for each axis: the place of the line in the row or
        column of each point, and the point over that; ``distance`` along the line's normal, in units of length, above
        zero where the line's ratio is above one; and of each curve ``distance_max``, ``distance_median`` and
        ``ratio_NAME_median``, the first two without signs.  NaN where the line is in neither.

        Without a curve, all are empty.

    Raises
    ------
    InputError
        If the sweep has other than two axes, or cells that are not computed yet or masked, or if an axis, the condition
        or another argument is wrong.

    Examples
    --------
    >>> import eos_sweep
    >>> axes = {"a1": {"log": [0.5, 8, 9]}, "eta": {"log": [0.1, 10, 17]}}
    >>> ds = eos_sweep.sweep("quadratic", axes, {}, {"theta1": 1}, steps=2000)
    >>> found = eos_sweep.edges(ds, "divergence")
    >>> found.points.values, found.closed.values, found.exponent.values.round(3)  # a1 = 2/eta
    (array([18]), array([False]), array([-1.]))
    """
    rtol = None if rtol is None else checked_rtol(rtol)
    threads = cores() if threads is None else at_least("threads", threads, 1)
    plane = plane_of(sweep)
    limits = limits_of(plane.columns.grid, {})
    condition = condition_of(holds, plane.sweep, limits)
    line = None if against is None else predicted.line_named(plane.sweep, against)
    with work_progress(progress) as show:

        def run(*points: Any) -> np.ndarray:  # what is stored needs no code of the model
            return evaluator(plane.sweep, plane.columns.inputs, condition, threads, show)(*points)

        curves = outlines(on_grid(plane.columns, condition, run))
        brackets = _brackets(plane, curves, condition, rtol, threads, show)
    x, y, width = _placed(plane, curves, *brackets, rtol)
    regime, codes = _regimes(plane.columns.grid, curves, limits)
    about = {
        "title": f"curves between where {condition.label} holds and where not, over {plane.x} and {plane.y}",
        "holds": condition.label,
        "rtol": "none: the middles between cells" if rtol is None else rtol,
        "x": plane.x,
        "y": plane.y,
        **{f"scale_{name}": kind for name, kind in zip(plane.axes, plane.scales, strict=True)},
        **{name: text for name, text in plane.columns.spec.items() if name != "along"},
    }
    found = {
        **_of_points(plane, curves, width, regime, codes),
        **_of_curves(plane, curves, (x, y), regime, codes),
        **_of_branches(plane, curves, (x, y), width, rtol is not None),
    }
    if line:
        found |= _of_line(plane, curves, line, (x, y))
        about["against"] = line.name
    grid = plane.columns.grid
    coordinates = {name: (POINTS, at, grid[name].attrs) for name, at in zip(plane.axes, (x, y), strict=True)}
    names = {*found, POINTS, CURVES, BRANCHES}
    if taken := [name for name in plane.axes if name in names]:
        raise InputError(f"sweep: axis {taken[0]!r} has the name of a variable of the curves; call it otherwise")
    fixed = {name: one.variable for name, one in grid.coords.items() if not one.dims and name not in names}
    return xr.Dataset(found, {**coordinates, **fixed, CURVES: np.arange(curves.count.size)}, about)


def _brackets(
    plane: Plane, curves: Outlines, condition: Condition, rtol: float | None, threads: int, show: Count
) -> Pair:
    """Return the ends of the bracket of each point, along the axis in which its two cells differ."""
    grids, upper = plane.values, curves.upper
    low, high = (
        np.where(curves.along_x, grids[0][column], grids[1][row])
        for row, column in ((curves.row, curves.column), upper)
    )
    if rtol is None or not low.size:
        return low, high
    beside = np.where(curves.along_x, grids[1][curves.row], grids[0][curves.column])

    def inputs(points: np.ndarray, at: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        along_x = curves.along_x[points]
        return plane.inputs(np.where(along_x, at, beside[points]), np.where(along_x, beside[points], at))

    evaluate = evaluator(plane.sweep, inputs, condition, threads, show)
    return narrowed(evaluate, np.arange(low.size), low, high, curves.begins, rtol)


def _placed(
    plane: Plane, curves: Outlines, low: np.ndarray, high: np.ndarray, rtol: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x and y of each point, and the width of its bracket relative to it."""
    middle = 0.5 * (low + high)
    if rtol is None:  # then the middle on the scale of the axis, as cells are drawn
        logarithmic = np.where(curves.along_x, *(kind == "log" for kind in plane.scales))
        with np.errstate(all="ignore"):
            middle = np.where(logarithmic, np.sqrt(low) * np.sqrt(high), middle)
    with np.errstate(all="ignore"):
        width = (high - low) / abs(middle)
    x, y = plane.values
    here = np.where(curves.along_x, middle, x[curves.column]), np.where(curves.along_x, y[curves.row], middle)
    return *here, width


def _regimes(
    grid: xr.Dataset, curves: Outlines, limits: Mapping[str, Any]
) -> tuple[tuple[np.ndarray, np.ndarray], Mapping[str, int]]:
    """Return the code of the regime to the left and to the right of each point, and the codes by name."""
    try:
        labels = grid["regime"] if "regime" in grid else label(grid)
        codes = labels_of(labels)
    except InputError:  # the sweep does not store what decides them
        nothing = np.zeros(curves.row.size, np.int8)
        return (nothing, nothing), regimes.codes(limits)
    values = labels.values
    lower, upper = values[curves.row, curves.column], values[curves.upper]
    return (np.where(curves.begins, upper, lower), np.where(curves.begins, lower, upper)), codes


def _flags(codes: Mapping[str, int], long_name: str) -> dict[str, Any]:
    return {"long_name": long_name, "flag_values": list(codes.values()), "flag_meanings": " ".join(codes)}


def _of_points(
    plane: Plane, curves: Outlines, width: np.ndarray, regime: Pair, codes: Mapping[str, int]
) -> dict[str, Any]:
    along = _flags({plane.x: 0, plane.y: 1}, "axis in which the two cells differ")
    left = _flags(codes, "regime in the cell on the left, where the condition holds")
    return {
        "on_curve": (POINTS, curves.curve, {"long_name": "curve of the point", "instance_dimension": CURVES}),
        "along": (POINTS, (~curves.along_x).astype(np.int8), along),
        "bracket_width": (POINTS, width, {"long_name": "width of the bracket over its middle"}),
        "left": (POINTS, regime[0], left),
        "right": (POINTS, regime[1], _flags(codes, "regime in the cell on the right")),
    }


def _of_curves(plane: Plane, curves: Outlines, at: Pair, regime: Pair, codes: Mapping[str, int]) -> dict[str, Any]:
    places, cells = plane.measured(*at), plane.in_cells(*at)
    area = shapes.areas(curves, places)
    found = {
        "points": (curves.count, {"long_name": "number of points", "sample_dimension": POINTS}),
        "closed": (curves.closed, {"long_name": "whether the curve is closed; the others end on the border"}),
        "length": (shapes.lengths(curves, places), {"long_name": f"length, {UNITS}"}),
        "length_cells": (shapes.lengths(curves, cells), {"long_name": "length in cells"}),
        "area": (abs(area), {"long_name": f"area within a closed curve, {UNITS}"}),
        "area_cells": (abs(shapes.areas(curves, cells)), {"long_name": "area within a closed curve in cells"}),
        "holds_inside": (area > 0, {"long_name": "whether the curve is closed and the condition holds inside"}),
    }
    for name, along in zip(plane.axes, at, strict=True):
        ends = zip(("min", "max"), ("smallest", "largest"), shapes.extents(curves, along), strict=True)
        found |= {f"{name}_{end}": (values, {"long_name": f"{word} {name}"}) for end, word, values in ends}
    for side, values in zip(("left", "right"), regime, strict=True):
        about = _flags(codes, f"most frequent regime on the {side}")
        found[f"modal_{side}"] = (shapes.most_frequent(curves, values), about)
    return {name: (CURVES, *pair) for name, pair in found.items()}


def _of_branches(plane: Plane, curves: Outlines, at: Pair, width: np.ndarray, bisected: bool) -> dict[str, Any]:
    x, y = at
    slack = np.where(curves.along_x, 0.5 * width * abs(x), 0.0) * bisected  # middles between cells are exact
    parts = branches(curves, x, plane.in_cells(x, y)[0], slack)
    numbers = {
        "branch_curve": (curves.curve[parts[:, 0]], {"long_name": "curve of the branch"}),
        "branch_first": (parts[:, 0], {"long_name": "first point of the branch"}),
        "branch_points": (parts[:, 1], {"long_name": "number of points of the branch"}),
    }
    fits = laws(parts, x, y)
    numbers |= {name: (fits[name], {"long_name": words}) for name, words in LAW.items()}
    return {name: (BRANCHES, *pair) for name, pair in numbers.items()}


def _of_line(plane: Plane, curves: Outlines, line: CriticalLine, at: Pair) -> dict[str, Any]:
    found: dict[str, Any] = dict(line_distances.compared(plane, line, *at))
    size = abs(found["distance"].values)
    summaries: dict[str, tuple[Any, np.ndarray]] = {
        "distance_max": (np.max, size),
        "distance_median": (np.median, size),
    }
    summaries |= {f"ratio_{name}_median": (np.median, found[f"ratio_{name}"].values) for name in plane.axes}
    for name, (summary, values) in summaries.items():
        parts = (part[np.isfinite(part)] for part in np.split(values, curves.first[1:]))
        each = [summary(part) if part.size else np.nan for part in parts][: curves.count.size]
        found[name] = (CURVES, np.array(each, np.float64), {"long_name": f"{name.replace('_', ' ')}, over the curve"})
    return found
