"""Runs whose loss falls for ever have diverged, like those whose loss grows."""

import numpy as np
import pytest

from eos_sweep.checks.exact import numpy_run
from eos_sweep.contract import Job
from helpers.losses import model_of

NAMES = "outcome", "steps_taken", "loss_final", "sharpness_final"
DIVERGED = 2  # the flag value of the outcome


def run(loss, steps=2000):
    model = model_of(loss)
    initial = {name: np.linspace(0.2, 1.5, 6) for name in model.STATE}
    return numpy_run.run(Job(model, NAMES, steps, 1e-10), initial, {"eta": np.full(6, 0.3)})


@pytest.mark.parametrize("loss", ["x**2/2 - y**2", "x**2/2 - y**4", "-exp(x)", "x**3 - 10*x", "-cosh(x)"])
def test_of_a_loss_that_falls(loss):
    found = run(loss)
    assert np.all(found["outcome"] == DIVERGED)
    assert np.all(np.isfinite(found["loss_final"]) & np.isfinite(found["sharpness_final"]))
    assert np.all(found["loss_final"] > -1e30)


@pytest.mark.parametrize("loss", ["x**2/2 - 5", "x**2/2 - cos(x)", "-exp(-x**2)"])
def test_a_negative_loss_alone_is_none(loss):
    assert np.all(run(loss)["outcome"] != DIVERGED)


def test_a_loss_that_is_no_number_is_one():
    assert np.all(run("log(x)*0.1")["outcome"] == DIVERGED)
