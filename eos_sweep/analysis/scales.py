"""Whether the values of an axis are linear, logarithmic or categories."""

import numpy as np

from eos_sweep.errors import InputError, named

UNEVEN = 1e-3  # of a step, by which values may be off and still count as evenly spaced
DECADES = 100.0  # an unevenly spaced axis that spans this factor is logarithmic
CLOSE = 1e-12  # relative to the largest value: an axis that spans no more has no room for its cells in doubles
SMALLEST, LARGEST = 1e-140, 1e140  # size of values, beyond which the edges of cells may over- or underflow


def scale_of(values: np.ndarray) -> tuple[str, bool]:
    """Return the scale of an axis.

    Parameters
    ----------
    values
        Increasing numbers.

    Returns
    -------
    kind : str
        "linear", "log", or "category" if a value is not finite, or is the only one, or all are as good as equal, or one
        is near the ends of the range of doubles.
    even : bool
        Whether the values are evenly spaced on that scale.

    Examples
    --------
    >>> scale_of(np.array([1.0, 10.0, 100.0]))
    ('log', True)
    >>> scale_of(np.array([1.0, 2.0, np.inf]))
    ('category', False)
    """
    if not _has_room(values):
        return "category", False
    for kind, measure in (("linear", np.asarray), ("log", np.log))[: 2 if values[0] > 0 else 1]:
        if values.size > 2:
            along = measure(values)
            even, step = np.linspace(along[0], along[-1], along.size, retstep=True)
            if np.abs(along - even).max() <= UNEVEN * step:
                return kind, True
    return "log" if values[0] > 0 and values[-1] >= DECADES * values[0] else "linear", False


def check_distinct(axis: str, values: np.ndarray) -> None:
    """Raise InputError if an axis has a value twice; the error begins with ``axis``."""
    ordered = np.sort(values)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if twice.size:
        raise InputError(f"{axis} has the value {named(str(twice[0]))} more than once; give every value once")


def _has_room(values: np.ndarray) -> bool:
    """Return whether doubles can tell the edges of cells around the values."""
    sizes = np.abs(values[values != 0].astype(np.float64))
    if values.size < 2 or not sizes.size:  # one value, or zeros alone
        return False
    if not (sizes >= SMALLEST).all() or not (sizes <= LARGEST).all():  # also infinity and NaN
        return False
    return bool(values[-1] - values[0] > CLOSE * sizes.max())
