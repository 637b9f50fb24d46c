"""Exact identities of gradient descent, tested through the compiled kernel with a budget of a few steps."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eos_sweep import sweep, trust
from eos_sweep.models import bivariate
from eos_sweep.models.bivariate_theory import gradient_flow_sharpness, gradient_flow_sharpness_bounds
from helpers.kernel_and_numpy import LABELS, simulate

NAMES = (*LABELS, "sharpness_final")
KAPPA = np.sqrt(10) / 6  # radius * sqrt(lambda1) of the preset


def spread(low, high):
    """Floats whose logarithms are spread evenly."""
    return st.floats(np.log10(low), np.log10(high)).map(lambda x: 10.0**x)


WEIGHT = st.floats(-2, 2).filter(lambda x: abs(x) > 1e-3)
POINT = st.fixed_dictionaries({"alpha": WEIGHT, "beta1": WEIGHT, "beta2": WEIGHT})
PARAMETERS = st.fixed_dictionaries({"lambda1": spread(1, 1e4), "lambda2": spread(1e-4, 1), "eta": spread(1e-4, 1)})
EXAMPLES = settings(max_examples=150, deadline=None)


def after(start, p, steps=1):
    """Return the state after ``steps`` steps in the kernel, and all observables that go with it."""
    found = {name: values[0] for name, values in simulate(start, p, steps, NAMES).items()}
    assume(found["outcome"] != 2)
    return tuple(found[f"{name}_final"] for name in bivariate.STATE), found


def gradients(start, p):
    a, b, c = (start[name] for name in bivariate.STATE)
    error = p["lambda2"] * (a * c - 1)
    return p["lambda1"] * a * b * b + error * c, p["lambda1"] * a * a * b, error * a


@given(POINT, PARAMETERS)
@EXAMPLES
def test_layers_unbalance_by_squared_gradients_only(start, p):
    """Q = alpha^2 - beta1^2 - beta2^2 changes by eta^2 (g_alpha^2 - g_beta1^2 - g_beta2^2)."""
    (x, y, z), _ = after(start, p)
    a, b, c = (start[name] for name in bivariate.STATE)
    ga, gb, gc = (p["eta"] * g for g in gradients(start, p))
    change = (x * x - y * y - z * z) - (a * a - b * b - c * c)
    pull, learn = p["eta"] * p["lambda1"], p["eta"] * p["lambda2"] * (abs(a * c) + 1)
    terms = abs(a) + abs(b) + abs(c) + pull * abs(a * b) * (abs(a) + abs(b)) + learn * (abs(a) + abs(c))
    assert abs(change - (ga**2 - gb**2 - gc**2)) <= 4e-15 * terms**2  # of the largest terms, which may cancel


@given(POINT, PARAMETERS, st.integers(1, 40))
@EXAMPLES
def test_without_the_irrelevant_feature_it_is_a_product(start, p, steps):
    """On beta1 = 0, L = F(p), p = alpha beta2: (alpha^2 - beta2^2)' = (alpha^2 - beta2^2)(1 - eta^2 F'(p)^2)."""
    start = start | {"beta1": 0.0}
    (x, _, z), found = after(start, p, steps)
    assert found["beta1_final"] == 0
    a, c, eta = start["alpha"], start["beta2"], p["eta"]
    product, difference, norm = a * c, a * a - c * c, a * a + c * c
    size = norm
    for _ in range(steps):
        slope = eta * p["lambda2"] * (product - 1)
        product, difference = product - slope * norm + slope**2 * product, difference * (1 - slope**2)
        norm = np.hypot(difference, 2 * product)
        size = max(size, norm)
    assume(size < 1e3)
    assert x * x - z * z == pytest.approx(difference, rel=1e-11, abs=1e-12 * size)
    assert x * z == pytest.approx(product, rel=1e-11, abs=1e-11 * size)


@given(st.floats(-2, 2).filter(lambda x: abs(x) > 1e-3), PARAMETERS, st.sampled_from([-1, 1]), st.integers(1, 60))
@EXAMPLES
def test_balanced_lines_are_invariant(weight, p, sign, steps):
    """alpha = +-beta2 with beta1 = 0 stays so, bit for bit."""
    (x, _, z), _ = after({"alpha": weight, "beta1": 0.0, "beta2": sign * weight}, p, steps)
    assert x == sign * z


@given(POINT, PARAMETERS, spread(1e-3, 1e3), st.integers(1, 8))
@EXAMPLES
def test_only_normalised_combinations_matter(start, p, factor, steps):
    """Runs with equal eta lambda1, lambda2/lambda1 and start are one: sharpness and loss scale with lambda."""
    (one, first), (two, second) = (
        after(start, q, steps)
        for q in (p, {"lambda1": p["lambda1"] * factor, "lambda2": p["lambda2"] * factor, "eta": p["eta"] / factor})
    )
    assume(np.isfinite(one).all() and max(map(abs, one)) < 1e3)
    growth = 1.0 + p["eta"] * p["lambda1"] * 16.0  # of a rounding error in a step
    np.testing.assert_allclose(two, one, rtol=1e-15 * growth**steps + 1e-13, atol=1e-16 * growth**steps)
    if growth**steps < 10:
        np.testing.assert_allclose(second["sharpness_max"], first["sharpness_max"] * factor, rtol=1e-12)


@given(st.floats(0.05, 0.99), st.floats(0.01, 0.95), st.floats(0, 1), spread(100, 1e4), spread(1e-6, 1e-4))
@EXAMPLES
def test_sharpness_grows_below_the_edge_where_theorem_4_3_says(alpha, learnt, share, lambda1, lambda2):
    """S increases while below 2/eta where beta1^2 < lambda2 beta2 (1 - alpha beta2)/(lambda1 alpha)."""
    eta = 1.9 / (lambda1 * alpha**2) * 0.9
    beta2 = learnt / alpha
    room = np.sqrt(lambda2 * beta2 * (1 - learnt) / (lambda1 * alpha))
    start = {"alpha": alpha, "beta1": 0.99 * share * room, "beta2": beta2}
    p = {"lambda1": lambda1, "lambda2": lambda2, "eta": eta}
    (after_alpha, _, after_beta2), found = after(start, p)
    assume(found["steps_above"] == 0)
    assert after_alpha >= alpha and after_beta2 >= beta2
    # Of the sharpness only its leading part lambda1 alpha^2 is monotone; the rest is O(lambda1 beta1^2).
    slack = 8 * lambda1 * (start["beta1"] ** 2) + 4 * lambda2
    assert found["sharpness_final"] >= found["sharpness_initial"] - slack


@given(st.floats(0.3, 1.5), st.floats(-1, 1), st.floats(0.2, 0.99), spread(100, 1e4), st.floats(0.1, 1))
@EXAMPLES
def test_lemma_4_2_bounds_sharpness_on_the_usable_set(reach, side, learnt, lambda1, product):
    """lambda1 alpha^2 <= S <= 1.12 lambda1 alpha^2 with |beta1| <= radius = sqrt(10)/6/sqrt(lambda1), eta <= 0.1."""
    eta = 0.1
    alpha = np.sqrt((1 + reach / 1.6) / (eta * lambda1))  # 1/(eta lambda1) <= alpha^2 < 2/(eta lambda1)
    lambda2 = product / lambda1
    beta2 = min(learnt / alpha, 0.99 * np.sqrt(eta * lambda1 / 2))
    start = {"alpha": alpha, "beta1": side * KAPPA / np.sqrt(lambda1), "beta2": beta2}
    _, found = after(start, {"lambda1": lambda1, "lambda2": lambda2, "eta": eta, "radius": KAPPA / np.sqrt(lambda1)})
    ratio = found["sharpness_initial"] / (lambda1 * alpha**2)
    assert 1 - 1e-15 <= ratio <= 1.12


@given(st.floats(0.3, 2), st.floats(0.05, 1), st.floats(-1, 1), spread(100, 1e4), st.integers(1, 300))
@EXAMPLES
def test_gradient_flow_sharpness_never_rises(alpha, learnt, side, lambda1, steps):
    """phi falls monotonically along gradient descent, up to 1e-7 relative, and stays within its bounds."""
    start = {"alpha": alpha, "beta1": side * KAPPA / np.sqrt(lambda1), "beta2": learnt / alpha}
    p = {"lambda1": lambda1, "lambda2": 0.01 / lambda1, "eta": 1.0 / (lambda1 * alpha**2)}
    p["radius"] = KAPPA / np.sqrt(lambda1)
    (x, y, z), _ = after(start, p, steps)
    before, later = gradient_flow_sharpness(lambda1, **start), gradient_flow_sharpness(lambda1, x, y, z)
    low, high = gradient_flow_sharpness_bounds(lambda1, x, z, p["radius"])
    assert low * (1 - 1e-12) <= later <= high * (1 + 1e-12)
    assume(abs(start["beta1"]) < 0.9 * alpha)
    assert later <= before * (1 + 1e-7) + 1e-7 * lambda1


@given(spread(100, 1e3), spread(1e-4, 1e-2), st.floats(0.05, 0.9))
@settings(max_examples=25, deadline=None)
def test_on_the_edge_the_relevant_loss_falls_at_a_rate_without_eta(lambda1, share, learnt):
    """On alpha^2 = 2/(eta lambda1), beta1 = 0, the loss L^ falls by (1 - 2 lambda2/lambda1)^2 a step, whatever eta."""
    for eta in (0.03, 0.1):
        lambda2 = share
        alpha = np.sqrt(2 / (eta * lambda1))
        (_, _, z), _ = after(
            {"alpha": alpha, "beta1": 0.0, "beta2": learnt / alpha},
            {"lambda1": lambda1, "lambda2": lambda2, "eta": eta},
        )
        ratio = ((z * alpha - 1) / (learnt - 1)) ** 2
        assert ratio == pytest.approx((1 - 2 * lambda2 / lambda1) ** 2, rel=1e-12)
        assert (1 - 4 * lambda2 / lambda1) ** 2 <= ratio <= (1 - lambda2 / lambda1) ** 2


def collapsed(lambda1):
    """Return labels over eta lambda1, lambda2/lambda1 and radius sqrt(eta lambda1), and where rounding decides."""
    axes = {"rho": [0.05, 0.3, 1.5], "epsilon": {"log": [1e-7, 1e-1, 20]}, "q2": {"log": [0.5, 500, 21]}}
    given = {"lambda1": lambda1, "eta": "q2 / lambda1", "lambda2": "epsilon * lambda1", "radius": "rho / sqrt(q2)"}
    names = ["magnification", *trust.REQUIRED]
    start = {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}
    found = sweep("bivariate", axes, given, start, steps=1000, observables=names)
    return found.regime.values, found.settled.values == trust.CODES["rounding"]


@pytest.mark.slow
def test_maps_in_normalised_axes_are_one():
    """Labels of equal eta lambda1, lambda2/lambda1 and radius sqrt(eta lambda1) are equal up to rounding."""
    first, shaken = collapsed(100.0)
    assert len(np.unique(first)) >= 6
    assert np.array_equal(collapsed(100.0 * 2**10)[0], first)  # nothing is rounded differently by powers of two
    for lambda1 in (30.0, 1e4):
        other, shaken_there = collapsed(lambda1)
        differ = other != first
        assert differ.mean() < 0.005
        assert not (differ & ~shaken & ~shaken_there).any()
