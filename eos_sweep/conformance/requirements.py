"""How a check fails: with an error that is raised also under ``python -O``, and says where and by how much."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from eos_sweep.contract import Model, Numbers


class ConformanceError(AssertionError):
    """A model does not do what everything else relies on.  The message says what is wrong, where, and by how much."""


def require(holds: Any, message: str) -> None:
    """Raise ConformanceError with ``message`` unless the condition holds."""
    if not holds:
        raise ConformanceError(message)


def require_all(good: np.ndarray, what: str, where: Mapping[str, Any], **found: Any) -> None:
    """Raise ConformanceError unless ``good`` is true everywhere along its first axis.

    Parameters
    ----------
    good
        Whether the identity holds, for each row.
    what
        The identity that fails otherwise.
    where, found
        Name -> a number for each row, or one for all: the inputs, and what the identity compares.  The message gives
        those of the first row at which it fails.
    """
    good = np.atleast_1d(np.asarray(good, bool))
    bad = np.flatnonzero(~good)
    if not bad.size:
        return
    rows = {name: np.broadcast_to(values, good.shape)[bad[0]] for name, values in {**found, **where}.items()}
    numbers = [f"{name} = {rows[name]}" for name in found]
    place = [f"{name} = {rows[name]}" for name in where]
    raise ConformanceError(
        f"{what}: fails at {bad.size} of {good.size}, first with {', '.join(numbers)} at {', '.join(place)}"
    )


def place(model: Model, theta: Numbers, p: Numbers) -> dict[str, Any]:
    """Return name -> numbers of the coordinates and parameters of ``model``, for messages."""
    coordinates = zip(model.STATE, theta[: len(model.STATE)], strict=True)
    return dict(coordinates) | dict(zip(model.PARAMETERS, p, strict=True))
