"""What the contract of a model requires, and what of it a module lacks or defines itself."""

import ast
import functools
import inspect
from typing import Any

from eos_sweep import plain
from eos_sweep.contract import OPTIONAL_ATTRIBUTES, OPTIONAL_FUNCTIONS, ArrayModel, Model, is_array
from eos_sweep.formulas.parsing import parse

_NOTHING = object()


@functools.cache
def required(contract: type) -> tuple[str, ...]:
    """Return the names that the contract of a model requires: attributes, then functions."""
    names = [*contract.__annotations__, *(name for name, value in vars(contract).items() if callable(value))]
    return tuple(name for name in names if name not in OPTIONAL_ATTRIBUTES and not name.startswith("_"))


def missing(module: Any) -> list[str]:
    """Return the names that the contract of a model requires and ``module`` lacks."""
    contract: type = ArrayModel if is_array(module) else Model
    return [name for name in required(contract) if not hasattr(module, name)]


def defined(module: Any) -> set[str]:
    """Return the names of the contract that the module defines itself.  What ``eos_sweep.plain`` brings is none."""
    names = [*required(Model), *OPTIONAL_ATTRIBUTES, *OPTIONAL_FUNCTIONS]
    found = {name for name in names if hasattr(module, name)}
    own = {name for name in found if getattr(module, name) is not getattr(plain, name, _NOTHING)}
    return own | (found & _assigned(module))  # such as an empty tuple, of which there is only one


def _assigned(module: Any) -> set[str]:
    """Return the names to which the module assigns something itself."""
    try:
        body = parse(inspect.getsource(module)).body
    except (OSError, TypeError, SyntaxError):  # there is no source
        return set()
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in body if isinstance(node, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
