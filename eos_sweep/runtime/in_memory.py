"""A sweep in memory: the kernels, labels and attributes of a stored one, without a store."""

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from eos_sweep.analysis.in_order import about_in_order, names_in_order
from eos_sweep.contract import is_array
from eos_sweep.errors import one_line
from eos_sweep.progress.amounts import Progress
from eos_sweep.runtime import compiler, evaluation
from eos_sweep.spec import rule_inputs
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import provenance, schema
from eos_sweep.store.blocks import block_shape
from eos_sweep.store.states import READY

SHARED_STEPS = 2**22  # steps that are worth another thread: eight milliseconds, as much as sharing costs
OTHER_STEPS = 2**9  # steps that take as long as what else is done for a trajectory
PARTS = 4  # parts for each thread, so that all are busy to the end

Batch = tuple[dict[str, np.ndarray], float]  # what was computed, and the seconds it took


def compute(sweep: Sweep, threads: int, report: Callable[[Progress], None] | None = None) -> xr.Dataset:
    """Return the dataset of a sweep; its numbers have the bits of a stored one.

    Parameters
    ----------
    sweep
        The sweep.
    threads
        Number of threads that compute.
    report
        Function that is called with the progress whenever trajectories are done.

    Raises
    ------
    SpecError
        If the sweep is too large.
    RuntimeError
        If the model raised an error; it names a trajectory that does.
    """
    block_shape(sweep)  # checks the size, and the chunks that a store would have
    coordinates, limits = schema.coordinates(sweep), sweep.limits
    compiler.prepare(sweep.job(), sweep.size)
    values = {name: np.empty(sweep.shape, variable.dtype) for name, variable in sweep.stored.items()}
    region = tuple(slice(0, size) for size in sweep.shape)
    run = functools.partial(_timed, sweep, region)
    seconds, began, progress = 0.0, time.perf_counter(), Progress(0, sweep.size, threads=threads)
    for cells, (found, spent) in _batches(run, _parts(sweep, threads), threads):
        points = evaluation.points(sweep, region, cells)
        evaluation.enter(values, cells, found, limits, rule_inputs.read(sweep, points, limits))
        seconds += spent
        progress = progress.advanced(cells.size, int(found["work"].sum()))
        if report:
            report(progress._replace(seconds=time.perf_counter() - began))
    about = provenance.attributes(sweep) | {"thresholds": limits.json()}
    about |= {"total_steps": progress.steps, "core_seconds": seconds}
    attributes = schema.attributes(sweep.stored, limits)
    return xr.Dataset(
        {
            name: xr.Variable(sweep.dims, values[name], attributes[name], fastpath=True)
            for name in names_in_order(values)
        },
        {name: _coordinate(name, *coordinate) for name, coordinate in coordinates.items()},
        about_in_order({"eos_sweep": READY, **about}),
    )


def _coordinate(name: str, dims: tuple[str, ...], values: np.ndarray, attributes: dict[str, Any]) -> xr.Variable:
    """Return a coordinate in a form of which xarray need not ask whether it is an array of dask.

    To ask, it would import dask, which takes a third of a second.
    """
    if dims == (name,):
        return xr.Variable(dims, pd.Index(values), attributes)
    return xr.Variable(dims, values, attributes, fastpath=True)


def _parts(sweep: Sweep, threads: int) -> list[np.ndarray]:
    """Return the flat indices of the cells, in batches."""
    size = 1 if is_array(sweep.module) else evaluation.BATCH_TRAJECTORIES
    if threads > 1 and (shares := sweep.size * (sweep.steps + OTHER_STEPS) // SHARED_STEPS):
        size = min(size, -(-sweep.size // min(shares, PARTS * threads)))
    cells = np.arange(sweep.size)
    return [cells[at : at + size] for at in range(0, sweep.size, size)]


def _batches(
    run: Callable[[np.ndarray], Batch], parts: Sequence[np.ndarray], threads: int
) -> Iterator[tuple[np.ndarray, Batch]]:
    """Yield the cells of each batch and what was computed for them."""
    with ThreadPoolExecutor(threads) as pool:  # which starts no thread before it has work
        yield from zip(parts, map(run, parts) if len(parts) == 1 else pool.map(run, parts), strict=True)


def _timed(sweep: Sweep, region: evaluation.Region, cells: np.ndarray) -> Batch:
    began = time.thread_time()
    try:
        return evaluation.evaluate(sweep, region, cells), time.thread_time() - began
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # of the model's own code, which may raise SystemExit
        one = evaluation.failing_cells(functools.partial(evaluation.evaluate, sweep, region), cells)
        raise RuntimeError(f"the run failed at {evaluation.point(sweep, region, one)}: {one_line(error)}") from error
