"""Regimes of training as ordered rules on stored observables.

A regime is a pure function of a trajectory's observables and a few named thresholds, so a stored sweep can be labelled
again with other thresholds without running a step.  The first rule that holds decides.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import xarray as xr

from eos_sweep.errors import InputError

CODES = {
    "not_computed": 0,
    "divergence": 1,
    "sign_flip": 2,
    "edge_of_stability": 3,
    "catapult": 4,
    "progressive_sharpening": 5,
    "stable": 6,
    "unsettled": 7,
    "periodic": 8,
    "chaotic": 9,
}


class Threshold(NamedTuple):
    """A number that a rule compares with."""

    default: float
    meaning: str
    reason: str


THRESHOLDS: Mapping[str, Threshold] = {
    "flips": Threshold(1, "sign flips from which on a run is a sign flip", "one flip ends the theory's assumptions"),
    "crossings": Threshold(
        2,
        "upward crossings of 2/eta from which on a run is at the edge of stability",
        "one crossing may be a catapult; a second one means that it sharpened again after it had stabilised itself",
    ),
    "chaos": Threshold(
        0,
        "Lyapunov exponent above which a bounded run that spent its budget is chaotic; 0 switches the rule off",
        "a rule for models that are maps of the line in disguise; runs at the edge of stability part, too",
    ),
    "margin": Threshold(
        1e-3,
        "relative distance from where a label changes within which it is near_threshold",
        "as much as the next cell of a map of a thousand differs",
    ),
    "bits": Threshold(
        30,
        "bits by which an error must have grown for a label to hang on rounding",
        "of the 53 of a double some 20 are left; all labels known to hang on rounding had lost 32 and more",
    ),
    "growth": Threshold(
        1.05,
        "factor by which sharpness must grow to count as progressive sharpening",
        "5 % is far above rounding and far below the growth that is seen on the way to the edge",
    ),
}


class Rule(NamedTuple):
    """One regime: its name, its rule in words, and as a function of observables ``o`` and thresholds ``t``."""

    regime: str
    words: str
    holds: Callable


RULES = (
    Rule("divergence", "the loss left every bound", lambda o, t: o.outcome == 2),
    Rule("sign_flip", "the guarded weight changed sign", lambda o, t: o.sign_flips >= t.flips),
    Rule(
        "periodic",
        "ends on an orbit of two steps or more, or at rest above 2/eta: it neither converges nor sharpens again",
        lambda o, t: (o.period >= 2) | ((o.period == 1) & (o.final_above == 2)),
    ),
    Rule(
        "chaotic",
        "spent its budget without such an orbit, and runs nearby part exponentially",
        lambda o, t: (o.outcome == 3) & (t.chaos > 0) & (o.lyapunov > t.chaos),
    ),
    Rule(
        "edge_of_stability",
        "sharpness crossed 2/eta upwards at least twice, and stayed bounded",
        lambda o, t: o.crossings >= t.crossings,
    ),
    Rule(
        "catapult",
        "sharpness was above 2/eta, from the start or after one crossing, and came back below to stay",
        lambda o, t: (o.steps_above > 0) & (o.final_above == 1),
    ),
    Rule(
        "progressive_sharpening",
        "never above 2/eta, and sharpness grew",
        lambda o, t: (o.steps_above == 0) & (o.sharpness_max > t.growth * o.sharpness_initial),
    ),
    Rule("stable", "never above 2/eta, without such growth", lambda o, t: o.steps_above == 0),
    Rule("unsettled", "the budget ended above 2/eta", lambda o, t: o.steps_above > 0),
)

# What the rules read: a sweep that stores these can be labelled.
REQUIRED = (
    "outcome",
    "sign_flips",
    "crossings",
    "steps_above",
    "final_above",
    "sharpness_initial",
    "sharpness_max",
    "period",
)


def reads(limits: Mapping[str, float]) -> tuple[str, ...]:
    """Return the observables that the rules read with these thresholds."""
    return (*REQUIRED, "lyapunov") if limits["chaos"] > 0 else REQUIRED


def thresholds(given: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return all thresholds by name: those ``given``, and the defaults of the others.

    Raises
    ------
    InputError
        If a name is unknown or a value is not a finite number.
    """
    given = dict(given or {})
    for name, value in given.items():
        if name not in THRESHOLDS:
            raise InputError(f"threshold {name!r}: unknown; there are: {', '.join(THRESHOLDS)}")
        if not np.isfinite(value):
            raise InputError(f"threshold {name!r}: must be a finite number, got {value!r}")
    return {name: float(given.get(name, threshold.default)) for name, threshold in THRESHOLDS.items()}


def classify(values: Mapping[str, np.ndarray], limits: Mapping[str, float]) -> np.ndarray:
    """Return the regime code of each trajectory.

    Parameters
    ----------
    values
        Observable name -> array, for each name that :func:`reads` gives; all of one shape.
    limits
        All thresholds, as :func:`thresholds` returns them.

    Returns
    -------
    ndarray of int8
        A code of ``CODES``; 0 where ``outcome`` is 0, which means not computed.
    """
    o, t = SimpleNamespace(**{"lyapunov": np.nan, **values}), SimpleNamespace(**limits)
    codes = np.select([rule.holds(o, t) for rule in RULES], [CODES[rule.regime] for rule in RULES], 0)
    return np.where(o.outcome == 0, 0, codes).astype(np.int8)


def attributes(limits: Mapping[str, float]) -> dict:
    """Return the CF attributes of a regime variable labelled with ``limits``."""
    return {
        "long_name": "regime of training",
        "units": "1",
        "flag_values": list(CODES.values()),
        "flag_meanings": " ".join(CODES),
        "rules": "; ".join(f"{rule.regime}: {rule.words}" for rule in RULES),
        "thresholds": ", ".join(f"{name}={value:g}" for name, value in limits.items()),
    }


def limits_of(dataset: xr.Dataset, given: Mapping[str, float]) -> dict[str, float]:
    """Return all thresholds by name: those ``given``, those that ``dataset`` was labelled with, and the defaults."""
    stored = json.loads(dataset.attrs.get("thresholds", "{}"))
    return thresholds({name: value for name, value in stored.items() if name in THRESHOLDS} | dict(given))


def label(dataset: xr.Dataset, **given: float) -> xr.DataArray:
    """Label each trajectory of ``dataset`` with its regime.

    Parameters
    ----------
    dataset
        A sweep that stores the observables of ``REQUIRED``; dask-backed variables stay lazy.
    **given
        Thresholds by name (``flips``, ``crossings``, ``growth``, ``chaos``); the others are those of
        the sweep, or the defaults if it has none.

    Returns
    -------
    DataArray of int8
        Named ``regime``, with CF ``flag_values`` and ``flag_meanings``.

    Raises
    ------
    InputError
        If an observable that the rules read is not stored, or a threshold is unknown.
    """
    limits = limits_of(dataset, given)
    codes = by_cell(dataset, "the regime rules read", reads(limits), lambda values: classify(values, limits))
    return codes.rename("regime").assign_attrs(attributes(limits))


def by_cell(dataset: xr.Dataset, what: str, names: Sequence[str], codes_of: Callable) -> xr.DataArray:
    """Return codes that are a function of observables, lazily where ``dataset`` is.

    Parameters
    ----------
    dataset
        A sweep.
    what
        Begins the sentence that tells what is missing.
    names
        Of the observables.
    codes_of
        Takes observable name -> array.
    """
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
        output_dtypes=[np.int8],
    )
