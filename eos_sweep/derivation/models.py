"""Modules of models that are given by a formula."""

import functools
from types import ModuleType

from eos_sweep.derivation import loader, smoothness
from eos_sweep.derivation.calculus import Calculus, derive
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.source import write


@functools.lru_cache(maxsize=64)
def source(formula: Formula) -> str:
    """Return the source of the module of ``formula``: a model in the style of those that are written by hand.

    Raises
    ------
    InputError
        If the loss has too many parts, divides by zero, or is not twice differentiable.
    """
    c = calculus_of(formula)
    smoothness.check(c)
    return write(formula, c)


def calculus_of(formula: Formula) -> Calculus:
    """Return what is derived of the loss of ``formula``."""
    return derive(formula.tree, list(formula.state), list(formula.parameters), formula.never_negative)


def module(formula: Formula) -> ModuleType:
    """Return the module of ``formula``, the same one for the same formula."""
    return loader.load(formula.name, source(formula))
