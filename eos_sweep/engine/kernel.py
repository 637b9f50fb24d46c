"""The kernel: takes trajectories of any model through their steps, in parallel lanes, for any set of observables.

A kernel call works on a table of trajectories, a row each.  WIDTH of them are in lanes at a time.  Each turn of the
main loop takes every lane through CHUNK steps in vector code, whether or not a lane may take them all.  A lane that
diverged on the way, or whose budget ended, then goes back to the start of the chunk and walks through its last steps
one by one.  (Holding a lane inside the vector code makes each step wait for the loss of the one before, which halves
the speed.)  A lane whose trajectory has ended takes the next one from the table.

Whether a trajectory ends is decided when its own age is a multiple of CHUNK.  So nothing that happens to it depends on
its lane, its neighbours, or where a table begins and ends.
"""

import functools
import sys
from collections.abc import Callable

import numpy as np

from eos_sweep.contract import CHUNK, CONVERGED, RUNNING, Model, Observable
from eos_sweep.engine import lanes
from eos_sweep.engine.compilation import compile_or_load
from eos_sweep.engine.lanes import WIDTH
from eos_sweep.engine.layout import Layout, arrange
from eos_sweep.engine.sharpness_passes import sharpness_passes
from eos_sweep.engine.sources import digest_of
from eos_sweep.engine.steps import step_passes
from eos_sweep.scalar import inlined


@functools.cache
def build(model: Model, observables: tuple[Observable, ...], needs: frozenset[str]) -> Callable:
    """Compile a kernel, or load it from numba's cache on disk.

    Parameters
    ----------
    model, observables
        Modules.  The kernel computes what these observables need and nothing else.
    needs
        What observables need of the sharpness: MAXIMUM, EVERY_STEP, TAIL.

    Returns
    -------
    callable
        ``kernel(numbers, integers, until, tolerance, in_tail)`` advances every RUNNING row of a table, laid out as
        :func:`eos_sweep.engine.layout.arrange`, to age ``until`` or to its end, if that comes first.
    """
    at = arrange(model, observables)
    advance_together, advance, walk, close, settle = step_passes(model, observables, at, bool(needs))
    measure, measure_in_tail = sharpness_passes(model, observables, at, needs)
    enter, leave = _table_access(at)

    def kernel(numbers, integers, until, tolerance, in_tail):
        lanes.wide()
        buffer = lanes.aligned(np.zeros(at.number_buffer + at.integer_buffer + lanes.ALIGNMENT_SLACK))
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
            whole = advance_together(F, I)
            for lane in range(WIDTH):
                whole += advance(F, I, lane)
            if whole < WIDTH:
                for lane in range(WIDTH):
                    if I[at.left + lane] != CHUNK or I[at.whole + lane] == 0:
                        walk(F, I, lane)
            if in_tail:
                measure_in_tail(F, I)
            else:
                measure(F, I)
            stopped = quiet = 0
            for lane in range(WIDTH):
                ended, low = close(F, I, lane, until, tolerance)
                stopped += ended
                quiet += low
            if quiet > 0:
                for lane in range(WIDTH):
                    stopped += settle(F, I, lane, tolerance)

    meaning = digest_of(model, observables, (sys.modules[__name__], ["build"]))
    signature = "void(float64[:, ::1], int64[:, ::1], int64, float64, boolean)"
    return compile_or_load(kernel, "_".join(("kernel", meaning, *sorted(needs))), signature)


def _table_access(at: Layout) -> tuple[Callable, Callable]:
    """Build ``enter`` and ``leave``, which move a trajectory from the table into a lane, and back."""
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
