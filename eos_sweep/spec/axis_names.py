"""Which names the axes of a sweep may have: inputs of the model, the seed, and *auxiliary* names used by expressions.

With an auxiliary axis ``kappa`` and ``radius = "kappa / sqrt(lambda1)"`` a sweep runs along a combination of inputs,
such as the dimensionless groups of a theory.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

import numpy as np

from eos_sweep import models, observables
from eos_sweep.contract import Model, Quantity
from eos_sweep.errors import SpecError, named, short
from eos_sweep.formulas.expressions import CONSTANTS, FUNCTIONS
from eos_sweep.spec.axes import Axis, check_bounds
from eos_sweep.spec.parameters_of_rules import remedy
from eos_sweep.spec.points import NUMBER, POINT, Points

SEED = Quantity("seed", "seed", least=0.0)
WINDOWS = re.compile("con|prn|aux|nul|(com|lpt)[0-9¹²³]", re.IGNORECASE)  # names that it reserves for devices
MAX_NAME_BYTES = 140  # of a folder; most file systems allow 255, encrypted ones 143
RESERVED = ("regime", "settled", "budget", "ledger", "pyramid")  # other names that a dataset may hold


def check_axes(
    model: Model, axes: Iterable[Axis], given: Mapping[str, float | str], columns: Mapping[str, np.ndarray]
) -> None:
    """Check that each axis or column of points is an input within its bounds, the seed, or used by an expression.

    Parameters
    ----------
    axes
        The axes, without the dimension of the points.
    given
        Name -> number or text of the inputs that are neither axes nor columns.
    columns
        Name -> values of what each point has.

    Raises
    ------
    SpecError
        For the first one that is wrong.
    """
    inputs = _inputs(model)
    if columns and POINT in inputs:
        raise SpecError(f"points: {models.name_of(model)} has an input {POINT!r}, which is their dimension; rename it")
    both = [(f"axes.{named(axis.name)}", f"axis {axis.name!r}", axis.name, axis.values) for axis in axes]
    both += [(f"points.{named(name)}", f"points.{named(name)}", name, values) for name, values in columns.items()]
    for key, label, name, values in both:
        if columns and (name == POINT or (name in columns and key.startswith("axes."))):
            raise SpecError(f"{key}: the points have this name; give another one")
        if name not in inputs:
            if name in {*observables.variables(model), *RESERVED}:
                raise SpecError(f"{key}: a variable of the dataset has this name; give it another name")
            if name not in _names_in_expressions(model, given):
                problem = f"{models.name_of(model)} has no {short(name)}, and no expression uses it"
                raise SpecError(f"{key}: {problem}; {remedy(model, name, inputs)}")
            continue
        odd = values[(values != np.floor(values)) | (values >= 2**53)]
        if name == "seed" and odd.size:
            raise SpecError(f"{label}: got {odd[0]}; give whole numbers from 0 to 2**53")
        check_bounds(label, inputs[name], values)


def check_folders(model: Model, axes: Iterable[str]) -> None:
    """Check that each name of an axis or of an input can be the name of a folder of its own on any system.

    Raises
    ------
    SpecError
        If it is no name, Windows reserves it, or it equals another name but for the case of its letters.
    """
    inputs = _inputs(model)
    taken = {_folded(name): name for name in (*observables.variables(model), *RESERVED)}
    for name in dict.fromkeys((*inputs, *axes)):
        of_model = f"model {models.name_of(model)}: its {short(name)}"
        where, remedy = (
            (of_model, "rename it there") if name in inputs else (f"axes.{named(name)}", "give it another name")
        )
        if not name.isidentifier() or WINDOWS.fullmatch(name) or len(name.encode()) > MAX_NAME_BYTES:
            raise SpecError(f"{where} cannot be the name of a folder on every system; {remedy}")
        other = taken.setdefault(_folded(name), name) if name not in taken.values() else "a variable of the dataset"
        if other != name:
            raise SpecError(f"{where} has the same name as {other}, but for the case of letters at most; {remedy}")


def _folded(name: str) -> str:
    """Return what two names have in common that are one on a file system which ignores case."""
    return unicodedata.normalize("NFKC", name).casefold()


def _inputs(model: Model) -> dict[str, Quantity]:
    found = {**model.PARAMETERS, **model.STATE}
    found.setdefault("seed", SEED)  # some models have a seed of their own
    return found


def _names_in_expressions(model: Model, given: Mapping[str, float | str]) -> set[str]:
    """Return the names in expressions, which may still be invalid: they are parsed later."""
    texts = [model.PRESETS.get(name, {}).get(text, text) for name, text in given.items() if isinstance(text, str)]
    return set(re.findall(r"\b[A-Za-z_]\w*", " ".join(texts))) - {*FUNCTIONS, *CONSTANTS}


def describe(model: Model, axes: Iterable[Axis], points: Points | None = None) -> dict[str, Quantity]:
    """Return name -> description of every input, axis and column; symbol and long name of an axis come first."""
    found = _inputs(model)
    if points:
        found |= {name: Quantity("column of the points", name) for name in points.columns if name not in found}
        found[POINT] = NUMBER
    for axis in axes:
        known = found.get(axis.name, Quantity("auxiliary axis", axis.name))
        found[axis.name] = known._replace(
            long_name=axis.long_name or known.long_name, symbol=axis.symbol or known.symbol
        )
    return found
