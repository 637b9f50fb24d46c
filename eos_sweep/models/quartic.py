"""Two scalars whose product is to become one in size: a minimal model in which all runs at the edge end alike.

    L = (1 - p^2)^2 / 4,  p = x y;    x' = x (1 - eta (p^2 - 1) y^2),    y' = y (1 - eta (p^2 - 1) x^2).

This is the scalar network (1 - x y z w)^2 / 2 on its invariant plane z = x, w = y.  Source: Zhu, Wang, Wang, Zhou, Ge
2022, "Understanding Edge-of-Stability Training Dynamics with a Minimalist Example", arXiv 2210.03294.

A step multiplies c^2 = x^2 - y^2 by 1 - eta^2 F'(p)^2, F' = p^3 - p.  So gradient flow conserves it and ends at the
sharpness 2 sqrt(c^4 + 4).  Where gradient descent reaches 2/eta, oscillation reduces c^2 until the sharpness is
2/eta - eta/2 + O(eta^3).  Above eta = 1/2 no minimum is stable, and bounded runs end on x = +-y, where
x' = x + eta (1 - x^4) x^3 doubles its period again and again.

L is even in x and in y, so a run after a change of sign mirrors the run without it, and no coordinate is guarded.
"""

import numpy as np

from eos_sweep.contract import CriticalLine, Quantity, Values
from eos_sweep.derivation.convergence import MARGIN, below_edge
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.scalar import inlined, residual

LOSS = "(1 - (x*y)**2)**2/4"
TITLE = "L = (1 − x²y²)²/4"
REFERENCE = "Zhu, Wang, Wang, Zhou, Ge 2022, arXiv 2210.03294"
STATE = {
    "x": Quantity("first weight", "x", sizes=(1e-60, 1e30)),
    "y": Quantity("second weight", "y", sizes=(1e-60, 1e30)),
}
PARAMETERS = {"eta": Quantity("step size", "η", above=0.0, sizes=(1e-60, 1e60))}
TRIAL = {"x": "uniform(-1.5, 2)", "y": "uniform(-1.5, 2)", "eta": "10 ** uniform(-2, -0.1)"}
OBSERVABLES = ("lyapunov",)
THRESHOLDS = {"chaos": 0.005}


def gradient_flow_sharpness(x, y):
    """Return phi = 2 sqrt((x^2 - y^2)^2 + 4), the sharpness where gradient flow from x, y ends; NaN where it rests."""
    return np.where((x == 0.0) | (y == 0.0), np.nan, 2.0 * np.hypot((x - y) * (x + y), 2.0))


# Step sizes at which runs on x = +-y change from the minimum to a cycle of two steps, of four, of eight, and to chaos.
TWO_CYCLE, FOUR_CYCLE, EIGHT_CYCLE, CHAOS = 0.5, 0.623584636218172, 0.652074992017871, 0.659923797874888
CRISIS = 1.204536897468745  # above it the chaotic orbit itself diverges


def _balanced_divergence(v: Values) -> np.ndarray:
    """Return eta (x^4 - 1) x^2 / 2 on x = +-y: at one x' = -x, and above it |x| grows for ever."""
    square = v["x"] * v["x"]
    ratio = 0.5 * v["eta"] * (square * square - 1.0) * square
    return np.where((np.abs(v["x"]) == np.abs(v["y"])) & (v["eta"] < CRISIS), ratio, np.nan)


LINES = (
    CriticalLine(
        "onset",
        r"$\eta = 2/\varphi(\theta_0)$",
        "above it gradient flow from the start ends in an unstable minimum (x y != 0)",
        lambda v: 0.5 * v["eta"] * gradient_flow_sharpness(v["x"], v["y"]),
        of_edge=True,
    ),
    CriticalLine(
        "two_cycle",
        r"$\eta = 1/2$",
        "above it no minimum is stable: the flattest has sharpness 4",
        lambda v: v["eta"] / TWO_CYCLE,
        of_edge=True,
    ),
    CriticalLine(
        "four_cycle",
        r"$\eta = 0.6236$",
        "on x = +-y bounded runs end on an orbit of two steps below it, of four above it",
        lambda v: v["eta"] / FOUR_CYCLE,
    ),
    CriticalLine(
        "eight_cycle",
        r"$\eta = 0.6521$",
        "on x = +-y bounded runs end on an orbit of four steps below it, of eight above it",
        lambda v: v["eta"] / EIGHT_CYCLE,
    ),
    CriticalLine(
        "chaos",
        r"$\eta = 0.6599$",
        "where the period doublings on x = +-y accumulate: below it no bounded run there is chaotic",
        lambda v: v["eta"] / CHAOS,
    ),
    CriticalLine("crisis", r"$\eta = 1.2045$", "above it almost all runs diverge", lambda v: v["eta"] / CRISIS),
    CriticalLine(
        "balanced_divergence",
        r"$\eta\,(x_0^4 - 1)\,x_0^2 = 2$",
        "above it a run on x = +-y diverges, also for step sizes below the crisis",
        _balanced_divergence,
    ),
)


@inlined
def beyond(theta):
    """Return p^2 - 1, and its rounding error where it is not negative."""
    x, y = theta
    product = x * y
    square = product * product
    over = square - 1.0
    rounded = residual(product, product, square) + 2.0 * product * residual(x, y, product)
    return over, rounded - ((over - square) + 1.0)


@inlined
def factor(eta, over, rounded, weight):
    """Return 1 - eta (p^2 - 1) weight^2, by which a step multiplies the other weight, with a relative error of 1e-16.

    Where the product rounds to one, the factor is its rounding error alone; without it that weight would be zero for
    ever.
    """
    rate, square = eta * over, weight * weight
    along = rate * square
    rest = residual(eta, over, rate) * square + rate * residual(weight, weight, square)
    return ((1.0 - along) - residual(rate, square, along)) - (rest + rounded * (eta * square))


@inlined
def step(theta, p):
    x, y = theta
    (eta,) = p
    over, rounded = beyond(theta)
    return x * factor(eta, over, rounded, y), y * factor(eta, over, rounded, x)


@inlined
def tangent(theta, p, v):
    """Apply the Jacobian of a step, I - eta H."""
    (eta,) = p
    along, across, arm = bends(theta)
    first, second = v
    return first - eta * (along * first + arm * second), second - eta * (arm * first + across * second)


@inlined
def bends(theta):
    """Return the second derivatives of L: along x, along y, and mixed."""
    x, y = theta
    product = x * y
    square = product * product
    bend = 3.0 * square - 1.0  # F''(p)
    return bend * (y * y), bend * (x * x), 2.0 * product * (2.0 * square - 1.0)


@inlined
def curvature(theta, p):
    """Return eta times the Hessian: its diagonal, and the square of its off-diagonal entry."""
    (eta,) = p
    along, across, arm = bends(theta)
    return eta * along, eta * across, (eta * arm) * (eta * arm)


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Tell whether the run stays at its minimum: the remaining loss does not move the sharpness to 2/eta.

    Near the minimum the sharpness moves by at most 4 |1 - p^2| relative, which shrinks at each step, and |x^2 - y^2|
    cannot grow.
    """
    gap = np.sqrt(1e3 * loss)
    return (loss < tolerance) & (gap < MARGIN) & stable(curvature(theta, p), below_edge(gap))


def balance(theta, p):
    """Return x^2 - y^2, which gradient flow conserves."""
    x, y = theta
    return (x - y) * (x + y)


def flow_sharpness(theta, p):
    x, y = theta
    return gradient_flow_sharpness(x, y)
