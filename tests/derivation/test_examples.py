"""Models that a formula gives: what is known of each in closed form, against what is derived from its loss."""

import math

import numpy as np
import pytest

from eos_sweep import models
from eos_sweep.eigen.sharpness import sharpness
from eos_sweep.models import product, quartic
from helpers import named_inputs as named
from helpers.example_models import NAMES, TABLES, after, flow_sharpness, model, sharpness_at, slopes, wells

LOSSES = {"log_cosh": 1.5, "logistic": 6.0, "root": 1.0, "normal": 3.0}  # of s: G = -3 over the fourth derivative
LOGISTIC = TABLES["logistic"]["model"]["data"]


def draws(count, low, high, size=200, seed=0):
    """Return arrays of random numbers."""
    return np.random.default_rng(seed).uniform(low, high, (count, size))


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_falls_along_the_step(name):
    """To first order by eta times the squared gradient."""
    here = model(name)
    state = dict(zip(here.STATE, draws(len(here.STATE), 0.3, 1.3), strict=True))
    given = {name: quantity.default or 1.0 for name, quantity in here.PARAMETERS.items()} | state
    square = sum(np.square(slopes(name, **{key: value for key, value in given.items() if key != "eta"})))
    path, p = named.states(here, 1, **given | {"eta": 1e-7})
    assert np.allclose((here.loss(path[0], p) - here.loss(path[1], p)) / 1e-7, square, rtol=1e-3, atol=1e-6)


# A factorisation


def distance(x, y, y0, eta):
    """Return D = x^2 + y^2 - 4/eta - eta y0 (xy - y0), which is zero on the line of divergence."""
    return x * x + y * y - 4.0 / eta - eta * y0 * (x * y - y0)


def test_a_factorisation_keeps_the_side_of_its_line():
    """A step multiplies D by 1 + eta^2 (xy - y0) xy, which is positive for eta |y0| < 2.

    Below the line x^2 + y^2 is then bounded, and a minimum xy = y0 above it has a sharpness over 4/eta.
    """
    x, y, y0, eta = draws(4, [[-3.0], [-3.0], [0.1], [0.1]], [[3.0], [3.0], [1.9], [1.0]])
    (x1, y1), _ = after("factorisation", 1, x=x, y=y, y0=y0, l2=0.0, eta=eta)
    factor = 1.0 + eta**2 * (x * y - y0) * (x * y)
    assert np.allclose(distance(x1, y1, y0, eta), factor * distance(x, y, y0, eta), rtol=1e-11, atol=1e-10)
    assert (factor > 0.0).all()


def test_the_line_of_a_factorisation_is_where_the_distance_is_zero():
    """Where eta y0 < 2, its ratio is above one if and only if D > 0."""
    (line,) = model("factorisation").LINES
    x, y, y0, eta = draws(4, [[-6.0], [-6.0], [0.1], [0.1]], [[6.0], [6.0], [1.9], [1.0]], 2000)
    ratio = line.ratio({"x": x, "y": y, "y0": y0, "l2": 0.0 * x, "eta": eta})
    clear = abs(ratio - 1.0) > 1e-9
    assert np.array_equal((ratio > 1.0)[clear], (distance(x, y, y0, eta) > 0.0)[clear])
    assert 0.2 < (ratio > 1.0).mean() < 0.9


def test_l2_moves_all_eigenvalues_of_a_factorisation():
    """At zero the Hessian has the eigenvalues l2 +- y0; elsewhere L2 adds l2 to each."""
    assert np.allclose(sharpness_at("factorisation", x=0.0, y=0.0, y0=1.5, l2=[0.0, 0.3], eta=0.1), [1.5, 1.8])
    x, y = draws(2, -3.0, 3.0)
    with_l2, without = (sharpness_at("factorisation", x=x, y=y, y0=1.0, l2=l2, eta=0.1) for l2 in (0.3, 0.0))
    assert np.allclose(with_l2, without + 0.3)


# Logistic regression


def logistic_slope(points, w):
    """Return the slope of the mean logistic loss over ``points`` = y x."""
    return -np.mean(points[:, None] * np.exp(-np.logaddexp(0.0, points[:, None] * w)), axis=0)


def logistic_curvature(points, w):
    fraction = 1.0 / (1.0 + np.exp(-points[:, None] * w))
    return np.mean(np.square(points[:, None]) * fraction * (1.0 - fraction), axis=0)


def root(points, slope, low=-60.0, high=60.0):
    """Return w with the given slopes."""
    low, high = np.full_like(slope, low), np.full_like(slope, high)
    for _ in range(100):
        middle = 0.5 * (low + high)
        above = logistic_slope(points, middle) > slope
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return 0.5 * (low + high)


def first_cycle(points):
    """Return the least eta with a cycle of two steps times the curvature at the minimum, that curvature, the cycle.

    The slope g of a convex loss rises, so that of each size G there is one cycle, of a with g(a) = G and b with
    g(b) = -G, at the step size (a - b)/G.  A continuous map of an interval without cycles of two steps lets every start
    converge (Coppel 1955), so below the least of these step sizes every run ends at the minimum.
    """
    largest = min(-logistic_slope(points, np.array([-60.0]))[0], logistic_slope(points, np.array([60.0]))[0])
    size = np.linspace(1e-3, 0.999, 4001) * largest
    above, below = root(points, size), root(points, -size)
    eta = (above - below) / size
    curvature = logistic_curvature(points, root(points, np.zeros(1)))[0]
    least = np.argmin(eta)
    return eta[least] * curvature, curvature, above[least], below[least]


def test_the_minimum_of_the_logistic_regression_and_its_first_cycle():
    """The numbers in the spec; 40 digits of the same minimisation agree with them."""
    points = np.multiply(LOGISTIC["x"], LOGISTIC["y"])
    ratio, curvature, above, below = first_cycle(points)
    assert abs(ratio - 1.8598793971734610) < 1e-6 and abs(curvature - 0.187369767829655763) < 1e-14
    doubling, cycles = model("logistic").LINES
    assert abs(cycles.ratio({"eta": ratio / curvature, "w": 0.0}) - 1.0) < 1e-6
    assert abs(doubling.ratio({"eta": 2.0 / curvature, "w": 0.0}) - 1.0) < 1e-12
    w = root(points, np.zeros(1))
    assert np.allclose(sharpness_at("logistic", w=w, eta=1.0), curvature, rtol=1e-14)
    (back,), _ = after("logistic", 2, w=[above, below], eta=ratio / curvature)
    assert np.allclose(back, [above, below], atol=1e-9)


@pytest.mark.parametrize(
    ("points", "ratio"),
    [
        ([1, 1, 1, -1], 2.0),  # points of one size have no cycle below 2 (arXiv 2507.11228)
        ([3, -3, 2, -2, 1, -1], 2.0),  # nor has a minimum at zero, where the curvature is largest
        ([10, 2, -1], 2.0),
        ([10, 1, 1, -1], 1.8599),
        ([30, 1, 1, 1, -1, -1], 1.5164),
        ([100, *[1] * 8, *[-1] * 7], 1.2133),  # towards one, below which there is none (arXiv 2406.05033)
    ],
)
def test_the_first_cycle_of_data_sets(points, ratio):
    """In units of 1/curvature."""
    assert abs(first_cycle(np.array(points, float))[0] - ratio) < 2e-4


# Products of weights


def test_four_scalars_in_pairs_are_the_quartic_model():
    """On z = x, w = y a step is that of `quartic`, and so is the sharpness at a minimum, 2 (x^2 + y^2)."""
    x, y, eta = draws(3, [[-1.5], [-1.5], [0.05]], [[1.5], [1.5], [0.5]])
    (x1, y1, z1, w1), _ = after("four_scalars", 1, x=x, y=y, z=x, w=y, eta=eta)
    ends = quartic.step((x, y), (eta,))
    assert np.allclose([x1, y1, z1, w1], [*ends, *ends], rtol=1e-13, atol=1e-14)
    minimum = sharpness_at("four_scalars", x=x, y=1 / x, z=x, w=1 / x, eta=eta)
    assert np.allclose(minimum, 2.0 * (x**2 + x**-2.0), rtol=1e-12)


@pytest.mark.parametrize("name", ["four_scalars", "three_layers", "eight_layers"])
def test_at_a_minimum_of_a_product_the_sharpness_is_the_sum_of_inverse_squares(name):
    weights = draws(len(model(name).STATE), 0.5, 1.5)
    weights[-1] = 1.0 / np.prod(weights[:-1], axis=0)
    given = dict(zip(model(name).STATE, weights, strict=True))
    assert np.allclose(sharpness_at(name, **given, eta=0.1), np.sum(weights**-2.0, axis=0), rtol=1e-12)


@pytest.mark.parametrize("name", ["four_scalars", "three_layers", "eight_layers"])
def test_a_step_changes_the_imbalance_of_a_product_by_its_own_law(name):
    """a^2 - b^2 is multiplied by 1 - (eta r c)^2, c the product of the other weights."""
    weights = draws(len(model(name).STATE), 0.5, 1.4)
    later, _ = after(name, 1, **dict(zip(model(name).STATE, weights, strict=True)), eta=0.1)
    (a, b), rest = weights[:2], np.prod(weights[2:], axis=0)
    factor = 1.0 - np.square(0.1 * (a * b * rest - 1.0) * rest)
    assert np.allclose(later[0] ** 2 - later[1] ** 2, (a * a - b * b) * factor, rtol=1e-11, atol=1e-11)


def test_three_layers_are_the_scalar_network_of_depth_three():
    w1, w2, w3, eta = draws(4, -1.5, 1.5)
    eta = abs(eta)
    later, sharp = after("three_layers", 1, w1=w1, w2=w2, w3=w3, eta=eta)
    model = models.get("scalar_net")
    path, p = named.states(model, 1, depth=3.0, w1=w1, w2=w2, w3=w3, eta=eta)
    assert np.allclose(later, path[1][:3], rtol=1e-13, atol=1e-14)
    assert np.allclose(sharp, sharpness(model, path[1], p), rtol=1e-11)


def test_eight_equal_weights_have_one_eigenvalue_and_seven_alike():
    """With weights w and r = w^8 - 1 these are 8 w^14 + 7 r w^6 and -r w^6; the largest changes at w = 1/16^(1/8)."""
    w = np.concatenate([draws(1, 0.05, 1.6)[0], [0.7, 0.7072, 1.0]])
    r = w**8 - 1.0
    given = {f"w{k}": w for k in range(1, 9)}
    largest = np.maximum(8.0 * w**14 + 7.0 * r * w**6, -r * w**6)
    assert np.allclose(sharpness_at("eight_layers", **given, eta=0.1), largest, rtol=1e-12, atol=1e-14)


# A neuron, and functions that are known for their minima


def test_gradient_flow_of_a_neuron_conserves_its_quantity():
    a, b = draws(2, 0.2, 2.0)
    along_a, along_b = slopes("tanh_neuron", a=a, b=b, y0=1.0)
    assert np.allclose(a * along_a, np.sinh(b) * np.cosh(b) * along_b, rtol=1e-12)


def test_the_flattest_minimum_of_a_neuron():
    """It has the sharpness 2 y0 (sqrt(1 + y0^2) - y0), where tanh(b)^4 = y0^2/(1 + y0^2)."""
    b = np.linspace(0.05, 3.0, 20_001)
    for y0 in (0.2, 1.0, 3.0):
        valley = sharpness_at("tanh_neuron", a=y0 / np.tanh(b), b=b, y0=y0, eta=0.1)
        flattest = 2.0 * y0 * (math.sqrt(1.0 + y0**2) - y0)
        assert abs(valley.min() / flattest - 1.0) < 1e-6
        (line,) = model("tanh_neuron").LINES
        assert abs(line.ratio({"y0": y0, "eta": 2.0 / flattest}) - 1.0) < 1e-12
        assert np.allclose(valley, flow_sharpness(y0 / np.tanh(b), b, y0), rtol=1e-9)


def test_wells_of_a_bowl_with_a_cosine():
    """There are 11, where x = -a k sin(kx) and the curvature 1 + a k^2 cos(kx) is positive."""
    rests = wells(0.5, 8.0)
    curvature = 1.0 + 32.0 * np.cos(8.0 * rests)
    assert np.allclose(sharpness_at("cosine", x=rests, a=0.5, k=8.0, eta=0.1), curvature, rtol=1e-12)
    (near,), _ = after("cosine", 50, x=rests + 1e-4, a=0.5, k=8.0, eta=0.05)
    assert np.array_equal(abs(near - rests) < 1e-6, curvature > 0) and (curvature > 0).sum() == 11


def test_the_minimum_of_rosenbrocks_valley():
    b = np.array([1.0, 10.0, 100.0])
    closed = 1.0 + 5.0 * b + np.sqrt((1.0 + 5.0 * b) ** 2 - 4.0 * b)
    assert np.allclose(sharpness_at("rosenbrock", x=1.0, y=1.0, b=b, eta=0.1), closed, rtol=1e-13)
    (line,) = model("rosenbrock").LINES
    assert np.allclose(line.ratio({"b": b, "eta": 2.0 / closed}), 1.0)


# A function of a product


@pytest.mark.parametrize(("name", "gap"), LOSSES.items())
def test_the_losses_of_a_product(name, gap):
    """Each has the curvature 1 at zero and the fourth derivative -3/G, so its slope is s - s^3/(2 G) + O(s^5)."""
    s = np.array([0.01, 0.02, 0.03])
    slope = slopes(f"ahn_{name}", x=s, y=1.0)[0]
    assert np.allclose((s - slope) / s**3, 0.5 / gap, rtol=2e-3)
    x, y = draws(2, -1.5, 1.5)
    (x1, y1), _ = after(f"ahn_{name}", 1, x=x, y=y, eta=0.3)
    along = slopes(f"ahn_{name}", x=x * y, y=1.0)[0]
    assert np.allclose(x1**2 - y1**2, (x * x - y * y) * (1.0 - (0.3 * along) ** 2), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("name", "ell"), [("log_cosh", 1.0), ("logistic", 2.0), ("root", 0.0)])
def test_three_of_them_are_losses_of_the_model_product(name, ell):
    x, y = draws(2, -2.0, 2.0)
    later, sharp = after(f"ahn_{name}", 3, x=x, y=y, eta=0.3)
    path, p = named.states(product, 3, x=x, y=y, eta=0.3, ell=ell)
    assert np.allclose(later, path[-1][:2], rtol=1e-11, atol=1e-13)
    assert np.allclose(sharp, sharpness(product, path[-1], p), rtol=1e-11)


def test_every_example_has_a_critical_line():
    assert len(NAMES) >= 12 and all(TABLES[name]["model"].get("lines") for name in NAMES)
