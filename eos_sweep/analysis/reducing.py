"""A sweep without some of its axes, such as the seed: shares of labels, the modal label, quantiles of an observable."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

import numpy as np
import xarray as xr

from eos_sweep.analysis import intervals
from eos_sweep.analysis.flags import FLAGS, codes_of
from eos_sweep.analysis.labelled import label
from eos_sweep.analysis.masking import as_numbers, words_of_numbers
from eos_sweep.analysis.pooling import NOT_COMPUTED, check_axes, counts, mode
from eos_sweep.analysis.specs import described
from eos_sweep.errors import InputError, closest, short
from eos_sweep.spec.points import POINT

AGREEMENT = "agreement"
ROUNDING = 1e-9  # of a count of runs, since 0.1 times 30 is more than 3 in doubles


@overload
def shares(labels: xr.DataArray | xr.Dataset, *by: str) -> xr.DataArray: ...
@overload
def shares(labels: xr.DataArray | xr.Dataset, *, over: str | Iterable[str]) -> xr.Dataset: ...
def shares(
    labels: xr.DataArray | xr.Dataset, *by: str, over: str | Iterable[str] | None = None
) -> xr.DataArray | xr.Dataset:
    """Return the share of cells that each label has, along some axes or over some.

    Parameters
    ----------
    labels
        Codes with CF flags, such as ``regime``; a dataset stands for its regimes.  May be lazy.
    *by
        Axes that are kept; without any, and without ``over``, the shares are those among all cells.
    over
        Axes that are left out instead, such as ``"seed"``: all others are kept.

    Returns
    -------
    DataArray or Dataset
        Over the axes that are kept and a dimension with the name of ``labels`` and the flags' names as values: the
        fraction among the cells that were computed, NaN where none was.  With ``over`` a dataset of ``share``,
        ``share_low`` and ``share_high``, the ends of Wilson's 95 % interval for independent runs.

    Raises
    ------
    InputError
        If there is no such axis, if both ``by`` and ``over`` are given, or if the values are no labels, as for
        :func:`coarsen`.

    Examples
    --------
    >>> import eos_sweep
    >>> grid = {"a1": [1, 2], "eta": {"linear": [0.1, 3, 12]}}
    >>> ds = eos_sweep.sweep("quadratic", grid, {}, {"theta1": 1}, steps=500)
    >>> eos_sweep.shares(ds.regime, "a1").sel(regime="divergence").values.round(2)
    array([0.33, 0.67])
    >>> found = eos_sweep.shares(ds, over="eta").sel(regime="divergence", a1=1)
    >>> [float(found[name].round(2)) for name in ("share_low", "share", "share_high")]
    [0.14, 0.33, 0.61]
    """
    about = labels.attrs if isinstance(labels, xr.Dataset) else {}
    labels = _labels(labels)
    if by and over is not None:
        raise InputError(f"shares: got {', '.join(map(str, by))} to keep and over = {short(over)}; give one of the two")
    check_axes(labels, by)
    left = [str(dim) for dim in labels.dims if dim not in by] if over is None else _left(labels, over)
    kept = by or tuple(str(dim) for dim in labels.dims if dim not in left)
    name = str(labels.name or "label")
    found = _counted(labels, left).transpose(*kept, "code")
    names = np.array([*codes_of(found["code"])])
    found = found.drop_vars("code").rename(code=name).assign_coords({name: names}).isel({name: names != NOT_COMPUTED})
    total = found.sum(name)
    meaning = str(labels.attrs.get("long_name", name))
    share = (found / total.where(total > 0)).rename("share")
    if over is None:
        return share.assign_attrs(long_name=f"share of each {meaning}")
    low, high = xr.apply_ufunc(
        intervals.wilson, share, total, output_core_dims=[[], []], dask="parallelized", output_dtypes=[float, float]
    )
    words = {
        "share": (share, f"share of each {meaning}"),
        "share_low": (low, "lower end of Wilson's 95 % interval of the share"),
        "share_high": (high, "upper end of Wilson's 95 % interval of the share"),
    }
    parts = {key: array.transpose(*share.dims).assign_attrs(_unit(text)) for key, (array, text) in words.items()}
    return xr.Dataset(parts, attrs=_about(labels, left, "share", about))


def modal(labels: xr.DataArray | xr.Dataset, over: str | Iterable[str]) -> xr.Dataset:
    """Return the most frequent label over some axes, and the share of runs that have it.

    Parameters
    ----------
    labels
        Codes with CF flags, such as ``regime``; a dataset stands for its regimes.  May be lazy.
    over
        Axes that are left out, such as ``"seed"``.

    Returns
    -------
    Dataset
        Over the other axes: the label, under its own name, the smallest code among equally frequent ones; and
        ``agreement``, the share that it has among the runs that were computed, NaN where none was.

    Raises
    ------
    InputError
        If there is no such axis, or the values are no labels, as for :func:`coarsen`.

    Examples
    --------
    >>> import eos_sweep
    >>> grid = {"a1": [1, 2], "eta": {"linear": [0.1, 3, 12]}}
    >>> ds = eos_sweep.sweep("quadratic", grid, {}, {"theta1": 1}, steps=500)
    >>> eos_sweep.modal(ds, over="eta").agreement.values.round(2)
    array([0.33, 0.67])
    """
    about = labels.attrs if isinstance(labels, xr.Dataset) else {}
    labels = _labels(labels)
    left = _left(labels, over)
    found = _counted(labels, left)
    names = np.array([*codes_of(found["code"])])
    votes = found.isel(code=names != NOT_COMPUTED)
    total = votes.sum("code")
    agreement = votes.max("code") / total.where(total > 0)
    words = f"share of runs with the most frequent {labels.attrs.get('long_name', 'label')}"
    most = mode(found).assign_attrs(labels.attrs)
    parts = {str(labels.name or "label"): most, AGREEMENT: agreement.assign_attrs(_unit(words))}
    return xr.Dataset(parts, attrs=_about(labels, left, "most frequent label", about))


def quantiles(
    dataset: xr.Dataset, name: str, over: str | Iterable[str], q: float | Sequence[float] = 0.5
) -> xr.Dataset:
    """Return quantiles of an observable over some axes.

    A quantile is a value that occurred: the least one that a share ``q`` of the runs does not exceed.  So a run that
    diverged can count as infinity, and a median is infinite where more than half of the runs diverged.

    Parameters
    ----------
    dataset
        The sweep; may be lazy.
    name
        The observable.  Runs where it has no number are left out, such as those in which the event of
        ``first_crossing`` never came.
    over
        Axes that are left out, such as ``"seed"``.
    q
        Shares from 0 to 1; the median by default.

    Returns
    -------
    Dataset
        The observable over the other axes, NaN where no run has a number; with several ``q`` over ``quantile``, too.

    Raises
    ------
    InputError
        If there is no such axis or observable, if it holds labels, or if ``q`` is no share.

    Examples
    --------
    >>> import eos_sweep
    >>> grid = {"theta1": [1, 2, 3], "eta": [0.5, 1.5, 2.5]}
    >>> ds = eos_sweep.sweep("quadratic", grid, {"a1": 1}, steps=50)
    >>> eos_sweep.quantiles(ds, "loss_initial", over="theta1", q=[0, 0.5, 1]).loss_initial.values[:, 0].tolist()
    [0.5, 2.0, 4.5]
    """
    if name not in dataset.data_vars:
        raise InputError(f"name: no {short(name)} in this sweep; {closest(str(name), map(str, dataset.data_vars))}")
    data = dataset[name]
    if codes_of(data):
        raise InputError(f"{name}: holds labels, which have no quantiles; take shares or the modal one of them")
    left = _left(data, over)
    wanted = np.atleast_1d(np.asarray(q, np.float64))
    if wanted.ndim != 1 or not ((wanted >= 0) & (wanted <= 1)).all():
        raise InputError(f"q: got {short(q)}; give numbers from 0 to 1, such as 0.5")
    outcome = dataset["outcome"] if "outcome" in dataset and set(dataset["outcome"].dims) <= set(data.dims) else None
    values = as_numbers(data, outcome, name, described(dataset))
    if values.chunks is not None:
        values = values.chunk({dim: -1 if dim in left else "auto" for dim in values.dims})
    found = xr.apply_ufunc(
        lambda array: _quantiles(array.reshape(*array.shape[: array.ndim - len(left)], -1), wanted),
        values,
        input_core_dims=[left],
        output_core_dims=[["quantile"]],
        dask="parallelized",
        output_dtypes=[float],
        dask_gufunc_kwargs={"output_sizes": {"quantile": wanted.size}},
    ).transpose("quantile", ...)
    about = {key: value for key, value in data.attrs.items() if key not in FLAGS}
    about |= words_of_numbers(name, data, described(dataset))
    several = np.ndim(q) > 0
    words = "quantiles" if several else "median" if q == 0.5 else f"{q:g}-quantile"
    about["long_name"] = f"{words} of {about.get('long_name', name)}"
    found = found.assign_coords(quantile=wanted) if several else found.isel(quantile=0)
    return xr.Dataset({name: found.assign_attrs(about)}, attrs=_about(data, left, words, dataset.attrs))


def _labels(given: xr.DataArray | xr.Dataset) -> xr.DataArray:
    """Return labels, those of the regimes of a dataset."""
    if isinstance(given, xr.Dataset):
        return given["regime"] if "regime" in given else label(given)
    if not isinstance(given, xr.DataArray):
        raise InputError(f"labels: got {short(given)}; give labels such as ds.regime, or the dataset of a sweep")
    return given


def _left(data: xr.DataArray, over: str | Iterable[str]) -> list[str]:
    """Return the axes that are left out, in the order of ``data``."""
    names = [over] if isinstance(over, str) else list(over)
    if not names:
        raise InputError("over: names no axis; give one, such as over='seed'")
    check_axes(data, names)
    return [str(dim) for dim in data.dims if dim in names]


def _about(data: xr.DataArray, left: Sequence[str], what: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a dataset with a note of what it has of which axes, for the title of a picture."""
    words = [f"{data.sizes[name]} points" if name == POINT else f"{data.sizes[name]} values of {name}" for name in left]
    axes = ", ".join(words)
    return {**attributes, "reduced": f"{what} over {axes}"}


def _counted(labels: xr.DataArray, left: Sequence[str]) -> xr.DataArray:
    """Return the number of cells with each label over the axes that are left out."""
    sizes = {name: labels.sizes[name] for name in left}
    return counts(labels, sizes).isel(dict.fromkeys(left, 0), drop=True)


def _unit(words: str) -> dict[str, Any]:
    """Return the attributes of a share; pictures draw it from 0 to 1."""
    return {"long_name": words, "valid_range": [0.0, 1.0]}


def _quantiles(values: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return quantiles along the last axis, NaN left out: the least value that a share ``q`` does not exceed."""
    ordered, number = np.sort(values, axis=-1), (~np.isnan(values)).sum(axis=-1)  # NaN comes last
    place = np.ceil(q * number[..., None] - ROUNDING).astype(np.int64) - 1
    found = np.take_along_axis(ordered, np.maximum(place, 0), axis=-1)
    return np.asarray(np.where(number[..., None] > 0, found, np.nan))
