"""Divergence follows the scale of the loss, not a bound alone."""

import numpy as np
import pytest

import eos_sweep
from eos_sweep import models, regimes

DIVERGENCE = regimes.CODES["divergence"]


def quadratic(theta, **options):
    return eos_sweep.sweep(
        "quadratic", {"eta": [1.9, 2.0003, 2.0008]}, {"a1": 1.0}, {"theta1": theta}, steps=20_000, **options
    )


def test_a_network_that_still_grows_when_its_budget_ends_diverges():
    def run(steps):
        return eos_sweep.sweep("tanh_net", {"eta": [0.8, 1.6]}, {"width": 10}, steps=steps)

    whole = run(2000)
    last = int(whole.steps_taken[1])
    assert last < 2000 and whole.outcome[1] == regimes.DIVERGED
    for steps in range(last - 4, last):  # the loss is within the absolute bound
        found = run(steps)
        assert found.outcome[1] == regimes.BUDGET_SPENT and found.loss_final[1] > 1e12
        assert found.regime[1] == DIVERGENCE and found.regime[0] != DIVERGENCE
        assert found.loss_growth[1] == found.loss_final[1] / found.loss_initial[1]
        without = eos_sweep.label(found.drop_vars("loss_growth"))
        assert without[1] == regimes.CODES["unsettled"]
        assert "divergence: the loss left every bound; its growth over its scale is not stored" in without.rules
        assert "`blowup`" in found.regime.rules


@pytest.mark.parametrize("theta", [1e-40, 1e-3, 7.0, 1e6])
def test_the_unit_of_the_weights_changes_nothing(theta):
    found = quadratic(theta)
    growth = np.maximum((1 - found.eta) ** (2 * found.steps_taken), 1)  # in closed form
    np.testing.assert_allclose(found.loss_growth, growth, rtol=1e-8)
    assert (found.regime == DIVERGENCE).values.tolist() == [False, False, True]
    assert eos_sweep.label(found, blowup=1e4)[1] == DIVERGENCE
    assert not (eos_sweep.label(found, blowup=1e40) == DIVERGENCE).any()


def test_a_start_close_to_a_minimum_is_no_small_scale():
    """A loss that has grown from next to nothing to one, on the way to a catapult, is no divergence."""
    start = {"alpha": 1.0, "beta1": 1e-12, "beta2": 1.0}
    parameters = {"lambda1": 1.0, "lambda2": 0.01}
    found = eos_sweep.sweep("bivariate", {"eta": [2.2]}, parameters, start, steps=135)  # it grows 1.44-fold a step
    assert found.loss_final > 1e18 * found.loss_initial and found.outcome == regimes.BUDGET_SPENT
    assert found.regime != DIVERGENCE and found.loss_growth == 1


@pytest.mark.slow
def test_the_size_of_a_network_is_that_of_its_weights():
    """The same orbit of h = eta f/sqrt(n), whatever the width and the scales: bounded, so it does not diverge."""
    for y, n in ((1.0, 1.0), (1e-11, 1e6), (1e5, 1e3)):
        eta = 1.2 * np.sqrt(n) / y  # two steps
        start = {"f": 1.0000001 * y, "lam": "balanced"}
        found = eos_sweep.sweep("uv", {"eta": [eta]}, {"n": n, "y": y}, start, steps=20_000)
        assert found.loss_growth == 1 and found.regime == regimes.CODES["periodic"], (y, n)


@pytest.mark.parametrize(("name", "theta", "p", "square"), [
    ("uv", (0.3, 2.0), (0.1, 5.0, 1.0), 10.0),
    ("scalar_net", (1.0, 2.0, 3.0, 4.0, 5.0), (3.0, 0.1), 14.0),
    ("threshold", (6.0, 2.0, 0.0), (0.1, 3.0), 6.0),
    ("stabilization", (3.0, 7.0, 0.0), (0.1, 2.0, 4.0), 10.0),
    ("linear_net", (1.0, 9.0, 9.0, 9.0, 2.0, 3.0, 4.0, 9.0, 9.0, 9.0), (1.0,) * 6 + (7.0, 0.1), 70.0),
])  # fmt: skip
def test_weights_that_are_no_coordinates_are_counted(name, theta, p, square):
    assert models.get(name).weights_squared(tuple(map(np.array, theta)), p) == pytest.approx(square, rel=1e-15)
