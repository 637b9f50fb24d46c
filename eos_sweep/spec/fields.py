"""Types of the fields of a sweep: how values from TOML, JSON or Python are checked."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, PlainValidator, Strict, ValidationInfo

from eos_sweep import training_data
from eos_sweep.contract import Data
from eos_sweep.plain_data import number, number_or_text


def python_integer(value: Any) -> Any:
    """Return an integer of NumPy as one of Python, and anything else unchanged."""
    return value.item() if isinstance(value, np.integer) else value


def parse_data(given: Any, info: ValidationInfo) -> Data | None:
    """Return the training data that a table names; the context has the folder where a relative path begins."""
    return training_data.parse(given, (info.context or {}).get("folder", Path()))


Number = Annotated[float, BeforeValidator(number)]
NumberOrText = Annotated[float | str, PlainValidator(number_or_text)]
WholeNumber = Annotated[int, Strict(), BeforeValidator(python_integer)]
