"""The model `product`: exact laws, the orbit of two steps, final states, and the kernel against NumPy and MPFR."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eos_sweep
from eos_sweep import models, observables, regimes
from eos_sweep.errors import SpecError
from eos_sweep.models.product import final_gap, jet, steepest
from eos_sweep.spec.making import make
from helpers import named_inputs as named
from helpers.critical_lines import lines
from helpers.exact_labels import assert_labels_are_exact, assert_small_numbers_are_exact
from helpers.kernel_and_numpy import bisect, columns

pytestmark = pytest.mark.slow

product = models.get("product")
ALL = observables.expand(("all",), product)
SOME = observables.expand((*regimes.REQUIRED, "loss_rises", "sharpness_final", "loss_final", "y_final"), product)
LINES = lines(product)
ELLS = {"log_cosh": 1.0, "logistic": 2.0, "sqrt": 0.0}


def run(steps, tolerance=0.0, variables=SOME, **given):
    return named.run(product, steps, variables, tolerance, **given)


def points(count, seed):
    """Points of every kind: converging below the edge and through it, with either weight the smaller, diverging."""
    random = np.random.default_rng(seed)
    kind = random.integers(5, size=count)
    eta = np.where(kind == 4, random.uniform(1.2, 4.0, count), 10.0 ** random.uniform(-3, 0, count))
    least, most = np.array([0.2, 0.69, 0.9, 0.8, 10.0]), np.array([1.0, 0.72, 2.0, 1.4, 100.0])
    large = np.sqrt(2 / eta) * random.uniform(least[kind], most[kind])
    small = np.where(kind == 3, large * random.uniform(0.1, 0.99, count), 10.0 ** random.uniform(-5, 0, count))
    small = np.where(random.random(count) < 0.1, 10.0 ** random.uniform(-150, -20, count), small)
    swap = (random.random(count) < 0.2) & (small > 1e-20)
    sign = random.choice([-1.0, 1.0], (2, count))
    initial = {"x": sign[0] * np.where(swap, large, small), "y": sign[1] * np.where(swap, small, large)}
    return initial, {"eta": eta, "ell": random.choice([0.0, 0.3, 1.0, 2.0], count)}


# The formulas


def convex(ell, s):
    """Return l(s) and its first two derivatives."""
    if ell == 0:
        root = mpmath.sqrt(1 + s * s)
        return s * s / (1 + root), s / root, root**-3
    u = s / ell
    value = mpmath.log1p(2 * mpmath.sinh(u / 2) ** 2)
    return ell**2 * value, ell * mpmath.tanh(u), mpmath.sech(u) ** 2


@pytest.mark.parametrize(("ell", "loss"), [
    (1.0, lambda s: np.log(np.cosh(s))),
    (2.0, lambda s: 4 * (0.5 * np.log1p(np.exp(s)) + 0.5 * np.log1p(np.exp(-s))) - 4 * np.log(2)),
    (0.0, lambda s: np.sqrt(1 + s * s) - 1),
])  # fmt: skip
def test_losses_are_those_of_their_names(ell, loss):
    x, y = np.linspace(0.1, 3, 40), np.full(40, 2.0)
    found = product.loss((x, y, 0 * x), (np.full(40, 0.1), np.full(40, ell)))
    np.testing.assert_allclose(found, loss(x * y), rtol=1e-12)


def test_the_loss_is_named_in_a_spec_and_a_negative_width_is_refused():
    axes = {"eta": [0.01, 0.02]}
    for name, ell in ELLS.items():
        sweep = make("product", axes, {"ell": name}, {"x": 0.1, "y": 1.0}, steps=1)
        assert (sweep.inputs({"eta": np.array([0.01, 0.02])})[1]["ell"] == ell).all()
    for wrong in (-1.0, "tanh", "inf"):
        with pytest.raises(SpecError):
            make("product", axes, {"ell": wrong}, {"x": 0.1, "y": 1.0}, steps=1)


# Laws, through the kernel

weight = st.floats(-20, 20).filter(lambda w: abs(w) > 1e-3)


@given(weight, weight, st.floats(-4, 0.3), st.sampled_from([0.0, 0.5, 1.0, 2.0]))
@settings(max_examples=300)
def test_a_step_obeys_the_laws_of_a_function_of_the_product(x, y, decade, ell):
    """x^2 - y^2 is multiplied by 1 - eta^2 l'^2, and the product has its own map; checked in 50 digits."""
    eta = 10.0**decade
    found = run(1, variables=("steps_taken", "x_final", "y_final"), x=x, y=y, eta=eta, ell=ell)
    with mpmath.workdps(50):
        x, y, eta, ell, u, v = map(
            mpmath.mpf, (x, y, eta, ell, *map(float, (found["x_final"][0], found["y_final"][0])))
        )
        value, pull, bend = convex(ell, x * y)
        size = (x * x + y * y) * (1 + (eta * pull) ** 2)
        assert abs((u * u - v * v) - (x * x - y * y) * (1 - (eta * pull) ** 2)) <= 1e-15 * size
        after = x * y - eta * pull * (x * x + y * y) + (eta * pull) ** 2 * x * y
        assert abs(u * v - after) <= 1e-15 * size


@given(weight, st.sampled_from([-1.0, 1.0]), st.floats(-3, 0.3), st.sampled_from([0.0, 1.0, 2.0]))
@settings(max_examples=50)
def test_equal_weights_stay_equal_to_rounding(x, sign, decade, ell):
    found = run(50, variables=("steps_taken", "x_final", "y_final"), x=x, y=sign * x, eta=10.0**decade, ell=ell)
    np.testing.assert_allclose(found["x_final"], sign * found["y_final"], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("signs", [(-1, 1), (1, -1), (-1, -1)])
def test_a_change_of_sign_leads_to_the_mirror_image(signs):
    initial, parameters = points(200, 5)
    mirrored = {name: sign * initial[name] for name, sign in zip(initial, signs, strict=True)}
    here, there = (run(300, **start, **parameters) for start in (initial, mirrored))
    for name in here:
        assert np.array_equal(abs(here[name]), abs(there[name]), equal_nan=True), name


def test_weights_that_change_places_lead_to_the_same_losses_and_labels():
    initial, parameters = points(300, 6)
    keep = (np.abs(initial["x"]) > 1e-6) & (np.abs(initial["y"]) > 1e-6) & (parameters["eta"] * parameters["ell"] < 0.5)
    start, given_ = {n: v[keep] for n, v in initial.items()}, {n: v[keep] for n, v in parameters.items()}
    here, there = run(200, **start, **given_), run(200, x=start["y"], y=start["x"], **given_)
    labels = [regimes.classify(found, regimes.thresholds()) for found in (here, there)]
    assert keep.sum() > 100 and (labels[0] == labels[1]).mean() > 0.99
    np.testing.assert_allclose(here["sharpness_final"], there["sharpness_final"], rtol=1e-6)


# The exponent of x


@pytest.mark.parametrize(("y", "eta"), [(10.0, 0.01), (5.0, 0.04), (np.sqrt(50.0), 0.02), (3.0, 1 / 9)])
@pytest.mark.parametrize("ell", [0.0, 1.0, 2.0])
def test_what_a_step_nearly_extinguishes_is_exact(y, eta, ell):
    """eta y^2 is one up to rounding."""
    for x in (1e-3, 1e-6, 1e-9, 1e-40):
        after = product.step(tuple(np.array([v]) for v in (x, y, 0.0)), (np.array([eta]), np.array([ell])))[0][0]
        with mpmath.workdps(200):
            pull = convex(mpmath.mpf(ell), mpmath.mpf(x) * mpmath.mpf(float(y)))[1]
            right = x - mpmath.mpf(eta) * pull * mpmath.mpf(float(y))
        assert abs(right) < 1e-3 * x and after == pytest.approx(float(right), rel=1e-12, abs=0.0)


def test_x_decays_far_below_doubles():
    y, eta = np.array([9.0, 10.3, 13.0]), 0.01
    found = run(1500, variables=ALL, x=1e-9, y=y, eta=eta)
    along = [float(Fraction(eta) * Fraction(value) ** 2) for value in y]
    right = -9 + 1500 * np.log10(np.abs(1 - np.array(along)))
    assert right.min() < -1000
    np.testing.assert_allclose(found["log10_abs_x_final"], right, rtol=1e-9)
    np.testing.assert_array_equal(found["log10_abs_x_min"], found["log10_abs_x_final"])
    np.testing.assert_allclose(found["sharpness_final"], y * y, rtol=1e-14)
    assert (found["y_final"] == y).all()


# The kernel


def test_labels_are_those_of_exact_arithmetic():
    initial, parameters = columns(*points(20, 8), product)
    initial["x"][:4], initial["y"][:4] = 1e-9, np.sqrt([0.96, 0.98, 1.03, 1.05] / parameters["eta"][:4])
    assert_labels_are_exact(product, SOME, initial, parameters)
    first = [{name: values[:4] for name, values in table.items()} for table in (initial, parameters)]
    assert_small_numbers_are_exact(product, "x", -500, *first)


# Final states


def test_the_three_runs_of_the_source_end_where_they_should():
    """Two in the regime of gradient flow, one at the edge; with log cosh and a step size of 0.01."""
    found = run(200_000, 1e-26, x=[0.01, 5.0, 0.01], y=[14.1, 14.5, 20.0], eta=0.01)["sharpness_final"]
    assert found[0] == pytest.approx(198.7988, abs=5e-5)
    assert found[1] == pytest.approx(184.586322, abs=5e-7)
    assert found[2] == pytest.approx(199.985000, abs=5e-7)


@pytest.mark.parametrize("ell", ELLS.values())
def test_the_final_gap_to_the_edge_is_g_times_the_step_size(ell):
    """G is 3/2 for log cosh, 6 for the logistic loss, 1 for the root; (2/eta - S)/eta deviates by a square of eta."""
    eta = np.array([0.1, 0.05, 0.025])
    found = run(100_000, 1e-28, x=0.01, y=1.2 * np.sqrt(2 / eta), eta=eta, ell=ell)
    gap, limit = (2 / eta - found["sharpness_final"]) / eta, final_gap(ell)
    assert limit == {1.0: 1.5, 2.0: 6.0, 0.0: 1.0}[ell] and (found["outcome"] == 1).all()
    assert (4 * gap[2] - gap[1]) / 3 == pytest.approx(float(limit), rel=3e-5)
    if ell == 1.0:
        assert gap[1] == pytest.approx(1.50113, abs=5e-6)


@pytest.mark.parametrize("ell", ELLS.values())
def test_beyond_the_edge_x_follows_the_orbit_of_two_steps(ell):
    """l'(s)/s = 2/(eta y^2) on it."""
    trajectory = eos_sweep.trajectory("product", {"eta": 0.01, "ell": ell}, {"x": 0.01, "y": 20.0}, steps=60_000)
    s, y = trajectory.x.values * trajectory.y.values, trajectory.y.values
    theta = (trajectory.x.values, y, 0 * y)
    pull = jet(theta, (np.full_like(y, 0.01), np.full_like(y, ell)))[3]
    beyond = slice(50, int(np.argmax(0.01 * y * y < 2.02)))
    assert beyond.stop > 1000
    assert np.abs(pull / s * 0.01 * y * y / 2 - 1)[beyond].max() < 2e-3
    assert (s[beyond][1:] * s[beyond][:-1] < 0).all()
    assert (trajectory.sharpness.values[beyond] < 200).all()


def test_gradient_flow_keeps_the_difference_of_squares_and_ends_at_it():
    """Gradient descent of tiny steps is gradient flow up to their size."""
    for ell in ELLS.values():
        found = run(200_000, 1e-24, x=1.2, y=2.0, eta=[4e-4, 2e-4], ell=ell)["sharpness_final"]
        assert 2 * found[1] - found[0] == pytest.approx(2.0**2 - 1.2**2, rel=1e-6)


# Critical lines


@pytest.mark.parametrize("ell", ELLS.values())
@pytest.mark.parametrize("swapped", [False, True])
def test_from_the_onset_line_on_the_end_is_less_sharp_than_that_of_gradient_flow(ell, swapped):
    """Exact for small steps, on which gradient descent is gradient flow."""

    def start(large):
        weights = large, np.full_like(large, 0.1)
        return dict(zip(("x", "y") if swapped else ("y", "x"), weights, strict=True))

    def stopped(large):
        found = run(500_000, **start(large), eta=1e-3, ell=ell)["sharpness_final"]
        return found < (large**2 - 0.1**2) * (1 - 2e-5)

    place = bisect(stopped, 44.6, 44.9)
    assert LINES["onset"].ratio({**start(np.array([place])), "eta": 1e-3}) == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("ell", ELLS.values())
def test_far_out_runs_diverge_from_the_line_on(ell):
    place = np.sqrt(2) / steepest(ell)
    assert LINES["divergence"].ratio({"eta": place, "ell": ell}) == pytest.approx(1, rel=1e-15)
    found = bisect(
        lambda eta: run(2_000_000, x=1e3, y=2e3, eta=eta, ell=ell)["outcome"] == 2, 0.99 * place, 1.01 * place
    )
    assert found == pytest.approx(place, rel=1e-4)


def test_the_start_is_beyond_the_edge_where_its_sharpness_is():
    for ell in ELLS.values():
        found = bisect(lambda eta, ell=ell: run(1, x=0.3, y=2.0, eta=eta, ell=ell)["steps_above"] > 0, 0.3, 1.5)
        values = {"x": 0.3, "y": 2.0, "eta": np.array([found]), "ell": ell}
        assert LINES["start_at_edge"].ratio(values) == pytest.approx(1, rel=1e-4)
