"""Runs orders on a worker: computes and writes the blocks of an order, and returns a ledger row for each."""

import contextlib
import functools
import itertools
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from eos_sweep.contract import is_array
from eos_sweep.engine import preparing
from eos_sweep.errors import InputError, Stopped, one_line
from eos_sweep.runtime import flights, known_cells
from eos_sweep.runtime.evaluation import (
    BATCH_TRAJECTORIES,
    Region,
    enter,
    evaluate,
    failing_cells,
    point,
    points,
    shape_of,
)
from eos_sweep.runtime.flights import Flight
from eos_sweep.runtime.keeping import BlockKeeper, Paused, Writing
from eos_sweep.runtime.known_cells import Part
from eos_sweep.runtime.order import Order, Unfit
from eos_sweep.runtime.stores_of_order import opened, reached
from eos_sweep.spec import rule_inputs
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.ledger import Row
from eos_sweep.store.reuse import Source
from eos_sweep.store.store import Store


class _BatchFailed(Exception):
    """A batch of a block raised ``error``."""

    def __init__(self, cells: np.ndarray, error: BaseException, variables: tuple[str, ...]):
        super().__init__()
        self.cells, self.error, self.variables = cells, error, variables


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
        """The seconds so far, on the thread that owns it."""
        return time.thread_time() - self._began + sum(self._other_threads)


def objection(order: Order) -> str:
    """Return why this process cannot compute what is ordered, such as another version; an empty text if it can."""
    try:
        opened(order)
    except BaseException as error:  # whatever the import of a model raises, and an error may not travel
        return one_line(error)
    return ""


def fulfil(
    order: Order,
    map_batches: Callable = map,
    writing: Writing = contextlib.nullcontext,
    computed: Writing = contextlib.nullcontext,
) -> list[Row]:
    """Compute and write the blocks of an order; cells that are already computed stay.

    Parameters
    ----------
    order
        The blocks.
    map_batches
        ``map``, or a function that does the same on several threads; it gets the batches of each block.
    writing
        Returns a context to write in, which raises Stopped if nothing must be written any more.
    computed
        Returns a context to write a block in when all of it is computed, so that another one may be computed meanwhile.

    Returns
    -------
    list of Row
        One for each block, whether it is done or has failed.
    """
    try:
        store, sources = reached(order)
        for variables in known_cells.computed(store.sweep, sources):
            # Here, so that compiling is no part of a block's time.
            preparing.prepare(store.sweep.job(variables=variables), store.sweep.size)
    except Unfit:
        raise
    except (InputError, OSError) as error:  # the store is not reached from here, or no longer
        raise Unfit(one_line(error)) from None
    except BaseException as error:  # of the model's own code, too, which may raise SystemExit
        reason = _traced(error)
        return [Row.failed(block, reason) for block, _ in order.blocks]
    with flights.joined(order.run, [block for block, _ in order.blocks]) as flight:
        return [
            compute_block(store, block, known, map_batches, writing, sources, flight, computed)
            for block, known in order.blocks
        ]


def compute_block(
    store: Store,
    block: tuple[int, ...],
    known: tuple[int, ...],
    map_batches: Callable = map,
    writing: Writing = contextlib.nullcontext,
    sources: Sequence[Source] = (),
    flight: Flight | None = None,
    computed: Writing = contextlib.nullcontext,
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
    sources
        Other stores that have some of its cells.
    flight
        Is told how far networks are, and says whether to stop.
    computed
        See :func:`fulfil`.
    """
    watch = _Stopwatch()
    failed = Row.failed(block, "")
    flight = flight or Flight()
    if flight.pausing:
        return failed._replace(paused=True)
    keeper = BlockKeeper(store, block, flight, writing)
    region = store.region(block)
    steps = 0
    try:
        values = {name: np.empty(shape_of(region), array.dtype) for name, array in store.arrays.items()}
        parts = known_cells.parts(store, block, known, sources)
        for part in parts:
            compute = functools.partial(_kept, keeper, store.sweep, region, part.missing)
            for some, found in _batches(watch.timed(compute), part, map_batches):
                steps += int(found["work"].sum()) if part.missing else 0
                enter(values, some, found, store.thresholds, _some_inputs(store, region, some))
        with computed():
            chunks = _written(store, block, values, writing)
    except _BatchFailed as failure:
        # The block is reported as failed, with the reason; the others go on.
        error = _traced(failure.error)
        compute = functools.partial(evaluate, store.sweep, region, variables=failure.variables)
        where = point(store.sweep, region, failing_cells(compute, failure.cells))
        return failed._replace(seconds=watch.seconds, error=error, point=where)
    except Paused:
        return failed._replace(seconds=watch.seconds, paused=True)
    except Stopped as reason:
        return failed._replace(seconds=watch.seconds, stop=str(reason))
    except Exception as error:
        return failed._replace(seconds=watch.seconds, error=_traced(error))
    return Row(
        block,
        shape_of(region),
        seconds=watch.seconds + keeper.earlier_seconds,
        steps=steps,
        chunks=chunks,
        reused=sum(part.cells.size for part in parts if part.reused),
        anew=not any(part.own for part in parts),
        kept=keeper.wrote,
        earlier=keeper.earlier_steps,
    )


def _kept(
    keeper: BlockKeeper, sweep: Sweep, region: Region, variables: tuple[str, ...], cells: np.ndarray
) -> dict[str, np.ndarray]:
    """Return what :func:`evaluate` does; networks go on from where an earlier run has kept them."""
    one = keeper.batch(cells) if is_array(sweep.module) else None
    return evaluate(sweep, region, cells, variables, one)


def _batches(
    compute: Callable, part: Part, map_batches: Callable
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Yield the cells of each batch, and what is known or computed of them; _BatchFailed names a batch that fails."""
    starts = range(0, part.cells.size, BATCH_TRAJECTORIES)
    batches = [part.cells[at : at + BATCH_TRAJECTORIES] for at in starts]
    results = iter(map_batches(compute, batches) if part.missing else itertools.repeat({}))
    for at, some in zip(starts, batches, strict=True):
        try:
            found = next(results)
        except Stopped:
            raise
        except BaseException as error:  # a model may raise SystemExit; signals come to the main thread alone
            raise _BatchFailed(some, error, part.missing) from None
        yield some, {name: known[at : at + some.size] for name, known in part.values.items()} | found


def _some_inputs(store: Store, region: Region, cells: np.ndarray) -> dict[str, np.ndarray]:
    """Return the inputs of some cells that the regime rules read."""
    return rule_inputs.read(store.sweep, points(store.sweep, region, cells), store.thresholds)


def _traced(error: BaseException) -> str:
    """Return the traceback of an error as text."""
    try:
        return "".join(traceback.format_exception(error))
    except BaseException:  # of an error that cannot describe itself
        return f"{type(error).__name__}: {one_line(error)}"


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
