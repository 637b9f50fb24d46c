"""The model `scalar_net`: its Hessian and top eigenvalue, gradient-flow-solution sharpness, laws and critical lines."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import eos_sweep
from eos_sweep import models
from eos_sweep.contract import EDGE
from eos_sweep.eigen.sharpness import sharpness, top
from eos_sweep.models.scalar_net import slopes
from helpers import critical_lines
from helpers import named_inputs as named
from helpers.kernel_and_numpy import bisect

pytestmark = pytest.mark.slow

COUNTS = ("outcome", "first_crossing", "crossings", "steps_above", "final_above", "loss_initial", "loss_final")
scalar_net = models.get("scalar_net")
NAMES = tuple(scalar_net.STATE)


def random_points(count, seed):
    """Weights of every kind: of order one, of equal size, of many sizes, some of them zero."""
    random = np.random.default_rng(seed)
    kind, alike = random.integers(0, 4, count), random.uniform(0.2, 1.6, count)
    points = {"depth": random.integers(2, 6, count).astype(float), "eta": 10.0 ** random.uniform(-2, 0.2, count)}
    for name in NAMES:
        choices = (
            random.uniform(0.05, 2, count),
            alike * (1 + 10.0 ** random.uniform(-17, -1, count)),
            10.0 ** random.uniform(-3, 1, count),
            random.choice([0.0, 0.5, 1.0, 1.3], count),
        )
        points[name] = random.choice([1, 1, 1, -1], count) * np.select([kind == k for k in range(4)], choices)
    return points


def at(**given):
    """Return (theta, p) of points."""
    initial, parameters = named.columns(scalar_net, **given)
    return tuple(initial.values()), tuple(parameters.values())


# The loss and its derivatives

SYMBOLS = sympy.symbols("w1:6")


# The top eigenvalue


def assert_top(**points):
    """Compare the sharpness with NumPy's eigenvalue, and the test of stability with it on both sides."""
    theta, p = at(**points)
    with np.errstate(all="ignore"):
        found, matrix = top(scalar_net, theta, p), scalar_net.curvature(theta, p)
        right = p[1] * np.linalg.eigvalsh(scalar_net.hessian(theta, p))[:, -1]
        np.testing.assert_allclose(found, right, rtol=5e-15, atol=1e-250)
        some = right > 1e-200
        assert scalar_net.stable(matrix, right * (1 + 1e-14))[some].all()
        assert not scalar_net.stable(matrix, right * (1 - 1e-14))[some].any()


@pytest.mark.parametrize("seed", range(3))
def test_sharpness_is_the_largest_eigenvalue_of_the_hessian(seed):
    assert_top(**random_points(20_000, 10 + seed))


weight = st.one_of(st.just(0.0), st.just(1.0), st.floats(-3, 3), st.floats(-30, 15).map(lambda x: 10.0**x))


@given(st.tuples(*[weight] * 5), st.integers(2, 5), st.floats(-30, 30))
@settings(max_examples=300)
def test_sharpness_of_any_weights_in_bounds(weights, depth, decade):
    sizes = np.abs([w for w in weights if w])
    if not sizes.size or (sizes.min() >= 1e-30):
        assert_top(**dict(zip(NAMES, weights, strict=True)), depth=depth, eta=10.0**decade)


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
@pytest.mark.parametrize("product", [1.0, 0.5, 0.5 * (1 + 1e-9), 0.1, 1e-3, 1.5, 2.0, -1e-3, -1.0])
def test_sharpness_where_eigenvalues_meet(depth, product):
    """With weights of equal size all eigenvalues but one are equal; near a product of 1/2 the Hessian is diagonal."""
    size = abs(product) ** (1 / depth)
    moved = size * (1 + np.concatenate([[0], 10.0 ** np.arange(-17, -1.0)]))
    assert_top(w1=np.sign(product) * size, w2=moved, w3=size, w4=-size, w5=-size, depth=depth, eta=0.1)


def test_sharpness_where_weights_are_zero():
    """One zero leaves an arrowhead matrix without a diagonal, two leave one pair of entries, three leave nothing."""
    theta, p = at(w1=[0, 0, 0], w2=[2, 0, 0], w3=[0.5, 3, 0], w4=0.7, depth=4, eta=1)
    outer = (2 * 0.5 * 0.7) ** 2
    one = 0.5 * outer + np.sqrt(0.25 * outer**2 + np.sum(np.array([0.35, 1.4, 1.0]) ** 2))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(sharpness(scalar_net, theta, p), [one, 3 * 0.7, 0], rtol=1e-15)


def test_sharpness_of_two_layers_in_closed_form():
    """S = N/2 + sqrt(N^2/4 - (1 - P)(3P - 1)), N = w1^2 + w2^2."""
    x, y = np.random.default_rng(3).uniform(-2, 2, (2, 500))
    theta, p = at(w1=x, w2=y, depth=2, eta=0.1)
    half, product = 0.5 * (x * x + y * y), x * y
    right = half + np.sqrt(0.25 * (x * x - y * y) ** 2 + (2 * product - 1) ** 2)
    np.testing.assert_allclose(sharpness(scalar_net, theta, p), right, rtol=1e-15)


# Gradient-flow-solution sharpness


def test_flow_sharpness_solves_its_equation():
    points = {name: abs(values) + 1e-3 for name, values in random_points(2000, 4).items()}
    theta, p = at(**points)
    phi = scalar_net.flow_sharpness(theta, p)
    on = points["depth"] >= np.arange(1, 6)[:, None]
    squares = np.where(on, np.square(theta), np.inf)
    low, high = -squares.min(0) * (1 - 1e-15), 1.0 + 0 * phi  # nu, bisected
    for _ in range(200):
        middle = 0.5 * (low + high)
        above = np.sum(np.log(np.where(on, squares + middle, 1.0)), 0) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    right = np.sum(1 / (squares + low), 0)
    clear = high + squares.min(0) > 1e-6 * squares.min(0)  # else bisection for nu has lost the digits of nu + min w^2
    np.testing.assert_allclose(phi[clear], right[clear], rtol=1e-8)
    assert clear.mean() > 0.8


def test_flow_sharpness_of_two_layers_in_closed_form():
    x, y = np.random.default_rng(5).uniform(-30, 30, (2, 500))
    phi = scalar_net.flow_sharpness(*at(w1=x, w2=y, depth=2, eta=1))
    np.testing.assert_allclose(phi, np.sqrt((x * x - y * y) ** 2 + 4), rtol=1e-13)


def test_flow_sharpness_is_the_sharpness_at_a_minimum():
    weights = dict(zip(NAMES, np.random.default_rng(6).uniform(0.3, 2, (5, 300)), strict=True))
    for depth in (2, 3, 4, 5):
        last = NAMES[depth - 1]
        there = weights | {last: 1 / np.prod([weights[name] for name in NAMES[: depth - 1]], axis=0)}
        theta, p = at(depth=depth, eta=1, **there)
        phi = scalar_net.flow_sharpness(theta, p)
        np.testing.assert_allclose(phi, sharpness(scalar_net, theta, p), rtol=1e-13)
        np.testing.assert_allclose(phi, sum(1 / x**2 for x in theta[:depth]), rtol=1e-13)
        assert (phi >= depth).all()


@pytest.mark.parametrize(("depth", "start"), [(2, (0.2, 1.5)), (3, (0.3, -0.5, -1.2)), (5, (0.4, 0.6, 0.8, 1.5, 1.1)),
                                              (4, (-0.2, 0.5, 1.4, 1.1))])  # fmt: skip
def test_gradient_flow_keeps_differences_of_squares_and_ends_at_phi(depth, start):
    """Integrated by small steps of Runge-Kutta; the last start crosses zero first."""
    w = np.array(start)

    def velocity(w):
        return -(np.prod(w) - 1) * np.array([np.prod(np.delete(w, i)) for i in range(depth)])

    for _ in range(30_000):
        h = 2e-3
        k1 = velocity(w)
        k2 = velocity(w + h / 2 * k1)
        k3 = velocity(w + h / 2 * k2)
        w = w + h / 6 * (k1 + 2 * k2 + 2 * k3 + velocity(w + h * k3))
    np.testing.assert_allclose(w**2 - w[0] ** 2, np.square(start) - start[0] ** 2, atol=1e-11)
    phi = scalar_net.flow_sharpness(*at(depth=depth, eta=1, **dict(zip(NAMES, start, strict=False))))
    assert np.prod(w) == pytest.approx(1, abs=1e-10) and np.sum(1 / w**2) == pytest.approx(float(phi[0]), rel=1e-9)


def test_a_flow_that_ends_in_the_saddle_has_no_sharpness():
    phi = scalar_net.flow_sharpness(*at(w1=[0.5, 0.5, 0], w2=[-0.5, -0.4, 0], depth=2, eta=1))
    assert np.isnan(phi).tolist() == [True, False, True]


def test_flow_sharpness_falls_monotonically_under_gradient_descent():
    """Where the product is between 0 and 1 and eta phi <= 2 sqrt 2; beyond that bound it may rise."""
    points = random_points(3000, 7)
    with np.errstate(all="ignore"):
        path, p = named.states(scalar_net, 300, **points)
        phi = np.array([scalar_net.flow_sharpness(theta, p) for theta in path])
        product = np.array([slopes(theta, p)[0] for theta in path])
        rise = phi[1:] / phi[:-1] - 1
        inside = (product[:-1] > 0) & (product[:-1] <= 1) & (product[1:] > 0)
        bounded = inside & (p[1] * phi[:-1] <= 2 * np.sqrt(2))
    assert bounded.sum() > 100_000
    assert rise[bounded].max() < 4e-15
    assert rise[inside & ~bounded].max() > 1e-3


# Laws


def test_differences_of_squares_change_by_squared_gradients_only():
    """w_i^2 - w_j^2 changes in one step by eta^2 (g_i^2 - g_j^2), exactly; two layers: by a factor 1 - eta^2 r^2."""
    points = random_points(2000, 8)
    for depth in (2, 5):
        (theta, after), p = named.states(scalar_net, 1, **points | {"depth": depth})
        product, *pulls = slopes(theta, p)
        gradient = [(product - 1) * slope for slope in pulls]
        for i in range(1, depth):
            found = (after[0] ** 2 - after[i] ** 2) - (theta[0] ** 2 - theta[i] ** 2)
            size = sum(x[k] ** 2 for x in (theta, after) for k in (0, i)) + 1e-300
            assert (np.abs(found - p[1] ** 2 * (gradient[0] ** 2 - gradient[i] ** 2)) / size).max() < 4e-15
        if depth == 2:
            right = -((p[1] * (product - 1)) ** 2) * (theta[0] ** 2 - theta[1] ** 2)
            assert (np.abs(found - right) / size).max() < 4e-15


def test_signs_and_order_of_layers_do_not_matter():
    points = random_points(300, 9) | {"depth": 5.0}
    turned = points | {name: -points[other] for name, other in zip(NAMES, NAMES[::-1], strict=True)}
    turned["w1"] = -turned["w1"]
    one, other = (named.run(scalar_net, 200, COUNTS, 0.0, **x) for x in (points, turned))
    fine = (one["outcome"] == 3) & (one["loss_final"] < 1e-2)
    np.testing.assert_allclose(one["loss_initial"], other["loss_initial"], rtol=1e-12, atol=1e-15)
    assert (one["final_above"] == other["final_above"])[fine].mean() > 0.98


def test_weights_beyond_the_depth_are_not_there():
    points = random_points(200, 10) | {"depth": 3.0}
    one, other = (named.run(scalar_net, 300, None, 0.0, **points | {"w4": w4, "w5": 7.0}) for w4 in (1.0, 0.0))
    assert (other["w4_final"] == 0).all() and (other["w5_final"] == 7).all()
    for name in set(one) - {"w4_final"}:
        assert np.array_equal(one[name], other[name], equal_nan=True), name


# Lines


def ratio(name, **given):
    return float(critical_lines.ratio(scalar_net, name, **given)[0])


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_no_minimum_is_stable_above_two_over_depth(depth):
    """From the start of least sharpness, with equal weights, the loss grows above the line."""
    start = {name: 1 + 1e-7 for name in NAMES} | {"depth": depth}

    def grows(eta):
        found = named.run(scalar_net, 20_000, COUNTS, 0.0, eta=eta, **start)
        return found["loss_final"] > found["loss_initial"]

    edge = bisect(grows, 1.9 / depth, 2.1 / depth, rounds=5)
    assert ratio("no_stable_minimum", eta=edge, **start) == pytest.approx(1, rel=1e-5)
    assert sharpness(scalar_net, *at(eta=1, **start))[0] == pytest.approx(depth, rel=1e-5)


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_a_run_crosses_from_where_the_minimum_of_the_flow_is_unstable(depth):
    start = {"depth": depth, "w1": 3.0, "w2": 0.6, "w3": 0.7, "w4": 1.3, "w5": 1.1}
    product = np.prod([start[name] for name in NAMES[:depth]])
    start["w1"] *= (1 - 1e-6) / product
    phi = float(scalar_net.flow_sharpness(*at(eta=1, **start))[0])
    edge = bisect(
        lambda eta: named.run(scalar_net, 50_000, COUNTS, 0.0, eta=eta, **start)["first_crossing"] >= 0,
        1.9 / phi,
        2.1 / phi,
        rounds=5,
    )
    assert ratio("flow_at_edge", eta=edge, **start) == pytest.approx(1, rel=1e-5)


def test_runs_end_at_the_minimum_of_their_flow_below_both_bounds():
    """Converged runs have S = phi <= min(phi(theta0), 2/eta), close to phi(theta0) if eta phi(theta0) < 2."""
    points = {name: abs(values) + 0.05 for name, values in random_points(1000, 11).items()}
    found = named.run(scalar_net, 20_000, None, 1e-20, **points)
    product = slopes(*at(**points))[0]
    edge = 2 / points["eta"]
    ended = (found["outcome"] == 1) & (product <= 1) & (found["flow_sharpness_initial"] <= np.sqrt(2) * edge)
    assert ended.sum() > 200
    np.testing.assert_allclose(found["sharpness_final"][ended], found["flow_sharpness_final"][ended], rtol=1e-7)
    assert (found["flow_sharpness_final"] <= found["flow_sharpness_initial"] * (1 + 1e-13))[ended].all()
    assert (found["sharpness_final"] < edge)[ended].all()


def test_the_monotone_line_is_root_two_above_and_keeps_to_its_product():
    start = {"depth": 3, "w1": 0.5, "w2": 1.2, "w3": 0.9, "eta": 0.2}
    assert ratio("monotone", **start) == pytest.approx(ratio("flow_at_edge", **start) / np.sqrt(2))
    assert np.isnan(ratio("monotone", **start | {"w2": -1.2})) and np.isnan(ratio("monotone", **start | {"w1": 1.2}))


# Inputs and observables


def test_a_depth_that_there_is_not_is_refused():
    for depth in (1, 6):
        with pytest.raises(eos_sweep.SpecError, match=f"parameters.depth: got {depth}.0; .* >= 2 and <= 5"):
            eos_sweep.sweep("scalar_net", {"eta": [0.1]}, {"depth": depth}, {"w1": 1, "w2": 1}, steps=1)


def test_only_models_that_have_it_offer_the_flow_sharpness():
    assert "flow_sharpness_final" not in eos_sweep.observables.variables(eos_sweep.models.get("stabilization"))
    assert "flow_sharpness_final" in eos_sweep.observables.expand(("default",), scalar_net)


def test_the_edge_of_the_start_is_the_exact_sharpness():
    points = random_points(100, 14)
    theta, p = at(**points)
    with np.errstate(all="ignore"):
        right = p[1] / EDGE * np.linalg.eigvalsh(scalar_net.hessian(theta, p))[:, -1]
    found = critical_lines.ratio(scalar_net, "start_at_edge", **points)
    np.testing.assert_allclose(found, right, rtol=1e-13, atol=1e-250)
