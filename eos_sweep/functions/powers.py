"""Powers with real exponents."""

import numpy as np

from eos_sweep.functions.exponential import exp_less
from eos_sweep.functions.logarithm import log_parts
from eos_sweep.scalar import bounded, inlined, residual, select


@inlined
def real_power(x, a):
    """Return x^a for x >= 0, to 1 ulp; NaN for x < 0, whatever a is; zero where it is below 3.2e-308.

    It is one for a = 0, and at x = 0 or infinity it is the limit, zero or infinity.  It is e^(a log x), with log x and
    the product in two doubles.
    """
    inside = (x > 0.0) & (x < np.inf)
    high, low = log_parts(select(inside, x, 1.0))
    held = bounded(a, 2.0**64)  # beyond, x^a is zero, one or infinity for any double
    product = held * high
    rest = select(abs(product) < 1000.0, residual(held, high, product) + held * low, 0.0)
    towards = select(x == 0.0, -a, a)
    end = select(towards > 0.0, np.inf, select(towards < 0.0, 0.0, select(towards == 0.0, 1.0, towards)))
    return select(inside, exp_less(product, -rest), select(x >= 0.0, end, np.nan))
