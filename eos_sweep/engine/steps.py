"""Passes of a kernel's main loop that take steps.

``F`` and ``I`` are the lane buffers of float64 and int64 numbers, ``at`` is their :mod:`eos_sweep.engine.layout`.
A pass is a function of ``lane``.  The kernel calls it in a loop over lanes, which LLVM turns into vector code.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.contract import CHUNK, CONVERGED, DIVERGED, RUNNING, Model, Moment, Observable
from eos_sweep.eigen.sharpness import edge_of
from eos_sweep.engine import lanes
from eos_sweep.engine.branches import advance_lanes
from eos_sweep.engine.lanes import WIDTH
from eos_sweep.engine.layout import Layout
from eos_sweep.engine.observers import compose
from eos_sweep.scalar import inlined, select
from eos_sweep.state import guard_index


class Carry(NamedTuple):
    """What one step hands on to the next."""

    theta: Any
    loss: Any
    kept: Any
    bits: Any  # flags raised in the chunk
    whole: Any  # whether the loss stayed within the bound at each step so far


class StepPasses(NamedTuple):
    """The passes that take steps, in the order in which a kernel calls them."""

    together: Callable  # (F, I) -> the same number for all lanes, if the model needs a pass of its own; else zero
    advance: Callable  # (F, I, lane) -> whether the lane was allowed all CHUNK steps; takes them in either case
    walk: Callable  # (F, I, lane): the same chunk again, one step after the other, as far as the lane may go
    close: Callable  # (F, I, lane, until, tolerance) -> whether the lane stopped, whether it may have settled
    settle: Callable  # (F, I, lane, tolerance) -> whether the lane stopped because it has settled


def step_passes(model: Model, observables: tuple[Observable, ...], at: Layout, remembers: bool) -> StepPasses:
    """Build the passes that take steps.

    Parameters
    ----------
    model, observables
        Modules.
    at
        Layout of the lane buffers.
    remembers
        Whether the curvature after each step is left in the history, for the passes that compute the sharpness.  An
        edge that moves is left beside it.
    """
    watch, fold = compose(observables, model)
    remember = _remember(at) if remembers else _forget
    step = _step(model, watch, remember)
    load, store = _load(at), _store(at)
    return StepPasses(
        *advance_lanes(model, _advance(step, load, store, at), at),
        _walk(model, step, load, store, remember, at),
        _close(model, fold, at),
        _settle(model, at),
    )


def _step(model: Model, watch: Callable, remember: Callable) -> Callable:
    """Build ``step(carry, where, k)``, step k of a chunk, for :func:`eos_sweep.engine.lanes.repeat`."""
    limit, edge = model.LIMIT, edge_of(model)
    guarded = _guarded(model)

    @inlined
    def step(carry, where, k):
        before, loss_before, kept, bits, whole = carry
        F, lane, p = where
        theta = model.step(before, p)
        loss = model.loss(theta, p)
        curvature, bound = model.curvature(theta, p), edge(theta, p)
        moment = Moment(
            before,
            theta,
            p,
            loss,
            loss_before,
            model.stable(curvature, bound),
            guarded(theta),
            guarded(before),
            model.clipped(before, p),
        )
        kept, bits = watch(kept, bits, moment, np.int64(1) << k)
        remember(F, lane, k, curvature, bound, theta, loss)
        return Carry(theta, loss, kept, bits, whole & (loss < limit))

    return step


def _guarded(model: Model) -> Callable:
    place = guard_index(model)
    if place is None:
        return inlined(lambda theta: 1.0)
    return inlined(lambda theta: theta[place])


def _remember(at: Layout) -> Callable:
    """Build what leaves the curvature after step k in the history, and beside it the edge and the state if wanted."""
    beside = inlined(lambda bound: (bound,)) if at.edge_like else inlined(lambda bound: ())
    seen = inlined(lambda theta, loss: (theta, loss)) if at.seen_like else inlined(lambda theta, loss: ())

    @inlined
    def remember(F, lane, k, curvature, bound, theta, loss):
        place = at.history + k * at.history_step + lane
        lanes.write(F, place, WIDTH, (curvature, beside(bound), seen(theta, loss)))

    return remember


@inlined
def _forget(F, lane, k, curvature, bound, theta, loss):
    return None


def _load(at: Layout) -> Callable:
    """Build ``load(F, lane)``, which returns the carry at the start of a chunk, and the parameters."""

    @inlined
    def load(F, lane):
        state = lanes.read(F, at.state + lane, WIDTH, at.state_like)
        kept = lanes.read(F, at.kept + lane, WIDTH, at.kept_like)
        p = lanes.read(F, at.parameters + lane, WIDTH, at.parameters_like)
        return Carry(state, F[at.loss + lane], kept, at.bits_like, True), p

    return load


def _store(at: Layout) -> Callable:
    """Build ``store(F, I, lane, carry)``, which keeps the carry at the end of a chunk."""

    @inlined
    def store(F, I, lane, carry):
        theta, loss, kept, bits, whole = carry
        lanes.write(F, at.next_state + lane, WIDTH, theta)
        F[at.next_loss + lane] = loss
        lanes.write(F, at.next_kept + lane, WIDTH, kept)
        lanes.write(I, at.bits + lane, WIDTH, bits)
        I[at.whole + lane] = whole

    return store


def _advance(step: Callable, load: Callable, store: Callable, at: Layout) -> Callable[[Callable], Callable]:
    """Build ``build(case)``, for :func:`eos_sweep.engine.branches.advance_lanes`."""
    steps = lanes.repeat(step, CHUNK)

    def build(case: Callable) -> Callable:
        @inlined
        def advance(F, I, lane):
            carry, given = load(F, lane)
            p, mine = case(given)
            theta, loss, kept, bits, whole = steps(carry, (F, lane, p), 0)
            carry = Carry(theta, loss, kept, bits, whole & mine)
            store(F, I, lane, carry)
            I[at.moved + lane] = CHUNK
            return carry.whole & (I[at.left + lane] == CHUNK)

        return advance

    return build


def _walk(model: Model, step: Callable, load: Callable, store: Callable, remember: Callable, at: Layout) -> Callable:
    edge = edge_of(model)

    @inlined
    def walk(F, I, lane):
        carry, p = load(F, lane)
        steps = 0
        whole = True
        while whole and steps < I[at.left + lane]:
            after = step(carry, (F, lane, p), steps)
            whole = after.whole
            if whole:
                carry = after
                steps += 1
        store(F, I, lane, carry)
        I[at.whole + lane] = whole
        I[at.moved + lane] = steps
        for k in range(steps, CHUNK):
            theta = carry.theta
            remember(F, lane, k, model.curvature(theta, p), edge(theta, p), theta, carry.loss)

    return walk


def _close(model: Model, fold: Callable, at: Layout) -> Callable:
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
        rescaled = lanes.choose(due, model.rescale(theta, p), theta)
        lanes.write(F, at.state + lane, WIDTH, rescaled)
        F[at.loss + lane] = loss
        I[at.age + lane] = age
        status = select(I[at.whole + lane] != 0, I[at.status + lane], DIVERGED)
        I[at.status + lane] = status
        whole, rest = CHUNK - (age & (CHUNK - 1)), until - age
        left = select(status == RUNNING, select(whole < rest, whole, rest), 0)
        I[at.left + lane] = left
        quiet = due & (model.remaining_loss(rescaled, p, loss) < tolerance) & (status == RUNNING)
        I[at.mark + lane] = quiet
        return left == 0, quiet

    return close


def _settle(model: Model, at: Layout) -> Callable:
    @inlined
    def settle(F, I, lane, tolerance):
        theta = lanes.read(F, at.state + lane, WIDTH, at.state_like)
        p = lanes.read(F, at.parameters + lane, WIDTH, at.parameters_like)
        left = I[at.left + lane]
        settled = (I[at.mark + lane] != 0) & model.settled(theta, p, F[at.loss + lane], tolerance)
        I[at.status + lane] = select(settled, CONVERGED, I[at.status + lane])
        I[at.left + lane] = select(settled, 0, left)
        return settled & (left > 0)

    return settle
