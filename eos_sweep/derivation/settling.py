"""When a trajectory of a derived model stays where it is: what is left of its way does not move it to the edge.

A minimum is *isolated* where all curvatures are positive there.  Newton's step leads to it, and the Hessian there tells
where the sharpness ends.  Elsewhere, as on a valley of minima of loss zero, the step to where the loss would be zero if
it went on falling as it does (Polyak's) takes its place, and there must be room for what a slower direction may add.
"""

import numpy as np

from eos_sweep.derivation.convergence import MARGIN
from eos_sweep.derivation.linear import distance, inner, squared_length
from eos_sweep.scalar import inlined, larger, select

SAFETY = 5.0  # so many times the change of the Hessian to the end of the way
STEADY = 0.05  # of the least pivot
SLOW = 4e3  # covers directions with eta times their curvature down to 1/SLOW^2 = 6e-8; relative to the whole state


@inlined
def least_rest(push, threshold):
    """Return |g|^2 eta / (4 n): so far, or further, is L above a minimum from which the run cannot leave.

    With curvatures between 0 and 2/eta on the way, L falls by at least |g|^2 / (2 trace H).  The trace of n rows is at
    most 2 n / eta.
    """
    return squared_length(push) * (0.125 * threshold / len(push))


@inlined
def isolated_rest(work, eta):
    """Return how far L is above an isolated minimum, g d / 2."""
    return work / (2.0 * eta)


@inlined
def loss_rest(slopes, way, work, eta):
    """Return how much L itself may change on the way to a minimum of L with the penalty of a decay."""
    return abs(inner(slopes, way)) / eta + isolated_rest(work, eta)


@inlined
def polyak(push, loss, eta):
    """Return the factor of eta g that leads to a loss of zero if it went on falling as it does."""
    square = squared_length(push)
    return 2.0 * eta * loss / select(square > 0.0, square, np.inf)


@inlined
def gap(before, after, least):
    """Return the room below the edge that an isolated minimum needs; 1, which is no room, if it is too far or none.

    There is one near the end of Newton's step if the Hessian changes little on the way beside its least curvature
    (Kantorovich).  A bottleneck between two slopes looks like one from afar, and does not pass.
    """
    apart = distance(before, after)
    room = SAFETY * apart
    return select((room < MARGIN) & (apart < STEADY * least), room, 1.0)


@inlined
def gap_in_valley(before, after, x, loss, eta):
    """Return the room below the edge that a minimum of loss zero needs; 1, which is no room, if it is too far."""
    size = np.sqrt(squared_length(x))
    slow = SLOW * np.sqrt(2.0 * eta * loss) / select(size > 0.0, size, 1e-300)
    room = SAFETY * distance(before, after) + slow
    return select(room < MARGIN, room, 1.0)


@inlined
def kinetic_rest(drift, edge, eta):
    """Return by how much the loss may change while the memory of a rule carries the run on, by ``drift``."""
    return squared_length(drift) * edge / (2.0 * eta)


@inlined
def room_with_drift(before, after, room):
    """Return the room below the edge that is needed with what a drift changes; 1, which is no room, if too far."""
    more = SAFETY * distance(before, after)
    return select(more < MARGIN, larger(room, more), 1.0)
