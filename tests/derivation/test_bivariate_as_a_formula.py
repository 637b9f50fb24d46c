"""The model `bivariate` as a formula has the regimes of the model that is written by hand."""

import functools

import numpy as np
import pytest

from eos_sweep import models, observables, regimes
from eos_sweep.checks.exact import numpy_run, oracle
from eos_sweep.checks.labels.judge import Trajectory
from eos_sweep.contract import Job
from eos_sweep.engine import batch
from helpers.losses import model_of

LOSS = "lambda1*(alpha*beta1)**2/2 + lambda2*(alpha*beta2 - 1)**2/2"
BOUNDS = {"lambda1": {"above": 0}, "lambda2": {"above": 0}}
bivariate = models.get("bivariate")
LIMITS = regimes.thresholds(bivariate.THRESHOLDS)


@functools.cache
def derived():
    return model_of(LOSS, ["alpha", "beta1", "beta2"], parameters=BOUNDS, guard="alpha")


def jobs(steps, tolerance, names):
    """Return the jobs of both models, that of the formula first."""
    return [Job(model, names, steps, tolerance) for model in (derived(), bivariate)]


def inputs(count, seed):
    """Return initial states, and parameters of either model, without a clip and a ball."""
    rng = np.random.default_rng(seed)
    initial = {
        "alpha": rng.uniform(-1.2, 1.2, count),
        "beta1": 10.0 ** rng.uniform(-6.0, 0.0, count),
        "beta2": rng.uniform(-0.5, 1.5, count),
    }
    p = {
        "lambda1": 10.0 ** rng.uniform(0.0, 3.0, count),
        "lambda2": 10.0 ** rng.uniform(-3.0, 0.0, count),
        "eta": 10.0 ** rng.uniform(-2.0, 0.5, count),
    }
    free = np.full(count, np.inf)
    return initial, p, p | {"clip": free, "radius": free}


def labels(found):
    return regimes.classify(found, LIMITS)


def assert_same_labels(job, given, mine, theirs):
    """Compare labels; where they differ, either is one that noise as of rounding may give."""
    for place in np.flatnonzero(mine != theirs):
        noisy = Trajectory(job, LIMITS, *given, int(place)).labels_under_noise(0)
        assert {int(mine[place]), int(theirs[place])} <= set(noisy)


@pytest.mark.slow
def test_labels_in_numpy():
    initial, p, q = inputs(24, 0)
    first, second = jobs(240, 1e-12, regimes.reads(LIMITS))
    mine, theirs = labels(numpy_run.run(first, initial, p)), labels(numpy_run.run(second, initial, q))
    assert len(np.unique(theirs)) >= 4
    assert_same_labels(second, (initial, q), mine, theirs)


def test_states_stay_together():
    initial, p, q = inputs(60, 1)
    p["eta"] = np.minimum(p["eta"], 1e-3)
    q["eta"] = p["eta"]
    theta = [(*initial.values(), np.zeros(60)) for _ in range(2)]
    for _ in range(200):
        theta = [
            model.step(state, tuple(values.values()))
            for model, state, values in zip((derived(), bivariate), theta, (p, q), strict=True)
        ]
    np.testing.assert_allclose(*theta, rtol=1e-11, atol=1e-13)


@pytest.mark.slow
def test_labels_of_kernels():
    initial, p, q = inputs(2000, 2)
    first, second = jobs(2000, 1e-12, regimes.reads(LIMITS))
    mine, theirs = labels(batch.run(first, initial, p)), labels(batch.run(second, initial, q))
    assert np.mean(mine != theirs) < 0.01
    assert_same_labels(second, (initial, q), mine, theirs)


@pytest.mark.slow
def test_labels_and_small_numbers_are_exact():
    initial, p, _ = inputs(40, 3)
    initial["beta1"] *= 1e-3
    names = observables.expand(["all"], derived())
    job = Job(derived(), names, 400, 1e-14)
    found, (right, bits) = batch.run(job, initial, p), oracle.run(job, initial, p)
    mine, exact = labels(found), labels(right)
    assert_same_labels(job, (initial, p), mine[bits > 0], exact[bits > 0])
    same = (mine == exact) & (bits > 0) & (found["steps_taken"] == right["steps_taken"])
    smallest = "log10_abs_beta1_min"
    np.testing.assert_allclose(found[smallest][same], right[smallest][same], rtol=1e-6, atol=1e-6)
