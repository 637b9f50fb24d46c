"""The lane-parallel driver: takes any model and any set of observables through their steps.

A kernel call works on a table of trajectories, a row each; WIDTH of them are in lanes at a time.  Each turn of its
main loop takes every lane through CHUNK steps in vector code, without looking whether a lane may take them all; a lane
that diverged on the way, or whose budget ended, is then put back to the start of the chunk and walked through its last
steps one by one.  (To hold a lane inside the vector code makes each step wait for the loss of the one before, which
halves the speed.)  A lane whose trajectory has ended takes the next one from the table.

A trajectory is looked at when its own age is a multiple of CHUNK, so nothing that happens to it depends on its lane,
its neighbours, or where a table begins and ends.
"""

import functools
import sys
from collections.abc import Callable

import numpy as np
from numba import njit

from eos_sweep import lanes, passes
from eos_sweep.contract import CHUNK, CONVERGED, RUNNING, Model, Observable
from eos_sweep.lanes import WIDTH
from eos_sweep.layout import Layout, arrange
from eos_sweep.scalar import inlined
from eos_sweep.sources import digest


@functools.cache
def build(model: Model, observables: tuple[Observable, ...], needs: frozenset[str]) -> Callable:
    """Compile a kernel, or load it from numba's cache on disk.

    Parameters
    ----------
    model, observables
        Modules.  The kernel computes what these observables look at and nothing else.
    needs
        What observables need of the sharpness: MAXIMUM, EVERY_STEP, TAIL.

    Returns
    -------
    callable
        ``kernel(numbers, integers, until, tolerance, in_tail)`` advances every RUNNING row of a table, laid out as
        :func:`eos_sweep.layout.arrange`, to age ``until`` or to its end, if that comes first.
    """
    at = arrange(model, observables)
    advance, walk, close, settle = passes.stepping(model, observables, at, bool(needs))
    look, look_in_tail = passes.looks(model, observables, at, needs)
    enter, leave = _doors(at)

    def kernel(numbers, integers, until, tolerance, in_tail):
        lanes.wide()
        buffer = lanes.aligned(np.zeros(at.number_buffer + at.integer_buffer + lanes.SPARE))
        F, I = buffer[: at.number_buffer], buffer[at.number_buffer :].view(np.int64)
        for lane in range(WIDTH):
            I[at.row + lane] = -1
            I[at.status + lane] = CONVERGED  # an empty lane takes no steps
        following = 0
        idle, stopped = 0, WIDTH
        while True:
            if stopped > idle:
                idle = 0
                for lane in range(WIDTH):
                    if I[at.left + lane] == 0:
                        leave(F, I, lane, numbers, integers)
                        following = enter(F, I, lane, numbers, integers, following, until)
                        idle += I[at.row + lane] < 0
                if idle == WIDTH:
                    return
            whole = 0
            for lane in range(WIDTH):
                whole += advance(F, I, lane)
            if whole < WIDTH:
                for lane in range(WIDTH):
                    if I[at.left + lane] != CHUNK or I[at.whole + lane] == 0:
                        walk(F, I, lane)
            if in_tail:
                look_in_tail(F, I)
            else:
                look(F, I)
            stopped = quiet = 0
            for lane in range(WIDTH):
                ended, low = close(F, I, lane, until, tolerance)
                stopped += ended
                quiet += low
            if quiet > 0:
                for lane in range(WIDTH):
                    stopped += settle(F, I, lane, tolerance)

    # The digest is part of the name because numba's own cache key does not see an edit in an imported file.
    parts = digest(model, *observables, sys.modules[__name__]), *sorted(needs)
    kernel.__qualname__ = "_".join(("kernel", *parts)).replace(" ", "_")
    signature = "void(float64[:, ::1], int64[:, ::1], int64, float64, boolean)"
    return njit(signature, cache=True, nogil=True, error_model="numpy")(kernel)


def _doors(at: Layout) -> tuple[Callable, Callable]:
    """Build what moves a trajectory from the table into a lane, and back."""
    age, status = at.age // WIDTH, at.status // WIDTH

    @inlined
    def enter(F, I, lane, numbers, integers, following, until):
        count = numbers.shape[0]
        while following < count and (integers[following, status] != RUNNING or integers[following, age] >= until):
            following += 1
        if following == count:
            I[at.row + lane] = -1
            return following
        for column in range(at.number_columns):
            F[column * WIDTH + lane] = numbers[following, column]
        for column in range(at.integer_columns):
            I[column * WIDTH + lane] = integers[following, column]
        I[at.row + lane] = following
        start = integers[following, age]
        I[at.left + lane] = min(CHUNK - start % CHUNK, until - start)
        return following + 1

    @inlined
    def leave(F, I, lane, numbers, integers):
        row = I[at.row + lane]
        if row >= 0:
            for column in range(at.number_columns):
                numbers[row, column] = F[column * WIDTH + lane]
            for column in range(at.integer_columns):
                integers[row, column] = I[column * WIDTH + lane]

    return enter, leave
