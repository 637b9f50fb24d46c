"""Symmetric matrices of many kinds, as arrays of shape (count, n, n) and as upper triangles."""

import numpy as np

KINDS = (
    *("any", "graded", "every size", "clustered", "multiple", "nearly one", "negative definite", "rank one"),
    *("minus rank one", "diagonal", "nearly diagonal", "sparse", "small integers", "pairs", "arrowhead", "zero"),
)


def matrices(kind, n, count, rng):
    """Return ``count`` matrices of ``n`` rows."""
    shape = count, n, n
    normal = symmetric(rng.standard_normal(shape))
    diagonal = rng.standard_normal((count, n, 1)) * np.eye(n)
    vector = rng.standard_normal((count, n, 1))
    near = 10.0 ** rng.uniform(-18, -1, (count, n))
    if kind == "any":
        return normal
    if kind == "graded":
        size = 10.0 ** rng.uniform(-10, 10, (count, n))
        return symmetric(normal * size[:, :, None] * size[:, None, :])
    if kind == "every size":
        return lower(10.0 ** rng.uniform(-20, 20, shape) * rng.choice([-1, 1], shape))
    if kind == "clustered":
        return with_eigenvalues(np.where(rng.random((count, n)) < 0.6, 1 + near, rng.uniform(-1, 1, (count, n))), rng)
    if kind == "multiple":
        return with_eigenvalues(rng.choice([-1.0, 0.0, 1.0, 1.0], (count, n)), rng)
    if kind == "nearly one":
        return with_eigenvalues(1 + near * rng.choice([-1, 1], (count, n)), rng)
    if kind == "negative definite":
        return with_eigenvalues(-(10.0 ** rng.uniform(-10, 0, (count, n))), rng)
    if kind == "rank one":
        return vector @ np.swapaxes(vector, -1, -2)
    if kind == "minus rank one":
        return -vector @ np.swapaxes(vector, -1, -2)
    if kind == "diagonal":
        return diagonal
    if kind == "nearly diagonal":
        return diagonal + 10.0 ** rng.uniform(-18, 0, (count, 1, 1)) * normal
    if kind == "sparse":
        return np.where(lower(rng.random(shape)) < 0.6, 0.0, normal)
    if kind == "small integers":
        return lower(rng.integers(-2, 3, shape).astype(float))
    if kind == "pairs":  # Wilkinson's matrices, with weak arms: their eigenvalues are close in pairs
        arms = np.zeros(shape)
        k = np.arange(n - 1)
        arms[:, k + 1, k] = 10.0 ** rng.uniform(-9, 0, (count, n - 1))
        return lower(arms) + np.diag(np.abs(np.arange(n) - (n - 1) / 2))
    if kind == "arrowhead":
        arrow = diagonal.copy()
        arrow[:, 1:, 0] = rng.standard_normal((count, n - 1))
        return lower(arrow)
    return np.zeros(shape)


def symmetric(matrix):
    return 0.5 * (matrix + np.swapaxes(matrix, -1, -2))


def lower(matrix):
    """Return the symmetric matrices with the lower triangles of these."""
    return np.tril(matrix) + np.swapaxes(np.tril(matrix, -1), -1, -2)


def with_eigenvalues(values, rng):
    frame, _ = np.linalg.qr(rng.standard_normal((*values.shape, values.shape[-1])))
    return symmetric((frame * values[:, None, :]) @ np.swapaxes(frame, -1, -2))


def triangle(matrix):
    """Return the entries of the upper triangle, row by row, an array each."""
    return tuple(matrix[..., i, j] for i, j in zip(*np.triu_indices(matrix.shape[-1]), strict=True))
