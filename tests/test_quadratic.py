"""The model `quadratic`: each coordinate's own law, its two lines, and what becomes of numbers that shrink for ever."""

from fractions import Fraction

import numpy as np
import pytest
import reference
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep import critical, oracle, regimes
from eos_sweep.batch import Job
from eos_sweep.contract import EDGE
from eos_sweep.models import quadratic
from eos_sweep.sharpness import sharpness

COUNTS = ("outcome", "steps_taken", "sign_flips", "final_above", "loss_final", "theta1_final")
FINAL = tuple(f"{name}_final" for name in quadratic.STATE)
LINES = {line.name: line for line in critical.lines_of(quadratic)}


def random_points(count, seed):
    """Up to eight dimensions, of which each third has no curvature; converging, oscillating and diverging."""
    random = np.random.default_rng(seed)
    points = {name: random.normal(0, 1, count) * 10.0 ** random.uniform(-3, 1, count) for name in quadratic.STATE}
    for name in list(quadratic.PARAMETERS)[:-1]:
        points[name] = 10.0 ** random.uniform(-3, 0.3, count) * (random.random(count) < 0.67)
    return points | {"eta": 10.0 ** random.uniform(-2, 0.8, count)}


def test_compiled_is_numpy_bit_for_bit():
    found = reference.assert_compiled_is_numpy(quadratic, 1003, 1e-12, **random_points(500, 1))
    assert np.bincount(found["outcome"], minlength=4)[1:].min() > 30


def test_step_loss_and_hessian_are_those_of_the_loss():
    points = random_points(200, 2)
    (theta, after), p = reference.states(quadratic, 1, **points)
    theta, after = theta[:8], after[:8]  # at power zero
    t, a, eta = sympy.symbols("t1:9"), sympy.symbols("a1:9"), sympy.Symbol("eta")
    formula = sum(x * y**2 for x, y in zip(a, t, strict=True)) / 2
    here = (*theta, *p)
    np.testing.assert_allclose(
        quadratic.loss((*theta, 0.0), p), sympy.lambdify((*t, *a, eta), formula)(*here), rtol=1e-14
    )
    down = sympy.lambdify((*t, *a, eta), [x - eta * sympy.diff(formula, x) for x in t])(*here)
    for found, right in zip(after, down, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-15)
    curvatures = sympy.lambdify((*t, *a, eta), [sympy.diff(formula, x, 2) for x in t])(*here)
    hessian = quadratic.hessian((*theta, 0.0), p)
    assert np.array_equal(hessian, np.stack(curvatures, -1)[..., None] * np.eye(8))
    np.testing.assert_allclose(sharpness(quadratic, (*theta, 0.0), p), np.linalg.eigvalsh(hessian)[:, -1], rtol=1e-15)
    turned = quadratic.tangent((*theta, 0.0), p, theta)  # the step is linear; of theta1 it is the logarithm's change
    np.testing.assert_array_equal(turned, (theta[0], *after[1:]))


@given(st.floats(1e-6, 3), st.floats(0.3, 3), st.integers(1, 100))
@settings(max_examples=60)
def test_a_coordinate_scales_by_exactly_one_minus_eta_lambda(a, eta, steps):
    found = reference.run(quadratic, steps, ("theta3_final", "outcome"), theta1=0, a1=1e-3, theta3=0.7, a3=a, eta=eta)
    truth = Fraction(0.7) * (1 - Fraction(eta) * Fraction(a)) ** steps
    if found["outcome"][0] == 3 and abs(truth) > 1e-100:
        assert found["theta3_final"][0] == pytest.approx(float(truth), rel=2e-16 * (steps + 1), abs=0.0)


def test_the_factor_is_known_where_eta_lambda_rounds_to_one():
    eta, a = 0.1, 10.0 * (1 + 2.0**-52)
    truth = float(1 - Fraction(eta) * Fraction(a))
    assert quadratic.factor(a, eta) == pytest.approx(truth, rel=1e-15) and truth != 0


def bisected(holds, low, high):
    """Return where ``holds`` becomes true, to 1e-9 relative, by sections of many values at once."""
    for _ in range(5):
        values = np.linspace(low, high, 65)
        first = int(np.argmax(holds(values)))
        low, high = values[first - 1], values[first]
    return 0.5 * (low + high)


START = {"theta1": 0.3, "theta2": -1.0, "theta4": 1e-3, "a1": 7.0, "a2": 0.1, "a4": 2.0}


def test_it_diverges_from_the_edge_on():
    def diverges(eta):
        found = reference.run(quadratic, 2000, COUNTS, eta=eta, **START)
        assert np.array_equal(found["final_above"] == 2, np.abs(found["theta1_final"]) > START["theta1"])
        return found["final_above"] == 2

    edge = bisected(diverges, 0.1, 0.5)
    assert edge == pytest.approx(2 / 7.0, rel=1e-8)
    initial, parameters = reference.columns(quadratic, eta=edge, **START)
    assert LINES["start_at_edge"].ratio(initial | parameters) == pytest.approx(1, rel=1e-8)
    near = reference.run(quadratic, 400_000, COUNTS, eta=edge * np.array([1 - 1e-4, 1 + 1e-4]), **START)
    assert near["outcome"].tolist() == [3, 2]


def test_it_oscillates_from_half_the_edge_on():
    edge = bisected(lambda eta: reference.run(quadratic, 100, COUNTS, eta=eta, **START)["sign_flips"] > 0, 0.05, 0.25)
    assert edge == pytest.approx(1 / 7.0, rel=1e-8)
    initial, parameters = reference.columns(quadratic, eta=edge, **START)
    assert LINES["oscillation"].ratio(initial | parameters) == pytest.approx(1, rel=1e-8)


def test_regimes_are_those_of_the_two_lines():
    eta = np.array([0.5, 0.99, 1.01, 1.99, 2.01, 3.0]) / 7.0
    found = reference.run(quadratic, 20_000, regimes.REQUIRED, 1e-20, eta=eta, **START)
    codes = regimes.classify(found, regimes.thresholds())
    names = [list(regimes.CODES)[code] for code in codes]
    assert names == ["stable", "stable", "sign_flip", "sign_flip", "divergence", "divergence"]


def test_a_flat_bowl_and_a_start_at_the_bottom_converge_at_once():
    found = reference.run(quadratic, 1000, None, 1e-20, theta1=[1.0, 0.0], a1=[0.0, 1.0], theta5=2.0, eta=0.1)
    assert found["outcome"].tolist() == [1, 1] and found["steps_taken"].tolist() == [16, 16]
    assert found["theta1_final"].tolist() == [1, 0] and (found["theta5_final"] == 2).all()
    assert found["sharpness_max"].tolist() == [0, 1]


def test_what_settled_never_comes_back():
    points = random_points(400, 3)
    ended = reference.run(quadratic, 2000, COUNTS, 1e-6, **points)
    on = reference.run(quadratic, 20_000, COUNTS, 0.0, **points)
    settled = ended["outcome"] == 1
    assert settled.sum() > 50 and (ended["loss_final"][settled] < 1e-6).all()
    assert (on["final_above"][settled] == 1).all() and (on["loss_final"][settled] < 1e-6).all()


def test_what_shrinks_becomes_zero_and_what_grows_is_kept_however_small():
    """theta2 shrinks by 1e-3 a step beside a theta1 that only changes its sign, and theta3 doubles from 1e-305 on."""
    found = reference.run(
        quadratic, 992, FINAL, theta1=1.0, a1=2.0, theta2=1.0, a2=0.999, theta3=1e-305, a3=3.0, eta=1.0
    )
    assert found["theta1_final"][0] == 1 and found["theta2_final"][0] == 0
    assert found["theta3_final"][0] == pytest.approx(1e-305 * 2.0**992, rel=1e-12)


def test_signs_of_theta1_are_counted_however_small_it_is():
    given = {"theta1": -0.7, "a1": 3.0, "theta2": 1.0, "a2": 1e-4, "eta": 0.5}
    found = reference.run(quadratic, 20_000, None, 1e-20, **given)
    assert found["sign_flips"][0] == found["steps_taken"][0] == 20_000
    depth = np.log10(0.7) + 20_000 * np.log10(0.5)
    assert found["log10_abs_theta1_final"][0] == pytest.approx(depth, abs=1e-9)
    assert found["log10_abs_theta1_min"][0] == pytest.approx(depth, abs=1e-9) and found["theta1_final"][0] == 0
    grown = reference.run(quadratic, 2000, None, 1e-20, **given | {"theta1": 1e-320, "eta": 1.0})
    assert grown["outcome"][0] == 2 and grown["steps_taken"][0] == pytest.approx(335 / np.log10(2), rel=1e-2)


def test_exact_arithmetic_gives_the_same():
    points = {name: value[:12] for name, value in random_points(100, 4).items()}
    job = Job(quadratic, (*COUNTS, *FINAL[:3]), 64, 1e-12)
    truth, bits = oracle.run(job, *reference.columns(quadratic, **points))
    found = reference.run(quadratic, 64, job.variables, 1e-12, **points)
    assert (bits > 0).all()
    for name in job.variables:
        np.testing.assert_allclose(found[name], truth[name], rtol=1e-12, err_msg=name)


def test_the_stability_test_is_the_eigenvalue():
    points = random_points(300, 5)
    (theta,), p = reference.states(quadratic, 0, **points)
    matrix = quadratic.curvature(theta, p)
    assert np.array_equal(quadratic.stable(matrix, EDGE), sharpness(quadratic, theta, p) * points["eta"] < 2)
