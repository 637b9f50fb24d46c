"""Closed forms of theory against integrated gradient flow and against boundaries bisected in the kernel's labels."""

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from eos_sweep import models, observables
from eos_sweep.analysis import predicted
from eos_sweep.analysis.pictures import theory_lines
from eos_sweep.models import bivariate_theory
from eos_sweep.spec.making import make
from helpers import named_inputs as named
from helpers.critical_lines import lines
from helpers.kernel_and_numpy import COUNTS, bisect

MODEL = models.get("bivariate")
DIVERGED = observables.variables(MODEL)["outcome"][1].flags["diverged"]


def run(steps, **given):
    """Run the kernel that other tests use as well."""
    return named.run(MODEL, steps, COUNTS, 1e-20, **given)


def flow_end(alpha, beta1, beta2, lambda1, lambda2, time, steps):
    """Integrate gradient flow by classical Runge-Kutta."""

    def slope(theta):
        a, b1, b2 = theta
        error = lambda2 * (a * b2 - 1)
        return -np.array([lambda1 * a * b1**2 + error * b2, lambda1 * a**2 * b1, error * a])

    theta, h = np.array([alpha, beta1, beta2]), time / steps
    for _ in range(steps):
        k1 = slope(theta)
        k2 = slope(theta + h / 2 * k1)
        k3 = slope(theta + h / 2 * k2)
        theta = theta + h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(theta + h * k3))
    return theta


@pytest.mark.parametrize("start", [(0.57, 0.01, 0.5), (1.2, 0.3, 0.2), (0.3, 0.5, 1.4)])
def test_gradient_flow_ends_where_phi_says(start):
    lambda1, lambda2 = 10.0, 1.0
    end = flow_end(*start, lambda1, lambda2, time=40.0, steps=30_000)
    full = {"lambda1": lambda1, "lambda2": lambda2, "eta": 0.1, "clip": np.inf, "radius": np.inf}
    sharpness = predicted.initial_edge(MODEL, dict(zip(MODEL.STATE, end, strict=True)) | full) * 2 / full["eta"]
    assert bivariate_theory.gradient_flow_sharpness(lambda1, *start) == pytest.approx(float(sharpness), rel=1e-9)
    assert end[0] ** 2 == pytest.approx(
        float(bivariate_theory.flow_limit(start[0] ** 2 - start[1] ** 2 - start[2] ** 2)), rel=1e-9
    )


@given(st.floats(-1e150, 1e150))
def test_flow_limits_of_q_and_of_minus_q_are_reciprocal(q):
    # h(Q) h(-Q) = 1 fails at large negative Q if terms cancel
    assert bivariate_theory.flow_limit(q) * bivariate_theory.flow_limit(-q) == pytest.approx(1, rel=1e-14)
    assert bivariate_theory.flow_limit(q) > 0


@given(st.floats(0.01, 10), st.floats(0, 1), st.floats(0.01, 10), st.floats(0, 3), st.floats(0.1, 1e6))
def test_bounds_enclose_phi(alpha, share, reach, radius, lambda1):
    beta2 = min(reach, 1 / alpha)
    phi = bivariate_theory.gradient_flow_sharpness(lambda1, alpha, share * radius, beta2)
    low, high = bivariate_theory.gradient_flow_sharpness_bounds(lambda1, alpha, beta2, radius)
    assert low * (1 - 1e-12) <= phi <= high * (1 + 1e-12)


def test_onset_of_the_edge_is_where_the_kernel_first_crosses():
    start = {"alpha": 0.57, "beta1": 0.001, "beta2": 0.5, "lambda1": 100.0, "lambda2": 0.01, "radius": np.sqrt(10) / 60}
    formula = bivariate_theory.onset_step_size(100.0, 0.57, 0.001, 0.5)
    found = bisect(lambda eta: run(150_000, eta=eta, **start)["crossings"] > 0, 0.0192, 0.0193)
    assert formula == pytest.approx(0.01926503, abs=5e-9)
    assert found == pytest.approx(0.01926507, abs=5e-9)


def test_an_unbounded_run_diverges_from_energy_four_on():
    start = {"alpha": 0.5, "beta1": 0.3, "beta2": 0.5, "lambda1": 50.0, "lambda2": 1e-12}
    formula = bivariate_theory.unclipped_divergence(50.0, 0.5, 0.3)
    found = bisect(lambda eta: run(3000, eta=eta, **start)["outcome"] == DIVERGED, 0.7 * formula, 1.3 * formula)
    assert bivariate_theory.unclipped_energy(50.0, formula, 0.5, 0.3) == pytest.approx(4)
    assert found == pytest.approx(formula, rel=1e-3)


def test_an_unbounded_run_is_a_catapult_from_energy_two_on():
    start = {"alpha": 0.5, "beta1": 1e-3, "lambda1": 50.0, "lambda2": 1e-12, "beta2": 0.5}
    formula = bivariate_theory.unclipped_catapult(50.0, 0.5, 1e-3)
    found = bisect(lambda eta: run(3000, eta=eta, **start)["loss_rises"] > 0, 0.7 * formula, 1.3 * formula)
    assert bivariate_theory.unclipped_energy(50.0, formula, 0.5, 1e-3) == pytest.approx(2)
    assert found == pytest.approx(formula, rel=1e-3)


@given(st.floats(0.01, 1.99), st.floats(0.01, 1.56), st.floats(-3, 3))
def test_below_energy_two_the_loss_never_rises(energy, angle, size):
    lambda1, eta = 10.0**size, 1.0
    weight = np.sqrt(energy / (eta * lambda1))
    start = {"alpha": weight * np.cos(angle), "beta1": weight * np.sin(angle), "beta2": 0.0}
    found = run(1, lambda1=lambda1, lambda2=1e-30, eta=eta, **start)
    assert found["loss_rises"] == 0
    fall = (eta * lambda1 * start["alpha"] * start["beta1"]) ** 2 * (4 - energy)
    after = bivariate_theory.unclipped_energy(lambda1, eta, found["alpha_final"], found["beta1_final"])
    assert after == pytest.approx(energy - fall, rel=1e-12, abs=1e-14) and after <= energy


def test_a_first_step_flips_alpha_where_theory_says():
    start = {"alpha": 0.5, "beta1": 0.2, "beta2": 0.5, "lambda1": 40.0, "lambda2": 1e-14}
    for bounds in ({}, {"clip": 0.1}, {"radius": 1e-3}):  # neither acts in time
        found = bisect(lambda eta, b=bounds: run(1, eta=eta, **start, **b)["sign_flips"] > 0, 0.5, 0.8)
        assert found == pytest.approx(1 / (40 * 0.2**2), rel=1e-6)


@pytest.mark.parametrize(
    ("bound", "largest"), [("radius", bivariate_theory.largest_radius), ("clip", bivariate_theory.largest_clip)]
)
def test_a_small_radius_or_clip_rules_sign_flips_out(bound, largest):
    rng = np.random.default_rng(1)
    n = 2000
    values = {"alpha": rng.uniform(0.1, 1.5, n), "beta1": rng.uniform(-1, 1, n), "beta2": rng.uniform(0.1, 1.5, n)}
    values |= {"lambda1": 10 ** rng.uniform(0, 4, n), "eta": 10 ** rng.uniform(-3, 0, n), "lambda2": 1e-4}
    values["beta1"] *= 0.9 * bivariate_theory.largest_radius(values["lambda1"], values["eta"])
    limit = largest(values["lambda1"], values["eta"])
    for factor, flips in ((0.9, False), (1.5, True)):
        result = run(2000, **{bound: factor * limit}, **values)
        assert (result["sign_flips"] > 0).any() == flips


def test_under_a_clip_beta1_keeps_to_eta_clip():
    rng = np.random.default_rng(2)
    n = 5000
    values = {"lambda1": 10 ** rng.uniform(0, 4, n), "eta": 10 ** rng.uniform(-3, 0, n), "lambda2": 1e-30}
    edge = np.sqrt(1 / (values["eta"] * values["lambda1"]))
    clip = 10 ** rng.uniform(-1, 1, n) * bivariate_theory.largest_clip(values["lambda1"], values["eta"])
    most = values["eta"] * clip
    start = {"alpha": rng.uniform(0, 3, n) * edge, "beta1": rng.uniform(-1, 1, n) * most, "beta2": 0.0}
    for steps in range(1, 6):
        found = run(steps, clip=clip, **values, **start)["beta1_final"]
        assert (np.abs(found) <= most * (1 + 1e-12)).all()


@pytest.mark.parametrize(
    ("bound", "smallest"), [("radius", bivariate_theory.smallest_radius), ("clip", bivariate_theory.smallest_clip)]
)
def test_self_stabilisation_needs_the_room_that_theory_asks_for(bound, smallest):
    eta, lambda1, lambda2 = np.array([0.03, 0.05, 0.08]), 100.0, 0.01
    start = {"alpha": 0.57, "beta1": 1e-4, "beta2": 0.5, "lambda1": lambda1, "lambda2": lambda2, "eta": eta}
    least = smallest(lambda2, eta)
    assert (run(20_000, **{bound: 0.5 * least}, **start)["crossings"] < 2).all()
    assert (run(20_000, **{bound: 2.0 * least}, **start)["crossings"] >= 2).all()


def values_at(**given):
    given = {"alpha": 0.6, "beta1": 0.1, "beta2": 0.5, "clip": np.inf, "radius": np.inf} | given
    return {name: np.asarray(value, float) for name, value in given.items()}


LINES = lines(MODEL)


def test_lines_are_one_where_their_closed_forms_say():
    lambda1 = np.array([3.0, 100.0, 1e4])
    onset = bivariate_theory.onset_step_size(lambda1, 0.6, 0.1, 0.5)
    for name, values in {
        "onset": values_at(lambda1=lambda1, lambda2=0.01, eta=onset),
        "two_over_lambda1": values_at(lambda1=lambda1, lambda2=0.01, eta=2 / lambda1),
        "lambda_product": values_at(lambda1=lambda1, lambda2=1 / lambda1, eta=0.1),
        "unclipped_divergence": values_at(
            lambda1=lambda1, lambda2=0.01, eta=bivariate_theory.unclipped_divergence(lambda1, 0.6, 0.1)
        ),
        "unclipped_catapult": values_at(
            lambda1=lambda1, lambda2=0.01, eta=bivariate_theory.unclipped_catapult(lambda1, 0.6, 0.1)
        ),
        "flips_excluded": values_at(
            lambda1=lambda1, lambda2=0.01, eta=0.1, radius=bivariate_theory.largest_radius(lambda1, 0.1)
        ),
        "flips_excluded_by_clip": values_at(lambda1=lambda1, lambda2=0.01, eta=0.1, clip=lambda1**-0.5 / 0.1**1.5),
        "room": values_at(lambda1=lambda1, lambda2=0.02, eta=0.1, radius=np.sqrt(0.1 * 0.02 / 8)),
        "room_under_clip": values_at(lambda1=lambda1, lambda2=0.02, eta=0.1, clip=np.sqrt(0.02 / 0.2)),
        "flip_at_the_start": values_at(lambda1=lambda1, lambda2=0.01, eta=100 / lambda1, beta1=0.1),
    }.items():
        np.testing.assert_allclose(LINES[name].ratio(values), 1, rtol=1e-14, err_msg=name)


def test_the_start_is_judged_by_the_exact_sharpness():
    values = values_at(lambda1=[3.0, 100.0], lambda2=0.01, eta=0.05)
    p = tuple(np.broadcast_to(values[name], 2) for name in MODEL.PARAMETERS)
    theta = (*(np.broadcast_to(values[name], 2) for name in MODEL.STATE), np.zeros(2))
    exact = np.linalg.eigvalsh(MODEL.hessian(theta, p)).max(axis=-1) * 0.05 / 2
    np.testing.assert_allclose(LINES["start_at_edge"].ratio(values), exact, rtol=1e-13)


def test_lines_keep_to_their_assumptions():
    bounded = values_at(lambda1=100.0, lambda2=0.01, eta=0.1, clip=[5, np.inf, np.inf], radius=[np.inf, 0.1, np.inf])
    for names, holds in {
        ("unclipped_catapult", "unclipped_divergence"): [False, False, True],
        ("flips_excluded", "room"): [False, True, False],
        ("flips_excluded_by_clip", "room_under_clip"): [True, False, False],
    }.items():
        for name in names:
            assert np.isfinite(LINES[name].ratio(bounded)).tolist() == holds, name


START = {"alpha": 0.6, "beta1": 0.05, "beta2": 0.4}
AXES = {"lambda1": {"log": [1, 1e4, 24]}, "eta": {"log": [1e-3, 10, 25]}}


def crossing(axes, at=None, **parameters):
    """Name -> curves of the lines that cross a slice of a sweep, of which nothing but the axes is looked at."""
    sweep = make("bivariate", axes, {"lambda2": 0.01, **parameters}, START, steps=1)
    coordinates = {axis.name: axis.values for axis in sweep.axes} | (at or {})
    piece = xr.Dataset(coords=coordinates, attrs={"spec": json.dumps(sweep.to_dict())})
    return {
        line.name: curves for line, curves in theory_lines.critical_lines(piece, "eta", "lambda1").items() if curves
    }


def test_lines_lie_where_their_ratio_is_one():
    found = crossing(AXES)
    paper = {"start_at_edge", "onset", "two_over_lambda1", "lambda_product"}
    assert set(found) == paper | {"unclipped_catapult", "unclipped_divergence", "flip_at_the_start"}
    for name, (curve,) in found.items():
        values = values_at(**START, lambda2=0.01, eta=curve[:, 0], lambda1=curve[:, 1])
        straight = name != "start_at_edge"  # and so exact on log axes
        np.testing.assert_allclose(LINES[name].ratio(values), 1, rtol=1e-9 if straight else 1e-4, err_msg=name)
        assert np.isclose(curve, [1e-3, 1], rtol=1e-9).any() or np.isclose(curve, [10, 1e4], rtol=1e-9).any()


def test_lines_follow_the_expressions_of_the_spec():
    axes = {"lambda1": {"linear": [50, 400, 8]}, "eta": {"linear": [0.01, 0.1, 7]}}
    found = crossing(axes, radius="20 * sqrt(eta / lambda1)")  # is 1/sqrt(eta lambda1) at eta = 1/20
    assert "unclipped_divergence" not in found
    np.testing.assert_allclose(found["flips_excluded"][0][:, 0], 0.05, rtol=1e-4)
    assert sorted(found["flips_excluded"][0][[0, -1], 1]) == pytest.approx([50, 400])


def test_lines_that_do_not_cross_or_do_not_hold_are_left_out():
    corner = {"lambda1": {"log": [1, 3, 9]}, "eta": {"log": [1e-3, 1e-2, 9]}}
    assert crossing(corner) == {}
    axes = {"clip": [1, np.inf], **AXES}
    bounded, free = (set(crossing(axes, {"clip": value})) for value in axes["clip"])
    assert free - bounded == {"unclipped_catapult", "unclipped_divergence"}
