"""A module's functions with replacements for some things that they use, such as another library in NumPy's place."""

from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

Spaces = dict[int, dict[str, Any]]  # rebound names of modules already met, by the identity of their dictionaries


def rebound(value: Any, instead: Mapping[Any, Any], known: Spaces | None = None) -> Any:
    """Return a function, or a tuple of functions, that uses replacements; so do the functions that it calls.

    Parameters
    ----------
    value
        Function, tuple of functions, or anything else, which is returned as it is.
    instead
        Function or module -> its replacement.
    known
        Rebound names of modules already met; callers leave it out.
    """
    known = {} if known is None else known
    if isinstance(value, FunctionType | ModuleType) and value in instead:
        return instead[value]
    if isinstance(value, tuple) and value and all(isinstance(part, FunctionType) for part in value):
        return tuple(rebound(part, instead, known) for part in value)
    if isinstance(value, FunctionType):
        names = space(value.__globals__, instead, known)
        found = FunctionType(value.__code__, names, value.__name__, value.__defaults__, value.__closure__)
        found.__kwdefaults__ = value.__kwdefaults__ and dict(value.__kwdefaults__)
        return found
    return value


def space(names: dict[str, Any], instead: Mapping[Any, Any], known: Spaces | None = None) -> dict[str, Any]:
    """Return all names of a module, with their functions rebound."""
    known = {} if known is None else known
    if id(names) not in known:
        known[id(names)] = {}
        known[id(names)] |= {name: rebound(value, instead, known) for name, value in names.items()}
    return known[id(names)]
