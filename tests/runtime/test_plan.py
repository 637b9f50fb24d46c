"""The estimates of ``plan``, which are exact if all trajectories of a sweep are alike."""

import pytest

from eos_sweep.errors import InputError
from eos_sweep.runtime import planning
from eos_sweep.spec.making import make
from eos_sweep.store import blocks
from helpers.specs import sweep

QUIET = {"parameters": {"lambda1": 1, "lambda2": 1, "eta": 0.01}, "initial": {"alpha": 1, "beta1": 0.1, "beta2": 0.5}}


def test_short_budgets_are_run_whole():
    found = planning.plan(sweep(axes={"beta1": {"linear": [0.1, 0.2, 50]}}, steps=100, **without("beta1")), threads=2)
    assert (found.trajectories, found.steps, found.cores) == (50, 5000, 2)
    assert found.seconds == pytest.approx(found.steps / found.steps_per_second / 2)


@pytest.mark.slow
def test_of_long_budgets_the_speed_is_measured_on_a_shorter_one():
    steps = 2 * planning.READING_STEPS // planning.LANES_FULL
    long = sweep(axes={"beta1": {"linear": [0.1, 0.2, 50]}}, steps=steps, tolerance=1e-300, **without("beta1"))
    found = planning.plan(long)
    assert found.steps == 50 * steps  # none converges, all trajectories take the whole of it
    assert found.seconds == pytest.approx(found.steps / found.steps_per_second / found.cores)


def test_networks_train_one_after_another_on_each_core():
    found = planning.plan(make("tanh_net", {"eta": [0.1, 0.2, 0.3]}, {"width": 3, "points": 4}, steps=40), threads=2)
    assert (found.blocks, found.steps) == (3, 120)
    assert found.seconds == pytest.approx(2 * 40 / found.steps_per_second)  # two on one core, one on the other


def test_a_sweep_that_takes_no_step_has_an_estimate():
    found = planning.plan(sweep(axes={"beta1": [1e50, 1e51]}, **without("beta1")))
    assert found.steps == 0 and found.seconds >= 0


def test_the_same_seed_gives_the_same_plan():
    one, two = (planning.plan(sweep(axes={"eta": {"log": [0.01, 3, 1000]}}, steps=500), seed=3) for _ in range(2))
    assert one.steps == two.steps
    assert one.block_shape == blocks.block_shape(sweep(axes={"eta": {"log": [0.01, 3, 1000]}}, steps=500))


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("workers", -2, ">= 1, or leave it out"),
        ("workers", 0, ">= 1, or leave it out"),
        ("sample", 0, ">= 1"),
        ("sample", -5, ">= 1"),
        ("sample", 2.5, ">= 1"),
        ("seed", -1, ">= 0"),
        ("seed", True, ">= 0"),
    ],
)
def test_a_wrong_argument_is_refused_in_a_line(name, value, remedy):
    with pytest.raises(InputError) as told:
        planning.plan(sweep(axes={"beta1": [0.1, 0.2]}, **without("beta1")), **{name: value})
    assert str(told.value) == f"{name}: got {value}; give a whole number {remedy}"


def without(name):
    """A quiet run's inputs but one, which is an axis."""
    return {
        "parameters": QUIET["parameters"],
        "initial": {key: None if key == name else value for key, value in QUIET["initial"].items()},
    }
