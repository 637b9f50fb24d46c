"""Axes of a sweep: inputs of the model, the seed, and *auxiliary* ones, which expressions take.

With an axis ``kappa`` and ``radius = "kappa / sqrt(lambda1)"`` a sweep runs along a combination of inputs, such as
those in which theory is written.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from eos_sweep import models, observables
from eos_sweep.axes import Axis, SpecError, bounded, closest, short
from eos_sweep.contract import Model, Quantity
from eos_sweep.errors import named
from eos_sweep.expressions import CONSTANTS, FUNCTIONS

SEED = Quantity("seed", "seed", least=0.0)
OTHER = ("regime", "settled", "budget", "ledger", "pyramid")  # what a dataset may hold beside observables and inputs


def check(model: Model, axes: Iterable[Axis], given: Mapping[str, float | str]) -> None:
    """Raise unless each axis is an input within its bounds, or the seed, or a name that an expression takes.

    Args:
        given: name -> number or text of the inputs that are no axes.

    Raises:
        SpecError: the first axis that is wrong.
    """
    inputs = _inputs(model)
    for axis in axes:
        name, values = axis.name, axis.values
        if name not in inputs:
            if name in {*observables.variables(model), *OTHER}:
                raise SpecError(
                    f"axes.{named(name)}: a variable of the dataset is called so; give the axis another name"
                )
            if name not in _taken(model, given):
                problem = f"{models.name_of(model)} has no {short(name)}, and no expression takes it"
                raise SpecError(f"axes.{named(name)}: {problem}; {closest(name, inputs)}")
            continue
        odd = values[(values != np.floor(values)) | (values >= 2**53)]
        if name == "seed" and odd.size:
            raise SpecError(f"axis 'seed': got {odd[0]}; give whole numbers from 0 to 2**53")
        bounded(f"axis {name!r}", inputs[name], values)


def _inputs(model: Model) -> dict[str, Quantity]:
    found = {**model.PARAMETERS, **model.STATE}
    found.setdefault("seed", SEED)  # some models have one of their own
    return found


def _taken(model: Model, given: Mapping[str, float | str]) -> set[str]:
    """Return the names in expressions, whether these can be read or not: what is wrong in them is found later."""
    texts = [model.PRESETS.get(name, {}).get(text, text) for name, text in given.items() if isinstance(text, str)]
    return set(re.findall(r"\b[A-Za-z_]\w*", " ".join(texts))) - {*FUNCTIONS, *CONSTANTS}


def described(model: Model, axes: Iterable[Axis]) -> dict[str, Quantity]:
    """Return name -> description of every input and every axis, in the axis's own words if it has any."""
    found = _inputs(model)
    for axis in axes:
        known = found.get(axis.name, Quantity("auxiliary axis", axis.name))
        found[axis.name] = known._replace(
            long_name=axis.long_name or known.long_name, symbol=axis.symbol or known.symbol
        )
    return found
