"""Critical lines of a model as numbers: where along an axis a ratio of two quantities is one."""

import functools
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import state
from eos_sweep.analysis.columns import Columns, columns_of
from eos_sweep.analysis.scales import scale_of
from eos_sweep.contract import CriticalLine, Model, Values, is_array
from eos_sweep.eigen.sharpness import edge_label, edge_words, ratio
from eos_sweep.errors import InputError, closest, short
from eos_sweep.models.declared import has_code
from eos_sweep.spec.sweeps import Sweep

LOG = logging.getLogger("eos_sweep")
SAMPLES = 257  # along an axis; a line that has two places between two of them is missed there
HALVINGS = 60  # of an interval between samples, after which it is one of neighbouring doubles
BATCH_POINTS = 2**20  # evaluated at once


def initial_edge(model: Model, values: Values) -> np.ndarray:
    """Return the exact sharpness at the start over that at the edge, S(theta0) eta/2 for gradient descent."""
    names = (*model.STATE, *model.PARAMETERS)
    arrays = np.broadcast_arrays(*(np.asarray(values[name], np.float64) for name in names))
    full = dict(zip(names, arrays, strict=True))
    p = tuple(full[name] for name in model.PARAMETERS)
    with np.errstate(all="ignore"):
        theta = state.enter(model, {name: full[name] for name in model.STATE}, p)
        return ratio(model, theta, p)


@functools.cache
def lines_of(model: Model) -> tuple[CriticalLine, ...]:
    """Return the critical lines of a model: where the start is at the edge, and its own; none of a network."""
    if not has_code(model):
        LOG.warning("no lines of theory, since the code of model %s is not allowed; see --import", model.__name__)
        return ()
    if is_array(model):
        return ()
    meaning = f"above it the sharpness at the start is above {edge_words(model)}"
    label = rf"$S(\theta_0) = {edge_label(model)}$"
    start = CriticalLine("start_at_edge", label, meaning, functools.partial(initial_edge, model))
    return (start, *model.LINES)


def critical_lines(sweep: Sweep | xr.Dataset, along: str) -> xr.Dataset:
    """Return where along an axis the critical lines of a model lie, for each value of the other axes.

    Nothing is run: each line is a closed form of the inputs.

    Parameters
    ----------
    sweep
        A spec, or the dataset of a sweep or a slice of it, as for :func:`boundary`.
    along
        The axis.

    Returns
    -------
    Dataset
        Over the other axes and ``root``, in increasing order: a variable for each line, the values of the axis on it;
        NaN where there is none between the ends of the axis.  Its attributes ``meaning`` and ``label`` say what
        the line separates, and its formula.  ``edges.assign(lines)`` puts it beside what :func:`boundary` returns.

    Raises
    ------
    InputError
        If there is no such axis, if it has whole numbers, or if the model has no lines, as networks.

    Examples
    --------
    >>> import eos_sweep
    >>> spec = eos_sweep.Sweep.from_dict(
    ...     {"model": "quadratic", "steps": 50, "axes": {"a1": [1, 2], "eta": [0.1, 3]}, "initial": {"theta1": 1}}
    ... )
    >>> lines = eos_sweep.critical_lines(spec, along="eta")
    >>> lines.start_at_edge.isel(root=0).values.round(12)  # 2/a1
    array([2., 1.])
    """
    columns = columns_of(sweep, along)
    lines, quantity = lines_of(columns.sweep.module), columns.sweep.described[along]
    if not lines:
        raise InputError(f"model: {columns.sweep.model_name} has no critical lines; use boundary to measure edges")
    found = {}
    for line, roots in zip(lines, _roots(columns, lines), strict=True):
        about = {"long_name": f"{quantity.long_name} on the line {line.name}", "symbol": quantity.symbol}
        about |= {"label": line.label, "meaning": line.meaning}
        found[line.name] = roots.assign_attrs(about)
    title = f"critical lines of {columns.sweep.model_name} along {along}"
    return xr.Dataset(found, attrs={"title": title} | columns.spec)


def against(
    edges: xr.DataArray, columns: Columns, line: CriticalLine, column: xr.DataArray | None = None
) -> dict[str, xr.DataArray]:
    """Return what a line predicts for measured edges: its place nearest to each, and the edge over that.

    Parameters
    ----------
    edges
        Places along the axis, over the other axes and ``crossing``; NaN where there is none.
    columns
        The grid along the axis.
    line
        The line.
    column
        The column of each edge, over the axis of the edges, if these are over another axis than the columns.
    """
    (roots,) = _roots(columns, [line])
    roots = roots if column is None else roots[column]
    positive = (columns.values > 0).all()
    far: Any = np.abs(np.log(edges / roots) if positive else edges - roots)
    nearest = far.fillna(np.inf).argmin("root")
    predicted = roots.isel(root=nearest).where(edges.notnull()).transpose(*edges.dims)
    words = f"{columns.sweep.described[columns.along].long_name} on the line {line.name}, nearest to the edge"
    about = {"long_name": words, "label": line.label, "meaning": line.meaning}
    share = {"long_name": f"edge over its prediction by {line.name}"}
    return {"predicted": predicted.assign_attrs(about), "ratio": (edges / predicted).assign_attrs(share)}


def line_named(sweep: Sweep, name: str) -> CriticalLine:
    """Return the critical line of a name; InputError if the model has none of it."""
    lines = {line.name: line for line in lines_of(sweep.module)}
    if not isinstance(name, str):
        raise InputError(f"against: got {short(name)}; give the name of one critical line")
    if name not in lines:
        remedy = closest(name, lines) if lines else "it has none"
        raise InputError(f"against: no critical line {short(name)} of {sweep.model_name}; {remedy}")
    return lines[name]


def _roots(columns: Columns, lines: Sequence[CriticalLine]) -> list[xr.DataArray]:
    """Return the places of each line in each column, in increasing order along a last axis ``root``."""
    at = _samples(columns.values)
    brackets: list[list[tuple[np.ndarray, ...]]] = [[] for _ in lines]  # columns, and places on both sides of a line
    step = BATCH_POINTS // at.size
    for start in range(0, columns.count, step):
        these = np.arange(start, min(start + step, columns.count))
        initial, parameters = columns.inputs(np.repeat(these, at.size), np.tile(at, these.size))
        for line, found in zip(lines, brackets, strict=True):
            side = _above(line, initial | parameters).reshape(these.size, at.size)
            row, cell = np.nonzero(np.abs(np.diff(side, axis=1)) == 1.0)
            found.append((these[row], at[cell], at[cell + 1]))
    roots = [
        _places(columns, line, *(np.concatenate(parts) for parts in zip(*found, strict=True)))
        for line, found in zip(lines, brackets, strict=True)
    ]
    most = max(found.sizes["root"] for found in roots)
    return [found.pad(root=(0, most - found.sizes["root"])) for found in roots]


def _samples(values: np.ndarray) -> np.ndarray:
    """Return places along an axis, evenly spaced on its scale."""
    if scale_of(values)[0] == "log":
        return np.clip(np.geomspace(values[0], values[-1], SAMPLES), values[0], values[-1])
    return np.linspace(values[0], values[-1], SAMPLES)


def _above(line: CriticalLine, inputs: Values) -> np.ndarray:
    """Return 1 above a line, 0 below it, NaN where it is not defined."""
    with np.errstate(all="ignore"):
        level = np.log(line.ratio(inputs))
    return np.where(np.isfinite(level), level >= 0.0, np.nan)


def _places(columns: Columns, line: CriticalLine, rows: np.ndarray, low: np.ndarray, high: np.ndarray) -> xr.DataArray:
    """Return the places of a line between points on its two sides, over the columns and ``root``."""

    def above(at: np.ndarray) -> np.ndarray:
        initial, parameters = columns.inputs(rows, at)
        return _above(line, initial | parameters)

    side = above(low)
    for _ in range(HALVINGS):
        middle = low + 0.5 * (high - low)
        same = above(middle) == side
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    rank = np.arange(rows.size) - np.searchsorted(rows, rows)
    whole = np.full((columns.count, 1 + int(rank.max(initial=0))), np.nan)
    whole[rows, rank] = 0.5 * (low + high)
    rest = columns.rest
    shape = (*rest.sizes.values(), whole.shape[1])
    return xr.DataArray(whole.reshape(shape), rest.coords, (*rest.dims, "root"))
