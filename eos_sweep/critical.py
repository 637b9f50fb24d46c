"""Critical lines in a slice of a sweep: where a ratio of two quantities is one, whatever the slice."""

import functools
import json

import numpy as np
import xarray as xr

from eos_sweep import state
from eos_sweep.contract import EDGE, CriticalLine, Model, Values, is_array
from eos_sweep.sharpness import top

SAMPLES = 257  # points along each axis at which a line is looked for; one that is straight there is exact


def initial_edge(model: Model, values: Values) -> np.ndarray:
    """Return S(theta0) eta/2, the exact sharpness at the start in units of 2/eta."""
    names = (*model.STATE, *model.PARAMETERS)
    arrays = np.broadcast_arrays(*(np.asarray(values[name], np.float64) for name in names))
    full = dict(zip(names, arrays, strict=True))
    p = tuple(full[name] for name in model.PARAMETERS)
    with np.errstate(all="ignore"):
        theta = state.enter(model, {name: full[name] for name in model.STATE}, p)
        return top(model, theta, p) / EDGE


@functools.cache
def lines_of(model: Model) -> tuple[CriticalLine, ...]:
    """Return the critical lines of ``model``: where the start is at the edge, and its own; none of a network."""
    if is_array(model):
        return ()
    meaning = "above it the start is beyond the edge of stability"
    start = CriticalLine("start_at_edge", r"$S(\theta_0) = 2/\eta$", meaning, functools.partial(initial_edge, model))
    return (start, *model.LINES)


def scale_of(values: np.ndarray) -> tuple[str, bool]:
    """Return the scale of increasing values ("linear", "log", "category"), and whether they are evenly spaced on it."""
    if not np.isfinite(values).all():
        return "category", False
    for kind, measure in (("linear", np.asarray), ("log", np.log))[: 2 if values[0] > 0 else 1]:
        if values.size > 2:
            along = measure(values)
            even, step = np.linspace(along[0], along[-1], along.size, retstep=True)
            if np.abs(along - even).max() <= 1e-3 * step:
                return kind, True
    return "log" if values[0] > 0 and values[-1] >= 100 * values[0] else "linear", False


def critical_lines(piece: xr.Dataset, x: str, y: str) -> dict[CriticalLine, list[np.ndarray]]:
    """Return the model's lines in a 2-D slice of a sweep, each as polylines of shape (n, 2) in data coordinates.

    There are none if the dataset does not carry its spec, or if an axis has no scale (categories, a seed, one value).

    Args:
        piece: the slice; x and y increase, the sweep's other axes are scalar coordinates.
        x, y: names of the axes.
    """
    import contourpy

    from eos_sweep.spec import Sweep

    axes = {name: piece[name].values for name in (x, y)}
    scales = [scale_of(values)[0] for values in axes.values()]
    if "spec" not in piece.attrs or "seed" in axes or "category" in scales or min(map(len, axes.values())) < 2:
        return {}
    sweep = Sweep.from_dict(json.loads(piece.attrs["spec"]))
    along, fine = [], []
    for values, scale in zip(axes.values(), scales, strict=True):
        first, last = np.log(values[[0, -1]]) if scale == "log" else values[[0, -1]]
        along.append(np.linspace(float(first), float(last), SAMPLES))
        fine.append(np.clip(np.exp(along[-1]) if scale == "log" else along[-1], values[0], values[-1]))
    grid = dict(zip(axes, np.meshgrid(*fine), strict=True))
    initial, parameters = sweep.inputs({name: grid.get(name, piece[name].values) for name in sweep.dims})
    found: dict[CriticalLine, list[np.ndarray]] = {}
    for line in lines_of(sweep.module):
        found[line] = []
        with np.errstate(all="ignore"):
            level = np.ma.masked_invalid(np.log(line.ratio({**initial, **parameters})))
        for curve in contourpy.contour_generator(x=along[0], y=along[1], z=level).lines(0.0):
            pair = [np.exp(c) if scale == "log" else c for c, scale in zip(np.asarray(curve).T, scales, strict=True)]
            found[line].append(np.stack(pair, axis=1))
    return found
