"""Wilson's interval of a share."""

import numpy as np

DEVIATIONS = 1.959964  # standard deviations on either side in a 95 % interval


def wilson(share: np.ndarray | float, number: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Wilson's 95 % interval of a share seen among ``number`` independent draws, NaN for none.

    Unlike share ± 1.96 standard errors it stays within 0 and 1, and has a width where all draws agree.

    Examples
    --------
    >>> [float(end.round(3)) for end in wilson(1.0, 16)]
    [0.806, 1.0]
    """
    z = DEVIATIONS
    share, number = np.asarray(share, np.float64), np.asarray(number, np.float64)
    with np.errstate(all="ignore"):
        middle = (share + z**2 / (2 * number)) / (1 + z**2 / number)
        half = z / (1 + z**2 / number) * np.sqrt(share * (1 - share) / number + (z / (2 * number)) ** 2)
    low, high = np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)
    return np.where(share == 0.0, 0.0, low), np.where(share == 1.0, 1.0, high)  # up to rounding they are
