"""What a regime rule is, and what a sweep is labelled with: thresholds, and the rules of a user's own."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from eos_sweep.labelling import Threshold

OWN = "regimes"  # the key of a user's own rules beside the thresholds
NEVER = -1  # stands for an event that never came, in a variable that is filled with -2
FIRST_OWN_CODE = 64  # of a user's own regimes; smaller ones are for those of later versions


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
