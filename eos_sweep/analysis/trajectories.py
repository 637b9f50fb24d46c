"""One trajectory, step by step."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import cast

import numpy as np
import xarray as xr

from eos_sweep import models, state, training_data
from eos_sweep.contract import ArrayModel, Model, is_array
from eos_sweep.derivation.definition import Formula
from eos_sweep.eigen.sharpness import edge_moves, edge_words, matrix_of, sharpness, sharpness_at_edge, words_for
from eos_sweep.engine.networks import blas, driver
from eos_sweep.engine.recorder import recorder
from eos_sweep.errors import SpecError
from eos_sweep.formulas.expressions import Expression
from eos_sweep.observables.networks import observed
from eos_sweep.spec.sweeps import Sweep, make
from eos_sweep.update_rules.composed import PLAIN

MAX_TRAJECTORY_BYTES = 2**32  # of a trajectory in memory


def trajectory(
    model: str | ModuleType | Formula,
    parameters: Mapping[str, float | str],
    initial: Mapping[str, float | str],
    *,
    steps: int,
    seed: int | None = None,
    rule: str | Sequence[str] | None = None,
    data: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """Return one trajectory of gradient descent or of another update rule, all of its steps.

    Parameters
    ----------
    model
        Name of the model, a formula (:func:`eos_sweep.model`), or a module of your own that is a model.
    parameters, initial
        Name -> number, expression or preset, as in a sweep.
    steps
        Number of steps.
    seed
        Seed of the draws in expressions, as on a sweep's axis ``seed``, of an array model, or of the noise of a rule.
    rule
        Update rule, such as ``"heavy_ball"`` or ``"heavy_ball + l2"``, or a list of its parts; its parameters are given
        beside the model's.
    data
        ``{"file": path}`` of training data, for an array model.

    Returns
    -------
    Dataset
        Dimension ``step`` of length steps + 1, from the start.  There is a variable for each coordinate, ``loss`` and
        its parts, ``sharpness``, ``eigenvalues`` of the Hessian (largest first), ``log10_abs_<name>``, which does not
        underflow, for a coordinate with its own exponent, and ``flow_sharpness`` if the model has it.  An array model
        has readings of its network instead of coordinates and eigenvalues; these and the sharpness are held from one
        reading to the next.  All are NaN from the step on at which the loss exceeds the model's bound.  Parameters are
        scalar coordinates.  The attribute ``threshold`` is the sharpness at the edge of stability, 2/eta for gradient
        descent; where it changes from step to step, there is a variable ``threshold`` in its place.

    Raises
    ------
    SpecError
        If an input is unknown, missing or out of its bounds.

    Examples
    --------
    >>> import eos_sweep
    >>> run = eos_sweep.trajectory(
    ...     "bivariate",
    ...     {"lambda1": 100, "lambda2": 0.01, "eta": 0.05, "radius": "liu2025"},
    ...     {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5},
    ...     steps=1000,
    ... )
    >>> int((run.sharpness > run.threshold).values.argmax())  # the step on which it first exceeds 2/eta
    348
    """
    # It is a sweep of one point, so that inputs are checked as those of a spec.
    sweep = make(model, {"seed": [seed or 0]}, parameters, initial, steps=steps, rule=rule, data=data)
    draws = [
        name for name, source in sweep.sources.items() if isinstance(source, Expression) and "seed" in source.names
    ]
    if draws and seed is None:
        raise SpecError(f"seed: missing, but {draws[0]} is drawn; give seed = 0 or another whole number")
    return record(sweep, {"seed": float(seed or 0)})


def record(sweep: Sweep, point: Mapping[str, float]) -> xr.Dataset:
    """Return the trajectory of one point of a sweep, as :func:`trajectory` does."""
    model, steps = sweep.module, sweep.steps
    most = MAX_TRAJECTORY_BYTES // (8 * (20 + len(model.STATE) ** 2))  # Hessians take the most
    if steps > most:
        raise SpecError(f"steps: got {steps} of a single trajectory; give at most {most}, as many as fit into memory")
    initial, parameters = sweep.inputs({name: np.full(1, value) for name, value in point.items()})
    p = tuple(float(parameters[name][0]) for name in model.PARAMETERS)
    found, edge = _of_network(sweep, p, initial) if is_array(model) else _of_numbers(model, steps, p, initial)
    title = models.rule_title(model)
    words = f"{title} step" if sweep.rule == PLAIN else "step"
    coordinates = {"step": _series(np.arange(steps + 1), words, "t")}
    useless, values = training_data.replaced(model, sweep.data), initial | parameters
    for name, quantity in model.PARAMETERS.items():
        if name not in useless:
            meaning = {"long_name": quantity.long_name, "symbol": quantity.symbol}
            coordinates[name] = xr.Variable((), float(parameters[name][0]), meaning)
    shown = [
        f"{quantity.symbol} = {values[name][0]:.4g}".replace("inf", "∞")
        for name, quantity in sweep.quantities.items()
        if name not in useless
    ]
    data = training_data.about(sweep.data)
    inputs = ", ".join([*shown, *([f"data = {training_data.described(data)}"] if data else [])])
    attributes: dict[str, str | float] = {
        **data,
        "title": f"{title[0].upper()}{title[1:]} on {model.TITLE}\n{inputs}",
        "model": sweep.model_name,
        "references": model.REFERENCE,
        **models.about_rule(model),
    }
    about = f"{edge_words(model)}, the edge of stability"
    if edge_moves(model):
        found["threshold"] = _series(edge, about, models.edge_text(model))
    else:
        attributes |= {"threshold": float(edge[0]), "threshold_long_name": about}
    return xr.Dataset(found, coordinates, attributes)


def _of_numbers(
    model: Model, steps: int, p: tuple[float, ...], initial: Mapping[str, np.ndarray]
) -> tuple[dict[str, xr.Variable], np.ndarray]:
    """Return the variables of a trajectory whose state is a few numbers, and the sharpness at the edge."""
    start = state.enter(model, initial, tuple(np.full(1, value) for value in p))
    states = np.empty((steps + 1, len(start)))
    states[0] = [value[0] for value in start]
    recorder(model)(states, p)
    theta = tuple(np.ascontiguousarray(states.T))
    with np.errstate(all="ignore"):
        loss = model.loss(theta, p)
        inside = np.logical_and.accumulate(loss < model.LIMIT)
        theta = tuple(np.where(inside, column, np.nan) for column in theta)
        found = _coordinates(model, theta)
        found["loss"] = _series(np.where(inside, loss, np.nan), "loss", "L")
        found |= _loss_parts(model, theta, p)
        found["sharpness"] = _series(np.broadcast_to(sharpness(model, theta, p), loss.shape), words_for(model), "S")
        if hasattr(model, "flow_sharpness"):
            flow = model.flow_sharpness(theta, p)
            found["flow_sharpness"] = _series(flow, "sharpness at which gradient flow would end", "φ")
        edge = np.broadcast_to(sharpness_at_edge(model, theta, p), loss.shape)
        spectrum = np.linalg.eigvalsh(model.hessian(tuple(column[inside] for column in theta), p))[:, ::-1]
    eigenvalues = np.full((steps + 1, spectrum.shape[1]), np.nan)
    eigenvalues[inside] = spectrum
    meaning = {"long_name": f"eigenvalues of the {matrix_of(model)}, largest first"}
    found["eigenvalues"] = xr.Variable(("step", "eigenvalue"), eigenvalues, meaning)
    return found, edge


def _coordinates(model: Model, theta: tuple[np.ndarray, ...]) -> dict[str, xr.Variable]:
    """Return each coordinate, and log10 of the size of those with an exponent of their own."""
    values = state.values(model, theta)
    found = {name: _series(values[name], *quantity[:2]) for name, quantity in model.STATE.items()}
    for name, number in state.carried(model, theta).items():
        size = state.log10_abs(*number)
        found[f"log10_abs_{name}"] = _series(size, f"log10 |{name}|", f"log₁₀|{model.STATE[name].symbol}|")
    return found


def _loss_parts(model: Model, theta: tuple[np.ndarray, ...], p: tuple[float, ...]) -> dict[str, xr.Variable]:
    """Return the parts of the loss, from coordinates as far as doubles reach."""
    values, carried = state.values(model, theta), len(model.CARRIED)
    others = theta[len(values) + carried :]
    whole = (*values.values(), *(np.zeros_like(theta[0]) for _ in range(carried)), *others)
    parts = zip(model.LOSS_PARTS.items(), model.loss_parts(whole, p), strict=True)
    return {name: _series(part, *quantity[:2]) for (name, quantity), part in parts}


def _of_network(
    sweep: Sweep, p: tuple[float, ...], initial: Mapping[str, np.ndarray]
) -> tuple[dict[str, xr.Variable], np.ndarray]:
    """Return the same of an array model; a reading is held until the next one."""
    model = cast(ArrayModel, sweep.module)
    rows = np.full((sweep.steps + 1, len(model.READINGS) + 3), np.nan)
    start = tuple(float(initial[name][0]) for name in model.STATE)
    at, held = 0, None
    with blas.one_thread(), np.errstate(all="ignore"):
        for losses, readings, *_ in driver.follow(sweep.job(variables=()), p, start):
            rows[at : at + losses.size, 0] = losses
            rows[at : at + losses.size, 1:] = readings if held is None else held
            at, held = at + losses.size, readings
            rows[at - 1, 1:] = readings
        rows[:, -2:] *= 0.5 * observed(sweep.module).threshold(p)
    columns = iter(rows.T)
    found = {"loss": _series(next(columns), "loss", "L")}
    found |= {name: _series(next(columns), *quantity[:2]) for name, quantity in model.READINGS.items()}
    edge = next(columns)
    return found | {"sharpness": _series(next(columns), words_for(model), "S")}, edge


def _series(array: np.ndarray, long_name: str, symbol: str) -> xr.Variable:
    return xr.Variable("step", array, {"long_name": long_name, "symbol": symbol})
