"""Times contenders in turns, so that a machine that slows down slows all of them."""

import contextlib
import functools
import importlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, NamedTuple

from eos_sweep.checks.bench import peers, workload
from eos_sweep.checks.bench.peers.plain import Record

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


class Contender(NamedTuple):
    """What is timed: a variant of a library on a workload.

    Attributes
    ----------
    library, variant : str
        Names to print.
    module : str
        Module that has ``prepare(variant) -> run(points, steps)``.
    trajectories : int
        Trajectories of one call.
    workload : str
        ``"alive"`` or ``"mixed"``, see :class:`eos_sweep.checks.bench.workload.Workload`.
    cores : int
        Number of threads, on a core each.
    calls : int
        Calls of one reading on each core.
    """

    library: str
    variant: str
    module: str
    trajectories: int
    workload: str = "alive"
    cores: int = 1
    calls: int = 1


def race(
    contenders: Sequence[Contender],
    points: workload.Workload,
    repeats: int,
    report: Callable[[str], None] = lambda step: None,
) -> tuple[dict[Contender, list[float]], dict[Contender, str]]:
    """Time all contenders once, then all of them again, ``repeats`` times in all.

    Each library has a process of its own, tied to one core, so that no library sees the threads or the settings of
    another.  Contenders on all cores have a second process.

    Parameters
    ----------
    contenders
        What to time.
    points
        What they run from.
    repeats
        Readings of each contender.
    report
        Function that is called with each step that is done.

    Returns
    -------
    speeds : dict
        Contender -> steps per second of each reading.
    left_out : dict
        Contender -> reason why it has none: it failed, or its results differ from the kernel's.
    """
    speeds: dict[Contender, list[float]] = {}
    left_out: dict[Contender, str] = {}
    with contextlib.ExitStack() as stack:
        process = functools.cache(lambda module, cores: stack.enter_context(_process()))

        def ask(function: Callable, contender: Contender) -> Any:
            """Call a function in the contender's process; if a peer fails, note the reason and return None."""
            given = tuple(values[: contender.trajectories] for values in getattr(points, contender.workload))
            try:
                with _on(contender.cores):  # the process starts with its first call
                    return process(contender.module, contender.cores).submit(function, contender, given).result()
            except Exception as error:
                if not contender.module.startswith(peers.__name__):
                    raise
                # A library that is installed and does not work must not stop the benchmark.
                message = str(error).strip() or "without a message"
                left_out[contender] = f"{type(error).__name__}: {message.splitlines()[0]}"
                return None

        for contender in contenders:
            difference = ask(trial, contender)
            report(f"compiled {contender.library}, {contender.variant}")
            if difference:
                left_out[contender] = difference
            elif difference is not None:
                speeds[contender] = []
        for _ in range(repeats):
            for contender in [one for one in speeds if one not in left_out]:
                speeds[contender].append(ask(reading, contender))
                report(f"timed {contender.library}, {contender.variant}")
    speeds = {one: found for one, found in speeds.items() if one not in left_out}
    return speeds, left_out


def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


@contextlib.contextmanager
def _on(cores: int) -> Iterator[None]:
    """Let processes that start now run on one core with one thread, unless ``cores`` is larger."""
    if cores > 1:
        yield
        return
    settings, before = dict(os.environ), os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    os.environ |= ONE_THREAD
    if before:
        os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= settings
        if before:
            os.sched_setaffinity(0, before)


@functools.cache
def _prepared(module: str, variant: str) -> Callable:
    """Return the run function of a contender; like the functions below, this runs in the contender's process."""
    return importlib.import_module(module).prepare(variant)


def trial(contender: Contender, points: workload.Points) -> str:
    """Compile, run some steps, and return how the results differ from the kernel's; empty if they agree."""
    found = _prepared(contender.module, contender.variant)(points, workload.TRIAL)
    return workload.disagreement(points, found) if isinstance(found, Record) else ""


def reading(contender: Contender, points: workload.Points) -> float:
    """Return steps per second, where steps that are saved by ending early count as taken.

    It is the sum over threads, each by its own clock, since in a sweep the thread that is done first takes the next
    batch.
    """
    run = _prepared(contender.module, contender.variant)

    def work(thread: int) -> float:
        began = time.perf_counter()
        for _ in range(contender.calls):
            run(points, workload.STEP_BUDGET)
        return len(points[0]) * workload.STEP_BUDGET * contender.calls / (time.perf_counter() - began)

    with ThreadPoolExecutor(contender.cores) as threads:
        return sum(threads.map(work, range(contender.cores)))
