"""Judge a sample of a stored sweep, in several processes."""

import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np

from eos_sweep import regimes
from eos_sweep.checks.labels.judge import Verdict, judge
from eos_sweep.checks.labels.report import Report
from eos_sweep.checks.labels.sample import Stratum, draw, labels
from eos_sweep.contract import is_array
from eos_sweep.engine.cores import cores
from eos_sweep.errors import InputError, Stopped
from eos_sweep.runtime.interrupt import ignore_ctrl_c
from eos_sweep.store.store import Store

CELLS_OF_TASK = 25  # at most: a step costs NumPy 0.4 ms, be it of one cell or of all, and MPFR 0.04 ms a cell
TASKS_OF_WORKER = 4  # at least, so that one with chaotic cells does not keep all others waiting


def verify(
    path: str | Path,
    number: int = 1000,
    *,
    seed: int = 0,
    workers: int | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Report:
    """Compare the labels of a random sample of a stored sweep with those of exact arithmetic.

    Parameters
    ----------
    path
        Of the store.
    number
        Cells to draw, in equal shares from each regime, at its boundary and away from it.
    seed
        Of the sample.
    workers
        Number of processes; one for each core by default.
    report
        Called with the numbers of cells that are done and of all, whenever some are done.

    Returns
    -------
    Report
        Verdicts, shares with their intervals, differences.

    Raises
    ------
    InputError
        If no sweep with regimes is stored at ``path``, or nothing of it is computed yet.
    """
    store = _opened(path)
    unordered = [store.sweep.dims.index(name) for name in store.sweep.unordered]
    strata = draw(labels(store), number, seed, regimes.codes(store.thresholds), unordered)
    if not strata:
        raise InputError(f"{path}: nothing is computed yet; eos-sweep run goes on with it")
    cells = np.concatenate([stratum.cells for stratum in strata])
    order = np.random.default_rng(seed).permutation(cells)  # so that each task has easy and hard ones
    processes = workers or cores()
    size = max(1, min(CELLS_OF_TASK, order.size // (TASKS_OF_WORKER * processes)))
    tasks = [tuple(map(int, order[at : at + size])) for at in range(0, order.size, size)]
    verdicts: dict[int, Verdict] = {}
    context, others = multiprocessing.get_context("spawn"), set(multiprocessing.active_children())
    with ProcessPoolExecutor(processes, context, ignore_ctrl_c) as pool:
        running = [pool.submit(judge, str(store.path), task, seed) for task in tasks]
        try:
            for task in as_completed(running):
                verdicts |= {one.cell: one for one in task.result()}
                if report:
                    report(len(verdicts), order.size)
        except BrokenProcessPool:
            raise Stopped(
                "a process of the check has been killed, maybe for lack of memory; use fewer --workers"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:  # a cell may take minutes
                process.kill()
            raise
    return Report(store, strata, verdicts)


def _opened(path: str | Path) -> Store:
    """Open a store; refuse a model that exact arithmetic cannot follow."""
    store = Store.open(path)
    if is_array(store.sweep.module):
        raise InputError(f"{path}: {store.sweep.model_name} is a model of arrays; exact arithmetic follows others only")
    return store


def verify_cell(path: str | Path, index: Mapping[str, float]) -> Report:
    """Compare the label of one cell, given by its index along each axis, with that of exact arithmetic."""
    store = _opened(path)
    codes = labels(store)
    for name in index:
        if name not in store.sweep.dims:
            raise InputError(f"--index {name}: no axis of this sweep; there are: {', '.join(store.sweep.dims)}")
    place = []
    for axis in store.sweep.axes:
        at, count = index.get(axis.name, 0 if axis.values.size == 1 else -1), axis.values.size
        if at not in range(count):
            raise InputError(f"--index {axis.name}: give a whole number from 0 to {count - 1}")
        place.append(int(at))
    cell = int(np.ravel_multi_index(tuple(place), store.sweep.shape))
    if codes.flat[cell] == 0:
        raise InputError(f"{path}: this cell is not computed yet; eos-sweep run goes on with it")
    (verdict,) = judge(str(store.path), (cell,), 0)
    return Report(store, [Stratum(verdict.stored, False, 1, np.array([cell]))], {cell: verdict})
