"""Runs a sweep: one task per block, a sliding window of tasks on dask, a ledger row back from each.

A task is a path and a block's index.  Its worker reads the spec from the store, computes the block's trajectories in
kernels that hold no lock, writes whole chunks, and reports; the process that called :func:`run` keeps the ledger.
"""

import contextlib
import functools
import itertools
import math
import os
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eos_sweep import batch, schema
from eos_sweep.bounds import MOST_BLOCKS, MOST_CELLS
from eos_sweep.contract import is_array
from eos_sweep.errors import InputError
from eos_sweep.interrupt import stoppable
from eos_sweep.place import locked, prepare
from eos_sweep.spec import Sweep, load_spec
from eos_sweep.store import Row, Store

BATCH = 2**14  # trajectories of one kernel call: its table stays in the cache
BLOCK_STEPS = 2**29, 2**31  # steps of one task: one to some seconds of work ...
BLOCK_BYTES = 2**26  # ... unless its results take more memory than this
QUICK, FEWEST = 2**26, 4  # a sweep of more steps than this has at least so many blocks: something to do for each core
NETWORKS = 256  # blocks of a sweep of an array model, at most: a trajectory each, if there are no more than these
BLOCKS = 64  # wanted within these bounds, so that the last one leaves the other cores idle only shortly


class Progress(NamedTuple):
    """How far a run is."""

    done: int  # trajectories, those of earlier runs included
    total: int
    new: int  # trajectories of this run
    steps: int  # gradient descent steps of this run
    seconds: float  # since this run began
    failed: int  # blocks


def block_shape(sweep: Sweep) -> tuple[int, ...]:
    """Return the shape of the blocks that tasks compute: the spec's chunks, or some seconds of work."""
    if sweep.chunks:
        return tuple(sweep.chunks.get(name, size) for name, size in zip(sweep.dims, sweep.shape, strict=True))
    size = -(-sweep.size // NETWORKS) if is_array(sweep.module) else _lanes_of_a_block(sweep)
    size = min(max(size, -(-sweep.size // MOST_BLOCKS)), MOST_CELLS)
    block = list(sweep.shape)
    while math.prod(block) > size:
        longest = block.index(max(block))
        block[longest] = -(-block[longest] // 2)
    return tuple(block)


def _lanes_of_a_block(sweep: Sweep) -> int:
    """Return how many trajectories of lanes are some seconds of work."""
    width = sum(dtype.itemsize for dtype in schema.dtypes(sweep).values())
    least, most = (steps // sweep.steps for steps in BLOCK_STEPS)
    size = min(int(np.clip(sweep.size // BLOCKS, least, most)), BLOCK_BYTES // width)
    if sweep.size * sweep.steps > QUICK:
        size = min(size, -(-sweep.size // FEWEST))
    return max(size, 256)


def run(
    spec: Sweep | str | Path,
    out: str | Path,
    *,
    workers: int | None = None,
    overwrite: bool = False,
    report: Callable[[Progress], None] | None = None,
) -> Progress:
    """Run a sweep into a store, or what is left of it.

    Parameters
    ----------
    spec
        The sweep, or the path of its TOML file.
    out
        Directory of the store.  A store of the same spec is resumed, one whose axes the spec extends at their ends is
        extended; nothing that is complete is computed again.
    workers
        Threads; all cores by default.
    overwrite
        Delete a sweep that is stored there.
    report
        Called with the progress whenever a block is done.

    Returns
    -------
    Progress
        ``failed`` blocks are in the ledger with their error, and are tried again by the next run.

    Raises
    ------
    SpecError
        If the spec is wrong, or ``out`` holds something else; nothing has been created or changed then.
    KeyboardInterrupt
        After Ctrl-C, when the blocks in flight are done and recorded; a second Ctrl-C drops them.
    """
    sweep = spec.checked() if isinstance(spec, Sweep) else load_spec(spec)
    if workers is not None and workers < 1:
        raise InputError(f"workers: got {workers}; give a whole number of threads >= 1, or leave it out")
    workers = workers or cores()
    with locked(out):
        return _run(sweep, prepare(out, sweep, block_shape(sweep), overwrite), workers, report)


def _run(sweep: Sweep, store: Store, workers: int, report: Callable[[Progress], None] | None) -> Progress:
    """Compute the blocks of ``store`` that are not done."""
    blocks = store.pending()
    done = store.computed()
    progress = Progress(done, sweep.size, 0, 0, 0.0, 0)
    if report:
        report(progress)
    if not blocks:
        return progress
    batch.kernel_of(job_of(sweep))  # compiled before threads would wait for the compiler in turn
    began = time.perf_counter()
    queue, run_id = iter(blocks), uuid.uuid4().hex
    with stoppable() as stopped, _client(workers) as client:
        from distributed import as_completed

        def submit(number: int) -> list:
            tasks = []
            for block in itertools.islice(queue, number):
                known = tuple(int(size) for size in store.extent[block])
                task = client.submit(compute_block, os.path.abspath(store.path), run_id, block, known, pure=False)
                tasks.append(task)
            return tasks

        running = as_completed(submit(workers))  # none waits, so that Ctrl-C has only running ones to wait for
        while running.count():
            rows = [task.result() for task in running.next_batch(block=True)]
            if not stopped():
                running.update(submit(len(rows)))
            fresh = sum(math.prod(row.extent) - math.prod(store.extent[row.block]) for row in rows if not row.error)
            store.record(rows)
            new = progress.new + int(fresh)
            progress = Progress(
                done + new,
                sweep.size,
                new,
                progress.steps + sum(row.steps for row in rows),
                time.perf_counter() - began,
                progress.failed + sum(bool(row.error) for row in rows),
            )
            if report:
                report(progress)
    if stopped() and progress.done < progress.total:
        raise KeyboardInterrupt
    return progress


@contextlib.contextmanager
def _client(workers: int) -> Iterator:
    """Start a dask cluster of threads in this process."""
    from dask.config import set as configured
    from distributed import Client, LocalCluster

    local = "127.0.0.1:0"  # dask always serves its status pages; here on a free port, to nobody else
    quiet = {
        "distributed.admin.tick.limit": "1h",  # kernels may keep the event loop waiting
        # What dask watches itself with takes 2 % of the time of two cores.
        "distributed.admin.tick.interval": "1s",
        "distributed.admin.system-monitor.interval": "10s",
        "distributed.worker.profile.enabled": False,
    }
    with (
        configured(quiet),
        LocalCluster(
            n_workers=1,
            threads_per_worker=workers,
            processes=False,
            protocol="inproc://",
            dashboard_address=local,
            worker_dashboard_address=local,
            memory_limit=0,
            silence_logs="ERROR",
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def compute_block(path: str, run_id: str, block: tuple[int, ...], known: tuple[int, ...]) -> Row:
    """Compute and write one block; what lies within ``known`` from its origin is there already, and stays."""
    began = time.thread_time()
    try:
        store = _opened(path, run_id)
        region = store.region(block)
        shape = tuple(part.stop - part.start for part in region)
        missing = np.ones(shape, bool)
        missing[tuple(slice(size) for size in known)] = False
        wanted = np.flatnonzero(missing)
        types = schema.dtypes(store.sweep)
        values = {name: np.empty(shape, dtype) for name, dtype in types.items()}
        if wanted.size < missing.size:
            values = {name: store.read(block, name) for name in store.arrays}
        steps = 0
        for at in range(0, wanted.size, BATCH):
            cells = wanted[at : at + BATCH]
            found = evaluate(store.sweep, region, shape, cells)
            steps += int(found["work"].sum())
            with np.errstate(over="ignore"):  # float32 has a smaller infinity
                found = {name: array.astype(types[name]) for name, array in found.items() if name in types}
            found |= schema.labelled(found.__getitem__, found, store.thresholds)  # from what is stored, as precisely
            for name, array in values.items():
                array.reshape(-1)[cells] = found[name]
        store.write(block, values)
    except Exception:
        # The block is reported as failed, with the reason; the others go on.
        return Row(block, (0,) * len(block), time.thread_time() - began, 0, traceback.format_exc())
    return Row(block, shape, time.thread_time() - began, steps, "")


def evaluate(
    sweep: Sweep, region: tuple[slice, ...], shape: tuple[int, ...], cells: np.ndarray
) -> dict[str, np.ndarray]:
    """Run the trajectories of some cells, given by their flat indices within a region of the grid."""
    places = np.unravel_index(cells, shape)
    points = {
        axis.name: axis.values[part.start + place] for axis, part, place in zip(sweep.axes, region, places, strict=True)
    }
    return batch.run(job_of(sweep), *sweep.inputs(points))


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def job_of(sweep: Sweep) -> batch.Job:
    """Return what a kernel does for each trajectory of ``sweep``."""
    return batch.Job(sweep.module, sweep.variables, sweep.steps, sweep.tolerance, sweep.data)


@functools.lru_cache(maxsize=2)
def _opened(path: str, run_id: str) -> Store:
    """Open a store once a run: another run may find another one there."""
    return Store.open(path)
