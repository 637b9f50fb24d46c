"""The model `bivariate`: symmetries, exact laws, clip and projection, the exponent of beta1, settled runs."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep import exponent
from eos_sweep.models import bivariate, inner_weight
from eos_sweep.state import enter, log10_abs, values
from helpers import formulas
from helpers.kernel_and_numpy import COUNTS, CROSSINGS, OFF, follow, same_bits, simulate
from helpers.random_points import random_points

A = {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
RADIUS = np.sqrt(10) / 60


def tuples(initial, parameters):
    """Return (theta, p) with beta1's power zero."""
    theta = *(initial[name] for name in bivariate.STATE), np.zeros(len(initial["alpha"]))
    return theta, tuple(parameters[name] for name in bivariate.PARAMETERS)


# Symmetries


def scaled(parameters, factor):
    """The same eta lambda1, lambda2 / lambda1 and radius; gradients are ``factor`` times larger."""
    return {
        **parameters,
        "lambda1": parameters["lambda1"] * factor,
        "lambda2": parameters["lambda2"] * factor,
        "eta": parameters["eta"] / factor,
        "clip": parameters.get("clip", np.inf) * factor,
    }


@pytest.mark.slow
def test_lambdas_and_step_size_scale_out_bit_for_bit_by_a_power_of_two():
    initial, parameters = random_points(300, 3)
    left, right = (simulate(initial, q, 500, COUNTS) for q in (parameters, scaled(parameters, 2.0**7)))
    fine = (left["outcome"] != 2) & (right["outcome"] != 2)  # the bound on the loss does not scale
    assert fine.sum() > 100
    for name in left:
        assert same_bits(left[name][fine], right[name][fine]), name


@pytest.mark.parametrize("factor", [0.3, 3.7, 1e5])
def test_lambdas_and_step_size_scale_out(factor):
    parameters = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.05, "radius": RADIUS}
    left, right = (follow(A, q, 600) for q in (parameters, scaled(parameters, factor)))
    assert left.unstable.sum() > 20
    for one, other in zip(left.theta[:3:2], right.theta[:3:2], strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12)
    np.testing.assert_allclose(right.sharpness, left.sharpness * factor, rtol=1e-12)
    np.testing.assert_allclose(right.log10_abs_beta1, left.log10_abs_beta1, atol=1e-10)


def test_only_normalised_combinations_matter():
    """x = q alpha, y = q beta1, z = q beta2 with q^2 = eta lambda1 obey a map of q and eps = lambda2/lambda1 alone."""
    lambda1, lambda2, eta = 300.0, 0.05, 0.02
    path = follow(A, {"lambda1": lambda1, "lambda2": lambda2, "eta": eta, "radius": 0.05}, 600)
    assert 0 < path.unstable.sum() < 600
    q, eps = np.sqrt(eta * lambda1), lambda2 / lambda1
    x, y, z = (q * A[name] for name in bivariate.STATE)
    for t in range(600):
        error = x * z - q * q
        x, y, z = x * (1 - y * y) - eps * error * z, y * (1 - x * x), z - eps * x * error
        y = np.clip(y, -q * 0.05, q * 0.05)
        assert x == pytest.approx(q * path.theta[0][t + 1, 0], rel=1e-12)
        assert z == pytest.approx(q * path.theta[2][t + 1, 0], rel=1e-12)
        assert np.log10(abs(y) / q) == pytest.approx(path.log10_abs_beta1[t + 1, 0], abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("signs", [(-1, 1, -1), (1, -1, 1), (-1, -1, -1)])
def test_mirrored_starts_take_mirrored_paths(signs):
    initial, parameters = random_points(200, 4)
    mirrored = {name: sign * initial[name] for name, sign in zip(bivariate.STATE, signs, strict=True)}
    left, right = (simulate(start, parameters, 300, COUNTS) for start in (initial, mirrored))
    for name in ("steps_taken", "first_crossing", "crossings", "steps_above", "sign_flips", "loss_rises"):
        assert np.array_equal(left[name], right[name]), name
    for name, sign in zip(bivariate.STATE, signs, strict=True):
        assert np.array_equal(left[f"{name}_final"] * sign, right[f"{name}_final"], equal_nan=True)


# Laws


def test_balance_of_layers_changes_by_squared_gradients_only():
    """Q = alpha^2 - beta1^2 - beta2^2 changes in one step by eta^2 (g_alpha^2 - g_beta1^2 - g_beta2^2), exactly."""
    initial, parameters = random_points(2000, 5)
    parameters["clip"], parameters["radius"] = np.full(2000, np.inf), np.full(2000, np.inf)
    theta, p = tuples(initial, parameters)
    after = bivariate.step(theta, p)
    (a, b, c), (x, y, z) = theta[:3], after[:3]
    lambda1, lambda2, eta = p[:3]
    error = lambda2 * (a * c - 1)
    squares = eta**2 * ((lambda1 * a * b**2 + error * c) ** 2 - (lambda1 * a**2 * b) ** 2 - (error * a) ** 2)
    size = a**2 + b**2 + c**2 + x**2 + y**2 + z**2
    assert (np.abs((x**2 - y**2 - z**2) - (a**2 - b**2 - c**2) - squares) / size).max() < 2e-15


def test_without_beta1_it_stays_so_and_is_an_eigenvector():
    initial, parameters = random_points(200, 6)
    initial["beta1"] = np.zeros(200)
    result = simulate(initial, parameters, 300, COUNTS)
    assert (result["beta1_final"] == 0).all() and (result["log10_abs_beta1_final"] == -np.inf).all()
    theta, p = tuples(initial, parameters)
    unit = np.array([0.0, 1.0, 0.0])
    assert np.array_equal(bivariate.hessian(theta, p) @ unit, (p[0] * theta[0] ** 2)[:, None] * unit)


def test_loss_is_the_sum_of_its_parts():
    theta, p = tuples(*random_points(200, 7))
    irrelevant, relevant = bivariate.loss_parts(theta, p)
    np.testing.assert_allclose(irrelevant, 0.5 * p[0] * (theta[0] * theta[1]) ** 2, rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(relevant, 0.5 * p[1] * (theta[0] * theta[2] - 1) ** 2, rtol=1e-14)
    np.testing.assert_allclose(bivariate.loss(theta, p), irrelevant + relevant, rtol=1e-15)


# Clip and projection

decade = st.floats(-6, 3).map(lambda exponent: 10.0**exponent)
bound = st.one_of(st.just(np.inf), st.just(0.0), decade)


@given(st.floats(-2, 2), st.floats(-2, 2), decade, decade, bound, bound)
@settings(max_examples=500)
def test_clip_bounds_the_gradient_and_radius_the_weight(alpha, beta1, lambda1, eta, clip, radius):
    p = tuple(np.array([x]) for x in (lambda1, 0.01, eta, clip, radius))
    theta = tuple(np.array([x]) for x in (alpha, beta1, 0.5, 0.0))
    after = float(bivariate.step(theta, p)[1][0])
    pull, most = (eta * lambda1) * (alpha * alpha) * beta1, eta * clip
    moved = float(inner_weight.descended(theta[1], theta[3], theta[0], p[0], p[2], p[3])[0][0])
    if abs(pull) > most:
        assert moved == beta1 - min(max(pull, -most), most)
    else:
        factor = 1 - Fraction(eta) * Fraction(lambda1) * Fraction(alpha) ** 2
        assert moved == pytest.approx(float(Fraction(beta1) * factor), rel=1e-15, abs=0.0)
    assert after == min(max(moved, -radius), radius)
    assert bool(bivariate.clipped(theta, p)[0]) is (abs(pull) > most or abs(moved) > radius)
    assert abs(after) <= radius
    if radius == np.inf:
        rounding = np.spacing(max(abs(beta1), abs(after)))
        assert abs(beta1 - after) <= eta * clip + 2 * rounding
    if not bivariate.clipped(theta, p)[0]:
        assert np.array_equal(bivariate.step(theta, (*p[:3], *(np.array([np.inf]),) * 2))[1][0], after)


def test_a_clip_of_zero_freezes_beta1_and_a_radius_of_zero_removes_it():
    initial, parameters = random_points(200, 8)
    off = np.full(200, np.inf)
    frozen = simulate(initial, {**parameters, "clip": 0 * off.clip(0, 1), "radius": off}, 100, COUNTS)
    bounded = frozen["outcome"] != 2
    assert np.array_equal(frozen["beta1_final"][bounded], initial["beta1"][bounded])
    removed = simulate(initial, {**parameters, "clip": off, "radius": 0.0}, 100, COUNTS)
    assert (removed["beta1_final"][removed["steps_taken"] > 0] == 0).all()


@pytest.mark.parametrize("name", ["clip", "radius"])
@pytest.mark.parametrize("value", [1.3e-3, 1e-15, 1e-19, 1e-25, 1e-45, 1e-100, 1e-160])
@pytest.mark.parametrize("start", [1e-2, 1e-17, 1e-40, 1e-120, 1e-200, 1e-290])
def test_bounds_act_alike_whatever_exponent_beta1_has(name, value, start):
    """At fixed alpha = 1, lambda1 = 100, eta = 0.05 each step multiplies beta1 by -4, until a bound acts."""
    initial = {"alpha": 1.0, "beta1": start, "beta2": 1.0}
    parameters = {"lambda1": 100.0, "lambda2": 1e-30, "eta": 0.05, name: value}
    result = simulate(initial, {**parameters, "lambda2": 1e-30}, 700, COUNTS)
    state = formulas.trajectory(
        initial.values(), [parameters.get(n, np.inf) for n in bivariate.PARAMETERS], 700, bits=120
    )[-1]
    if value <= 1e-15:  # alpha stays
        assert result["log10_abs_beta1_final"][0] == pytest.approx(formulas.log10(state[1]), abs=1e-9)
    assert result["alpha_final"][0] == pytest.approx(float(state[0]), rel=1e-9)


# The exponent of beta1


@given(st.floats(-1.5, 1.5), st.floats(-323, 3), st.floats(0, 4), st.floats(-3, 0.5))
@settings(max_examples=200)
def test_rescaling_changes_nothing_but_the_form(alpha, decades, lambda1, eta):
    p = tuple(np.array([x]) for x in (10.0**lambda1, 0.01, 10.0**eta, np.inf, np.inf))
    beta1 = np.array([10.0**decades])
    initial = {"alpha": np.array([alpha]), "beta1": beta1, "beta2": np.array([0.5])}
    theta = enter(bivariate, initial, p)
    assert values(bivariate, theta)["beta1"] == beta1
    assert log10_abs(theta[1], theta[3])[0] == pytest.approx(np.log10(beta1[0]), abs=1e-12)
    again = bivariate.rescale(theta, p)
    assert np.array_equal(again, theta)  # so it does not alternate between two powers
    assert theta[3] >= 0 or abs(values(bivariate, theta)["beta1"][0]) < exponent.LARGE * exponent.DOWN
    if abs(beta1[0]) > exponent.HIDDEN:
        seen = p[2] * p[0] * beta1**2
        assert bivariate.pressure(theta, p) == pytest.approx(seen, rel=1e-15)  # for any mantissa and power
    assert abs(theta[1][0]) > 1e-60 or theta[3] == 0


@pytest.mark.parametrize("start", [(0.0, 1e-60, 1.0), (0.0, 1e-51, 1.0), (0.0, 1e-70, -1.0)])
@pytest.mark.parametrize("bounds", [{"radius": 1e-4}, {"radius": 1e-3, "clip": 1e-2}, {}])
def test_a_hidden_beta1_is_seen_as_soon_as_it_counts(start, bounds):
    """alpha leaves zero in one step; beta1 then grows a millionfold a step and is large within one chunk."""
    parameters = {"lambda1": 1e6, "lambda2": 1.0, "eta": 1.0, **OFF, **bounds}
    initial = dict(zip(bivariate.STATE, start, strict=True))
    for steps in (8, 14, 16, 20):
        p = tuple(parameters[name] for name in bivariate.PARAMETERS)
        true = formulas.observe(start, p, steps)
        found = simulate(initial, parameters, steps, COUNTS)
        assert {name: found[name][0] for name in ("steps_taken", "outcome", "sign_flips", "crossings")} == {
            name: true[name] for name in ("steps_taken", "outcome", "sign_flips", "crossings")
        }
        assert found["alpha_final"][0] == pytest.approx(float(true["state"][0]), rel=1e-9)


def test_the_mirror_image_of_a_run_is_a_run():
    """(alpha, beta2) -> (-alpha, -beta2) is a symmetry of the model; a start at alpha = 0 is no change of sign."""
    initial, parameters = random_points(300, 11)
    initial["alpha"][:20] = 0.0
    mirrored = {**initial, "alpha": -initial["alpha"], "beta2": -initial["beta2"]}
    here, there = (simulate(start, parameters, 300, COUNTS) for start in (initial, mirrored))
    for name in ("steps_taken", "outcome", "crossings", "steps_above", "sign_flips", "loss_rises"):
        np.testing.assert_array_equal(here[name], there[name])
    np.testing.assert_array_equal(here["alpha_final"], -there["alpha_final"])


def test_a_clip_that_holds_beta1_settles_nothing():
    parameters = {"lambda1": 1.0, "lambda2": 1.0, "eta": 0.1, "clip": 0.0}
    found = simulate({"alpha": 1.0, "beta1": 1e-12, "beta2": 1.0}, parameters, 100, COUNTS, tolerance=1e-9)
    assert found["outcome"][0] == 3 and found["beta1_final"][0] == 1e-12


# Settled


@given(st.integers(0, 10**6), st.sampled_from([1e-20, 1e-9, 1e-3, 1.0]))
@settings(max_examples=6)
def test_a_settled_trajectory_stays_below_the_edge(seed, tolerance):
    random = np.random.default_rng(seed)
    initial, parameters = random_points(400, seed)
    parameters["lambda2"] = 10.0 ** random.uniform(-2, 2, 400)
    initial["beta2"] = random.uniform(-3, 3, 400)
    ended = simulate(initial, parameters, 4000, COUNTS, tolerance)
    settled = ended["outcome"] == 1
    assert settled.sum() > 20
    assert (ended["final_above"][settled] == 1).all()
    on = simulate(initial, parameters, 40_000, COUNTS, 0.0)
    for name in (*CROSSINGS, "sign_flips"):
        assert np.array_equal(on[name][settled], ended[name][settled]), name
    assert (on["outcome"][settled] == 3).all()


@given(st.integers(0, 10**6))
@settings(max_examples=6)
def test_just_below_the_edge_settled_still_means_settled(seed):
    """Starts near a minimum whose sharpness is within 1e-3 of 2/eta, on either side, with either weight unstable."""
    random = np.random.default_rng(seed)
    count = 400
    alpha = 10.0 ** random.uniform(-1.5, 1, count)
    lambda1, lambda2 = 10.0 ** random.uniform(-1, 3, count), 10.0 ** random.uniform(-3, 2, count)
    edge = 2 / np.maximum(lambda1 * alpha**2, lambda2 * (alpha**2 + alpha**-2.0))
    initial = {
        "alpha": alpha * (1 + 10.0 ** random.uniform(-9, -3, count)),
        "beta1": alpha * 10.0 ** random.uniform(-12, -2, count),
        "beta2": 1 / alpha,
    }
    parameters = {"lambda1": lambda1, "lambda2": lambda2, "eta": edge * (1 + random.uniform(-1e-3, 2e-4, count))}
    ended = simulate(initial, parameters, 4000, COUNTS, 1.0)
    settled = ended["outcome"] == 1
    assert settled.sum() > 20
    on = simulate(initial, parameters, 40_000, COUNTS, 0.0)
    for name in CROSSINGS:
        assert np.array_equal(on[name][settled], ended[name][settled]), name
