"""Time the kernel of this checkout against that of another one, in turns, on one core.

    git worktree add ../base COMMIT
    python tests/programs/against.py ../base [--rounds 11] [--model product] [--modes counts default]
                                     [--steps 10000] [--points 2048]

Each checkout has a process of its own.  Both run the same random points, those of the benchmark for ``bivariate`` and
those of the conformance tests for other models, of which only points are taken that use their whole budget.  They
compute the variables that both checkouts know, without those at twice the budget.  The table has the median over the
rounds of (speed here) / (speed there), the least and the most, and the steps per second here.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

from eos_sweep import models
from eos_sweep.checks.bench import workload
from eos_sweep.conformance import trial
from eos_sweep.engine import batch

MODES = "counts", "certified", "default", "every"
STEPS, TOLERANCE, POINTS, LEAST = 10_000, 1e-20, 2048, 256


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="root of the other checkout")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--model", default="bivariate")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--steps", type=int, default=STEPS, help="fewer on a busy machine, and more rounds")
    parser.add_argument("--points", type=int, default=POINTS)
    given = parser.parse_args()
    initial, parameters = (
        {name: values[: given.points] for name, values in part.items()} for part in points(given.model)
    )
    trees = Path(__file__).resolve().parents[2], given.other.resolve()
    children = [Child(tree) for tree in trees]
    known = [child.ask("model", given.model, initial, parameters) for child in children]
    print(f"{'':12}{'median':>8}{'least':>8}{'most':>8}{'M steps/s here':>16}")
    for mode in given.modes:
        variables = [name for name in known[0][mode] if name in known[1][mode]]

        for child in children:
            child.speed(variables, given.steps)  # compiles
        found = [[child.speed(variables, given.steps) for child in children] for _ in range(given.rounds)]
        ratios = [here / there for here, there in found]
        million = statistics.median(here for here, _ in found) / 1e6
        row = statistics.median(ratios), min(ratios), max(ratios)
        print(f"{mode:12}" + "".join(f"{ratio:8.3f}" for ratio in row) + f"{million:16.0f}", flush=True)


def points(name):
    """Return initial values and parameters of trajectories that take all STEPS."""
    model = models.get(name)
    if model is workload.MODEL:
        names = *model.STATE, *model.PARAMETERS
        columns = {name: column[:POINTS].tolist() for name, column in zip(names, workload.draw().alive, strict=True)}
        return [{name: columns[name] for name in part} for part in (model.STATE, model.PARAMETERS)]
    initial, parameters = trial.inputs(model, 8 * POINTS)
    found = batch.run(batch.Job(model, ("outcome",), STEPS, TOLERANCE), initial, parameters)
    alive = np.flatnonzero(found["work"] == STEPS)[:POINTS]
    if len(alive) < LEAST:
        raise SystemExit(f"only {len(alive)} of {8 * POINTS} trajectories take all {STEPS} steps")
    return [{name: values[alive].tolist() for name, values in part.items()} for part in (initial, parameters)]


class Child:
    """A process that runs the kernel of a checkout, on one core."""

    def __init__(self, tree):
        core = {max(os.sched_getaffinity(0))}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("timed_kernel.py"))],
            env=os.environ | {"PYTHONPATH": str(tree)},
            cwd=tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, core),
        )

    def speed(self, variables, steps):
        """Return steps per second of one run, by the kernel's own count; no trajectory may end early."""
        count, least, most, seconds = self.ask("run", variables, steps, TOLERANCE)
        if least != steps or most != steps:
            raise SystemExit(f"a trajectory took {least} or {most} steps instead of {steps}")
        return count * steps / seconds

    def ask(self, *what):
        """Send a request and return the answer."""
        print(json.dumps(what), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("the kernel of a checkout failed; see above")
        return json.loads(answer)


if __name__ == "__main__":
    main()
