"""A coordinate with an exponent of its own: its value is ``mantissa * 2**(512 * power)``.

Below the edge of stability the unstable coordinate shrinks at each step, to 1e-300 and far below, before it grows
again.  A double would underflow to zero there and never grow again.  Where the coordinate is below 1e-100 its square,
1e-200 beside numbers around one, is left out.

The memory of an update rule for such a coordinate, such as its velocity, is in the coordinate's power.  Both are
rescaled by one factor, that of the larger.
"""

import numpy as np

from eos_sweep.scalar import inlined, select

UP, DOWN = 2.0**512, 2.0**-512
SMALL = 1e-30  # after 16 steps with a factor of 1e-17 a mantissa is still a normal number
LARGE = 1e135  # well above SMALL * UP, so that a mantissa does not go to and fro between two powers
HIDDEN = 1e-100  # a smaller coordinate has no effect on the others: its square is below 1e-200


@inlined
def rescaling(size, power):
    """Return the factor that takes a mantissa of this size far from underflow and overflow, and its power then."""
    small = size < SMALL
    large = (size > LARGE) & (power < 0.0)
    factor = select(small, UP, select(large, DOWN, 1.0))
    return factor, power + select(small, -1.0, select(large, 1.0, 0.0))


@inlined
def rescaled(mantissa, power):
    """Return mantissa and power of the same value, with a mantissa far from underflow and overflow."""
    factor, after = rescaling(abs(mantissa), power)
    return mantissa * factor, after


@inlined
def squared(mantissa, power, weight):
    """Return ``weight`` times the square of the coordinate; zero where it has no effect.

    At power -2 and below it stays zero until the next rescaling: to matter before, the coordinate would have to grow
    1e11-fold a step.
    """
    scaled = power < 0.0
    unit = select(scaled, DOWN, 1.0)
    floor = select(power < -1.5, np.inf, select(scaled, HIDDEN * UP, 0.0))
    size = abs(mantissa)
    seen = select(size < floor, floor, size)  # no product of it is a denormal number, which would be slow
    return select(size < floor, 0.0, (seen * unit) * (seen * (weight * unit)))


@inlined
def seen(mantissa, power):
    """Return the value where it has an effect on others, else zero; none of its products is a denormal number.

    At power -2 and below it stays zero until the next rescaling, as in :func:`squared`.
    """
    unit = select(power < -1.5, 0.0, select(power < 0.0, DOWN, 1.0))
    floor = select(power < 0.0, HIDDEN * UP, 0.0)
    return select(abs(mantissa) < floor, 0.0, mantissa * unit)


@inlined
def lifted(bound, power):
    """Return a bound on the value in units of the mantissa; three powers lift the least double above all mantissas."""
    once = select(power < 0.0, UP, 1.0)
    twice = select(power < -1.5, UP, 1.0)
    thrice = select(power < -2.5, UP, 1.0)
    return bound * once * twice * thrice


@inlined
def value(mantissa, power):
    """Return the value as a double; zero where its square is left out."""
    return mantissa * select(power < -1.5, 0.0, select(power < 0.0, DOWN, 1.0))
