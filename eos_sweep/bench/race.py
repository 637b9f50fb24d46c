"""Times contenders against each other, in turns, so that a machine that slows down slows all of them."""

import contextlib
import functools
import importlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, NamedTuple

from eos_sweep.bench import peers, workload
from eos_sweep.bench.peers.plain import Record

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


class Contender(NamedTuple):
    """One bar of the picture."""

    library: str
    variant: str
    module: str  # has prepare(variant) -> run(points, steps)
    trajectories: int  # of one call
    workload: str = "alive"  # or "mixed"
    cores: int = 1
    calls: int = 1  # of one reading, on each core


def race(
    contenders: Sequence[Contender],
    points: workload.Workload,
    repeats: int,
    report: Callable[[str], None] = lambda doing: None,
) -> tuple[dict[Contender, list[float]], dict[Contender, str]]:
    """Time each contender ``repeats`` times, all of them once before any of them twice.

    Each library has a process of its own, on one core, so that none sees the threads or the settings of another; what
    runs on all cores has one more.

    Returns
    -------
    dict, dict
        Contender -> steps per second of each repetition, and contender -> why it is left out: it failed, or its results
        are not ours.
    """
    speeds: dict[Contender, list[float]] = {}
    left_out: dict[Contender, str] = {}
    with contextlib.ExitStack() as stack:
        process = functools.cache(lambda module, cores: stack.enter_context(_process()))

        def ask(function: Callable, contender: Contender) -> Any:
            """Return the answer of the contender's process; None if it fails, which is written down."""
            given = tuple(values[: contender.trajectories] for values in getattr(points, contender.workload))
            try:
                with _on(contender.cores):  # a process starts with its first question
                    return process(contender.module, contender.cores).submit(function, contender, given).result()
            except Exception as error:
                if not contender.module.startswith(peers.__name__):
                    raise
                # A library that is there but does not work here is no reason to time nothing.
                said = str(error).strip() or "it says no more"
                left_out[contender] = f"{type(error).__name__}: {said.splitlines()[0]}"
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
    """Start processes on one core, unless all are wanted; where a process cannot be tied to it, with one thread."""
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
    """Return what runs a contender, in its own process, as all below."""
    return importlib.import_module(module).prepare(variant)


def trial(contender: Contender, points: workload.Points) -> str:
    """Compile, run some steps, and tell in what the results differ from ours."""
    found = _prepared(contender.module, contender.variant)(points, workload.TRIAL)
    return workload.disagreement(points, found) if isinstance(found, Record) else ""


def reading(contender: Contender, points: workload.Points) -> float:
    """Return steps per second, as if no trajectory ended early.

    It is the sum over threads, each by its own clock: in a sweep the one that ends first takes the next batch.
    """
    run = _prepared(contender.module, contender.variant)

    def work(thread: int) -> float:
        began = time.perf_counter()
        for _ in range(contender.calls):
            run(points, workload.STEPS)
        return len(points[0]) * workload.STEPS * contender.calls / (time.perf_counter() - began)

    with ThreadPoolExecutor(contender.cores) as threads:
        return sum(threads.map(work, range(contender.cores)))
