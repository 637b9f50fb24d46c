"""A model's functions of one state as one flat function: without calls, and with nothing computed twice.

Python spends most of the time of exact arithmetic on calls, and the loss, the curvature, the next step and the test of
its clip have products in common.  A model's functions have no branches, so the operations of one call are those of
every call: they are recorded once, with symbols in place of numbers, and written down as Python.  What depends on
parameters only is computed once for a trajectory, and the rounding error of a product, which is zero, not at all.  The
other operations and their order are the same, so the numbers are, to the last bit.
"""

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from eos_sweep import functions, scalar
from eos_sweep.checks.exact import arithmetic
from eos_sweep.contract import Model
from eos_sweep.derivation import substitute
from eos_sweep.eigen.sharpness import edge_of
from eos_sweep.state import width


class Symbol:
    """A number that is not known yet; what is done with it is recorded."""

    def __init__(self, record: "Record", name: str, fixed: bool) -> None:
        self.record, self.name, self.fixed = record, name, fixed  # fixed: it depends on parameters only

    def __bool__(self) -> bool:
        """Refuse: there is no branch to take, though a kernel can compile one."""
        raise TypeError("a branch on a number that is not known")


def _is_zero(value: Any) -> bool:
    return isinstance(value, float) and value == 0.0


class Record:
    """The operations on symbols so far, each of them once."""

    def __init__(self) -> None:
        self.lines: dict[bool, list[str]] = {True: [], False: []}  # of numbers that are fixed, and of others
        self.objects: dict[str, Any] = {}  # of the code: name -> constant or function
        self._known: dict[str, Symbol] = {}  # by the code of the expression
        self._names: dict[str, str] = {}  # of the objects

    def of(self, template: str, *parts: Any) -> Symbol:
        """Return the symbol for an expression: ``template`` with the names of ``parts``."""
        text = template.format(*map(self.name, parts))
        if text not in self._known:
            name, fixed = f"t{len(self._known)}", all(part.fixed for part in parts if isinstance(part, Symbol))
            self.lines[fixed].append(f"{name} = {text}")
            self._known[text] = Symbol(self, name, fixed)
        return self._known[text]

    def residual(self, one: Any, other: Any, product: Any) -> Any:
        """Return ``one * other - product``, which is zero where ``product`` is that product."""
        found = one * other
        return 0.0 if found is product else found - product

    def name(self, value: Any) -> str:
        """Return the code for a symbol, a tuple, a constant or a function."""
        if isinstance(value, Symbol):
            return value.name
        if isinstance(value, tuple):
            return f"({''.join(self.name(part) + ', ' for part in value)})"
        key = f"{value!r}" if isinstance(value, int | float) else f"object {id(value)}"
        if key not in self._names:
            self._names[key] = f"c{len(self.objects)}"
            self.objects[self._names[key]] = value
        return self._names[key]

    def called(self, function: Callable) -> Callable:
        """Return a function that records a call of ``function``, which returns one number."""
        return lambda *parts: self.of("{}(" + ", ".join(["{}"] * len(parts)) + ")", function, *parts)


def _operator(template: str, with_zero: str = "") -> Callable:
    """Return what records an operation; with a zero, such as an error that there is not, the other number or zero."""

    def operator(one: Symbol, *others: Any) -> Any:
        if with_zero and _is_zero(others[0]):
            return one if with_zero == "one" else 0.0
        return one.record.of(template, one, *others)

    return operator


for _name, _sign, _zero in (("add", "+", "one"), ("sub", "-", "one"), ("mul", "*", "zero")):
    setattr(Symbol, f"__{_name}__", _operator(f"{{0}} {_sign} {{1}}", _zero))
    setattr(Symbol, f"__r{_name}__", _operator(f"{{1}} {_sign} {{0}}", _zero if _name != "sub" else ""))
for _name, _sign in {"truediv": "/", "pow": "**", "and": "&", "or": "|"}.items():
    setattr(Symbol, f"__{_name}__", _operator(f"{{0}} {_sign} {{1}}"))
    setattr(Symbol, f"__r{_name}__", _operator(f"{{1}} {_sign} {{0}}"))
for _name, _sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    setattr(Symbol, f"__{_name}__", _operator(f"{{0}} {_sign} {{1}}"))
for _name, _sign in {"neg": "-{}", "pos": "+{}", "invert": "~{}", "abs": "abs({})"}.items():
    setattr(Symbol, f"__{_name}__", _operator(_sign))


class _Library:
    """gmpy2 in place of ``np``, with functions that record their calls."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def __getattr__(self, name: str) -> Any:
        found = getattr(arithmetic.INSTEAD[np], name)
        return found if isinstance(found, float) else self._record.called(found)


def _recording(record: Record) -> dict[Any, Any]:
    """Return what records operations, in place of what :mod:`eos_sweep.checks.exact.arithmetic` computes at once."""

    def select(condition: Any, yes: Any, no: Any) -> Any:
        if not isinstance(condition, Symbol):
            return yes if condition else no
        return record.of("{} if {} else {}", yes, condition, no)

    def log_cosh_jet(x: Any) -> tuple[Symbol, ...]:
        found = record.called(arithmetic.INSTEAD[functions.log_cosh_jet])(x)
        return tuple(record.of(f"{{}}[{k}]", found) for k in range(4))

    special = [value for name in functions.__all__ if (value := getattr(functions, name)) in arithmetic.INSTEAD]
    calls = {value: record.called(arithmetic.INSTEAD[value]) for value in special}
    residual = {scalar.residual: record.residual}
    own = {np: _Library(record), **residual, scalar.select: select, functions.log_cosh_jet: log_cosh_jet}
    return {**arithmetic.INSTEAD, **calls, **own}


def _flattened(model: Model) -> Callable[[Any], Callable]:
    """Return :func:`forward` as one flat function of ``theta``, made of ``p``."""
    record = Record()
    recording = SimpleNamespace(**substitute.space(vars(model), _recording(record)))
    theta = tuple(Symbol(record, f"x{k}", False) for k in range(width(model)))
    p = tuple(Symbol(record, f"p{k}", True) for k in range(len(model.PARAMETERS)))
    result = record.name(forward(recording, theta, p))
    inner = [f"{record.name(theta)} = theta", *record.lines[False], f"return {result}"]
    outer = [f"{record.name(p)} = p", *record.lines[True], "def flat(theta):", *(f"    {line}" for line in inner)]
    space = dict(record.objects)
    exec("\n    ".join(["def of(p):", *outer, "return flat"]), space)
    return space["of"]


def forward(functions_of: Any, theta: Any, p: Any) -> Any:
    """Return what a snapshot shows of a state, and what the next step makes of it.

    The first is the loss, whether the state is stable, and the numbers that determine its sharpness; the second is
    whether the step is clipped, and the state after it.
    """
    curvature = functions_of.curvature(theta, p)
    stable = functions_of.stable(curvature, edge_of(functions_of)(theta, p))
    seen = functions_of.loss(theta, p), stable, curvature
    return seen, (functions_of.clipped(theta, p), functions_of.step(theta, p))


@functools.cache
def flat(model: Model) -> Callable[[Any], Callable]:
    """Return ``of(p)``, which returns :func:`forward` of a model as a function of ``theta``, in numbers of MPFR."""
    try:
        return _flattened(model)
    except TypeError:  # a branch on a number, or a use of it as an index: a kernel compiles these, too
        own = arithmetic.translated(model)
        return lambda p: lambda theta: forward(own, theta, p)
