"""Records all states of a trajectory, by the steps that a kernel takes."""

import functools
import sys
from collections.abc import Callable

from eos_sweep.contract import CHUNK, Model
from eos_sweep.engine import lanes
from eos_sweep.engine.compilation import compile_or_load
from eos_sweep.engine.sources import digest_of
from eos_sweep.state import width


@functools.cache
def recorder(model: Model) -> Callable:
    """Compile a recorder, or load it from numba's cache on disk.

    Parameters
    ----------
    model
        A module.

    Returns
    -------
    callable
        ``record(states, p)`` fills rows 1, 2, ... of ``states`` with the states after each step from row 0, which must
        be filled.  ``p`` is a tuple of floats.
    """
    state_like = (0.0,) * width(model)

    def record(states, p):
        numbers = states.reshape(-1)
        theta = lanes.read(numbers, 0, 1, state_like)
        for step in range(1, states.shape[0]):
            theta = model.step(theta, p)
            if step % CHUNK == 0:
                theta = model.rescale(theta, p)
            lanes.write(numbers, step * len(state_like), 1, theta)

    meaning = digest_of(model, (), (sys.modules[__name__], ["recorder"]))
    signature = f"void(float64[:, ::1], UniTuple(float64, {len(model.PARAMETERS)}))"
    return compile_or_load(record, f"record_{meaning}", signature)
