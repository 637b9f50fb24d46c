"""Matrices of which each entry is an array, one number for each state."""

from collections.abc import Iterable
from typing import Any

import numpy as np


def from_rows(rows: Iterable[Iterable[Any]]) -> np.ndarray:
    """Return the matrices with these rows of entries, shape (..., n, n); an entry is a number or an array."""
    entries = [list(row) for row in rows]
    shape = np.broadcast_shapes(*(np.shape(entry) for row in entries for entry in row))
    return np.stack([np.stack([np.broadcast_to(entry, shape) for entry in row], -1) for row in entries], -2)


def from_triangle(entries: Iterable[Any], like: Any) -> np.ndarray:
    """Return the symmetric matrices with this upper triangle, row by row; each entry gets the shape of ``like``."""
    known = [np.broadcast_to(entry, np.shape(like)) for entry in entries]
    size = int(np.sqrt(2 * len(known)))
    places = iter(known)
    upper = {(i, j): next(places) for i in range(size) for j in range(i, size)}
    return from_rows([[upper[min(i, j), max(i, j)] for j in range(size)] for i in range(size)])
