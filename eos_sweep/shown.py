"""A model as observables see it: an array model shows what is read off its network, and its sharpness."""

import functools
from collections.abc import Mapping
from typing import Any, cast

from eos_sweep.contract import EDGE, ArrayModel, Model, Numbers, is_array


class Shown:
    """An array model in the shape of a model whose coordinates are READINGS; eta times the sharpness follows them.

    It has no guarded coordinate, none with its own exponent, and no clip.
    """

    CARRIED = SHARPNESS_STAGES = OBSERVABLES = ()
    GUARD = None
    THRESHOLDS: Mapping[str, float] = {}

    def __init__(self, model: ArrayModel) -> None:
        self.STATE = model.READINGS
        self._eta = list(model.PARAMETERS).index("eta")

    def threshold(self, p: Numbers) -> Any:
        return EDGE / p[self._eta]

    def curvature(self, theta: Numbers, p: Numbers) -> Numbers:
        return theta[-1:]

    def stable(self, curvature: Numbers, bound: Any) -> Any:
        return curvature[0] < bound


@functools.cache
def shown(model: Model) -> Model:
    """Return ``model`` as observables see it."""
    return cast(Model, Shown(model)) if is_array(model) else model
