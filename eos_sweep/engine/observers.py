"""Composes observables into the single functions that a kernel calls, on nested pairs ``(first, (second, ...))``."""

import functools
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from eos_sweep.contract import CARRIED, CLAIM, SIZES, STATES, TANGENT, TOP, Model, Observable, name_of
from eos_sweep.eigen.sharpness import over_edge
from eos_sweep.engine import lanes
from eos_sweep.scalar import inlined, larger
from eos_sweep.state import places, turned


class Observers(NamedTuple):
    """What all observables do, in one function each; what an observable leaves out costs nothing."""

    watch: Callable  # (kept, bits, moment, mark) -> (kept, bits)
    fold: Callable  # (counts, bits, age, steps) -> counts


@inlined
def _watch_nothing(kept, moment):
    return kept, ()


@inlined
def _watch_no_sharpness(kept, top, edge, curvature, state):
    return kept


@inlined
def _fold_nothing(counts, bits, age, steps):
    return counts


def kept(observable: Observable, model: Model) -> int:
    """Return how many float64 numbers ``observable`` keeps per trajectory."""
    each = len(model.CARRIED) if CARRIED in observable.NEEDS else 1
    return observable.KEPT * each + (len(turned(model)) if TANGENT in observable.NEEDS else 0)


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
    tangent, first, count = model.tangent, observable.KEPT, len(model.STATE)
    if SIZES in observable.NEEDS:
        sizes = _sizes(turned(model))

        @inlined
        def watch_turning_and_sizes(kept, moment):
            v = tangent(moment.before, moment.p, kept[first:])
            return watch(kept, moment, v, v[:count], sizes(moment.before, moment.theta))

        return watch_turning_and_sizes

    @inlined
    def watch_turning(kept, moment):
        v = tangent(moment.before, moment.p, kept[first:])
        return watch(kept, moment, v, v[:count])

    return watch_turning


def _sizes(numbers: Sequence[tuple[int, int | None]]) -> Callable:
    """Return ``(before, after) -> sizes`` of the numbers of a tangent, by their places; one for a relative change."""
    place, relative = numbers[0]
    size = _larger_size if relative is None else inlined(lambda before, after: 1.0)
    if len(numbers) == 1:

        @inlined
        def last(before, after):
            return (size(before[place], after[place]),)

        return last
    others = _sizes(numbers[1:])

    @inlined
    def sizes(before, after):
        return (size(before[place], after[place]), *others(before, after))

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
    """Return ``(kept, top, edge, curvature, state) -> kept`` of an observable.

    ``top`` is the largest eigenvalue of eta times the Hessian, ``edge`` its bound, ``state`` what STATES asks for.
    """
    if not hasattr(observable, "watch_sharpness"):
        return _watch_no_sharpness
    watch: Callable = observable.watch_sharpness
    if CLAIM in observable.NEEDS:
        claim = _claim(observable, model)

        @inlined
        def watch_claim(kept, top, edge, curvature, state):
            return watch(kept, over_edge(top, edge), claim(curvature, top))

        return watch_claim
    if STATES in observable.NEEDS:

        @inlined
        def watch_state(kept, top, edge, curvature, state):
            return watch(kept, over_edge(top, edge), state)

        return watch_state
    if TOP in observable.NEEDS:
        return inlined(lambda kept, top, edge, curvature, state: watch(kept, top))
    return inlined(lambda kept, top, edge, curvature, state: watch(kept, over_edge(top, edge)))


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
    """Compose ``(kept, top, edge, curvature, state) -> kept`` of the observables that have one of ``needs``.

    The others stay as they are.
    """
    if not observables:

        @inlined
        def watch_none(kept, top, edge, curvature, state):
            return ()

        return watch_none

    wanted = set(needs) & set(observables[0].NEEDS)
    first = sharpness_watcher(observables[0], model) if wanted else _watch_no_sharpness
    others = compose_sharpness(observables[1:], needs, model)

    @inlined
    def watch(kept, top, edge, curvature, state):
        return first(kept[0], top, edge, curvature, state), others(kept[1], top, edge, curvature, state)

    return watch
