"""The model `threshold`: its formulas, the bias that it learns, and the kernel against NumPy and MPFR."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep import observables, regimes
from eos_sweep.eigen.sharpness import sharpness
from eos_sweep.functions import expected_relu
from eos_sweep.models import threshold
from helpers import named_inputs as named
from helpers.critical_lines import lines
from helpers.exact_labels import assert_labels_are_exact, assert_small_numbers_are_exact
from helpers.kernel_and_numpy import bisect, columns

pytestmark = pytest.mark.slow

ALL = observables.expand(("all",), threshold)
SOME = observables.expand((*regimes.REQUIRED, "loss_final", "sharpness_final", "A_final", "b_final"), threshold)
LINES = lines(threshold)
D = 200.0
EDGE = 8 * np.pi / D**2  # of the step size, where b = 0


def run(steps, tolerance=0.0, variables=SOME, **given):
    return named.run(threshold, steps, variables, tolerance, **given)


def points(count, seed):
    """Points below the edge and beyond it, of small and of large weights, some too small for a double's square."""
    random = np.random.default_rng(seed)
    d = 10.0 ** random.uniform(0, 3, count)
    size = np.where(
        random.random(count) < 0.15, 10.0 ** random.uniform(-150, -20, count), 10.0 ** random.uniform(-4, 1, count)
    )
    initial = {
        "A": random.choice([-1, 1], count) * size,
        "b": random.choice([0.0, 1.0], count) * random.normal(0, 1, count),
    }
    return initial, {"eta": 8 * np.pi / d**2 * 10.0 ** random.uniform(-1.5, 1.5, count), "d": d}


# The formulas


def exact(A, b, eta, d):
    """Return the step, the loss and the Hessian along a = A/(d sqrt 2) and b, from their definitions."""

    def loss(a, b):
        return mpmath.log1p(2 * mpmath.sinh(mpmath.sqrt(2) * d * a * mean(b) / 4) ** 2)

    def mean(b):
        return mpmath.npdf(b) + b * mpmath.ncdf(b)

    scale = d * mpmath.sqrt(2)
    place = A / scale, b
    slopes = [mpmath.diff(loss, place, order) for order in ((1, 0), (0, 1))]
    hessian = [mpmath.diff(loss, place, order) for order in ((2, 0), (1, 1), (1, 1), (0, 2))]
    return (A - scale * eta * slopes[0], b - eta * slopes[1]), loss(*place), hessian


def tuples(initial, parameters):
    return (*initial.values(), np.zeros(len(initial["A"]))), tuple(parameters.values())


def test_a_step_goes_down_the_gradient_and_hessian_and_tangent_are_those_of_the_loss():
    initial, parameters = points(60, 1)
    initial["A"] = np.sign(initial["A"]) * np.maximum(np.abs(initial["A"]), 1e-4)
    theta, p = tuples(initial, parameters)
    after, hessian, loss = threshold.step(theta, p), threshold.hessian(theta, p), threshold.loss(theta, p)
    tangents = [threshold.tangent(theta, p, v) for v in ((1.0, 0.0), (0.0, 1.0))]
    largest = np.linalg.eigvalsh(hessian)[:, -1]
    with mpmath.workdps(60):
        for row in range(60):
            A, b, eta, d = (mpmath.mpf(float(column[row])) for column in (*theta[:2], *p))
            moved, value, second = exact(A, b, eta, d)
            for found, start, right in zip(after, (A, b), moved, strict=False):
                assert abs(found[row] - right) <= 6e-15 * max(abs(start), abs(right), abs(start - right))
            assert abs(loss[row] - value) <= 3e-14 * value
            for found, right in zip(hessian[row].ravel(), second, strict=True):
                assert abs(found - right) <= 1e-14 * max(abs(right), largest[row])
            scale, (along, arm, _, across) = d * mpmath.sqrt(2), second
            jacobian = [
                (A / moved[0] * (1 - eta * along), -eta * arm * A / scale),
                (-scale * eta * arm / moved[0], 1 - eta * across),
            ]
            room = 2e-14 * (1 + abs(A / moved[0])) * (1 + eta * largest[row]) * (1 + abs(A) + abs(scale / A))
            for found, right in zip(tangents, jacobian, strict=True):
                for number, wanted in zip(found, right, strict=True):
                    assert abs(number[row] - wanted) <= room + 2e-14 * abs(wanted)


@given(st.floats(-5, 5), st.floats(-3, 1.5), st.floats(-2, 1.5))
@settings(max_examples=200)
def test_the_bias_only_falls_and_the_weight_shrinks_while_the_minimum_is_stable(b, decade, ratio):
    values = {"A": 10.0**decade, "b": b, "d": 30.0, "eta": 8 * np.pi / 900 * 10.0**ratio}
    found = run(1, variables=("steps_taken", "A_final", "b_final"), **values)
    assert found["b_final"][0] <= b
    if values["eta"] * (30 * expected_relu(np.float64(b))) ** 2 < 4:
        assert abs(found["A_final"][0]) <= 10.0**decade


def test_a_change_of_the_weights_sign_leads_to_the_mirror_image():
    initial, parameters = points(300, 5)
    here, there = run(300, **initial, **parameters), run(300, A=-initial["A"], b=initial["b"], **parameters)
    for name in here:
        assert np.array_equal(here[name], -there[name] if name == "A_final" else there[name], equal_nan=True), name


# The exponent of A


def test_the_weight_decays_far_below_doubles():
    eta = EDGE * np.array([0.53, 0.6, 0.9])
    found = run(2000, variables=ALL, A=1e-9, b=0.0, eta=eta, d=D)
    right = -9 + 2000 * np.log10(np.abs(1 - 2 * eta / EDGE))
    assert right.min() < -1000
    np.testing.assert_allclose(found["log10_abs_A_final"], right, rtol=1e-8)
    np.testing.assert_allclose(found["sharpness_final"], D**2 / (4 * np.pi), rtol=1e-14)


# The kernel


def test_labels_are_those_of_exact_arithmetic():
    initial, parameters = columns(*points(20, 8), threshold)
    initial["A"][:3], initial["b"][:3], parameters["d"][:3] = 1e-9, 0.0, D
    parameters["eta"][:3] = EDGE * np.array([0.48, 0.52, 0.53])
    initial["A"][3:8], parameters["eta"][3:8] = 30.0, 8 * np.pi / parameters["d"][3:8] ** 2 * 0.6
    kernel, exact = assert_labels_are_exact(threshold, SOME, initial, parameters)
    np.testing.assert_allclose(kernel["b_final"], exact["b_final"], rtol=1e-8, atol=1e-100)
    first = [{name: values[:3] for name, values in table.items()} for table in (initial, parameters)]
    assert_small_numbers_are_exact(threshold, "A", -450, *first)


# The bias


def test_the_bias_of_the_source():
    found = run(200_000, 1e-26, A=1.0, b=0.0, eta=EDGE * np.array([0.5, 1.1, 2.0, 8.0]), d=D)["b_final"]
    assert found[0] == pytest.approx(-1.54646e-5, abs=5e-11)
    assert found[1] == pytest.approx(-0.0383602, abs=5e-8)
    assert found[2] == pytest.approx(-0.261976, abs=5e-7)
    assert found[3] == pytest.approx(-0.714136, abs=5e-7)


def test_tiny_steps_end_at_the_bias_of_gradient_flow():
    found = run(400_000, 1e-26, A=[0.5, 1.0], b=0.0, eta=EDGE * 1e-3, d=D)["b_final"]
    assert found == pytest.approx(threshold.gradient_flow_bias(np.array([0.5, 1.0]), D), rel=2e-3)
    assert threshold.gradient_flow_bias(1.0, D) == pytest.approx(-np.sqrt(2 * np.pi) / 8 / D**2, rel=1e-15)


def test_below_the_edge_larger_steps_move_the_bias_further():
    """From a small weight it is that of gradient flow over 1 - eta/(8 pi/d^2)."""
    ratio = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    found = run(20_000, 1e-30, A=1e-3, b=0.0, eta=EDGE * ratio, d=D)["b_final"]
    assert found == pytest.approx(threshold.gradient_flow_bias(1e-3, D) / (1 - ratio), rel=1e-5)


def test_beyond_the_edge_the_bias_ends_just_below_that_of_the_edge():
    eta = EDGE * np.array([1.05, 1.5, 3.0, 10.0])
    limit = threshold.edge_bias(eta, D)
    assert D**2 * eta * expected_relu(limit) ** 2 / 4 == pytest.approx(1, rel=1e-13)
    assert threshold.edge_bias(EDGE, D) == pytest.approx(0, abs=1e-15)
    found = run(400_000, 1e-26, A=1e-3, b=0.0, eta=eta, d=D)
    assert (found["b_final"] < limit).all() and found["b_final"] == pytest.approx(limit, abs=0.02)
    assert found["sharpness_final"] * eta / 2 == pytest.approx(1, abs=0.03) and (found["final_above"] == 1).all()


# The critical line


def test_the_edge_is_at_eight_pi_over_d_squared():
    for d in (3.0, 50.0, 200.0):
        place = 8 * np.pi / d**2
        assert LINES["edge"].ratio({"eta": place, "d": d, "b": 0.0}) == pytest.approx(1, rel=1e-15)
        assert place * sharpness(threshold, (0.0, 0.0, 0.0), (place, d)) == pytest.approx(2, rel=1e-15)
        found = bisect(
            lambda eta, d=d: run(1, A=1e-9, b=0.0, eta=eta, d=d)["steps_above"] > 0, 0.9 * place, 1.1 * place
        )
        assert found == pytest.approx(place, rel=1e-5)


@pytest.mark.parametrize("b", [-0.7, 0.0, 0.4])
def test_from_the_line_on_the_bias_is_learnt(b):
    """From a weight towards zero the bias leaves its start exactly from the line on."""
    place = 4 / (D * float(expected_relu(np.float64(b)))) ** 2
    assert LINES["edge"].ratio({"eta": place, "d": D, "b": b}) == pytest.approx(1, rel=1e-15)
    found = bisect(
        lambda eta: run(2_000_000, A=1e-9, b=b, eta=eta, d=D)["b_final"] < b - 1e-7, 0.999 * place, 1.001 * place
    )
    assert found == pytest.approx(place, rel=1e-4)
