"""All steps of one trajectory, as a dataset."""

import json
from collections.abc import Mapping
from typing import cast

import numpy as np
import xarray as xr

from eos_sweep import models, state, training_data
from eos_sweep.analysis.specs import ARGUMENTS
from eos_sweep.contract import CHUNK, ArrayModel, Model, is_array
from eos_sweep.eigen.sharpness import edge_moves, edge_words, matrix_of, sharpness, sharpness_at_edge, words_for
from eos_sweep.engine.networks import blas, course
from eos_sweep.engine.recorder import recorder
from eos_sweep.errors import SpecError
from eos_sweep.models.declared import check_code
from eos_sweep.observables.networks import observed
from eos_sweep.plain_data import strict_json
from eos_sweep.progress.bars import Count, silent
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.update_rules.composed import PLAIN

MAX_TRAJECTORY_BYTES = 2**32  # of a trajectory in memory
PIECE = CHUNK * 2**12  # steps that are run and evaluated at once: some tenths of a second


def record(sweep: Sweep, point: Mapping[str, float], show: Count = silent) -> xr.Dataset:
    """Return the trajectory of one point of a sweep, as :func:`eos_sweep.trajectory` does.

    Parameters
    ----------
    sweep
        The sweep, of which the point need not be a cell.
    point
        Axis -> value.
    show
        Function that is called with the progress.
    """
    model, steps = sweep.module, sweep.steps
    check_code(model)
    most = MAX_TRAJECTORY_BYTES // (8 * (20 + len(model.STATE) ** 2))  # Hessians take the most
    if steps > most:
        raise SpecError(f"steps: got {steps} of a single trajectory; give at most {most}, as many as fit into memory")
    initial, parameters = sweep.inputs({name: np.full(1, value) for name, value in point.items()})
    p = tuple(float(parameters[name][0]) for name in model.PARAMETERS)
    follow = _of_network if is_array(model) else _of_numbers
    found, edge = follow(sweep, p, initial, show)
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
        ARGUMENTS: _arguments(sweep, {name: float(values[name][0]) for name in values if name not in useless}),
    }
    about = f"{edge_words(model)}, the edge of stability"
    if edge_moves(model):
        found["threshold"] = _series(edge, about, models.edge_text(model))
    else:
        attributes |= {"threshold": float(edge[0]), "threshold_long_name": about}
    return xr.Dataset(found, coordinates, attributes)


def _arguments(sweep: Sweep, values: Mapping[str, float]) -> str:
    """Return what :func:`eos_sweep.trajectory` takes to make a trajectory again, as JSON."""
    model = sweep.model if isinstance(sweep.model, str) else sweep.model.to_dict()
    parameters = {name: values[name] for name in sweep.module.PARAMETERS if name in values}
    seed = {"seed": int(parameters.pop("seed"))} if "seed" in parameters else {}
    found = {"model": model, "rule": sweep.rule, "steps": sweep.steps, "parameters": parameters} | seed
    found["initial"] = {name: values[name] for name in sweep.module.STATE}
    return json.dumps(strict_json(found | ({"data": sweep.data._asdict()} if sweep.data else {})))


def _of_numbers(
    sweep: Sweep, p: tuple[float, ...], initial: Mapping[str, np.ndarray], show: Count
) -> tuple[dict[str, xr.Variable], np.ndarray]:
    """Return the variables of a trajectory whose state is a few numbers, and the sharpness at the edge."""
    model, steps = sweep.module, sweep.steps
    start = state.enter(model, initial, tuple(np.full(1, value) for value in p))
    run, inside, pieces, edges = recorder(model), True, [], []
    last = np.array([value[0] for value in start])
    for first in range(0, steps + 1, PIECE):
        states = np.empty((min(PIECE, steps - first) + 1, len(start)))
        states[0] = last
        run(states, p)
        last = states[-1]
        found, edge, inside = _evaluated(model, states[:PIECE], p, inside)
        pieces.append(found)
        edges.append(edge)
        show("steps", first + len(edge), steps + 1)
    whole = {name: xr.Variable.concat([piece[name] for piece in pieces], "step") for name in found}
    return whole, np.concatenate(edges)


def _evaluated(
    model: Model, states: np.ndarray, p: tuple[float, ...], inside: bool
) -> tuple[dict[str, xr.Variable], np.ndarray, bool]:
    """Return the variables of some steps, the sharpness at the edge, and whether the loss is still within its bound.

    It was before the first of them if ``inside``.
    """
    theta = tuple(np.ascontiguousarray(states.T))
    with np.errstate(all="ignore"):
        loss = model.loss(theta, p)
        there = np.logical_and.accumulate(loss < model.LIMIT) & inside
        theta = tuple(np.where(there, column, np.nan) for column in theta)
        found = _coordinates(model, theta)
        found["loss"] = _series(np.where(there, loss, np.nan), "loss", "L")
        found |= _loss_parts(model, theta, p)
        found["sharpness"] = _series(np.broadcast_to(sharpness(model, theta, p), loss.shape), words_for(model), "S")
        if hasattr(model, "flow_sharpness"):
            flow = model.flow_sharpness(theta, p)
            found["flow_sharpness"] = _series(flow, "sharpness at which gradient flow would end", "φ")
        edge = np.broadcast_to(sharpness_at_edge(model, theta, p), loss.shape)
        spectrum = np.linalg.eigvalsh(model.hessian(tuple(column[there] for column in theta), p))[:, ::-1]
    eigenvalues = np.full((len(loss), spectrum.shape[1]), np.nan)
    eigenvalues[there] = spectrum
    meaning = {"long_name": f"eigenvalues of the {matrix_of(model)}, largest first"}
    found["eigenvalues"] = xr.Variable(("step", "eigenvalue"), eigenvalues, meaning)
    return found, edge, bool(there[-1])


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
    sweep: Sweep, p: tuple[float, ...], initial: Mapping[str, np.ndarray], show: Count
) -> tuple[dict[str, xr.Variable], np.ndarray]:
    """Return the same of an array model; a reading is held until the next one."""
    model = cast(ArrayModel, sweep.module)
    rows = np.full((sweep.steps + 1, len(model.READINGS) + 3), np.nan)
    start = tuple(float(initial[name][0]) for name in model.STATE)
    at, held = 0, None
    with blas.one_thread(), np.errstate(all="ignore"):
        for losses, readings, *_ in course.follow(sweep.job(variables=()), p, start):
            rows[at : at + losses.size, 0] = losses
            rows[at : at + losses.size, 1:] = readings if held is None else held
            at, held = at + losses.size, readings
            rows[at - 1, 1:] = readings
            show("steps", at, sweep.steps + 1)
        rows[:, -2:] *= 0.5 * observed(sweep.module).threshold(p)
    columns = iter(rows.T)
    found = {"loss": _series(next(columns), "loss", "L")}
    found |= {name: _series(next(columns), *quantity[:2]) for name, quantity in model.READINGS.items()}
    edge = next(columns)
    return found | {"sharpness": _series(next(columns), words_for(model), "S")}, edge


def _series(array: np.ndarray, long_name: str, symbol: str) -> xr.Variable:
    return xr.Variable("step", array, {"long_name": long_name, "symbol": symbol})
