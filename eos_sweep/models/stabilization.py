"""Self-stabilization by itself: what a cubic term makes of a direction whose curvature grows beyond 2/eta.

    x' = -(1 + eta y) x,    y' = y + eta (alpha - beta x^2 / 2).

x is the displacement along the top eigenvector, 2/eta + y its curvature, which the loss elsewhere pushes up at the rate
alpha (progressive sharpening) and oscillation pushes down.  It is gradient descent with step size eta on

    L = (2/eta + y) x^2 / 2 - alpha y / beta,    y = sqrt(beta) q,

in x and q, so its sharpness is that of [[2/eta + y, sqrt(beta) x], [., 0]]: above 2/eta where y > -eta beta x^2 / 2.
Source: Damian, Nichani, Lee 2022, "Self-Stabilization: The Implicit Bias of Gradient Descent at the Edge of Stability",
arXiv 2209.15594 (their predicted dynamics).

Its four stages are the quadrants about |x| = delta = sqrt(2 alpha/beta), y = 0.  As eta goes to zero cycles close, and
H = y^2/alpha + g(x^2/delta^2) with g(z) = z - log z - 1 stays what it is; with eta it grows by the factor
1 + 2 alpha eta^2 a step near the centre, so each cycle is larger than the one before, and in the end x runs away.  With
X = eta sqrt(beta) x and Y = eta y nothing but alpha eta^2 is left of the parameters.

L has no lower end.  A run has diverged when |L| has passed LIMIT, upwards or downwards, and none ever settles.  Below
2/eta x shrinks at each step, so it has an exponent of its own (:mod:`eos_sweep.exponent`).
"""

import numpy as np

from eos_sweep.contract import CriticalLine, Quantity, Values
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.exponent import rescaled, squared, value
from eos_sweep.scalar import inlined, residual, select

TITLE = "L = (2/η + y)x²/2 − αy/β"
REFERENCE = "Damian, Nichani, Lee 2022, arXiv 2209.15594"
SCALE = (1e-30, 1e30)
STATE = {
    "x": Quantity("displacement along the top eigenvector", "x", sizes=(0.0, 1e60)),
    "y": Quantity("curvature along it, less 2/eta", "y", sizes=(0.0, 1e60)),
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
DESCENT = False  # in y, it is in q = y/sqrt(beta)
CARRIED = ("x",)
PRESETS = {"x": {"centre": "sqrt(2 * alpha / beta)"}}
LOSS_PARTS: dict[str, Quantity] = {}
LIMIT = 1e30
GUARD = None
OBSERVABLES: tuple[str, ...] = ()
THRESHOLDS: dict[str, float] = {}


def centre(alpha, beta):
    """Return delta = sqrt(2 alpha/beta); x = +-delta, y = 0 is an orbit of two steps, which cycles go round."""
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
        "below it a run from y = 0 sharpens first",
        lambda v: _from_the_edge(v, np.abs(v["x"]) / centre(v["alpha"], v["beta"])),
    ),
    # X' = -X and Y' = -X^2/2 = -1 end in X'' = 0, Y'' = -2: beyond it the curvature is negative, and x grows
    CriticalLine(
        "overshoot",
        r"$\eta\sqrt{\beta}\,|x_0| = \sqrt{2}$",
        "above it a run from y = 0 overshoots to a negative curvature and diverges (alpha eta^2 -> 0)",
        lambda v: _from_the_edge(v, v["eta"] * np.sqrt(0.5 * v["beta"]) * np.abs(v["x"])),
    ),
)


@inlined
def threshold(p):
    eta, alpha, beta = p
    return 2.0 / eta


@inlined
def pressure(theta, p):
    """eta beta x^2, which pushes y down; zero where nothing can see x."""
    x, y, power = theta
    eta, alpha, beta = p
    return squared(x, power, eta * beta)


@inlined
def factor(theta, p):
    """-(1 + eta y), by which a step multiplies x, to 1e-16 of its own size."""
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
def clipped(theta, p):
    return False


@inlined
def tangent(theta, p, v):
    """The Jacobian of a step, for changes of log|x| and of y."""
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
def loss(theta, p):
    """L, or infinity where it has left its bounds."""
    x, y, power = theta
    eta, alpha, beta = p
    edge = threshold(p)
    low = (0.25 * (edge + y) * edge * pressure(theta, p) - alpha * y) / beta
    return select(abs(low) < LIMIT, low, np.inf)


def loss_parts(theta, p):
    return ()


@inlined
def curvature(theta, p):
    """The Hessian in x and q times eta: its diagonal, and the square of what is beside it."""
    x, y, power = theta
    eta, alpha, beta = p
    return 2.0 + eta * y, 0.0, eta * pressure(theta, p)


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    return False


def hessian(theta, p):
    """The full Hessian of L in x and q = y / sqrt(beta), shape (..., 2, 2)."""
    x, y, power = theta
    eta, alpha, beta = p
    arm = np.sqrt(beta) * value(x, power)
    rows = (2.0 / eta + y, arm), (arm, np.zeros_like(arm))
    return np.stack([np.stack(np.broadcast_arrays(*row), -1) for row in rows], -2)
