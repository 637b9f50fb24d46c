"""The model `linear_net`: its recursion against networks of explicit weights, and the laws of a step."""

import numpy as np
import pytest
import sympy

from eos_sweep.models import linear_net
from helpers import named_inputs as named
from helpers.linear_nets import by_name, gram, random_points, vectors

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", [1, 2, 3, 7, 50, 400])
def test_the_recursion_is_gradient_descent_on_the_weights_whatever_the_width(width):
    """A and W are stepped by the gradients of |D|^2 / n with data X of 5 samples; no Gram matrix is used."""
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
