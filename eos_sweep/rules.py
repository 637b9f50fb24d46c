"""Labels of trajectories by ordered rules, as ``regime`` and ``settled`` are: the first rule that holds gives the code.

A rule has a code, and ``holds``, a function of observables and thresholds.  A sweep is labelled with thresholds, and
with regime rules of a user's own.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple, Self

import numpy as np

OWN = "regimes"  # the key of a user's own rules beside the thresholds
NEVER = -1  # stands for an event that never came, in a variable that is filled with -2
FIRST_OWN_CODE = 64  # of a user's own regimes; smaller ones are for those of later versions


class Threshold(NamedTuple):
    """A number that a regime rule, or a reason of ``settled``, compares with."""

    default: float
    meaning: str
    reason: str  # for the default


class RegimeRule(NamedTuple):
    """One regime, and all that is known of it."""

    regime: str
    code: int  # stored: the code of a regime never changes
    words: str
    reads: tuple[str, ...]  # observables
    holds: Callable  # of observables ``o`` and thresholds ``t``
    colour: str | None  # in pictures; None: one that is found for it
    thresholds: Mapping[str, Threshold] = MappingProxyType({})  # those that it brings, by name
    switch: str | None = None  # one of its thresholds; 0 switches the regime rule off
    if_stored: tuple[str, ...] = ()  # observables that it reads where they are stored; NaN where they are not
    words_without: str = ""  # the words where they are not
    inputs: tuple[str, ...] = ()  # parameters and initial coordinates that it reads
    before: str | None = None  # of a user's own rule: the regime before which it comes
    after: str | None = None  # or the one behind which
    given: Mapping[str, Any] = MappingProxyType({})  # of a user's own rule: the table that says all of this


class Limits(dict[str, float]):
    """All thresholds by name, and the rules of a user's ``own`` that hold beside RULES."""

    def __init__(self, numbers: Mapping[str, float], own: tuple[RegimeRule, ...] = ()) -> None:
        super().__init__(numbers)
        self.own = own

    def __or__(self, numbers: Mapping[str, float]) -> Self:  # type: ignore[override]
        """Return these with other numbers, and with the same rules."""
        return type(self)({**self, **numbers}, self.own)

    def json(self) -> str:
        """Return all of it as text, from which a store reads it again."""
        own = {OWN: {rule.regime: dict(rule.given) for rule in self.own}} if self.own else {}
        return json.dumps({**self, **own})


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
