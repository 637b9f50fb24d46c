"""Composes observables into the single functions that a kernel calls, on nested pairs ``(first, (second, ...))``."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from eos_sweep.contract import Observable
from eos_sweep.scalar import inlined, select


class Observers(NamedTuple):
    """Functions of all observables at once."""

    watch: Callable  # (kept, bits, moment, mark) -> (kept, bits)
    watch_tail: Callable  # (kept, ratio) -> kept
    fold: Callable  # (counts, bits, mask, age, steps) -> counts


@inlined
def _watch_nothing(kept, moment):
    return kept, False


@inlined
def _watch_no_tail(kept, ratio):
    return kept


@inlined
def _fold_nothing(counts, bits, age, steps):
    return counts


def compose(observables: Sequence[Observable]) -> Observers:
    """Compose what ``observables`` do at each step and each chunk; what one of them leaves out costs nothing."""
    if not observables:

        @inlined
        def watch_none(kept, bits, moment, mark):
            return (), ()

        @inlined
        def watch_tail_none(kept, ratio):
            return ()

        @inlined
        def fold_none(counts, bits, mask, age, steps):
            return ()

        return Observers(watch_none, watch_tail_none, fold_none)

    first, others = observables[0], compose(observables[1:])
    first_watch = getattr(first, "watch", _watch_nothing)
    first_watch_tail = getattr(first, "watch_tail", _watch_no_tail)
    first_fold = getattr(first, "fold", _fold_nothing)
    others_watch, others_watch_tail, others_fold = others

    @inlined
    def watch(kept, bits, moment, mark):
        mine, flag = first_watch(kept[0], moment)
        theirs, their_bits = others_watch(kept[1], bits[1], moment, mark)
        return (mine, theirs), ((bits[0][0] | select(flag, mark, np.int64(0)),), their_bits)

    @inlined
    def watch_tail(kept, ratio):
        return first_watch_tail(kept[0], ratio), others_watch_tail(kept[1], ratio)

    @inlined
    def fold(counts, bits, mask, age, steps):
        return first_fold(counts[0], bits[0][0] & mask, age, steps), others_fold(counts[1], bits[1], mask, age, steps)

    return Observers(watch, watch_tail, fold)
