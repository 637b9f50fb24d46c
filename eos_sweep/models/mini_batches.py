"""Steps that see a few samples, or targets with noise; the loss and the sharpness stay those of all the data.

The batch of step t is the ``batch`` samples with the smallest of n uniform random numbers: each set of so many samples
is equally likely, and steps are independent of each other, so there are no epochs.  With ``label_noise`` a step sees
the targets y + label_noise xi, with standard normal xi for each of them.  What is drawn is a function of the seed and
the step alone.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.functions.draws import FIRST_TARGET, normal_draw, uniform_draw
from eos_sweep.models.network_parts import Ahead, Descending
from eos_sweep.substates import below, part

BATCH = {"batch": Quantity("samples that a step sees", "B", default=np.inf, least=1.0, whole=True)}
PARAMETERS = {
    **BATCH,
    "label_noise": Quantity("standard deviation of the noise on the targets of a step", "σ", default=0.0, least=0.0),
}


class Drawn:
    """Data of which each step sees its own part."""

    def __init__(self, seed: float, data: Any, batch: float = np.inf, noise: float = 0.0) -> None:
        """Take a named tuple of arrays, a row for each sample; with noise one of them is ``targets``."""
        count = len(data[0])
        self._seed, self.data, self._batch, self._noise = float(seed), data, int(min(batch, count)), noise
        self.is_whole = self._batch == count and noise == 0.0  # whether each step sees the data as they are
        self._width = data.targets.shape[1] if noise else 0
        self._ahead = Ahead(self._drawn, count + self._batch * self._width)

    def _drawn(self, steps: np.ndarray) -> list[tuple[np.ndarray, Any]]:
        """Return the samples of each step, in their order, and the noise on their targets."""
        count = len(self.data[0])
        rows = np.tile(np.arange(count), (len(steps), 1))
        if self._batch < count:
            numbers = uniform_draw(self._seed, steps[:, None], rows.astype(np.float64))
            rows = np.sort(np.argsort(numbers, axis=1, kind="stable")[:, : self._batch], axis=1)
        if not self._noise:
            return [(one, 0.0) for one in rows]
        places = FIRST_TARGET + (rows[:, :, None] * self._width + np.arange(self._width)).astype(np.float64)
        noise = self._noise * normal_draw(self._seed, steps[:, None, None], places)
        return list(zip(rows, noise, strict=True))

    def rows(self, step: int) -> np.ndarray:
        """Return the samples that a step sees."""
        found: np.ndarray = self._ahead.at(step)[0]
        return found

    def seen(self, step: int) -> Any:
        """Return the data that a step sees."""
        rows, noise = self._ahead.at(step)
        found = type(self.data)(*(array[rows] for array in self.data))
        return found._replace(targets=found.targets + noise) if self._noise else found


def network(drawn: Drawn, make: Callable[[Any], Any]) -> Descending:
    """Return a network of which each step sees what is drawn for it.

    Parameters
    ----------
    drawn
        What is drawn.
    make
        Data -> a network that descends on all of them, with ``see`` and ``evaluate``; all share one vector of weights.
    """
    whole: Descending = make(drawn.data)
    return whole if drawn.is_whole else MiniBatches(whole, make(drawn.seen(0)), drawn)


class MiniBatches(Descending):
    """A network whose gradient is that of the samples of its next step; its loss is that of all."""

    def __init__(self, whole: Any, part: Any, drawn: Drawn) -> None:
        self._whole, self._part, self._drawn, self._seen = whole, part, drawn, 0
        self.weights, self.gradient, self.eta = whole.weights, part.gradient, whole.eta
        self.update()

    def update(self) -> None:
        """Compute the loss of all data and the gradient of those of the next step."""
        self._whole.evaluate()
        self.loss, self._has_bends = self._whole.loss, False
        if self._seen != self.step:
            self._part.see(self._drawn.seen(self.step))
            self._seen = self.step
        self._part.update()

    def hessian_product(self, vector: np.ndarray) -> np.ndarray:
        """Return the exact Hessian of the loss of all data times a vector."""
        found: np.ndarray = self._bent().hessian_product(vector)
        return found

    def sharpness(self) -> float:
        """Return the largest eigenvalue of that Hessian, NaN if it is not finite or not certain."""
        return float(self._bent().sharpness())

    def _bent(self) -> Any:
        """Return the network of all data, with all that products with its Hessian need."""
        if not self._has_bends:
            self._whole.update()
            self._has_bends = True
        return self._whole

    def readings(self) -> tuple[float, ...]:
        """Return the readings of the network."""
        found: tuple[float, ...] = self._whole.readings()
        return found

    def state(self) -> dict[str, np.ndarray]:
        """Return all that steps, sharpness and readings to come depend on."""
        return {**self.saved(), **below("whole", self._whole.state())}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on as the network did whose state this is."""
        self._whole.load(part("whole", state))
        self.resume(state)
