"""Computes each n-th batch of a sweep and stores nothing: ``python -m eos_sweep.checks.bench.kernel_alone SPEC k n``.

This is the least that one of n processes has to do, which know nothing of each other.
"""

import sys

import numpy as np

from eos_sweep.runtime.evaluation import BATCH_TRAJECTORIES, evaluate
from eos_sweep.spec.sweeps import Sweep, load_spec


def compute(sweep: Sweep, part: int, parts: int) -> int:
    """Run the trajectories of batches ``part``, ``part + parts`` and so on; return the steps that were taken."""
    whole, steps = tuple(slice(0, size) for size in sweep.shape), 0
    for at in range(part * BATCH_TRAJECTORIES, sweep.size, parts * BATCH_TRAJECTORIES):
        cells = np.arange(at, min(at + BATCH_TRAJECTORIES, sweep.size))
        steps += int(evaluate(sweep, whole, cells)["work"].sum())
    return steps


if __name__ == "__main__":
    compute(load_spec(sys.argv[1]), *map(int, sys.argv[2:]))
