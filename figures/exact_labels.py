"""Labels against exact arithmetic over a box of parameters, beside those of plain doubles.

    python figures/exact_labels.py [--points N] [--steps T] [--keep FOLDER]

draws random trajectories of the model ``bivariate``, runs each in the kernel, in plain doubles, and in exact
arithmetic, and prints on how many the labels agree: of all, and of those whose label is the same at eight neighbours at
a relative distance of 1e-6, and of those that are not sensitive to rounding by the kernel's own account (``settled``).
Each difference is printed with its point.  5000 points of 2000 steps take some minutes on two cores, and 20 000 points
of 20 000 steps some 80: ``--keep`` keeps the exact labels of every 1000 points, so that the command goes on where it
was stopped.
"""

import argparse
import io
import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import plain_doubles
from rich.progress import track

from eos_sweep import regimes, trust
from eos_sweep.checks.exact import oracle
from eos_sweep.checks.labels.judge import Trajectory
from eos_sweep.checks.labels.report import wilson
from eos_sweep.engine import batch
from eos_sweep.engine.cores import cores
from eos_sweep.models import bivariate
from eos_sweep.store import durable

TOLERANCE = 1e-20
DRAWN_AT_ONCE, RUN_AT_ONCE = 100, 1000  # points; NumPy takes as long for a step of one as for one of a hundred
NEIGHBOURS, DISTANCE = 8, 1e-6
LIMITS = regimes.thresholds()
READ = regimes.reads(LIMITS)


def draw(number):
    """Return initial states and parameters of the first points, drawn by the hundred."""
    parts = [draw_part(np.random.default_rng([0, at]), DRAWN_AT_ONCE) for at in range(-(-number // DRAWN_AT_ONCE))]
    return tuple(
        {name: np.concatenate([table[name] for table in tables])[:number] for name in tables[0]}
        for tables in zip(*parts, strict=True)
    )


def draw_part(rng, number):
    """Return initial states and parameters; clip and radius are off in half of the cases, starts are of three kinds."""

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
    """Return some of the points."""
    return tuple({name: values[rows] for name, values in table.items()} for table in inputs)


def job(model, steps, variables=READ):
    return batch.Job(model, variables, steps, TOLERANCE)


def codes(model, inputs, steps):
    """Return labels from a kernel."""
    return regimes.classify(batch.run(job(model, steps), *inputs), LIMITS)


def hang_on_rounding(inputs, steps):
    """Tell for each point whether the kernel's observables say that rounding might decide its label."""
    found = batch.run(job(bivariate, steps, (*trust.REQUIRED, "magnification", "guard_factor_min")), *inputs)
    return trust.classify(found, LIMITS) == trust.CODES["rounding"]


def neighbours_agree(inputs, labels, steps):
    """Tell for each point whether its neighbours have its label, too."""
    rng = np.random.default_rng(1)
    agree = np.ones(len(labels), bool)
    for _ in range(NEIGHBOURS):
        moved = tuple(
            {name: values * (1 + DISTANCE * rng.choice([-1, 1], len(values))) for name, values in table.items()}
            for table in inputs
        )
        agree &= codes(bivariate, moved, steps) == labels
    return agree


def exact(inputs, steps, kept):
    """Return labels from exact arithmetic, and the bits that it took; both are in the file ``kept`` afterwards."""
    if kept and kept.exists():
        stored = np.load(kept)
        return stored["labels"], stored["bits"]
    work = job(bivariate, steps)
    found, bits = oracle.run(work, *inputs, batch.run(work, *inputs))
    labels = regimes.classify(found, LIMITS)
    if kept:
        content = io.BytesIO()
        np.savez(content, labels=labels, bits=bits)
        durable.write({kept: content.getvalue()})
    return labels, bits


def rounding_decides(inputs, steps, label):
    """Tell whether noise of the size of rounding leads from the exact label to the kernel's."""
    return Trajectory(job(bivariate, steps), LIMITS, *inputs, 0).differs_by_rounding(0, label)


def print_share(name, agree):
    share = wilson(float(np.mean(agree)), len(agree))
    print(f"{name:44}{100 * share.value:8.3f} %  ({100 * share.least:.3f} to {100 * share.most:.3f}) of {len(agree)}")


def all_exact(inputs, steps, folder):
    """Return the labels of all points from exact arithmetic, and the bits that they took."""
    count = len(inputs[1]["eta"])
    rows = [np.arange(at, min(at + RUN_AT_ONCE, count)) for at in range(0, count, RUN_AT_ONCE)]
    kept = [folder and folder / f"{steps}_{some[0]}_{some[-1]}.npz" for some in rows]
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("spawn")) as pool:
        answers = pool.map(exact, [part(inputs, some) for some in rows], itertools.repeat(steps), kept)
        parts = list(track(answers, "exact labels", total=len(rows)))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--points", type=int, default=5000)
    options.add_argument("--steps", type=int, default=2000)
    options.add_argument("--keep", type=Path, metavar="FOLDER")
    given = options.parse_args()
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
    inputs, steps = draw(given.points), given.steps
    mine, plain = codes(bivariate, inputs, steps), codes(plain_doubles, inputs, steps)
    certain, shaken = neighbours_agree(inputs, mine, steps), hang_on_rounding(inputs, steps)
    right, bits = all_exact(inputs, steps, given.keep)
    wrong = np.flatnonzero((mine != right) & (bits > 0))
    moves = {row: rounding_decides(part(inputs, [row]), steps, int(mine[row])) for row in wrong}

    print_share("labels of the kernel that are exact", mine == right)
    print_share("... where eight neighbours agree", (mine == right)[certain])
    print_share("... where it is not sensitive to rounding", (mine == right)[~shaken])
    print_share("labels of plain doubles that are exact", plain == right)
    print(f"bits: median {np.median(bits):.0f}, most {bits.max()}; not enough for {np.sum(bits == 0)}")
    names = list(regimes.CODES)
    for code in np.unique(right):
        print_share(f"  {names[code]}: kernel", (mine == right)[right == code])
        print_share(f"  {names[code]}: plain doubles", (plain == right)[right == code])
    for row in wrong:
        point = ", ".join(f"{name}={values[row]!r}" for table in inputs for name, values in table.items())
        why = "sensitive to rounding" if moves[row] else "not sensitive"
        near = "neighbours agree" if certain[row] else "neighbours differ"
        known = "sensitive by its own account" if shaken[row] else "not by its own account"
        print(f"kernel {names[mine[row]]}, exact {names[right[row]]} ({why}; {near}; {known}): {point}")


if __name__ == "__main__":
    main()
