"""Runs a sweep: orders of some blocks each, a bounded number of them out at a time, ledger rows back.

An order is names and numbers.  Its worker reads the spec from the store, computes the blocks' trajectories in kernels
that hold no lock, writes whole chunks, and reports; the process that called :func:`run` keeps the ledger.
"""

import functools
import math
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eos_sweep import audit, batch, models, pyramid, work
from eos_sweep.blocks import block_shape
from eos_sweep.errors import Interrupted, Stopped
from eos_sweep.heartbeat import Heart
from eos_sweep.interrupt import stoppable
from eos_sweep.lease import locked
from eos_sweep.location import Location
from eos_sweep.place import prepare, remove_partial_files
from eos_sweep.pool import Crew, pool
from eos_sweep.progress import Progress
from eos_sweep.spec import Sweep, load_spec
from eos_sweep.store import Store
from eos_sweep.tasks import Tasks
from eos_sweep.work import Order


def run(
    spec: Sweep | str | Path,
    out: str | Path,
    *,
    workers: int | None = None,
    threads: int | None = None,
    scheduler: Any = None,
    scheduler_file: str | Path | None = None,
    overwrite: bool = False,
    check: bool = False,
    report: Callable[[Progress], None] | None = None,
) -> Progress:
    """Run a sweep into a store, or what is left of it.

    Parameters
    ----------
    spec
        The sweep, or the path of its TOML file.
    out
        Folder of the store, or a URL that fsspec opens (``"s3://bucket/name.zarr"``).  A store of the same spec is
        resumed, one whose axes the spec extends at their ends is extended; nothing that is complete is computed again.
    workers
        Processes of a dask cluster that is started on this machine.
    threads
        Threads of this process; this is the default, one for each core.
    scheduler
        Address of the scheduler of a dask cluster, or a dask ``Client`` or ``Cluster``.  Its workers must have the same
        versions and reach ``out`` by the same name.
    scheduler_file
        File in which a dask scheduler has written its address.
    overwrite
        Delete a sweep that is stored there.
    check
        Read all that is stored, and compute again what is damaged; done by itself after a run that was killed.
    report
        Called with the progress whenever blocks are done.

    Returns
    -------
    Progress
        ``failed`` blocks are in the ledger with their error, and are tried again by the next run.

    Raises
    ------
    SpecError
        If the spec is wrong, or ``out`` holds something else; nothing has been created or changed then.
    InputError
        If another process is at work on the store, or a worker has another version.
    Stopped
        If the run could not go on (disk full, store deleted, scheduler lost); what was recorded is kept.
    KeyboardInterrupt
        After Ctrl-C or SIGTERM, when the blocks in flight are done and recorded; a second one drops them.
    """
    sweep = spec.checked() if isinstance(spec, Sweep) else load_spec(spec)
    crew = Crew(workers, threads, scheduler, scheduler_file).checked()
    location, shape = Location(out), block_shape(sweep)
    crew.reaches(location)
    with stoppable() as stopped, locked(location) as held:
        store = prepare(location, sweep, shape, overwrite)
        heart = Heart(store)
        try:
            remove_partial_files(location, chunks=heart.died or not store.done().all())
            if heart.died or check:
                audit.mend(store)
            store.consolidate()  # a run that was killed may not have come to it
            progress = _run(store, crew, heart, held, stopped, report or (lambda progress: None))
            location.insist(functools.partial(pyramid.write, store, crew.most, anew=check))
            return progress
        except OSError as error:
            heart.stop(error)
            raise Stopped(f"{location}: {error}; mend that, then run the same command again") from error
        except BaseException as error:
            heart.stop(error)
            raise


def _run(
    store: Store,
    crew: Crew,
    heart: Heart,
    held: Callable[[], None],
    stopped: Callable[[], int],
    report: Callable[[Progress], None],
) -> Progress:
    """Compute the blocks of ``store`` that are not done."""
    sweep, location = store.sweep, store.location
    progress = Progress(store.computed(), sweep.size)
    report(progress)
    if progress.done == progress.total:
        if heart.died:
            heart.beat(progress, "finished")
        return progress
    heart.beat(progress)
    batch.kernel_of(work.job_of(sweep))  # compiled before workers would wait for the compiler in turn
    order = Order(store.path, uuid.uuid4().hex, work.version(sweep), tuple(models.allowed()), ())
    with pool(crew, order) as hands:
        tasks = Tasks(store, hands, order)
        began = time.perf_counter()
        while tasks.go_on(bool(stopped())):
            rows = tasks.finished()
            fresh = sum(math.prod(row.extent) - math.prod(store.extent[row.block]) for row in rows if any(row.extent))
            if rows:
                tasks.record(rows)
                location.insist(functools.partial(_write, store, held))
            progress = Progress(
                done=progress.done + int(fresh),
                total=progress.total,
                new=progress.new + int(fresh),
                steps=progress.steps + sum(row.steps for row in rows),
                seconds=time.perf_counter() - began,
                failed=tasks.failed,
                threads=hands.size(),
            )
            location.insist(functools.partial(heart.beat, progress))
            if rows:
                report(progress)
    if stopped() and progress.done < progress.total:
        raise Interrupted(stopped())
    heart.beat(progress, "failed" if progress.failed else "finished")
    store.consolidate()
    return progress


def _write(store: Store, held: Callable[[], None]) -> None:
    held()
    store.checked()
    store.ledger.flush()
