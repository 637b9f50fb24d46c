"""Unrolled linear algebra: solutions, definiteness, bits of kernels, and exact numbers."""

import gmpy2
import numba
import numpy as np
import pytest

from eos_sweep.derivation import linear


def matrices(rng, size, count=200):
    """Return matrices with curvatures from 1e-3 to 1, some of them negative, and vectors."""
    turned = np.linalg.qr(rng.standard_normal((count, size, size)))[0]
    values = 10.0 ** rng.uniform(-3, 0, (count, size)) * np.where(rng.random((count, size)) < 0.1, -1.0, 1.0)
    h = turned @ (values[..., None] * np.swapaxes(turned, -1, -2))
    return 0.5 * (h + np.swapaxes(h, -1, -2)), rng.standard_normal((count, size)), values


def triangle(h):
    size = h.shape[-1]
    return tuple(h[..., i, j] for i in range(size) for j in range(i, size))


@pytest.mark.parametrize("size", range(1, 9))
def test_newton_solves_definite_systems_and_tells_others(size):
    h, g, values = matrices(np.random.default_rng(size), size)
    way, work, least = linear.newton(triangle(h), tuple(g.T))
    definite = least > 0.0
    np.testing.assert_array_equal(definite, values.min(axis=-1) > 0.0)
    assert np.all(least[definite] >= values.min(axis=-1)[definite] * (1.0 - 1e-10))  # a pivot is at least so large
    right = np.linalg.solve(h, g[..., None])[..., 0]
    np.testing.assert_allclose(np.transpose(way)[definite], right[definite], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(work[definite], np.sum(g * right, axis=-1)[definite], rtol=1e-10)


@pytest.mark.parametrize("size", range(1, 9))
def test_products_norms_and_moves(size):
    h, v, _ = matrices(np.random.default_rng(size), size)
    entries, columns = triangle(h), tuple(v.T)
    np.testing.assert_allclose(
        np.transpose(linear.descended(entries, columns)), v - (h @ v[..., None])[..., 0], atol=1e-13
    )
    np.testing.assert_allclose(linear.absolute_trace(entries, columns), np.abs(np.diagonal(h, 0, 1, 2)).sum(axis=1))
    np.testing.assert_allclose(linear.squared_length(columns), (v * v).sum(axis=1))
    np.testing.assert_allclose(np.transpose(linear.moved(columns, tuple(2 * v.T), 0.5)), 0 * v, atol=1e-15)
    norm, bound = np.linalg.norm(h, axis=(1, 2)), linear.distance(entries, tuple(0 * one for one in entries))
    assert np.all((norm <= bound * (1 + 1e-14)) & (bound <= np.sqrt(2) * norm * (1 + 1e-14)))


@pytest.mark.parametrize(
    "size", [1, 2, pytest.param(3, marks=pytest.mark.slow), pytest.param(8, marks=pytest.mark.slow)]
)
def test_kernels_compute_the_bits_of_numpy(size):
    def run(entries, v):
        return linear.newton(entries, v), linear.descended(entries, v), linear.distance(v, v)

    h, g, _ = matrices(np.random.default_rng(size), size, 20)
    compiled = numba.njit(run)
    for one, push in zip(h, g, strict=True):
        entries, v = tuple(map(float, triangle(one))), tuple(map(float, push))
        with np.errstate(all="ignore"):
            assert compiled(entries, v) == run(tuple(map(np.float64, entries)), tuple(map(np.float64, v)))


def test_more_bits():
    with gmpy2.context(precision=300):
        entries = tuple(map(gmpy2.mpfr, (2, 1, 3)))
        way, work, least = linear.newton(entries, (gmpy2.mpfr(1), gmpy2.mpfr(1)))
        assert abs(way[0] - gmpy2.mpfr(2) / 5) < 1e-80 and abs(way[1] - gmpy2.mpfr(1) / 5) < 1e-80
        assert least == 2 and abs(work - gmpy2.mpfr(3) / 5) < 1e-80
