"""A module's functions with other things in place of some that they use, such as another library in NumPy's place."""

from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

Spaces = dict[int, dict[str, Any]]  # modules that are already under way, by the identity of their dictionaries


def rebound(value: Any, instead: Mapping[Any, Any], known: Spaces | None = None) -> Any:
    """Return a function, or a tuple of them, that uses ``instead`` of what it names; so does whatever it calls.

    ``instead`` maps functions and modules to their replacements; anything else is returned as it is.
    """
    known = {} if known is None else known
    if isinstance(value, FunctionType | ModuleType) and value in instead:
        return instead[value]
    if isinstance(value, tuple) and value and all(isinstance(part, FunctionType) for part in value):
        return tuple(rebound(part, instead, known) for part in value)
    if isinstance(value, FunctionType):
        names = space(value.__globals__, instead, known)
        return FunctionType(value.__code__, names, value.__name__, value.__defaults__, value.__closure__)
    return value


def space(names: dict[str, Any], instead: Mapping[Any, Any], known: Spaces | None = None) -> dict[str, Any]:
    """Return all names of a module, rebound."""
    known = {} if known is None else known
    if id(names) not in known:
        known[id(names)] = {}
        known[id(names)] |= {name: rebound(value, instead, known) for name, value in names.items()}
    return known[id(names)]
