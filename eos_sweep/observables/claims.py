"""The claims of Liu et al. 2025 about the steps of a trajectory: on how many steps each fails, where first, how far.

A row of CLAIMS is an observable.  The model has the ratio of each claim as a function of the claim's name
(:mod:`eos_sweep.models.bivariate_claims`).  ``theorem_4_1``, which is about the end of a trajectory, has a module of
its own.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from eos_sweep.contract import CLAIM, EVERY_STEP, Model, Observable, ObservableRecord, Variable
from eos_sweep.observables.claim_counting import (
    ABOVE_THE_EDGE,
    BETWEEN_CROSSINGS,
    EACH_STATE,
    EACH_STEP,
    UP_TO_THE_EDGE,
    Counting,
    finish,
)

ROUNDING = 2.0**-47  # 7e-15 relative: the sharpness is right to 1e-15, and so is a ratio in which nothing cancels


class Claim(NamedTuple):
    """One claim: a row of the table."""

    words: str  # what is claimed; completes "it fails that"
    asked: str  # of which states or steps, in words
    tolerance: float  # of the ratio, for rounding
    counting: Counting


CLAIMS = {
    # Only the upper bound can fail: no diagonal entry of a symmetric matrix is above its top eigenvalue.  The lemma
    # speaks of the whole trajectory, the start included.  ``worst`` is the largest S/(1.12 lambda1 alpha^2).
    "lemma_4_2_i": Claim(
        words="lambda1 alpha^2 <= S <= 1.12 lambda1 alpha^2",
        asked="at the start and after every step",
        tolerance=ROUNDING,
        counting=EACH_STATE,
    ),
    # This one covers the whole trajectory, too.  ``worst`` is the largest sin^2(v, e_beta1)/(1 - 0.9^2), so that the
    # least |cos| is sqrt(1 - 0.19 worst).
    "lemma_4_2_ii": Claim(
        words="|cos(v, e_beta1)| > 0.9 for the top eigenvector v",
        asked="at the start and after every step",
        tolerance=ROUNDING,
        counting=EACH_STATE,
    ),
    # The claim is tested on every step.  Restricted to alpha beta2 < 1 it could not fail, because for alpha > 0 beta2
    # increases exactly there; the claim fails where alpha beta2 leaves this range.  Within 1e-12 of alpha beta2 = 1
    # rounding decides on which side a converged run comes to rest.  ``worst`` is the largest alpha beta2 if alpha > 0.
    "lemma_4_2_iii": Claim(words="beta2 increases", asked="on every step", tolerance=1e-12, counting=EACH_STEP),
    # Progressive sharpening, phase I.  Later S returns below 2/eta repeatedly, and falls there at first, while beta1 is
    # still large; that belongs to phase II.  ``worst`` is the largest S before a step over S after it.
    "theorem_4_3": Claim(
        words="S increases",
        asked="on each step up to the first with S >= 2/eta",
        tolerance=ROUNDING,
        counting=UP_TO_THE_EDGE,
    ),
    # In phase II.1 |beta1| grows, in phase II.2 alpha falls; below 2/eta the theorem lets S rise.  The phases follow
    # each other, so that S oscillates about 2/eta; ``crossings`` counts this.  ``worst`` is the largest value of
    # min(|beta1|/|beta1'|, |alpha'|/|alpha|).
    "theorem_4_4": Claim(
        words="|beta1| grows or alpha falls",
        asked="on each step that begins above 2/eta",
        tolerance=ROUNDING,
        counting=ABOVE_THE_EDGE,
    ),
    # (1 - 4 lambda2/lambda1)^2 <= Lhat'/Lhat <= (1 - lambda2/lambda1)^2, where Lhat = lambda2 (beta2 sqrt(2/(eta
    # lambda1)) - 1)^2 / 2 is the relevant loss of a run whose lambda1 alpha^2 is 2/eta.  Before the first crossing
    # alpha has not reached this value.  After the last one alpha ends a little below it and beta2 at 1/alpha, so Lhat
    # passes through zero and rises again in every run.  So a step counts once S has crossed 2/eta again.  ``worst`` is,
    # with Lhat'/Lhat = (1 - r lambda2/lambda1)^2, the largest of 1/r and r/4; r is a quotient of what is left to learn,
    # which loses half of the digits when 1e-8 is left.
    "theorem_4_6": Claim(
        words="the relevant loss on the edge decays at its rate",
        asked="on each step from the first to the last crossing of 2/eta",
        tolerance=1e-9,
        counting=BETWEEN_CROSSINGS,
    ),
    # Also Kreisler et al. 2023.  phi = lambda1 h(Q), and without a projection a step changes Q by eta^2 (g_alpha^2 -
    # g_beta1^2 - g_beta2^2), so that alpha's gradient alone lets phi rise a little: up to 1e-7 relative is allowed.
    # ``worst`` is the largest phi after a step over phi before it.
    "gfs_decrease": Claim(
        words="the gradient-flow-solution sharpness falls",
        asked="on every step",
        tolerance=1e-7,
        counting=EACH_STEP,
    ),
    # Figure 3: lambda1 h(alpha^2 - radius^2 - beta2^2) <= phi <= lambda1/beta2^2.  The start need not have |beta1| <=
    # radius, of which the lower bound speaks; after a step it has.  The upper one fails where beta2^2 (alpha^2 -
    # beta1^2) > 1, that is, where the relevant feature is overshot.  Where all is learnt phi is equal to it, so that
    # 1e-12 is left for rounding.  ``worst`` is the largest of lower bound over phi and phi over upper bound.
    "gfs_bounds": Claim(
        words="the gradient-flow-solution sharpness is within its bounds",
        asked="after every step",
        tolerance=1e-12,
        counting=EACH_STEP,
    ),
}


def variables(name: str, claim: Claim) -> Callable:
    """Describe the variables of a claim; a model that does not make it has none."""

    def variables(model: Model) -> dict[str, Variable]:
        if not hasattr(getattr(model, "claims", None), name):
            return {}
        failures = f"number of steps on which it fails that {claim.words}; asked {claim.asked}"
        first = f"first step on which it fails that {claim.words} (-1: none)"
        worst = f"largest ratio, at most 1 where it holds that {claim.words}"
        return {
            f"{name}_failures": Variable("int32", failures, -1),
            f"{name}_first_failure": Variable("int32", first, -2),
            f"{name}_worst": Variable("float64", worst, float("nan"), centre=1.0),
        }

    return variables


def observable(name: str, claim: Claim) -> Observable:
    """Return a claim as an observable."""
    counting = claim.counting
    found: Any = ObservableRecord(
        __name__=name,
        NEEDS=(EVERY_STEP, CLAIM) if counting.of_sharpness else (CLAIM,),
        TOLERANCE=claim.tolerance,
        KEPT=counting.kept,
        FLAGS=0,
        COUNTS=0,
        variables=variables(name, claim),
        start=counting.start(name, claim.tolerance),
        finish=finish(name),
    )
    setattr(found, "watch_sharpness" if counting.of_sharpness else "watch", counting.watch(claim.tolerance))
    return found


OBSERVABLES: Mapping[str, Observable] = {name: observable(name, claim) for name, claim in CLAIMS.items()}
