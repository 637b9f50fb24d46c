"""The model `linear_net`: its recursion against networks of explicit weights, the laws of a step, and its line."""

import named
import numpy as np
import pytest
import sympy

import eos_sweep
from eos_sweep import critical
from eos_sweep.models import linear_net
from eos_sweep.sharpness import sharpness, top

pytestmark = pytest.mark.slow

LINES = {line.name: line for line in critical.lines_of(linear_net)}
COUNTS = ("outcome", "first_crossing", "crossings", "steps_above", "final_above", "loss_final")
GRAM = ("g11", "g22", "g33", "g12", "g13", "g23")
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def gram(a, w):
    """Return name -> the state of networks with weights A of shape (count, m) and W of shape (count, m, 3)."""
    width = a.shape[1]
    f = np.einsum("nm,nmk->kn", a, w) / np.sqrt(width)
    g = np.einsum("nmk,nml->kln", w, w) / width
    return {"a": np.sum(a * a, 1) / width, **{name: g[i, j] for name, (i, j) in zip(GRAM, PAIRS, strict=True)}}, f


def random_points(count, seed, width=None):
    """Networks of random weights at random widths; a third has an irrelevant first feature, a third two features."""
    random = np.random.default_rng(seed)
    kind = random.integers(0, 3, count)
    widths = np.full(count, width) if width else random.choice([1, 2, 4, 9, 40], count)
    states, coefficients = [], []
    for m in widths:
        state, f = gram(random.normal(0, 0.7, (1, m)), random.normal(0, 0.7, (1, m, 3)))
        states.append({name: value[0] for name, value in state.items()})
        coefficients.append(f[:, 0] * random.choice([0, 1]))
    points = {name: np.array([state[name] for state in states]) for name in states[0]}
    points["width"] = widths.astype(float)
    for k in (1, 2, 3):
        points[f"lambda{k}"] = 10.0 ** random.uniform(-2, 1, count)
        points[f"b{k}"] = random.normal(0, 1, count)
    points["b1"] = np.where(kind == 0, 0.0, points["b1"])
    points["lambda3"] = np.where(kind == 1, 0.0, points["lambda3"])
    for k in (1, 2, 3):
        points[f"d{k}"] = np.array(coefficients)[:, k - 1] - points[f"b{k}"]
    return points | {"eta": 10.0 ** random.uniform(-2, 0, count)}


def full(**given):
    """Inputs with the start of an antisymmetric network, f = 0, where none is given."""
    return {f"d{k}": -given.get(f"b{k}", 0.0) for k in (1, 2, 3)} | given


def by_name(theta):
    return dict(zip(linear_net.STATE, theta, strict=True))


def vectors(theta, points):
    """Return f, d, Lambda^(1/2), g as arrays of shape (count, 3) and (count, 3, 3)."""
    state = by_name(theta)
    d = np.stack([state[f"d{k}"] for k in (1, 2, 3)], -1)
    b = np.stack(np.broadcast_arrays(*(points[f"b{k}"] for k in (1, 2, 3))), -1)
    root = np.sqrt(np.stack(np.broadcast_arrays(*(points[f"lambda{k}"] for k in (1, 2, 3))), -1))
    g = np.empty((*d.shape, 3))
    for name, (i, j) in zip(GRAM, PAIRS, strict=True):
        g[..., i, j] = g[..., j, i] = state[name]
    return d + b, d, root, g


# The recursion against networks of explicit weights


@pytest.mark.parametrize("width", [1, 2, 3, 7, 50, 400])
def test_the_recursion_is_gradient_descent_on_the_weights_whatever_the_width(width):
    """A and W are stepped by the gradients of |D|^2 / n with data X of 5 samples; nothing is known of Gram matrices."""
    random = np.random.default_rng(width)
    samples, eta = 5, 0.07
    x, b = random.normal(size=(3, samples)), random.normal(size=3)
    axes, singular, _ = np.linalg.svd(x, full_matrices=False)
    x, b = axes.T @ x, axes.T @ b  # the eigenbasis of X X'
    y = b @ x
    a, w = random.normal(0, 0.7, width), random.normal(0, 0.7, (width, 3))
    state, f = gram(a[None], w[None])
    start = state | {f"d{k + 1}": f[k] - b[k] for k in range(3)}
    inputs = {f"lambda{k + 1}": singular[k] ** 2 / samples for k in range(3)}
    inputs |= {f"b{k + 1}": b[k] for k in range(3)}
    path, p = named.states(linear_net, 60, **start, **inputs, width=width, eta=eta)
    for theta in path:
        error = a @ w @ x / np.sqrt(width) - y
        state, f = gram(a[None], w[None])
        right = state | {f"d{k + 1}": f[k] - b[k] for k in range(3)}
        for name, value in by_name(theta).items():
            np.testing.assert_allclose(value, right[name], rtol=1e-11, atol=1e-12, err_msg=name)
        assert linear_net.loss(theta, p)[0] == pytest.approx(error @ error / samples, rel=1e-10)
        down = 2 * eta / (samples * np.sqrt(width))
        a, w = a - down * (w @ x @ error), w - down * np.outer(a, x @ error)
        assert error @ error < 1e6


def test_the_gradient_is_that_of_the_loss():
    """A and W of width 2, by SymPy."""
    a, w = sympy.symbols("a1:3"), sympy.Matrix(2, 3, sympy.symbols("w1:7"))
    values = np.random.default_rng(2).normal(size=8)
    lambdas, b, eta = (0.7, 2.0, 0.1), (0.3, -1.0, 0.5), 0.1
    f = (sympy.Matrix([a]) * w) / sympy.sqrt(2)
    loss = sum(lam * (f[k] - target) ** 2 for k, (lam, target) in enumerate(zip(lambdas, b, strict=True)))
    symbols = (*a, *w)
    slope = np.array(sympy.lambdify(symbols, [sympy.diff(loss, s) for s in symbols])(*values), float)
    new = values - eta * slope
    (state, f0), (after, f1) = (gram(x[None, :2], x[2:].reshape(1, 2, 3)) for x in (values, new))
    inputs = {f"lambda{k + 1}": lambdas[k] for k in range(3)} | {f"b{k + 1}": b[k] for k in range(3)}
    start = state | {f"d{k + 1}": f0[k] - b[k] for k in range(3)}
    (_, theta), _ = named.states(linear_net, 1, **start, **inputs, width=2, eta=eta)
    for name, right in (after | {f"d{k + 1}": f1[k] - b[k] for k in range(3)}).items():
        np.testing.assert_allclose(by_name(theta)[name], right, rtol=1e-13, atol=1e-14, err_msg=name)


# The laws of a step, in units n = 1


def laws(seed):
    points = random_points(400, seed)
    points["eta"] = points["eta"] * 0.1
    (before, after), p = named.states(linear_net, 1, **points)
    return points, before, after, p, vectors(before, points), vectors(after, points)


def relative(found, right, *sizes):
    axes = tuple(range(1, np.ndim(right)))
    size = sum(np.abs(x).max(axis=axes) for x in (found, right, *sizes))
    return (np.abs(found - right).max(axis=axes) / size).max()


def test_law_of_the_error():
    """D' = D - eta M D + (4 eta^2 / m) (F.D) Sigma D."""
    points, before, _, p, (f, d, root, _), (_, after, _, _) = laws(4)
    big_d, big_f, m = root * d, root * f, points["width"][:, None]
    eta = points["eta"][:, None]
    curved = np.einsum("nkl,nl->nk", linear_net.hessian(before, p), big_d)
    along = np.sum(big_f * big_d, -1, keepdims=True)
    right = big_d - eta * curved + 4 * eta**2 / m * along * root**2 * big_d
    assert relative(root * after, right, big_d) < 1e-14


def test_law_of_the_output_layer():
    """|A'|^2 - |A|^2 = -4 eta F.D + (4 eta^2 / m) |W X D|^2, here over m."""
    points, before, after, _, (f, d, root, g), _ = laws(5)
    along = np.sum(root**2 * f * d, -1)
    squares = np.einsum("nk,nkl,nl->n", root**2 * d, g, root**2 * d)
    right = (-4 * points["eta"] * along + 4 * points["eta"] ** 2 * squares) / points["width"]
    assert relative(after[0] - before[0], right, before[0]) < 1e-14


def test_law_of_the_curvature():
    """M' - M = -(4 eta / m) [2 (F.D) Sigma + F D' Sigma + Sigma D F'] + (8 eta^2 / m) [v Sigma + a Sigma D D' Sigma].

    v is |W X D|^2 / m.
    """
    points, before, after, p, (f, d, root, g), _ = laws(6)
    eta, m = points["eta"][:, None, None], points["width"][:, None, None]
    sigma = root[:, :, None] ** 2 * np.eye(3)
    big_d, big_f = root * d, root * f
    along = np.sum(big_f * big_d, -1)[:, None, None]
    squares = np.einsum("nk,nkl,nl->n", root**2 * d, g, root**2 * d)[:, None, None]
    outer = np.einsum("nk,nl->nkl", big_f, root**2 * big_d)
    curved = np.einsum("nk,nl->nkl", root**2 * big_d, root**2 * big_d)
    a = before[0][:, None, None]
    right = -4 * eta / m * (2 * along * sigma + outer + np.swapaxes(outer, 1, 2))
    right = right + 8 * eta**2 / m * (squares * sigma + a * curved)
    old, new = (linear_net.hessian(theta, p) for theta in (before, after))
    assert relative(new - old, right, old) < 1e-14


def test_the_gram_matrix_of_a_network_stays_positive_semidefinite():
    points = random_points(300, 7)
    points["eta"] = points["eta"] * 0.3
    with np.errstate(all="ignore"):
        path, p = named.states(linear_net, 200, **points)
        fine = linear_net.loss(path[-1], p) < 1e6
    f, _, _, g = vectors(path[-1], points)
    whole = np.empty((300, 4, 4))
    whole[:, 0, 0], whole[:, 1:, 1:] = path[-1][0], g
    whole[:, 0, 1:] = whole[:, 1:, 0] = f / np.sqrt(points["width"])[:, None]
    values = np.linalg.eigvalsh(whole[fine])
    assert fine.sum() > 200 and (values[:, 0] > -1e-12 * values[:, -1]).all()


# The top eigenvalue


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


# The line

ALONE = {"lambda1": 100.0, "lambda2": 0.01, "b1": 0.0, "b2": 1.0, "a": 0.3, "g11": 0.02, "g22": 0.1, "d1": 1e-6}


def ratio(name, **given):
    initial, parameters = named.columns(linear_net, **given)
    return np.atleast_1d(LINES[name].ratio(initial | parameters))


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


# The rest


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
