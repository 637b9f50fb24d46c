"""Where along an axis a regime, or any condition on observables, begins and ends: bracketed on a grid, then bisected.

Two neighbours on the grid of a sweep between which a condition changes are the ends of a bracket.  Trajectories from
points between them, by the kernel that sweeps use, narrow all brackets at once.  Further ones look for other changes
between the same neighbours (:mod:`eos_sweep.analysis.neighbourhoods`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis import predicted
from eos_sweep.analysis.by_cell import check_unmasked
from eos_sweep.analysis.columns import Columns, columns_of
from eos_sweep.analysis.labelled import limits_of
from eos_sweep.analysis.neighbourhoods import KINDS, changes_seen
from eos_sweep.analysis.predicates import Condition, Predicate, condition_of
from eos_sweep.engine import batch, preparing
from eos_sweep.engine.cores import cores
from eos_sweep.engine.lanes import WIDTH
from eos_sweep.errors import InputError
from eos_sweep.plain_data import scalar
from eos_sweep.progress.bars import Count, work_progress
from eos_sweep.spec.fields import at_least
from eos_sweep.spec.sweeps import Sweep

BATCH_TRAJECTORIES = 2**12  # trajectories of one kernel call
SECTIONS = 8  # of a bracket in one round, however many brackets there are, so that no edge depends on another
FINEST_RTOL = 1e-14  # narrower brackets are neighbouring doubles
NEAR_ZERO = 1e-3  # of a cell of the grid; for an edge nearer to zero the tolerance is relative to this
SIDES = {"none": 0, "begins": 1, "ends": 2}
# (columns, values of the axis), perhaps with what they are -> whether the condition holds
Evaluate = Callable[..., np.ndarray]


def boundary(
    sweep: Sweep | xr.Dataset,
    along: str,
    holds: str | Sequence[str] | Predicate,
    *,
    which: str = "all",
    rtol: float = 1e-6,
    against: str | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Find where along an axis a condition begins and where it ends, for each value of the other axes.

    Parameters
    ----------
    sweep
        A spec, or the dataset of a sweep or a slice of it, such as ``ds.isel(lambda2=0)``.  The values of ``along`` are
        the grid that is searched for changes: of two changes between neighbours none is found, of three one.
        Stored trajectories are not run again.
    along
        The axis.
    holds
        The condition: a regime, several regimes, a comparison such as ``"crossings > 0"``, or a function of the spec's
        observables such as ``lambda o: o.loss_max > 10 * o.loss_initial``.
    which
        ``"all"`` changes, the ``"first"`` or the ``"last"`` one along the axis.
    rtol
        Width of a bracket at which bisection ends, relative to the edge, or to a thousandth of the grid's cell if the
        edge is nearer to zero than that.  It says how far the edge in the bracket is from its middle; where an edge is
        not ``simple``, others are as far away as the neighbours on the grid.
    against
        A critical line of the model, such as ``"onset"``, with which the edges are compared.
    threads
        Number of threads; one for each core by default.
    progress
        Whether to show a bar; by default on a terminal and in a notebook.

    Returns
    -------
    Dataset
        Over the other axes and ``crossing``, in increasing order: ``edge``, the middle of the bracket (NaN where there
        is none), ``width`` of the bracket relative to the edge, and ``side``: whether the condition ``begins`` there,
        so that it holds above the edge, or ``ends``.  ``changes`` counts the changes that were seen between the same
        two neighbours on the grid, at distances from the edge that grow by half from the bracket's width on.  ``kind``
        is ``simple`` for one change, ``fractal`` if changes are met at all distances down to the bracket's width,
        ``several`` for any other number of them; the page *Reading datasets* defines it.

        With ``against`` also ``predicted``, the place of the line that is nearest to the edge, as
        :func:`critical_lines` has it, NaN if it has none in this column, and ``ratio``, the edge over that.

    Raises
    ------
    InputError
        If the axis, the condition or another argument is wrong, or if cells of the sweep are not computed yet.

    Examples
    --------
    >>> import eos_sweep
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2], "eta": [0.3, 1.7, 2.5]}, {}, {"theta1": 1}, steps=2000)
    >>> edges = eos_sweep.boundary(ds, "eta", "divergence")
    >>> edges.edge.round(2).values.ravel()  # 2/a1, up to runs that the budget ends
    array([2.01, 1.  ])
    """
    if which not in ("all", "first", "last"):
        raise InputError(f'which: got {which!r}; give "all", "first" or "last"')
    rtol, threads = scalar(rtol), cores() if threads is None else at_least("threads", threads, 1)
    if not FINEST_RTOL <= rtol < 1:
        raise InputError(f"rtol: got {rtol:g}; give a number from {FINEST_RTOL:g} to 1")
    columns = columns_of(sweep, along)
    spec, grid = columns.sweep, columns.grid
    condition = condition_of(holds, spec, limits_of(grid, {}))
    line = None if against is None else predicted.line_named(spec, against)
    with work_progress(progress) as show:
        edges = _edges(columns, condition, which, rtol, _evaluator(columns, condition, threads, show))
    quantity = spec.quantities[along]
    meaning = {
        "long_name": f"{quantity.long_name} at which {condition.label} begins or ends",
        "symbol": quantity.symbol,
    }
    about = {"title": meaning["long_name"], "holds": condition.label, "rtol": rtol} | columns.spec
    found = _dataset_of(columns.rest, *edges, meaning).assign_attrs(about)
    if line is None:
        return found
    return found.assign(predicted.against(found["edge"], columns, line)).assign_attrs(against=line.name)


def _edges(
    columns: Columns, condition: Condition, which: str, rtol: float, evaluate: Evaluate
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return the column of each edge, its bracket, whether the condition begins there, and what is seen beside it."""
    grid, values = columns.grid, columns.values
    points = np.repeat(np.arange(columns.count), values.size), np.tile(values, columns.count)
    if set(condition.reads) <= set(grid.data_vars):
        known = _stored(grid, condition, _inputs(columns, *points) if condition.of_inputs else {})
    else:
        known = evaluate(*points, "the grid")
    known = known.reshape(-1, values.size)
    rows, cells = _changes(known, which)
    begins = known[rows, cells + 1]
    ends = values[cells], values[cells + 1]
    edges = _narrowed(evaluate, rows, *ends, begins, rtol)
    return rows, edges, begins, changes_seen(evaluate, rows, edges, ends, begins)


def _inputs(columns: Columns, rows: np.ndarray, at: np.ndarray) -> dict[str, np.ndarray]:
    """Return name -> value of each input at points of the grid."""
    initial, parameters = columns.inputs(rows, at)
    return initial | parameters


def _evaluator(columns: Columns, condition: Condition, threads: int, show: Count) -> Evaluate:
    """Return the function that runs trajectories and evaluates the condition; it shows how far it is."""
    job = columns.sweep.job(variables=condition.reads)

    def evaluate_chunk(chunk: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        initial, parameters = columns.inputs(*chunk)
        return condition.test(batch.run(job, initial, parameters) | initial | parameters)

    def evaluate(rows: np.ndarray, at: np.ndarray, words: str = "beside the edges") -> np.ndarray:
        preparing.prepare(job, at.size)  # in this thread, which tells that a kernel compiles
        size = min(BATCH_TRAJECTORIES, max(WIDTH, -(-at.size // threads)))
        chunks = [(rows[k : k + size], at[k : k + size]) for k in range(0, at.size, size)]
        found, done = [np.zeros(0, bool)], 0
        with ThreadPoolExecutor(threads) as pool:
            for part in pool.map(evaluate_chunk, chunks):
                found.append(part)
                show(words, done := done + part.size, at.size)
        return np.concatenate(found)

    return evaluate


def _stored(grid: xr.Dataset, condition: Condition, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return whether the condition holds on the grid, from what is stored."""
    check_unmasked(grid)
    for name, fill in (("steps_taken", -1), ("outcome", 0)):
        if name in grid and (missing := int((grid[name] == fill).sum())):
            raise InputError(f"sweep: {missing} of its cells are not computed yet; eos-sweep run continues it")
    return condition.test({**inputs, **{name: grid[name].values.ravel() for name in condition.reads}})


def _changes(known: np.ndarray, which: str) -> tuple[np.ndarray, np.ndarray]:
    """Return row and cell of each change between a cell and the next, in order along each row."""
    rows, cells = np.nonzero(known[:, 1:] != known[:, :-1])
    if which == "all":
        return rows, cells
    side = np.diff(rows, prepend=-1) if which == "first" else np.diff(rows, append=known.shape[0])
    return rows[side > 0], cells[side > 0]


def _narrowed(
    evaluate: Evaluate, rows: np.ndarray, low: np.ndarray, high: np.ndarray, begins: np.ndarray, rtol: float
) -> tuple[np.ndarray, np.ndarray]:
    """Narrow each bracket to its lowest section with a change, until its width meets ``rtol``."""
    low, high, least = low.copy(), high.copy(), NEAR_ZERO * (high - low)
    share, turn = np.linspace(0.0, 1.0, SECTIONS + 1), 0
    while (left := np.flatnonzero(high - low > rtol * np.maximum(np.maximum(abs(low), abs(high)), least))).size:
        first, last = low[left, None], high[left, None]
        with np.errstate(all="ignore"):
            inner = np.where(first > 0.0, first * (last / first) ** share, first + (last - first) * share)
        inner[:, 0], inner[:, -1] = low[left], high[left]
        middle = inner[:, 1:-1]
        turn += 1
        found = evaluate(np.repeat(rows[left], middle.shape[1]), middle.ravel(), f"round {turn}").reshape(middle.shape)
        beyond = np.concatenate([found == begins[left, None], np.ones((left.size, 1), bool)], axis=1).argmax(axis=1)
        place = np.arange(left.size)
        low[left], high[left] = inner[place, beyond], inner[place, beyond + 1]
    return low, high


def _dataset_of(
    columns: xr.Dataset,
    rows: np.ndarray,
    edges: tuple[np.ndarray, np.ndarray],
    begins: np.ndarray,
    seen: tuple[np.ndarray, np.ndarray],
    meaning: dict[str, Any],
) -> xr.Dataset:
    """Return the edges of brackets as a dataset over the columns."""
    rank = np.arange(rows.size) - np.searchsorted(rows, rows)
    dims, shape = (*columns.dims, "crossing"), (*columns.sizes.values(), 1 + int(rank.max(initial=0)))

    def placed(found: np.ndarray, fill: float, attributes: dict[str, Any]) -> tuple[Any, np.ndarray, dict[str, Any]]:
        whole = np.full((math.prod(shape[:-1]), shape[-1]), fill, found.dtype)
        whole[rows, rank] = found
        return dims, whole.reshape(shape), attributes

    low, high = edges
    middle = 0.5 * (low + high)
    with np.errstate(all="ignore"):
        width = (high - low) / abs(middle)
    sides = np.where(begins, SIDES["begins"], SIDES["ends"]).astype(np.int8)
    changes, kinds = seen
    found = {
        "edge": placed(middle, np.nan, meaning),
        "width": placed(width, np.nan, {"long_name": "width of the bracket over the edge"}),
        "side": placed(sides, 0, _flags(SIDES, "whether the condition begins or ends at the edge")),
        "changes": placed(changes, 0, {"long_name": "changes seen between the edge's neighbours on the grid"}),
        "kind": placed(kinds, 0, _flags(KINDS, "whether there are further changes near the edge")),
    }
    return xr.Dataset(found, {name: columns[name] for name in columns.coords})


def _flags(codes: Mapping[str, int], long_name: str) -> dict[str, Any]:
    return {"long_name": long_name, "flag_values": list(codes.values()), "flag_meanings": " ".join(codes)}
