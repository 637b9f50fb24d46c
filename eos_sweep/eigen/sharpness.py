"""The sharpness of states, computed by a model's stages from its curvature."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eos_sweep.contract import ArrayModel, Model, Numbers


def top(model: Model, theta: Numbers, p: Numbers) -> np.ndarray:
    """Return the largest eigenvalue of eta times the Hessian: the sharpness in units of 1/eta, 2 at the edge."""
    return solved(model.SHARPNESS_STAGES, model.curvature(theta, p))


def solved(stages: Sequence[Callable[[Numbers], Numbers]], matrix: Numbers) -> Any:
    """Return the eigenvalue that ``stages``, one after the other, compute from ``matrix``."""
    values = matrix
    for stage in stages:
        values = stage(values)
    return values[0]


def matrix_of(model: Model | ArrayModel) -> str:
    """Return the name of the matrix whose largest eigenvalue is the sharpness of a model."""
    return getattr(model, "MATRIX", "Hessian")


def words_for(model: Model | ArrayModel) -> str:
    """Return what the sharpness of a model is, in words."""
    return f"sharpness (largest eigenvalue of the {matrix_of(model)})"


def sharpness(model: Model, theta: Numbers, p: Numbers) -> np.ndarray:
    """Return the sharpness, the largest eigenvalue of the Hessian of the loss."""
    return 0.5 * model.threshold(p) * top(model, theta, p)
