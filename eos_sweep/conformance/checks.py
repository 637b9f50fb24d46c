"""The checks: each takes a model's module and fails with what is wrong.

They try the inputs that the model's TRIAL draws.  Derivatives are differences of the model's own loss and step in
numbers of 300 bits.
"""

import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from eos_sweep import batch, exactly, models, observables, oracle, plot, regimes, slowly, trace
from eos_sweep.api import sweep as run_sweep
from eos_sweep.conformance.trial import BITS, NUDGE, POINTS, Point, inputs, moved, points, states, trial, unit
from eos_sweep.contract import Job, Model
from eos_sweep.sharpness import sharpness, top
from eos_sweep.spec import SpecError
from eos_sweep.verify.judge import rounded

CERTIFIED = ("sharpness_max", "sharpness_ratio_max")  # to 1e-14
SUMMED = ("tail_mean", "sharpness_mean")  # in an order of the kernel's own


def check_declarations(model: Model) -> None:
    """It has a title, a source, and names and symbols for all its numbers."""
    missing = models.missing(model)
    assert not missing, f"{model.__name__} lacks {', '.join(missing)}"
    assert model.__doc__ and "L" in model.__doc__, "the module's docstring gives the loss and the map"
    for name, quantity in {**model.STATE, **model.PARAMETERS, **model.LOSS_PARTS}.items():
        assert name.isidentifier() and name.isascii(), f"{name}: not an ASCII identifier"
        assert quantity.long_name.strip() and quantity.symbol.strip(), f"{name}: say what it is"
    assert model.GUARD is None or model.GUARD in model.STATE, f"GUARD: no coordinate {model.GUARD!r}"
    assert set(model.CARRIED) <= set(model.STATE), "CARRIED: coordinates only"
    assert len({line.name for line in model.LINES}) == len(model.LINES), "LINES: names are not distinct"
    known = {**model.STATE, **model.PARAMETERS}
    undrawn = [name for name, quantity in known.items() if quantity.default is None and name not in model.TRIAL]
    assert not undrawn, f"TRIAL: does not say {', '.join(undrawn)}"


def check_descent(model: Model) -> None:
    """A step is theta - eta grad L, where nothing is clipped."""
    if not getattr(model, "DESCENT", True):
        return
    threshold = exactly.translated(model).threshold
    with exactly.precise(BITS):
        for at in points(model):
            if at.clipped(*at.coordinates):
                continue
            eta, after = 2 / threshold(at.p), at.step(*at.coordinates)
            for place, name in enumerate(model.STATE):
                here = at.coordinates[place]
                ahead, behind = (at.loss(*moved(at.coordinates, {place: by})) for by in (1, -1))
                descent = eta * (ahead - behind) / (2 * NUDGE * unit(here))
                size = abs(here) + abs(descent) + abs(after[place])
                wrong = f"{name}: from {float(here)} to {float(after[place])}, not {float(here - descent)}"
                assert abs(after[place] - (here - descent)) <= 2.0**-40 * size, wrong


def check_hessian(model: Model) -> None:
    """The Hessian is symmetric, and its largest eigenvalue is the sharpness; it is that of the loss."""
    theta, p = states(model)
    matrix = model.hessian(theta, p)
    assert (matrix == np.swapaxes(matrix, -1, -2)).all(), "hessian: not symmetric"
    largest, size = np.linalg.eigvalsh(matrix)[..., -1], np.abs(matrix).max(axis=(-1, -2))
    assert (np.abs(sharpness(model, theta, p) - largest) <= 1e-12 * size).all(), "sharpness: not its largest eigenvalue"
    if not getattr(model, "DESCENT", True):
        return
    with exactly.precise(BITS):
        for at in itertools.islice(points(model), 8):
            state = tuple(np.array([float(x)]) for x in (*at.coordinates, *(0 for _ in model.CARRIED)))
            found = model.hessian(state, tuple(np.array([float(x)]) for x in at.p))[0]
            for i, j in itertools.combinations_with_replacement(range(len(model.STATE)), 2):
                bend = _bend(at, i, j)
                wrong = f"hessian[{i}, {j}]: {found[i, j]}, not {bend}"
                assert abs(found[i, j] - bend) <= 1e-9 * np.abs(found).max(), wrong


def _bend(at: Point, i: int, j: int) -> float:
    """Return the second difference of the loss along two coordinates."""
    area = NUDGE * NUDGE * unit(at.coordinates[i]) * unit(at.coordinates[j])
    corners = (
        [(1, {i: 1}), (-2, {}), (1, {i: -1})]
        if i == j
        else [(a * b / 4, {i: a, j: b}) for a, b in itertools.product((1, -1), repeat=2)]
    )
    return float(sum(weight * at.loss(*moved(at.coordinates, by)) for weight, by in corners) / area)


def check_flow(model: Model) -> None:
    """What gradient flow keeps, and where it ends, a tiny step keeps; a minimum is its own end."""
    theta, p = states(model)
    place = list(model.PARAMETERS).index("eta")
    tiny = *p[:place], 1e-4 / np.maximum(sharpness(model, theta, p), 1.0), *p[place + 1 :]
    for name in ("flow_sharpness", "balance"):
        kept = getattr(model, name, lambda theta, p: np.zeros_like(theta[0]))
        with np.errstate(all="ignore"):
            before, after = kept(theta, p), kept(model.step(theta, tiny), p)
            size = np.abs(before) + sum(column * column for column in theta[: len(model.STATE)]) * (name == "balance")
            known = np.isfinite(before) & ~model.clipped(theta, p)
        assert (np.abs(after - before) <= 1e-6 * size)[known].all(), f"{name}: gradient flow changes it"
    if not hasattr(model, "flow_sharpness"):
        return
    found = batch.run(_job(model, 3000, 1e-16), *inputs(model, 4 * POINTS))
    over = (found["outcome"] == 1) & (found["loss_final"] < 1e-16) & np.isfinite(found["flow_sharpness_final"])
    end, flow = found["sharpness_final"][over], found["flow_sharpness_final"][over]
    assert (np.abs(end - flow) <= 1e-5 * flow).all(), "flow_sharpness: not the sharpness of a minimum"


def check_stability(model: Model) -> None:
    """The test of stability says on which side of a bound the sharpness is."""
    theta, p = states(model)
    largest, curvature = top(model, theta, p), model.curvature(theta, p)
    positive = largest > 1e-12 * np.max(np.abs(np.broadcast_arrays(*curvature)), axis=0)
    assert model.stable(curvature, largest * (1 + 1e-9))[positive].all(), "stable: not just above the sharpness"
    assert not model.stable(curvature, largest * (1 - 1e-9))[positive].any(), "stable: just below the sharpness"


def check_tangent(model: Model) -> None:
    """The tangent is the Jacobian of the step; relative for a coordinate with its own exponent."""
    rng = np.random.default_rng(0)
    with exactly.precise(BITS):
        for at in points(model):
            v = rng.standard_normal(len(model.STATE))
            scale = [x if name in model.CARRIED else 1 for name, x in zip(model.STATE, at.coordinates, strict=True)]
            ahead, behind = (
                [x + by * NUDGE * float(along) * u for x, along, u in zip(at.coordinates, v, scale, strict=True)]
                for by in (1, -1)
            )
            if len({bool(at.clipped(*there)) for there in (ahead, behind)}) > 1:
                continue  # at a kink
            after, before, here = (at.step(*there) for there in (ahead, behind, at.coordinates))
            state = tuple(np.float64(x) for x in (*at.coordinates, *(0 for _ in model.CARRIED)))
            found = model.tangent(state, tuple(np.float64(x) for x in at.p), tuple(v))
            size = max(np.abs(v).max(), *(abs(float(x)) for x in found))
            for place, name in enumerate(model.STATE):
                carried = name in model.CARRIED
                if carried and here[place] == 0:
                    continue
                change = float((after[place] - before[place]) / (2 * NUDGE) / (here[place] if carried else 1))
                wrong = f"tangent of {name}: {found[place]}, not {change}"
                assert abs(change - found[place]) <= 1e-9 * max(size, abs(change)), wrong


def _job(model: Model, steps: int, tolerance: float) -> Job:
    """Return a job with all observables: one kernel serves all checks, and compiling takes longest."""
    return Job(model, observables.expand(["all"], model), steps, tolerance)


def check_compiled(model: Model) -> None:
    """The kernel gives the bits of NumPy, for each observable."""
    for steps, tolerance in ((203, 1e-12), (40, 0.0)):
        job = _job(model, steps, tolerance)
        found, right = batch.run(job, *inputs(model)), slowly.run(job, *inputs(model))
        for name in job.variables:
            one, other = (np.asarray(values[name], np.float64) for values in (found, right))
            if name in (*CERTIFIED, *SUMMED):
                np.testing.assert_allclose(one, other, rtol=1e-13, err_msg=name)
            else:
                same = (one == other) | (np.isnan(one) & np.isnan(other))
                assert same.all(), f"{name}: compiled {one[~same]}, in NumPy {other[~same]}"


def check_settling(model: Model) -> None:
    """What has converged had a loss below the tolerance, and does not come back to the edge."""
    given = inputs(model, 4 * POINTS)
    short, long = (batch.run(_job(model, 3000, tolerance), *given) for tolerance in (1e-10, 0.0))
    over = short["outcome"] == 1
    assert (short["loss_final"][over] < 1e-10).all(), "settled: with a loss that is not below the tolerance"
    for name in ("crossings", "steps_above"):
        assert (short[name][over] == long[name][over]).all(), f"settled: {name} go on"


def check_labels(model: Model) -> None:
    """Labels are those of exact arithmetic, or come out of it if each step is rounded as doubles are."""
    limits = regimes.thresholds(model.THRESHOLDS)
    job, given = _job(model, 200, 1e-12), inputs(model)
    mine = regimes.classify(batch.run(job, *given), limits)
    job = job._replace(variables=regimes.reads(limits))
    right, bits = oracle.run(job, *given)
    for seed in np.flatnonzero((mine != regimes.classify(right, limits)) & (bits > 0)):
        wrong = f"the label of the trial's seed {seed} is not that of exact arithmetic"
        assert int(mine[seed]) in rounded(job, limits, *given, int(seed), 0), wrong


def check_bounds(model: Model) -> None:
    """A number outside its bounds is refused by name."""
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
                assert name in str(error), f"{name} = {value}: refused without its name: {error}"
            else:
                raise AssertionError(f"{name} = {value}: taken")


def check_pictures(model: Model) -> None:
    """A small sweep of it runs, is labelled and drawn with its lines; so is a trajectory."""
    sweep = trial(model, 3)
    eta = 2.0 / float(np.median(model.threshold(tuple(inputs(model, 3)[1].values()))))
    given = {name: value for name, value in sweep.to_dict()["parameters"].items() if name != "eta"}
    axes: dict[str, Any] = {"seed": [0, 1, 2], "eta": eta * np.geomspace(0.5, 2.0, 5)}
    dataset = run_sweep(sweep.model, axes, given, sweep.initial, steps=64, observables=["all"])
    assert (dataset.regime.values > 0).all() and (dataset.settled.values > 0).all()
    run = trace.record(sweep, {"seed": 0.0})
    np.testing.assert_allclose(run.sharpness[0], run.eigenvalues[0, 0], rtol=1e-9)
    with tempfile.TemporaryDirectory() as folder:
        plot.save(plot.draw(dataset), Path(folder) / "map.png")
        plot.save(plot.trajectory_plot(run), Path(folder) / "run.png")


CHECKS: tuple[Callable[[Model], None], ...] = (
    check_declarations,
    check_descent,
    check_hessian,
    check_flow,
    check_stability,
    check_tangent,
    check_compiled,
    check_settling,
    check_labels,
    check_bounds,
    check_pictures,
)
