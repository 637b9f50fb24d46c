"""The neighbourhood of an edge: whether the condition changes once there, a few times, or at most scales.

Where outcomes depend on the start as in a fractal, an edge is one of a great many, and bisection ends at any of them.
So the condition is evaluated at distances from the bracket that grow from its width on, to both sides, as far as the
neighbours on the grid.  The distances are told apart by decades.  A few edges are in a few decades, however narrow the
bracket is; in a fractal the decades with changes become more as the bracket shrinks.
"""

from collections.abc import Callable

import numpy as np

GROWTH = 1.5  # of the distance from one probe to the next
DECADES = 3  # least number of decades with changes that tells a fractal, beside half of those probed
KINDS = {"none": 0, "simple": 1, "several": 2, "fractal": 3}
Pair = tuple[np.ndarray, np.ndarray]


def changes_seen(
    evaluate: Callable[[np.ndarray, np.ndarray], np.ndarray],
    rows: np.ndarray,
    bracket: Pair,
    ends: Pair,
    begins: np.ndarray,
) -> Pair:
    """Count the changes that probes see around each edge, and tell its kind.

    Parameters
    ----------
    evaluate
        (columns, values of the axis) -> whether the condition holds.
    rows
        Column of each edge.
    bracket
        Lower and upper end of the bracket of each edge.
    ends
        Its neighbours on the grid, between which the probes are.
    begins
        Whether the condition holds above the edge.

    Returns
    -------
    tuple of ndarray
        Number of changes, and code of the kind in ``KINDS``.  The number is odd, since the ends differ; changes that
        lie closer to each other than the probes are missed.
    """
    width = bracket[1] - bracket[0]
    rooms = bracket[0] - ends[0], ends[1] - bracket[1]
    largest = np.maximum(np.maximum(*rooms), width)
    with np.errstate(divide="ignore"):
        count = int(np.ceil(np.log(largest / width).max(initial=0.0) / np.log(GROWTH))) + 1
    distance = width[:, None] * GROWTH ** np.arange(count)
    sides = []
    for sign, room, start, there in zip((-1.0, 1.0), rooms, bracket, (~begins, begins), strict=True):
        inside = distance < room[:, None]
        held = np.broadcast_to(there[:, None], inside.shape).copy()
        edge, _ = np.nonzero(inside)
        held[inside] = evaluate(rows[edge], (start[:, None] + sign * distance)[inside])
        sides.append(np.column_stack([there, held, there]))  # beyond the last probe the end on the grid
    changed = [side[:, 1:] != side[:, :-1] for side in sides]
    number = 1 + changed[0].sum(1) + changed[1].sum(1)
    decades = np.log10(np.minimum(distance, largest[:, None]) / width[:, None]).astype(int)
    met = _decades(changed[0] | changed[1], np.column_stack([decades, np.log10(largest / width).astype(int)]))
    many = (met >= DECADES) & (2 * met >= np.log10(largest / width))
    kinds = np.select([number == 1, many], [KINDS["simple"], KINDS["fractal"]], KINDS["several"])
    return number.astype(np.int64), kinds.astype(np.int8)


def _decades(changed: np.ndarray, decades: np.ndarray) -> np.ndarray:
    """Return how many different decades have a change, for each edge."""
    edge, place = np.nonzero(changed)
    pairs = np.unique(np.column_stack([edge, decades[edge, place]]), axis=0)
    return np.bincount(pairs[:, 0], minlength=len(changed))
