"""What is kept of a claim about the steps of a trajectory: the worst ratio, the failures, the first, and the steps.

A claim is a ratio that is at most one where it holds (:mod:`eos_sweep.claims`).  Where it is not asked the ratio is not
a number.
"""

import numpy as np

from eos_sweep.contract import Variable
from eos_sweep.scalar import inlined, select

KEPT = 4
ROUNDING = 2.0**-47  # 7e-15 relative: the sharpness is right to 1e-15, and so is a ratio in which nothing cancels

LARGEST = np.finfo(np.float64).max  # in place of infinity, by which a picture knows what diverged


def described(model, claim, words, asked):
    """Return the variables of a claim, none for a model that does not make it."""
    if not hasattr(getattr(model, "claims", None), claim):
        return {}
    failures = Variable("int32", f"number of steps on which it fails that {words}; asked {asked}", -1)
    first = Variable("int32", f"first step on which it fails that {words} (-1: none)", -2)
    worst = Variable("float64", f"largest ratio, at most 1 where it holds that {words}", float("nan"), centre=1.0)
    return {f"{claim}_failures": failures, f"{claim}_first_failure": first, f"{claim}_worst": worst}


def begun(begin, tolerance, ratio=np.nan):
    """Return what is kept at the start, if it is asked with its ``ratio``."""
    zero = 0.0 * begin.loss
    fails = ratio > 1.0 + tolerance
    worst = select(ratio == ratio, ratio, -np.inf)
    return zero + worst, zero + select(fails, 1.0, 0.0), zero + select(fails, 0.0, -1.0), zero


@inlined
def counted(kept, tolerance, ratio):
    """Return what is kept after one more step."""
    worst, failures, first, age = kept
    now = age + 1.0
    fails = ratio > 1.0 + tolerance
    return (
        select(ratio > worst, ratio, worst),
        failures + select(fails, 1.0, 0.0),
        select(fails & (first < 0.0), now, first),
        now,
    )


def results(claim, kept):
    """Return the values of the variables."""
    worst, failures, first, age = kept
    return {
        f"{claim}_failures": failures.astype(np.int64),
        f"{claim}_first_failure": first.astype(np.int64),
        f"{claim}_worst": np.where(np.isneginf(worst), np.nan, np.minimum(worst, LARGEST)),
    }
