"""Shows to the observables what an array model did: the losses of many steps, and the sharpness at the last of them.

The observables are compiled into one loop, as into a kernel: called from Python step by step they would take longer
than the steps of a small network.
"""

import functools
import sys
from collections.abc import Callable

import numpy as np
from numba import njit

from eos_sweep import lanes
from eos_sweep.contract import CHUNK, EDGE, EVERY_STEP, TAIL, ArrayModel, Moment, Observable
from eos_sweep.layout import nested
from eos_sweep.observers import compose, compose_sharpness
from eos_sweep.shown import shown
from eos_sweep.sources import digest


@functools.cache
def build(model: ArrayModel, observables: tuple[Observable, ...]) -> Callable:
    """Compile a feed, or load it from numba's cache on disk.

    Returns
    -------
    callable
        ``feed(kept, counts, losses, loss, held, look, age, tail)`` changes what ``observables`` keep of a trajectory by
        the steps age + 1, age + 2, ..., which gave ``losses``.  ``loss`` is that of step ``age``.  States are
        what is read off the network, and eta times the sharpness: ``look`` at the last of the steps, ``held`` at all
        before it.  The tail begins behind step ``tail``.
    """
    watch, fold = compose(observables, shown(model))
    watch_sharpness = compose_sharpness(observables, (EVERY_STEP,), shown(model))
    watch_tail = compose_sharpness(observables, (EVERY_STEP, TAIL), shown(model))
    kept_like = nested([(0.0,) * o.KEPT for o in observables])
    counts_like = nested([(0,) * o.COUNTS for o in observables])
    bits_like = nested([(0,) * o.FLAGS for o in observables])
    width = len(model.READINGS) + 1

    def feed(kept, counts, losses, loss, held, look, age, tail):
        mine, counted, bits = lanes.read(kept, 0, 1, kept_like), lanes.read(counts, 0, 1, counts_like), bits_like
        marked = 0
        for k in range(losses.size):
            theta = look if k + 1 == losses.size else held
            top = theta[width - 1]
            moment = Moment(held, theta, (), losses[k], loss, top < EDGE, 1.0, False)
            mine, bits = watch(mine, bits, moment, np.int64(1) << marked)
            if age + k >= tail:
                mine = watch_tail(mine, top / EDGE, (top,))
            else:
                mine = watch_sharpness(mine, top / EDGE, (top,))
            loss = losses[k]
            marked += 1
            if marked == CHUNK or k + 1 == losses.size:
                counted = fold(counted, bits, age + k + 1 - marked, marked)
                bits, marked = bits_like, 0
        lanes.write(kept, 0, 1, mine)
        lanes.write(counts, 0, 1, counted)

    feed.__qualname__ = f"feed_{width}_{digest(*observables, sys.modules[__name__])}"
    numbers = f"UniTuple(float64, {width})"
    signature = f"void(float64[::1], int64[::1], float64[::1], float64, {numbers}, {numbers}, int64, int64)"
    return njit(signature, cache=True, nogil=True, error_model="numpy")(feed)
