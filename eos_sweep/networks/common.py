"""What array models share: parameters that the driver reads, and weights that are views of one vector."""

from collections.abc import Sequence

import numpy as np
from numba import njit

from eos_sweep.contract import Quantity

COMMON = {
    "eta": Quantity("step size", "η", above=0.0),
    "seed": Quantity("seed of the initial weights and of random data", "seed", default=0.0, least=0.0, whole=True),
    "stride": Quantity(
        "steps from one look at the sharpness to the next", "stride", default=15.0, least=1.0, whole=True
    ),
    "time": Quantity("time eta * step at which a run ends", "time", default=np.inf, above=0.0),
}

NUMBERS = 2**26  # in an array of a network or of its samples, at most: half a gigabyte, several of which are held

compiled = njit(cache=True, nogil=True, error_model="numpy")  # for a function that calls nothing of other files


def views(vector: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """Return consecutive parts of ``vector`` in the given shapes, which share its memory."""
    parts, at = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        parts.append(vector[at : at + size].reshape(shape))
        at += size
    return parts
