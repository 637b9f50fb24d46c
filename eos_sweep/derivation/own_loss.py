"""The loss of a module, as a formula: its text ``LOSS``, or what its function ``loss(theta, p)`` computes."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

from eos_sweep import exponent, functions, scalar
from eos_sweep.derivation.substitute import rebound, space
from eos_sweep.derivation.written_out import written_out
from eos_sweep.errors import InputError
from eos_sweep.formulas import operations
from eos_sweep.formulas.recorded import Recorded, RecordedArray, apply
from eos_sweep.formulas.recording import record

RENAMED = {"normal_distribution": "normal_cdf"}
ROOT_TWO_PI = 2.5066282746310002


def recorded_loss(function: Callable[..., Any], state: Sequence[str], parameters: Sequence[str]) -> str:
    """Return the formula of a function ``loss(theta, p)`` in the names of coordinates and parameters.

    Raises
    ------
    InputError
        If it does something that a formula cannot do.
    """
    inner = rebound(function, INSTEAD)

    def of_names(*numbers: Any) -> Any:
        try:
            return inner(numbers[: len(state)], numbers[len(state) :])
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:  # such as SystemExit
            raise InputError(f"the function failed with {type(error).__name__}; correct it") from None

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = [*state, *parameters]
    signature = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    of_names.__signature__ = signature  # type: ignore[attr-defined]
    return written_out(record(of_names, names, "loss"), "loss")


def _recording(function: Callable[..., Any], operation: str) -> Callable[..., Any]:
    """Return what records a function of ours as an operation, element by element; of numbers it is the function."""

    def recording(x: Any) -> Any:
        if isinstance(x, Recorded):
            return apply(operation, x)
        if not isinstance(x, RecordedArray):
            return function(x)
        found = np.empty(x.shape, dtype=object)
        for place in np.ndindex(x.shape):
            found[place] = recording(x[place])
        return found.view(RecordedArray)

    return recording


def _refusing(name: str) -> Callable[..., Any]:
    def refusing(*operands: Any) -> Any:
        raise InputError(f"the function uses {name}, which no formula has; give the loss as a text, LOSS")

    return refusing


def _density(x: Any) -> Any:
    return _exp(-x * x / 2) / ROOT_TWO_PI


def _expected_relu(x: Any) -> Any:
    return _density(x) + x * _normal_cdf(x)


def _sech2(x: Any) -> Any:
    return 1 / _cosh(x) ** 2


def _replacements() -> Mapping[Any, Callable[..., Any]]:
    """Return what takes the place of our functions while a loss is recorded: they know numbers, not names."""
    found: dict[Any, Callable[..., Any]] = {}
    for module in (functions, exponent):
        for name, one in vars(module).items():
            if not isinstance(one, FunctionType) or not one.__module__.startswith(module.__name__):
                continue
            operation = RENAMED.get(name, name)
            known = module is functions and operation in operations.FUNCTIONS
            found[one] = _recording(one, operation) if known else _refusing(name)
    found |= {one: _refusing(one.__name__) for one in (scalar.residual, scalar.sum_residual)}
    return found | {scalar.select: np.where}


_REPLACED = _replacements()
_exp, _cosh, _normal_cdf = (_REPLACED[one] for one in (functions.exp, functions.cosh, functions.normal_distribution))
INSTEAD: dict[Any, Any] = {
    **_REPLACED,
    functions.normal_density: _density,
    functions.expected_relu: _expected_relu,
    functions.sech2: _sech2,
    functions.real_power: lambda base, exponent: base**exponent,
}
INSTEAD |= {one: SimpleNamespace(**space(vars(one), INSTEAD)) for one in (functions, scalar, exponent)}
