"""What dask and the store add to the time of a sweep's kernels."""

import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eos_sweep import batch, runner, work
from eos_sweep.spec import Sweep


class Overhead(NamedTuple):
    """Seconds of each repetition, on all cores."""

    kernels: list[float]  # the trajectories of the sweep, in memory
    sweep: list[float]  # the same as ``eos-sweep run`` does it

    def share(self) -> float:
        """Return how much longer the sweep takes than its kernels, relative: the median."""
        return statistics.median(b / a for a, b in zip(self.kernels, self.sweep, strict=True)) - 1.0


def overhead(sweep: Sweep, repeats: int, report: Callable[[str], None] = lambda doing: None) -> Overhead:
    """Run ``sweep`` with and without a store, in turns."""
    found = Overhead([], [])
    batch.kernel_of(work.job_of(sweep))
    for _ in range(repeats):
        found.kernels.append(_seconds(lambda: _kernels(sweep)))
        report("timed the sweep's kernels")
        with tempfile.TemporaryDirectory(prefix="eos_sweep_") as folder:
            found.sweep.append(_seconds(lambda: _run(sweep, Path(folder) / "sweep.zarr")))
        report("timed the sweep with its store")
    return found


def _run(sweep: Sweep, path: Path) -> None:
    if failed := runner.run(sweep, path).failed:
        raise RuntimeError(f"{failed} blocks of the sweep failed; eos-sweep run tells why")


def _kernels(sweep: Sweep) -> None:
    whole = tuple(slice(0, size) for size in sweep.shape)
    starts = range(0, sweep.size, work.BATCH)
    with ThreadPoolExecutor(work.cores()) as threads:
        for _ in threads.map(
            lambda at: work.evaluate(sweep, whole, sweep.shape, np.arange(at, min(at + work.BATCH, sweep.size))),
            starts,
        ):
            pass


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
