"""Two scalars with x^2 y^2 to become one: the minimal model of an edge of stability that ends.

    L = (1 - p^2)^2 / 4,  p = x y;    x' = x (1 - eta (p^2 - 1) y^2),    y' = y (1 - eta (p^2 - 1) x^2).

This is the scalar network (1 - x y z w)^2 / 2 on its invariant plane z = x, w = y.  Source: Zhu, Wang, Wang, Zhou, Ge
2022, "Understanding Edge-of-Stability Training Dynamics with a Minimalist Example", arXiv 2210.03294.

A step multiplies c^2 = x^2 - y^2 by 1 - eta^2 F'(p)^2, F' = p^3 - p.  So gradient flow keeps it and ends at the
sharpness 2 sqrt(c^4 + 4), and where gradient descent meets 2/eta on the way, oscillation takes c^2 down until the
sharpness is 2/eta - eta/2 + O(eta^3).  Beyond eta = 1/2 no minimum is stable, and what stays bounded ends on x = +-y,
where x' = x + eta (1 - x^4) x^3 doubles its period again and again.

L is even in x and in y: what follows a change of sign is the mirror image of what would follow without it, so no
coordinate is guarded.
"""

import numpy as np

from eos_sweep.contract import EDGE, CriticalLine, Quantity, Values
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.scalar import inlined, residual

TITLE = "L = (1 − x²y²)²/4"
REFERENCE = "Zhu, Wang, Wang, Zhou, Ge 2022, arXiv 2210.03294"
STATE = {
    "x": Quantity("first weight", "x", sizes=(1e-60, 1e30)),
    "y": Quantity("second weight", "y", sizes=(1e-60, 1e30)),
}
PARAMETERS = {"eta": Quantity("step size", "η", above=0.0, sizes=(1e-60, 1e60))}
TRIAL = {"x": "uniform(-1.5, 2)", "y": "uniform(-1.5, 2)", "eta": "10 ** uniform(-2, -0.1)"}
CARRIED: tuple[str, ...] = ()
PRESETS: dict[str, dict[str, str]] = {}
LOSS_PARTS: dict[str, Quantity] = {}
LIMIT = 1e30
GUARD = None
OBSERVABLES = ("lyapunov",)
THRESHOLDS = {"chaos": 0.005}

MARGIN = 1e-4  # relative room below 2/eta that a settled trajectory keeps


def gradient_flow_sharpness(x, y):
    """Return phi = 2 sqrt((x^2 - y^2)^2 + 4), the sharpness at which gradient flow from x, y ends."""
    return 2.0 * np.hypot((x - y) * (x + y), 2.0)


TWO_CYCLE = 0.5  # on x = +-y the minimum gives way to an orbit of two steps, here to one of four, of eight, to chaos
FOUR_CYCLE, EIGHT_CYCLE, CHAOS = 0.623584636218172, 0.652074992017871, 0.659923797874888
CRISIS = 1.204536897468745  # from here on the orbit itself leaves every bound


def _balanced_divergence(v: Values) -> np.ndarray:
    """eta (x^4 - 1) x^2 = 2, where x' = -x: beyond it |x| grows for ever."""
    square = v["x"] * v["x"]
    ratio = 0.5 * v["eta"] * (square * square - 1.0) * square
    return np.where((np.abs(v["x"]) == np.abs(v["y"])) & (v["eta"] < CRISIS), ratio, np.nan)


LINES = (
    CriticalLine(
        "onset",
        r"$\eta = 2/\varphi(\theta_0)$",
        "above it sharpening reaches the edge",
        lambda v: 0.5 * v["eta"] * gradient_flow_sharpness(v["x"], v["y"]),
    ),
    CriticalLine("two_cycle", r"$\eta = 1/2$", "above it no minimum is stable", lambda v: v["eta"] / TWO_CYCLE),
    CriticalLine("four_cycle", r"$\eta = 0.6236$", "from two steps to four", lambda v: v["eta"] / FOUR_CYCLE),
    CriticalLine("eight_cycle", r"$\eta = 0.6521$", "from four steps to eight", lambda v: v["eta"] / EIGHT_CYCLE),
    CriticalLine("chaos", r"$\eta = 0.6599$", "where periods have doubled for ever", lambda v: v["eta"] / CHAOS),
    CriticalLine("crisis", r"$\eta = 1.2045$", "above it nearly all diverge", lambda v: v["eta"] / CRISIS),
    CriticalLine(
        "balanced_divergence",
        r"$\eta\,(x_0^4 - 1)\,x_0^2 = 2$",
        "above it a run on x = +-y diverges",
        _balanced_divergence,
    ),
)


@inlined
def threshold(p):
    (eta,) = p
    return 2.0 / eta


# Steps and curvature carry the factor eta, so that the edge of stability is at 2.


@inlined
def excess(theta):
    """p^2 - 1, and what it was rounded by where it is not negative."""
    x, y = theta
    product = x * y
    square = product * product
    over = square - 1.0
    rounded = residual(product, product, square) + 2.0 * product * residual(x, y, product)
    return over, rounded - ((over - square) + 1.0)


@inlined
def factor(eta, over, rounded, weight):
    """1 - eta (p^2 - 1) weight^2, by which a step multiplies the other weight, to 1e-16 of its own size.

    Where the product rounds to one, what it was rounded by is all there is: without it that weight would be zero for
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
    over, rounded = excess(theta)
    return x * factor(eta, over, rounded, y), y * factor(eta, over, rounded, x)


@inlined
def clipped(theta, p):
    return False


@inlined
def tangent(theta, p, v):
    """The Jacobian of a step, 1 - eta H."""
    (eta,) = p
    along, across, arm = bends(theta)
    first, second = v
    return first - eta * (along * first + arm * second), second - eta * (arm * first + across * second)


@inlined
def rescale(theta, p):
    return theta


@inlined
def loss(theta, p):
    over, rounded = excess(theta)
    return 0.25 * (over * over)


def loss_parts(theta, p):
    return ()


@inlined
def bends(theta):
    """The second derivatives of L along x, along y, and across."""
    x, y = theta
    product = x * y
    square = product * product
    bend = 3.0 * square - 1.0  # F''(p)
    return bend * (y * y), bend * (x * x), 2.0 * product * (2.0 * square - 1.0)


@inlined
def curvature(theta, p):
    """The Hessian times eta: its diagonal, and the square of what is beside it."""
    (eta,) = p
    along, across, arm = bends(theta)
    return eta * along, eta * across, (eta * arm) * (eta * arm)


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Whether the trajectory is at its minimum for good: nothing left can move the sharpness by more than MARGIN.

    Near the minimum the sharpness moves by at most 4 |1 - p^2| relative, which shrinks from step to step, and
    |x^2 - y^2| can only shrink.
    """
    quiet = (loss < tolerance) & (loss < 1e-3 * MARGIN * MARGIN)
    return quiet & stable(curvature(theta, p), (1.0 - MARGIN) * EDGE)


def balance(theta, p):
    x, y = theta
    return (x - y) * (x + y)


def flow_sharpness(theta, p):
    x, y = theta
    return gradient_flow_sharpness(x, y)


def hessian(theta, p):
    """The full Hessian of L, shape (..., 2, 2), in the order of STATE."""
    along, across, arm = bends(theta)
    return np.stack([np.stack([along, arm], -1), np.stack([arm, across], -1)], -2)
