"""Pools of labelled cells: how often each label occurs, and which is the most frequent.

Results are as lazy as the labels, chunk by chunk; chunks are cut so that each holds whole pools, or lies within one.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.flags import codes_of, labels_of, ranks
from eos_sweep.analysis.scales import scale_of
from eos_sweep.errors import InputError, named, short
from eos_sweep.spec.fields import python_integer

NOT_COMPUTED = "not_computed"


def coarsen(labels: xr.DataArray, factors: Mapping[str, int]) -> xr.DataArray:
    """Pool cells by their most frequent label.

    Parameters
    ----------
    labels
        Codes with CF flags, such as ``regime``; may be lazy.
    factors
        Axis -> number of neighbouring cells that become one; the last pool along an axis may have fewer.

    Returns
    -------
    DataArray of int8
        Like ``labels``, on the centres of the pools (geometric ones on a log axis).  Among equally frequent labels the
        smallest code is taken.  Cells that were not computed have no vote where others were.

    Raises
    ------
    InputError
        If there is no such axis, a factor is no whole number, or the values are no labels: floats, or whole numbers of
        which some are no flag.  Of lazy values the latter is found when they are read.

    Examples
    --------
    >>> import eos_sweep
    >>> grid = {"a1": [1, 2], "eta": {"linear": [0.1, 3, 12]}}
    >>> ds = eos_sweep.sweep("quadratic", grid, {}, {"theta1": 1}, steps=50)
    >>> eos_sweep.coarsen(ds.regime, {"eta": 4}).sizes
    Frozen({'a1': 2, 'eta': 3})
    """
    return mode(counts(labels, factors)).rename(labels.name).assign_attrs(labels.attrs)


def counts(labels: xr.DataArray, factors: Mapping[str, int]) -> xr.DataArray:
    """Count the cells of each pool that have each label.

    Parameters and errors are those of :func:`coarsen`.

    Returns
    -------
    DataArray of int64
        Over the dimensions of ``labels`` and, as the last one, ``code``.
    """
    check_axes(labels, factors)
    for name, factor in factors.items():
        if not (isinstance(python_integer(factor), int) and factor >= 1):
            raise InputError(f"factors: got {short(factor)} for {name}; give a whole number of cells >= 1")
    code = _flags(labels)
    sides = [int(factors.get(str(dim), 1)) for dim in labels.dims]
    dims = [*map(str, labels.dims), "code"]
    if labels.chunks is None:
        found = xr.DataArray(_count(labels.values, sides, code.values), dims=dims, name="count")
        return found.assign_coords(_coordinates(labels, sides, code))
    data: Any = labels.data
    pieces = list(itertools.starmap(_pieces, zip(data.shape, data.chunksize, sides, strict=True)))
    pooled = [tuple(-(-size // side) for size in along) for along, side in zip(pieces, sides, strict=True)]
    found = xr.DataArray(
        data.rechunk(tuple(pieces)).map_blocks(
            _count,
            sides,
            code.values,
            new_axis=data.ndim,
            chunks=(*pooled, (code.size,)),
            meta=np.empty((0,) * len(dims), np.int64),
        ),
        dims=dims,
        name="count",
    )
    for dim, along, side in zip(dims, pieces, sides, strict=False):
        if side > max(along):  # a pool is in pieces
            pool = np.cumsum((0, *along[:-1])) // side
            sums = [found.isel({dim: pool == number}).sum(dim) for number in np.unique(pool)]
            found = xr.concat(sums, dim).transpose(*dims)
    return found.assign_coords(_coordinates(labels, sides, code))


def recount(labels: xr.DataArray, factors: Mapping[str, int], share: xr.DataArray) -> xr.DataArray:
    """Return ``counts(labels, factors)`` from the shares of labels in smaller pools, without reading the labels.

    Parameters
    ----------
    labels, factors
        As for :func:`counts`; each factor is a whole number of smaller pools.
    share
        Over the dimensions of ``labels``, whose attribute ``pooled`` is the number of cells in a smaller pool, and
        ``code``.
    """
    found, again = share.drop_vars(list(share.coords)), {}
    for dim in map(str, labels.dims):
        side = int(share[dim].attrs.get("pooled", 1))
        cells = np.minimum(side, labels.sizes[dim] - side * np.arange(share.sizes[dim]))
        found = found * xr.DataArray(cells, dims=dim)
        again[dim] = factors.get(dim, 1) // side
    sides = [factors.get(str(dim), 1) for dim in labels.dims]
    found = found.round().coarsen(again, boundary="pad").sum().astype(np.int64).rename("count")
    return found.assign_coords(_coordinates(labels, sides, _flags(labels)))


def mode(counts: xr.DataArray) -> xr.DataArray:
    """Return the most frequent label of each pool: the smallest code on a tie, NOT_COMPUTED if there is no other."""
    code = counts["code"]
    votes = np.array([*codes_of(code)]) != NOT_COMPUTED

    def most(array: np.ndarray) -> np.ndarray:
        return code.values[np.where(votes, 2 * array, array > 0).argmax(axis=-1)]

    return xr.apply_ufunc(
        most, counts, input_core_dims=[["code"]], dask="parallelized", output_dtypes=[code.dtype]
    )  # fmt: skip


def centres(values: np.ndarray, side: int) -> np.ndarray:
    """Return the centres of pools of ``side`` values: geometric on a log axis, the middle value if it has no scale."""
    first = np.arange(0, values.size, side)
    last = np.minimum(first + side, values.size) - 1
    if side == 1 or values.dtype.kind not in "iuf" or np.unique(np.sign(np.diff(values))).tolist() not in ([-1], [1]):
        kind = "category"
    else:
        kind = scale_of(np.sort(values))[0]
    if kind == "category":
        return values[(first + last) // 2]
    low, high = values[first].astype(np.float64), values[last]
    return np.sqrt(low * high) if kind == "log" else 0.5 * (low + high)


def check_axes(labels: xr.DataArray, names: Iterable[str]) -> None:
    """Raise InputError unless ``labels`` has all axes that are named."""
    for name in names:
        if name not in labels.dims:
            there = ", ".join(map(str, labels.dims))
            raise InputError(f"no axis {short(name)} in {named(str(labels.name))}; there are: {named(there, 240)}")


def _flags(labels: xr.DataArray) -> xr.DataArray:
    """Return the codes of ``labels``, increasing, with their meanings."""
    codes = labels_of(labels)
    names = sorted(codes, key=codes.__getitem__)
    values = [codes[name] for name in names]
    about = {"long_name": labels.attrs.get("long_name", "label")}
    about |= {"flag_values": values, "flag_meanings": " ".join(names)}
    return xr.DataArray(np.array(values, labels.dtype), dims="code", attrs=about)


def _coordinates(labels: xr.DataArray, sides: list[int], code: xr.DataArray) -> dict[str, Any]:
    """Return the coordinates of pools: their centres, and all coordinates that are constant within them."""
    wide = {str(dim): side for dim, side in zip(labels.dims, sides, strict=True) if side > 1}
    found: dict[str, Any] = {
        str(name): values for name, values in labels.coords.items() if not set(values.dims) & set(wide)
    }
    for dim, side in wide.items():
        if dim in labels.coords:
            about = labels[dim].attrs | {"pooled": side}
            found[dim] = xr.DataArray(centres(labels[dim].values, side), dims=dim, attrs=about)
    return found | {"code": code}


def _pieces(size: int, chunk: int, side: int) -> tuple[int, ...]:
    """Return the sizes of chunks along an axis: about ``chunk`` cells, either whole pools or a part of one."""
    if side <= chunk:
        starts = list(range(0, size, chunk // side * side))
    else:
        starts = [start for pool in range(0, size, side) for start in range(pool, min(pool + side, size), chunk)]
    return tuple(np.diff([*starts, size]).tolist())


def _count(codes: np.ndarray, sides: list[int], flags: np.ndarray) -> np.ndarray:
    """Count each flag in pools of ``sides`` cells along each axis."""
    shape = [-(-size // side) for size, side in zip(codes.shape, sides, strict=True)]
    entry, width = ranks(codes, flags), flags.size
    for axis in reversed(range(codes.ndim)):
        along = [-1 if other == axis else 1 for other in range(codes.ndim)]
        entry += width * (np.arange(codes.shape[axis]) // sides[axis]).reshape(along)
        width *= shape[axis]
    return np.bincount(entry.ravel(), minlength=width).reshape(*shape, flags.size)
