"""Labels of a dataset: its regimes, and whether they are settled."""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import models, observables, regimes, rules, trust
from eos_sweep.analysis.by_cell import by_cell
from eos_sweep.analysis.specs import sweep_of
from eos_sweep.contract import Variable
from eos_sweep.errors import InputError, short
from eos_sweep.plain_data import scalar
from eos_sweep.rules import Limits
from eos_sweep.spec import own_regimes

LOG = logging.getLogger("eos_sweep")


def limits_of(dataset: xr.Dataset, given: Mapping[str, float], own: Mapping[str, Any] | None = None) -> Limits:
    """Return all thresholds by name: those ``given``, those that ``dataset`` was labelled with, and the defaults.

    The rules of a user's own are ``own``, in the layout of a spec, or those that the dataset was labelled with.
    """
    stored = json.loads(dataset.attrs.get("thresholds", "{}"))
    numbers = {name: value for name, value in stored.items() if name in regimes.THRESHOLDS}
    numbers |= {name: scalar(value) for name, value in given.items()}
    found = stored.get(rules.OWN, {}) if own is None else own
    if not isinstance(found, Mapping):
        raise InputError(f"regimes: got {short(found)}; {own_regimes.TABLE_FORM}")
    if not found:
        return regimes.thresholds(numbers)
    sweep = sweep_of(dataset)
    if sweep is not None:
        known = own_regimes.known_to(sweep.module, sweep.own)
    else:
        known = own_regimes.Known(_described(dataset), tuple(map(str, dataset.coords)))
    return regimes.thresholds(numbers, own_regimes.rules(found, known))


def _described(dataset: xr.Dataset) -> dict[str, Variable | None]:
    """Return what is known of the variables of a dataset without a spec; in whole numbers -1 stands for never."""
    known = {name: about for name, (_, about) in observables.variables(models.get("bivariate")).items()}
    whole = Variable("int32", "a whole number", rules.NEVER - 1.0)
    return {
        str(name): known.get(str(name), whole if np.issubdtype(values.dtype, np.integer) else None)
        for name, values in dataset.data_vars.items()
    }


def label(dataset: xr.Dataset, own: Mapping[str, Any] | None = None, **given: float) -> xr.DataArray:
    """Label each trajectory of ``dataset`` with its regime.

    Parameters
    ----------
    dataset : Dataset
        A sweep that stores the observables of ``REQUIRED``; dask-backed variables stay lazy. Without ``loss_growth``
        only a loss beyond 1e30 is divergence.
    own : mapping, optional
        Regimes of your own, in the layout of a spec: ``{"mine": "crossings > 5"}``; those of the sweep by default.
    **given : float
        Thresholds of the regime rules, by their names in ``THRESHOLDS``; the others are those of the sweep, or the
        defaults if it has none.

    Returns
    -------
    DataArray of int8
        Named ``regime``, with CF ``flag_values`` and ``flag_meanings``.

    Raises
    ------
    InputError
        If an observable that the regime rules read is not stored, or a threshold is unknown.

    Examples
    --------
    >>> import eos_sweep
    >>> found = eos_sweep.sweep("quartic", {"eta": [0.1, 1.0, 3.0]}, initial={"x": 0.5, "y": 0.1}, steps=20)
    >>> eos_sweep.label(found, chaos=0).values
    array([5, 4, 1], dtype=int8)
    """
    limits, stored = limits_of(dataset, given, own), [str(name) for name in dataset.data_vars]
    codes = by_cell(
        dataset,
        "the regime rules read",
        _read_by_label(stored, limits),
        lambda values: regimes.classify(values, limits),
    )
    return codes.rename("regime").assign_attrs(regimes.attributes(limits, stored))


def settled(dataset: xr.Dataset, **given: float) -> xr.DataArray:
    """Label each trajectory of ``dataset`` by whether its regime is settled, or why it might change.

    A warning is logged if observables are stored after twice the steps, but not all that the regime rules read.

    Parameters
    ----------
    dataset : Dataset
        A sweep that stores the observables of ``REQUIRED``; with ``magnification`` rounding is checked, with
        ``"doubled"`` the budget; dask-backed variables stay lazy.
    **given : float
        Thresholds by name; the others are those of the sweep, or the defaults if it has none.

    Returns
    -------
    DataArray of int8
        Named ``settled``, with CF ``flag_values`` and ``flag_meanings``.

    Raises
    ------
    InputError
        If an observable that is needed is not stored, or a threshold is unknown.

    Examples
    --------
    >>> import eos_sweep
    >>> found = eos_sweep.sweep("quartic", {"eta": [0.1, 1.0, 3.0]}, initial={"x": 0.5, "y": 0.1}, steps=20)
    >>> eos_sweep.settled(found).values
    array([5, 5, 1], dtype=int8)
    >>> eos_sweep.settled(found).attrs["not_checked"]
    'rounding budget_short slow'
    """
    limits = limits_of(dataset, given)
    stored = [str(name) for name in dataset.data_vars]
    if missing := trust.missing_doubled(stored, limits):
        LOG.warning(
            "settled: budget_short and slow are not checked, since the regime rules read %s, not stored here",
            ", ".join(missing),
        )
    names = _read_by_settled(stored, limits)
    codes = by_cell(dataset, "settled takes", names, lambda values: trust.classify(values, limits))
    return codes.rename("settled").assign_attrs(trust.attributes(limits, names))


def read_by(labels: str, dataset: xr.Dataset, **given: float) -> list[str]:
    """Return the names of the stored variables that :func:`label` or :func:`settled` reads.

    Parameters
    ----------
    labels
        ``"regime"`` or ``"settled"``.
    dataset, **given
        As for them.
    """
    limits, stored = limits_of(dataset, given), [str(name) for name in dataset.data_vars]
    names = (_read_by_label if labels == "regime" else _read_by_settled)(stored, limits)
    return [name for name in names if name in stored]


def _read_by_label(stored: Sequence[str], limits: Limits) -> tuple[str, ...]:
    return (*regimes.reads(limits, stored), *regimes.inputs(limits))


def _read_by_settled(stored: Sequence[str], limits: Limits) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*trust.reads(stored), *regimes.required(limits), *regimes.inputs(limits))))
