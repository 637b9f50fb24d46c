"""How far below the edge of stability a trajectory must be to stay there: the gap.

While the sharpness S is below 2/eta, the remaining loss can still move it.  A model bounds by how much, relative to S.
A trajectory has converged for good where S is below (1 - gap) 2/eta with a gap that is at least as large.  So a run
that ends close to the edge, as theory says of many, converges as soon as its loss is small enough for its own distance.
"""

from eos_sweep.contract import EDGE
from eos_sweep.scalar import inlined, larger

MARGIN = 1e-4  # the gap is at most this, so that bounds to first order in it hold
ROUNDING = 1e-10  # and at least this: the test of stability is exact to some 1e-15


@inlined
def below_edge(gap):
    """Return the bound below which S eta must be."""
    return below(EDGE, gap)


@inlined
def below(edge, gap):
    """Return the bound below an edge of another rule, in units of 1/eta."""
    return (1.0 - larger(gap, ROUNDING)) * edge
