"""The claims of Liu et al. 2025 that fail inside all of their assumptions do so in exact arithmetic."""

import numpy as np
import pytest

import eos_sweep
from eos_sweep import observables
from eos_sweep.checks.labels.confirm import confirm
from eos_sweep.errors import InputError
from eos_sweep.models import bivariate, bivariate_claims
from helpers.claim_runs import AT, RUNS, A
from helpers.kernel_and_numpy import ALL, simulate

INSIDE = {  # claim -> lambda1, lambda2, eta, alpha, beta1, beta2, steps
    "theorem_4_3": (336.8, 8.261e-5, 0.06668, 0.2512, 7e-4, 2.378, 1),
    "theorem_4_4": (115.5, 0.006346, 0.05462, 0.4815, 3.264e-4, 1.392, 20_000),
    "theorem_4_6": (2536.0, 2.563e-4, 0.0267, 0.1376, 1.318e-5, 4.586, 12_000),
    "gfs_decrease": (108.0, 0.0086, 0.092, 0.34, 1e-5, 1.25, 200),
}


@pytest.mark.parametrize("claim", INSIDE)
def test_a_claim_that_fails_inside_the_assumptions_fails_in_exact_arithmetic(claim):
    lambda1, lambda2, eta, alpha, beta1, beta2, steps = INSIDE[claim]
    start = {"alpha": alpha, "beta1": beta1, "beta2": beta2}
    radius = np.sqrt(10) / 6 / np.sqrt(lambda1)
    given_ = {"lambda1": lambda1, "lambda2": lambda2, "eta": eta, "clip": np.inf, "radius": radius}
    assert bivariate_claims.margin(start | given_) > 0
    found = simulate(start, given_, steps, ALL)
    exact = confirm(claim, bivariate, start, given_, steps)
    assert exact.bits > 0 and exact.first > 0 and exact.worst > 1 + observables.get(claim).TOLERANCE
    assert (exact.failures, exact.first) == (found[f"{claim}_failures"][0], found[f"{claim}_first_failure"][0])
    assert exact.worst - 1 == pytest.approx(found[f"{claim}_worst"][0] - 1, rel=1e-4)


def inside(claim):
    """Return the trajectory of a point of INSIDE."""
    lambda1, lambda2, eta, alpha, beta1, beta2, steps = INSIDE[claim]
    given_ = {"lambda1": lambda1, "lambda2": lambda2, "eta": eta, "radius": "liu2025"}
    return eos_sweep.trajectory("bivariate", given_, {"alpha": alpha, "beta1": beta1, "beta2": beta2}, steps=steps)


def test_above_the_edge_beta1_may_shrink_and_alpha_rise_before_alpha_is_there():
    """Theorem 4.4 fails between S = 2/eta and lambda1 alpha^2 = 2/eta, where |beta1| < delta."""
    run = inside("theorem_4_4")
    a, b, c = (run[name].values for name in bivariate.STATE)
    fails = (run.sharpness.values >= run.threshold)[:-1] & (np.diff(np.abs(b)) < 0) & (np.diff(a) > 0)
    along, delta = run.lambda1.item() * a**2, run.lambda2.item() * c * (1 - a * c) / (run.lambda1.item() * a)
    narrow = (along < run.threshold) & (run.sharpness.values >= run.threshold) & (b * b < delta)
    assert fails.any() and (fails == narrow[:-1]).all()


def test_the_flow_sharpness_rises_by_what_the_relevant_gradients_add_to_the_balance():
    run = inside("gfs_decrease")
    a, b, c = (run[name].values for name in bivariate.STATE)
    phi, q = run.flow_sharpness.values, a * a - b * b - c * c
    rise = (run.eta.item() * run.lambda2.item() * (1 - a * c)) ** 2 * (c * c - a * a) / np.sqrt(q * q + 4)
    later = np.abs(b) < 1e-9
    np.testing.assert_allclose((phi[1:] / phi[:-1] - 1)[later[:-1]], rise[:-1][later[:-1]], atol=1e-14)
    assert rise.max() > 1e-7 and later.sum() > 50


def test_exact_arithmetic_agrees_on_the_sharpness_claims():
    start, given_ = RUNS["flips"]
    found = simulate(start, given_, 60, ALL)
    for claim in ("lemma_4_2_i", "lemma_4_2_ii", "theorem_4_3", "theorem_4_4"):
        exact = confirm(claim, bivariate, start, given_ | {"clip": np.inf}, 60)
        assert exact.failures == found[f"{claim}_failures"][0] and exact.first == found[f"{claim}_first_failure"][0]
        np.testing.assert_allclose(exact.worst, found[f"{claim}_worst"][0], rtol=1e-9, err_msg=claim)


def test_only_a_claim_about_steps_can_be_confirmed():
    for claim in ("theorem_4_1", "lemma_9"):
        with pytest.raises(InputError, match="there are: lemma_4_2_i, "):
            confirm(claim, bivariate, A, AT, 1)
