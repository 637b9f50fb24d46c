"""A model's own functions in arithmetic of any precision, with no end to the exponents (MPFR, through gmpy2).

The functions are those that the kernel compiles, not written again: they run with numbers of MPFR, with ``select`` as a
plain choice, and with gmpy2 in NumPy's place.
"""

import functools
import types
from typing import Any

import gmpy2
import numpy as np

from eos_sweep import rebind, scalar
from eos_sweep.contract import Model


def precise(bits: int) -> Any:
    """Return a context in which numbers have ``bits`` bits and exponents up to 2**(+-1e9); for ``with``."""
    return gmpy2.context(precision=bits, emin=gmpy2.get_emin_min(), emax=gmpy2.get_emax_max())


@functools.cache
def translated(model: Model) -> Any:
    """Return the functions and constants of ``model``'s module, as a namespace, for numbers of MPFR."""
    return types.SimpleNamespace(**rebind.space(vars(model), INSTEAD))


def _select(condition: Any, yes: Any, no: Any) -> Any:
    return yes if condition else no


def _residual(one: Any, other: Any, product: Any) -> Any:
    return one * other - product


class _Library:
    """What a model calls as ``np``: gmpy2's function of that name, or a constant of NumPy."""

    def __getattr__(self, name: str) -> Any:
        number = getattr(np, name)
        if isinstance(number, float):  # first: gmpy2 has a function called inf
            return number
        found = getattr(gmpy2, name, None)
        if found is None:
            raise AttributeError(f"np.{name}: gmpy2 has no such function; use one that it has in a model's steps")
        return found


INSTEAD = {scalar.select: _select, scalar.residual: _residual, np: _Library()}
