"""Where along an axis a regime, or any condition on observables, begins and ends: bracketed on a grid, then bisected.

Neighbours on the grid of a sweep between which a condition changes are the ends of a bracket.  Trajectories from points
between them, by the kernel that sweeps use, narrow all brackets at once.
"""

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import batch, regimes, schema
from eos_sweep.axes import short
from eos_sweep.conditions import Condition, Predicate, condition_of
from eos_sweep.contract import Job
from eos_sweep.errors import InputError
from eos_sweep.lanes import WIDTH
from eos_sweep.spec import Sweep

BATCH = 2**12  # trajectories of one kernel call
SECTIONS = 8  # of a bracket at a time, however many there are: an edge depends on no other
FINEST = 1e-14  # relative width of a bracket: beyond it are neighbouring doubles
NEAR_ZERO = 1e-3  # of a cell of the grid; an edge nearer to zero is not told any finer
SIDES = {"none": 0, "begins": 1, "ends": 2}
Asked = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (columns, values of the axis) -> whether the condition holds


def boundary(
    sweep: Sweep | xr.Dataset,
    along: str,
    holds: str | Sequence[str] | Predicate,
    *,
    which: str = "all",
    rtol: float = 1e-6,
    workers: int | None = None,
) -> xr.Dataset:
    """Find where along an axis a condition begins and where it ends, for each value of the other axes.

    Parameters
    ----------
    sweep
        A spec, or the dataset of a sweep or a slice of it, such as ``ds.isel(lambda2=0)``.  The values of ``along`` are
        the grid on which changes are looked for: two between neighbours are not seen, of three one is found.  What
        the dataset stores is not run again.
    along
        The axis.
    holds
        The condition: a regime, several regimes, a comparison such as ``"crossings > 0"``, or a function of the spec's
        observables such as ``lambda o: o.loss_max > 10 * o.loss_initial``.
    which
        ``"all"`` changes, the ``"first"`` or the ``"last"`` one along the axis.
    rtol
        Width of a bracket at which it is narrow enough, relative to the edge, or to a thousandth of the grid's cell if
        the edge is nearer to zero than that.
    workers
        Threads; all cores by default.

    Returns
    -------
    Dataset
        Over the other axes and ``crossing``, in increasing order: ``edge``, the middle of the bracket (NaN where there
        is none), ``width``, that of the bracket relative to the edge, and ``side``, whether the condition ``begins``
        there, so that it holds above the edge, or ``ends``.

    Raises
    ------
    InputError
        If the axis, the condition or another argument is wrong, or if cells of the sweep are not computed yet.

    Examples
    --------
    >>> spec = eos_sweep.load_spec("sweeps/quickstart.toml")
    >>> eos_sweep.boundary(spec, "eta", "crossings > 0", which="first").edge.dims
    ('lambda1', 'crossing')
    """
    if which not in ("all", "first", "last"):
        raise InputError(f'which: got {which!r}; give "all", "first" or "last"')
    if not FINEST <= rtol < 1:
        raise InputError(f"rtol: got {rtol:g}; give a number from {FINEST:g} to 1")
    grid = bare(sweep) if isinstance(sweep, Sweep) else sweep
    spec = _spec_of(grid)
    condition = condition_of(holds, spec, regimes.limits_of(grid, {}))
    _check_axis(spec, grid, along)
    grid = grid.sortby(along).transpose(..., along)
    values = grid[along].values.astype(np.float64)
    asked = _asker(spec, condition, along, _places(spec, grid, along), workers or os.cpu_count() or 1)
    if set(condition.reads) <= set(grid.data_vars):
        known = _stored(grid, condition)
    else:
        columns = math.prod(grid.sizes.values()) // values.size
        known = asked(np.repeat(np.arange(columns), values.size), np.tile(values, columns))
    known = known.reshape(-1, values.size)
    rows, cells = _changes(known, which)
    begins = known[rows, cells + 1]
    edges = _narrowed(asked, rows, values[cells], values[cells + 1], begins, rtol)
    quantity = spec.quantities[along]
    words = {"long_name": f"{quantity.long_name} at which {condition.words} begins or ends", "symbol": quantity.symbol}
    about = {"title": words["long_name"], "model": spec.model, "along": along, "holds": condition.words, "rtol": rtol}
    about |= {"spec": json.dumps(spec.to_dict()), "spec_hash": spec.hash}
    return _told(grid.isel({along: 0}, drop=True), rows, *edges, begins, words).assign_attrs(about)


def bare(sweep: Sweep) -> xr.Dataset:
    """Return the dataset of a sweep of which nothing is computed: its coordinates and its spec."""
    coordinates = {name: (c.dims, c.values, c.attributes) for name, c in schema.coordinates(sweep).items()}
    about = {"spec": json.dumps(sweep.to_dict()), "spec_hash": sweep.hash, "thresholds": json.dumps(sweep.limits)}
    return xr.Dataset(coords=coordinates, attrs=about)


def _spec_of(dataset: xr.Dataset) -> Sweep:
    if "spec" not in dataset.attrs:
        raise InputError("sweep: this dataset does not carry the spec of a sweep; give one that eos_sweep made")
    return Sweep.from_dict(json.loads(dataset.attrs["spec"]))


def _check_axis(sweep: Sweep, grid: xr.Dataset, along: str) -> None:
    if along not in grid.dims:
        raise InputError(f"along: no axis {along!r} in this sweep; there are: {', '.join(map(str, grid.dims))}")
    values, quantity = grid[along].values, sweep.quantities.get(along)
    if along == "seed" or (quantity and quantity.whole):
        raise InputError(f"along: {along} is a whole number, with nothing to bisect between two; take another axis")
    if values.size < 2 or not np.isfinite(values).all():
        raise InputError(f"along: axis {along!r} has {short(values.tolist())}; give two finite values or more")


def _places(sweep: Sweep, grid: xr.Dataset, along: str) -> dict[str, np.ndarray]:
    """Return name -> value in each column of the grid, of the other axes, also those that a slice has picked from."""
    others = [str(name) for name in grid.dims if name != along]
    mesh = np.meshgrid(*(grid[name].values for name in others), indexing="ij")
    columns = {name: array.ravel() for name, array in zip(others, mesh, strict=True)}
    count = math.prod(grid.sizes[name] for name in others)
    picked = [name for name in sweep.dims if name in grid.coords and name not in grid.dims]
    return columns | {name: np.full(count, float(grid[name])) for name in picked}


def _asker(sweep: Sweep, condition: Condition, along: str, places: Mapping[str, np.ndarray], threads: int) -> Asked:
    """Return what runs trajectories and tells whether the condition holds."""
    job = Job(sweep.module, condition.reads, sweep.steps, sweep.tolerance, sweep.data)
    batch.kernel_of(job)  # one thread compiles

    def part(chunk: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        rows, at = chunk
        points = {name: values[rows] for name, values in places.items()} | {along: at}
        return condition.test(batch.run(job, *sweep.inputs(points)))

    def asked(rows: np.ndarray, at: np.ndarray) -> np.ndarray:
        size = min(BATCH, max(WIDTH, -(-at.size // threads)))
        chunks = [(rows[k : k + size], at[k : k + size]) for k in range(0, at.size, size)]
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate([np.zeros(0, bool), *pool.map(part, chunks)])

    return asked


def _stored(grid: xr.Dataset, condition: Condition) -> np.ndarray:
    """Return whether the condition holds on the grid, from what is stored."""
    for name, fill in (("steps_taken", -1), ("outcome", 0)):
        if name in grid and (missing := int((grid[name] == fill).sum())):
            raise InputError(f"sweep: {missing} of its cells are not computed yet; eos-sweep run goes on with it")
    return condition.test({name: grid[name].values for name in condition.reads})


def _changes(known: np.ndarray, which: str) -> tuple[np.ndarray, np.ndarray]:
    """Return row and cell of the changes along each row, in order: those between a cell and the next."""
    rows, cells = np.nonzero(known[:, 1:] != known[:, :-1])
    if which == "all":
        return rows, cells
    side = np.diff(rows, prepend=-1) if which == "first" else np.diff(rows, append=known.shape[0])
    return rows[side > 0], cells[side > 0]


def _narrowed(
    asked: Asked, rows: np.ndarray, low: np.ndarray, high: np.ndarray, begins: np.ndarray, rtol: float
) -> tuple[np.ndarray, np.ndarray]:
    """Narrow brackets, to their lowest section with a change, until they are as narrow as ``rtol`` says."""
    low, high, least = low.copy(), high.copy(), NEAR_ZERO * (high - low)
    share = np.linspace(0.0, 1.0, SECTIONS + 1)
    while (left := np.flatnonzero(high - low > rtol * np.maximum(np.maximum(abs(low), abs(high)), least))).size:
        first, last = low[left, None], high[left, None]
        with np.errstate(all="ignore"):
            inner = np.where(first > 0.0, first * (last / first) ** share, first + (last - first) * share)
        inner[:, 0], inner[:, -1] = low[left], high[left]
        middle = inner[:, 1:-1]
        found = asked(np.repeat(rows[left], middle.shape[1]), middle.ravel()).reshape(middle.shape)
        beyond = np.concatenate([found == begins[left, None], np.ones((left.size, 1), bool)], axis=1).argmax(axis=1)
        place = np.arange(left.size)
        low[left], high[left] = inner[place, beyond], inner[place, beyond + 1]
    return low, high


def _told(
    columns: xr.Dataset, rows: np.ndarray, low: np.ndarray, high: np.ndarray, begins: np.ndarray, words: dict
) -> xr.Dataset:
    """Return the edges of brackets as a dataset over the columns."""
    shape = tuple(columns.sizes.values())
    rank = np.arange(rows.size) - np.searchsorted(rows, rows)
    edge, width, side = (np.full((math.prod(shape), 1 + rank.max(initial=0)), fill) for fill in (np.nan, np.nan, 0))
    middle = 0.5 * (low + high)
    edge[rows, rank] = middle
    with np.errstate(all="ignore"):
        width[rows, rank] = (high - low) / abs(middle)
    side[rows, rank] = np.where(begins, SIDES["begins"], SIDES["ends"])
    dims, deep = (*columns.dims, "crossing"), (*shape, -1)
    thin = {"long_name": "width of the bracket over the edge", "units": "1"}
    flags: dict[str, Any] = {"flag_values": list(SIDES.values()), "flag_meanings": " ".join(SIDES), "units": "1"}
    flags["long_name"] = "whether the condition begins or ends at the edge"
    found = {
        "edge": (dims, edge.reshape(deep), words | {"units": "1"}),
        "width": (dims, width.reshape(deep), thin),
        "side": (dims, side.astype(np.int8).reshape(deep), flags),
    }
    return xr.Dataset(found, {name: columns[name] for name in columns.coords})
