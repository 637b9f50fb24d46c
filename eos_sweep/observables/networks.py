"""An array model as observables see it."""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from eos_sweep.contract import EDGE, ArrayModel, Model, Numbers, is_array
from eos_sweep.eigen.sharpness import edge_moves, edge_words, matrix_of


class ObservedNetwork:
    """An array model in the shape of a model whose coordinates are READINGS; edge and eta times sharpness follow them.

    It has no guarded coordinate, none with its own exponent, and no clip.
    """

    CARRIED = SHARPNESS_STAGES = OBSERVABLES = ()
    GUARD = None
    THRESHOLDS: Mapping[str, float] = {}

    def __init__(self, model: ArrayModel) -> None:
        self.STATE, self.PARAMETERS = model.READINGS, model.PARAMETERS
        self.EDGE_MOVES, self.EDGE_WORDS, self.MATRIX = edge_moves(model), edge_words(model), matrix_of(model)
        self._eta = list(model.PARAMETERS).index("eta")

    def threshold(self, p: Numbers) -> Any:
        """Return 2/eta."""
        return EDGE / p[self._eta]

    def edge(self, theta: Numbers, p: Numbers) -> Any:
        """Return the edge of stability, which a state holds: a bound of eta times the sharpness."""
        return theta[-2]

    def curvature(self, theta: Numbers, p: Numbers) -> Numbers:
        """Return eta times the sharpness, which the last number of a state is."""
        return theta[-1:]

    def stable(self, curvature: Numbers, bound: Any) -> Any:
        """Tell whether eta times the sharpness is below ``bound``; one that is not known is not above it."""
        return np.logical_not(curvature[0] >= bound)


@functools.cache
def observed(model: Model) -> Model:
    """Return ``model`` as observables see it."""
    found: Any = ObservedNetwork(model) if is_array(model) else model
    return found
