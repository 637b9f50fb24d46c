"""The parts of a kernel's main loop.

``F`` and ``I`` are the lane buffers of float64 and int64 numbers (see :mod:`eos_sweep.layout`); ``at`` is the layout.
A function of ``lane`` is called in a loop over lanes, which LLVM turns into vector code.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np

from eos_sweep import lanes
from eos_sweep.contract import (
    CHUNK,
    CONVERGED,
    DIVERGED,
    EDGE,
    EVERY_STEP,
    MAXIMUM,
    RUNNING,
    TAIL,
    Model,
    Moment,
    Observable,
)
from eos_sweep.lanes import WIDTH
from eos_sweep.layout import BLOCK, Layout
from eos_sweep.observers import compose, compose_sharpness
from eos_sweep.scalar import inlined, select

SLACK = 1.0 + 2.0**-47  # sharper than the maximum means beyond this; without it rounding alone fails half the tests


class Stepping(NamedTuple):
    """Passes of every kernel; functions of ``(F, I, lane)``."""

    advance: Callable  # CHUNK steps, whether the lane may take them or not
    walk: Callable  # the same chunk again, one step after the other, as far as the lane may
    close: Callable  # (..., until, tolerance): accept the chunk, count; tells whether the lane stopped, may be settled
    settle: Callable  # (..., tolerance): end the trajectory if it has settled; tells whether the lane stopped


def stepping(model: Model, observables: tuple[Observable, ...], at: Layout, remembers: bool) -> Stepping:
    """Build the passes that take steps; with ``remembers`` they leave each step's curvature in the history."""
    watch, fold = compose(observables, model)
    limit = model.LIMIT
    remember = _remember(at) if remembers else _forget
    guarded = _guarded(model)

    @inlined
    def once(carry, where, k):
        before, loss_before, kept, bits, whole = carry
        F, lane, p = where
        theta = model.step(before, p)
        loss = model.loss(theta, p)
        curvature = model.curvature(theta, p)
        moment = Moment(
            before,
            theta,
            p,
            loss,
            loss_before,
            model.stable(curvature, EDGE),
            guarded(theta),
            model.clipped(before, p),
        )
        kept, bits = watch(kept, bits, moment, np.int64(1) << k)
        remember(F, lane, k, curvature)
        return theta, loss, kept, bits, whole & (loss < limit)

    unrolled = lanes.repeat(once, CHUNK)

    @inlined
    def begin(F, lane):
        state = lanes.read(F, at.state + lane, WIDTH, at.state_like)
        kept = lanes.read(F, at.kept + lane, WIDTH, at.kept_like)
        p = lanes.read(F, at.parameters + lane, WIDTH, at.parameters_like)
        return (state, F[at.loss + lane], kept, at.bits_like, True), (F, lane, p)

    @inlined
    def finish(F, I, lane, carry):
        theta, loss, kept, bits, whole = carry
        lanes.write(F, at.next_state + lane, WIDTH, theta)
        F[at.next_loss + lane] = loss
        lanes.write(F, at.next_kept + lane, WIDTH, kept)
        lanes.write(I, at.bits + lane, WIDTH, bits)
        I[at.whole + lane] = whole

    @inlined
    def advance(F, I, lane):
        carry, where = begin(F, lane)
        carry = unrolled(carry, where, 0)
        finish(F, I, lane, carry)
        I[at.moved + lane] = CHUNK
        return carry[4] & (I[at.left + lane] == CHUNK)

    @inlined
    def walk(F, I, lane):
        carry, where = begin(F, lane)
        steps = 0
        whole = True
        while whole and steps < I[at.left + lane]:
            after = once(carry, where, steps)
            whole = after[4]
            if whole:
                carry = after
                steps += 1
        finish(F, I, lane, carry)
        I[at.whole + lane] = whole
        I[at.moved + lane] = steps
        for k in range(steps, CHUNK):
            remember(F, lane, k, model.curvature(carry[0], where[2]))

    @inlined
    def close(F, I, lane, until, tolerance):
        theta = lanes.read(F, at.next_state + lane, WIDTH, at.state_like)
        p = lanes.read(F, at.parameters + lane, WIDTH, at.parameters_like)
        loss = F[at.next_loss + lane]
        steps, age = I[at.moved + lane], I[at.age + lane]
        counts = lanes.read(I, at.counts + lane, WIDTH, at.counts_like)
        bits = lanes.read(I, at.bits + lane, WIDTH, at.bits_like)
        lanes.write(I, at.counts + lane, WIDTH, fold(counts, bits, age, steps))
        lanes.write(F, at.kept + lane, WIDTH, lanes.read(F, at.next_kept + lane, WIDTH, at.kept_like))
        age += steps
        due = ((age & (CHUNK - 1)) == 0) & (steps > 0)
        lanes.write(F, at.state + lane, WIDTH, lanes.choose(due, model.rescale(theta, p), theta))
        F[at.loss + lane] = loss
        I[at.age + lane] = age
        status = select(I[at.whole + lane] != 0, I[at.status + lane], DIVERGED)
        I[at.status + lane] = status
        whole, rest = CHUNK - (age & (CHUNK - 1)), until - age
        left = select(status == RUNNING, select(whole < rest, whole, rest), 0)
        I[at.left + lane] = left
        quiet = due & (loss < tolerance) & (status == RUNNING)
        I[at.mark + lane] = quiet
        return left == 0, quiet

    @inlined
    def settle(F, I, lane, tolerance):
        theta = lanes.read(F, at.state + lane, WIDTH, at.state_like)
        p = lanes.read(F, at.parameters + lane, WIDTH, at.parameters_like)
        left = I[at.left + lane]
        settled = (I[at.mark + lane] != 0) & model.settled(theta, p, F[at.loss + lane], tolerance)
        I[at.status + lane] = select(settled, CONVERGED, I[at.status + lane])
        I[at.left + lane] = select(settled, 0, left)
        return settled & (left > 0)

    return Stepping(advance, walk, close, settle)


def _guarded(model: Model) -> Callable:
    if model.GUARD is None:
        return inlined(lambda theta: 1.0)
    place = list(model.STATE).index(model.GUARD)
    return inlined(lambda theta: theta[place])


def _remember(at: Layout) -> Callable:
    @inlined
    def remember(F, lane, k, curvature):
        lanes.write(F, at.history + k * at.history_step + lane, WIDTH, curvature)

    return remember


@inlined
def _forget(F, lane, k, curvature):
    return None


def spectrum(model: Model, at: Layout) -> tuple[Callable, Callable]:
    """Build the eigenvalue computation, which runs each stage over up to BLOCK matrices before the next one.

    Returns ``load(F, place, curvature)``, which puts a matrix in its place, and ``solve(F, count)``, which leaves the
    top eigenvalues of the first ``count`` at ``F[at.spectrum + place]``.
    """

    @inlined
    def load(F, place, curvature):
        lanes.write(F, at.spectrum + place, BLOCK, curvature)

    return load, _in_turn(model.SHARPNESS_STAGES, at.stages_like, at)


def _in_turn(stages, likes, at: Layout) -> Callable:
    stage, like = stages[0], likes[0]
    others = _in_turn(stages[1:], likes[1:], at) if stages[1:] else None

    @inlined
    def run(F, count):
        for place in range(count):
            lanes.write(F, at.spectrum + place, BLOCK, stage(lanes.read(F, at.spectrum + place, BLOCK, like)))
        if others is not None:
            others(F, count)

    return run


def looks(
    model: Model, observables: tuple[Observable, ...], at: Layout, needs: Collection[str]
) -> tuple[Callable, Callable]:
    """Build what looks at the curvatures of a chunk, ``look(F, I)``: before the tail of the run, and in it."""
    throughout = (EVERY_STEP,) if EVERY_STEP in needs else ()
    in_tail = every_step(model, observables, at, (*throughout, TAIL)) if {EVERY_STEP, TAIL} & set(needs) else nothing
    if throughout:
        return every_step(model, observables, at, throughout), in_tail
    return certified_maximum(model, at) if MAXIMUM in needs else nothing, in_tail


@inlined
def nothing(F, I):
    return None


def certified_maximum(model: Model, at: Layout) -> Callable:
    """Build the look that keeps a maximum which no step's sharpness exceeds by more than 1e-14 relative.

    It computes one eigenvalue a chunk, at the last state, then tests all states against the maximum so far: the test
    needs no eigenvalue.  A lane that fails is computed throughout, and only its own maximum changes, since a lane must
    not depend on its neighbours.
    """
    load, solve = spectrum(model, at)

    @inlined
    def curvature_after(F, lane, k):
        return lanes.read(F, at.history + k * at.history_step + lane, WIDTH, at.curvature_like)

    @inlined
    def raise_maximum(F, lane, value):
        F[at.maximum + lane] = select(value > F[at.maximum + lane], value, F[at.maximum + lane])

    @inlined
    def within(carry, where, k):
        F, lane, bound = where
        return carry & model.stable(curvature_after(F, lane, k), bound)

    all_within = lanes.repeat(within, CHUNK)

    @inlined
    def look(F, I):
        for lane in range(WIDTH):
            load(F, lane, curvature_after(F, lane, CHUNK - 1))
        solve(F, WIDTH)
        for lane in range(WIDTH):
            raise_maximum(F, lane, F[at.spectrum + lane])
        certified = 0
        for lane in range(WIDTH):
            I[at.mark + lane] = all_within(True, (F, lane, SLACK * F[at.maximum + lane]), 0)
            certified += I[at.mark + lane]
        if certified < WIDTH:
            for lane in range(WIDTH):
                if I[at.mark + lane] == 0:
                    for k in range(CHUNK):
                        load(F, k, curvature_after(F, lane, k))
                    solve(F, CHUNK)
                    for k in range(CHUNK):
                        raise_maximum(F, lane, F[at.spectrum + k])

    return look


def every_step(model: Model, observables: tuple[Observable, ...], at: Layout, needs: tuple[str, ...]) -> Callable:
    """Build the look that computes each step's sharpness and shows it to the observables that have one of ``needs``."""
    watch_sharpness = compose_sharpness(observables, needs, model)
    load, solve = spectrum(model, at)
    at_once = BLOCK // WIDTH

    @inlined
    def show(carry, where, k):
        kept, maximum = carry
        F, lane, steps = where
        value = F[at.scratch + k * WIDTH + lane]
        curvature = lanes.read(F, at.history + k * at.history_step + lane, WIDTH, at.curvature_like)
        kept = lanes.choose(k < steps, watch_sharpness(kept, value / EDGE, curvature), kept)
        return kept, select(value > maximum, value, maximum)

    show_all = lanes.repeat(show, CHUNK)

    @inlined
    def look(F, I):
        for k in range(0, CHUNK, at_once):
            for j in range(at_once):
                for lane in range(WIDTH):
                    row = at.history + (k + j) * at.history_step
                    load(F, j * WIDTH + lane, lanes.read(F, row + lane, WIDTH, at.curvature_like))
            solve(F, BLOCK)
            for place in range(BLOCK):
                F[at.scratch + k * WIDTH + place] = F[at.spectrum + place]
        for lane in range(WIDTH):
            where = F, lane, I[at.moved + lane]
            carry = lanes.read(F, at.next_kept + lane, WIDTH, at.kept_like), F[at.maximum + lane]
            kept, maximum = show_all(carry, where, 0)
            lanes.write(F, at.next_kept + lane, WIDTH, kept)
            F[at.maximum + lane] = maximum

    return look
