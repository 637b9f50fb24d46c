"""A convex function of the product of two weights, on which gradient descent ends at the edge of stability by itself.

    L = l(s),  s = x y;    x' = x (1 - eta y^2 l'(s)/s),    y' = y (1 - eta x^2 l'(s)/s).

l is even and convex, its slope is bounded, l(0) = 0 and l''(0) = 1.  The parameter ``ell`` selects it:

    ell = k > 0: l(s) = k^2 log cosh(s/k).  With 1 it is log cosh, with 2 the symmetric logistic loss
        4 (log(1 + e^s) + log(1 + e^-s))/2, minus its minimum 4 log 2;
    ell = 0: l(s) = sqrt(1 + s^2), minus its minimum 1.

A step multiplies x^2 - y^2 by 1 - eta^2 l'(s)^2.  So gradient flow conserves it and ends at the sharpness |y^2 - x^2|.
Where that exceeds 2/eta, gradient descent goes to a cycle of two steps, on which l'(s)/s = 2/(eta y^2) while x is
small beside y.  On this cycle y^2 falls until the sharpness is 2/eta - G eta + O(eta^3), G = -3/l''''(0).  There l''(s)
is less than l'(s)/s, so the sharpness rises to 2/eta from below, and a run at the edge hardly crosses it.  Its regime
is progressive sharpening, or a catapult if one of its steps happens to end near s = 0.  The line ``onset`` and a final
sharpness of 2/eta show the edge.  Source: Ahn, Bubeck, Chewi, Lee, Suarez, Zhang 2022, "Learning threshold neurons via
the edge of stability", arXiv 2212.07469.

L is symmetric in x and y and even in each, so no coordinate is guarded.  While the sharpness is below 2/eta the smaller
weight decays for ever.  Take it as x, which has its own exponent: its value is ``x * 2**(512 * power)``.  Only where
eta y^2 is one to the last digit, x vanishes faster than any exponent can hold, since each step cubes it.
"""

import numpy as np

from eos_sweep.contract import CriticalLine, Quantity
from eos_sweep.derivation.convergence import MARGIN, below_edge
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.exponent import UP, rescaled, seen, value
from eos_sweep.functions import log_cosh_jet
from eos_sweep.plain import *
from eos_sweep.scalar import inlined, larger, residual, select

WIDTH = "select(ell == 0, 1, ell)"
LOSS = f"select(ell == 0, sqrt(1 + (x*y)**2) - 1, {WIDTH}**2*log_cosh(x*y/{WIDTH}))"
TITLE = "L = ℓ(xy)"
REFERENCE = "Ahn, Bubeck, Chewi, Lee, Suarez, Zhang 2022, arXiv 2212.07469"
STATE = {
    "x": Quantity("smaller weight", "x", sizes=(1e-150, 1e30)),  # below 1e-173 it may stay hidden for too long
    "y": Quantity("larger weight", "y", sizes=(1e-40, 1e30)),  # keep eta y^2 between 1e-140 and 1e120
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
SWITCH = "ell"
GROUPS = 2
OBSERVABLES = ()
PRESETS = {"ell": {"log_cosh": "1", "logistic": "2", "sqrt": "0"}}


def steepest(ell):
    """Return the supremum of the slope of l."""
    return np.where(np.asarray(ell) == 0.0, 1.0, ell)


def final_gap(ell):
    """Return G = -3/l''''(0): a run that reaches the edge ends at the sharpness 2/eta - G eta + O(eta^3)."""
    return np.where(np.asarray(ell) == 0.0, 1.0, 1.5 * np.square(ell))


LINES = (
    CriticalLine(
        "onset",
        r"$|y_0^2 - x_0^2| = 2/\eta$",
        "above it gradient flow from the start ends in an unstable minimum: its sharpness is |y0^2 - x0^2|",
        lambda v: 0.5 * v["eta"] * np.abs((v["y"] - v["x"]) * (v["y"] + v["x"])),
        of_edge=True,
    ),
    CriticalLine(
        "divergence",
        r"$\eta\,\max|\ell'| = \sqrt{2}$",
        "above it a step raises |x^2 - y^2| where |l'| is near its largest value; starts far out, |x y| >> 1, diverge",
        lambda v: v["eta"] * steepest(v["ell"]) / np.sqrt(2.0),
    ),
)


# A step, its loss and its curvature share s, and l with its derivatives at s.


@inlined
def jet(theta, p):
    """Return s, whether it is small, l(s), l'(s), 1 - l'(s)/s where s is small, and l''(s).

    s is zero where x is too small to matter.
    """
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
    """Take one step; where |s| is small, the relative error of the factor of x is 1e-16.

    Where eta y^2 rounds to one, this factor is the rounding error of eta y^2 plus 1 - l'(s)/s.
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
def tangent(theta, p, v):
    """Apply the Jacobian of a step to changes of log|x| and of y."""
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


@inlined
def bends(theta, p):
    """Return eta times the second derivatives of L: along x, along y, and mixed."""
    x, y, power = theta
    eta, ell = p
    s, small, value, pull, deficit, bend = jet(theta, p)
    visible = seen(x, power)
    return (eta * (y * y)) * bend, ((eta * visible) * visible) * bend, eta * (pull + s * bend)


@inlined
def curvature(theta, p):
    """Return eta times the Hessian: its diagonal, and the square of its off-diagonal entry."""
    along, across, arm = bends(theta, p)
    return along, across, arm * arm


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Tell whether the run stays at its minimum: the remaining loss does not move the sharpness to 2/eta.

    The sharpness is at most |x^2 - y^2| + 3|s|.  From here on both terms shrink at each step.  |x^2 - y^2| is at most
    the present sharpness over l''(s), and |s| is about sqrt(2 loss).
    """
    eta, ell = p
    width = ell + (ell == 0.0)
    gap = larger(np.sqrt(18.0 * (eta * eta) * loss), 10.0 * loss / (width * width))
    return (loss < tolerance) & (gap < MARGIN) & stable(curvature(theta, p), below_edge(gap))


def balance(theta, p):
    """Return y^2 - x^2, which gradient flow conserves."""
    x, y, power = theta
    small = value(x, power)
    return (y - small) * (y + small)


def flow_sharpness(theta, p):
    """Return |y^2 - x^2|, the sharpness where gradient flow ends."""
    return np.abs(balance(theta, p))
