"""The largest eigenvalue of a full symmetric 3x3 matrix, positive semidefinite.

A matrix is given as (m11, m22, m33, m12, m13, m23).  One rotation turns it into an arrowhead matrix with the same
eigenvalues; it is orthogonal, so it adds no error beyond rounding.
"""

import numpy as np

from eos_sweep.eigen.arrowhead import ARROWHEAD_STAGES, top_in_units
from eos_sweep.eigen.stages import Stages
from eos_sweep.scalar import inlined, select


@inlined
def dense_stable(matrix, bound):
    """Tell whether the largest eigenvalue is below ``bound``, without computing it (Sylvester; no division)."""
    m11, m22, m33, m12, m13, m23 = matrix
    first = bound - m11
    second, third = first * (bound - m22) - m12 * m12, first * (bound - m33) - m13 * m13
    across = first * m23 + m12 * m13
    return (first > 0.0) & (second > 0.0) & (second * third - across * across > 0.0)


@inlined
def rotate(matrix):
    """Rotate rows and columns 2 and 3 so that m23 becomes zero; return the arrowhead matrix (d0, d1, d2, q1, q2)."""
    m11, m22, m33, m12, m13, m23 = matrix
    half = 0.5 * (m33 - m22)
    reach = abs(half) + np.sqrt(half * half + m23 * m23)
    tangent = m23 * select(half < 0.0, -1.0, 1.0) / select(reach > 0.0, reach, 1.0)
    cosine = 1.0 / np.sqrt(1.0 + tangent * tangent)
    arm1, arm2 = cosine * (m12 - tangent * m13), cosine * (tangent * m12 + m13)
    return m11, m22 - tangent * m23, m33 + tangent * m23, arm1 * arm1, arm2 * arm2


@inlined
def dense_top_in_units(matrix):
    """Return the eigenvalue; :func:`eos_sweep.eigen.arrowhead.top_in_units` says of which matrices it is needed."""
    return top_in_units(rotate(matrix))


DENSE_STAGES = Stages((rotate, *ARROWHEAD_STAGES), dense_top_in_units)
