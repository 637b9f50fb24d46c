"""The checks of a model: each takes its module, and fails with a message that says what is wrong.

They try the inputs that the model's TRIAL draws.  The first line of a docstring is what ``eos-sweep check`` prints of
the check.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import models, observables, plot, regimes
from eos_sweep.analysis import trajectories
from eos_sweep.analysis.columns import uncomputed
from eos_sweep.checks.exact import numpy_run, oracle
from eos_sweep.checks.labels.judge import Trajectory
from eos_sweep.conformance.by_hand import check_by_hand
from eos_sweep.conformance.derivatives import check_descent, check_hessian, check_tangent
from eos_sweep.conformance.requirements import ConformanceError, place, require, require_all
from eos_sweep.conformance.shapes import check_shapes
from eos_sweep.conformance.trial import POINTS, inputs, states, trial
from eos_sweep.contract import Job, Model
from eos_sweep.derivation.lacking import missing
from eos_sweep.eigen.sharpness import edge_moves, edge_of, matrix_of, sharpness, top
from eos_sweep.engine import batch
from eos_sweep.errors import SpecError
from eos_sweep.runtime import evaluation
from eos_sweep.spec import labels
from eos_sweep.spec.making import make
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.state import clocks, enter, memory
from eos_sweep.store import schema
from eos_sweep.update_rules.composed import PLAIN
from eos_sweep.update_rules.rmsprop import SHARPNESS as PRECONDITIONED

CERTIFIED = ("sharpness_max", "sharpness_ratio_max")  # to 1e-14
FLOWS = "flow_sharpness", "balance"
SUMMED = ("tail_mean", "sharpness_mean")  # the kernel adds in another order


def check_declarations(model: Model) -> None:
    """Look for a title, a source, and a name and a symbol of each number."""
    lacking, name = missing(model), models.name_of(model)
    require(not lacking, f"{name} lacks {', '.join(lacking)}")
    told = sys.flags.optimize > 1 or (model.__doc__ and "L" in model.__doc__)  # -OO removes docstrings
    require(told, f"{name}: its docstring does not give the loss, L, and the map")
    for name, quantity in {**model.STATE, **model.PARAMETERS, **model.LOSS_PARTS}.items():
        require(name.isidentifier() and name.isascii(), f"{name}: not an ASCII identifier")
        require(quantity.long_name.strip() and quantity.symbol.strip(), f"{name}: has no long_name or no symbol")
    require(model.GUARD is None or model.GUARD in model.STATE, f"GUARD: there is no coordinate {model.GUARD!r}")
    for table, names in (("CARRIED", model.CARRIED), ("MEMORY", memory(model).values())):
        unknown = set(names) - set(model.STATE)
        require(not unknown, f"{table}: {', '.join(sorted(unknown))} are not coordinates")
    kept = [*model.STATE, *memory(model), *clocks(model)]
    require(len(set(kept)) == len(kept), f"names of the state are not distinct: {', '.join(kept)}")
    lines = [line.name for line in model.LINES]
    require(len(set(lines)) == len(lines), f"LINES: names are not distinct: {', '.join(lines)}")
    known = {**model.STATE, **model.PARAMETERS}
    undrawn = [name for name, quantity in known.items() if quantity.default is None and name not in model.TRIAL]
    require(not undrawn, f"TRIAL: does not say {', '.join(undrawn)}")


def check_flow(model: Model) -> None:
    """Compare what gradient flow keeps, and where it ends, before and after a tiny step, and at minima."""
    if models.rule_of(model) == PLAIN:
        _check_kept(model)
    else:
        _check_taken_over(model)
    if not hasattr(model, "flow_sharpness"):
        return
    given = inputs(model, 4 * POINTS)
    found = batch.run(_job(model, 3000, 1e-16), *given)
    over = (found["outcome"] == 1) & (found["loss_final"] < 1e-16) & np.isfinite(found["flow_sharpness_final"])
    end, flow = found["sharpness_final"], found["flow_sharpness_final"]
    close = (np.abs(end - flow) <= 1e-5 * flow) | ~over
    require_all(close, "flow_sharpness: not the sharpness of a minimum", _starts(given), sharpness=end, found=flow)


def _check_taken_over(model: Model) -> None:
    """Compare what gradient flow keeps with that of the model without an update rule, whose flow is the same."""
    plain = models.get(models.given_as(model))
    initial, parameters = inputs(model)
    p = tuple(parameters.values())
    q = tuple(parameters[name] for name in plain.PARAMETERS)
    theta, there = enter(model, initial, p), enter(plain, initial, q)
    for name in FLOWS:
        if hasattr(plain, name):
            with np.errstate(all="ignore"):
                found, wanted = getattr(model, name)(theta, p), getattr(plain, name)(there, q)
            same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
            require_all(same, f"{name}: not that of the model without a rule", place(model, theta, p), found=found)


def _check_kept(model: Model) -> None:
    theta, p = states(model)
    first = len(model.STATE) + len(model.CARRIED)
    still = (np.zeros_like(theta[0]) for _ in memory(model))  # so that a rule's step is along the gradient
    theta = (*theta[:first], *still, *theta[first + len(memory(model)) :])
    k, where = list(model.PARAMETERS).index("eta"), place(model, theta, p)
    tiny = *p[:k], 1e-4 / np.maximum(sharpness(model, theta, p), 1.0), *p[k + 1 :]
    for name in FLOWS:
        kept = getattr(model, name, lambda theta, p: np.zeros_like(theta[0]))
        with np.errstate(all="ignore"):
            before, after = kept(theta, p), kept(model.step(theta, tiny), p)
            size = np.abs(before) + sum(column * column for column in theta[: len(model.STATE)]) * (name == "balance")
            known = np.isfinite(before) & ~model.clipped(theta, p)
        kept_to = (np.abs(after - before) <= 1e-6 * size) | ~known
        require_all(kept_to, f"{name}: a tiny step changes it", where, before=before, after=after)


def check_stability(model: Model) -> None:
    """Compare the test of stability with the sharpness, just above and just below it."""
    theta, p = states(model)
    largest, curvature = top(model, theta, p), model.curvature(theta, p)
    positive = largest > 1e-12 * np.max(np.abs(np.broadcast_arrays(*curvature)), axis=0)
    where, flat = place(model, theta, p), ~positive
    above, below = (model.stable(curvature, largest * (1 + by)) for by in (1e-9, -1e-9))
    require_all(above | flat, "stable: false for a bound of 1 + 1e-9 times the sharpness", where, largest=largest)
    require_all(~below | flat, "stable: true for a bound of 1 - 1e-9 times the sharpness", where, largest=largest)


def check_edge(model: Model) -> None:
    """Look whether the edge of stability is a size, and whether it depends on the state only if the model says so."""
    theta, p = states(model)
    edge, where = np.broadcast_to(edge_of(model)(theta, p), theta[0].shape), place(model, theta, p)
    require_all(edge >= 0, "edge: negative or no number", where, edge=edge)
    if not edge_moves(model):
        elsewhere = edge_of(model)(tuple(np.zeros_like(column) for column in theta), p)
        require_all(edge == elsewhere, "edge: depends on the state; give EDGE_MOVES = True", where, edge=edge)


def _starts(given: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return name -> numbers of the inputs of trajectories, for messages."""
    initial, parameters = given
    return {f"{name} at the start": values for name, values in initial.items()} | parameters


def _job(model: Model, steps: int, tolerance: float) -> Job:
    """Return a job with all observables: one kernel serves all checks, and compiling takes longest."""
    return Job(model, observables.expand(["all"], model), steps, tolerance)


def check_compiled(model: Model) -> None:
    """Compare the kernel with NumPy, bit for bit, for each observable."""
    for steps, tolerance in ((203, 1e-12), (40, 0.0)):
        job, given = _job(model, steps, tolerance), inputs(model)
        found, right = batch.run(job, *given), numpy_run.run(job, *given)
        for name in job.variables:
            one, other = (np.asarray(values[name], np.float64) for values in (found, right))
            if name in (*CERTIFIED, *SUMMED):
                np.testing.assert_allclose(one, other, rtol=1e-13, err_msg=name)
            else:
                same = (one == other) | (np.isnan(one) & np.isnan(other))
                require_all(same, f"{name}: not the bits of NumPy", _starts(given), compiled=one, numpy=other)


def check_settling(model: Model) -> None:
    """Follow converged trajectories: their loss hardly falls any more, and they do not come back to the edge."""
    given = inputs(model, 4 * POINTS)
    short, long = (batch.run(_job(model, 3000, tolerance), *given) for tolerance in (1e-10, 0.0))
    over = short["outcome"] == 1
    where, loss = _starts(given), short["loss_final"]
    end = long["loss_final"]
    near = loss - end < 1e-10
    falls = "settled: the loss falls by more than the tolerance 1e-10"
    require_all(near | ~over, falls, where, loss=loss, in_the_end=end)
    for name in ("crossings", "steps_above"):
        one, other = short[name], long[name]
        require_all((one == other) | ~over, f"settled: {name} go on", where, when_settled=one, in_the_end=other)


def check_labels(model: Model) -> None:
    """Compare labels with those of exact arithmetic, and where they differ, with those under noise as of rounding."""
    limits = regimes.thresholds(model.THRESHOLDS)
    job, given = _job(model, 200, 1e-12), inputs(model)
    mine = regimes.classify(batch.run(job, *given), limits)
    job = job._replace(variables=regimes.reads(limits))
    right, bits = oracle.run(job, *given)
    exact, names = regimes.classify(right, limits), list(regimes.CODES)
    for seed in np.flatnonzero((mine != exact) & (bits > 0)):
        wrong = f"{names[mine[seed]]}: the label of the trial's seed {seed}, not {names[exact[seed]]}"
        near = Trajectory(job, limits, *given, int(seed)).differs_by_rounding(0, int(mine[seed]))
        require(near, f"{wrong}, that of exact arithmetic, and noise leads from neither to the other")


def check_bounds(model: Model) -> None:
    """Try numbers outside their bounds, which must be refused by name."""
    for name, quantity in {**model.PARAMETERS, **model.STATE}.items():
        for value in (
            quantity.above,
            np.nextafter(quantity.least, -np.inf),
            np.nextafter(quantity.most, np.inf),
            np.nan,
        ):
            if np.isinf(value):
                continue
            try:
                trial(model, 1, **{name: [value]})
            except SpecError as error:
                require(name in str(error), f"{name} = {value}: refused without its name: {error}")
            else:
                raise ConformanceError(f"{name} = {value}: taken, although it is out of its bounds")


def check_pictures(model: Model) -> None:
    """Run, label and draw a small sweep with its lines, and draw a trajectory."""
    sweep = trial(model, 3)
    eta = 2.0 / float(np.median(model.threshold(tuple(inputs(model, 3)[1].values()))))
    given = {name: value for name, value in sweep.to_dict()["parameters"].items() if name != "eta"}
    axes: dict[str, Any] = {"seed": [0, 1, 2], "eta": eta * np.geomspace(0.5, 2.0, 5)}
    dataset = _map(make(sweep.model, axes, given, sweep.initial, steps=64, observables=["all"], rule=sweep.rule))
    for name in labels.LABELS:
        missing = int((dataset[name] == 0).sum())
        require(not missing, f"{name}: missing in {missing} of {dataset[name].size} cells of a small sweep")
    run = trajectories.record(sweep, {"seed": 0.0})
    if matrix_of(model) != PRECONDITIONED:  # eigenvalues are those of the Hessian
        np.testing.assert_allclose(run.sharpness[0], run.eigenvalues[0, 0], rtol=1e-9)
    with tempfile.TemporaryDirectory() as folder:
        plot.save(plot.draw(dataset, "eta", "seed"), Path(folder) / "map.png")
        plot.save(plot.trajectory_plot(run), Path(folder) / "run.png")


def _map(sweep: Sweep) -> xr.Dataset:
    """Return the dataset of a small sweep, computed as a worker does it, without a store."""
    values = evaluation.evaluate(sweep, tuple(slice(0, size) for size in sweep.shape), np.arange(sweep.size))
    values |= labels.classify(values.__getitem__, sweep.stored, sweep.limits)
    about = schema.attributes(sweep.stored, sweep.limits)
    return uncomputed(sweep).assign(
        {name: (sweep.dims, values[name].reshape(sweep.shape), about[name]) for name in sweep.stored}
    )


CHECKS: tuple[Callable[[Model], None], ...] = (
    check_declarations,
    check_shapes,
    check_descent,
    check_hessian,
    check_flow,
    check_stability,
    check_edge,
    check_tangent,
    check_by_hand,
    check_compiled,
    check_settling,
    check_labels,
    check_bounds,
    check_pictures,
)
