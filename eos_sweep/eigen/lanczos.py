"""The top eigenvalue of a symmetric matrix from its products with vectors: Lanczos, fully reorthogonalised.

A Hessian of a network is known by what it does to vectors.  From a vector near the top eigenvector the products find
that one at once, but not a larger eigenvalue that has meanwhile come up: it is hidden from them.  So there are two
vectors to begin with, the last eigenvector and a random direction (band Lanczos).  Within the span of the products the
matrix is a small one; each of its eigenvalues has one of the large matrix within a residual r that is known, within
r^2/gap where others are a gap away.  The search ends when the largest has converged, and the second one so far that it
cannot pass it.
"""

from collections.abc import Callable

import numpy as np

TOLERANCE = 1e-5  # of the residuals, relative to the largest eigenvalue in size; the eigenvalue itself is far closer
SECOND = 1e-2  # the same of the second one: of 1000 hidden eigenvalues one stays hidden with 3e-2, with this none
MOST = 500  # products, so that a matrix whose eigenvalues at the top are very close ends, too
SLOWER = 1.1  # by which the number of products grows from one look at the residuals to the next
NOTHING = 1e-14  # relative length of what rounding leaves of a vector that lies in the span

Product = Callable[[np.ndarray], np.ndarray]


def top(product: Product, starts: np.ndarray, tolerance: float = TOLERANCE) -> tuple[float, np.ndarray]:
    """Return the largest eigenvalue and its eigenvector, of length one.

    Parameters
    ----------
    product
        Vector -> the matrix times it.
    starts
        Vectors, a row each; a part of the eigenvector must be in one of them.  One that lies in the span of those
        before it is left out.
    tolerance
        Largest residual, relative to the eigenvalue of the largest size that was found.

    Returns
    -------
    float, ndarray
        NaN and zeros if a product is not finite.
    """
    dimension = starts.shape[1]
    most = min(dimension, MOST)
    basis = np.empty((most + len(starts), dimension))
    band = np.zeros((most + len(starts), most))  # the matrix times basis vector j, in terms of the basis
    size = 0
    for vector in starts:
        size += _added(basis, size, vector, np.empty(size + 1))
    due = size + 1  # at least one product beyond the starts' own
    for j in range(most):
        column = np.zeros(size + 1)
        vector = product(basis[j])
        if not np.isfinite(vector).all():
            return np.nan, np.zeros(dimension)
        grown = _added(basis, size, vector, column)
        size += grown
        band[:size, j] = column[:size]
        if j + 1 >= due or j + 1 in (size, most):
            values, vectors = np.linalg.eigh(band[: j + 1, : j + 1], UPLO="U")
            two, largest = values[-2:], np.abs(values).max()
            residuals = np.linalg.norm(band[j + 1 : size, : j + 1] @ vectors[:, -2:], axis=0)
            passed = (two + residuals).max() - two[-1] <= tolerance * largest and residuals[0] <= SECOND * largest
            if passed or j + 1 == size:
                break
            due = max(j + 2, int(SLOWER * (j + 1)))
    return float(values[-1]), vectors[:, -1] @ basis[: j + 1]


def _added(basis: np.ndarray, size: int, vector: np.ndarray, column: np.ndarray) -> bool:
    """Add to ``basis`` what of a vector is not in its span; ``column`` gets the vector in terms of the basis."""
    column[:] = 0.0
    length = np.linalg.norm(vector)
    for _ in range(2):  # twice is enough (Parlett): once leaves 1e-16 times what was taken away
        part = basis[:size] @ vector
        column[:size] += part
        vector = vector - part @ basis[:size]
    column[size] = np.linalg.norm(vector)
    if size == basis.shape[1] or not column[size] > NOTHING * length:
        return False
    np.divide(vector, column[size], out=basis[size])
    return True


class Tracker:
    """Follows the top eigenvalue of a matrix that changes little: each search begins with the last eigenvector."""

    def __init__(self, dimension: int) -> None:
        """Begin with a random direction, the same for each matrix of this size."""
        self._starts = np.zeros((2, dimension))
        self._starts[1] = np.random.default_rng(0).standard_normal(dimension)

    def top(self, product: Product) -> float:
        """Return the largest eigenvalue of the matrix."""
        value, self._starts[0] = top(product, self._starts)
        return value
