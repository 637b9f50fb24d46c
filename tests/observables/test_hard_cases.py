"""Observables at starts that are special: saddles, zeros, coordinates that are no weights."""

import numpy as np
import pytest

import eos_sweep
from eos_sweep import models, observables
from eos_sweep.checks.exact import oracle
from eos_sweep.engine import batch
from eos_sweep.models import quartic
from eos_sweep.observables import theorem_4_1
from helpers import named_inputs
from helpers.kernel_and_numpy import ALL, OFF, simulate


@pytest.mark.parametrize(("name", "start", "p", "known"), [
    ("uv", {"f": -0.5, "lam": 0.5}, {"n": 4.0, "y": 1.0}, False),
    ("uv", {"f": 0.0, "lam": 0.0}, {"n": 4.0, "y": 1.0}, False),
    ("uv", {"f": -0.5, "lam": 0.5}, {"n": 4.0, "y": 0.0}, True),
    ("uv", {"f": -0.5, "lam": 0.6}, {"n": 4.0, "y": 1.0}, True),
    ("quartic", {"x": 0.0, "y": 1.0}, {}, False),
    ("quartic", {"x": 1e-9, "y": 1.0}, {}, True),
    ("bivariate", {"alpha": 0.0, "beta1": 0.3, "beta2": 0.0}, {"lambda1": 1.0, "lambda2": 1.0}, False),
    ("bivariate", {"alpha": 0.5, "beta1": 0.0, "beta2": -0.5}, {"lambda1": 1.0, "lambda2": 1.0}, False),
    ("bivariate", {"alpha": 0.5, "beta1": 0.1, "beta2": -0.5}, {"lambda1": 1.0, "lambda2": 1.0}, True),
    ("multivariate", {"alpha": 0.5, "beta1": 0.0, "beta_r": -0.5}, {"lambda1": 1.0, "lambda_r": 1.0}, False),
    ("multivariate", {"alpha": 0.5, "beta1": 0.1, "beta_r": -0.5}, {"lambda1": 1.0, "lambda_r": 1.0}, True),
])  # fmt: skip
def test_a_flow_that_ends_in_a_saddle_has_no_sharpness_at_its_end(name, start, p, known):
    model = models.get(name)
    theta, parameters = named_inputs.states(model, 0, eta=1e-3, **start, **p)
    assert np.isfinite(model.flow_sharpness(theta[0], parameters)).all() == known


@pytest.mark.parametrize("name", ["uv", "linear_net", "threshold", "stabilization"])
def test_zero_coordinates_that_are_not_zero_weights_have_no_plateau(name):
    assert "plateau_steps" not in observables.variables(models.get(name))


@pytest.mark.parametrize("beta2", [-0.5, 0.5])
def test_a_guarded_weight_that_starts_at_zero_came_near_no_flip(beta2):
    start, p = {"alpha": 0.0, "beta1": 0.1, "beta2": beta2}, {"lambda1": 1.0, "lambda2": 1.0, "eta": 0.1}
    found = simulate(start, OFF | p, 1, ALL, 0.0)
    assert found["sign_flips"] == 0 and found["guard_factor_min"] == 1


@pytest.mark.slow
def test_the_guard_factor_is_the_same_in_exact_arithmetic_across_powers():
    """A weight that halves at each step, down to 1e-240: its mantissa changes its power on the way."""
    quadratic = models.get("quadratic")
    names = tuple(observables.expand(["guard_factor_min", "sign_flips"], quadratic))
    given = {"eta": np.array([0.5]), **{f"a{k}": np.array([float(k == 1)]) for k in range(1, 9)}}
    start = {f"theta{k}": np.array([float(k == 1)]) for k in range(1, 9)}
    job = batch.Job(quadratic, names, 800, 0.0)
    for found in (batch.run(job, start, given), oracle.run_in(128, job, start, given)):
        assert found["guard_factor_min"] == 0.5 and found["sign_flips"] == 0


def test_rest_above_the_bound_fails_theorem_4_1():
    start, p = {"alpha": 1.0, "beta1": 0.0, "beta2": 0.9}, {"lambda1": 8.0, "lambda2": 0.5, "eta": 0.5}
    found = simulate(start, OFF | p, 3000, ALL, 1e-20)
    assert found["period"] == 1 and found["sharpness_final"] > 2.02 / p["eta"]
    assert found["theorem_4_1"] == theorem_4_1.FLAG["fails"]


@pytest.mark.slow
def test_an_orbit_is_over_when_its_budget_ends():
    found = eos_sweep.sweep("quartic", {"eta": [0.55]}, initial={"x": 1.1, "y": 1.1}, steps=20_000)
    assert found.period == 2 and found.settled != eos_sweep.trust.CODES["budget_spent"]
    assert quartic.TWO_CYCLE < 0.55
