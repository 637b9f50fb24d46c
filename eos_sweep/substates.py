"""States of networks as parts of larger ones, under names that begin with that of the part."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def below(name: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state as a part of a larger one, under names that begin with ``name/``."""
    return {f"{name}/{key}": value for key, value in state.items()}


def part(name: str, state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the state that :func:`below` has put into a larger one.

    Examples
    --------
    >>> part("network", {"age": np.array(3), **below("network", {"weights": np.zeros(2)})})
    {'weights': array([0., 0.])}
    """
    start = f"{name}/"
    return {key.removeprefix(start): value for key, value in state.items() if key.startswith(start)}
