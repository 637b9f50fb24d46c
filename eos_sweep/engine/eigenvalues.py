"""Runs the stages of a model's eigenvalue computation over many matrices at once, as sharpness passes need them."""

from collections.abc import Callable
from itertools import groupby
from typing import NamedTuple

from eos_sweep.contract import CHUNK, Model
from eos_sweep.eigen.stages import again_of, usable
from eos_sweep.engine import lanes
from eos_sweep.engine.lanes import WIDTH
from eos_sweep.engine.layout import BLOCK, Layout
from eos_sweep.scalar import apart, inlined

AT_ONCE = BLOCK // WIDTH  # steps of a chunk whose eigenvalues are computed at once


def recalled(at: Layout) -> Callable:
    """Build ``recall(F, lane, k)``, which returns the curvature after step k of the chunk."""

    @inlined
    def recall(F, lane, k):
        return lanes.read(F, at.history + k * at.history_step + lane, WIDTH, at.curvature_like)

    return recall


class Spectrum(NamedTuple):
    """The eigenvalue computation.  It runs each stage over up to BLOCK matrices before the next stage."""

    load: Callable  # (F, place, curvature): put a matrix in its place
    solve: Callable  # (F, count): leave the top eigenvalues of the first ``count`` matrices at F[at.spectrum + place]


def spectrum(model: Model, at: Layout) -> Spectrum:
    """Build the eigenvalue computation of ``model``."""

    @inlined
    def load(F, place, curvature):
        lanes.write(F, at.spectrum + place, BLOCK, curvature)

    return Spectrum(load, _in_turn(model.SHARPNESS_STAGES, at.stages_like, at))


def _in_turn(stages, likes, at: Layout) -> Callable:
    """Build ``run(F, count)``: each stage in turn, over the first ``count`` matrices; one that follows itself once.

    Numba compiles each function by itself, with all that is inlined into it.  So four stages are joined at a time: a
    chain of functions that call one stage and the next function would compile the last stage as often as it is long.
    """
    repeated = [(*each, len(list(group))) for each, group in groupby(zip(stages, likes, strict=True))]
    passes = [_stage(stage, like, times, at) for stage, like, times in repeated] or [_no_stage]
    while len(passes) > 1:
        passes = [_joined(*passes[first : first + 4]) for first in range(0, len(passes), 4)]
    return passes[0]


def _stage(stage: Callable, like: tuple, times: int, at: Layout) -> Callable:
    """Build the pass that runs one stage ``times`` times."""

    @inlined
    def run(F, count):
        for _ in range(times):
            for place in range(count):
                lanes.write(F, at.spectrum + place, BLOCK, stage(lanes.read(F, at.spectrum + place, BLOCK, like)))

    return run


@inlined
def _no_stage(F, count):
    return None


def _joined(first: Callable, second=_no_stage, third=_no_stage, fourth=_no_stage) -> Callable:
    @inlined
    def run(F, count):
        first(F, count)
        second(F, count)
        third(F, count)
        fourth(F, count)

    return run


class Remedy(NamedTuple):
    """What is done about results of the stages that do not count; nothing where all of them do."""

    needed: Callable  # (value) -> whether it does not count
    mend: Callable  # (F, place, lane, k): the eigenvalue after step k of the chunk is at F[place]; mend it if needed


def remedy(model: Model, recall: Callable) -> Remedy:
    """Build the remedy.  It takes one matrix at a time, and lies apart from the vector code, which seldom needs it."""
    again = again_of(model.SHARPNESS_STAGES)
    if again is None:
        return Remedy(inlined(lambda value: False), inlined(lambda F, place, lane, k: None))

    @inlined
    def needed(value):
        return not usable(value)

    @apart
    def mend(F, place, lane, k):
        if needed(F[place]):
            F[place] = again(recall(F, lane, k))[0]

    return Remedy(needed, mend)


def throughout(model: Model, at: Layout) -> Callable:
    """Build ``solve(F)``, which leaves the top eigenvalue after each step of the chunk in the scratch."""
    recall = recalled(at)
    part = (_in_one if len(model.SHARPNESS_STAGES) == 1 else _in_stages)(model, recall, at)
    needed, mend = remedy(model, recall)

    @inlined
    def solve(F):
        for k in range(0, CHUNK, AT_ONCE):
            part(F, k)
        amiss = 0
        for place in range(CHUNK * WIDTH):
            amiss += needed(F[at.scratch + place])
        if amiss > 0:
            for place in range(CHUNK * WIDTH):
                mend(F, at.scratch + place, place % WIDTH, place // WIDTH)

    return solve


def _in_stages(model: Model, recall: Callable, at: Layout) -> Callable:
    """Build ``solve(F, k)``, which computes the top eigenvalues after steps k to k + AT_ONCE - 1 of the chunk.

    The first stage reads the history, and the last one writes the scratch, so that nothing is copied.
    """
    (first, *between, last), likes = model.SHARPNESS_STAGES, at.stages_like
    solve_between = _in_turn(between, likes[1:-1], at)

    @inlined
    def solve(F, k):
        for j in range(AT_ONCE):
            for lane in range(WIDTH):
                lanes.write(F, at.spectrum + j * WIDTH + lane, BLOCK, first(recall(F, lane, k + j)))
        solve_between(F, BLOCK)
        for place in range(BLOCK):
            values = last(lanes.read(F, at.spectrum + place, BLOCK, likes[-1]))
            F[at.scratch + k * WIDTH + place] = values[0]

    return solve


def _in_one(model: Model, recall: Callable, at: Layout) -> Callable:
    """Build the same for a model with a single stage."""
    (only,) = model.SHARPNESS_STAGES

    @inlined
    def solve(F, k):
        for j in range(AT_ONCE):
            for lane in range(WIDTH):
                F[at.scratch + (k + j) * WIDTH + lane] = only(recall(F, lane, k + j))[0]

    return solve
