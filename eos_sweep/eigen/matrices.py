"""Matrices of which each entry is an array, one number for each state."""

from collections.abc import Iterable
from typing import Any

import numpy as np


def from_rows(rows: Iterable[Iterable[Any]]) -> np.ndarray:
    """Return the matrices with these rows of entries, shape (..., n, n); an entry is a number or an array."""
    entries = [list(row) for row in rows]
    shape = np.broadcast_shapes(*(np.shape(entry) for row in entries for entry in row))
    return np.stack([np.stack([np.broadcast_to(entry, shape) for entry in row], -1) for row in entries], -2)
