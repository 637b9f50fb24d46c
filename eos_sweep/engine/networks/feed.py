"""Show the steps of an array model to the observables: the losses of many steps, and the sharpness at the last one.

The observables are compiled into one loop, as in a kernel.  Called from Python at each step they would take longer than
the steps of a small network.
"""

import functools
import sys
from collections.abc import Callable

import numpy as np

from eos_sweep.contract import CHUNK, EVERY_STEP, TAIL, ArrayModel, Moment, Observable
from eos_sweep.engine import lanes
from eos_sweep.engine.compilation import compile_or_load
from eos_sweep.engine.digest import digest
from eos_sweep.engine.layout import nested
from eos_sweep.engine.observers import compose, compose_sharpness
from eos_sweep.engine.sources import TABLES, observable_parts
from eos_sweep.observables.networks import observed


@functools.cache
def build(model: ArrayModel, observables: tuple[Observable, ...]) -> Callable:
    """Compile a feed, or load it from numba's cache on disk.

    Returns
    -------
    callable
        ``feed(kept, counts, losses, clips, loss, held, measured, age, tail)`` updates ``kept`` and ``counts``, which
        the observables keep of a trajectory, by the steps age + 1, age + 2, ... with ``losses``; a clip changed those
        of ``clips``.  ``loss`` is that of step ``age``.  A state is the readings, the edge and eta times the
        sharpness: ``measured`` at the last of the steps, ``held`` at those before it.  The tail begins after step
        ``tail``.
    """
    watch, fold = compose(observables, observed(model))
    watch_sharpness = compose_sharpness(observables, (EVERY_STEP,), observed(model))
    watch_tail = compose_sharpness(observables, (EVERY_STEP, TAIL), observed(model))
    kept_like = nested([(0.0,) * o.KEPT for o in observables])
    counts_like = nested([(0,) * o.COUNTS for o in observables])
    bits_like = nested([(0,) * o.FLAGS for o in observables])
    width = len(model.READINGS) + 2

    def feed(kept, counts, losses, clips, loss, held, measured, age, tail):
        mine, counted, bits = lanes.read(kept, 0, 1, kept_like), lanes.read(counts, 0, 1, counts_like), bits_like
        marked = 0
        for k in range(losses.size):
            theta = measured if k + 1 == losses.size else held
            edge, top = theta[width - 2], theta[width - 1]
            moment = Moment(held, theta, (), losses[k], loss, not top >= edge, 1.0, 1.0, clips[k])
            mine, bits = watch(mine, bits, moment, np.int64(1) << marked)
            if age + k >= tail:
                mine = watch_tail(mine, top, edge, (top,), (theta, losses[k]))
            else:
                mine = watch_sharpness(mine, top, edge, (top,), (theta, losses[k]))
            loss = losses[k]
            marked += 1
            if marked == CHUNK or k + 1 == losses.size:
                counted = fold(counted, bits, age + k + 1 - marked, marked)
                bits, marked = bits_like, 0
        lanes.write(kept, 0, 1, mine)
        lanes.write(counts, 0, 1, counted)

    parts = [part for observable in observables for part in observable_parts(observable, observed(model))]
    meaning = digest(*parts, (sys.modules[__name__], ["build"]), tables=TABLES)
    numbers = f"UniTuple(float64, {width})"
    signature = (
        f"void(float64[::1], int64[::1], float64[::1], boolean[::1], float64, {numbers}, {numbers}, int64, int64)"
    )
    return compile_or_load(feed, f"feed_{width}_{meaning}", signature)
