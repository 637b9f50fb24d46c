"""The logistic function and its integral."""

from eos_sweep.functions.exponential import exp
from eos_sweep.functions.logarithm import log1p_between
from eos_sweep.scalar import inlined, select


@inlined
def sigmoid(x):
    """Return 1 / (1 + e^-x) to 2 ulp; zero for x < -708.05, where it is below 3.2e-308."""
    shrunk = exp(-abs(x))
    return select(x < 0.0, shrunk, 1.0) / (1.0 + shrunk)


@inlined
def softplus(x):
    """Return log(1 + e^x), whose derivative is the sigmoid, to 1.7 ulp; zero for x < -708.05.

    It is max(x, 0) + log(1 + e^-|x|), and no term is negative.
    """
    return select(x > 0.0, x, 0.0) + log1p_between(exp(-abs(x)))
