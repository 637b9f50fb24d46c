"""Runs orders on a worker: computes and writes the blocks of an order, and returns a ledger row for each."""

import contextlib
import functools
import math
import threading
import time
import traceback
from collections.abc import Callable, Iterator

import numpy as np

from eos_sweep import models
from eos_sweep.engine import batch
from eos_sweep.errors import InputError, Stopped, one_line
from eos_sweep.rules import Limits
from eos_sweep.runtime.order import Order, Unfit, version
from eos_sweep.spec import labels, rule_inputs
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.ledger import Row
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store

BATCH_TRAJECTORIES = 2**14  # trajectories of one kernel call: its table stays in the cache

Writing = Callable[[], contextlib.AbstractContextManager]  # entered while a block is written
Region = tuple[slice, ...]  # of the grid, one slice for each axis


class _BatchFailed(Exception):
    """A batch of a block raised ``error``."""

    def __init__(self, cells: np.ndarray, error: BaseException):
        super().__init__()
        self.cells, self.error = cells, error


class _Stopwatch:
    """Measures the core seconds of one block, on the thread that owns it and on those that compute its batches."""

    def __init__(self) -> None:
        self._owner = threading.get_ident()
        self._began = time.thread_time()
        self._other_threads: list[float] = []

    def timed(self, function: Callable) -> Callable:
        """Return ``function`` so that its time on other threads counts, too."""

        def measured(*arguments):
            began = time.thread_time()
            found = function(*arguments)
            if threading.get_ident() != self._owner:
                self._other_threads.append(time.thread_time() - began)
            return found

        return measured

    @property
    def seconds(self) -> float:
        return time.thread_time() - self._began + sum(self._other_threads)


def objection(order: Order) -> str:
    """Return why this process cannot compute what is ordered, such as another version; an empty text if it can."""
    try:
        _store_of(order)
    except BaseException as error:  # whatever the import of a model raises, and an error may not travel
        return one_line(error)
    return ""


def fulfil(order: Order, map_batches: Callable = map, writing: Writing = contextlib.nullcontext) -> list[Row]:
    """Compute and write the blocks of an order; cells that are already computed stay.

    Parameters
    ----------
    order
        The blocks.
    map_batches
        ``map``, or a function that does the same on several threads; it gets the batches of each block.
    writing
        Returns a context to write a block in, which raises Stopped if nothing must be written any more.

    Returns
    -------
    list of Row
        One for each block, whether it is done or has failed.
    """
    try:
        store = _reached(order)
        batch.prepare(store.sweep.job())  # so that compiling is no part of a block's time
    except Unfit:
        raise
    except (InputError, OSError) as error:  # the store is not reached from here, or no longer
        raise Unfit(one_line(error)) from None
    except BaseException as error:  # of the model's own code, too, which may raise SystemExit
        reason = _traced(error)
        return [Row.failed(block, reason) for block, _ in order.blocks]
    return [compute_block(store, block, known, map_batches, writing) for block, known in order.blocks]


def _reached(order: Order) -> Store:
    """Return the store of an order; a remote one that cannot be reached is tried again for a minute."""
    found = []

    def attempt() -> None:
        try:
            found.append(_store_of(order))
        except InputError as error:
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from None
            raise

    try:
        Location(order.path).retry(attempt)
    except Stopped as error:
        raise Unfit(f"{order.path}: cannot be reached, {one_line(error.__cause__ or error)}") from None
    return found[0]


def _store_of(order: Order) -> Store:
    return _open_once(order.path, order.store_id, order.run, order.version, order.models)


@functools.lru_cache(maxsize=2)
def _open_once(path: str, store_id: str, run: str, wanted: str, own_models: tuple[str, ...]) -> Store:
    """Open a store once for each run: another run may find another store there."""
    for module in own_models:
        models.allow(module)
    store = Store.open(path)
    if store.id != store_id:
        raise Unfit(f"{path} is another store there than where the run was started")
    if (here := version(store.sweep)) != wanted:
        raise Unfit(f"it has {here}, not {wanted}")
    return store


def compute_block(
    store: Store,
    block: tuple[int, ...],
    known: tuple[int, ...],
    map_batches: Callable = map,
    writing: Writing = contextlib.nullcontext,
) -> Row:
    """Compute, label and write one block, and return its ledger row; the row of a failed block has the reason.

    Parameters
    ----------
    store
        The store to write to.
    block
        Index of the block.
    known
        Cells along each axis, from the block's origin, that are already computed; they stay.
    map_batches, writing
        See :func:`fulfil`.
    """
    watch = _Stopwatch()
    failed = Row.failed(block, "")
    region = store.region(block)
    compute = functools.partial(evaluate, store.sweep, region)
    steps = 0
    try:
        values, cells = _known_values(store, block, known)
        anew = cells.size == math.prod(_shape(region))
        for some, found in _batches(watch.timed(compute), cells, map_batches):
            steps += int(found["work"].sum())
            enter(values, some, found, store.thresholds, _some_inputs(store, region, some))
        chunks = _written(store, block, values, writing)
    except _BatchFailed as failure:
        # The block is reported as failed, with the reason; the others go on.
        error = _traced(failure.error)
        where = point(store.sweep, region, failing_cells(compute, failure.cells))
        return failed._replace(seconds=watch.seconds, error=error, point=where)
    except Stopped as reason:
        return failed._replace(seconds=watch.seconds, stop=str(reason))
    except Exception as error:
        return failed._replace(seconds=watch.seconds, error=_traced(error))
    return Row(block, _shape(region), seconds=watch.seconds, steps=steps, chunks=chunks, anew=anew)


def _known_values(
    store: Store, block: tuple[int, ...], known: tuple[int, ...]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return a block's variables, filled where they are known, and the flat indices of the cells to compute."""
    shape = _shape(store.region(block))
    missing = np.ones(shape, bool)
    if not all(known) or set(store.damaged(block)) - set(labels.LABELS):
        return {name: np.empty(shape, array.dtype) for name, array in store.arrays.items()}, np.flatnonzero(missing)
    missing[tuple(slice(size) for size in known)] = False
    values = {name: store.read(block, name) for name in store.arrays if name not in labels.LABELS}
    known_here = values | store.inputs(block)
    return values | labels.classify(known_here.__getitem__, store.arrays, store.thresholds), np.flatnonzero(missing)


def _batches(
    compute: Callable, cells: np.ndarray, map_batches: Callable
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Yield the cells of each batch and what is computed for them; _BatchFailed names the cells of one that fails."""
    parts = [cells[at : at + BATCH_TRAJECTORIES] for at in range(0, cells.size, BATCH_TRAJECTORIES)]
    results = iter(map_batches(compute, parts))
    for part in parts:
        try:
            found = next(results)
        except Stopped:
            raise
        except BaseException as error:  # a model may raise SystemExit; signals come to the main thread alone
            raise _BatchFailed(part, error) from None
        yield part, found


def enter(
    values: dict[str, np.ndarray],
    cells: np.ndarray,
    found: dict[str, np.ndarray],
    thresholds: Limits,
    inputs: dict[str, np.ndarray],
) -> None:
    """Enter what was computed for some cells, and their labels, into a block's variables."""
    with np.errstate(over="ignore"):  # float32 has a smaller infinity
        stored = {name: found[name].astype(array.dtype) for name, array in values.items() if name in found}
    # Labels come from the values as stored, so that labelling a stored sweep again gives the same ones.
    stored |= labels.classify((inputs | stored).__getitem__, stored, thresholds)
    for name, array in values.items():
        array.reshape(-1)[cells] = stored[name]


def evaluate(sweep: Sweep, region: Region, cells: np.ndarray) -> dict[str, np.ndarray]:
    """Run the trajectories of some cells, given by their flat indices within a region of the grid."""
    return batch.run(sweep.job(), *sweep.inputs(points(sweep, region, cells)))


def points(sweep: Sweep, region: Region, cells: np.ndarray) -> dict[str, np.ndarray]:
    """Return axis -> value of some cells of a region."""
    places = np.unravel_index(cells, _shape(region))
    return {
        axis.name: axis.values[part.start + place] for axis, part, place in zip(sweep.axes, region, places, strict=True)
    }


def _some_inputs(store: Store, region: Region, cells: np.ndarray) -> dict[str, np.ndarray]:
    """Return the inputs of some cells that the regime rules read."""
    return rule_inputs.read(store.sweep, points(store.sweep, region, cells), store.thresholds)


def failing_cells(compute: Callable, cells: np.ndarray) -> np.ndarray:
    """Return the cell that makes ``compute`` fail, or the fewest cells that do so together."""
    while cells.size > 1:
        half = cells.size // 2
        for some in (cells[:half], cells[half:]):
            try:
                compute(some)
            except BaseException:
                cells = some
                break
        else:
            return cells
    return cells


def point(sweep: Sweep, region: Region, cells: np.ndarray) -> str:
    """Return the coordinates and the indices of the first of some cells, as text."""
    places = np.unravel_index(cells[:1], _shape(region))
    indices = [part.start + place for part, place in zip(region, places, strict=True)]
    return ", ".join(
        f"{axis.name} = {float(axis.values[index][0])!r} (index {index[0]})"
        for axis, index in zip(sweep.axes, indices, strict=True)
    )


def _traced(error: BaseException) -> str:
    """Return the traceback of an error as text."""
    try:
        return "".join(traceback.format_exception(error))
    except BaseException:  # of an error that cannot describe itself
        return f"{type(error).__name__}: {one_line(error)}"


def _shape(region: Region) -> tuple[int, ...]:
    return tuple(part.stop - part.start for part in region)


def _written(store: Store, block: tuple[int, ...], values: dict[str, np.ndarray], writing: Writing) -> int:
    """Write the chunks of a block and return their digest."""
    found = 0

    def attempt() -> None:
        nonlocal found
        with writing():
            store.checked()  # the store may have been replaced, and must not be spoilt
            found = store.write(block, values)

    store.location.retry(attempt)
    return found
