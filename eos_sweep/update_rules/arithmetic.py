"""What rules need beside the operators of vectors, for NumPy arrays and for terms that record what is done with them.

Square roots, absolute values, the smaller and the larger of two are NumPy's: ``np.sqrt``, ``np.abs``, ``np.minimum``,
``np.maximum``.
"""

from typing import Any

import numpy as np

from eos_sweep.functions import cos


def norm(vector: Any) -> Any:
    """Return the length of a vector."""
    return np.sqrt(np.dot(vector, vector)) if isinstance(vector, np.ndarray) else vector.norm()


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """Return ``yes`` where the condition holds, elsewhere ``no``."""
    if isinstance(condition, bool | np.bool_ | np.ndarray):  # whose own method ``choose`` is another one
        return np.where(condition, yes, no)
    return condition.choose(yes, no)


def unless_zero(number: Any) -> Any:
    """Return a divisor: the number, or infinity in place of zero."""
    return choose(number == 0.0, np.inf, number)


def shortened(vector: Any, most: Any) -> Any:
    """Return a vector, scaled to the length ``most`` if it is longer."""
    size = norm(vector)
    # Where the size is zero and the most is infinite, this is no infinity / infinity.
    shrinking = np.minimum(size, most) / unless_zero(size)
    return choose(size > most, shrinking, 1.0) * vector


def cosine(angle: Any) -> Any:
    """Return the cosine of a scalar, with the bits that a kernel gives."""
    return cos(angle) if isinstance(angle, float | np.ndarray) else np.cos(angle)
