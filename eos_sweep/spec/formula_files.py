"""The formula of a TOML file: of a sweep, or of a file with nothing but the table ``[model]`` or its keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eos_sweep.derivation.definition import Formula
from eos_sweep.errors import SpecError, short
from eos_sweep.spec import formula_data
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.update_rules.composed import PLAIN

CORNERS = 64  # points of the grid at which the range of an expression is looked for


def read_formula(path: str | Path) -> Formula:
    """Return the formula of a file.

    Raises
    ------
    SpecError
        If the file has no formula, or for the first thing that is wrong with it.
    """
    return _formula_of(path, formula_data.read(path))


def read_model(path: str | Path) -> tuple[str | Formula, str]:
    """Return the model of a file, a name or a formula that is tried at inputs of the sweep, and its update rule.

    Raises
    ------
    SpecError
        For the first thing that is wrong with the file.
    """
    given = formula_data.read(path)
    if isinstance(given.get("model"), str) or set(given) - {"model"} - set(Formula.model_fields):
        sweep = Sweep.from_dict(given, Path(path).parent)
        model = sweep.model
        return model if isinstance(model, str) or model.trial else _tried(sweep, model), sweep.rule
    return _formula_of(path, given), PLAIN


def _formula_of(path: str | Path, given: Mapping[str, Any]) -> Formula:
    found = given if "loss" in given else given.get("model")
    if not isinstance(found, Mapping):
        got = f"model = {short(found)}" if found is not None else "no table [model]"
        raise SpecError(f"{path}: got {got}; give a file with a table [model], which has loss and state")
    return Formula.from_dict(found)


def _tried(sweep: Sweep, formula: Formula) -> Formula:
    """Return ``formula``, which is to be tried at inputs between the least and the most of the sweep."""
    rng = np.random.default_rng(0)
    points = {axis.name: rng.choice(axis.values, CORNERS) for axis in sweep.axes}
    for axis in sweep.axes:
        points[axis.name][:2] = axis.values.min(), axis.values.max()
    initial, parameters = sweep.inputs(points)
    own = {**parameters, **initial}.items()  # those of an update rule are tried at draws of its own
    ranges = {name: _range(values) for name, values in own if name in (*formula.state, *formula.parameters)}
    return Formula.from_dict(formula.to_dict() | {"trial": ranges})


def _range(values: np.ndarray) -> float | str:
    low, high = float(values.min()), float(values[np.isfinite(values)].max(initial=-np.inf))
    return low if low >= high else f"uniform({low!r}, {high!r})"
