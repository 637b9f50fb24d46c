"""Types of the fields of a sweep: how values from TOML, JSON or Python are checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainValidator, Strict, ValidationInfo

from eos_sweep import training_data
from eos_sweep.contract import Data
from eos_sweep.derivation.definition import Formula
from eos_sweep.errors import InputError, SpecError, short
from eos_sweep.plain_data import number, number_or_text, scalar
from eos_sweep.update_rules import composed as update_rules


def python_integer(value: Any) -> Any:
    """Return a whole number, such as ``2e3`` or an array without axes, as an integer, and anything else unchanged."""
    value = scalar(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def at_least(name: str, value: Any, least: int, otherwise: str = "") -> int:
    """Return ``value`` as an integer; InputError unless it is a whole number of at least ``least``."""
    found = python_integer(value)
    if isinstance(found, bool) or not isinstance(found, int) or found < least:
        raise InputError(f"{name}: got {short(value)}; give a whole number >= {least}{otherwise}")
    return found


def parse_model(given: Any) -> str | Formula:
    """Return the name of a model, or the formula that a table gives."""
    if isinstance(given, str | Formula):
        return given
    if isinstance(given, Mapping):
        return Formula.from_dict(given)
    raise ValueError("neither a name nor a table")


def parse_rule(given: Any) -> str:
    """Return the update rule that a text, or a list of its parts, names."""
    if isinstance(given, list | tuple) and all(isinstance(part, str) for part in given) and given:
        given = " + ".join(given)
    if not isinstance(given, str):
        raise SpecError(f'rule: got {short(given)}; give a text such as "heavy_ball + l2"')
    try:
        return str(update_rules.parse(given))
    except InputError as error:
        raise SpecError(str(error)) from None


def parse_data(given: Any, info: ValidationInfo) -> Data | None:
    """Return the training data that a table names; the context has the folder where a relative path begins."""
    return training_data.parse(given, (info.context or {}).get("folder", Path()))


Number = Annotated[float, BeforeValidator(number)]
NumberOrText = Annotated[float | str, PlainValidator(number_or_text)]
WholeNumber = Annotated[int, Strict(), BeforeValidator(python_integer)]
