"""A model's own functions in arithmetic of any precision, with unbounded exponents (MPFR, through gmpy2).

The functions are those that the kernel compiles, not written again.  They run with numbers of MPFR, with ``select`` as
a plain choice, and with gmpy2 in NumPy's place.
"""

import functools
import types
from collections.abc import Callable
from typing import Any

import gmpy2
import numpy as np

from eos_sweep import exponent, functions, scalar
from eos_sweep.contract import Model
from eos_sweep.derivation import substitute
from eos_sweep.functions import circular, draws

TOGETHER = 256  # steps of which random numbers are drawn at once


def precise(bits: int) -> Any:
    """Return a context, for ``with``, in which numbers have ``bits`` bits and exponents reach 2**(+-1e9)."""
    return gmpy2.context(precision=bits, emin=gmpy2.get_emin_min(), emax=gmpy2.get_emax_max())


@functools.cache
def translated(model: Model) -> Any:
    """Return the functions and constants of ``model``'s module, as a namespace, for numbers of MPFR."""
    return types.SimpleNamespace(**substitute.space(vars(model), INSTEAD))


def _select(condition: Any, yes: Any, no: Any) -> Any:
    return yes if condition else no


def _residual(one: Any, other: Any, product: Any) -> Any:
    return one * other - product


def _log_cosh(x: Any) -> Any:
    size = abs(x)
    if size < 1:
        return gmpy2.log1p(2 * gmpy2.sinh(size / 2) ** 2)
    return size - gmpy2.log(2) + gmpy2.log1p(gmpy2.exp(-2 * size))


def _log_cosh_jet(x: Any) -> tuple[Any, Any, Any, Any]:
    return _log_cosh(x), gmpy2.tanh(x), _tanh_deficit(x), gmpy2.sech(x) ** 2


def _tanh_deficit(x: Any) -> Any:
    """Return 1 - tanh(x)/x."""
    precision = gmpy2.get_context().precision
    size = -gmpy2.get_exp(x) if gmpy2.is_finite(x) and x != 0 else precision
    if size >= precision:  # the next term is below the last bit; x = 0, too, is in place here
        return x * x / 3
    with gmpy2.context(gmpy2.get_context(), precision=precision + 2 * max(size, 0) + 16):
        found = 1 - gmpy2.tanh(x) / x
    return +found  # rounded


def _widened(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function computed in more bits: exp(-x^2/2) loses log2(x^2) bits, phi(b) + b Phi(b) as many again."""

    def value(x: Any) -> Any:
        x = gmpy2.mpfr(x)
        size = gmpy2.get_exp(x) if gmpy2.is_finite(x) and x != 0 else 0
        lost = 4 * min(max(size, 0), 32)  # beyond 2**32 exp(-x^2/2) is zero even here
        with gmpy2.context(gmpy2.get_context(), precision=gmpy2.get_context().precision + lost + 16):
            wide = function(x)
        return +wide  # rounded

    return value


def _density(x: Any) -> Any:
    return gmpy2.exp(-x * x / 2) / gmpy2.sqrt(2 * gmpy2.const_pi())


def _distribution(x: Any) -> Any:
    return gmpy2.erfc(-x / gmpy2.sqrt(2)) / 2


def _expected_relu(b: Any) -> Any:
    below = _distribution(b)
    return _density(b) + (b * below if below != 0 else 0)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + gmpy2.exp(-x))


def _softplus(x: Any) -> Any:
    return x + gmpy2.log1p(gmpy2.exp(-x)) if x > 0 else gmpy2.log1p(gmpy2.exp(x))


def _real_power(x: Any, a: Any) -> Any:
    return abs(gmpy2.mpfr(x)) ** a if x >= 0 and a == a else gmpy2.nan()  # abs, for -0 with an odd exponent


def _within_reach(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a circular function with the domain of the kernel's; MPFR needs a bit for each bit of an angle."""
    return lambda x: function(x) if abs(x) <= circular.LARGEST else gmpy2.nan()


def _drawn(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Return a draw in numbers of MPFR: it is the double, whatever the precision.

    NumPy takes hardly longer for many steps than for one, and a trajectory needs them all.
    """

    @functools.lru_cache(2**14)  # 32 MiB
    def following(seed: float, first: int, coordinate: float) -> np.ndarray:
        return draw(seed, np.arange(first, first + TOGETHER, dtype=float), coordinate)

    def value(seed: Any, step: Any, coordinate: Any) -> Any:
        block, place = divmod(round(float(step)), TOGETHER)
        return gmpy2.mpfr(float(following(float(seed), block * TOGETHER, float(coordinate))[place]))

    return value


class _Library:
    """A library in place of ``np``: gmpy2's function of that name, or NumPy's constant."""

    def __getattr__(self, name: str) -> Any:
        constant = getattr(np, name)
        if isinstance(constant, float):  # gmpy2.inf is a function
            return constant
        if not hasattr(gmpy2, name):
            raise AttributeError(f"np.{name}: gmpy2 has no such function; use one that it has in a model's steps")
        return getattr(gmpy2, name)


# The exponents of MPFR do not end: a coordinate that has one of its own in a kernel is a number like any other here.
INSTEAD = {
    exponent.squared: lambda coordinate, power, weight: weight * coordinate * coordinate,
    exponent.seen: lambda coordinate, power: coordinate,
    exponent.lifted: lambda bound, power: bound,
    exponent.value: lambda coordinate, power: coordinate,
    scalar.select: _select,
    scalar.residual: _residual,
    functions.exp: gmpy2.exp,
    functions.expm1: gmpy2.expm1,
    functions.log: gmpy2.log,
    functions.log1p: gmpy2.log1p,
    functions.log10: gmpy2.log10,
    functions.real_power: _real_power,
    functions.sin: _within_reach(gmpy2.sin),
    functions.cos: _within_reach(gmpy2.cos),
    functions.tan: _within_reach(gmpy2.tan),
    functions.arctan: gmpy2.atan,
    functions.sinh: gmpy2.sinh,
    functions.cosh: gmpy2.cosh,
    functions.tanh: gmpy2.tanh,
    functions.sech2: lambda x: gmpy2.sech(x) ** 2,
    functions.sigmoid: _sigmoid,
    functions.softplus: _softplus,
    functions.erf: gmpy2.erf,
    functions.erfc: gmpy2.erfc,
    functions.log_cosh: _log_cosh,
    functions.log_cosh_jet: _log_cosh_jet,
    functions.normal_density: _widened(_density),
    functions.normal_distribution: _widened(_distribution),
    functions.expected_relu: _widened(_expected_relu),
    **{draw: _drawn(draw) for draw in draws.DRAWS},
    np: _Library(),
}
