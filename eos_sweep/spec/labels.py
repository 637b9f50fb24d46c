"""The labels of a trajectory: its regime, and whether the regime is settled.

Labels are computed from stored observables.  The observables that a sweep stores decide which labels it can have.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from eos_sweep import regimes, trust
from eos_sweep.contract import Variable

LABELS = {
    "regime": Variable("int8", "regime of training", 0, regimes.CODES),
    "settled": Variable("int8", "whether the regime is settled", 0, trust.CODES),
}


def decided(stored: Collection[str], limits: Mapping[str, float]) -> tuple[str, ...]:
    """Return the labels that the observables among ``stored`` decide, with the thresholds ``limits``."""
    if not set(regimes.required(limits)) <= set(stored):
        return ()
    return ("regime", "settled") if set(trust.REQUIRED) <= set(stored) else ("regime",)


def classify(
    read: Callable[[str], np.ndarray], stored: Collection[str], limits: Mapping[str, float]
) -> dict[str, np.ndarray]:
    """Compute the labels that the observables among ``stored`` decide.

    Parameters
    ----------
    read
        Returns the values of the observable or the input of a name.  It is called only for what the labels need.
    stored
        Names of the stored variables.
    limits
        All thresholds by name.

    Returns
    -------
    dict
        Label -> codes.
    """
    names = decided(stored, limits)
    needed = {*(regimes.reads(limits, stored) if names else ()), *(trust.reads(stored) if "settled" in names else ())}
    needed |= set(regimes.inputs(limits)) if names else set()
    values = {name: read(name) for name in needed}
    rules = {"regime": regimes.classify, "settled": trust.classify}
    return {name: rules[name](values, limits) for name in names}


def flags(name: str, limits: Mapping[str, float]) -> Mapping[str, int]:
    """Return the codes of a label by their meanings."""
    return regimes.codes(limits) if name == "regime" else trust.CODES


def attributes(name: str, stored: Collection[str], limits: Mapping[str, float]) -> dict[str, Any]:
    """Return the CF attributes of a label that thresholds and stored variables determine."""
    if name == "settled":
        return trust.attributes(limits, stored)
    return regimes.attributes(limits, stored) | ({"ancillary_variables": "settled"} if "settled" in stored else {})
