"""One trajectory, step by step."""

import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import xarray as xr
from numba import float64, njit, types, void

from eos_sweep import batch, lanes, observables, regimes, state
from eos_sweep.contract import CHUNK, ArrayModel, Job, Model, is_array
from eos_sweep.expressions import Expression
from eos_sweep.networks import blas, driver
from eos_sweep.sharpness import sharpness
from eos_sweep.shown import shown
from eos_sweep.sources import digest
from eos_sweep.spec import SpecError, Sweep, load_spec, make
from eos_sweep.store import Store

MEMORY = 2**32  # bytes of a trajectory, step by step
SHARPNESS = "sharpness (largest Hessian eigenvalue)", "S"


def trajectory(
    model: str | ModuleType,
    parameters: Mapping[str, float | str],
    initial: Mapping[str, float | str],
    *,
    steps: int,
    seed: int | None = None,
    data: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """Return one gradient descent trajectory, whole: it does not end early.

    Parameters
    ----------
    model
        Name of the model, or a module of your own that is one.
    parameters, initial
        Name -> number, expression or preset, as in a sweep.
    steps
        Number of steps.
    seed
        Of the draws, if an expression has one, as on a sweep's axis ``seed``; or of an array model.
    data
        ``{"file": path}`` of training data, for an array model.

    Returns
    -------
    Dataset
        Dimension ``step`` of length steps + 1, from the start.  One variable per coordinate, by its name, ``loss`` and
        its parts, ``sharpness``, and ``eigenvalues`` of the Hessian (largest first); of a coordinate with its own
        exponent also ``log10_abs_<name>``, which does not underflow; ``flow_sharpness`` of models that have it.  Of an
        array model, instead of coordinates and eigenvalues, what is read off its network; like the sharpness it is held
        from one look to the next.  From the step on which the loss leaves the model's bound, all are NaN.  Parameters
        are scalar coordinates; the attribute ``threshold`` is 2/eta.

    Raises
    ------
    SpecError
        If an input is unknown, missing or out of its bounds.

    Examples
    --------
    >>> run = trajectory("bivariate", {"lambda1": 100, "lambda2": 0.01, "eta": 0.05, "radius": "liu2025"},
    ...                  {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}, steps=1000)
    >>> int((run.sharpness > run.threshold).values.argmax())
    348
    """
    # A sweep of one point, so that a spec's checks hold here, too.
    sweep = make(model, {"seed": [seed or 0]}, parameters, initial, steps=steps, data=data)
    draws = [
        name for name, source in sweep.sources.items() if isinstance(source, Expression) and "seed" in source.names
    ]
    if draws and seed is None:
        raise SpecError(f"seed: missing, but {draws[0]} is drawn; give seed = 0 or another whole number")
    return record(sweep, {"seed": float(seed or 0)})


def record(sweep: Sweep, point: Mapping[str, float]) -> xr.Dataset:
    """Return the trajectory of one point of a sweep, as :func:`trajectory` does."""
    model, steps = sweep.module, sweep.steps
    if steps > (most := MEMORY // (8 * (20 + len(model.STATE) ** 2))):  # its Hessians take the most
        raise SpecError(f"steps: got {steps} of a single trajectory; give at most {most}, as many as fit into memory")
    initial, parameters = sweep.inputs({name: np.full(1, value) for name, value in point.items()})
    p = tuple(float(parameters[name][0]) for name in model.PARAMETERS)
    found = _network(sweep, p, initial) if is_array(model) else _lane(model, steps, p, initial)
    coordinates = {"step": _series(np.arange(steps + 1), "gradient descent step", "t")}
    for name, quantity in model.PARAMETERS.items():
        meaning = {"long_name": quantity.long_name, "units": "1", "symbol": quantity.symbol}
        coordinates[name] = xr.Variable((), float(parameters[name][0]), meaning)
    pairs = zip(sweep.quantities.values(), (*p, *(array[0] for array in initial.values())), strict=True)
    inputs = ", ".join(f"{quantity.symbol} = {value:.4g}".replace("inf", "∞") for quantity, value in pairs)
    attributes = {
        "title": f"Gradient descent on {model.TITLE}\n{inputs}",
        "model": sweep.model,
        "references": model.REFERENCE,
        "threshold": float(shown(model).threshold(p)),
        "threshold_long_name": "2/eta, the edge of stability",
    }
    return xr.Dataset(found, coordinates, attributes)


def _lane(model: Model, steps: int, p: tuple[float, ...], initial: Mapping[str, np.ndarray]) -> dict[str, xr.Variable]:
    """Return what a trajectory of numbers did, by step."""
    start = state.enter(model, initial, tuple(np.full(1, value) for value in p))
    states = np.empty((steps + 1, len(start)))
    states[0] = [value[0] for value in start]
    recorder(model)(states, p)
    theta = tuple(np.ascontiguousarray(states.T))
    with np.errstate(all="ignore"):
        loss = model.loss(theta, p)
        inside = np.logical_and.accumulate(loss < model.LIMIT)
        theta = tuple(np.where(inside, column, np.nan) for column in theta)
        values = state.values(model, theta)
        found = {name: _series(values[name], *quantity[:2]) for name, quantity in model.STATE.items()}
        for name, number in state.carried(model, theta).items():
            depth = state.log10_abs(*number)
            found[f"log10_abs_{name}"] = _series(depth, f"log10 |{name}|", f"log₁₀|{model.STATE[name].symbol}|")
        found["loss"] = _series(np.where(inside, loss, np.nan), "loss", "L")
        whole = (*values.values(), *(np.zeros_like(loss) for _ in model.CARRIED))  # as far as doubles reach
        for (name, quantity), part in zip(model.LOSS_PARTS.items(), model.loss_parts(whole, p), strict=True):
            found[name] = _series(part, *quantity[:2])
        found["sharpness"] = _series(np.broadcast_to(sharpness(model, theta, p), loss.shape), *SHARPNESS)
        if hasattr(model, "flow_sharpness"):
            flow = model.flow_sharpness(theta, p)
            found["flow_sharpness"] = _series(flow, "sharpness at which gradient flow would end", "φ")
        spectrum = np.linalg.eigvalsh(model.hessian(tuple(column[inside] for column in theta), p))[:, ::-1]
        eigenvalues = np.full((steps + 1, spectrum.shape[1]), np.nan)
        eigenvalues[inside] = spectrum
    meaning = {"long_name": "eigenvalues of the Hessian, largest first", "units": "1"}
    found["eigenvalues"] = xr.Variable(("step", "eigenvalue"), eigenvalues, meaning)
    return found


def _network(sweep: Sweep, p: tuple[float, ...], initial: Mapping[str, np.ndarray]) -> dict[str, xr.Variable]:
    """Return what a trajectory of an array model did, by step; between two looks the earlier one is held."""
    model = cast(ArrayModel, sweep.module)
    rows = np.full((sweep.steps + 1, len(model.READINGS) + 2), np.nan)
    job = Job(sweep.module, (), sweep.steps, sweep.tolerance, sweep.data)
    at, held = 0, None
    with blas.one_thread(), np.errstate(all="ignore"):
        for losses, look, *_ in driver.follow(job, p, tuple(float(initial[name][0]) for name in model.STATE)):
            rows[at : at + losses.size, 0] = losses
            rows[at : at + losses.size, 1:] = look if held is None else held
            at, held = at + losses.size, look
            rows[at - 1, 1:] = look
        rows[:, -1] *= 0.5 * shown(sweep.module).threshold(p)
    columns = iter(rows.T)
    found = {"loss": _series(next(columns), "loss", "L")}
    found |= {name: _series(next(columns), *quantity[:2]) for name, quantity in model.READINGS.items()}
    return found | {"sharpness": _series(next(columns), *SHARPNESS)}


def _series(array: np.ndarray, long_name: str, symbol: str) -> xr.Variable:
    return xr.Variable("step", array, {"long_name": long_name, "units": "1", "symbol": symbol})


def observe(sweep: Sweep, point: Mapping[str, float], names: tuple[str, ...]) -> dict[str, np.generic]:
    """Return observables of one point, from the kernel that sweeps use: their bits are those that a store has."""
    job = Job(sweep.module, names, sweep.steps, sweep.tolerance, sweep.data)
    found = batch.run(job, *sweep.inputs({name: np.full(1, value) for name, value in point.items()}))
    known = observables.variables(sweep.module)
    types = {name: sweep.dtype if known[name][1].dtype == "float64" else known[name][1].dtype for name in names}
    with np.errstate(over="ignore"):
        return {name: found[name].astype(types[name])[0] for name in names}


def report(
    source: str | Path, at: Mapping[str, float], index: Mapping[str, float], steps: int | None = None
) -> tuple[dict[str, Any], xr.Dataset]:
    """Return the observables of one point of a stored sweep or a spec, and its trajectory.

    Parameters
    ----------
    source
        Path of a store or of a TOML file.
    at
        Name -> value of axes, or of any other input instead of what the sweep has.
    index
        Name -> index of the other axes; if all are given so, the observables are compared with those stored.
    steps
        Number of steps; the sweep's own budget if None.

    Returns
    -------
    dict
        ``point``, ``observables``, and ``stored``: observable -> whether its bits are those of the store.
    Dataset
        As :func:`trajectory` returns it.
    """
    ending = Path(source).suffix
    store = None if ending == ".toml" or (ending != ".zip" and os.path.isfile(source)) else Store.open(source)
    sweep = store.sweep if store else load_spec(source)
    point = _point(sweep, at, index)
    others = {name: value for name, value in at.items() if name not in sweep.dims}
    asked = sweep
    if others or steps:
        given = sweep.to_dict()
        for name, value in others.items():
            given["parameters" if name in sweep.module.PARAMETERS else "initial"][name] = value
        asked = Sweep.from_dict(given | {"steps": steps or sweep.steps})
    limits = store.thresholds if store else sweep.limits
    observed = observe(asked, point, tuple(sorted({*sweep.variables, *regimes.reads(limits)})))
    code = int(regimes.classify({name: np.asarray(value) for name, value in observed.items()}, limits))
    cell = tuple(int(index.get(name, 0)) for name in sweep.dims)
    stored = {}
    if store and asked is sweep and not at and store.has(cell):
        stored = {name: store.values(name, cell).tobytes() == observed[name].tobytes() for name in sweep.variables}
    found = {
        "point": {name: _plain(value) for name, value in point.items()},
        "observables": {name: _plain(value.item()) for name, value in observed.items()}
        | {"regime": list(regimes.CODES)[code]},
        "stored": stored,
    }
    return found, record(asked, point)


def _point(sweep: Sweep, at: Mapping[str, float], index: Mapping[str, float]) -> dict[str, float]:
    """Return axis -> value."""
    for name in (*at, *index):
        if name not in sweep.quantities and name not in sweep.dims:
            raise SpecError(f"{name}: no input of {sweep.model}; there are: {', '.join(sweep.quantities)}")
    point = {}
    for name in index:
        if name in at or name not in sweep.dims:
            reason = "given twice" if name in at else "no axis of this sweep"
            raise SpecError(f"{name}: {reason}; give a value of it with --at alone")
    for axis in sweep.axes:
        count = axis.values.size
        place = index.get(axis.name, 0 if count == 1 else None)
        if axis.name in at:
            point[axis.name] = at[axis.name]
        elif place is None:
            raise SpecError(f"{axis.name}: missing; say --at {axis.name}={axis.values[0]:g} or --index {axis.name}=0")
        elif place in range(count):
            point[axis.name] = float(axis.values[int(place)])
        else:
            raise SpecError(
                f"{axis.name}: index {place:g} of {count} values; give a whole number from 0 to {count - 1}"
            )
    return point


def _plain(value: float) -> float | str:
    return value if np.isfinite(value) else str(value)


@functools.cache
def recorder(model: Model) -> Callable:
    """Compile ``record(states, p)``: fill rows 1, 2, ... of ``states`` with the steps from row 0 on."""
    like = (0.0,) * (len(model.STATE) + len(model.CARRIED))

    def record(states, p):
        theta = lanes.read(states.reshape(-1), 0, 1, like)
        for step in range(1, states.shape[0]):
            theta = model.step(theta, p)
            if step % CHUNK == 0:
                theta = model.rescale(theta, p)
            lanes.write(states.reshape(-1), step * len(like), 1, theta)

    record.__qualname__ = f"record_{digest(model, sys.modules[__name__])}"
    signature = void(float64[:, ::1], types.UniTuple(float64, len(model.PARAMETERS)))
    return njit(signature, cache=True, nogil=True, error_model="numpy")(record)
