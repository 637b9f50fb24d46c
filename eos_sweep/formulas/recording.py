"""A Python function becomes a tree: it is called once, with arguments that record what is done with them.

Python's operators, comparisons, ``np.where`` and NumPy's functions are recorded.  What needs a number at once, such as
an ``if``, is refused.  Arrays of numbers are allowed, so a loss may be a sum over data.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from eos_sweep.errors import InputError, closest, named, one_line, short
from eos_sweep.formulas.grammar import is_condition
from eos_sweep.formulas.parts import Parts
from eos_sweep.formulas.recorded import Recorded
from eos_sweep.formulas.tree import Node


def record(function: Callable[..., Any], names: Sequence[str], what: str) -> Node:
    """Return the tree of the number that a function returns.

    Parameters
    ----------
    function
        Called once, with one recorded number for each argument.
    names
        The names of its arguments.
    what
        What it is the formula of, for errors.

    Raises
    ------
    InputError
        If the function fails, or does something that a formula cannot do.  The message is one line.
    """
    node = _recorded(function, names, what)
    if is_condition(node):
        raise InputError(f"{what}: the function returned a condition, not a number; use np.where(condition, yes, no)")
    return node


def _recorded(function: Callable[..., Any], names: Sequence[str], what: str) -> Node:
    order = _arguments(function, names, what)

    def refuse(problem: str, remedy: str) -> NoReturn:
        raise InputError(f"{problem}; {remedy}")

    parts = Parts(refuse)
    arguments = [Recorded(parts.name(name), parts) for name in order]
    try:
        returned = function(*arguments)
    except InputError as error:
        raise InputError(f"{what}: {one_line(error)}") from None
    except Exception as error:  # whatever the user's function raises
        kind = type(error).__name__
        text = named(one_line(error), 300)
        remedy = "its arguments are single numbers, for which NumPy's functions can be used"
        raise InputError(f"{what}: the function failed with {kind}: {text}; {remedy}") from None
    return _result(returned, parts, what)


def _arguments(function: Callable[..., Any], names: Sequence[str], what: str) -> list[str]:
    """Return the names of a function's arguments in its order, which must be ``names`` in any order."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise InputError(f"{what}: {short(function)} is no Python function; write def or lambda") from None
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            raise InputError(f"{what}: the function takes {named(str(parameter))}; name each of its arguments")
    order = [parameter.name for parameter in parameters]
    for name in order:
        if name not in names:
            raise InputError(f"{what}: the function has an argument {named(name)!r}; {closest(name, names)}")
    if missing := [name for name in names if name not in order]:
        shown = named(", ".join(missing), 200)
        raise InputError(f"{what}: the function has no argument {shown}; add it")
    return order


def _result(returned: Any, parts: Parts, what: str) -> Node:
    if isinstance(returned, np.ndarray) and returned.ndim == 0:
        returned = returned.item()
    if isinstance(returned, Recorded):
        if returned.parts is not parts:
            raise InputError(f"{what}: the function returned a value of another call; return what it computes")
        return returned.node
    if isinstance(returned, np.ndarray):
        shown, remedy = f"an array of shape {returned.shape}", "return one number, such as np.sum(...)"
    elif returned is None:
        shown, remedy = "nothing", "end it with return"
    elif isinstance(returned, tuple | list):
        shown, remedy = f"a {type(returned).__name__} of {len(returned)}", "return one number"
    else:
        shown, remedy = short(returned), "return a number that is computed from its arguments"
    raise InputError(f"{what}: the function returned {shown}; {remedy}")
