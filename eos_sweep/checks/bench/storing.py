"""The time that scheduling and storing add to a sweep's kernels, and the speed-up of several worker processes."""

import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eos_sweep.engine import preparing
from eos_sweep.engine.cores import cores
from eos_sweep.progress.amounts import Progress
from eos_sweep.runtime import runner
from eos_sweep.runtime.evaluation import BATCH_TRAJECTORIES, evaluate
from eos_sweep.spec.sweeps import Sweep


class Overhead(NamedTuple):
    """Seconds of each repetition; the start of worker processes does not count.

    Attributes
    ----------
    kernels : list of float
        The trajectories of the sweep alone, in memory, on all cores.
    sweep : list of float
        ``eos-sweep run``.
    processes : list of float
        ``eos-sweep run --workers`` with one worker for each core.
    process : list of float
        ``eos-sweep run --workers 1``.
    """

    kernels: list[float]
    sweep: list[float]
    processes: list[float]
    process: list[float]

    def share(self) -> float:
        """Return the median relative excess of the sweep's time over its kernels' time."""
        return _ratio(self.sweep, self.kernels) - 1.0

    def share_of_processes(self) -> float:
        """Return the same for a run on worker processes."""
        return _ratio(self.processes, self.kernels) - 1.0

    def over_one_process(self) -> float:
        """Return the median speed-up of all worker processes over one."""
        return _ratio(self.process, self.processes)


def _ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def overhead(sweep: Sweep, repeats: int, report: Callable[[str], None] = lambda step: None) -> Overhead:
    """Run ``sweep`` with and without a store, on threads and on processes, in turns."""
    found = Overhead([], [], [], [])
    preparing.prepare(sweep.job())
    for _ in range(repeats):
        found.kernels.append(_kernels(sweep))
        report("timed the sweep's kernels")
        found.sweep.append(_run(sweep))
        report("timed the sweep with its store")
        found.processes.append(_run(sweep, cores()))
        report("timed the sweep on worker processes")
        found.process.append(_run(sweep, 1))
        report("timed the sweep on one worker process")
    return found


def _run(sweep: Sweep, workers: int | None = None) -> float:
    seen: list[Progress] = []
    with tempfile.TemporaryDirectory(prefix="eos_sweep_") as folder:
        if failed := runner.run(sweep, Path(folder) / "sweep.zarr", workers=workers, report=seen.append).failed:
            raise RuntimeError(f"{failed} blocks of the sweep failed; eos-sweep run shows why")
    return seen[-1].seconds


def _kernels(sweep: Sweep) -> float:
    whole = tuple(slice(0, size) for size in sweep.shape)
    starts = range(0, sweep.size, BATCH_TRAJECTORIES)
    began = time.perf_counter()
    with ThreadPoolExecutor(cores()) as threads:
        for _ in threads.map(
            lambda at: evaluate(sweep, whole, np.arange(at, min(at + BATCH_TRAJECTORIES, sweep.size))),
            starts,
        ):
            pass
    return time.perf_counter() - began
