"""Labels of trajectories by ordered rules, as ``regime`` and ``settled`` are: the first rule that holds gives the code.

A rule has a code, and ``holds``, a function of observables and thresholds.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np


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
