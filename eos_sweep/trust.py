"""How far to trust a regime: whether more steps, a slightly other threshold or rounding might change it.

Like a regime, ``settled`` is a pure function of stored observables and named thresholds, and the first reason that
holds decides.
"""

from collections.abc import Callable, Collection, Mapping
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from eos_sweep import regimes, rules
from eos_sweep.contract import DOUBLED

DIVERGENCE = regimes.CODES["divergence"]
ENDS_DECIDE = regimes.CODES["catapult"], regimes.CODES["unsettled"]  # the last sharpness tells them apart
FADED = 0.1  # of the Lyapunov exponent: where chaos has ended, its mean over twice the steps is half as large
# Read where they are stored.  Without the first no run below 2/eta is known to stay there, without the second no run is
# known to have come near a sign flip.  The third is stored where the edge moves.
HELPFUL = "flow_sharpness_final", "guard_factor_min", "sharpness_ratio_final"


class Reason(NamedTuple):
    """Why a regime might change."""

    name: str
    code: int  # stored: the code of a reason never changes
    words: str
    reads: tuple[str, ...]  # observables, beside those that the regime rules read
    holds: Callable  # of observables ``o`` and thresholds ``t``
    optional: bool  # whether the reason is left out where what it reads is not stored


def _close(value, other, margin):
    return abs(value - other) <= margin * abs(other)


def _if_moved(o, moved, fixed):
    """Return a number for an edge that moves, whose ratio at the last step is stored, or for one that does not."""
    return np.where(np.isnan(o.sharpness_ratio_final), fixed, moved)


def _near_threshold(o, t):
    never = o.steps_above == 0
    final = _if_moved(o, o.sharpness_ratio_final, o.sharpness_ratio_max * (o.sharpness_final / o.sharpness_max))
    grazes = _close(o.sharpness_ratio_max, 1.0, t.margin)
    grows = never & _close(o.sharpness_max, t.growth * o.sharpness_initial, t.margin)
    ends = np.isin(o.regime, ENDS_DECIDE) & _close(final, 1.0, t.margin)
    wanders = (t.chaos > 0) & _close(o.lyapunov, t.chaos, t.margin)
    blows_up = (o.outcome != regimes.DIVERGED) & _close(o.loss_growth, t.blowup, t.margin)
    others = (o.regime != DIVERGENCE) & (o.sign_flips < t.flips)
    return blows_up | (others & (grazes | grows | ends | wanders))


def _hangs_on_rounding(o, t):
    # Two runs that rounding has parted have other crossings, but about as many.
    few = (o.crossings > 0) & (o.crossings - np.sqrt(o.crossings) < t.crossings)
    flips = (o.sign_flips >= t.flips) | (o.guard_factor_min < t.near_flip)
    return (o.magnification > t.bits) & ((o.regime == DIVERGENCE) | flips | few)


def _is_slow(o, t):
    # What happened between the budget and its double.
    crossed = o.crossings_doubled > o.crossings
    ended_above = o.final_above_doubled == regimes.ABOVE
    higher = o.sharpness_max_doubled > (1.0 + t.margin) * o.sharpness_max
    unit = _if_moved(o, o.sharpness_ratio_final / o.sharpness_final, o.sharpness_ratio_max / o.sharpness_max)
    end = o.flow_sharpness_final * unit  # where gradient flow leads, over the edge
    stays_below = end < 1.0 - t.margin
    grows = (o.regime == regimes.CODES["stable"]) & ~(
        o.flow_sharpness_final < (1.0 - t.margin) * t.growth * o.sharpness_initial
    )
    fades = (o.regime == regimes.CODES["chaotic"]) & ~(o.lyapunov_doubled > (1.0 - FADED) * o.lyapunov)
    moves = np.where(crossed, higher, ended_above | ~stays_below | grows) | fades
    goes_on = o.looked_ahead & (o.outcome_doubled == regimes.BUDGET_SPENT) & (o.period_doubled == 0)
    return (o.regime == regimes.CODES["unsettled"]) | (goes_on & moves)


REASONS = (
    Reason(
        "rounding",
        code=2,
        words="an error of rounding has grown by more than `bits` bits (chaos, or a long stay by an unstable orbit), "
        "and the label hangs on divergence, on a sign flip that happened or came near (a step multiplied the guarded "
        "weight by less than `near_flip`), or on so few crossings that their number's square root matters",
        reads=("magnification",),
        holds=_hangs_on_rounding,
        optional=True,
    ),
    Reason(
        "budget_short",
        code=3,
        words="twice the steps give another label",
        reads=tuple(name + DOUBLED for name in regimes.REQUIRED),
        holds=lambda o, t: o.regime != o.regime_doubled,
        optional=True,
    ),
    Reason(
        "slow",
        code=6,
        words="the label is unsettled, or the run was not over after twice the steps and something is to come. In the "
        "second half it stayed at or above 2/eta; or it stayed below, but gradient flow from there would not end below "
        "2/eta, or would end beyond `growth` where the label is stable; or it crossed 2/eta and was sharper than "
        "before; or its Lyapunov exponent fell by a tenth where the label is chaotic",
        reads=(*(name + DOUBLED for name in regimes.REQUIRED), "sharpness_ratio_max"),
        holds=_is_slow,
        optional=True,
    ),
    Reason(
        "near_threshold",
        code=4,
        words="the largest or the last sharpness, its growth, the growth of the loss or the Lyapunov exponent is "
        "within `margin` of where the label changes",
        reads=("sharpness_final", "sharpness_ratio_max"),
        holds=_near_threshold,
        optional=False,
    ),
    Reason(
        "budget_spent",
        code=5,
        words="the run was not over, and twice the steps were not tried",
        reads=(),
        holds=lambda o, t: (o.outcome == regimes.BUDGET_SPENT) & (o.period == 0) & ~o.looked_ahead,
        optional=False,
    ),
)
SETTLED = 1  # no reason holds
CODES = {"not_computed": 0, "settled": SETTLED}
CODES |= {reason.name: reason.code for reason in sorted(REASONS, key=lambda reason: reason.code)}
# The observables without which there is no ``settled``.
REQUIRED = (*regimes.REQUIRED, *(name for reason in REASONS if not reason.optional for name in reason.reads))


def reads(stored: Collection[str]) -> tuple[str, ...]:
    """Return the observables that are looked at if these are ``stored``."""
    optional = [name for reason in checked(stored) if reason.optional for name in reason.reads]
    more = (*regimes.SWITCHED, *regimes.IF_STORED)
    switched = [name for one in more for name in (one, one + DOUBLED) if name in stored]
    helpful = [name for name in HELPFUL if name in stored]
    return (*REQUIRED, *optional, *switched, *helpful)


def checked(stored: Collection[str]) -> list[Reason]:
    """Return the reasons that can be checked if these observables are ``stored``."""
    return [reason for reason in REASONS if not reason.optional or set(reason.reads) <= set(stored)]


def missing_doubled(stored: Collection[str], limits: Mapping[str, float]) -> list[str]:
    """Return what keeps ``budget_short`` from being checked although some observables are stored doubled.

    A store has some of them and not all if it was made before a regime rule read the others, or if a regime rule was
    switched on since.
    """
    needed = [name + DOUBLED for name in regimes.reads(limits, stored)]
    missing = [name for name in needed if name not in stored]
    return missing if len(missing) < len(needed) else []


def classify(values: Mapping[str, np.ndarray], limits: Mapping[str, float]) -> np.ndarray:
    """Return the code of ``CODES`` of each trajectory.

    Parameters
    ----------
    values : mapping
        Observable name -> array, for each name that :func:`reads` gives; all of one shape.
    limits : mapping
        All thresholds, as :func:`eos_sweep.regimes.thresholds` returns them.

    Returns
    -------
    ndarray of int8
        0 where ``outcome`` is 0, which means not computed.
    """
    doubled = {name.removesuffix(DOUBLED): array for name, array in values.items() if name.endswith(DOUBLED)}
    looked = set(regimes.reads(limits, values)) <= set(doubled)
    doubled |= {name: values[name] for name in regimes.inputs(limits) if name in values}
    codes = {"regime": regimes.classify(values, limits), "looked_ahead": np.bool_(looked)}
    codes["regime_doubled"] = regimes.classify(doubled, limits) if looked else codes["regime"]
    more = [one + end for one in (*regimes.SWITCHED, *regimes.IF_STORED) for end in ("", DOUBLED)]
    unknown = dict.fromkeys((*HELPFUL, *more), np.float64(np.nan))
    o, t = SimpleNamespace(**{**unknown, **values, **codes}), SimpleNamespace(**limits)
    with np.errstate(all="ignore"):  # what diverged may be anything
        return rules.first_that_holds(checked(values), o, t, otherwise=SETTLED)


def attributes(limits: Mapping[str, float], stored: Collection[str]) -> dict:
    """Return the CF attributes of ``settled``, from observables that are ``stored``."""
    half = {"budget_short", "slow"} if missing_doubled(stored, limits) else set()
    known = [one for one in checked(stored) if one.name != "budget_short" or not half]
    about = rules.attributes(
        "whether the regime is settled, or why it might move",
        CODES,
        [(reason.name, reason.words) for reason in known],
        limits,
    )
    return about | {"not_checked": " ".join(one.name for one in REASONS if one not in known or one.name in half)}
