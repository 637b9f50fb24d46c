"""The largest eigenvalue of a symmetric matrix from its products with vectors: Lanczos with full reorthogonalisation.

The Hessian of a network is available only by its products with vectors.  From a vector near the top eigenvector these
find that eigenvector at once, but they miss another eigenvalue that has meanwhile become larger.  So the iteration
begins with two vectors, the last eigenvector and a random direction (band Lanczos).  In the span of the products the
matrix is a small one.  For each of its eigenvalues the large matrix has one within a known residual r, and within
r^2/gap where the others are a gap away.  The iteration ends when the largest eigenvalue has converged and the second
one cannot pass it any more.

Residuals are compared with the eigenvalue itself, since a negative one may be larger by decades.  Doubles resolve no
eigenvalue below the rounding of the largest one in size.  An eigenvalue that is not certain to this is NaN.
"""

from collections.abc import Callable

import numpy as np

TOLERANCE = 1e-5  # of the residual, relative to the top eigenvalue, whose error is far smaller
SECOND_TOLERANCE = 1e-2  # the same for the second one: with 3e-2 one of 1000 hidden eigenvalues is missed, here none
RESOLUTION = 1e-13  # residual, relative to the largest |eigenvalue|, that rounding may leave
MAX_PRODUCTS = 500  # ends the search if the largest eigenvalues are very close
CHECK_GROWTH = 1.1  # factor between the numbers of products at which the residuals are computed
ROUNDING = 1e-14  # relative length of the rest of a vector that lies in the span

Product = Callable[[np.ndarray], np.ndarray]


def top(product: Product, starts: np.ndarray, tolerance: float = TOLERANCE) -> tuple[float, np.ndarray]:
    """Return the largest eigenvalue and its eigenvector, of length one.

    Parameters
    ----------
    product
        Vector -> the matrix times it.
    starts
        Vectors, a row each.  At least one must have a component along the eigenvector.  A vector that lies in the span
        of those before it is left out.
    tolerance
        Largest residual, relative to the eigenvalue, or to 1e-13 of the largest |eigenvalue| if that is more.

    Returns
    -------
    float, ndarray
        NaN and zeros if a product is not finite, or if MAX_PRODUCTS do not reach the tolerance.
    """
    dimension = starts.shape[1]
    most = min(dimension, MAX_PRODUCTS)
    basis = np.empty((most + len(starts), dimension))
    band = np.zeros((most + len(starts), most))  # the matrix times basis vector j, in the basis
    left_out = np.zeros(most)  # length of what is left of it outside of the basis
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
        left_out[j] = 0.0 if grown else column[size]
        size += grown
        band[:size, j] = column[:size]
        if j + 1 >= due or j + 1 in (size, most):
            values, vectors = np.linalg.eigh(band[: j + 1, : j + 1], UPLO="U")
            two, outside = values[-2:], band[j + 1 : size, : j + 1] @ vectors[:, -2:]
            residuals = np.linalg.norm(outside, axis=0) + left_out[: j + 1] @ np.abs(vectors[:, -2:])
            rounding = RESOLUTION * np.abs(values).max()
            room, second = (max(share * abs(two[-1]), rounding) for share in (tolerance, SECOND_TOLERANCE))
            if (two + residuals).max() - two[-1] <= room and residuals[0] <= second:
                return float(values[-1]), vectors[:, -1] @ basis[: j + 1]
            if j + 1 == size:
                break
            due = max(j + 2, int(CHECK_GROWTH * (j + 1)))
    return np.nan, np.zeros(dimension)


def _added(basis: np.ndarray, size: int, vector: np.ndarray, column: np.ndarray) -> bool:
    """Add the component of a vector outside the span to ``basis``; ``column`` gets the vector in the basis.

    Returns whether the basis has grown.
    """
    column[:] = 0.0
    length = np.linalg.norm(vector)
    for _ in range(2):  # twice is enough (Parlett): once leaves 1e-16 of the subtracted part
        part = basis[:size] @ vector
        column[:size] += part
        vector = vector - part @ basis[:size]
    column[size] = np.linalg.norm(vector)
    if size == basis.shape[1] or not column[size] > ROUNDING * length:
        return False
    np.divide(vector, column[size], out=basis[size])
    return True


class Tracker:
    """Follows the top eigenvalue of a matrix that changes little: each search begins with the last eigenvector."""

    def __init__(self, dimension: int) -> None:
        """Begin with a random direction, the same for each matrix of this size."""
        self.state = np.zeros((2, dimension))
        #: All that the next searches depend on; what another tracker had is written into it: ``state[...] = saved``.
        self.state[1] = np.random.default_rng(0).standard_normal(dimension)

    def top(self, product: Product) -> float:
        """Return the largest eigenvalue of the matrix."""
        value, self.state[0] = top(product, self.state)
        return value
