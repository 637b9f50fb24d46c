"""The model `quadratic`: the law of each coordinate, both lines, and coordinates that shrink for ever."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep import models, regimes
from eos_sweep.contract import EDGE
from eos_sweep.eigen.sharpness import sharpness
from eos_sweep.models.quadratic import factor
from helpers import named_inputs as named
from helpers.critical_lines import lines
from helpers.kernel_and_numpy import bisect

pytestmark = pytest.mark.slow

quadratic = models.get("quadratic")
COUNTS = ("outcome", "steps_taken", "sign_flips", "final_above", "loss_final", "theta1_final")
FINAL = tuple(f"{name}_final" for name in quadratic.STATE)
LINES = lines(quadratic)


def random_points(count, seed):
    """Up to eight dimensions, of which each third has no curvature; converging, oscillating and diverging."""
    random = np.random.default_rng(seed)
    points = {name: random.normal(0, 1, count) * 10.0 ** random.uniform(-3, 1, count) for name in quadratic.STATE}
    for name in list(quadratic.PARAMETERS)[:-1]:
        points[name] = 10.0 ** random.uniform(-3, 0.3, count) * (random.random(count) < 0.67)
    return points | {"eta": 10.0 ** random.uniform(-2, 0.8, count)}


@given(st.floats(1e-6, 3), st.floats(0.3, 3), st.integers(1, 100))
@settings(max_examples=60)
def test_a_coordinate_scales_by_exactly_one_minus_eta_lambda(a, eta, steps):
    found = named.run(quadratic, steps, ("theta3_final", "outcome"), theta1=0, a1=1e-3, theta3=0.7, a3=a, eta=eta)
    truth = Fraction(0.7) * (1 - Fraction(eta) * Fraction(a)) ** steps
    if found["outcome"][0] == 3 and abs(truth) > 1e-100:
        assert found["theta3_final"][0] == pytest.approx(float(truth), rel=2e-16 * (steps + 1), abs=0.0)


def test_the_factor_is_known_where_eta_lambda_rounds_to_one():
    eta, a = 0.1, 10.0 * (1 + 2.0**-52)
    truth = float(1 - Fraction(eta) * Fraction(a))
    assert factor(a, eta) == pytest.approx(truth, rel=1e-15) and truth != 0


START = {"theta1": 0.3, "theta2": -1.0, "theta4": 1e-3, "a1": 7.0, "a2": 0.1, "a4": 2.0}


def test_it_diverges_from_the_edge_on():
    def diverges(eta):
        found = named.run(quadratic, 2000, COUNTS, eta=eta, **START)
        assert np.array_equal(found["final_above"] == 2, np.abs(found["theta1_final"]) > START["theta1"])
        return found["final_above"] == 2

    edge = bisect(diverges, 0.1, 0.5, rounds=5)
    assert edge == pytest.approx(2 / 7.0, rel=1e-8)
    initial, parameters = named.columns(quadratic, eta=edge, **START)
    assert LINES["start_at_edge"].ratio(initial | parameters) == pytest.approx(1, rel=1e-8)
    near = named.run(quadratic, 400_000, COUNTS, eta=edge * np.array([1 - 1e-4, 1 + 1e-4]), **START)
    assert near["outcome"].tolist() == [3, 2]


def test_it_oscillates_from_half_the_edge_on():
    edge = bisect(
        lambda eta: named.run(quadratic, 100, COUNTS, eta=eta, **START)["sign_flips"] > 0, 0.05, 0.25, rounds=5
    )
    assert edge == pytest.approx(1 / 7.0, rel=1e-8)
    initial, parameters = named.columns(quadratic, eta=edge, **START)
    assert LINES["oscillation"].ratio(initial | parameters) == pytest.approx(1, rel=1e-8)


def test_regimes_are_those_of_the_two_lines():
    eta = np.array([0.5, 0.99, 1.01, 1.99, 2.01, 3.0]) / 7.0
    found = named.run(quadratic, 20_000, regimes.REQUIRED, 1e-20, eta=eta, **START)
    codes = regimes.classify(found, regimes.thresholds())
    names = [list(regimes.CODES)[code] for code in codes]
    assert names == ["stable", "stable", "sign_flip", "sign_flip", "divergence", "divergence"]


def test_a_flat_bowl_and_a_start_at_the_bottom_converge_at_once():
    found = named.run(quadratic, 1000, None, 1e-20, theta1=[1.0, 0.0], a1=[0.0, 1.0], theta5=2.0, eta=0.1)
    assert found["outcome"].tolist() == [1, 1] and found["steps_taken"].tolist() == [16, 16]
    assert found["theta1_final"].tolist() == [1, 0] and (found["theta5_final"] == 2).all()
    assert found["sharpness_max"].tolist() == [0, 1]


def test_what_shrinks_becomes_zero_and_what_grows_is_kept_however_small():
    """theta2 shrinks by 1e-3 a step beside a theta1 that only changes its sign, and theta3 doubles from 1e-305 on."""
    found = named.run(quadratic, 992, FINAL, theta1=1.0, a1=2.0, theta2=1.0, a2=0.999, theta3=1e-305, a3=3.0, eta=1.0)
    assert found["theta1_final"][0] == 1 and found["theta2_final"][0] == 0
    assert found["theta3_final"][0] == pytest.approx(1e-305 * 2.0**992, rel=1e-12)


def test_signs_of_theta1_are_counted_however_small_it_is():
    given = {"theta1": -0.7, "a1": 3.0, "theta2": 1.0, "a2": 1e-4, "eta": 0.5}
    found = named.run(quadratic, 20_000, None, 1e-20, **given)
    assert found["sign_flips"][0] == found["steps_taken"][0] == 20_000
    depth = np.log10(0.7) + 20_000 * np.log10(0.5)
    assert found["log10_abs_theta1_final"][0] == pytest.approx(depth, abs=1e-9)
    assert found["log10_abs_theta1_min"][0] == pytest.approx(depth, abs=1e-9) and found["theta1_final"][0] == 0
    grown = named.run(quadratic, 2000, None, 1e-20, **given | {"theta1": 1e-320, "eta": 1.0})
    assert grown["outcome"][0] == 2 and grown["steps_taken"][0] == pytest.approx(335 / np.log10(2), rel=1e-2)


def test_the_stability_test_is_the_eigenvalue():
    points = random_points(300, 5)
    (theta,), p = named.states(quadratic, 0, **points)
    matrix = quadratic.curvature(theta, p)
    assert np.array_equal(quadratic.stable(matrix, EDGE), sharpness(quadratic, theta, p) * points["eta"] < 2)
