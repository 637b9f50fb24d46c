"""The edges between the labels of a map, counted at several scales and in blocks of the map.

The labels are those of samples on a grid, and a cell lies between neighbouring samples.  An edge passes through a cell
if its corners are not all alike.  Scales are powers of two, in cells.

Two counts have the same exponent, with opposite signs, up to the number of axes (McDonald, Grebogi, Ott, Yorke 1985,
Physica D 17, 125): the share of pairs of samples at a distance that differ, and the number of boxes of a side through
which an edge passes.  Both are made so that the edge of a half-plane has an exponent of one, without a correction for
the ends of the map: all pairs have their middles in one part of the map, whatever their distance, and boxes of all
sides fill one part of it.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MOST_BLOCKS = 16  # along an axis
LEAST_BOXES = 8  # of the largest side along the shortest axis


class Counts(NamedTuple):
    """What is counted; blocks of one layout have no part in common."""

    found: np.ndarray  # pairs that differ, or boxes with an edge, over (layout, scale, block along each axis)
    of: np.ndarray  # pairs or boxes in all, over scale


def scales_of(shape: Sequence[int]) -> list[int]:
    """Return the scales at which a map is counted: powers of two up to an eighth of its shortest axis.

    Examples
    --------
    >>> scales_of((257, 100))
    [1, 2, 4, 8]
    """
    most = min(shape) // LEAST_BOXES
    return [2**power for power in range(most.bit_length())]


def differing_pairs(labels: np.ndarray, scales: Sequence[int]) -> Counts:
    """Count the pairs of samples along an axis, at each distance, that have different labels; all axes together."""
    largest = scales[-1]
    blocks = [min(size // largest, MOST_BLOCKS) for size in labels.shape]
    ends = [_ends(size, number) for size, number in zip(labels.shape, blocks, strict=True)]
    found = np.zeros((len(scales), *blocks), np.int64)
    of = np.zeros(len(scales), np.int64)
    for place, scale in enumerate(scales):
        for axis, size in enumerate(labels.shape):
            first = -(-(largest - scale) // 2)  # so that the middles of pairs keep half of the largest distance
            number = size - scale - 2 * first
            lower, upper = (_part(labels, axis, start, number) for start in (first, first + scale))
            inside = [*ends]
            inside[axis] = np.clip(ends[axis] - (first + scale // 2), 0, number)
            found[place] += _sums(lower != upper, inside)
            of[place] += lower.size
    return Counts(found[None], of)


def boxes_with_an_edge(labels: np.ndarray, scales: Sequence[int]) -> Counts:
    """Count the boxes of each side through which an edge passes.

    Where the largest boxes do not fill the map they are laid from each of its corners.
    """
    largest, mixed = scales[-1], cells_with_an_edge(labels)
    number = [size // largest for size in mixed.shape]
    ends = [largest * _ends(some, min(some, MOST_BLOCKS)) for some in number]
    starts = [sorted({0, size - some * largest}) for size, some in zip(mixed.shape, number, strict=True)]
    layouts, of = [], np.zeros(len(scales), np.int64)
    for corner in itertools.product(*starts):
        boxes = mixed[tuple(slice(start, start + some * largest) for start, some in zip(corner, number, strict=True))]
        found = []
        for place, scale in enumerate(scales):
            if place:
                boxes = _halved(boxes)
            found.append(_sums(boxes, [end // scale for end in ends]))
            of[place] += boxes.size
        layouts.append(found)
    return Counts(np.array(layouts), of)


def cells_with_an_edge(labels: np.ndarray) -> np.ndarray:
    """Return whether an edge passes through each cell: whether not all of its corners are alike.

    Examples
    --------
    >>> cells_with_an_edge(np.array([[1, 1, 1], [1, 1, 2]]))
    array([[False,  True]])
    """
    mixed = np.zeros([size - 1 for size in labels.shape], bool)
    for axis in range(labels.ndim):
        size = labels.shape[axis] - 1
        sides = _part(labels, axis, 0, size) != _part(labels, axis, 1, size)
        for other in range(labels.ndim):
            if other != axis:
                size = sides.shape[other] - 1
                sides = _part(sides, other, 0, size) | _part(sides, other, 1, size)
        mixed |= sides
    return mixed


def _part(array: np.ndarray, axis: int, start: int, number: int) -> np.ndarray:
    return array[(slice(None),) * axis + (slice(start, start + number),)]


def _ends(size: int, number: int) -> np.ndarray:
    """Return the ends of blocks along an axis, about equally long."""
    return np.arange(number + 1) * size // number


def _halved(boxes: np.ndarray) -> np.ndarray:
    """Return whether there is an edge in each of the boxes of twice the side."""
    for axis in range(boxes.ndim):
        even, odd = (boxes[(slice(None),) * axis + (slice(start, None, 2),)] for start in (0, 1))
        boxes = even | odd
    return boxes


def _sums(there: np.ndarray, ends: Sequence[np.ndarray]) -> np.ndarray:
    """Return how many are true in each block."""
    rows = [there[start:stop].sum(axis=0, dtype=np.int32) for start, stop in itertools.pairwise(ends[0])]
    sums = np.stack(rows)
    for axis in range(1, there.ndim):
        before = np.insert(sums.cumsum(axis=axis, dtype=np.int64), 0, 0, axis=axis)
        sums = np.diff(before.take(ends[axis], axis=axis), axis=axis)
    return sums
