"""Labels against exact arithmetic over a box of parameters, beside those of plain doubles.

    python figures/exact_labels.py [POINTS]

draws random trajectories of the model ``bivariate`` (5000 by default, some minutes on two cores), runs each in the
kernel, in plain doubles, and in exact arithmetic, and prints on how many the labels agree: of all, and of those whose
label is the same at eight neighbours at a relative distance of 1e-6, and of those that do not hang on rounding by
the kernel's own account (``settled``).  Each difference is printed with its point.
"""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import plain_doubles

from eos_sweep import batch, oracle, regimes, trust
from eos_sweep.models import bivariate
from eos_sweep.verify.judge import rounded
from eos_sweep.verify.report import wilson
from eos_sweep.work import cores

STEPS, TOLERANCE, AT_ONCE = 2000, 1e-20, 20
NEIGHBOURS, DISTANCE = 8, 1e-6
LIMITS = regimes.thresholds()


def draw(number, seed=0):
    """Return initial states and parameters; clip and radius are off in half of the cases, starts are of three kinds."""
    rng = np.random.default_rng(seed)

    def log(least, most):
        return 10.0 ** rng.uniform(least, most, number)

    def off_or(values):
        return np.where(rng.random(number) < 0.5, np.inf, values)

    parameters = {
        "lambda1": log(0, 4),
        "lambda2": log(-4, 0),
        "eta": np.exp(rng.uniform(np.log(1e-3), np.log(3.0), number)),
        "clip": off_or(log(-2, 3)),
        "radius": off_or(log(-3, 1)),
    }
    edge = np.sqrt(2.0 / (parameters["eta"] * parameters["lambda1"]))  # alpha where S = 2/eta
    kind = rng.integers(3, size=number)  # moderate weights; a small start; just below the edge
    initial = {
        "alpha": np.choose(kind, [rng.uniform(0.1, 1.5, number), log(-3, -1), edge * rng.uniform(0.7, 1.0, number)]),
        "beta1": np.choose(kind, [rng.uniform(-0.5, 0.5, number), log(-6, -2), log(-8, -2)]),
        "beta2": np.choose(kind, [rng.uniform(0.0, 1.5, number), log(-3, -1), rng.uniform(0.1, 0.9, number)]),
    }
    return initial, parameters


def part(inputs, rows):
    return tuple({name: values[rows] for name, values in table.items()} for table in inputs)


def codes(model, inputs):
    """Return labels from the kernel."""
    return regimes.classify(batch.run(batch.Job(model, regimes.REQUIRED, STEPS, TOLERANCE), *inputs), LIMITS)


def hang_on_rounding(inputs):
    """Tell for each point whether the kernel's observables say that rounding might decide its label."""
    found = batch.run(batch.Job(bivariate, (*trust.REQUIRED, "magnification"), STEPS, TOLERANCE), *inputs)
    return trust.classify(found, LIMITS) == trust.CODES["rounding"]


def neighbours_agree(inputs, labels):
    """Tell for each point whether its neighbours have its label, too."""
    rng = np.random.default_rng(1)
    agree = np.ones(len(labels), bool)
    for _ in range(NEIGHBOURS):
        moved = tuple(
            {name: values * (1 + DISTANCE * rng.choice([-1, 1], len(values))) for name, values in table.items()}
            for table in inputs
        )
        agree &= codes(bivariate, moved) == labels
    return agree


def exact(inputs):
    """Return labels from exact arithmetic, and the bits that it took."""
    found, bits = oracle.run(batch.Job(bivariate, regimes.REQUIRED, STEPS, TOLERANCE), *inputs)
    return regimes.classify(found, LIMITS), bits


def rounding_gives(inputs, code):
    job = batch.Job(bivariate, regimes.REQUIRED, STEPS, TOLERANCE)
    return code in rounded(job, LIMITS, *inputs, 0, 0)


def told(name, agree):
    share = wilson(float(np.mean(agree)), len(agree))
    print(f"{name:44}{100 * share.value:8.3f} %  ({100 * share.least:.3f} to {100 * share.most:.3f}) of {len(agree)}")


def main(number="5000"):
    inputs = draw(int(number))
    mine, plain = codes(bivariate, inputs), codes(plain_doubles, inputs)
    certain, shaken = neighbours_agree(inputs, mine), hang_on_rounding(inputs)
    rows = [np.arange(at, min(at + AT_ONCE, len(mine))) for at in range(0, len(mine), AT_ONCE)]
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("spawn")) as pool:
        answers = list(pool.map(exact, [part(inputs, some) for some in rows]))
        right, bits = (np.concatenate(column) for column in zip(*answers, strict=True))
        wrong = np.flatnonzero((mine != right) & (bits > 0))
        moves = dict(
            zip(wrong, pool.map(rounding_gives, [part(inputs, [row]) for row in wrong], mine[wrong]), strict=True)
        )

    told("labels of the kernel that are exact", mine == right)
    told("... where eight neighbours agree", (mine == right)[certain])
    told("... where it does not hang on rounding", (mine == right)[~shaken])
    told("labels of plain doubles that are exact", plain == right)
    print(f"bits: median {np.median(bits):.0f}, most {bits.max()}; not enough for {np.sum(bits == 0)}")
    names = list(regimes.CODES)
    for code in np.unique(right):
        told(f"  {names[code]}: kernel", (mine == right)[right == code])
        told(f"  {names[code]}: plain doubles", (plain == right)[right == code])
    for row in wrong:
        point = ", ".join(f"{name}={values[row]!r}" for table in inputs for name, values in table.items())
        why = "sensitive to rounding" if moves[row] else "not sensitive"
        near = "neighbours agree" if certain[row] else "neighbours differ"
        known = "said to hang on rounding" if shaken[row] else "not said to"
        print(f"kernel {names[mine[row]]}, exact {names[right[row]]} ({why}; {near}; {known}): {point}")


if __name__ == "__main__":
    main(*sys.argv[1:])
