"""Runs a sweep into a store: a bounded number of orders of some blocks each is out at a time; ledger rows come back.

An order is names and numbers.  Its worker reads the spec from the store, computes the blocks' trajectories in kernels
that hold no lock, writes whole chunks, and reports; the process that called :func:`run` keeps the ledger.
"""

import functools
import logging
import math
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eos_sweep import models
from eos_sweep.contract import is_array
from eos_sweep.errors import InputError, Interrupted, Stopped, one_line
from eos_sweep.progress.amounts import Progress, Report
from eos_sweep.progress.bars import reporting
from eos_sweep.runtime import compiler, flights, known_cells, more_seeds, process_server, pyramid_of_run
from eos_sweep.runtime.block_queue import BlockQueue
from eos_sweep.runtime.interrupt import stop_requests
from eos_sweep.runtime.main_guard import check_main_guard
from eos_sweep.runtime.order import Order, version
from eos_sweep.runtime.pool_factory import open_pool
from eos_sweep.runtime.resources import Resources
from eos_sweep.runtime.stopped_networks import counted, kept
from eos_sweep.spec.growing import growing_of
from eos_sweep.spec.kept_axes import adopted, replaced
from eos_sweep.spec.overlap import Reuse
from eos_sweep.spec.sweeps import Sweep, load_spec
from eos_sweep.store import audit, checkpoints, growth, partial_files
from eos_sweep.store.blocks import block_shape
from eos_sweep.store.heartbeat import Heartbeat
from eos_sweep.store.kept import words
from eos_sweep.store.ledger import Row
from eos_sweep.store.location import Location
from eos_sweep.store.lock import Held, locked
from eos_sweep.store.prepare import check_place, discard, prepare
from eos_sweep.store.reuse import Source, open_source
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")


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
    reuse: Reuse = (),
    report: Report | None = None,
    progress: bool | None = None,
) -> Progress:
    """Run a sweep into a store; if the store exists, run what is left of it.

    Parameters
    ----------
    spec
        The sweep, or the path of its TOML file.
    out
        Folder of the store, or a URL that fsspec opens (``"s3://bucket/name.zarr"``).  A store of the same spec is
        resumed.  A store all of whose trajectories the spec has, too, grows: by further values anywhere on its axes, by
        axes, or by observables.  Nothing that is stored is computed again.
    workers
        Number of processes of this machine.
    threads
        Number of threads of this process; the default is one for each core.
    scheduler
        Address of a dask scheduler, or a dask ``Client`` or ``Cluster``.  Its workers must have the same versions and
        reach ``out`` by the same name.
    scheduler_file
        File in which a dask scheduler has written its address.
    overwrite
        Delete a sweep that is stored there.
    check
        Compare all that is stored with checksums, seals and the spec, and mend what is damaged.  This is always done
        after a run that was killed.
    reuse
        Path or URL of another store, or several.  What they have of the sweep is taken over, bit for bit; they are only
        read, and may have other axes, chunks and observables.
    report
        Function that is called with the progress whenever blocks are done, and now and then while networks train.
    progress
        Whether to show a bar; by default on a terminal and in a notebook, unless there is a ``report``.

    Returns
    -------
    Progress
        Numbers of trajectories ``done``, ``total``, ``new`` and ``reused``, ``steps``, ``seconds``, and ``failed``
        blocks.  The errors of failed blocks are in the ledger; the next run tries these blocks again.

    Raises
    ------
    SpecError
        If the spec is wrong, or ``out`` holds something else; nothing has been created or changed then.
    InputError
        If another process is at work on the store, or a worker has another version.
    Stopped
        If the run could not go on: the disk is full, the store was deleted, the scheduler was lost.  Recorded blocks
        are kept.
    KeyboardInterrupt
        After Ctrl-C or SIGTERM, when the blocks in flight are done and recorded.  Networks in flight are kept as they
        are, and the next run goes on with them.  A second signal drops these blocks.

    Examples
    --------
    >>> import tempfile
    >>> import eos_sweep
    >>> spec = eos_sweep.Sweep.from_dict({
    ...     "model": "quadratic", "steps": 20, "observables": ["steps_taken"],
    ...     "axes": {"eta": [0.1, 0.2, 0.3]}, "parameters": {"a1": 1}, "initial": {"theta1": 1},
    ... })
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = eos_sweep.run(spec, f"{folder}/quadratic.zarr")
    ...     again = eos_sweep.run(spec, f"{folder}/quadratic.zarr")
    >>> first.done, first.new, first.failed
    (3, 3, 0)
    >>> again.done, again.new, again.failed
    (3, 0, 0)
    """
    sweep = spec.checked() if isinstance(spec, Sweep) else load_spec(spec)
    resources = Resources(workers, threads, scheduler, scheduler_file)
    with reporting(report, progress) as reports:
        return run_on(resources, sweep, out, overwrite=overwrite, check=check, reuse=reuse, report=reports)


def run_on(
    resources: Resources,
    sweep: Sweep,
    out: str | Path,
    *,
    overwrite: bool = False,
    check: bool = False,
    reuse: Reuse = (),
    report: Report | None = None,
) -> Progress:
    """Run a sweep on the given resources; the rest is as for :func:`run`."""
    if growing := growing_of(sweep.axes):

        def once(sweep: Sweep, overwrite: bool) -> Progress:
            return run_on(resources, sweep, out, overwrite=overwrite, check=check, reuse=reuse, report=report)

        return more_seeds.run_until_known(once, sweep, out, growing, overwrite)
    resources = resources.checked()
    if resources.workers is not None:
        check_main_guard()
        process_server.start()
    location, shape = Location(out), block_shape(sweep)
    resources.check_reach(location)
    check_place(location, sweep)
    others, given = _opened(resources, location, reuse), sweep
    for other in others:
        sweep = adopted(sweep, other.sweep)
    known = [Source(other, sweep) for other in others]  # raises if one has nothing to take over
    with stop_requests(is_array(sweep.module)) as stop_signal, locked(location, stop_signal) as held:
        store = prepare(location, sweep, shape, overwrite, check)
        former = growth.former(location)
        sources = [one.of(store.sweep) for one in known] + ([Source(former, store.sweep)] if former else [])
        heartbeat, never_run = Heartbeat(store, held), not store.ledger.heartbeat
        for line in replaced(given, store.sweep) if never_run else ():
            LOG.warning("%s: %s", location, line)
        if lost := store.lost_rows():
            LOG.warning("%s: %s", location, lost)
        try:
            partial_files.remove(location, chunks=heartbeat.died or not store.done().all())
            if is_array(store.sweep.module):
                location.retry(functools.partial(checkpoints.tidy, location, store.done()), held)
            if heartbeat.died or check:
                beat = functools.partial(location.retry, heartbeat.checking)
                beat()
                audit.mend(store, held, functools.partial(_check_on, stop_signal, beat))
                heartbeat.checked()
            location.retry(store.consolidate, held)  # a run that was killed may have ended before it did so
            progress = _finish(store, sources, resources, heartbeat, held, stop_signal, report or _unreported)
            location.retry(functools.partial(pyramid_of_run.write, store, resources, check, held), held)
            growth.finish(location, store)
            if is_array(store.sweep.module) and progress.done == progress.total:
                location.retry(functools.partial(checkpoints.clear, location), held)
            return progress
        except OSError as error:
            stopped = Stopped(f"{location}: {one_line(error)}; fix that, then run the same command again")
            heartbeat.stop(stopped)
            raise stopped from error
        except BaseException as error:
            heartbeat.stop(error)
            if isinstance(error, InputError) and never_run and not store.extent.any():
                held()
                discard(location, sweep)
                growth.put_back(location)
            raise


def _opened(resources: Resources, location: Location, reuse: Reuse) -> list[Store]:
    """Return the stores from which the one at ``location`` takes over cells."""
    found = []
    for place in (reuse,) if isinstance(reuse, str | Path) else reuse:
        other = open_source(place)
        resources.check_reach(other.location)
        if other.location.absolute == location.absolute:
            raise InputError(f"reuse: {place} is the store of this run; leave it out, or give the run another place")
        found.append(other)
    return found


def _unreported(progress: Progress) -> None:
    """Report to nobody."""


def _check_on(stop_signal: Callable[[], int], beat: Callable[[], None], *progress: Any) -> None:
    """Raise Interrupted if a signal has come; the check that is interrupted stays due."""
    if stop_signal():
        raise Interrupted(stop_signal())
    beat()


def _finish(
    store: Store,
    sources: Sequence[Source],
    resources: Resources,
    heartbeat: Heartbeat,
    held: Held,
    stop_signal: Callable[[], int],
    report: Report,
) -> Progress:
    """Compute the blocks of ``store`` that are not done; Interrupted if a signal came before all of them were."""
    retry, progress = store.location.retry, Progress(store.computed(), store.sweep.size)
    report(progress)
    if progress.done == progress.total:
        if store.ledger.heartbeat.get("state") != "finished":
            retry(functools.partial(heartbeat.beat, progress.to_dict(), "finished"))
        return progress
    retry(functools.partial(heartbeat.beat, progress.to_dict()))
    before = kept(store)
    for variables in known_cells.computed(store.sweep, sources):
        # Here once, or all workers would compile it in turn.
        compiler.prepare(store.sweep.job(variables=variables), store.sweep.size)
    order = Order(
        path=store.location.absolute,
        store_id=store.id,
        run=uuid.uuid4().hex,
        version=version(store.sweep),
        models=models.own(store.sweep.module),
        blocks=(),
        reuse=tuple((source.store.path, source.store.id) for source in sources),
    )
    networks = is_array(store.sweep.module)
    with flights.watched(order.run) as flight, open_pool(resources, order, stop_signal, networks) as pool:
        blocks = BlockQueue(store, pool, order)
        began = time.perf_counter()
        pyramid_of_run.import_in_advance(store.sweep)
        while blocks.submit(stopping=bool(stop_signal())):
            if networks and stop_signal():
                pool.pause(order.run)
            rows = blocks.finished()
            steps, reused = sum(row.steps - row.earlier for row in rows), sum(row.reused for row in rows)
            progress = progress.advanced(_new_cells(store, rows), steps, reused)
            if rows:
                blocks.record(rows)
                retry(functools.partial(_flush_ledger, store), held)
                checkpoints.recorded(store.location, rows)
            for row in rows:
                if not row.paused:  # what is kept of it counts as begun to the end of the run
                    flight.landed(row.block)
            seconds = time.perf_counter() - began
            progress = progress._replace(seconds=seconds, failed=blocks.failed, threads=pool.size())
            begun = flight.begun
            now = progress._replace(begun=begun.trajectories, steps=progress.steps + begun.steps)
            retry(functools.partial(heartbeat.beat, now.to_dict()))
            if rows or begun.steps:
                report(now)
    if stop_signal() and progress.done < progress.total:
        after, steps = kept(store), store.sweep.steps
        if not resources.in_this_process:  # no other knows what has begun
            progress = counted(progress, before, after, steps)
            retry(functools.partial(heartbeat.beat, progress.to_dict()))
        raise Interrupted(stop_signal(), words(after, steps))
    retry(functools.partial(heartbeat.beat, progress.to_dict(), "failed" if progress.failed else "finished"))
    retry(store.consolidate, held)
    return progress


def _new_cells(store: Store, rows: Sequence[Row]) -> int:
    """Return how many cells the rows of finished blocks add to the ledger, which does not have them yet."""
    finished = [row for row in rows if any(row.extent)]
    return sum(math.prod(row.extent) - int(math.prod(store.extent[row.block])) for row in finished)


def _flush_ledger(store: Store) -> None:
    store.checked()
    store.ledger.flush()
