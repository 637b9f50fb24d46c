"""How far to trust a label: whether more steps, a slightly other threshold or rounding might move it.

Like a regime it is a pure function of stored observables and named thresholds, and the first reason that holds decides.
"""

from collections.abc import Callable, Collection, Mapping
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import xarray as xr

from eos_sweep import regimes

CODES = {
    "not_computed": 0,
    "settled": 1,
    "rounding": 2,
    "budget_short": 3,
    "near_threshold": 4,
    "budget_spent": 5,
}


class Reason(NamedTuple):
    """Why a label might move: a name, a rule in words, and as a function of observables ``o`` and thresholds ``t``."""

    name: str
    words: str
    reads: tuple[str, ...]  # observables; without them nobody can tell
    holds: Callable


def _close(value, other, margin):
    return abs(value - other) <= margin * abs(other)


def _near_threshold(o, t):
    never, final = o.steps_above == 0, o.sharpness_ratio_max * (o.sharpness_final / o.sharpness_max)
    grazes = _close(o.sharpness_ratio_max, 1.0, t.margin)
    grows = never & _close(o.sharpness_max, t.growth * o.sharpness_initial, t.margin)
    ends = (o.steps_above > 0) & (o.crossings < t.crossings) & _close(final, 1.0, t.margin)
    return (o.outcome != 2) & (o.sign_flips < t.flips) & (grazes | grows | ends)


def _hangs_on_rounding(o, t):
    # Two runs that rounding has parted have other crossings, but about as many.
    few = (o.crossings > 0) & (o.crossings - np.sqrt(o.crossings) < t.crossings)
    return (o.magnification > t.bits) & ((o.sign_flips >= t.flips) | few)


REASONS = (
    Reason(
        "rounding",
        "an error of rounding has grown by more than `bits` bits (chaos, or a long stay by an unstable orbit), and the "
        "label hangs on a sign flip, or on so few crossings that their number's square root matters",
        ("magnification",),
        _hangs_on_rounding,
    ),
    Reason(
        "budget_short",
        "twice the steps give another label",
        tuple(f"{name}_doubled" for name in regimes.REQUIRED),
        lambda o, t: o.regime != o.regime_doubled,
    ),
    Reason(
        "near_threshold",
        "the largest or the last sharpness, or its growth, is within `margin` of where the label changes",
        (),
        _near_threshold,
    ),
    Reason(
        "budget_spent",
        "the run was not over, and nobody looked what twice the steps give",
        (),
        lambda o, t: (o.outcome == 3) & ~o.looked_ahead,
    ),
)

# Without these there is no telling; what only a reason reads is a matter of what is stored.
REQUIRED = (*regimes.REQUIRED, "sharpness_final", "sharpness_ratio_max")


def reads(stored: Collection[str]) -> tuple[str, ...]:
    """Return the observables that are looked at if these are ``stored``."""
    optional = [name for reason in REASONS for name in reason.reads if set(reason.reads) <= set(stored)]
    optional += [name for name in ("lyapunov", "lyapunov_doubled") if name in stored]
    return (*REQUIRED, *optional)


def classify(values: Mapping[str, np.ndarray], limits: Mapping[str, float]) -> np.ndarray:
    """Return the code of ``CODES`` of each trajectory.

    Parameters
    ----------
    values
        Observable name -> array, for each name that :func:`reads` gives; all of one shape.
    limits
        All thresholds, as :func:`eos_sweep.regimes.thresholds` returns them.

    Returns
    -------
    ndarray of int8
        0 where ``outcome`` is 0, which means not computed.
    """
    doubled = {name.removesuffix("_doubled"): array for name, array in values.items() if name.endswith("_doubled")}
    looked = set(regimes.reads(limits)) <= set(doubled)
    codes = {"regime": regimes.classify(values, limits), "looked_ahead": np.bool_(looked)}
    codes["regime_doubled"] = regimes.classify(doubled, limits) if looked else codes["regime"]
    o, t = SimpleNamespace(**values, **codes), SimpleNamespace(**limits)
    known = [reason for reason in REASONS if all(hasattr(o, name) for name in reason.reads)]
    with np.errstate(all="ignore"):  # what diverged may be anything
        found = np.select([reason.holds(o, t) for reason in known], [CODES[reason.name] for reason in known], 1)
    return np.where(o.outcome == 0, 0, found).astype(np.int8)


def attributes(limits: Mapping[str, float], stored: Collection[str]) -> dict:
    """Return the CF attributes of a variable that tells it, from observables that are ``stored``."""
    known = [reason for reason in REASONS if set(reason.reads) <= set(stored)]
    unknown = [reason.name for reason in REASONS if reason not in known]
    return {
        "long_name": "whether the regime is settled, or why it might move",
        "units": "1",
        "flag_values": list(CODES.values()),
        "flag_meanings": " ".join(CODES),
        "rules": "; ".join(f"{reason.name}: {reason.words}" for reason in known),
        "not_checked": " ".join(unknown),
        "thresholds": ", ".join(f"{name}={value:g}" for name, value in limits.items()),
    }


def settled(dataset: xr.Dataset, **given: float) -> xr.DataArray:
    """Tell for each trajectory of ``dataset`` whether its label is settled, or why it might move.

    Parameters
    ----------
    dataset
        A sweep that stores the observables of ``REQUIRED``; with ``magnification`` rounding is checked, with
        ``"doubled"`` the budget; dask-backed variables stay lazy.
    **given
        Thresholds by name; the others are those of the sweep, or the defaults if it has none.

    Returns
    -------
    DataArray of int8
        Named ``settled``, with CF ``flag_values`` and ``flag_meanings``.

    Raises
    ------
    InputError
        If an observable that is needed is not stored, or a threshold is unknown.
    """
    limits = regimes.limits_of(dataset, given)
    names = reads([str(name) for name in dataset.data_vars])
    codes = regimes.by_cell(dataset, "settled takes", names, lambda values: classify(values, limits))
    return codes.rename("settled").assign_attrs(attributes(limits, names))
