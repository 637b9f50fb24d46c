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


class Reading(NamedTuple):
    """One measurement.

    Attributes
    ----------
    speed : float
        Steps per second that were taken, by the kernel's own count.
    taken : float
        Share of the budgets that was taken; less than one if trajectories end early.
    """

    speed: float
    taken: float


class Results(NamedTuple):
    """What a race found.

    Attributes
    ----------
    readings : dict
        Contender -> its measurements, in the order of the rounds.
    left_out : dict
        Contender -> reason why it has none: it failed, or its results differ from the kernel's.
    """

    readings: dict[Contender, list[Reading]]
    left_out: dict[Contender, str]


def race(
    contenders: Sequence[Contender],
    points: workload.Workload,
    repeats: int,
    report: Callable[[str], None] = lambda step: None,
) -> Results:
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
    """
    readings: dict[Contender, list[Reading]] = {}
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
                readings[contender] = []
        for _ in range(repeats):
            for contender in [one for one in readings if one not in left_out]:
                readings[contender].append(ask(reading, contender))
                report(f"timed {contender.library}, {contender.variant}")
    return Results({one: found for one, found in readings.items() if one not in left_out}, left_out)


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


def reading(contender: Contender, points: workload.Points) -> Reading:
    """Time some calls on each of the contender's threads.

    The speed is the sum over threads, each by its own clock, since in a sweep the thread that is done first takes the
    next batch.

    Raises
    ------
    RuntimeError
        If trajectories that cannot end early took another number of steps than their budget.
    """
    run = _prepared(contender.module, contender.variant)
    budgets = len(points[0]) * workload.STEP_BUDGET

    def work(thread: int) -> Reading:
        began = time.perf_counter()
        taken = sum(_taken(run(points, workload.STEP_BUDGET), budgets) for _ in range(contender.calls))
        return Reading(taken / (time.perf_counter() - began), taken / (budgets * contender.calls))

    with ThreadPoolExecutor(contender.cores) as threads:
        each = list(threads.map(work, range(contender.cores)))
    if contender.workload == "alive" and any(one.taken != 1.0 for one in each):
        share = max(abs(one.taken - 1.0) for one in each)
        raise RuntimeError(f"{contender.variant}: steps taken differ from the steps of the budget by {share:.1%}")
    return Reading(sum(one.speed for one in each), each[0].taken)


def _taken(found: Any, budgets: int) -> int:
    """Return the steps of a call: by the kernel's count, or all of the budgets, which peers always take."""
    return budgets if isinstance(found, Record) else int(found["work"].sum())
