"""NumPy, vectorised over trajectories: a Python loop over steps."""

import numpy as np

from eos_sweep.checks.bench.peers import plain

NAME = "NumPy"
TOPS = {"eigvalsh": plain.eigvalsh(np), "closed form": plain.trigonometric(np)}
TRAJECTORIES = {"eigvalsh": 512, "closed form": 4096}


def missing(variant):
    """Return why the variant cannot run here; empty if it can."""
    return ""


def prepare(variant):
    """Return ``run(points, steps)``."""
    start, step = plain.experiment(np, np.where, TOPS[variant])

    def run(points, steps):
        state, p = points[:3], points[3:]
        with np.errstate(all="ignore"):
            record = start(*state, p)
            for i in range(steps):
                record = step(record, p, i, steps - steps // 10)
        return record

    return run
