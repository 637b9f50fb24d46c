"""Functions that read the same for one number and for a whole NumPy array.

Models and observables are written with these, with ``np.sqrt``, ``abs``, ``&`` and ``|``.  Called from Python they
work on arrays; called from a compiled kernel they work on one lane's numbers.  Both give the same bits.
"""

import numpy as np
from numba.extending import overload, register_jitable

inlined = register_jitable(forceinline=True)


def select(condition, yes, no):
    """Return ``yes`` where ``condition`` holds and ``no`` elsewhere, without a branch."""
    return np.where(condition, yes, no)


@overload(select, jit_options={"forceinline": True})
def _select(condition, yes, no):
    return lambda condition, yes, no: yes if condition else no


@inlined
def bounded(value, bound):
    """Return ``value`` moved to the nearer end of [-bound, bound]; NaN stays NaN."""
    low = select(value < -bound, -bound, value)
    return select(low > bound, bound, low)
