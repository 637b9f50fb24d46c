"""Two-dimensional slices of a dataset: their cells, and the edges of these."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from eos_sweep.analysis.scales import scale_of
from eos_sweep.errors import InputError, closest, named, short
from eos_sweep.plain_data import scalar
from eos_sweep.spec.points import POINT

At: TypeAlias = Mapping[str, float] | None
LARGEST_SLICE = 2**36  # cells; a slice is read in pieces, and the list of pieces has to fit into memory


def cell_edges(values: np.ndarray) -> np.ndarray:
    """Return the n + 1 edges of the cells around n increasing values: midpoints, geometric ones on a log axis.

    Categories are cells of width one, from -1/2 on.

    Examples
    --------
    >>> cell_edges(np.array([1.0, 2.0, 3.0]))
    array([0.5, 1.5, 2.5, 3.5])
    """
    kind = scale_of(values)[0]
    if kind == "category":
        return np.arange(values.size + 1) - 0.5
    along = np.log(values) if kind == "log" else values
    middle = along[:-1] + 0.5 * np.diff(along)
    result = np.concatenate([[2 * along[0] - middle[0]], middle, [2 * along[-1] - middle[-1]]])
    return np.exp(result) if kind == "log" else result


def select(dataset: xr.Dataset, x: str, y: str, at: At = None) -> xr.Dataset:
    """Return a lazy two-dimensional slice of a dataset.

    Parameters
    ----------
    dataset
        The sweep.
    x, y
        Axes that run to the right and upwards.
    at
        Name -> value of every other axis that has more than one.  On an evenly spaced axis the nearest value is taken
        if it is not farther than half a cell; on others the value has to be met to 1e-9.

    Returns
    -------
    Dataset
        Over (y, x), both increasing.

    Raises
    ------
    InputError
        If an axis does not exist, is named twice, is not picked, or has no such value.
    """
    at, dims = dict(at or {}), [str(name) for name in dataset.dims]
    for role, name in (("x", x), ("y", y), *(("at", name) for name in at)):
        if name not in dims and name in dataset.coords and dataset[name].dims == (POINT,):
            axes = named(", ".join(one for one in dims if one != POINT)) or "none"
            raise InputError(
                f"{role}: {name} is of the points, which have no neighbours along it; the axes are: {axes}"
            )
        if name not in dims:
            raise InputError(f"{role}: no axis {short(name)} in this sweep; there are: {named(', '.join(dims), 240)}")
    if twice := [name for name in dims if [x, y, *at].count(name) > 1]:
        raise InputError(f"axis {twice[0]!r}: named more than once among x, y and at; name every axis once")
    if words := [name for name in (x, y) if dataset[name].dtype.kind not in "biuf"]:
        raise InputError(f"axis {words[0]!r}: holds words, which have no place along a side; use it as facet or in at")
    check_shown(dataset, (x, y, *at))
    if dataset.sizes[x] * dataset.sizes[y] > LARGEST_SLICE:
        raise InputError(
            f"{x}, {y}: {dataset.sizes[x]} x {dataset.sizes[y]} cells; draw a slice of at most {LARGEST_SLICE}"
        )
    picked: dict[str, Any] = dict.fromkeys(dims, 0)
    picked |= {name: nearest(name, dataset[name].values, value) for name, value in at.items()}
    for name in (x, y):
        order = np.argsort(dataset[name].values, kind="stable")
        picked[name] = slice(None) if (np.diff(order) == 1).all() else order
    return dataset.isel(picked).transpose(y, x)


def picked(dataset: xr.Dataset, at: Mapping[str, float]) -> xr.Dataset:
    """Return the slice of a dataset at some values, as :func:`select` takes them.

    Raises
    ------
    InputError
        If there is no such axis or value.
    """
    for name in at:
        if name not in dataset.dims:
            raise InputError(f"at: no axis {short(name)} in this sweep; {closest(name, map(str, dataset.dims))}")
    return dataset.isel({name: nearest(name, dataset[name].values, value) for name, value in at.items()})


def check_shown(dataset: xr.Dataset, shown: Sequence[str]) -> None:
    """Raise InputError if an axis of more than one value is not among those that a picture shows or picks."""
    left = [str(name) for name, size in dataset.sizes.items() if name not in shown and size > 1]
    if left:
        value = dataset[left[0]].values[-1]
        example = f"--at {left[0]}={value if isinstance(value, str) else format(value, 'g')}"
        other = " or leave the seed out, with --over seed" * ("seed" in left)
        raise InputError(f"axes not shown: {named(', '.join(left))}; pick one value of each, such as {example}{other}")


def within(piece: xr.Dataset, name: str, limits: tuple[float, float]) -> xr.Dataset:
    """Return the cells of a slice that reach into limits along an increasing axis, in either order.

    There are at least three, if the axis has them, so that it keeps its scale.

    Raises
    ------
    InputError
        If there is no such cell.
    """
    values, (low, high) = piece[name].values, sorted(limits)
    kind = scale_of(values)[0]
    edges = cell_edges(values) if kind != "category" else np.append(values, np.inf)
    upper = edges[1:] if kind != "category" else values
    there = np.flatnonzero((edges[:-1] <= high) & (upper >= low))
    if not there.size:
        ends = f"{values[0]:g} to {values[-1]:g}"
        raise InputError(f"limits of {named(name)}: no cell from {low:g} to {high:g}; its values are {ends}")
    first, last = there[0], there[-1]
    first = max(0, min(first, last - 2))
    last = min(values.size - 1, max(last, first + 2))
    some = piece.isel({name: slice(first, last + 1)})
    return some if scale_of(some[name].values)[0] == kind else piece


def nearest(name: str, values: np.ndarray, wanted: float) -> int:
    """Return the index of the value of an axis that ``wanted`` means, as :func:`select` takes it.

    Raises
    ------
    InputError
        If there is none.
    """
    wanted = scalar(wanted)
    if values.dtype.kind not in "biuf":
        if (found := np.flatnonzero(values == wanted)).size:
            return int(found[0])
        raise InputError(f"at: {name} = {short(wanted)} is not on the axis; {closest(str(wanted), map(str, values))}")
    if not isinstance(wanted, int | float | np.number | np.bool_):
        raise InputError(f"at: {name} = {short(wanted)} is not on the axis; give a number")
    kind, even = scale_of(np.sort(values))
    with np.errstate(all="ignore"):
        along, target = (np.log(values), np.log(wanted)) if kind == "log" else (values, wanted)
        far = np.nan_to_num(np.where(values == wanted, 0.0, np.abs(along - target)), nan=np.inf)
    room = 0.5 * np.ptp(along) / (values.size - 1) if even else 1e-9 * (1.0 if kind == "log" else abs(wanted))
    best = int(np.argmin(far))
    if far[best] and not far[best] <= room * (1 + 1e-9) < np.inf:
        near = ", ".join(f"{value:g}" for value in np.sort(values[np.argsort(far, kind="stable")[:3]]))
        raise InputError(f"at: {name} = {wanted:g} is not on the axis; the nearest values are {near}")
    return best
