"""The model ``linear_net``: its sharpness, its critical lines, its defaults and its trajectory."""

import functools

import numpy as np
import pytest
import sympy

import eos_sweep
from eos_sweep.eigen.sharpness import sharpness, top
from eos_sweep.models import linear_net
from helpers import critical_lines
from helpers import named_inputs as named
from helpers.linear_nets import by_name, full, gram, random_points

pytestmark = pytest.mark.slow

COUNTS = ("outcome", "first_crossing", "crossings", "steps_above", "final_above", "loss_final")


def test_sharpness_is_the_largest_eigenvalue_of_the_gauss_newton_matrix():
    points = random_points(3000, 8)
    (theta,), p = named.states(linear_net, 0, **points)
    right = np.linalg.eigvalsh(linear_net.hessian(theta, p))[:, -1]
    np.testing.assert_allclose(sharpness(linear_net, theta, p), right, rtol=1e-13)
    matrix = linear_net.curvature(theta, p)
    eta = points["eta"]
    assert linear_net.stable(matrix, eta * right * (1 + 1e-14)).all()
    assert not linear_net.stable(matrix, eta * right * (1 - 1e-14)).any()


def test_it_differs_from_that_of_the_full_hessian_by_the_bound_at_most():
    """The full Hessian of networks of width 2 from SymPy; the bound is 2 |XD| / (n sqrt(m))."""
    a, w = sympy.symbols("a1:3"), sympy.Matrix(2, 3, sympy.symbols("w1:7"))
    lambdas, b = sympy.symbols("l1:4"), sympy.symbols("b1:4")
    f = (sympy.Matrix([a]) * w) / sympy.sqrt(2)
    loss = sum(lam * (f[k] - target) ** 2 for k, (lam, target) in enumerate(zip(lambdas, b, strict=True)))
    full = sympy.lambdify((*a, *w, *lambdas, *b), sympy.hessian(loss, (*a, *w)))
    random = np.random.default_rng(9)
    ratios = []
    for _ in range(300):
        weights, variances, target = random.normal(size=8), 10.0 ** random.uniform(-2, 1, 3), random.normal(size=3)
        state, f0 = gram(weights[None, :2], weights[2:].reshape(1, 2, 3))
        inputs = {f"lambda{k + 1}": variances[k] for k in range(3)} | {f"b{k + 1}": target[k] for k in range(3)}
        d = f0[:, 0] - target
        start = state | {f"d{k + 1}": d[k] for k in range(3)}
        (theta,), p = named.states(linear_net, 0, **start, **inputs, width=2, eta=0.1)
        true = np.linalg.eigvalsh(full(*weights, *variances, *target))[-1]
        bound = 2 * np.linalg.norm(variances * d) / np.sqrt(2)
        ratios.append(abs(true - sharpness(linear_net, theta, p)[0]) / bound)
    assert max(ratios) <= 1 + 1e-9 and max(ratios) > 0.5


@pytest.mark.parametrize("kind", ["alike", "diagonal", "rank one", "zero"])
def test_sharpness_where_eigenvalues_meet(kind):
    given = {"a": 1.0, "g11": 0.5, "g22": 0.5, "g33": 0.5}
    given |= {"lambda1": 2.0, "lambda2": 2.0, "lambda3": 2.0, "b1": 1.0, "b2": 1.0, "width": 4, "eta": 0.1}
    small = np.concatenate([[0.0], 10.0 ** np.arange(-17, -1.0)])
    match kind:
        case "alike":
            given |= {"g12": small, "g13": small[::-1], "g23": -small}
        case "diagonal":
            given |= {"g22": 0.5 * (1 + small), "g33": 0.5 - small}
        case "rank one":
            given |= {"a": 0.0, "g11": 1.0, "g22": small**2, "g12": small, "g33": 0.0}
        case "zero":
            given |= {"lambda1": small, "lambda2": 0.0, "lambda3": 0.0}
    (theta,), p = named.states(linear_net, 0, **full(**given))
    right = 0.1 * np.linalg.eigvalsh(linear_net.hessian(theta, p))[:, -1]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(top(linear_net, theta, p), right, rtol=1e-14)


ALONE = {"lambda1": 100.0, "lambda2": 0.01, "b1": 0.0, "b2": 1.0, "a": 0.3, "g11": 0.02, "g22": 0.1, "d1": 1e-6}


ratio = functools.partial(critical_lines.ratio, linear_net)


@pytest.mark.parametrize("width", [1.0, 4.0])
def test_sharpening_reaches_the_edge_from_the_end_of_the_flow_on(width):
    given = full(**ALONE) | {"width": width}
    at_one = float(ratio("flow_at_edge", eta=1.0, **given)[0])
    eta = np.linspace(0.9995, 1.0005, 41) / at_one
    found = named.run(linear_net, 400_000, COUNTS, 1e-20, eta=eta, **given)["first_crossing"] >= 0
    edge = eta[int(np.argmax(found))]
    assert not found[0] and ratio("flow_at_edge", eta=edge, **given)[0] == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("given", [{"lambda2": 0.0, "width": 4.0}, {"lambda2": 0.1, "b2": 1.0, "width": 1e12}])
def test_a_wide_network_and_one_without_a_target_diverge_from_twice_the_edge_on(given):
    start = full(**{"lambda1": 3.0, "b1": 0.0, "a": 0.4, "g11": 0.2, "g22": 0.1, "d1": 1e-2, "b2": 0.0} | given)
    at_one = float(ratio("lazy_divergence", eta=1.0, **start)[0])
    eta = np.linspace(0.998, 1.002, 41) / at_one
    diverges = named.run(linear_net, 5000, COUNTS, 1e-20, eta=eta, **start)["outcome"] == 2
    edge = eta[int(np.argmax(diverges))]
    assert not diverges[0] and ratio("lazy_divergence", eta=edge, **start)[0] == pytest.approx(1, rel=1.5e-4)


def test_gradient_flow_ends_where_the_line_says():
    given = full(lambda1=3.0, lambda2=0.5, b1=0.0, b2=1.5, a=0.4, g11=0.3, g22=0.2, width=2.0, eta=1e-4, d2=-1.2)
    found = named.run(linear_net, 200_000, tuple(f"{name}_final" for name in linear_net.STATE), **given)
    (theta,), p = named.states(linear_net, 0, **given)
    for name, right in by_name(linear_net.flow_end(theta, p, 2)).items():
        assert found[f"{name}_final"][0] == pytest.approx(right[0], rel=1e-3, abs=1e-9), name


def test_the_line_keeps_to_its_assumptions():
    given = full(**ALONE) | {"width": 4.0, "eta": 0.01}
    assert np.isfinite(ratio("flow_at_edge", **given))
    for change in ({"b1": 0.1}, {"b2": 0.0}, {"d1": 0.3}):
        assert np.isnan(ratio("flow_at_edge", **given | change))
    assert np.isnan(ratio("lazy_divergence", **given | {"eta": 10.0}))
    turned = {"lambda1": 0.01, "lambda2": 100.0, "b1": 1.0, "b2": 0.0, "g11": 0.1, "g22": 0.02, "d1": -1, "d2": 1e-6}
    np.testing.assert_allclose(ratio("flow_at_edge", **given | turned), ratio("flow_at_edge", **given), rtol=1e-14)


def test_a_start_without_f_is_the_default():
    given = {"lambda1": 1.0, "lambda2": 0.1, "b1": 0.3, "b2": -2.0, "width": 4.0}
    start = {"a": 0.5, "g11": 0.5, "g22": 0.5}
    ds = eos_sweep.sweep("linear_net", {"eta": [0.1, 0.2]}, given, start, steps=1, observables=["loss_initial"])
    np.testing.assert_allclose(ds.loss_initial, 0.3**2 + 0.1 * 2**2, rtol=1e-15)
    again = eos_sweep.sweep(
        "linear_net", {"eta": [0.1]}, given, {**start, "d2": "0.5 - b2"}, steps=1, observables=["loss_initial"]
    )
    np.testing.assert_allclose(again.loss_initial, 0.3**2 + 0.1 * 2.5**2, rtol=1e-15)


def test_a_trajectory_shows_the_eigenvalues_of_the_gauss_newton_matrix():
    run = eos_sweep.trajectory(
        "linear_net",
        {"lambda1": 10, "lambda2": 0.1, "b1": 0.1, "b2": 1, "width": 4, "eta": 0.05},
        {"a": 0.5, "g11": 0.5, "g22": 0.5},
        steps=200,
    )
    assert run.eigenvalues.shape == (201, 3)
    np.testing.assert_allclose(run.eigenvalues[:, 0], run.sharpness, rtol=1e-13)
    np.testing.assert_allclose(run.loss, run.loss1 + run.loss2 + run.loss3, rtol=1e-15)
