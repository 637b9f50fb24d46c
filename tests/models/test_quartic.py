"""The model `quartic`: exact laws, final states, period doubling, and the kernel against NumPy."""

import functools
from fractions import Fraction

import numpy as np
import pytest

from eos_sweep import models, observables
from eos_sweep.eigen.sharpness import sharpness
from eos_sweep.models import quartic
from helpers import critical_lines
from helpers import named_inputs as named
from helpers.critical_lines import lines
from helpers.kernel_and_numpy import bisect, follow

pytestmark = pytest.mark.slow

MODEL = models.get("quartic")

ALL = observables.expand(("all",), MODEL)
LINES = lines(MODEL)
run = functools.partial(named.run, MODEL)


def points(count, seed):
    """Points of every kind: converging below the edge and through it, periodic, chaotic, diverging, balanced."""
    random = np.random.default_rng(seed)
    sign = random.choice([-1.0, 1.0], (2, count))
    x, y = sign * random.uniform([[0.2], [0.05]], [[3.0], [1.2]], (2, count))
    kind = random.integers(4, size=count)
    y = np.choose(kind, [y, y, x, -x])
    return {"x": x, "y": y}, {
        "eta": np.where(kind < 2, random.uniform(0.02, 0.6, count), random.uniform(0.3, 1.2, count))
    }


# The formulas


def test_a_step_obeys_the_laws_of_a_function_of_the_product():
    """x^2 - y^2 changes by the squared gradient only, and p has its own map; checked in fractions."""
    initial, parameters = points(400, 3)
    theta, p = tuple(initial.values()), tuple(parameters.values())
    for x, y, u, v, eta in zip(*theta, *quartic.step(theta, p), *p, strict=True):
        x, y, u, v, eta = map(Fraction, (x, y, u, v, eta))
        product, slope, squares = x * y, (x * y) ** 3 - x * y, x * x + y * y
        change = (u * u - v * v) - (x * x - y * y) * (1 - (eta * slope) ** 2)
        assert abs(change) < 1e-15 * (u * u + v * v)
        after = product - eta * slope * squares + eta**2 * slope**2 * product
        assert abs(u * v - after) < 1e-15 * (u * u + v * v)


@pytest.mark.parametrize("signs", [(-1, 1), (1, -1), (-1, -1)])
def test_a_change_of_sign_leads_to_the_mirror_image(signs):
    initial, parameters = points(200, 5)
    mirrored = {name: sign * initial[name] for name, sign in zip(initial, signs, strict=True)}
    here, there = (run(300, ALL, **start, **parameters) for start in (initial, mirrored))
    for name in set(here) - {"lyapunov", "magnification"}:  # these follow a vector that is not mirrored
        assert np.array_equal(abs(here[name]), abs(there[name]), equal_nan=True), name


def test_equal_weights_stay_equal_to_the_last_bit():
    x, eta = np.linspace(0.3, 1.15, 300), np.linspace(0.3, 1.0, 300)
    found = run(5000, ("x_final", "y_final"), x=x, y=-x, eta=eta)
    assert np.array_equal(found["x_final"], -found["y_final"], equal_nan=True)


@pytest.mark.parametrize(("x", "y", "eta"), [(18.0, 0.5, 0.05), (2.0, 1.0, 1 / 3), (1.5, 2.0, 0.03125 * (1 + 1e-15))])
def test_what_a_step_nearly_extinguishes_is_exact(x, y, eta):
    """eta (p^2 - 1) y^2 is one up to rounding: a weight rounded to zero would rest there above the edge for ever."""
    exact = Fraction(x) * (1 - Fraction(eta) * (Fraction(x) ** 2 * Fraction(y) ** 2 - 1) * Fraction(y) ** 2)
    after = quartic.step((np.float64(x), np.float64(y)), (np.float64(eta),))[0]
    assert abs(exact) < 1e-13 and after == pytest.approx(float(exact), rel=1e-15, abs=0.0)


# Final states


def test_runs_from_three_starts_end_at_one_sharpness():
    found = run(20_000, ALL, 1e-24, x=[2.5, 3.0, 2.6], y=[0.3, 0.25, 0.5], eta=0.2)
    assert found["sharpness_final"] == pytest.approx(9.927360, abs=5e-7)
    assert (found["crossings"] > 100).all() and (found["outcome"] == 1).all()


def test_the_final_gap_to_the_edge_is_half_a_step_size():
    eta = np.array([0.1, 0.05, 0.025])
    difference = np.sqrt((1.2 / eta) ** 2 - 4)  # gradient flow ends at 1.2 times 2/eta
    x = np.sqrt(0.5 * (1.2 / eta + difference))
    found = run(400_000, ("sharpness_final",), x=1.05 * x, y=1 / x, eta=eta)
    gap = (2 / eta - found["sharpness_final"]) / eta
    assert gap == pytest.approx(0.5 - 4 * eta**2, abs=2e-3)
    assert gap[2] == pytest.approx(0.4975, abs=1e-4)


@pytest.mark.parametrize("start", [(2.5, 0.3), (1.4, 0.2), (0.4, 1.9)])
def test_gradient_flow_ends_where_phi_says(start):
    """Gradient descent of tiny steps is gradient flow up to their size."""
    found = run(60_000, ("sharpness_final",), x=start[0], y=start[1], eta=[4e-4, 2e-4])["sharpness_final"]
    end = 2 * found[1] - found[0]
    assert quartic.gradient_flow_sharpness(*start) == pytest.approx(end, rel=1e-6)
    difference = start[0] ** 2 - start[1] ** 2
    assert quartic.gradient_flow_sharpness(*start) == pytest.approx(2 * np.sqrt(difference**2 + 4), rel=1e-15)


def test_the_flattest_reachable_minimum_is_where_the_source_says():
    """Its sharpness is 2/eta at c = (eta^-2 - 4)^(1/4)."""
    eta = np.array([0.05, 0.2, 0.4])
    difference = np.sqrt(eta**-2 - 4)
    x = np.sqrt(0.5 * (difference + np.hypot(difference, 2)))
    assert sharpness(MODEL, (x, 1 / x), (eta,)) * eta == pytest.approx(2, rel=1e-14)
    assert LINES["onset"].ratio({"x": x, "y": 1 / x, "eta": eta}) == pytest.approx(1, rel=1e-14)


def test_sharpness_where_gradient_flow_would_end_never_rises():
    initial, parameters = points(300, 8)
    keep = np.abs(parameters["eta"]) < 0.5
    path = follow({n: v[keep] for n, v in initial.items()}, {"eta": parameters["eta"][keep]}, 400, 0.0, MODEL)
    phi = quartic.gradient_flow_sharpness(*path.theta)
    calm = np.abs(path.theta[0] * path.theta[1] * ((path.theta[0] * path.theta[1]) ** 2 - 1)) * parameters["eta"][keep]
    rises = (phi[1:] > phi[:-1] * (1 + 1e-14)) & (calm[:-1] ** 2 < 2)
    assert not rises.any()


# Critical lines


def test_periods_double_at_one_half_for_the_first_time():
    near = 1 + 1e-7

    def leaves(eta):
        found = run(400_000, ("loss_initial", "loss_final"), x=near, y=near, eta=eta)
        return found["loss_final"] > found["loss_initial"]

    assert bisect(leaves, 0.49, 0.51) == pytest.approx(quartic.TWO_CYCLE, rel=1e-5)


def returns(eta, period, steps=300_000):
    """Whether the run comes back after ``period`` steps."""
    here, there = (run(steps + more, ("x_final",), x=0.9, y=0.9, eta=eta)["x_final"] for more in (0, period))
    return abs(here - there) < 1e-7


@pytest.mark.parametrize(
    ("name", "period", "known"),
    [("four_cycle", 2, 0.623584), ("eight_cycle", 4, 0.652075), ("chaos", 1024, 0.659924)],
)
def test_periods_double_where_the_lines_are(name, period, known):
    place = critical_lines.place(MODEL, name)
    assert place == pytest.approx(known, abs=1e-6)
    found = bisect(lambda eta: ~returns(eta, period), 0.99 * place, 1.005 * place)
    assert found == pytest.approx(place, rel=1e-5)


def test_chaos_has_positive_exponents_and_periods_have_none():
    found = run(20_000, ("lyapunov",), x=0.8, y=0.8, eta=[0.55, 0.63, 0.655, 0.662, 0.7, 0.8, 0.9])["lyapunov"]
    assert (found[:3] < 0).all() and (found[3:] > quartic.THRESHOLDS["chaos"]).all()


def test_balanced_runs_diverge_beyond_the_barrier_and_beyond_the_crisis():
    for eta in (0.1, 0.3, 0.9):
        values = {"eta": np.full(64, eta)}

        def beyond(x, eta=eta):
            return run(20_000, ("outcome",), x=x, y=x, eta=eta)["outcome"] == 2

        found = bisect(beyond, 1.05, 2.5)
        ratio = LINES["balanced_divergence"].ratio({"x": np.array([found]), "y": np.array([-found]), **values})
        assert ratio[0] == pytest.approx(1, rel=1e-3)
    crisis = bisect(lambda eta: run(200_000, ("outcome",), x=0.9, y=0.9, eta=eta)["outcome"] == 2, 1.19, 1.22)
    assert crisis == pytest.approx(quartic.CRISIS, rel=1e-3)


def test_where_no_minimum_is_stable_bounded_runs_end_on_equal_weights():
    random = np.random.default_rng(9)
    x, y, eta = random.uniform([[0.5], [0.3], [0.53]], [[2.0], [1.2], [0.95]], (3, 500))
    found = run(20_000, ("outcome", "x_final", "y_final"), 1e-20, x=x, y=y, eta=eta)
    bounded = found["outcome"] != 2
    assert bounded.sum() > 200 and (found["outcome"][bounded] == 3).all()
    assert np.mean(abs(abs(found["x_final"]) - abs(found["y_final"]))[bounded] < 1e-12) > 0.99


def test_the_onset_line_is_where_the_kernel_first_crosses():
    """Exact close to a minimum: farther away, steps of finite size reduce x^2 - y^2."""
    eta, y = 2 / quartic.gradient_flow_sharpness(2.0, 0.499999), 0.499999
    found = bisect(lambda e: run(50_000, ("crossings",), x=2.0, y=y, eta=e)["crossings"] > 0, 0.95 * eta, 1.05 * eta)
    assert found == pytest.approx(eta, rel=1e-4)


def test_lines_hold_only_where_they_should():
    v = {"x": np.array([1.2, 1.2, 1.2]), "y": np.array([1.2, 1.1, -1.2]), "eta": np.array([0.4, 0.4, 1.3])}
    assert np.isnan(LINES["balanced_divergence"].ratio(v)).tolist() == [False, True, True]
