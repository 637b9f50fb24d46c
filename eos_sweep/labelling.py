"""Labels of trajectories by ordered rules, as ``regime`` and ``settled`` are: the first rule that holds gives the code.

A rule has a code, and ``holds``, a function of observables and thresholds.
"""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from eos_sweep.errors import InputError

MASKED = "masked"  # attribute of a dataset whose values are no codes any more, see eos_sweep.masked


class Threshold(NamedTuple):
    """A number that a regime rule, or a reason of ``settled``, compares with."""

    default: float
    meaning: str
    reason: str  # for the default


def first_that_holds(rules: Sequence[Any], o: SimpleNamespace, t: SimpleNamespace, otherwise: int) -> np.ndarray:
    """Return the code of the first rule that holds for each trajectory.

    Parameters
    ----------
    rules : sequence
        Of objects with ``holds`` and ``code``.
    o, t : SimpleNamespace
        Observables and thresholds, by name.
    otherwise : int
        The code where no rule holds.

    Returns
    -------
    ndarray of int8
        0 where ``outcome`` is 0, which means not computed.
    """
    codes = np.select([rule.holds(o, t) for rule in rules], [rule.code for rule in rules], otherwise)
    return np.where(o.outcome == 0, 0, codes).astype(np.int8)


def attributes(
    long_name: str, codes: Mapping[str, int], words: Sequence[tuple[str, str]], limits: Mapping[str, float]
) -> dict[str, Any]:
    """Return the CF attributes of a label: the meaning of its codes, its rules in words, and the thresholds."""
    return {
        "long_name": long_name,
        "flag_values": list(codes.values()),
        "flag_meanings": " ".join(codes),
        "rules": "; ".join(f"{name}: {rule}" for name, rule in words),
        "thresholds": ", ".join(f"{name}={value:g}" for name, value in limits.items()),
    }


def check_unmasked(dataset: xr.Dataset) -> None:
    """Raise InputError if ``dataset`` is a result of ``eos_sweep.masked``, whose values rules would misread."""
    if MASKED in dataset.attrs:
        raise InputError("dataset: is masked, and the rules read values as they are stored; give it as it was opened")


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
