"""Processor time of edges as curves on dense maps that are painted, not run.

    python tests/programs/dense_edges.py

prints, for three maps of 1025 x 1025 cells, the number of points and curves, and the median of the processor time of
five calls: without bisection, and with the distances from a critical line.
"""

import statistics
import time

import numpy as np

import eos_sweep
from eos_sweep.analysis.columns import uncomputed

SIDE, CALLS = 1025, 5
GRID = {"a1": {"log": [0.1, 100, SIDE]}, "eta": {"log": [1e-3, 1e3, SIDE]}}
SPEC = {"model": "quadratic", "steps": 64, "axes": GRID, "initial": {"theta1": 0.3}}


def maps() -> dict[str, np.ndarray]:
    """Return name -> cells of each map."""
    y, x = np.mgrid[:SIDE, :SIDE]
    return {
        "one line": x + y < SIDE,
        "waves": np.sin(x / 9) * np.sin(y / 9) > 0.2,
        "single cells": np.random.default_rng(0).random((SIDE, SIDE)) < 0.012,
    }


def main() -> None:
    empty = uncomputed(eos_sweep.Sweep.from_dict(SPEC))
    for name, cells in maps().items():
        dataset = empty.assign(crossings=(("a1", "eta"), cells.astype(np.int32)))
        told = []
        for against in (None, "start_at_edge"):
            times = []
            for _ in range(CALLS):
                start = time.process_time()
                found = eos_sweep.edges(dataset, "crossings > 0", rtol=None, against=against)
                times.append(time.process_time() - start)
            told.append(f"{statistics.median(times):.2f} s")
        counts = f"{found.sizes['point']} points, {found.sizes['curve']} curves, {found.sizes['branch']} branches"
        print(f"{name}: {counts}: {told[0]}, with distances {told[1]}", flush=True)


if __name__ == "__main__":
    main()
