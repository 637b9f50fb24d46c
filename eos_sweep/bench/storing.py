"""What scheduling and storing add to the time of a sweep's kernels, and what a second worker process takes away."""

import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eos_sweep import batch, runner, work
from eos_sweep.progress import Progress
from eos_sweep.spec import Sweep


class Overhead(NamedTuple):
    """Seconds of each repetition; those of a cluster count from when it is up."""

    kernels: list[float]  # the trajectories of the sweep, in memory, on all cores
    sweep: list[float]  # the same as ``eos-sweep run`` does it
    processes: list[float]  # the same with ``--workers`` one for each core
    process: list[float]  # the same with ``--workers 1``

    def share(self) -> float:
        """Return how much longer the sweep takes than its kernels, relative: the median."""
        return _ratio(self.sweep, self.kernels) - 1.0

    def share_of_processes(self) -> float:
        """Return the same of a run on worker processes."""
        return _ratio(self.processes, self.kernels) - 1.0

    def over_one_process(self) -> float:
        """Return how many times faster all worker processes are than one: the median."""
        return _ratio(self.process, self.processes)


def _ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def overhead(sweep: Sweep, repeats: int, report: Callable[[str], None] = lambda doing: None) -> Overhead:
    """Run ``sweep`` with and without a store, on threads and on processes, in turns."""
    found = Overhead([], [], [], [])
    batch.kernel_of(work.job_of(sweep))
    for _ in range(repeats):
        found.kernels.append(_kernels(sweep))
        report("timed the sweep's kernels")
        found.sweep.append(_run(sweep))
        report("timed the sweep with its store")
        found.processes.append(_run(sweep, work.cores()))
        report("timed the sweep on worker processes")
        found.process.append(_run(sweep, 1))
        report("timed the sweep on one worker process")
    return found


def _run(sweep: Sweep, workers: int | None = None) -> float:
    seen: list[Progress] = []
    with tempfile.TemporaryDirectory(prefix="eos_sweep_") as folder:
        if failed := runner.run(sweep, Path(folder) / "sweep.zarr", workers=workers, report=seen.append).failed:
            raise RuntimeError(f"{failed} blocks of the sweep failed; eos-sweep run tells why")
    return seen[-1].seconds


def _kernels(sweep: Sweep) -> float:
    whole = tuple(slice(0, size) for size in sweep.shape)
    starts = range(0, sweep.size, work.BATCH)
    began = time.perf_counter()
    with ThreadPoolExecutor(work.cores()) as threads:
        for _ in threads.map(
            lambda at: work.evaluate(sweep, whole, sweep.shape, np.arange(at, min(at + work.BATCH, sweep.size))),
            starts,
        ):
            pass
    return time.perf_counter() - began
