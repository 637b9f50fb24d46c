"""Models with a memory, clocks and an edge of their own, against the same runs written out with plain numbers."""

import numpy as np
import pytest

from eos_sweep import observables, regimes
from eos_sweep.checks.exact import numpy_run, oracle
from eos_sweep.contract import DOUBLED, Job, OwnObservable
from eos_sweep.engine import batch
from eos_sweep.models import bivariate
from helpers import heavy_ball, idle_memory
from helpers.kernel_and_numpy import columns, same_bits
from helpers.random_points import random_points

STEPS = 400
ALL = observables.expand(["all", "doubled"], heavy_ball)
OWN = (
    OwnObservable("peak", "max(sharpness_ratio)"),
    OwnObservable("least", "min(sharpness_ratio)"),
    OwnObservable("mean", "mean(sharpness_ratio)"),
    OwnObservable("end", "last(sharpness_ratio)"),
    OwnObservable("above", "count(sharpness_ratio >= 1)"),
)


def points(count, seed):
    """Return (initial, parameters): runs that stay below the edge, that cross it, and that diverge."""
    draw = np.random.default_rng(seed)
    initial = {
        "x": 10.0 ** draw.uniform(-12, -1, count),
        "y": draw.choice([-1, 1], count) * draw.uniform(0.2, 1, count),
    }
    parameters = {
        "a": 10.0 ** draw.uniform(0.5, 2, count),
        "eta": 10.0 ** draw.uniform(-2, -0.5, count),
        "momentum": draw.choice([0.0, 0.5, 0.9], count),
        "warmup": draw.choice([1.0, 10.0, 150.0], count),
    }
    return initial, parameters


INITIAL, PARAMETERS = points(160, 7)


def job(variables, steps=STEPS, tolerance=0.0, own=()):
    return Job(heavy_ball, tuple(variables), steps, tolerance, own=own)


def subset(values, rows):
    return {name: column[rows] for name, column in values.items()}


def written_out(x, y, a, eta, momentum, warmup):
    """Return the states, the sharpness and the edge of one run from the formulas in the docstring of the model."""
    u = w = 0.0
    found = []
    for age in range(STEPS + 1):
        rate = eta * min((age + 1) / warmup, 1)
        arm = 2 * a * x * y
        sharpness = np.linalg.eigvalsh([[a * y * y, arm], [arm, a * x * x + 3 * y * y - 1]])[-1]
        loss = a * x**2 * y**2 / 2 + (y**2 - 1) ** 2 / 4
        if not loss < heavy_ball.LIMIT:
            break
        found.append((x, y, loss, sharpness, 2 * (1 + momentum) / rate))
        u, w = momentum * u + a * y * y * x, momentum * w + (a * x * x + y * y - 1) * y
        x, y = x - rate * u, y - rate * w
    return np.array(found).T


@pytest.fixture(scope="module")
def kernel():
    return batch.run(job((*ALL, *(one.name for one in OWN)), own=OWN), INITIAL, PARAMETERS)


@pytest.fixture(scope="module")
def paths():
    rows = zip(*(column.tolist() for column in (INITIAL | PARAMETERS).values()), strict=True)
    with np.errstate(over="ignore", invalid="ignore"):
        return [written_out(*row) for row in rows]


@pytest.mark.slow
def test_points_are_of_every_kind(kernel):
    assert np.bincount(kernel["outcome"], minlength=4)[2:].min() > 20
    assert (kernel["crossings"] >= 2).sum() > 20 and (kernel["steps_above"] == 0).sum() > 20
    assert (kernel["first_crossing"] > 20).sum() > 10


@pytest.mark.slow
def test_crossings_and_ratios_are_those_of_the_formulas(kernel, paths):
    compared = 0
    for row, (x, _, loss, sharpness, edge) in enumerate(paths):
        found, ratio = {name: values[row] for name, values in kernel.items()}, sharpness / edge
        parted = found["magnification"] > 25 or found["steps_taken"] != len(x) - 1
        if parted or np.abs(ratio - 1).min() < 1e-6:
            continue  # rounding has parted them, or decides on which side a step is
        compared += 1
        above = ratio >= 1
        assert found["first_crossing"] == (above.argmax() if above.any() else -1)
        assert found["steps_above"] == above.sum() and found["crossings"] == (above[1:] & ~above[:-1]).sum()
        assert found["above"] == above.sum()
        bounded, tail = found["outcome"] != 2, ratio[-(STEPS // 10) :]
        right = {
            "sharpness_initial": sharpness[0], "sharpness_final": sharpness[-1], "sharpness_max": sharpness.max(),
            "sharpness_min": sharpness.min(), "sharpness_mean": sharpness.mean(), "loss_max": loss.max(),
            "sharpness_ratio_max": ratio.max(), "sharpness_ratio_final": ratio[-1],
            "tail_mean": tail.mean() if bounded else np.nan, "tail_min": tail.min() if bounded else np.nan,
            "tail_max": tail.max() if bounded else np.nan,
            "peak": ratio.max(), "least": ratio.min(), "mean": ratio.mean(), "end": ratio[-1],
        }  # fmt: skip
        for name, value in right.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-4, err_msg=name)
    assert compared > 100


@pytest.mark.slow
def test_the_kernel_gives_the_bits_of_numpy(kernel):
    names = [name for name in ALL if not name.endswith(DOUBLED)]
    right = numpy_run.run(job((*names, *(one.name for one in OWN)), own=OWN), INITIAL, PARAMETERS)
    right.pop("work")  # the kernel's includes twice the budget
    for name in right:
        if name in ("sharpness_max", "sharpness_ratio_max", "tail_mean", "sharpness_mean"):
            np.testing.assert_allclose(kernel[name], right[name], rtol=1e-13, err_msg=name)
        else:
            assert same_bits(kernel[name], right[name]), name


@pytest.mark.slow
def test_twice_the_budget_is_a_run_of_twice_the_steps(kernel):
    long = batch.run(job((*ALL, *(one.name for one in OWN)), 2 * STEPS, own=OWN), INITIAL, PARAMETERS)
    doubled = [name for name in ALL if name.endswith(DOUBLED)]
    assert {"lyapunov_doubled", "crossings_doubled"} <= set(doubled)
    for name in doubled:
        one, other = kernel[name], long[name.removesuffix(DOUBLED)]
        assert same_bits(one, other) or np.allclose(one, other, rtol=1e-14, atol=0, equal_nan=True), name


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 31, 33])
def test_neighbours_and_tables_change_no_bit(kernel, size):
    wanted = job((*ALL, *(one.name for one in OWN)), own=OWN)
    order = np.random.default_rng(size).permutation(160)[: 40 if size == 1 else 160]
    for first in range(0, order.size, size):
        rows = order[first : first + size]
        found = batch.run(wanted, subset(INITIAL, rows), subset(PARAMETERS, rows))
        for name in found:
            assert same_bits(found[name], kernel[name][rows]), name


@pytest.mark.slow
def test_labels_are_those_of_exact_arithmetic():
    limits = regimes.thresholds()
    wanted = job(regimes.reads(limits), tolerance=1e-12)
    found = batch.run(wanted, INITIAL, PARAMETERS)
    exact, bits = oracle.run(wanted, INITIAL, PARAMETERS, found)
    labels = [regimes.classify(values, limits) for values in (found, exact)]
    assert (bits > 0).all() and (labels[0] == labels[1]).mean() > 0.98 and len(np.unique(labels[1])) >= 5
    assert (found["outcome"] == 1).sum() > 5


@pytest.mark.slow
def test_a_coordinate_comes_back_from_below_the_least_double_with_its_velocity():
    """The warmup is long, so x shrinks at each of 900 steps before the edge falls below the sharpness."""
    initial = {"x": np.full(3, 0.1), "y": np.ones(3)}
    parameters = {"a": 30.0, "eta": np.array([0.07, 0.15, 0.149]), "momentum": np.array([0.0, 0.2, 0.9]), "warmup": 9e3}
    parameters = {name: np.broadcast_to(np.float64(value), 3).copy() for name, value in parameters.items()}
    names = "log10_abs_x_min", "log10_abs_x_final", "first_crossing", "crossings", "steps_above", "y_final"
    wanted = job(names, steps=9000)
    found, (exact, bits) = batch.run(wanted, initial, parameters), oracle.run(wanted, initial, parameters)
    assert (bits > 0).all() and (found["log10_abs_x_min"] < -330).any() and (found["crossings"] > 0).all()
    for name in names[:4]:
        np.testing.assert_allclose(found[name], exact[name], rtol=1e-6, err_msg=name)


@pytest.mark.slow
def test_a_memory_without_effect_leaves_each_bit_as_it_is():
    """So does an edge of 2 that is computed from the state, and so do clocks.

    Only a rest above the edge is no orbit where the edge is computed from the state.
    """
    names = observables.expand(["all"], bivariate)
    both = [name for name in observables.expand(["all"], idle_memory) if name in names]
    assert len(both) > 30 and {"lyapunov", "magnification", "period"} <= set(both)
    given = columns(*random_points(300, 5))
    plain = batch.run(Job(bivariate, tuple(both), 1003, 1e-12), *given)
    idle = batch.run(Job(idle_memory, tuple(both), 1003, 1e-12), *given)
    rests = (plain["period"] == 1) & (plain["sharpness_final"] >= 2 / given[1]["eta"])
    assert rests.sum() > 0 and (plain["period"] == 1).sum() > 2 * rests.sum()
    plain["period"] = np.where(rests, 0, plain["period"])
    for name in both:
        assert same_bits(plain[name], idle[name]), name


def test_numpy_gives_the_bits_of_a_memory_without_effect():
    names = ("crossings", "steps_above", "sharpness_ratio_max", "tail_mean", "lyapunov", "magnification", "beta1_final")
    given = columns(*random_points(60, 6))
    plain, idle = (numpy_run.run(Job(model, names, 120, 1e-12), *given) for model in (bivariate, idle_memory))
    for name in names:
        assert same_bits(plain[name], idle[name]), name
