"""Passes of a kernel's main loop that compute the sharpness from the curvatures of a chunk.

A pass is ``measure(F, I)``, on all lanes at once.  Names are those of :mod:`eos_sweep.engine.steps`.
"""

from collections.abc import Callable, Collection
from itertools import groupby
from typing import NamedTuple

from eos_sweep.contract import CHUNK, EVERY_STEP, MAXIMUM, TAIL, Model, Observable
from eos_sweep.eigen.sharpness import edge_of, over_edge
from eos_sweep.engine import lanes
from eos_sweep.engine.lanes import WIDTH
from eos_sweep.engine.layout import BLOCK, Layout
from eos_sweep.engine.observers import compose_sharpness
from eos_sweep.scalar import inlined, select

AT_ONCE = BLOCK // WIDTH  # steps of a chunk whose eigenvalues are computed at once
SLACK = 1.0 + 2.0**-47  # sharper than the maximum means beyond this; without it rounding alone fails half the tests


class SharpnessPasses(NamedTuple):
    """The pass for each part of a run."""

    before_tail: Callable
    in_tail: Callable


def sharpness_passes(
    model: Model, observables: tuple[Observable, ...], at: Layout, needs: Collection[str]
) -> SharpnessPasses:
    """Build the passes that compute as much of the sharpness as ``needs`` say, and no more."""
    throughout = (EVERY_STEP,) if EVERY_STEP in needs else ()
    in_tail = every_step(model, observables, at, (*throughout, TAIL)) if {EVERY_STEP, TAIL} & set(needs) else _nothing
    if throughout:
        return SharpnessPasses(every_step(model, observables, at, throughout), in_tail)
    return SharpnessPasses(certified_maximum(model, at) if MAXIMUM in needs else _nothing, in_tail)


@inlined
def _nothing(F, I):
    return None


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


def _throughout(model: Model, recall: Callable, at: Layout) -> Callable:
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


def _throughout_in_one(model: Model, recall: Callable, at: Layout) -> Callable:
    """Build the same for a model with a single stage."""
    (only,) = model.SHARPNESS_STAGES

    @inlined
    def solve(F, k):
        for j in range(AT_ONCE):
            for lane in range(WIDTH):
                F[at.scratch + (k + j) * WIDTH + lane] = only(recall(F, lane, k + j))[0]

    return solve


def _recall(at: Layout) -> Callable:
    """Build ``recall(F, lane, k)``, which returns the curvature after step k of the chunk."""

    @inlined
    def recall(F, lane, k):
        return lanes.read(F, at.history + k * at.history_step + lane, WIDTH, at.curvature_like)

    return recall


def _edge(model: Model, at: Layout) -> Callable:
    """Build ``edge(F, lane, k)``, which returns the edge after step k of the chunk."""
    if at.edge_like:
        behind = len(at.curvature_like) * WIDTH
        return inlined(lambda F, lane, k: F[at.history + k * at.history_step + behind + lane])
    edge = edge_of(model)

    @inlined
    def fixed(F, lane, k):
        return edge(at.state_like, lanes.read(F, at.parameters + lane, WIDTH, at.parameters_like))

    return fixed


def _seen(at: Layout) -> Callable:
    """Build ``seen(F, lane, k)``, which returns the state and the loss after step k, if an observable needs them."""
    behind = (len(at.curvature_like) + len(at.edge_like)) * WIDTH

    @inlined
    def seen(F, lane, k):
        return lanes.read(F, at.history + k * at.history_step + behind + lane, WIDTH, at.seen_like)

    return seen


def certified_maximum(model: Model, at: Layout) -> Callable:
    """Build the pass that keeps a maximum which no step's sharpness exceeds by more than 1e-14 relative.

    It computes one eigenvalue a chunk, at the last state, then tests all states against the maximum so far: the test
    needs no eigenvalue.  A lane that fails is computed throughout, and only its own maximum changes, since a lane must
    not depend on its neighbours.  Where the edge moves, the largest ratio to it is kept in the same way.
    """
    load, solve = spectrum(model, at)
    recall, edge = _recall(at), _edge(model, at)
    all_within = _all_within(model, recall, edge, at)
    raise_maximum = _raise_maximum(edge, at)

    @inlined
    def measure(F, I):
        for lane in range(WIDTH):
            load(F, lane, recall(F, lane, CHUNK - 1))
        solve(F, WIDTH)
        for lane in range(WIDTH):
            raise_maximum(F, lane, CHUNK - 1, F[at.spectrum + lane])
        certified = 0
        for lane in range(WIDTH):
            I[at.mark + lane] = all_within(True, (F, lane), 0)
            certified += I[at.mark + lane]
        if certified < WIDTH:
            for lane in range(WIDTH):
                if I[at.mark + lane] == 0:
                    for k in range(CHUNK):
                        load(F, k, recall(F, lane, k))
                    solve(F, CHUNK)
                    for k in range(CHUNK):
                        raise_maximum(F, lane, k, F[at.spectrum + k])

    return measure


def _all_within(model: Model, recall: Callable, edge: Callable, at: Layout) -> Callable:
    """Build the test whether no step of a chunk exceeds the maximum of its lane."""

    @inlined
    def within(carry, where, k):
        F, lane = where
        return carry & model.stable(recall(F, lane, k), SLACK * F[at.maximum + lane])

    @inlined
    def both_within(carry, where, k):
        F, lane = where
        bound = SLACK * F[at.ratio + lane] * edge(F, lane, k)
        return within(carry, where, k) & model.stable(recall(F, lane, k), bound)

    return lanes.repeat(both_within if at.edge_like else within, CHUNK)


def _raise_maximum(edge: Callable, at: Layout) -> Callable:
    @inlined
    def raise_one(F, place, value):
        F[place] = select(value > F[place], value, F[place])

    @inlined
    def raise_maximum(F, lane, k, value):
        raise_one(F, at.maximum + lane, value)

    @inlined
    def raise_both(F, lane, k, value):
        raise_one(F, at.maximum + lane, value)
        raise_one(F, at.ratio + lane, over_edge(value, edge(F, lane, k)))

    return raise_both if at.edge_like else raise_maximum


def every_step(model: Model, observables: tuple[Observable, ...], at: Layout, needs: tuple[str, ...]) -> Callable:
    """Build the pass that computes each step's sharpness and shows it to the observables that have one of ``needs``."""
    recall, edge = _recall(at), _edge(model, at)
    solve = (_throughout_in_one if len(model.SHARPNESS_STAGES) == 1 else _throughout)(model, recall, at)
    show_all = _show_all(compose_sharpness(observables, needs, model), recall, edge, _seen(at), at)
    largest_like = (0.0, *at.edge_like)

    @inlined
    def measure(F, I):
        for k in range(0, CHUNK, AT_ONCE):
            solve(F, k)
        for lane in range(WIDTH):
            largest = lanes.read(F, at.maximum + lane, WIDTH, largest_like)
            carry = lanes.read(F, at.next_kept + lane, WIDTH, at.kept_like), largest
            kept, largest = show_all(carry, (F, lane, I[at.moved + lane]), 0)
            lanes.write(F, at.next_kept + lane, WIDTH, kept)
            lanes.write(F, at.maximum + lane, WIDTH, largest)

    return measure


def _show_all(watch_sharpness: Callable, recall: Callable, edge: Callable, seen: Callable, at: Layout) -> Callable:
    """Build what shows the sharpness of each step that a lane has taken to the observables, and to the maxima."""
    raised = _raise_pair if at.edge_like else _raise_single

    @inlined
    def show(carry, where, k):
        kept, largest = carry
        F, lane, steps = where
        value, bound = F[at.scratch + k * WIDTH + lane], edge(F, lane, k)
        shown = watch_sharpness(kept, value, bound, recall(F, lane, k), seen(F, lane, k))
        kept = lanes.choose(k < steps, shown, kept)
        return kept, raised(largest, value, bound)

    return lanes.repeat(show, CHUNK)


@inlined
def _raise_single(largest, value, bound):
    return (select(value > largest[0], value, largest[0]),)


@inlined
def _raise_pair(largest, value, bound):
    ratio = over_edge(value, bound)
    return select(value > largest[0], value, largest[0]), select(ratio > largest[1], ratio, largest[1])
