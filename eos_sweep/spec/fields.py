"""Types of the fields of a sweep: how values from TOML, JSON or Python are checked, written and explained."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, PlainValidator, Strict, ValidationInfo
from pydantic.fields import FieldInfo

from eos_sweep import training_data
from eos_sweep.contract import Data
from eos_sweep.errors import SpecError, closest, named, short

JSON_INFINITIES = ("inf", "-inf")  # strict JSON has no infinity, so it is written as text


def number(value: Any) -> float:
    """Return ``value`` as a float.

    Raises
    ------
    ValueError
        If it is NaN, a truth value, or text other than "inf" and "-inf".
    """
    if isinstance(value, str) and value in JSON_INFINITIES:
        return float(value)
    if isinstance(value, bool | np.bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ValueError("not a number")
    try:
        result = float(value)
    except OverflowError:
        raise ValueError("too large") from None
    if math.isnan(result):
        raise ValueError("not a number")
    return result


def python_integer(value: Any) -> Any:
    """Return an integer of NumPy as one of Python, and anything else unchanged."""
    return value.item() if isinstance(value, np.integer) else value


def _number_or_text(value: Any) -> float | str:
    return value if isinstance(value, str) and value not in JSON_INFINITIES else number(value)


def parse_data(given: Any, info: ValidationInfo) -> Data | None:
    """Return the training data that a table names; the context has the folder where a relative path begins."""
    return training_data.parse(given, (info.context or {}).get("folder", Path()))


Number = Annotated[float, BeforeValidator(number)]
NumberOrText = Annotated[float | str, PlainValidator(_number_or_text)]
WholeNumber = Annotated[int, Strict(), BeforeValidator(python_integer)]


def strict_json(value: Any) -> Any:
    """Return plain data for strict JSON: tuples become lists, infinity becomes text."""
    if isinstance(value, Mapping):
        return {key: strict_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict_json(item) for item in value]
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def explained(problems: Iterable[Mapping[str, Any]], fields: Mapping[str, FieldInfo]) -> str:
    """Return one line for the problems that pydantic found: the key, the value, and the field's remedy."""
    # A misspelt key is unknown and leaves another one missing.  The unknown key is the cause, so it comes first.
    problem = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, SpecError):
        return str(cause)
    place = [named(str(part)) for part in problem["loc"]] or ["spec"]
    if problem["type"] == "extra_forbidden":
        return f"{place[0]}: unknown key, got {short(problem['input'])}; {closest(place[0], fields)}"
    remedy = fields[place[0]].description if place[0] in fields else "give a table of keys"
    got = "missing" if problem["type"] == "missing" else f"got {short(problem['input'])}"
    return f"{'.'.join(place)}: {got}; {remedy}"
