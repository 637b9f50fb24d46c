"""How fast steps of update rules are, beside gradient descent on the same loss.

    python figures/rule_speed.py [ROUNDS [RULE...]]

runs 8192 random trajectories of the losses of ``bivariate`` and ``quartic`` under each rule, or under those that are
named, and under gradient descent, on one core, in turns, ROUNDS times (5 by default).  All models are derived from the
loss.  The tolerance is zero, so all runs take 2000 steps, but for those that diverge.  It prints million steps a
second, medians, and the ratio to gradient descent, the median of the ratios within a round.  ``counts`` needs no
value of the sharpness, ``default`` is the default observables.
"""

import statistics
import sys

import numpy as np
from formula_speed import COUNTS, RUNS, speed

import eos_sweep
from eos_sweep import models, observables
from eos_sweep.update_rules.composed import PLAIN

RULES = (
    "heavy_ball", "nesterov", "l2", "decoupled_decay", "heavy_ball + l2", "sam", "sam_unnormalised", "normalised",
    "sign", "rmsprop", "adam", "two_sample", "gradient_noise", "linear_warmup", "cosine", "gradient_clip",
    "update_clip", "weight_bound",
)  # fmt: skip
UNIT = {"above": 0.0}
LOSSES = {
    "bivariate": (
        eos_sweep.model(
            "lambda1*(alpha*beta1)**2/2 + lambda2*(alpha*beta2 - 1)**2/2",
            ["alpha", "beta1", "beta2"],
            {"lambda1": UNIT, "lambda2": UNIT},
        ),
        {"alpha": (0.1, 1.0), "beta1": (0.01, 0.1), "beta2": (0.1, 1.5)}
        | {"lambda1": (1.0, 100.0), "lambda2": (1e-3, 1.0), "eta": (0.002, 0.02)},
    ),
    "quartic": (
        eos_sweep.model("(1 - x**2*y**2)**2/4", ["x", "y"]),
        {"x": (0.3, 1.5), "y": (0.3, 1.5), "eta": (0.002, 0.02)},
    ),
}


def columns(model, ranges):
    """Return name -> values of all inputs: drawn from ``ranges``, or a rule's default."""
    rng = np.random.default_rng(0)
    drawn = {name: np.exp(rng.uniform(np.log(low), np.log(high), RUNS)) for name, (low, high) in ranges.items()}
    known = {**model.PARAMETERS, **model.STATE}
    return drawn | {name: np.full(RUNS, one.default) for name, one in known.items() if name not in drawn}


def main(rounds="5", *chosen):
    print(f"{'loss':12}{'rule':20}{'mode':10}{'gd':>8}{'rule':>8}{'ratio':>8}")
    for loss, (formula, ranges) in LOSSES.items():
        plain = models.get(formula)
        default = [name for name in observables.expand(["default"], plain) if name != "magnification"]
        for rule in chosen or RULES:
            other = models.get(formula, rule)
            names = tuple(name for name in default if name in observables.variables(other))
            for mode, wanted in {"counts": COUNTS, "default": names}.items():
                pairs = [(model, columns(model, ranges)) for model in (plain, other)]
                for model, inputs in pairs:
                    speed(model, inputs, wanted)  # compiles the kernel
                found = [[speed(model, inputs, wanted) for model, inputs in pairs] for _ in range(int(rounds))]
                first, second = (1e-6 * statistics.median(column) for column in zip(*found, strict=True))
                ratio = statistics.median(later / earlier for earlier, later in found)
                print(f"{loss:12}{rule:20}{mode:10}{first:8.0f}{second:8.0f}{ratio:8.2f}", flush=True)


if __name__ == "__main__":
    print(f"{PLAIN}: gradient descent")
    main(*sys.argv[1:])
