"""A convex function of the product of two weights: where gradient descent ends at the edge of stability by itself.

    L = l(s),  s = x y;    x' = x (1 - eta y^2 l'(s)/s),    y' = y (1 - eta x^2 l'(s)/s).

l is even, convex and of bounded slope, l(0) = 0, l''(0) = 1; the parameter ``ell`` says which:

    ell = k > 0: l(s) = k^2 log cosh(s/k).  1 is log cosh, 2 is the symmetric logistic loss
        4 (log(1 + e^s) + log(1 + e^-s))/2, less its least value 4 log 2;
    ell = 0: l(s) = sqrt(1 + s^2), less its least value 1.

A step multiplies x^2 - y^2 by 1 - eta^2 l'(s)^2.  So gradient flow keeps it and ends at the sharpness |y^2 - x^2|.
Where that is beyond 2/eta, gradient descent goes to an orbit of two steps, on which l'(s)/s = 2/(eta y^2) while x is
small beside y, and y^2 falls until the sharpness is 2/eta - G eta + O(eta^3), G = -3/l''''(0).  On that orbit l''(s)
is less than l'(s)/s, so the sharpness rises to 2/eta from below, and a run is at the edge although it hardly crosses
it: its regime is progressive sharpening, or a catapult if a step on the way happened to end near s = 0, and what tells
of the edge is the line ``onset`` and a sharpness that ends at 2/eta.  Source: Ahn, Bubeck, Chewi, Lee, Suarez, Zhang
2022, "Learning threshold neurons via the edge of stability", arXiv 2212.07469.

L does not change if x and y change places, nor with the sign of either, so no coordinate is guarded.  While the
sharpness is below 2/eta the smaller weight decays for ever; take it as x, which has an exponent of its own: its value
is ``x * 2**(512 * power)``.  Only where eta y^2 is one to the last digit, x vanishes faster than any exponent can
hold: it is cubed at each step.
"""

import numpy as np

from eos_sweep.contract import EDGE, CriticalLine, Quantity
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.exponent import UP, rescaled, seen, value
from eos_sweep.functions import log_cosh_jet
from eos_sweep.scalar import inlined, residual, select

TITLE = "L = ℓ(xy)"
REFERENCE = "Ahn, Bubeck, Chewi, Lee, Suarez, Zhang 2022, arXiv 2212.07469"
STATE = {
    "x": Quantity("smaller weight", "x", sizes=(1e-150, 1e30)),  # from 1e-173 on it would not be seen at once
    "y": Quantity("larger weight", "y", sizes=(1e-40, 1e30)),  # so that eta y^2 is between 1e-140 and 1e120
}
PARAMETERS = {
    "eta": Quantity("step size", "η", above=0.0, sizes=(1e-60, 1e60)),
    "ell": Quantity("width of the loss, 0 for a root", "ℓ", default=1.0, least=0.0, sizes=(1e-10, 1e10)),
}
TRIAL = {
    "x": "uniform(-1, 2)",
    "y": "uniform(-6, 6)",
    "eta": "10 ** uniform(-2, -0.5)",
    "ell": "max(0, uniform(-1, 2.2))",
}
CARRIED = ("x",)
PRESETS = {"ell": {"log_cosh": "1", "logistic": "2", "sqrt": "0"}}
LOSS_PARTS: dict[str, Quantity] = {}
LIMIT = 1e30
GUARD = None
OBSERVABLES: tuple[str, ...] = ()
THRESHOLDS: dict[str, float] = {}

MARGIN = 1e-4  # relative room below 2/eta that a settled trajectory keeps


def steepest(ell):
    """Return the largest slope of l."""
    return np.where(np.asarray(ell) == 0.0, 1.0, ell)


def final_gap(ell):
    """Return G = -3/l''''(0): gradient descent that meets the edge ends at the sharpness 2/eta - G eta + O(eta^3)."""
    return np.where(np.asarray(ell) == 0.0, 1.0, 1.5 * np.square(ell))


LINES = (
    CriticalLine(
        "onset",
        r"$|y_0^2 - x_0^2| = 2/\eta$",
        "above it gradient flow ends beyond the edge",
        lambda v: 0.5 * v["eta"] * np.abs((v["y"] - v["x"]) * (v["y"] + v["x"])),
    ),
    CriticalLine(
        "divergence",
        r"$\eta\,\max|\ell'| = \sqrt{2}$",
        "above it |x^2 - y^2| grows where the slope is largest, so that a start far out diverges",
        lambda v: v["eta"] * steepest(v["ell"]) / np.sqrt(2.0),
    ),
)


@inlined
def threshold(p):
    eta, ell = p
    return 2.0 / eta


# Everything below is computed from what a step, its loss and its curvature share: s, and l with its derivatives there.


@inlined
def jet(theta, p):
    """Return s as far as it is seen, whether it is small, l(s), l'(s), 1 - l'(s)/s where s is small, and l''(s)."""
    x, y, power = theta
    eta, ell = p
    rooted = ell == 0.0
    width = ell + rooted
    u = seen(x, power) * (y * (1.0 / width))
    s = u * width
    small = abs(u) < 0.125
    smooth, push, deficit, bend = log_cosh_jet(u)
    square = s * s
    root = np.sqrt(1.0 + square)
    inverse = 1.0 / (root + root * root)
    flat = inverse + root * inverse  # 1/root
    return (
        s,
        small,
        select(rooted, square * (root * inverse), (width * width) * smooth),
        select(rooted, s * flat, width * push),
        select(rooted, square * inverse, deficit),
        select(rooted, flat * flat * flat, bend),
    )


@inlined
def step(theta, p):
    """Where |s| is small the factor of x is known to 1e-16 of itself.

    Where eta y^2 rounds to one, what it was rounded by, and what l'(s)/s is less than one, is all there is.
    """
    x, y, power = theta
    eta, ell = p
    s, small, value, pull, deficit, bend = jet(theta, p)
    square = y * y
    along = eta * square
    rounded = residual(eta, square, along) + eta * residual(y, y, square)
    factor = ((1.0 - along) - rounded) + along * deficit
    lift = select(power < 0.0, UP, 1.0)  # a large s has no lower power
    return select(small, x * factor, x - (eta * y * lift) * pull), y - (eta * seen(x, power)) * pull, power


@inlined
def clipped(theta, p):
    return False


@inlined
def tangent(theta, p, v):
    """The Jacobian of a step, for changes of log|x| and of y."""
    x, y, power = theta
    eta, ell = p
    s, small, value, pull, deficit, bend = jet(theta, p)
    along, across, arm = bends(theta, p)
    slope = select(small, 1.0 - deficit, pull / select(small, 1.0, s))
    stretch, shift = v
    after = step(theta, p)[0]
    turned = (eta * y) * (y * (slope - bend) * stretch - (slope + bend) * shift)
    return (
        stretch + turned * (x / select(after == 0.0, np.inf, after)),
        shift - (across * shift + arm * (seen(x, power) * stretch)),
    )


@inlined
def rescale(theta, p):
    x, y, power = theta
    mantissa, power = rescaled(x, power)
    return mantissa, y, power


@inlined
def loss(theta, p):
    s, small, value, pull, deficit, bend = jet(theta, p)
    return value


def loss_parts(theta, p):
    return ()


@inlined
def bends(theta, p):
    """The second derivatives of L along x, along y, and across, times eta."""
    x, y, power = theta
    eta, ell = p
    s, small, value, pull, deficit, bend = jet(theta, p)
    visible = seen(x, power)
    return (eta * (y * y)) * bend, ((eta * visible) * visible) * bend, eta * (pull + s * bend)


@inlined
def curvature(theta, p):
    """The Hessian times eta: its diagonal, and the square of what is beside it."""
    along, across, arm = bends(theta, p)
    return along, across, arm * arm


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Whether the trajectory is at its minimum for good: nothing left can move the sharpness by more than MARGIN.

    The sharpness is at most |x^2 - y^2| + 3|s|, of which both shrink from step to step from here on, and |x^2 - y^2| is
    at most the sharpness now over l''(s); |s| is about sqrt(2 loss).
    """
    eta, ell = p
    width = ell + (ell == 0.0)
    quiet = (loss < tolerance) & (18.0 * (eta * eta) * loss < MARGIN * MARGIN) & (loss < 0.1 * MARGIN * (width * width))
    return quiet & stable(curvature(theta, p), (1.0 - MARGIN) * EDGE)


def balance(theta, p):
    x, y, power = theta
    small = value(x, power)
    return (y - small) * (y + small)


def flow_sharpness(theta, p):
    """|y^2 - x^2|, which gradient flow keeps and ends at."""
    return np.abs(balance(theta, p))


def hessian(theta, p):
    """The full Hessian of L, shape (..., 2, 2), in the order of STATE."""
    along, across, arm = (0.5 * threshold(p) * bend for bend in bends(theta, p))
    return np.stack([np.stack([along, arm], -1), np.stack([arm, across], -1)], -2)
