"""Conditions on the observables of a trajectory: a regime, several of them, a comparison, or any function."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from eos_sweep import observables, regimes
from eos_sweep.errors import InputError, closest, short
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.sentinels import sentinels

COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
COMPARISON = re.compile(rf"\s*(\w+)\s*({'|'.join(COMPARISONS)})\s*(\S+)\s*")

Predicate = Callable[[Any], np.ndarray]


class Condition(NamedTuple):
    """A condition on the observables of a trajectory, which holds on one side of a boundary."""

    label: str
    reads: tuple[str, ...]  # names of observables
    test: Callable[[Mapping[str, np.ndarray]], np.ndarray]
    of_inputs: bool = False  # whether it reads inputs, too


def condition_of(holds: str | Sequence[str] | Predicate, sweep: Sweep, limits: Mapping[str, float]) -> Condition:
    """Return the condition that a text or a function means for a sweep.

    Parameters
    ----------
    holds
        A regime, several regimes, a comparison such as ``"crossings > 0"``, or a function of the observables.
    sweep
        The sweep, whose observables a function may use.
    limits
        Thresholds of the regime rules.

    Raises
    ------
    InputError
        If there is no such regime or observable, or nothing to compare with; later, if the function returns no truth
        value for each trajectory.
    """
    if callable(holds):
        label = getattr(holds, "__name__", "a condition")
        return Condition(label, sweep.variables, lambda values: _held(holds, values, sweep.variables))
    compared = COMPARISON.fullmatch(holds) if isinstance(holds, str) else None
    if compared:
        name, sign, number = compared.groups()
        known = observables.variables(sweep.module, sweep.own)
        if name not in known:
            raise InputError(f"holds: got {short(holds)}, but there is no observable {name!r}; {closest(name, known)}")
        try:
            level = float(number)
        except ValueError:
            raise InputError(f'holds: got {short(holds)}; compare with a number, such as "{name} > 0"') from None
        others = [value for value in sentinels(name, known[name][1]).values() if value != level]  # -1 stands for never

        def compare(values: Mapping[str, np.ndarray]) -> np.ndarray:
            return COMPARISONS[sign](values[name], level) & ~np.isin(values[name], others)

        return Condition(f"{name} {sign} {level:g}", (name,), compare)
    names = [holds] if isinstance(holds, str) else list(holds) if isinstance(holds, Iterable) else []
    there = [*regimes.codes(limits)][1:]
    if not names or not all(isinstance(name, str) and name in there for name in names):
        raise InputError(
            f'holds: got {short(holds)}; give regimes ({", ".join(there)}) or a comparison such as "crossings > 0"'
        )
    codes = [regimes.codes(limits)[name] for name in names]
    reads = regimes.reads(limits)
    label, of_inputs = " or ".join(names), bool(regimes.inputs(limits))
    return Condition(label, reads, lambda values: np.isin(regimes.classify(values, limits), codes), of_inputs)


def _held(holds: Predicate, values: Mapping[str, np.ndarray], observed: Sequence[str]) -> np.ndarray:
    """Return whether a function of the observables is true, for each trajectory."""
    found, shape = np.asarray(holds(SimpleNamespace(**values))), np.shape(values[observed[0]])
    if found.shape != shape or found.dtype.kind not in "biuf":
        raise InputError(
            f"holds: the function returned {found.dtype} values of shape {found.shape} for observables of shape "
            f"{shape}; return a truth value for each, such as lambda o: o.loss_max > 10 * o.loss_initial"
        )
    return found.astype(bool)
