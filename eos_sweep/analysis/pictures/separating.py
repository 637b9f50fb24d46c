"""Which lines of theory to draw: those that separate what a map shows, each once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eos_sweep.analysis.pictures.pixels import Pixels
from eos_sweep.contract import CriticalLine
from eos_sweep.errors import InputError, closest, named, short

REACH = 0.025  # of a side of the map: how far from a line both sides are compared
CELL = 0.75  # of a cell, at least
LEAST = 1 / 3  # of its length, on which they differ
TOGETHER = 0.02  # of a side: two lines that are nearer to each other on all of their length are drawn once
COLOURS = 8  # that an eye tells apart on a scale of colours
ALL = "all"

Curves = list[np.ndarray]  # polylines of shape (n, 2), in data coordinates


def chosen(
    theory: Mapping[CriticalLine, Curves],
    names: bool | str | Sequence[str],
    edges: Sequence[np.ndarray],
    pixels: Pixels,
    norm: Any,
) -> dict[CriticalLine, Curves]:
    """Return the lines to draw.

    Parameters
    ----------
    theory
        Every line of the model -> its polylines in the map.
    names
        True for those that separate what is drawn, "all" for all in the map, False for none, or their names.
    edges
        Edges of the drawn cells along y and along x.
    pixels
        The drawn cells.
    norm
        Scale of colours, if the cells are numbers.

    Raises
    ------
    InputError
        If a line does not exist.
    """
    if isinstance(names, bool | np.bool_) and not names:
        return {}
    there = {line: curves for line, curves in theory.items() if curves}
    if names is True:
        return _separating(there, edges, _seen(pixels, norm))
    if names == ALL:
        return there
    wanted = [names] if isinstance(names, str) else list(names)
    known = [line.name for line in theory]
    if wrong := [name for name in wanted if name not in known]:
        remedy = closest(str(wrong[0]), [*known, ALL]) if known else "a map without a model's scale has none"
        raise InputError(f"lines: no {short(wrong[0])}; {named(remedy, 300)}")
    return {line: curves for line, curves in there.items() if line.name in wanted}


def _seen(pixels: Pixels, norm: Any) -> np.ndarray:
    """Return what an eye tells apart: the labels, or the colours of numbers in some steps."""
    if pixels.codes:
        return pixels.cells
    with np.errstate(all="ignore"):
        steps = np.floor(COLOURS * np.clip(np.ma.filled(norm(pixels.cells), np.nan), 0.0, 0.999))
    return np.select([np.isposinf(pixels.cells), np.isfinite(pixels.cells)], [COLOURS, steps], -1)


def _separating(there: Mapping[CriticalLine, Curves], edges: Sequence[np.ndarray], seen: np.ndarray) -> dict:
    """Return the lines on whose two sides the map differs, without those that lie on another one."""
    found: dict[CriticalLine, Curves] = {}
    drawn: list[np.ndarray] = []
    for line, curves in there.items():
        parts = [_placed(curve, edges) for curve in curves]
        middles = np.concatenate([0.5 * (part[1:] + part[:-1]) for part in parts])
        if _share_apart(parts, seen) >= LEAST and not any(_on(middles, other) for other in drawn):
            found[line] = curves
            drawn.append(middles)
    return found


def _placed(curve: np.ndarray, edges: Sequence[np.ndarray]) -> np.ndarray:
    """Return a polyline in the unit square, by cells: on the scale of each axis, whatever it is."""
    sides = [np.interp(curve[:, k], edge, np.linspace(0, 1, edge.size)) for k, edge in enumerate(edges[::-1])]
    return np.stack(sides, axis=1)


def _share_apart(parts: Sequence[np.ndarray], seen: np.ndarray) -> float:
    """Return the share of the length of polylines on which the cells on both sides differ."""
    apart = length = 0.0
    reach = np.maximum(REACH, CELL / np.array(seen.shape[::-1]))
    for part in parts:
        steps = np.diff(part, axis=0)
        lengths = np.hypot(*steps.T)
        normal = steps[:, ::-1] * [-1.0, 1.0] / np.where(lengths > 0, lengths, 1.0)[:, None]
        middle = 0.5 * (part[1:] + part[:-1])
        sides = [middle + sign * reach * normal for sign in (-1.0, 1.0)]
        inside = np.all([(side >= 0.0) & (side < 1.0) for side in sides], axis=(0, 2))
        one, other = (
            seen[tuple((np.clip(side[:, k], 0.0, 0.9999) * seen.shape[1 - k]).astype(int) for k in (1, 0))]
            for side in sides
        )
        apart += float(lengths[inside & (one != other)].sum())
        length += float(lengths[inside].sum())
    return apart / length if length else 0.0


def _on(points: np.ndarray, others: np.ndarray) -> bool:
    """Return whether all points are near to one of others."""
    far = np.abs(points[:, None] - others).max(axis=-1).min(axis=1)
    return bool((far <= TOGETHER).all())
