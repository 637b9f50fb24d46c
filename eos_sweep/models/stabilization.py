"""Self-stabilization alone: a direction whose curvature grows beyond 2/eta, and the cubic term that brings it back.

    x' = -(1 + eta y) x,    y' = y + eta (alpha - beta x^2 / 2).

x is the displacement along the top eigenvector and 2/eta + y the curvature there.  The rest of the loss pushes the
curvature up at the rate alpha (progressive sharpening), and oscillation pushes it down.  The map is gradient descent
with step size eta in x and q on

    L = (2/eta + y) x^2 / 2 - alpha y / beta,    y = sqrt(beta) q,

so its sharpness is that of [[2/eta + y, sqrt(beta) x], [., 0]]: above 2/eta where y > -eta beta x^2 / 2.
Source: Damian, Nichani, Lee 2022, "Self-Stabilization: The Implicit Bias of Gradient Descent at the Edge of Stability",
arXiv 2209.15594 (their predicted dynamics).

The four stages are the quadrants about |x| = delta = sqrt(2 alpha/beta), y = 0.  As eta goes to zero, cycles close and
H = y^2/alpha + g(x^2/delta^2) with g(z) = z - log z - 1 is conserved.  At a finite eta H grows near the centre by the
factor 1 + 2 alpha eta^2 a step, so each cycle is larger than the one before, and in the end x diverges.  In
X = eta sqrt(beta) x and Y = eta y the map has one parameter, alpha eta^2.

L has no lower bound.  A run has diverged when |L| exceeds LIMIT, and no run settles.  Below 2/eta x shrinks at each
step, so it has its own exponent (:mod:`eos_sweep.exponent`).
"""

import numpy as np

from eos_sweep.contract import CriticalLine, Quantity, Values
from eos_sweep.eigen.matrices import from_rows
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.exponent import rescaled, squared, value
from eos_sweep.plain import *
from eos_sweep.scalar import inlined, residual, select

LOSS = "(2/eta + y)*x**2/2 - alpha*y/beta"
TITLE = "L = (2/η + y)x²/2 − αy/β"
REFERENCE = "Damian, Nichani, Lee 2022, arXiv 2209.15594"
SCALE = (1e-30, 1e30)
STATE = {
    "x": Quantity("displacement along the top eigenvector", "x", sizes=(0.0, 1e60)),
    "y": Quantity("curvature along it, minus 2/eta", "y", sizes=(0.0, 1e60)),
}
PARAMETERS = {
    "eta": Quantity("step size", "η", above=0.0, sizes=SCALE),
    "alpha": Quantity("rate of progressive sharpening", "α", above=0.0, sizes=SCALE),
    "beta": Quantity("strength of self-stabilization", "β", above=0.0, sizes=SCALE),
}
TRIAL = {
    "x": "uniform(-2, 2)",
    "y": "uniform(-1, 1)",
    "eta": "10 ** uniform(-1.7, -0.3)",
    "alpha": "10 ** uniform(-1, 0.3)",
    "beta": "10 ** uniform(-1, 0.3)",
}
DESCENT = False  # descent is in q = y/sqrt(beta), not in y
CARRIED = ("x",)
OBSERVABLES = ()
LIMIT = 1e30  # of |L|
PRESETS = {"x": {"centre": "sqrt(2 * alpha / beta)"}}


def centre(alpha, beta):
    """Return delta = sqrt(2 alpha/beta): cycles go round x = +-delta, y = 0, which is an orbit of two steps."""
    return np.sqrt(2.0 * alpha / beta)


def energy(x, y, alpha, beta):
    """Return H = y^2/alpha + g(x^2/delta^2) with g(z) = z - log z - 1, zero at the centre."""
    ratio = (x / centre(alpha, beta)) ** 2
    return y * y / alpha + (ratio - np.log(ratio) - 1.0)


def _from_the_edge(v: Values, ratio: np.ndarray) -> np.ndarray:
    return np.where(v["y"] == 0.0, ratio, np.nan)


LINES = (
    CriticalLine(
        "centre",
        r"$|x_0| = \sqrt{2\alpha/\beta}$",
        "below it the first step from y = 0 raises the sharpness",
        lambda v: _from_the_edge(v, np.abs(v["x"]) / centre(v["alpha"], v["beta"])),
    ),
    # X' = -X and Y' = -X^2/2 = -1 end in X'' = 0, Y'' = -2; beyond, the curvature is negative and x grows.
    CriticalLine(
        "overshoot",
        r"$\eta\sqrt{\beta}\,|x_0| = \sqrt{2}$",
        "above it a run from y = 0 overshoots to a negative curvature and diverges (alpha eta^2 -> 0)",
        lambda v: _from_the_edge(v, v["eta"] * np.sqrt(0.5 * v["beta"]) * np.abs(v["x"])),
    ),
)


@inlined
def pressure(theta, p):
    """Return eta beta x^2, which pushes y down; zero where x^2 is left out."""
    x, y, power = theta
    eta, alpha, beta = p
    return squared(x, power, eta * beta)


@inlined
def factor(theta, p):
    """Return -(1 + eta y), by which a step multiplies x, with a relative error of 1e-16."""
    x, y, power = theta
    eta, alpha, beta = p
    along = eta * y
    return -((1.0 + along) + residual(eta, y, along))


@inlined
def step(theta, p):
    x, y, power = theta
    eta, alpha, beta = p
    return x * factor(theta, p), y + (eta * alpha - 0.5 * pressure(theta, p)), power


@inlined
def tangent(theta, p, v):
    """Apply the Jacobian of a step to changes of log|x| and of y."""
    eta, alpha, beta = p
    stretch, shift = v
    free = factor(theta, p)
    return (
        stretch - eta * shift / select(free == 0.0, np.inf, free),
        shift - pressure(theta, p) * stretch,
    )


@inlined
def rescale(theta, p):
    x, y, power = theta
    x, power = rescaled(x, power)
    return x, y, power


@inlined
def curvature(theta, p):
    """Return eta times the Hessian in x and q: its diagonal, and the square of its off-diagonal entry."""
    x, y, power = theta
    eta, alpha, beta = p
    return 2.0 + eta * y, 0.0, eta * pressure(theta, p)


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    return False


def weights_squared(theta, p):
    """Return x^2 + 2 alpha/beta: the displacement, and the one at which oscillation holds the curvature."""
    x, y, power = theta
    eta, alpha, beta = p
    return np.square(value(x, power)) + 2.0 * alpha / beta


def hessian(theta, p):
    """Return the Hessian of L in x and q = y / sqrt(beta), shape (..., 2, 2)."""
    x, y, power = theta
    eta, alpha, beta = p
    arm = np.sqrt(beta) * value(x, power)
    return from_rows([(2.0 / eta + y, arm), (arm, 0.0)])
