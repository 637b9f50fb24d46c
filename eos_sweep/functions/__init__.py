"""Special functions for models, which a kernel vectorises; a call of the C library would make its loop scalar.

They consist of arithmetic, ``select`` and the bits of doubles, so compiled code and NumPy give the same bits.  Errors
are in units in the last place (ulp), measured where a result is a normal number.  NaN stays NaN, except in random
draws.  The exact oracle uses the true functions instead, and the same draws (:mod:`eos_sweep.checks.exact.arithmetic`).

Coefficients are minimax fits (Remez exchange in at least 50 digits), rounded to doubles.
"""

from eos_sweep.functions.circular import arctan, cos, sin, tan
from eos_sweep.functions.draws import normal_draw, sign_draw, uniform_draw
from eos_sweep.functions.exponential import exp, expm1
from eos_sweep.functions.hyperbolic import cosh, log_cosh, log_cosh_jet, sech2, sinh, tanh
from eos_sweep.functions.logarithm import log, log1p, log10
from eos_sweep.functions.logistic import sigmoid, softplus
from eos_sweep.functions.normal import erf, erfc, expected_relu, normal_density, normal_distribution
from eos_sweep.functions.normal import normal_distribution as normal_cdf
from eos_sweep.functions.powers import real_power

__all__ = [
    "arctan",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exp",
    "expected_relu",
    "expm1",
    "log",
    "log1p",
    "log10",
    "log_cosh",
    "log_cosh_jet",
    "normal_cdf",
    "normal_density",
    "normal_distribution",
    "normal_draw",
    "real_power",
    "sech2",
    "sigmoid",
    "sign_draw",
    "sin",
    "sinh",
    "softplus",
    "tan",
    "tanh",
    "uniform_draw",
]
