"""What array models share: parameters, weights that are views of one vector, gradient descent, and the sharpness."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.eigen.tracker import Tracker
from eos_sweep.functions import draws

COMMON = {
    "eta": Quantity("step size", "η", above=0.0),
    "seed": Quantity(
        "seed of the initial weights and of random data", "seed", default=0.0, least=0.0, most=draws.MOST, whole=True
    ),
    "stride": Quantity(
        "steps from one look at the sharpness to the next", "stride", default=15.0, least=1.0, whole=True
    ),
    "time": Quantity("time eta * step at which a run ends", "time", default=np.inf, above=0.0),
}

MAX_ARRAY_SIZE = 2**26  # numbers in an array of weights or samples: half a gigabyte; a network has several arrays


def views(vector: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """Return consecutive parts of ``vector`` in the given shapes, which share its memory."""
    parts, at = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        parts.append(vector[at : at + size].reshape(shape))
        at += size
    return parts


class Ahead:
    """What is drawn for each step, drawn for many steps at once: the time of a call is that of thousands of numbers."""

    NUMBERS = 2**13

    def __init__(self, draw: Callable[[np.ndarray], Sequence[Any]], size: int) -> None:
        """Take a function of the numbers of steps, which draws ``size`` numbers for each."""
        self._draw, self._count, self._block = draw, max(1, self.NUMBERS // size), -1

    def at(self, step: int) -> Any:
        """Return what is drawn for a step."""
        block, place = divmod(step, self._count)
        if block != self._block:
            self._block = block
            self._found = self._draw(np.arange(block * self._count, (block + 1) * self._count, dtype=np.float64))
        return self._found[place]


class Tracked(ABC):
    """A network whose sharpness is found by products with its Hessian, each time from the last eigenvectors."""

    weights: np.ndarray

    @abstractmethod
    def hessian_product(self, vector: np.ndarray) -> np.ndarray:
        """Return the exact Hessian of the loss times a vector."""

    @functools.cached_property
    def _hessian_tracker(self) -> Tracker:
        return Tracker(self.weights.size)

    def sharpness(self) -> float:
        """Return the largest eigenvalue of the Hessian of the loss, NaN if it is not finite or not certain."""
        return self._hessian_tracker.top(self.hessian_product)

    def saved(self) -> dict[str, np.ndarray]:
        """Return all that the next steps depend on, as copies."""
        return {"weights": self.weights.copy()}

    def resume(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go back to where it was."""
        self.restore(saved["weights"])

    @abstractmethod
    def restore(self, weights: np.ndarray) -> None:
        """Go back to weights that it had."""

    def state(self) -> dict[str, np.ndarray]:
        """Return all that steps, sharpness and readings to come depend on, beside what the network was made from."""
        return {**self.saved(), "directions": self._hessian_tracker.state.copy()}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on, to the same bits, as the network did whose state this is; it was made from the same."""
        self.resume(state)
        self._hessian_tracker.state[...] = state["directions"]


class Descending(Tracked):
    """A network that takes its steps in Python: one pass over the data gives its loss and its gradient."""

    gradient: np.ndarray
    loss: float
    eta: float
    step = 0  # steps taken

    @abstractmethod
    def update(self) -> None:
        """Compute ``loss`` and ``gradient`` of the weights."""

    def evaluate(self) -> None:
        """Compute ``loss``, whatever becomes of ``gradient``."""
        self.update()

    def advance(self, steps: int) -> np.ndarray:
        """Take so many steps; return the loss after each of them."""
        losses = np.empty(steps)
        for k in range(steps):
            self.weights -= self.eta * self.gradient
            self.step += 1
            self.update()
            losses[k] = self.loss
        return losses

    def saved(self) -> dict[str, np.ndarray]:
        """Return all that the next steps depend on, as copies."""
        return {"weights": self.weights.copy(), "step": np.array(self.step)}

    def resume(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go back to where it was."""
        self.step = int(saved["step"])
        self.restore(saved["weights"])

    def restore(self, weights: np.ndarray) -> None:
        """Go back to weights that it had."""
        self.weights[:] = weights
        self.update()
