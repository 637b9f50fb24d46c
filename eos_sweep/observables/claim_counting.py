"""How claims are counted: the failures of each, the first of them, and the worst ratio.

A claim is a ratio that is at most one where it holds.  Where it is not asked the ratio is not a number.  Builders here
return the functions of one claim's observable: plain functions that close over a name or a tolerance.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.contract import EDGE, Ends, Numbers
from eos_sweep.eigen.sharpness import top
from eos_sweep.scalar import inlined, select

LARGEST_DOUBLE = np.finfo(np.float64).max  # in place of infinity, by which a picture knows what diverged
TALLY = 4  # numbers kept of a claim: the worst ratio, the failures, the first failure, the steps so far


@inlined
def counted(kept, tolerance, ratio):
    """Return a tally after one more step."""
    worst, failures, first, age = kept
    now = age + 1.0
    fails = ratio > 1.0 + tolerance
    return (
        select(ratio > worst, ratio, worst),
        failures + select(fails, 1.0, 0.0),
        select(fails & (first < 0.0), now, first),
        now,
    )


def begun(begin: Ends, tolerance: float, ratio: Any = np.nan) -> Numbers:
    """Return a tally at the start, where the claim is asked if it has a ``ratio`` there."""
    zero = 0.0 * begin.loss
    fails = ratio > 1.0 + tolerance
    worst = select(ratio == ratio, ratio, -np.inf)
    return zero + worst, zero + select(fails, 1.0, 0.0), zero + select(fails, 0.0, -1.0), zero


def above_edge(begin: Ends) -> Any:
    """Return 1 where the start is at S >= 2/eta, 0 elsewhere."""
    return select(begin.model.stable(begin.model.curvature(begin.theta, begin.p), EDGE), 0.0, 1.0)


class Counting(NamedTuple):
    """Of which states or steps a claim is asked, and how it is counted."""

    start: Callable  # (name of the claim, tolerance) -> start of the observable
    watch: Callable  # tolerance -> watch of the observable, or watch_sharpness
    of_sharpness: bool
    kept: int = TALLY  # numbers


def start_unasked(name: str, tolerance: float) -> Callable:
    """Begin a claim that is not asked at the start."""
    return lambda begin: (begun(begin, tolerance), ())


def start_asked(name: str, tolerance: float) -> Callable:
    """Begin a claim about the sharpness that is asked at the start, too."""

    def start(begin):
        model, theta, p = begin.model, begin.theta, begin.p
        ratio = getattr(model.claims, name)(model.curvature(theta, p), top(model, theta, p))
        return begun(begin, tolerance, ratio), ()

    return start


def watch_each(tolerance: float) -> Callable:
    """Ask a claim about a step on each of them."""

    @inlined
    def watch(kept, moment, claim):
        return counted(kept, tolerance, claim), ()

    return watch


def watch_each_sharpness(tolerance: float) -> Callable:
    """Ask a claim about the sharpness after each step."""

    @inlined
    def watch_sharpness(kept, ratio, claim):
        return counted(kept, tolerance, claim)

    return watch_sharpness


def start_up_to_the_edge(name: str, tolerance: float) -> Callable:
    """Keep eta S before the step, and the largest so far."""

    def start(begin):
        now = top(begin.model, begin.theta, begin.p)
        return (*begun(begin, tolerance), now, now), ()

    return start


def watch_up_to_the_edge(tolerance: float) -> Callable:
    """Ask until S has been above 2/eta."""

    @inlined
    def watch_sharpness(kept, ratio, claim):
        before, highest = kept[4:]
        asked = select(highest < EDGE, before / claim, np.nan)
        return (*counted(kept[:4], tolerance, asked), claim, select(claim > highest, claim, highest))

    return watch_sharpness


def start_above_the_edge(name: str, tolerance: float) -> Callable:
    """Keep whether S was above 2/eta before the step."""
    return lambda begin: ((*begun(begin, tolerance), above_edge(begin)), ())


def watch_above_the_edge(tolerance: float) -> Callable:
    """Ask where S was above 2/eta before the step."""

    @inlined
    def watch(kept, moment, claim):
        asked = select(kept[4] > 0.0, claim, np.nan)
        return (*counted(kept[:4], tolerance, asked), select(moment.stable, 0.0, 1.0)), ()

    return watch


def start_between_crossings(name: str, tolerance: float) -> Callable:
    """Keep two tallies, up to the last crossing and up to now; whether S was above 2/eta before the step, and ever."""

    def start(begin):
        above, none = above_edge(begin), begun(begin, tolerance)
        return (*none, *none, above, above), ()

    return start


def watch_between_crossings(tolerance: float) -> Callable:
    """Ask from the first state above 2/eta on; at a crossing of 2/eta, count what was asked since the last one."""

    @inlined
    def watch(kept, moment, claim):
        sure, above, reached = kept[:4], kept[8], kept[9]
        pending = counted(kept[4:8], tolerance, select(reached > 0.0, claim, np.nan))
        now = select(moment.stable, 0.0, 1.0)
        crossed = now > above
        return (
            select(crossed, pending[0], sure[0]),
            select(crossed, pending[1], sure[1]),
            select(crossed, pending[2], sure[2]),
            pending[3],
            *pending,
            now,
            select(crossed, 1.0, reached),
        ), ()

    return watch


EACH_STEP = Counting(start_unasked, watch_each, of_sharpness=False)
EACH_STATE = Counting(start_asked, watch_each_sharpness, of_sharpness=True)
UP_TO_THE_EDGE = Counting(start_up_to_the_edge, watch_up_to_the_edge, of_sharpness=True, kept=TALLY + 2)
ABOVE_THE_EDGE = Counting(start_above_the_edge, watch_above_the_edge, of_sharpness=False, kept=TALLY + 1)
BETWEEN_CROSSINGS = Counting(start_between_crossings, watch_between_crossings, of_sharpness=False, kept=2 * TALLY + 2)


def finish(name: str) -> Callable:
    """Turn the tally of a claim, the first numbers kept, into the values of its variables."""

    def finish(begin: Ends, end: Ends, kept: Numbers, counts: Numbers) -> dict[str, np.ndarray]:
        worst, failures, first = kept[:3]
        return {
            f"{name}_failures": failures.astype(np.int64),
            f"{name}_first_failure": first.astype(np.int64),
            f"{name}_worst": np.where(np.isneginf(worst), np.nan, np.minimum(worst, LARGEST_DOUBLE)),
        }

    return finish
