"""Predictions of gradient flow from the start and the end of a trajectory, for models that have it in closed form.

``flow_sharpness`` is the sharpness of the minimum that gradient flow would reach.  ``balance`` is what gradient flow
keeps on its way: of layers that multiply each other, the difference of squares by which one is larger than the other.
One step of gradient descent changes it by eta^2 times the same difference of squares of the gradients.  A model offers
them as ``flow_sharpness(theta, p)`` and ``balance(theta, p)``, in NumPy.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from eos_sweep.contract import Ends, Model, Numbers, Observable, ObservableRecord, Variable

MEANINGS = {
    "flow_sharpness": "sharpness at which gradient flow from the {} would end",
    "balance": "balance of the layers, which gradient flow keeps, at the {}",
}


def start(begin: Ends) -> tuple[Numbers, Numbers]:
    """Keep nothing."""
    return (), ()


def finish(name: str) -> Callable:
    """Call the model's function of this name at the start and at the end."""

    def finish(begin: Ends, end: Ends, kept: Numbers, counts: Numbers) -> dict[str, np.ndarray]:
        return {
            f"{name}_initial": getattr(begin.model, name)(begin.theta, begin.p),
            f"{name}_final": getattr(end.model, name)(end.theta, end.p),
        }

    return finish


def variables(name: str, meaning: str) -> Callable:
    """Describe both values; a model without the function has none."""

    def variables(model: Model) -> dict[str, Variable]:
        if not hasattr(model, name):
            return {}
        return {
            f"{name}_initial": Variable("float64", meaning.format("start"), float("nan")),
            f"{name}_final": Variable("float64", meaning.format("last step"), float("nan")),
        }

    return variables


def observable(name: str, meaning: str) -> Observable:
    """Return what the model has under this name as an observable."""
    found: Any = ObservableRecord(
        __name__=name,
        NEEDS=(),
        KEPT=0,
        FLAGS=0,
        COUNTS=0,
        variables=variables(name, meaning),
        start=start,
        finish=finish(name),
    )
    return found


OBSERVABLES: Mapping[str, Observable] = {name: observable(name, meaning) for name, meaning in MEANINGS.items()}
