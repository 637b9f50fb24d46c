"""Composes observables into the single functions that a kernel calls, on nested pairs ``(first, (second, ...))``."""

import functools
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from eos_sweep.contract import CARRIED, CLAIM, EDGE, SIZES, STATES, TANGENT, Model, Observable, name_of
from eos_sweep.engine import lanes
from eos_sweep.scalar import inlined, larger
from eos_sweep.state import places


class Observers(NamedTuple):
    """What all observables do, in one function each; what an observable leaves out costs nothing."""

    watch: Callable  # (kept, bits, moment, mark) -> (kept, bits)
    fold: Callable  # (counts, bits, age, steps) -> counts


@inlined
def _watch_nothing(kept, moment):
    return kept, ()


@inlined
def _watch_no_sharpness(kept, ratio, curvature, state):
    return kept


@inlined
def _fold_nothing(counts, bits, age, steps):
    return counts


def kept(observable: Observable, model: Model) -> int:
    """Return how many float64 numbers ``observable`` keeps per trajectory."""
    each = len(model.CARRIED) if CARRIED in observable.NEEDS else 1
    return observable.KEPT * each + (len(model.STATE) if TANGENT in observable.NEEDS else 0)


@functools.cache
def watcher(observable: Observable, model: Model) -> Callable:
    """Return ``(kept, moment) -> (kept, flags)`` of an observable."""
    watch = getattr(observable, "watch", _watch_nothing)
    if CARRIED in observable.NEEDS:
        return _watch_each(watch, observable.KEPT, tuple(places(model).values()))
    if CLAIM in observable.NEEDS and hasattr(observable, "watch"):
        claim = _claim(observable, model)

        @inlined
        def watch_claim(kept, moment):
            return watch(kept, moment, claim(moment.before, moment.theta, moment.p))

        return watch_claim
    if TANGENT not in observable.NEEDS:
        return watch
    tangent, first = model.tangent, observable.KEPT
    if SIZES in observable.NEEDS:
        sizes = _sizes(tuple(name in model.CARRIED for name in model.STATE))

        @inlined
        def watch_turning_and_sizes(kept, moment):
            turned = tangent(moment.before, moment.p, kept[first:])
            return watch(kept, moment, turned, sizes(moment.before, moment.theta))

        return watch_turning_and_sizes

    @inlined
    def watch_turning(kept, moment):
        return watch(kept, moment, tangent(moment.before, moment.p, kept[first:]))

    return watch_turning


def _sizes(carried: Sequence[bool]) -> Callable:
    """Return ``(before, after) -> sizes`` of the coordinates, of which some have their own exponent."""
    size = inlined(lambda before, after: 1.0) if carried[0] else _larger_size
    if len(carried) == 1:

        @inlined
        def last(before, after):
            return (size(before[0], after[0]),)

        return last
    others = _sizes(carried[1:])

    @inlined
    def sizes(before, after):
        return (size(before[0], after[0]), *others(before[1:], after[1:]))

    return sizes


@inlined
def _larger_size(before, after):
    return larger(abs(before), abs(after))


def _watch_each(watch: Callable, count: int, numbers: Sequence[tuple[int, int]]) -> Callable:
    """Return ``(kept, moment) -> (kept, ())`` that calls ``watch`` for each coordinate with its own exponent."""
    if not numbers:
        return _watch_nothing
    (mantissa, power), others = numbers[0], _watch_each(watch, count, numbers[1:])

    @inlined
    def watch_each(kept, moment):
        mine, _ = watch(kept[:count], moment, (moment.theta[mantissa], moment.theta[power]))
        theirs, _ = others(kept[count:], moment)
        return mine + theirs, ()

    return watch_each


@functools.cache
def sharpness_watcher(observable: Observable, model: Model) -> Callable:
    """Return ``(kept, ratio, curvature, state) -> kept`` of an observable; ``state`` is what STATES asks for."""
    if not hasattr(observable, "watch_sharpness"):
        return _watch_no_sharpness
    watch: Callable = observable.watch_sharpness
    if CLAIM in observable.NEEDS:
        claim = _claim(observable, model)

        @inlined
        def watch_claim(kept, ratio, curvature, state):
            return watch(kept, ratio, claim(curvature, EDGE * ratio))

        return watch_claim
    if STATES in observable.NEEDS:

        @inlined
        def watch_state(kept, ratio, curvature, state):
            return watch(kept, ratio, state)

        return watch_state

    @inlined
    def watch_ratio(kept, ratio, curvature, state):
        return watch(kept, ratio)

    return watch_ratio


def _claim(observable: Observable, model: Model) -> Callable:
    return getattr(model.claims, name_of(observable))


def compose(observables: Sequence[Observable], model: Model) -> Observers:
    """Compose what ``observables`` do at each step and each chunk."""
    if not observables:

        @inlined
        def watch_none(kept, bits, moment, mark):
            return (), ()

        @inlined
        def fold_none(counts, bits, age, steps):
            return ()

        return Observers(watch_none, fold_none)

    first, others = observables[0], compose(observables[1:], model)
    first_watch = watcher(first, model)
    first_fold = getattr(first, "fold", _fold_nothing)
    others_watch, others_fold = others

    @inlined
    def watch(kept, bits, moment, mark):
        mine, flags = first_watch(kept[0], moment)
        theirs, their_bits = others_watch(kept[1], bits[1], moment, mark)
        return (mine, theirs), (lanes.raised(bits[0], flags, mark), their_bits)

    @inlined
    def fold(counts, bits, age, steps):
        return first_fold(counts[0], bits[0], age, steps), others_fold(counts[1], bits[1], age, steps)

    return Observers(watch, fold)


def compose_sharpness(observables: Sequence[Observable], needs: Collection[str], model: Model) -> Callable:
    """Compose ``(kept, ratio, curvature, state) -> kept`` of the observables that have one of ``needs``.

    The others stay as they are.
    """
    if not observables:

        @inlined
        def watch_none(kept, ratio, curvature, state):
            return ()

        return watch_none

    wanted = set(needs) & set(observables[0].NEEDS)
    first = sharpness_watcher(observables[0], model) if wanted else _watch_no_sharpness
    others = compose_sharpness(observables[1:], needs, model)

    @inlined
    def watch(kept, ratio, curvature, state):
        return first(kept[0], ratio, curvature, state), others(kept[1], ratio, curvature, state)

    return watch
