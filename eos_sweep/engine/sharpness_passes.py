"""Passes of a kernel's main loop that compute the sharpness from the curvatures of a chunk.

A pass is ``measure(F, I)``, on all lanes at once.  Names are those of :mod:`eos_sweep.engine.steps`.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np

from eos_sweep.contract import CHUNK, EVERY_STEP, MAXIMUM, TAIL, Model, Observable
from eos_sweep.eigen.sharpness import edge_of, over_edge
from eos_sweep.engine import lanes
from eos_sweep.engine.eigenvalues import recalled, remedy, spectrum, throughout
from eos_sweep.engine.lanes import WIDTH
from eos_sweep.engine.layout import Layout
from eos_sweep.engine.observers import compose_sharpness
from eos_sweep.scalar import inlined, select

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
    not depend on its neighbours.  An eigenvalue that does not count raises nothing, so that its lane fails.  Where the
    edge moves, the largest ratio to it is kept in the same way.
    """
    load, solve = spectrum(model, at)
    recall, edge = recalled(at), _edge(model, at)
    needed, mend = remedy(model, recall)
    all_within = _all_within(model, recall, edge, at)
    raise_maximum = _raise_maximum(edge, at)

    @inlined
    def measure(F, I):
        for lane in range(WIDTH):
            load(F, lane, recall(F, lane, CHUNK - 1))
        solve(F, WIDTH)
        for lane in range(WIDTH):
            value = F[at.spectrum + lane]
            raise_maximum(F, lane, CHUNK - 1, select(needed(value), np.nan, value))
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
                        mend(F, at.spectrum + k, lane, k)
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
    recall, edge = recalled(at), _edge(model, at)
    solve = throughout(model, at)
    show_all = _show_all(compose_sharpness(observables, needs, model), recall, edge, _seen(at), at)
    largest_like = (0.0, *at.edge_like)

    @inlined
    def measure(F, I):
        solve(F)
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
