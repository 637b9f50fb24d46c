"""The pass over all lanes that advances them: how many vectors side by side, and which branch of the model.

A model may name a parameter in SWITCH on which its functions branch by ``select``: whether it is zero.  A kernel then
has a loop for either case, in which LLVM drops the other branch; each lane's numbers are the same as with both.  The
rows of a table go through a kernel one case at a time.  If a lane of the other case is there all the same, the pass
leaves it to ``walk``.
"""

from collections.abc import Callable, Mapping

import numpy as np

from eos_sweep.contract import Model
from eos_sweep.engine import lanes
from eos_sweep.engine.lanes import WIDTH
from eos_sweep.engine.layout import Layout
from eos_sweep.scalar import inlined, select


def advance_lanes(model: Model, advance: Callable[[Callable], Callable], at: Layout) -> tuple[Callable, Callable]:
    """Build ``run(F, I)`` of all lanes, and ``one(F, I, lane)``, of which a model needs one; the other returns zero.

    Either returns how many lanes were allowed all their steps.  The loop over ``one`` is in the kernel itself: as a
    function it made the kernel of ``bivariate`` slower by a tenth.

    Parameters
    ----------
    model
        Module.
    advance
        ``advance(case)`` builds the pass over one lane; ``case(p)`` are the parameters in the case, and whether it is
        theirs.
    at
        Layout of the lane buffers.
    """
    groups, switch = getattr(model, "GROUPS", 1), getattr(model, "SWITCH", None)
    if switch is None and groups == 1:
        return inlined(lambda F, I: 0), advance(_only)
    no_lane = inlined(lambda F, I, lane: 0)
    each = _side_by_side(groups)
    if switch is None:
        return each(advance(_only)), no_lane
    place = list(model.PARAMETERS).index(switch)
    column = at.parameters + place * WIDTH
    at_zero, elsewhere = (each(advance(case)) for case in _cases(place))

    @inlined
    def run(F, I):
        zeros = 0
        for lane in range(WIDTH):
            zeros += (F[column + lane] == 0.0) & (I[at.row + lane] >= 0)
        if zeros > 0:
            return at_zero(F, I)
        return elsewhere(F, I)

    return run, no_lane


def rows(model: Model, parameters: Mapping[str, np.ndarray]) -> list[slice | np.ndarray]:
    """Return the parts of a table that go through a kernel one after the other: the rows of each case."""
    switch = getattr(model, "SWITCH", None)  # known to be a parameter, since the kernel is there
    zero = np.empty(0, np.bool_) if switch is None else parameters[switch] == 0.0
    if zero.all() or not zero.any():
        return [slice(None)]
    return [np.flatnonzero(zero), np.flatnonzero(~zero)]


@inlined
def _only(p):
    return p, True


def _cases(place: int) -> tuple[Callable, Callable]:
    """Build the cases of a switch: its value in them is such that LLVM knows the answer to ``== 0``."""
    after = place + 1

    @inlined
    def zero(p):
        held = (0.0,)
        return p[:place] + held + p[after:], p[place] == 0.0

    @inlined
    def other(p):
        held = (select(p[place] == 0.0, 1.0, p[place]),)
        return p[:place] + held + p[after:], p[place] != 0.0

    return zero, other


def _side_by_side(groups: int) -> Callable[[Callable], Callable]:
    """Return what makes a pass over one lane one over all lanes."""

    def each(one: Callable) -> Callable:
        return inlined(lambda F, I: lanes.together(one, F, I, groups))

    return each
