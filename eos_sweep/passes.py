"""The parts of a kernel's main loop.

``F`` and ``I`` are the lane buffers of float64 and int64 numbers (see :mod:`eos_sweep.layout`); ``at`` is the layout.
A function of ``lane`` is called in a loop over lanes, which LLVM turns into vector code.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from eos_sweep import lanes
from eos_sweep.contract import CHUNK, CONVERGED, DIVERGED, RUNNING, Model, Moment, Observable
from eos_sweep.lanes import WIDTH
from eos_sweep.layout import BLOCK, Layout
from eos_sweep.observers import compose
from eos_sweep.scalar import inlined, select

SLACK = 1.0 + 2.0**-47  # sharper than the maximum means beyond this; without it rounding alone fails half the tests


class Stepping(NamedTuple):
    """Passes of every kernel; functions of ``(F, I, lane)``."""

    advance: Callable  # CHUNK steps, whether the lane may take them or not
    walk: Callable  # the same chunk again, one step after the other, as far as the lane may
    close: Callable  # (..., until, tolerance): accept the chunk, count, decide whether the trajectory ends


def stepping(model: Model, observables: tuple[Observable, ...], at: Layout, remembers: bool) -> Stepping:
    """Build the passes that take steps; with ``remembers`` they leave each step's state in the history."""
    watch, _, fold = compose(observables)
    limit = model.LIMIT
    carried_place = list(model.STATE).index(model.CARRIED[0]) if model.CARRIED else 0
    power_place = len(model.STATE) + len(model.CARRIED) - 1
    remember = _remember(at) if remembers else _forget

    @inlined
    def once(carry, where, k):
        before, loss_before, kept, bits, alive = carry
        F, lane, p, tau = where
        theta = model.step(before, p)
        loss = model.loss(theta, p)
        moment = Moment(
            theta,
            loss,
            loss_before,
            model.stable(theta, p, tau) != True,  # noqa: E712 (`not` would branch)
            model.guard(theta),
            model.clipped(before, p),
            (theta[carried_place], theta[power_place]),
        )
        mark = np.int64(1) << k
        kept, bits = watch(kept, bits, moment, mark)
        remember(F, lane, k, theta)
        return theta, loss, kept, bits, alive | select(loss < limit, mark, np.int64(0))

    unrolled = lanes.repeat(once, CHUNK)

    @inlined
    def begin(F, lane):
        state = lanes.read(F, at.state + lane, WIDTH, at.state_like)
        kept = lanes.read(F, at.kept + lane, WIDTH, at.kept_like)
        p = lanes.read(F, at.parameters + lane, WIDTH, at.parameters_like)
        return (state, F[at.loss + lane], kept, at.bits_like, np.int64(0)), (F, lane, p, F[at.tau + lane])

    @inlined
    def finish(F, I, lane, carry):
        theta, loss, kept, bits, alive = carry
        lanes.write(F, at.next_state + lane, WIDTH, theta)
        F[at.next_loss + lane] = loss
        lanes.write(F, at.next_kept + lane, WIDTH, kept)
        lanes.write(I, at.bits + lane, WIDTH, bits)

    @inlined
    def advance(F, I, lane):
        carry, where = begin(F, lane)
        carry = unrolled(carry, where, 0)
        finish(F, I, lane, carry)
        I[at.alive + lane] = carry[4]
        survived = lanes.lowest(~carry[4])
        allowed = I[at.left + lane]
        I[at.moved + lane] = select(survived < allowed, survived, allowed)

    @inlined
    def walk(F, I, lane):
        carry, where = begin(F, lane)
        for k in range(I[at.moved + lane]):
            carry = once(carry, where, k)
        for k in range(I[at.moved + lane], CHUNK):
            remember(F, lane, k, carry[0])
        finish(F, I, lane, carry)

    @inlined
    def close(F, I, lane, until, tolerance):
        theta = lanes.read(F, at.next_state + lane, WIDTH, at.state_like)
        p = lanes.read(F, at.parameters + lane, WIDTH, at.parameters_like)
        loss = F[at.next_loss + lane]
        steps, age = I[at.moved + lane], I[at.age + lane]
        counts = lanes.read(I, at.counts + lane, WIDTH, at.counts_like)
        bits = lanes.read(I, at.bits + lane, WIDTH, at.bits_like)
        lanes.write(I, at.counts + lane, WIDTH, fold(counts, bits, (np.int64(1) << steps) - 1, age, steps))
        lanes.write(F, at.kept + lane, WIDTH, lanes.read(F, at.next_kept + lane, WIDTH, at.kept_like))
        age += steps
        due = (age % CHUNK == 0) & (steps > 0)
        lanes.write(F, at.state + lane, WIDTH, lanes.choose(due, model.rescale(theta, p), theta))
        F[at.loss + lane] = loss
        I[at.age + lane] = age
        diverged = lanes.lowest(~I[at.alive + lane]) < I[at.left + lane]
        settled = due & model.settled(theta, p, loss, F[at.tau + lane], tolerance)
        status = select(diverged, DIVERGED, select(settled, CONVERGED, I[at.status + lane]))
        I[at.status + lane] = status
        whole, rest = CHUNK - age % CHUNK, until - age
        I[at.left + lane] = select(status == RUNNING, select(whole < rest, whole, rest), 0)

    return Stepping(advance, walk, close)


def _remember(at: Layout) -> Callable:
    @inlined
    def remember(F, lane, k, theta):
        lanes.write(F, at.history + k * at.history_step + lane, WIDTH, theta)

    return remember


@inlined
def _forget(F, lane, k, theta):
    return None


class Spectrum(NamedTuple):
    """Computes the sharpness of up to BLOCK states at once, stage after stage over all of them."""

    load: Callable  # (F, place, theta, p): put a state in its place
    solve: Callable  # (F, count): turn the first ``count`` places into sharpness
    sharpness: Callable  # (F, place): the result


def spectrum(model: Model, at: Layout) -> Spectrum:
    """Build the eigenvalue computation from the model's stages."""
    run_stages = _in_turn(model.SHARPNESS_STAGES, at)

    @inlined
    def load(F, place, theta, p):
        lanes.write(F, at.spectrum + place, BLOCK, model.sharpness_begin(theta, p))

    @inlined
    def solve(F, count):
        run_stages(F, count)
        for place in range(count):
            values = lanes.read(F, at.spectrum + place, BLOCK, at.spectrum_like)
            F[at.spectrum + place] = model.sharpness_finish(values)

    @inlined
    def sharpness(F, place):
        return F[at.spectrum + place]

    return Spectrum(load, solve, sharpness)


def _in_turn(stages, at: Layout) -> Callable:
    if not stages:

        @inlined
        def run_none(F, count):
            return None

        return run_none
    stage, others = stages[0], _in_turn(stages[1:], at)

    @inlined
    def run(F, count):
        for place in range(count):
            values = lanes.read(F, at.spectrum + place, BLOCK, at.spectrum_like)
            lanes.write(F, at.spectrum + place, BLOCK, stage(values))
        others(F, count)

    return run


def nothing(model: Model, observables: tuple[Observable, ...], at: Layout) -> Callable:
    """Build the look at a chunk's states that needs no sharpness: none."""

    @inlined
    def look(F, I):
        return None

    return look


def certified_maximum(model: Model, observables: tuple[Observable, ...], at: Layout) -> Callable:
    """Build the look that keeps a maximum which no step's sharpness exceeds by more than 1e-14 relative.

    It computes one eigenvalue a chunk, at the last state, then tests all states against the maximum so far: the test
    needs no eigenvalue.  A lane that fails is computed throughout, and only its own maximum changes, since a lane must
    not depend on its neighbours.
    """
    load, solve, sharpness = spectrum(model, at)

    @inlined
    def state_after(F, lane, k):
        return lanes.read(F, at.history + k * at.history_step + lane, WIDTH, at.state_like)

    @inlined
    def parameters(F, lane):
        return lanes.read(F, at.parameters + lane, WIDTH, at.parameters_like)

    @inlined
    def raise_maximum(F, lane, value):
        F[at.maximum + lane] = select(value > F[at.maximum + lane], value, F[at.maximum + lane])

    @inlined
    def beyond(carry, where, k):
        F, lane, p, bound = where
        return carry | select(model.stable(state_after(F, lane, k), p, bound), np.int64(0), np.int64(1))

    any_beyond = lanes.repeat(beyond, CHUNK)

    @inlined
    def look(F, I):
        for lane in range(WIDTH):
            load(F, lane, state_after(F, lane, CHUNK - 1), parameters(F, lane))
        solve(F, WIDTH)
        for lane in range(WIDTH):
            raise_maximum(F, lane, sharpness(F, lane))
        failed = np.int64(0)
        for lane in range(WIDTH):
            where = F, lane, parameters(F, lane), SLACK * F[at.maximum + lane]
            I[at.mark + lane] = any_beyond(np.int64(0), where, 0)
            failed |= I[at.mark + lane]
        if failed != 0:
            for lane in range(WIDTH):
                if I[at.mark + lane] != 0:
                    for k in range(CHUNK):
                        load(F, k, state_after(F, lane, k), parameters(F, lane))
                    solve(F, CHUNK)
                    for k in range(CHUNK):
                        raise_maximum(F, lane, sharpness(F, k))

    return look


def every_step(model: Model, observables: tuple[Observable, ...], at: Layout) -> Callable:
    """Build the look that computes each step's sharpness and shows it to the observables' ``watch_tail``."""
    _, watch_tail, _ = compose(observables)
    load, solve, sharpness = spectrum(model, at)
    at_once = BLOCK // WIDTH

    @inlined
    def show(carry, where, k):
        kept, maximum = carry
        F, lane, tau, steps = where
        value = F[at.scratch + k * WIDTH + lane]
        kept = lanes.choose(k < steps, watch_tail(kept, value / tau), kept)
        return kept, select(value > maximum, value, maximum)

    show_all = lanes.repeat(show, CHUNK)

    @inlined
    def look(F, I):
        for k in range(0, CHUNK, at_once):
            for j in range(at_once):
                for lane in range(WIDTH):
                    theta = lanes.read(F, at.history + (k + j) * at.history_step + lane, WIDTH, at.state_like)
                    p = lanes.read(F, at.parameters + lane, WIDTH, at.parameters_like)
                    load(F, j * WIDTH + lane, theta, p)
            solve(F, BLOCK)
            for place in range(BLOCK):
                F[at.scratch + k * WIDTH + place] = sharpness(F, place)
        for lane in range(WIDTH):
            where = F, lane, F[at.tau + lane], I[at.moved + lane]
            carry = lanes.read(F, at.next_kept + lane, WIDTH, at.kept_like), F[at.maximum + lane]
            kept, maximum = show_all(carry, where, 0)
            lanes.write(F, at.next_kept + lane, WIDTH, kept)
            F[at.maximum + lane] = maximum

    return look
