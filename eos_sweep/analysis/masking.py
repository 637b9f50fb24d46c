"""A dataset whose variables hold numbers only: NaN stands where a stored value means that there is none."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from eos_sweep.analysis.by_cell import MASKED
from eos_sweep.analysis.flags import FLAGS, codes_of
from eos_sweep.analysis.specs import sweep_of
from eos_sweep.contract import Variable
from eos_sweep.errors import InputError
from eos_sweep.regimes import DIVERGED
from eos_sweep.store.sentinels import NOT_COMPUTED, sentinels, without_meanings


def masked(dataset: xr.Dataset) -> xr.Dataset:
    """Return a sweep with NaN wherever a stored value is no number.

    That is where a cell was not computed, where an event never came (``first_crossing``, ``first_sign_flip`` and the
    first failures of claims are -1 then), and where there is no orbit (``period`` is 0).  Means and other statistics
    then cover only what happened.

    Parameters
    ----------
    dataset
        The sweep, or a part of it, as :func:`eos_sweep.open_sweep`, :func:`eos_sweep.sweep` or xarray opens it.

    Returns
    -------
    Dataset
        Whole numbers as float64.  Flags of two values, such as ``final_above``, are 1 for the second one (above) and 0
        for the first one (below), so that their mean is a share.  Other labels, such as ``regime``, stay labels: 0
        means not computed.  Lazy where ``dataset`` is.

    Raises
    ------
    InputError
        If ``dataset`` is no sweep with a specification in its attributes.

    Examples
    --------
    >>> import eos_sweep
    >>> ds = eos_sweep.sweep("quartic", {"eta": [0.1, 1.0, 3.0]}, initial={"x": 0.5, "y": 0.1}, steps=20)
    >>> ds.first_crossing.values
    array([-1,  9,  4], dtype=int32)
    >>> eos_sweep.masked(ds).first_crossing.values
    array([nan,  9.,  4.])
    """
    sweep = sweep_of(dataset) if isinstance(dataset, xr.Dataset) else None
    if sweep is None:
        raise InputError(
            "dataset: has no spec in its attributes, which tells the meaning of values; give a sweep as it was opened"
        )
    computed, found = _computed(dataset), {}
    for name, data in dataset.data_vars.items():
        values = _numbers(str(name), data, sweep.stored)
        if values is None:
            continue
        if computed is not None and set(computed.dims) <= set(data.dims):
            values = values.where(computed)
        found[name] = values.transpose(*data.dims).copy(deep=False)
        about = {key: value for key, value in data.attrs.items() if key not in FLAGS}
        found[name].attrs = about | words_of_numbers(str(name), data, sweep.stored)
        found[name].encoding = {}
    note = "NaN where there is no number; flags of two values are 0 and 1"
    return dataset.assign(found).assign_attrs({MASKED: note})


def words_of_numbers(name: str, data: xr.DataArray, stored: Mapping[str, Variable]) -> dict[str, str]:
    """Return the attribute ``long_name`` of a variable without sentinels, which does not speak of them."""
    words = data.attrs.get("long_name")
    none = sentinels(name, stored[name]).values() if name in stored else ()
    return {"long_name": without_meanings(words, none)} if isinstance(words, str) else {}


def without_sentinels(name: str, data: xr.DataArray, stored: Mapping[str, Variable]) -> xr.DataArray:
    """Return a variable with NaN where it has a value that stands for none."""
    none = list(sentinels(name, stored[name]).values()) if name in stored else []
    return data.where(~data.isin(none)) if none else data


def as_numbers(
    data: xr.DataArray, outcome: xr.DataArray | None, name: str, stored: Mapping[str, Variable]
) -> xr.DataArray:
    """Return a variable as floats: NaN where there is no number; infinity where a run diverged, if it is no count.

    Parameters
    ----------
    data
        The variable; its labels, if it holds any, are taken as they are.
    outcome
        The observable ``outcome``, None if it is not known.
    name
        Name of the variable.
    stored
        Descriptions of what the sweep stores.
    """
    values = without_sentinels(name, data.astype(np.float64), stored)
    floats = name in stored and stored[name].dtype.startswith("float") and data.dtype.kind == "f"
    return values if outcome is None or not floats else values.where(outcome != DIVERGED, np.inf)


def _numbers(name: str, data: xr.DataArray, stored: Mapping[str, Variable]) -> xr.DataArray | None:
    """Return a variable as floats, NaN where it is no number; None if it has labels or no numbers at all."""
    if data.dtype.kind not in "biuf":
        return None
    flags = (stored[name].flags or {}) if name in stored else codes_of(data)
    if not flags:
        return without_sentinels(name, data if data.dtype.kind == "f" else data.astype(np.float64), stored)
    two = [code for meaning, code in flags.items() if meaning != NOT_COMPUTED]
    if name not in stored or len(two) != 2:
        return None
    if data.dtype.kind == "f" and FLAGS[0] not in data.attrs:  # it is masked already
        return data
    return (data == two[1]).astype(np.float64).where(data.isin(two))


def _computed(dataset: xr.Dataset) -> xr.DataArray | None:
    """Return which cells were computed, if the dataset tells."""
    if "outcome" in dataset:
        return dataset["outcome"] != 0
    return dataset["steps_taken"] != -1 if "steps_taken" in dataset else None
