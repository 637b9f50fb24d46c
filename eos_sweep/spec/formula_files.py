"""The formula of a TOML file: of a sweep, or of a file with nothing but the table ``[model]`` or its keys."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eos_sweep.derivation.definition import Formula
from eos_sweep.errors import SpecError, short
from eos_sweep.spec import formula_data, point_forms
from eos_sweep.spec.fields import parse_rule
from eos_sweep.spec.names import check_model
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.update_rules.composed import PLAIN

CORNERS = 64  # points of the grid at which the range of an expression is looked for


def read_derived(path: str | Path) -> tuple[str | Formula, str]:
    """Return the formula of a file and the update rule; under another rule than ``gd`` it may be a model by name.

    Raises
    ------
    SpecError
        If the file has no formula, or for the first thing that is wrong with it.
    """
    given = formula_data.read(path)
    rule = parse_rule(given["rule"]) if "rule" in given else PLAIN
    if rule != PLAIN and isinstance(given.get("model"), str):
        check_model(given["model"], rule)
        return given["model"], rule
    found = _formula_of(path, given)
    check_model(found, rule)
    return found, rule


def read_model(path: str | Path) -> tuple[str | Formula, str]:
    """Return the model of a file, a name or a formula that is tried at inputs of the sweep, and its update rule.

    Raises
    ------
    SpecError
        For the first thing that is wrong with the file.
    """
    given = formula_data.read(path)
    if isinstance(given.get("model"), str) or set(given) - {"model"} - set(Formula.model_fields):
        folder = Path(path).parent
        sweep = Sweep.from_dict(point_forms.read(given, folder), folder)
        untold = isinstance(sweep.model, Formula) and not sweep.model.trial
        return _tried(sweep) if untold else sweep.model, sweep.rule
    return _formula_of(path, given), PLAIN


def _formula_of(path: str | Path, given: Mapping[str, Any]) -> Formula:
    found = given if "loss" in given else given.get("model")
    if not isinstance(found, Mapping):
        got = f"model = {short(found)}" if found is not None else "no table [model]"
        raise SpecError(f"{path}: got {got}; give a file with a table [model], which has loss and state")
    return Formula.from_dict(found)


def _tried(sweep: Sweep) -> Formula:
    """Return the formula of a sweep, which is to be tried at inputs between the least and the most of the sweep."""
    rng = np.random.default_rng(0)
    points = {axis.name: rng.choice(axis.values, CORNERS) for axis in sweep.axes}
    for axis in sweep.axes:
        points[axis.name][:2] = axis.values.min(), axis.values.max()
    initial, parameters = sweep.inputs(points)
    ranges = {name: _range(values) for name, values in {**parameters, **initial}.items()}
    formula = Formula.model_validate(sweep.model)
    known = {name: ranges[name] for name in (*formula.parameters, *formula.state)}
    return Formula.from_dict(formula.to_dict() | {"trial": known})


def _range(values: np.ndarray) -> float | str:
    low, high = float(values.min()), float(values[np.isfinite(values)].max(initial=-np.inf))
    return low if low >= high else f"uniform({low!r}, {high!r})"
