"""The largest eigenvalue of a matrix that changes little, from its products with vectors."""

from collections.abc import Callable

import numpy as np

from eos_sweep.eigen import following, lanczos

Product = Callable[[np.ndarray], np.ndarray]


class Tracker:
    """Follows the top eigenvalue of a symmetric matrix: each look begins with the last eigenvectors.

    Examples
    --------
    >>> import numpy as np
    >>> from eos_sweep.eigen.tracker import Tracker
    >>> spectrum = np.array([3.0, 1.0, 0.5, -2.0])
    >>> round(Tracker(4).top(lambda vector: spectrum * vector), 9)
    3.0
    """

    def __init__(self, dimension: int) -> None:
        """Begin with a random direction, the same for each matrix of this size."""
        self.state = np.zeros(following.NUMBERS + (following.TOPS + following.SECONDS) * dimension)
        #: All that the next looks depend on; what another tracker had is written into it: ``tracker.state[:] = saved``.
        self.facts = self.state[: following.NUMBERS]
        self.kept = self.state[following.NUMBERS :].reshape(-1, dimension)
        self.random = np.random.default_rng(0).standard_normal(dimension)
        self.plan = np.zeros(following.PLANS, np.int64)
        rows = min(following.MOST, dimension) + following.TOPS + 1
        self.basis, self.images = np.empty((rows, dimension)), np.empty((rows, dimension))  # touched as far as needed
        small = np.empty((following.PARTS, rows, rows))
        #: What :func:`eos_sweep.eigen.following.wanted` is called with.
        self.search = self.kept, self.facts, self.random, self.basis, self.images, small, self.plan

    def top(self, product: Product) -> float:
        """Return the largest eigenvalue of the matrix, NaN if it is not finite or not certain."""
        self.plan[:] = 0
        while (row := following.wanted(*self.search)) >= 0:
            self.images[row] = product(self.basis[row])
        return self.ended(row, product)

    def ended(self, how: int, product: Product) -> float:
        """Return the eigenvalue at the end of a look; where that is unsure, it is searched with more products."""
        if how == following.DONE:
            return float(self.facts[following.VALUE])
        value, vector = np.nan, None
        if how == following.UNSURE:
            starts = np.stack([self.basis[0], self.random])
            value, vector = lanczos.top(product, starts)
        self.facts[:] = 0.0  # forgotten, as a prediction from before this would be wrong
        if np.isfinite(value):
            self.facts[following.HAS_TOPS], self.kept[0] = 1.0, vector
        return value
