"""Outlines of the cells of a grid on which a condition holds: connected curves, by marching squares.

A point lies between two neighbouring cells that differ.  Four cells around a corner of the grid have two such points on
their sides, or four if the condition holds on one diagonal only; then the two cells where it holds are connected.  So
the points that follow each other on a curve are known from the four cells between them, and no curves cross.
"""

import itertools
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Outlines:
    """The points of all curves, one curve after the other; the condition holds to the left of each."""

    row: np.ndarray  # of the lower one of the two cells between which a point lies
    column: np.ndarray
    along_x: np.ndarray  # whether the two cells differ in their column
    begins: np.ndarray  # whether the condition holds in the upper one
    count: np.ndarray  # of points, for each curve
    closed: np.ndarray  # whether the last point is followed by the first; otherwise the ends are on the grid's border

    @property
    def first(self) -> np.ndarray:
        """The place of the first point of each curve."""
        return np.cumsum(self.count) - self.count

    @property
    def curve(self) -> np.ndarray:
        """The curve of each point."""
        return np.repeat(np.arange(self.count.size), self.count)

    @property
    def upper(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of the upper cell of each point."""
        return self.row + ~self.along_x, self.column + self.along_x

    @property
    def following(self) -> np.ndarray:
        """The point that follows each one; the last point of an open curve follows itself."""
        after = np.arange(1, self.row.size + 1)
        last = self.first + self.count - 1
        after[last] = np.where(self.closed, self.first, last)
        return after


def outlines(held: np.ndarray) -> Outlines:
    """Return the outlines of the cells where a condition holds, those of most points first.

    Parameters
    ----------
    held
        Whether it holds, over rows from low to high and columns from left to right; at least two of each.

    Returns
    -------
    Outlines
        An open curve begins on the border; a closed one at a leftmost point.

    Examples
    --------
    >>> found = outlines(np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], bool))
    >>> found.count, found.closed
    (array([4]), array([ True]))
    """
    masks = held[:, 1:] != held[:, :-1], held[1:] != held[:-1]
    places = [np.nonzero(mask) for mask in masks]
    row, column = (np.concatenate(parts) for parts in zip(*places, strict=True))
    along_x = np.arange(row.size) < places[0][0].size
    walks, closed = _walks(_followers(held, masks), np.lexsort((row, 2 * column + along_x)))
    order = np.array(list(itertools.chain.from_iterable(walks)), np.int64)
    row, column, along_x = row[order], column[order], along_x[order]
    begins = held[row + ~along_x, column + along_x]
    count = np.array(list(map(len, walks)), np.int64)
    return Outlines(row, column, along_x, begins, count, np.array(closed, bool))


def _followers(held: np.ndarray, masks: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the point that follows each point, the condition to the left; -1 where a curve leaves the grid.

    Anticlockwise around a square of four cells, a curve enters through a side that goes from a cell where the condition
    holds to one where it does not, and leaves through the next side on which that changes back.
    """
    numbers, count = [], 0
    for mask in masks:
        found = np.full(mask.shape, -1)
        differ = int(np.count_nonzero(mask))
        found[mask] = count + np.arange(differ)
        count += differ
        numbers.append(found)
    across, up = numbers
    sides = across[:-1], up[:, 1:], across[1:], up[:, :-1]  # below, right, above, left
    corners = held[:-1, :-1], held[:-1, 1:], held[1:, 1:], held[1:, :-1]  # at which they begin
    after = np.full(count, -1)
    for k, (side, corner) in enumerate(zip(sides, corners, strict=True)):
        enters = (side >= 0) & corner
        one, two, three = (sides[(k + turn) % 4][enters] for turn in (1, 2, 3))
        after[side[enters]] = np.where(one >= 0, one, np.where(two >= 0, two, three))
    return after


def _walks(followers: np.ndarray, starts: np.ndarray) -> tuple[list[list[int]], list[bool]]:
    """Return the points of each curve in order, and whether it is closed; those of most points first."""
    after, seen = followers.tolist(), bytearray(followers.size)
    ends = np.setdiff1d(np.arange(followers.size), followers)
    found = []
    for start in itertools.chain(ends.tolist(), starts.tolist()):
        walk, point = [], start
        while point >= 0 and not seen[point]:
            seen[point] = 1
            walk.append(point)
            point = after[point]
        if walk:
            found.append((walk, point >= 0))
    found.sort(key=lambda curve: -len(curve[0]))
    return [walk for walk, _ in found], [closed for _, closed in found]
