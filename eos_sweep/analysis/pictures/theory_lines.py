"""Critical lines in a slice of a sweep: where a ratio of two quantities is one, whatever the slice."""

import numpy as np
import xarray as xr

from eos_sweep.analysis import predicted
from eos_sweep.analysis.predicted import lines_of
from eos_sweep.analysis.scales import scale_of
from eos_sweep.analysis.specs import sweep_of
from eos_sweep.contract import CriticalLine, Values
from eos_sweep.errors import InputError
from eos_sweep.spec.sweeps import Sweep

SAMPLES = 257  # points along each axis at which a line is looked for; one that is straight there is exact


def critical_lines(
    piece: xr.Dataset, x: str, y: str, sweep: Sweep | None = None
) -> dict[CriticalLine, list[np.ndarray]]:
    """Return the lines of a model in a 2-D slice of a sweep.

    Parameters
    ----------
    piece
        The slice; x and y increase, the sweep's other axes are scalar coordinates.
    x, y
        Names of the axes.
    sweep
        The sweep; the one whose spec ``piece`` carries by default, which is parsed and validated for that.

    Returns
    -------
    dict
        Line -> its polylines, each of shape (n, 2) in data coordinates.  Empty if there is no spec, if an axis of
        the sweep is not in the slice (a mean over it) other than a seed that no start is drawn by, or if one of the two
        has no scale (categories, a seed, one value) or takes whole numbers only.
    """
    axes = {name: piece[name].values for name in (x, y)}
    scales = [scale_of(values)[0] for values in axes.values()]
    if "seed" in axes or "category" in scales or min(map(len, axes.values())) < 2:
        return {}
    sweep = sweep or sweep_of(piece)
    if sweep is None or not set(sweep.dims) <= {*piece.coords, *_irrelevant(sweep)}:
        return {}
    if any(sweep.described[name].whole for name in axes):  # a line has a place between two values
        return {}
    sampled = [_sampled(values, scale) for values, scale in zip(axes.values(), scales, strict=True)]
    along, fine = zip(*sampled, strict=True)
    grid = dict(zip(axes, np.meshgrid(*fine), strict=True))
    fixed = {name: piece[name].values if name in piece.coords else sweep.axis(name).values[0] for name in sweep.dims}
    initial, parameters = sweep.inputs(fixed | grid)
    inputs = initial | parameters
    return {line: _polylines(line, inputs, along, scales) for line in lines_of(sweep.module)}


def critical_places(piece: xr.Dataset, x: str) -> dict[CriticalLine, list[np.ndarray]]:
    """Return the lines of a model along one axis, upright across a band of cells from -1/2 to 1/2.

    Parameters
    ----------
    piece
        The slice, over ``x`` alone; the sweep's other axes are scalar coordinates.
    x
        Name of the axis.

    Returns
    -------
    dict
        Line -> an upright polyline for each place; empty where :func:`critical_lines` has none.
    """
    sweep = sweep_of(piece)
    if sweep is None or scale_of(piece[x].values)[0] == "category":
        return {}
    try:
        found = predicted.critical_lines(piece, x)
    except InputError:  # a network, or an axis of whole numbers
        return {}
    roots = {line: found[line.name].values.ravel() for line in lines_of(sweep.module)}
    return {
        line: [np.array([[place, -0.5], [place, 0.5]]) for place in places[np.isfinite(places)]]
        for line, places in roots.items()
    }


def _irrelevant(sweep: Sweep) -> list[str]:
    """Return the axes that no line depends on: the seed, if it is that of noise and not of the start."""
    drawn = any("seed" in axes for axes in sweep.depends.values())
    return ["seed"] if "seed" in sweep.dims and not drawn else []


def _sampled(values: np.ndarray, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """Return evenly spaced places along an axis on its scale, and the values there."""
    first, last = np.log(values[[0, -1]]) if scale == "log" else values[[0, -1]]
    along = np.linspace(float(first), float(last), SAMPLES)
    return along, np.clip(np.exp(along) if scale == "log" else along, values[0], values[-1])


def _polylines(
    line: CriticalLine, inputs: Values, along: tuple[np.ndarray, ...], scales: list[str]
) -> list[np.ndarray]:
    """Return the contours on which the ratio of a line is one."""
    import contourpy

    with np.errstate(all="ignore"):
        level = np.ma.masked_invalid(np.log(line.ratio(inputs)))
    curves = []
    for curve in contourpy.contour_generator(x=along[0], y=along[1], z=level).lines(0.0):
        pair = [np.exp(c) if scale == "log" else c for c, scale in zip(np.asarray(curve).T, scales, strict=True)]
        curves.append(np.stack(pair, axis=1))
    return curves
