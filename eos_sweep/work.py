"""What a worker does: an order comes in, names and numbers; its blocks are computed and written; rows go back."""

import functools
import importlib.metadata
import os
import platform
import threading
import time
import traceback
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from eos_sweep import batch, models, provenance, schema
from eos_sweep.errors import Stopped
from eos_sweep.ledger import Row
from eos_sweep.spec import Sweep
from eos_sweep.store import Store

BATCH = 2**14  # trajectories of one kernel call: its table stays in the cache
VERSIONS = ("eos-sweep", "numba", "llvmlite", "numpy", "zarr")
_BUILDING = threading.Lock()


class Order(NamedTuple):
    """What a task is told."""

    path: str
    run: str  # a name of the run: another run may find another store at the path
    version: str  # that the worker must have, see ``version``
    models: tuple[str, ...]  # modules of the user's own that were let in
    blocks: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]  # and what of each is known, from its origin


class OtherVersion(RuntimeError):
    """A worker has other sources or libraries than the process that gives the orders; it computed nothing."""


def fulfil(order: Order, each: Callable = map) -> list[Row]:
    """Compute and write the blocks of an order; what is known of them stays.

    Their trajectories go in batches through ``each``, which is ``map`` or does the same on other threads.
    """
    store = _opened(*order[:4])
    with _BUILDING:  # one thread compiles, the others wait for it
        batch.kernel_of(job_of(store.sweep))
    return [compute_block(store, block, known, each) for block, known in order.blocks]


def check(order: Order) -> None:
    """Raise OtherVersion if this process would compute other numbers than ordered, InputError if it has no store."""
    _opened(*order[:4])


@functools.lru_cache(maxsize=2)
def _opened(path: str, run: str, wanted: str, own: tuple[str, ...]) -> Store:
    """Open a store once a run: another run may find another one there."""
    for module in own:
        models.allow(module)
    store = Store.open(path)
    if (here := version(store.sweep)) != wanted:
        raise OtherVersion(f"has {here}, not {wanted}")
    return store


def version(sweep: Sweep) -> str:
    """Return what must be the same wherever blocks of one store are computed: libraries, and the digest of sources."""
    libraries = [f"{name} {importlib.metadata.version(name)}" for name in VERSIONS]
    python = ".".join(platform.python_version_tuple()[:2])
    return ", ".join([f"sources {provenance.model_digest(sweep)}", *libraries, f"Python {python}"])


def compute_block(store: Store, block: tuple[int, ...], known: tuple[int, ...], each: Callable = map) -> Row:
    """Compute and write one block; what lies within ``known`` from its origin is there already, and stays."""
    began = time.thread_time()
    nothing = (0,) * len(block)
    region = store.region(block)
    shape = tuple(part.stop - part.start for part in region)
    run = functools.partial(evaluate, store.sweep, region, shape)
    values, wanted = _known(store, block, known, shape)
    batches = [wanted[at : at + BATCH] for at in range(0, wanted.size, BATCH)]
    steps, elsewhere = 0, 0.0  # seconds of other threads

    def spent() -> float:
        return time.thread_time() - began + elsewhere

    results = iter(each(functools.partial(_timed, run, threading.get_ident()), batches))
    for cells in batches:
        try:
            found, seconds = next(results)
        except Exception:
            # The block is reported as failed, with the reason; the others go on.
            error, point = traceback.format_exc(), _point(store.sweep, region, shape, _culprit(run, cells))
            return Row(block, nothing, spent(), 0, error, point)
        elsewhere += seconds
        steps += int(found["work"].sum())
        with np.errstate(over="ignore"):  # float32 has a smaller infinity
            found = {name: found[name].astype(array.dtype) for name, array in values.items() if name in found}
        found |= schema.labelled(found.__getitem__, found, store.thresholds)  # from what is stored, as precisely
        for name, array in values.items():
            array.reshape(-1)[cells] = found[name]
    try:
        store.location.insist(lambda: _write(store, block, values))
    except Stopped as reason:
        return Row(block, nothing, spent(), 0, stop=str(reason))
    except Exception:
        return Row(block, nothing, spent(), 0, traceback.format_exc())
    return Row(block, shape, spent(), steps)


def _timed(run: Callable, owner: int, cells: np.ndarray) -> tuple[dict[str, np.ndarray], float]:
    """Return what ``run`` finds, and the seconds that it took of another thread than its owner."""
    began = time.thread_time()
    found = run(cells)
    return found, 0.0 if threading.get_ident() == owner else time.thread_time() - began


def _known(
    store: Store, block: tuple[int, ...], known: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return a block's variables, with what is known of them, and the flat indices of the cells to compute."""
    missing = np.ones(shape, bool)
    if not all(known) or store.damaged(block):
        types = schema.dtypes(store.sweep)
        return {name: np.empty(shape, dtype) for name, dtype in types.items()}, np.flatnonzero(missing)
    missing[tuple(slice(size) for size in known)] = False
    return {name: store.read(block, name) for name in store.arrays}, np.flatnonzero(missing)


def evaluate(
    sweep: Sweep, region: tuple[slice, ...], shape: tuple[int, ...], cells: np.ndarray
) -> dict[str, np.ndarray]:
    """Run the trajectories of some cells, given by their flat indices within a region of the grid."""
    places = np.unravel_index(cells, shape)
    points = {
        axis.name: axis.values[part.start + place] for axis, part, place in zip(sweep.axes, region, places, strict=True)
    }
    return batch.run(job_of(sweep), *sweep.inputs(points))


def _culprit(run: Callable, cells: np.ndarray) -> np.ndarray:
    """Return the cell that makes ``run`` fail, or as few as do so together."""
    while cells.size > 1:
        half = cells.size // 2
        for some in (cells[:half], cells[half:]):
            try:
                run(some)
            except Exception:
                cells = some
                break
        else:
            return cells
    return cells


def _point(sweep: Sweep, region: tuple[slice, ...], shape: tuple[int, ...], cells: np.ndarray) -> str:
    places = [part.start + place for part, place in zip(region, np.unravel_index(cells[:1], shape), strict=True)]
    return ", ".join(
        f"{axis.name} = {float(axis.values[place][0])!r} (index {place[0]})"
        for axis, place in zip(sweep.axes, places, strict=True)
    )


def _write(store: Store, block: tuple[int, ...], values: dict[str, np.ndarray]) -> None:
    store.checked()  # another run's store would be spoilt
    store.write(block, values)


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def job_of(sweep: Sweep) -> batch.Job:
    """Return what a kernel does for each trajectory of ``sweep``."""
    return batch.Job(sweep.module, sweep.variables, sweep.steps, sweep.tolerance, sweep.data)
