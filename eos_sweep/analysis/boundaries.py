"""Where along an axis a regime, or any condition on observables, begins and ends: bracketed on a grid, then bisected.

Two neighbours on the grid of a sweep between which a condition changes are the ends of a bracket.  Trajectories from
points between them, by the kernel that sweeps use, narrow all brackets at once.  Further ones look for other changes
between the same neighbours (:mod:`eos_sweep.analysis.neighbourhoods`).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis import predicted
from eos_sweep.analysis.bisection import Evaluate, checked_rtol, evaluator, narrowed, on_grid
from eos_sweep.analysis.columns import Columns, columns_of
from eos_sweep.analysis.labelled import limits_of
from eos_sweep.analysis.neighbourhoods import KINDS, changes_seen
from eos_sweep.analysis.predicates import Condition, Predicate, condition_of
from eos_sweep.engine.cores import cores
from eos_sweep.errors import InputError
from eos_sweep.progress.bars import work_progress
from eos_sweep.spec.fields import at_least
from eos_sweep.spec.sweeps import Sweep

SIDES = {"none": 0, "begins": 1, "ends": 2}


def boundary(
    sweep: Sweep | xr.Dataset,
    along: str,
    holds: str | Sequence[str] | Predicate = "edge_of_stability",
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
        observables such as ``lambda o: o.loss_max > 10 * o.loss_initial``; by default the edge of stability.
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
        If the axis, the condition or another argument is wrong, or if cells of the sweep are not computed yet or
        masked.

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
    rtol, threads = checked_rtol(rtol), cores() if threads is None else at_least("threads", threads, 1)
    columns = columns_of(sweep, along)
    spec = columns.sweep
    condition = condition_of(holds, spec, limits_of(columns.grid, {}))
    line = None if against is None else predicted.line_named(spec, against)
    with work_progress(progress) as show:
        evaluate = evaluator(spec, columns.inputs, condition, threads, show)
        edges = _edges(columns, condition, which, rtol, evaluate)
    quantity = spec.described[along]
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
    known, values = on_grid(columns, condition, evaluate), columns.values
    rows, cells = _changes(known, which)
    begins = known[rows, cells + 1]
    ends = values[cells], values[cells + 1]
    edges = narrowed(evaluate, rows, *ends, begins, rtol)
    return rows, edges, begins, changes_seen(evaluate, rows, edges, ends, begins)


def _changes(known: np.ndarray, which: str) -> tuple[np.ndarray, np.ndarray]:
    """Return row and cell of each change between a cell and the next, in order along each row."""
    rows, cells = np.nonzero(known[:, 1:] != known[:, :-1])
    if which == "all":
        return rows, cells
    side = np.diff(rows, prepend=-1) if which == "first" else np.diff(rows, append=known.shape[0])
    return rows[side > 0], cells[side > 0]


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
