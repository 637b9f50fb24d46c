"""How fast models are that are derived from a formula, beside the same models written by hand.

    python figures/formula_speed.py [ROUNDS [NAME...]]

runs 8192 random trajectories of each pair, or of those with a NAME, on one core, in turns, ROUNDS times (5 by
default).  All take 2000 steps, but for those that diverge: the tolerance is zero, since a derived model may find some
settled that the other one does not.  It prints million steps a second of processor time, medians, and the ratio of the
derived model to that by hand, the median of the ratios within a round.  The rows are what a kernel computes of the
sharpness: none of its values, those of the default observables but ``magnification``, and one at each step.
"""

import statistics
import sys
import time
from types import SimpleNamespace

import factorisation_by_hand
import numpy as np

import eos_sweep
from eos_sweep import models, observables
from eos_sweep.contract import Job
from eos_sweep.derivation.modules import module_of
from eos_sweep.engine import batch

RUNS, STEPS = 8192, 2000
COUNTS = "crossings", "first_crossing", "loss_rises", "loss_max"
EVERY_STEP = "sharpness_min", "sharpness_mean"
UNIT = {"above": 0.0}  # of parameters that are never negative


def pair(name, hand, formula, inputs, constants):
    """Return a row of the table: a model by hand, and a formula.

    Parameters
    ----------
    inputs
        Name -> bounds between which the numbers of the runs are drawn, of the logarithm where both are positive.
    constants
        Inputs of the model by hand that the formula does not have.
    """
    rng = np.random.default_rng(0)
    columns = {}
    for one, (low, high) in inputs.items():
        columns[one] = np.exp(rng.uniform(np.log(low), np.log(high), RUNS)) if low > 0 else rng.uniform(low, high, RUNS)
    columns |= {one: np.full(RUNS, value) for one, value in constants.items()}
    return SimpleNamespace(name=name, hand=hand, derived=module_of(formula), columns=columns)


def pairs():
    """Return the models that are timed."""
    eta = {"eta": (0.01, 1.0)}
    return [
        pair(
            "bivariate",
            models.get("bivariate"),
            eos_sweep.model(
                "lambda1*(alpha*beta1)**2/2 + lambda2*(alpha*beta2 - 1)**2/2",
                ["alpha", "beta1", "beta2"],
                {"lambda1": UNIT, "lambda2": UNIT},
                guard="alpha",
            ),
            {"alpha": (-1.2, 1.2), "beta1": (-0.5, 0.5), "beta2": (-0.5, 1.5)}
            | {"lambda1": (1.0, 1000.0), "lambda2": (1e-3, 1.0), **eta},
            {"clip": np.inf, "radius": np.inf},
        ),
        pair(
            "quartic",
            models.get("quartic"),
            eos_sweep.model("(1 - x**2*y**2)**2/4", ["x", "y"]),
            {"x": (-1.5, 2.0), "y": (-1.5, 2.0), **eta},
            {},
        ),
        pair(
            "product",
            models.get("product"),
            eos_sweep.model("log_cosh(x*y)", ["x", "y"]),
            {"x": (-1.0, 2.0), "y": (-6.0, 6.0), "eta": (0.01, 0.3)},
            {"ell": 1.0},
        ),
        pair(
            "scalar_net",
            models.get("scalar_net"),
            eos_sweep.model("(w1*w2*w3 - 1)**2/2", ["w1", "w2", "w3"]),
            {"w1": (0.1, 3.0), "w2": (0.1, 1.0), "w3": (0.1, 1.0), **eta},
            {"depth": 3.0, "w4": 1.0, "w5": 1.0},
        ),
        pair(
            "factorisation",
            factorisation_by_hand,
            eos_sweep.model("(x*y - y0)**2/2 + l2*(x**2 + y**2)/2", ["x", "y"], {"l2": {"least": 0.0}}),
            {"x": (-2.0, 2.0), "y": (-2.0, 2.0), "y0": (0.1, 2.0), "l2": (0.0, 0.1), **eta},
            {},
        ),
    ]


def variables(row):
    """Return mode -> names of the variables that both models have."""
    both = [set(observables.variables(model)) for model in (row.hand, row.derived)]
    default = [name for name in observables.expand(["default"], row.derived) if name in both[0] & both[1]]
    default = [name for name in default if name != "magnification"]
    return {"counts": COUNTS, "default": tuple(default), "every step": (*default, *EVERY_STEP)}


def speed(model, columns, names):
    """Return steps a second of one run of all trajectories."""
    initial, parameters = ({name: columns[name] for name in table} for table in (model.STATE, model.PARAMETERS))
    begin = time.process_time()
    work = batch.run(Job(model, names, STEPS, 0.0), initial, parameters)["work"]
    return work.sum() / (time.process_time() - begin)


def main(rounds="5", *chosen):
    print(f"{'model':16}{'mode':12}{'by hand':>10}{'derived':>10}{'ratio':>8}")
    for row in pairs():
        if chosen and row.name not in chosen:
            continue
        for mode, names in variables(row).items():
            for model in (row.hand, row.derived):
                speed(model, row.columns, names)  # compiles the kernel
            found = [
                [speed(model, row.columns, names) for model in (row.hand, row.derived)] for _ in range(int(rounds))
            ]
            hand, derived = (1e-6 * statistics.median(column) for column in zip(*found, strict=True))
            ratio = statistics.median(second / first for first, second in found)
            print(f"{row.name:16}{mode:12}{hand:10.0f}{derived:10.0f}{ratio:8.2f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
