"""A trajectory of a derived model that is called settled stays: it never comes to the edge of stability again."""

import numpy as np
import pytest

from eos_sweep import models
from eos_sweep.conformance.trial import inputs
from eos_sweep.models import bivariate
from helpers.losses import model_of
from helpers.settling import follow

QUARTIC = models.get("quartic")
LOSSES = {
    "quartic": "(1 - x**2*y**2)**2/4",
    "bivariate": "lambda1*(x*y)**2/2 + lambda2*(x*z - 1)**2/2",
    "rosenbrock": "(1 - x)**2 + 100*(y - x**2)**2",
    "product": "(x*y - 1)**2/2",
    "decayed product": "(x*y - 1)**2/2 + 0.01*(x**2 + y**2)",
    "three layers": "(w*x*y - 1)**2/2",
    "slow direction": "(x**2 + 1e-6*(y - 1)**2)/2",
    "slow direction that bends another": "x**2*(1 + y**2)/2 + 1e-7*(y - 3)**2",
    "hidden residual": "((x*y - 1)**2 + 1e-6*(x - 2)**2*(1 + y**2))/2",
    "flat to fourth order": "(x*y - 1)**2/2 + 1e-9*(x - 3)**4",
    "saddle": "x**2/2 - y**2/2 + y**4/4",
    "wells": "(x**2 - 1)**2/4 + a*x*y**2/2",
    "waves": "x**2/2 + cos(3*x)",
    "degenerate minimum": "x**4 + y**4",
    "degenerate in one direction": "x**4 + y**2*(1 + x**2)",
    "valley above zero": "(x*y - 1)**2/2 + 1",
    "valley below zero": "(x*y - 1)**2/2 - 1",
    "logistic": "log(1 + exp(-x*y)) + 0.1*x**2",
    "without a minimum": "softplus(-x*y)",
    "drift that shrinks": "(x*(1 + y) - 1)**2/2 + 1e-9*exp(-y)",
    "hyperbolic tangent": "(x*tanh(y) - 0.5)**2/2",
    "circle": "(x**2 + y**2 - 1)**2/4",
    "three residuals": "((x*y - 1)**2 + (x*z - 1)**2 + (y*z - 0.9)**2)/2",
    "minimum at the origin": "x**2*(1 + y**2) + y**2*(1 + x)/2 + z**2",
    "degenerate difference": "(x - y)**6 + (x*y - 1)**2",
    "large": "1e8*((x*y - 1)**2 + 1e-3*(x - 2)**2)",
}
SETTLE = "quartic", "product", "saddle", "waves", "circle", "three residuals", "minimum at the origin", "three layers"


def starts(model, name, count):
    """Return starts of the trial, and step sizes up to and beyond the edge at usual minima."""
    initial, parameters = inputs(model, count)
    sizes = 10.0 ** np.random.default_rng(0).uniform(-2.0, 0.5, count) / (1e8 if name == "large" else 1.0)
    return initial, (*list(parameters.values())[:-1], sizes)


def assert_stay(name, count, steps, further):
    model = model_of(LOSSES[name])
    initial, p = starts(model, name, count)
    for tolerance in (1e-4, 1e-14):
        found = follow(model, initial, p, tolerance, steps, further)
        assert not found.returned.any()
        if tolerance == 1e-14:
            assert np.all(found.way < 1e-3)
        if name in SETTLE:
            assert found.count > count / 3


@pytest.mark.parametrize("name", LOSSES)
def test_settled_runs_stay(name):
    assert_stay(name, 30, 480, 320)


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_settled_runs_stay_for_long(name):
    assert_stay(name, 300, 3000, 20000)


@pytest.mark.parametrize("written", [bivariate, QUARTIC])
def test_about_as_many_runs_settle_as_of_a_model_written_by_hand(written):
    initial, parameters = inputs(written, 200)
    p = tuple(np.full(200, np.inf) if name in ("clip", "radius") else parameters[name] for name in written.PARAMETERS)
    if written is QUARTIC:
        derived, q = model_of(LOSSES["quartic"]), p
    else:
        loss = "lambda1*(alpha*beta1)**2/2 + lambda2*(alpha*beta2 - 1)**2/2"
        bounds = {"lambda1": {"above": 0}, "lambda2": {"above": 0}}
        derived, q = model_of(loss, ["alpha", "beta1", "beta2"], parameters=bounds), p[:3]
    for tolerance in (1e-6, 1e-12):
        mine, theirs = (follow(m, initial, r, tolerance, 1000, 0) for m, r in ((derived, q), (written, p)))
        assert mine.count >= 0.85 * theirs.count > 0


def test_where_nothing_bends_the_remaining_loss_is_a_number():
    model = model_of("x**4 + y**4")
    theta, p = (np.zeros(2), np.zeros(2)), (np.ones(2),)
    with np.errstate(invalid="ignore"):
        assert np.all(model.remaining_loss(theta, p, model.loss(theta, p)) == 0.0)
