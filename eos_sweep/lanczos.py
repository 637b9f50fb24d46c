"""The top eigenvalue of a symmetric matrix from its products with vectors: Lanczos, fully reorthogonalised.

A Hessian of a network is known by what it does to vectors.  After k products the largest eigenvalue of a tridiagonal
k x k matrix is that of the best vector in the span; how far the vector is from an eigenvector is known (its residual
r), and an eigenvalue lies within r of it, within r^2/gap where the next one is a gap away.
"""

from collections.abc import Callable

import numpy as np

TOLERANCE = 1e-5  # of the residual, relative to the largest eigenvalue in size; the eigenvalue itself is far closer
FRESH = 0.1  # share of a random direction in a start: what is no part of the start is never found
MOST = 500  # products, so that a matrix without a gap at its top ends, too
SLOWER = 1.1  # by which the number of products grows between two looks at the residual

Product = Callable[[np.ndarray], np.ndarray]


def top(product: Product, start: np.ndarray, tolerance: float = TOLERANCE) -> tuple[float, np.ndarray]:
    """Return the largest eigenvalue and its eigenvector, of length one.

    Parameters
    ----------
    product
        Vector -> the matrix times it.
    start
        A vector, not zero, that has some part of the eigenvector in it; the nearer, the fewer products.
    tolerance
        Largest residual, relative to the eigenvalue of the largest size that was found.

    Returns
    -------
    float, ndarray
        NaN and the start if a product is not finite.
    """
    most = min(start.size, MOST)
    basis = np.empty((most, start.size))
    tridiagonal = np.zeros((most + 1, most + 1))
    vector = start / np.linalg.norm(start)
    due = 1
    for k in range(1, most + 1):
        basis[k - 1] = vector
        vector = product(vector)
        tridiagonal[k - 1, k - 1] = vector @ basis[k - 1]
        for _ in range(2):  # twice is enough (Parlett): once leaves 1e-16 times what was taken away
            vector = vector - (basis[:k] @ vector) @ basis[:k]
        rest = float(np.linalg.norm(vector))
        if not np.isfinite(rest):
            return np.nan, start
        tridiagonal[k - 1, k] = tridiagonal[k, k - 1] = rest
        if k >= due or k == most:
            values, vectors = np.linalg.eigh(tridiagonal[:k, :k])
            # A rest of rounding alone means that the span is whole: there is nothing outside it.
            if k == most or rest * abs(vectors[-1, -1]) <= tolerance * np.abs(values).max():
                break
            due = max(k + 1, int(SLOWER * k))
        vector = vector / rest
    return float(values[-1]), vectors[:, -1] @ basis[:k]


class Tracker:
    """Follows the top eigenvalue of a matrix that changes little: each search starts where the last one ended."""

    def __init__(self, dimension: int) -> None:
        """Begin with a random direction, the same for each matrix of this size."""
        self._direction = np.random.default_rng(0).standard_normal(dimension)
        self._direction /= np.linalg.norm(self._direction)
        self._last = np.zeros(dimension)

    def top(self, product: Product) -> float:
        """Return the largest eigenvalue of the matrix, which an eigenvalue that overtakes the last one becomes."""
        value, vector = top(product, self._last + FRESH * self._direction)
        self._last = vector if np.isfinite(value) else np.zeros_like(vector)
        return value
