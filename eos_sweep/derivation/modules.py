"""The module of each formula in this process, derived once."""

import threading
from types import ModuleType

from eos_sweep.derivation import models
from eos_sweep.derivation.definition import Formula

_DERIVED = threading.Lock()
_MODULES: dict[Formula, ModuleType] = {}
_FORMULAS: dict[str, Formula] = {}  # by the name of the module


def module_of(formula: Formula) -> ModuleType:
    """Return the module that is derived from ``formula``.

    Raises
    ------
    InputError
        If no module can be derived from it.
    """
    if formula not in _MODULES:
        module = models.module(formula)
        with _DERIVED:
            _FORMULAS[module.__name__] = formula
            _MODULES[formula] = module
    return _MODULES[formula]


def formula_of(module: str) -> Formula | None:
    """Return the formula from which the module of this name was derived, None if it was written by hand."""
    return _FORMULAS.get(module)
