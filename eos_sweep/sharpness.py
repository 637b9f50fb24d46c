"""The sharpness of states: what a model's stages make of its curvature."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eos_sweep.contract import Model, Numbers


def top(model: Model, theta: Numbers, p: Numbers) -> np.ndarray:
    """Return the largest eigenvalue of eta times the Hessian: the sharpness in units of 1/eta, 2 at the edge."""
    return solved(model.SHARPNESS_STAGES, model.curvature(theta, p))


def solved(stages: Sequence[Callable[[Numbers], Numbers]], matrix: Numbers) -> Any:
    """Return the eigenvalue that comes out of ``stages``."""
    values = matrix
    for stage in stages:
        values = stage(values)
    return values[0]


def sharpness(model: Model, theta: Numbers, p: Numbers) -> np.ndarray:
    """Return the sharpness, the largest eigenvalue of the Hessian of the loss."""
    return 0.5 * model.threshold(p) * top(model, theta, p)
