"""The labels of a dense map as an array: on which side of an edge each sample lies."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import xarray as xr

from eos_sweep import regimes
from eos_sweep.analysis.by_cell import TELLING, by_cell, check_computed, check_none_missing, check_unmasked, check_whole
from eos_sweep.analysis.flags import FLAGS, codes_of
from eos_sweep.analysis.labelled import label, limits_of
from eos_sweep.analysis.predicates import COMPARISON, Predicate, condition_of
from eos_sweep.analysis.scales import check_distinct, scale_of
from eos_sweep.analysis.specs import described, sweep_of
from eos_sweep.errors import InputError, closest, named, short
from eos_sweep.spec.points import POINT
from eos_sweep.store.sentinels import NOT_COMPUTED

Holds: TypeAlias = str | Sequence[str] | Predicate | None
SEED = "seed"
LEAST_VALUES = 32  # of an axis
MOST_AXES = 3


class LabelMap(NamedTuple):
    """A map in memory, along axes that increase evenly."""

    labels: np.ndarray  # whole numbers, or whether a condition holds
    axes: dict[str, str]  # axis -> "linear" or "log"
    words: str  # what the edges are of


def label_map(given: xr.Dataset | xr.DataArray, holds: Holds = None) -> LabelMap:
    """Return the labels of a map.

    Parameters
    ----------
    given
        A sweep, a slice of it, or labels alone: whole numbers or truth values.
    holds
        A regime or several, a comparison, or a function of the dataset; None for all labels.

    Raises
    ------
    InputError
        If the labels or the axes are no such, or if cells are not computed yet.
    """
    if isinstance(given, xr.Dataset):
        check_unmasked(given)
    elif not isinstance(given, xr.DataArray):
        raise InputError(f"dataset: got {short(given)}; give the dataset of a sweep, or labels such as ds.regime")
    data, names, words = _labels(given, holds)
    if data.dtype.kind not in "biu":
        raise InputError(
            f"{named(str(data.name or 'labels'))}: got {data.dtype} values; give labels, whole numbers or truth values"
        )
    axes = _axes(data)
    data = data.isel(dict.fromkeys(set(data.dims) - set(axes), 0))
    kinds = {axis: _kind(data, axis) for axis in axes}
    mixed = [axis for axis in axes if axis in data.coords and not (np.diff(data[axis].values) > 0).all()]
    data = data.isel({axis: np.argsort(data[axis].values, kind="stable") for axis in mixed})
    values = data.compute().values
    none = _not_computed(data)
    if none is not None:
        check_none_missing(int((values == none).sum()))
    codes = codes_of(data)
    return LabelMap(np.isin(values, [codes[name] for name in names]) if names else values, kinds, words)


def _labels(given: xr.Dataset | xr.DataArray, holds: Holds) -> tuple[xr.DataArray, list[str], str]:
    """Return labels, lazily where they are; names of those that are meant, if not all; and what their edges are of."""
    if callable(holds) or (isinstance(holds, str) and COMPARISON.fullmatch(holds)):
        if isinstance(given, xr.DataArray):
            raise InputError(
                f"holds: got {short(holds)}, which labels alone do not decide; give the dataset of the sweep"
            )
        found, words = _held(given, holds) if callable(holds) else _compared(given, holds)
        return found, [], words
    if isinstance(given, xr.Dataset):
        reads = ["regime"] if "regime" in given else [*regimes.reads(limits_of(given, {})), *TELLING]
        check_whole(given, reads, described(given))
        given = given["regime"] if "regime" in given else label(given)
    if holds is None:
        return given, [], "all labels" if given.name is None else f"all labels of {named(str(given.name))}"
    names = [holds] if isinstance(holds, str) else list(holds) if isinstance(holds, Iterable) else []
    if not names:
        raise InputError(
            f'holds: got {short(holds)}; give a label, several, a comparison such as "crossings > 0", or a function'
        )
    there = [name for name in codes_of(given) if name != NOT_COMPUTED]
    if strange := [name for name in names if name not in there]:
        remedy = closest(str(strange[0]), there) if there else "no flags give its values names, so leave holds out"
        where = "this map" if given.name is None else named(str(given.name))
        raise InputError(f"holds: no label {short(strange[0])} in {where}; {remedy}")
    return given, names, " or ".join(names)


def _not_computed(data: xr.DataArray) -> int | None:
    """Return the code of a cell that is not computed, as the flags of labels and of counts name it."""
    values, meanings = (data.attrs.get(name) for name in FLAGS)
    if data.dtype.kind not in "iu" or values is None or not isinstance(meanings, str):
        return None
    return dict(zip(meanings.split(), np.atleast_1d(values).tolist(), strict=False)).get(NOT_COMPUTED)


def _held(dataset: xr.Dataset, holds: Predicate) -> tuple[xr.DataArray, str]:
    """Return whether a function of the dataset is true."""
    check_whole(dataset, map(str, dataset.data_vars), described(dataset))  # the function may read any
    check_computed(dataset)
    found = holds(dataset)
    if not isinstance(found, xr.DataArray) or found.dtype != bool:
        raise InputError(
            f"holds: the function returned {short(found)}; return truth values over the axes, "
            "such as lambda ds: ds.loss_max > 10 * ds.loss_initial"
        )
    return found, getattr(holds, "__name__", "a condition")


def _compared(dataset: xr.Dataset, holds: str) -> tuple[xr.DataArray, str]:
    """Return whether a comparison holds."""
    sweep = sweep_of(dataset)
    if sweep is None:
        raise InputError(
            f"holds: got {short(holds)}, but this dataset has no spec, which tells what its values mean; "
            "give a function, such as lambda ds: ds.crossings > 0"
        )
    condition = condition_of(holds, sweep, limits_of(dataset, {}))
    check_whole(dataset, [*condition.reads, *TELLING], sweep.stored)
    check_computed(dataset)
    found = by_cell(
        dataset, f"{condition.label!r} reads", condition.reads, lambda values: condition.test(values).astype(np.int8)
    )
    return found.rename("condition").drop_attrs(), condition.label


def _axes(data: xr.DataArray) -> list[str]:
    """Return the axes of more than one value."""
    if strange := [name for name in data.dims if not isinstance(name, str)]:
        name = short(strange[0])
        raise InputError(f"axis {name}: has no text for a name; rename it, such as labels.rename({{{name}: 'x'}})")
    names = [str(name) for name, size in data.sizes.items() if size != 1]
    for name, what in ((POINT, "points"), (SEED, "seeds")):
        if name in names:
            raise InputError(f"axis {name!r}: {what} have no neighbours; pick one, such as ds.isel({name}=0)")
    if not 1 <= len(names) <= MOST_AXES:
        there = named(", ".join(names)) or "no axis"
        remedy = f", such as ds.isel({names[0]}=0)" if names else ""
        raise InputError(f"axes: got {there}; give a map over one to {MOST_AXES} axes, a slice of this one{remedy}")
    return names


def _kind(data: xr.DataArray, name: str) -> str:
    """Return the scale of an axis; one without values has a linear scale."""
    size = data.sizes[name]
    if size < LEAST_VALUES:
        raise InputError(f"axis {named(name)!r}: has {size} values; give a map of at least {LEAST_VALUES} along each")
    if name not in data.coords:
        return "linear"
    values = data[name].values
    kind, even = "category", False
    if values.dtype.kind in "iuf":
        check_distinct(f"axis {named(name)!r}:", values)
        kind, even = scale_of(np.sort(values))
    if not even:
        raise InputError(
            f"axis {named(name)!r}: its values are evenly spaced neither on a linear nor on a log scale, "
            f"so its cells have no common size; give a part that is, such as ds.isel({name}=slice(0, 64))"
        )
    return kind
