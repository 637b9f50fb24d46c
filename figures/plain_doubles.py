"""The model in plain doubles: beta1 without its own exponent, as one would write it first.  For comparison only."""

from eos_sweep.models.bivariate import *  # noqa: F403
from eos_sweep.scalar import inlined


@inlined
def rescale(theta, p):
    return theta
