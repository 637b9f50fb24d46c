"""Lyapunov exponents and periods under update rules with a memory, and what is stored at neutral parameters."""

import numpy as np
import pytest

from eos_sweep import models, regimes, trust
from eos_sweep.checks.exact import numpy_run
from eos_sweep.conformance.trial import inputs
from eos_sweep.contract import Job
from helpers.named_inputs import columns
from helpers.ruled_runs import NEUTRAL, derived_gd

PARABOLA = models.Formula.from_dict({"loss": "a*(x - 1)**2/2", "state": ["x"], "parameters": {"a": {"above": 0.0}}})
STABLE = [0.01, 0.2, 0.7, 1.2, 1.3]  # eta times the curvature


@pytest.mark.parametrize(("rule", "momentum"), [("heavy_ball", 0.3), ("heavy_ball", 0.9), ("nesterov", 0.3)])
def test_on_a_parabola_the_lyapunov_exponent_is_the_log_of_the_spectral_radius(rule, momentum):
    """Between two budgets, so that the start does not count; where a step turns, a run is stopped at some angle."""
    model, steps = models.get(PARABOLA, rule), 2000
    given = columns(model, x=[2.0] * len(STABLE), a=STABLE, eta=1.0, momentum=momentum)
    once, twice = (
        numpy_run.run(Job(model, ("lyapunov",), count, 0.0), *given)["lyapunov"] for count in (steps, 2 * steps)
    )
    for a, found in zip(STABLE, 2.0 * twice - once, strict=True):
        memory = momentum * (1.0 - a) if rule == "nesterov" else momentum
        roots = np.linalg.eigvals([[1.0 - a, -memory], [a, memory]])  # of (x, eta v)
        real = np.isreal(roots).all()
        np.testing.assert_allclose(found, np.log(np.abs(roots).max()), atol=1e-9 if real else 2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("momentum", [0.1, 0.2])
def test_above_the_edge_of_every_minimum_heavy_ball_ends_on_a_cycle_of_two_steps(momentum):
    """The flattest minima of (1 - (xy)^2)^2/4 are at x = y, with the sharpness 4."""
    model = models.get("quartic", "heavy_ball")
    eta = 2.0 * (1.0 + momentum) / 4.0 * np.array([0.97, 1.02, 1.05])
    found = numpy_run.run(
        Job(model, ("period", "final_above", "outcome"), 20_000, 1e-20),
        *columns(model, x=[0.9] * 3, y=[0.9] * 3, eta=eta, momentum=momentum),
    )
    assert found["period"].tolist()[1:] == [2, 2]
    assert found["outcome"].tolist() == [1, 3, 3]


@np.errstate(all="ignore")
@pytest.mark.parametrize("rule", ["heavy_ball", "nesterov + l2 + linear_warmup", "sam_unnormalised"])
def test_what_is_stored_at_neutral_parameters_is_that_of_gradient_descent_to_the_last_bit(rule):
    plain, ruled = derived_gd("bivariate"), models.get("bivariate", rule)
    initial, parameters = inputs(models.get("bivariate"), 64)
    parameters = {name: parameters[name] for name in plain.PARAMETERS}
    more = {name: np.full(64, NEUTRAL[name]) for name in ruled.PARAMETERS if name not in parameters}
    free = {name: np.full(64, np.inf) for name in ("clip", "radius")}  # which a formula does not have
    names = tuple(
        name
        for name in (*trust.REQUIRED, "crossings", "loss_final", "magnification")
        if name not in ("period", "sign_flips")
    )
    mine = numpy_run.run(Job(ruled, names, 300, 1e-12), initial, {**parameters, **free, **more})
    right = numpy_run.run(Job(plain, names, 300, 1e-12), initial, {**parameters, **free})
    assert len(np.unique(right["outcome"])) > 1
    for name in names:
        np.testing.assert_array_equal(mine[name], right[name], err_msg=name)


@pytest.mark.slow
@np.errstate(all="ignore")
@pytest.mark.parametrize("name", ["bivariate", "product"])
def test_at_neutral_parameters_labels_are_those_of_the_step_by_hand_unless_they_hang_on_rounding(name):
    by_hand, ruled, count = models.get(name), models.get(name, "heavy_ball"), 400
    initial, parameters = inputs(by_hand, count)
    limits = regimes.thresholds(by_hand.THRESHOLDS)
    names = (*trust.REQUIRED, "magnification", *(["guard_factor_min"] if by_hand.GUARD else []))
    labels, hang = [], np.zeros(count, bool)
    for model, more in ((by_hand, {}), (ruled, {"momentum": np.zeros(count)})):
        found = numpy_run.run(Job(model, names, 300, 1e-12), initial, parameters | more)
        labels.append(regimes.classify(found, limits))
        hang |= trust.classify(found, limits) == trust.CODES["rounding"]
    assert len(np.unique(labels[0])) > 2
    np.testing.assert_array_equal(labels[0][~hang], labels[1][~hang])
