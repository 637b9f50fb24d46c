"""Codes of a dataset, such as its labels, that are computed cell by cell from its observables."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import xarray as xr

from eos_sweep.contract import Variable
from eos_sweep.errors import InputError

MASKED = "masked"  # attribute of a dataset whose values are no codes any more, see eos_sweep.masked
TELLING = {"steps_taken": -1, "outcome": 0}  # variables that tell which cells are not computed, by these values


def check_unmasked(dataset: xr.Dataset) -> None:
    """Raise InputError if ``dataset`` is a result of ``eos_sweep.masked``, whose values rules would misread."""
    if MASKED in dataset.attrs:
        raise InputError("dataset: is masked, and the rules read values as they are stored; give it as it was opened")


def check_computed(dataset: xr.Dataset) -> None:
    """Raise InputError if cells of ``dataset`` are not computed yet, as far as it tells."""
    for name, fill in TELLING.items():
        if name in dataset:
            check_none_missing(int((dataset[name] == fill).sum()))


def check_whole(dataset: xr.Dataset, names: Iterable[str], stored: Mapping[str, Variable]) -> None:
    """Raise InputError if codes have become floats, or whole numbers NaN, which a condition would take for a "no".

    NaN in a variable that holds floats is a value of its own: that of a run that diverged.

    Parameters
    ----------
    dataset
        A sweep, or part of it.
    names
        Variables that are read; those that are not in the dataset are left to others.
    stored
        Descriptions of what the sweep stores.
    """
    for name in names:
        if name not in dataset or name not in stored or stored[name].dtype.startswith("float"):
            continue
        data = dataset[name]
        if data.dtype.kind in "biu":
            continue
        none = bool(data.isnull().any())
        if none or stored[name].flags or data.dtype.kind != "f":
            found = "NaN" if none else f"{data.dtype} values"
            raise InputError(
                f"{name}: holds {found}, not the whole numbers of the sweep, as where() leaves it; give the dataset as "
                "it was opened, or a part of it by sel or isel"
            )


def check_none_missing(missing: int) -> None:
    """Raise InputError if some cells, ``missing`` of them, are not computed yet."""
    if missing:
        raise InputError(f"sweep: {missing} of its cells are not computed yet; eos-sweep run continues it")


def by_cell(
    dataset: xr.Dataset, what: str, names: Sequence[str], codes_of: Callable, dtype: type[np.integer] = np.int8
) -> xr.DataArray:
    """Return codes that are a function of observables, lazily where ``dataset`` is.

    Parameters
    ----------
    dataset : Dataset
        A sweep.
    what : str
        Begins the message that names the observables that are missing.
    names : sequence of str
        The observables.
    codes_of : callable
        Takes observable name -> array.
    dtype : type
        Of the codes.

    Returns
    -------
    DataArray
        Over the axes of the sweep.

    Raises
    ------
    InputError
        If an observable is not stored, or the dataset is masked.
    """
    check_unmasked(dataset)
    missing = [name for name in names if name not in dataset]
    if missing:
        raise InputError(
            f"observables: {what} {', '.join(missing)}, not stored here; "
            'add them, or "default", to the spec\'s observables and run it again'
        )
    return xr.apply_ufunc(
        lambda *arrays: codes_of(dict(zip(names, arrays, strict=True))),
        *(dataset[name] for name in names),
        dask="parallelized",
        output_dtypes=[dtype],
    )
