"""A model's own functions in arithmetic of any precision, with no end to the exponents (MPFR, through gmpy2).

The functions are those that the kernel compiles, not written again: they run with numbers of MPFR, with ``select`` as a
plain choice, and with gmpy2 in NumPy's place.
"""

import functools
import types
from types import FunctionType
from typing import Any

import gmpy2
import numpy as np

from eos_sweep import scalar
from eos_sweep.contract import Model


def precise(bits: int) -> Any:
    """Return a context in which numbers have ``bits`` bits and exponents up to 2**(+-1e9); for ``with``."""
    return gmpy2.context(precision=bits, emin=gmpy2.get_emin_min(), emax=gmpy2.get_emax_max())


@functools.cache
def translated(model: Model) -> Any:
    """Return the functions and constants of ``model``'s module, as a namespace, for numbers of MPFR."""
    space = _space(vars(model), {})
    return types.SimpleNamespace(**space)


def _select(condition: Any, yes: Any, no: Any) -> Any:
    return yes if condition else no


def _residual(one: Any, other: Any, product: Any) -> Any:
    return one * other - product


class _Library:
    """What a model calls as ``np``: gmpy2's function of that name, or NumPy's own."""

    inf = np.inf

    def __getattr__(self, name: str) -> Any:
        return getattr(gmpy2, name, None) or getattr(np, name)


def _space(names: dict[str, Any], known: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Return a module's names, translated; ``known`` are modules that are already under way, by their dictionary."""
    if id(names) not in known:
        known[id(names)] = {}
        known[id(names)] |= {name: _translate(value, known) for name, value in names.items()}
    return known[id(names)]


def _translate(value: Any, known: dict[int, dict[str, Any]]) -> Any:
    if value is scalar.select:
        return _select
    if value is scalar.residual:
        return _residual
    if value is np:
        return _Library()
    if isinstance(value, tuple) and value and all(isinstance(part, FunctionType) for part in value):
        return tuple(_translate(part, known) for part in value)
    if isinstance(value, FunctionType):
        space = _space(value.__globals__, known)
        return FunctionType(value.__code__, space, value.__name__, value.__defaults__, value.__closure__)
    return value
