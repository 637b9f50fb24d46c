"""A model as observables see it: an array model shows what is read off its network, and its sharpness."""

import functools
from typing import Any, cast

import numpy as np

from eos_sweep.contract import EDGE, ArrayModel, Model, Numbers, is_array


class Shown:
    """An array model in the shape of a model whose coordinates are READINGS; eta times the sharpness follows them.

    It has no guarded coordinate, none with its own exponent, and no clip.
    """

    CARRIED = SHARPNESS_STAGES = ()

    def __init__(self, model: ArrayModel) -> None:
        self.STATE = model.READINGS
        self._eta = list(model.PARAMETERS).index("eta")

    def threshold(self, p: Numbers) -> Any:
        return EDGE / p[self._eta]

    def curvature(self, theta: Numbers, p: Numbers) -> Numbers:
        return theta[-1:]

    def stable(self, curvature: Numbers, bound: Any) -> Any:
        return curvature[0] < bound

    def guard(self, theta: Numbers) -> Any:
        return np.ones_like(theta[-1])


@functools.cache
def shown(model: Model) -> Model:
    """Return ``model`` as observables see it."""
    return cast(Model, Shown(model)) if is_array(model) else model
