"""The mean model of a threshold neuron, whose bias gradient descent learns only at the edge of stability.

    L = l(A g(b)),  l(s) = (log(1 + e^s) + log(1 + e^-s))/2 - log 2 = log cosh(s/2),  g(b) = E max(z + b, 0),

with a standard normal z:

    A' = A - 2 d^2 eta l'(A g) g,    b' = b - eta l'(A g) A Phi(b),    g' = Phi,  l'(s) = tanh(s/2)/2.

A = d (a- + a+) stands for the two outer weights of a ReLU network of d coordinates, b for their common bias.  The map
is gradient descent on L in the coordinates a = A/(d sqrt(2)) = (a- + a+)/sqrt(2) and b.  Sharpness is the largest
eigenvalue of the Hessian in these coordinates.  Source: Ahn, Bubeck, Chewi, Lee, Suarez, Zhang 2022, "Learning
threshold neurons via the edge of stability", arXiv 2212.07469.

The minima are at A = 0 and have the sharpness d^2 g(b)^2/2.  Below eta = 8 pi/d^2 the minimum at b = 0 is stable, and
the bias ends near zero, as under gradient flow: at -A0^2 sqrt(2 pi)/(8 d^2) from b = 0.  Above it A goes to a cycle of
two steps that pushes the bias down until g(b) is below 2/(d sqrt(eta)): the neuron has learnt a threshold.

Below the edge A decays for ever, so it has its own exponent: its value is ``A * 2**(512 * power)``.  At the edge A
oscillates about zero, and b starts at zero, so no coordinate is guarded.
"""

import numpy as np

from eos_sweep.contract import CriticalLine, Quantity
from eos_sweep.derivation.convergence import MARGIN, below_edge
from eos_sweep.eigen.matrices import from_rows
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.exponent import UP, rescaled, seen
from eos_sweep.functions import expected_relu, log_cosh_jet, normal_density, normal_distribution
from eos_sweep.plain import *
from eos_sweep.scalar import inlined, larger, select

LOSS = "log_cosh(A*(exp(-b**2/2)/sqrt(2*pi) + b*normal_cdf(b))/2)"
TITLE = "L = log cosh(A g(b)/2), g(b) = E max(z + b, 0)"
REFERENCE = "Ahn, Bubeck, Chewi, Lee, Suarez, Zhang 2022, arXiv 2212.07469"
STATE = {
    "A": Quantity("sum of the outer weights times d", "A", sizes=(1e-150, 1e30)),
    "b": Quantity("bias", "b", sizes=(0.0, 15.0)),  # keep the square of eta d^2 g^2 a normal number
}
PARAMETERS = {
    "eta": Quantity("step size", "η", above=0.0, sizes=(1e-20, 1e20)),
    "d": Quantity("number of input coordinates", "d", above=0.0, sizes=(1e-10, 1e10)),
}
TRIAL = {
    "A": "uniform(-2, 3)",
    "b": "uniform(-0.5, 0.5)",
    "d": "10 ** uniform(0.5, 2)",
    "eta": "25 * 10 ** uniform(-1.5, 1) / d ** 2",
}
DESCENT = False  # descent is in A/(d sqrt(2)), not in A
CARRIED = ("A",)

ROOT_HALF = 0.7071067811865476


def gradient_flow_bias(A, d):
    """Return the bias where gradient flow from A and b = 0 ends, for A << d."""
    return -np.sqrt(2.0 * np.pi) / 8.0 * np.square(np.divide(A, d))


def edge_bias(eta, d):
    """Return b* with g(b*) = 2/(d sqrt(eta)): the sharpness of the minimum with this bias is 2/eta."""
    goal = 2.0 / (np.asarray(d) * np.sqrt(eta))
    low, high = np.full_like(goal, -37.0), goal + 0.0  # g(b) > b
    for _ in range(64):
        middle = 0.5 * (low + high)
        above = expected_relu(middle) > goal
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return high


LINES = (
    CriticalLine(
        "edge",
        r"$\eta = 4/(d\,g(b_0))^2$",
        "above it the minimum A = 0 with the bias of the start is unstable; at b = 0 it is eta = 8 pi/d^2",
        lambda v: 0.25 * v["eta"] * np.square(v["d"] * expected_relu(v["b"])),
    ),
)


@inlined
def threshold(p):
    eta, d = p
    return 2.0 / eta


# A step, its loss and its curvature share these two.


@inlined
def jet(theta, p):
    """Return s/2 = A g/2, L, tanh(s/2), 1 - tanh(s/2)/(s/2) for |s| < 1/4, and 1/cosh(s/2)^2.

    s is zero where A is too small to matter.
    """
    A, b, power = theta
    half = 0.5 * (seen(A, power) * expected_relu(b))
    return half, *log_cosh_jet(half)


@inlined
def steepness(theta, p):
    """Return eta d^2 g^2/2, eta times the curvature along a at A = 0: a step multiplies a small A by one minus this."""
    A, b, power = theta
    eta, d = p
    weight = d * expected_relu(b)
    return (0.5 * eta) * (weight * weight)


@inlined
def step(theta, p):
    A, b, power = theta
    eta, d = p
    half, value, push, deficit, bend = jet(theta, p)
    steep = steepness(theta, p)
    lift = select(power < 0.0, UP, 1.0)  # a large A has no lower power
    return (
        select(
            abs(half) < 0.125,
            A * ((1.0 - steep) + steep * deficit),
            A - (eta * (d * d) * expected_relu(b) * lift) * push,
        ),
        b - (0.5 * eta) * (seen(A, power) * push) * normal_distribution(b),
        power,
    )


@inlined
def tangent(theta, p, v):
    """Apply the Jacobian of a step to changes of log|A| and of b."""
    A, b, power = theta
    eta, d = p
    half, value, push, deficit, bend = jet(theta, p)
    steep, across, arm = bends(theta, p)
    small = abs(half) < 0.125
    slope = select(small, 1.0 - deficit, push / select(small, 1.0, half))
    stretch, shift = v
    visible, after = seen(A, power), step(theta, p)[0]
    along = steepness(theta, p) * (slope - bend) * stretch
    bent = (0.5 * eta) * (d * d) * (expected_relu(b) * normal_distribution(b)) * ((slope + bend) * shift)
    return (
        stretch + (along - bent) * (A / select(after == 0.0, np.inf, after)),
        shift - (across * shift + (0.5 * eta) * normal_distribution(b) * (push + half * bend) * (visible * stretch)),
    )


@inlined
def rescale(theta, p):
    A, b, power = theta
    mantissa, power = rescaled(A, power)
    return mantissa, b, power


@inlined
def loss(theta, p):
    half, value, push, deficit, bend = jet(theta, p)
    return value


@inlined
def bends(theta, p):
    """Return eta times the second derivatives of L: along a, along b, and mixed."""
    A, b, power = theta
    eta, d = p
    half, value, push, deficit, bend = jet(theta, p)
    visible, share = seen(A, power), normal_distribution(b)
    reach = visible * share
    return (
        steepness(theta, p) * bend,
        (0.25 * eta) * (bend * (reach * reach) + 2.0 * (push * visible) * normal_density(b)),
        (ROOT_HALF * eta) * (d * share) * (push + half * bend),
    )


@inlined
def curvature(theta, p):
    """Return eta times the Hessian: its diagonal, and the square of its off-diagonal entry."""
    along, across, arm = bends(theta, p)
    return along, across, arm * arm


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Tell whether the run stays at its minimum: the remaining loss does not move the sharpness to 2/eta.

    From here on b, g, Phi and |A| fall.  The sharpness is at most d^2 g^2/2 plus the curvature along b and the mixed
    one, which A adds.  d^2 g^2/2 is at most the present sharpness over 1/cosh^2 = 1 - (s/2)^2.
    """
    A, b, power = theta
    eta, d = p
    visible, mean, share = abs(seen(A, power)), expected_relu(b), normal_distribution(b)
    added = visible * share * (d * mean) + (visible * visible) * (share * share + mean)
    gap = larger(10.0 * loss, 2.0 * eta * added)
    return (loss < tolerance) & (gap < MARGIN) & stable(curvature(theta, p), below_edge(gap))


def weights_squared(theta, p):
    """Return A^2/(2 d^2) + b^2."""
    A, b, power = theta
    eta, d = p
    return 0.5 * np.square(seen(A, power) / d) + b * b


def hessian(theta, p):
    """Return the Hessian of L, shape (..., 2, 2), along a and along b."""
    along, across, arm = (0.5 * threshold(p) * bend for bend in bends(theta, p))
    return from_rows([(along, arm), (arm, across)])
