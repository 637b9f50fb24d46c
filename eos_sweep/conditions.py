"""Conditions on the observables of a trajectory: a regime, several of them, a comparison, or any function."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from eos_sweep import observables, regimes
from eos_sweep.axes import closest, short
from eos_sweep.errors import InputError
from eos_sweep.spec import Sweep

COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
COMPARED = re.compile(rf"\s*(\w+)\s*({'|'.join(COMPARISONS)})\s*(\S+)\s*")

Predicate = Callable[[Any], np.ndarray]


class Condition(NamedTuple):
    """What holds on one side of a boundary."""

    words: str
    reads: tuple[str, ...]  # observables
    test: Callable[[Mapping[str, np.ndarray]], np.ndarray]


def condition_of(holds: str | Sequence[str] | Predicate, sweep: Sweep, limits: Mapping[str, float]) -> Condition:
    """Return the condition that ``holds`` means for ``sweep``, its regimes under the thresholds ``limits``."""
    if callable(holds):
        words = getattr(holds, "__name__", "a condition")
        return Condition(words, sweep.variables, lambda values: np.asarray(holds(SimpleNamespace(**values)), bool))
    compared = COMPARED.fullmatch(holds) if isinstance(holds, str) else None
    if compared:
        name, sign, number = compared.groups()
        known = observables.variables(sweep.module)
        if name not in known:
            raise InputError(f"holds: got {short(holds)}, but there is no observable {name!r}; {closest(name, known)}")
        try:
            level = float(number)
        except ValueError:
            raise InputError(f'holds: got {short(holds)}; compare with a number, such as "{name} > 0"') from None
        return Condition(f"{name} {sign} {level:g}", (name,), lambda values: COMPARISONS[sign](values[name], level))
    names, there = [holds] if isinstance(holds, str) else list(holds), [*regimes.CODES][1:]
    if not names or set(names) - set(there):
        raise InputError(
            f'holds: got {short(holds)}; give regimes ({", ".join(there)}) or a comparison such as "crossings > 0"'
        )
    codes = [regimes.CODES[name] for name in names]
    reads = regimes.reads(limits)
    return Condition(" or ".join(names), reads, lambda values: np.isin(regimes.classify(values, limits), codes))
