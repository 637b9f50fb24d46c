"""Plain data of TOML and JSON: numbers, infinity as text, and how a wrong key reads."""

import math
from collections.abc import Mapping
from typing import Any, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict
from pydantic import ValidationError as Invalid

from eos_sweep.errors import InputError, SpecError, closest, named, short

JSON_INFINITIES = ("inf", "-inf")  # strict JSON has no infinity, so it is written as text
MAX_LABEL_CHARACTERS = 60  # of a symbol or a long name, which pictures show
Checked = TypeVar("Checked", bound=BaseModel)


class Frozen(BaseModel):
    """Plain data that does not change; a copy or a pickle has the fields, not what was computed of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __getstate__(self) -> dict[Any, Any]:
        """Return what a pickle holds."""
        state = super().__getstate__()
        fields = {name: value for name, value in state["__dict__"].items() if name in type(self).model_fields}
        return {**state, "__dict__": fields}

    def __copy__(self) -> Self:
        """Return an equal object, of which nothing is computed yet."""
        found = super().__copy__()
        object.__setattr__(found, "__dict__", self.__getstate__()["__dict__"])
        return found

    def __deepcopy__(self, memo: Any = None) -> Self:
        """Return an equal object; what does not change need not be copied."""
        return self.__copy__()


def scalar(value: Any) -> Any:
    """Return the one value of an array without axes, NumPy's or xarray's, and anything else unchanged.

    Examples
    --------
    >>> scalar(np.array(0.5)), scalar(np.int64(3)), scalar([3])
    (0.5, 3, [3])
    """
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def number(value: Any) -> float:
    """Return ``value``, which may be an array without axes, as a float.

    Raises
    ------
    ValueError
        If it is NaN, a truth value, or text other than "inf" and "-inf".
    """
    value = scalar(value)
    if isinstance(value, str) and value in JSON_INFINITIES:
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating):
        raise ValueError("not a number")
    try:
        result = float(value)
    except OverflowError:
        raise ValueError("too large") from None
    if math.isnan(result):
        raise ValueError("not a number")
    return result


def number_or_text(value: Any) -> float | str:
    """Return ``value`` as a float, or as the text that it is; ValueError if it is neither."""
    value = scalar(value)
    return value if isinstance(value, str) and value not in JSON_INFINITIES else number(value)


def short_text(label: str, value: Any, most: int = MAX_LABEL_CHARACTERS) -> str:
    """Return ``value``; SpecError unless it is a text of 1 to ``most`` visible characters."""
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= most:
        raise SpecError(f"{label} = {short(value)}; give a text of 1 to {most} characters in quotes")
    return value


def strict_json(value: Any) -> Any:
    """Return plain data for strict JSON: tuples become lists, infinity becomes text."""
    if isinstance(value, Mapping):
        return {key: strict_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict_json(item) for item in value]
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def validated(kind: type[Checked], given: Mapping[str, Any], table: str = "", **context: Any) -> Checked:
    """Return the pydantic model ``kind`` of what is given; SpecError for the first thing that is wrong.

    ``table`` is what precedes each key in errors, such as ``"model."``.
    """
    try:
        return kind.model_validate(given, context=context)
    except Invalid as error:
        problems = error.errors(include_url=False)
    # A misspelt key is unknown and leaves another one missing.  The unknown key is the cause, so it comes first.
    first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    raise SpecError(_explained(first, kind.model_fields, table))


def _explained(problem: Mapping[str, Any], fields: Mapping[str, Any], table: str) -> str:
    """Return one line for a problem that pydantic found: the key, the value, and the field's remedy."""
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return str(cause)
    place = [named(str(part)) for part in problem["loc"]] or ["spec"]
    if problem["type"] == "extra_forbidden":
        return f"{table}{place[0]}: unknown key, got {short(problem['input'])}; {closest(place[0], fields)}"
    remedy = fields[place[0]].description if place[0] in fields else "give a table of keys"
    got = "missing" if problem["type"] == "missing" else f"got {short(problem['input'])}"
    return f"{table}{'.'.join(place)}: {got}; {remedy}"
