"""Axes by a step or by values per decade, whose finer forms have every value of the coarser ones, bit for bit.

Each value is computed in decimal digits and rounded once.  So it depends on its place alone, not on the count or the
ends of the axis, nor on the machine.
"""

from decimal import Decimal, localcontext

import numpy as np

DIGITS = 40
ROUNDING = Decimal("1e-6")  # of a step, by which the last value may lie beyond the end: both ends are rounded numbers
MAX_PER_DECADE = 10_000


def by_step(start: float, stop: float, step: float, most: int) -> np.ndarray | None:
    """Return start, start + step, start + 2 step, ... up to stop, or down to it; None if there are more than ``most``.

    Examples
    --------
    >>> by_step(0.0, 0.3, 0.1, 9).tolist()
    [0.0, 0.1, 0.2, 0.3]
    """
    with localcontext() as context:
        context.prec = DIGITS
        begin, end, size = (Decimal(repr(value)) for value in (start, stop, step))
        last = int(abs(end - begin) / size + ROUNDING)
        if last >= most:
            return None
        signed = size if end >= begin else -size
        return np.array([float(begin + k * signed) for k in range(last + 1)])


def by_decade(start: float, stop: float, count: int, most: int) -> np.ndarray | None:
    """Return ``start * 10**(k / count)`` for k = 0, 1, 2, ... up to stop, or down to it; None if more than ``most``.

    Examples
    --------
    >>> by_decade(0.01, 1.0, 2, 9).tolist()
    [0.01, 0.03162277660168379, 0.1, 0.31622776601683794, 1.0]
    """
    with localcontext() as context:
        context.prec = DIGITS
        begin, end = Decimal(repr(start)), Decimal(repr(stop))
        last = int(abs((end / begin).log10()) * count + ROUNDING)
        if last >= most:
            return None
        places = [divmod(k if end >= begin else -k, count) for k in range(last + 1)]
        powers = {part: begin * Decimal(10) ** (Decimal(part) / count) for part in {part for _, part in places}}
        return np.array([float(powers[part].scaleb(decade)) for decade, part in places])
