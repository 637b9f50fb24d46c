"""The mean of a threshold neuron: a bias that gradient descent learns only at the edge of stability.

    L = l(A g(b)),  l(s) = (log(1 + e^s) + log(1 + e^-s))/2 - log 2 = log cosh(s/2),  g(b) = E max(z + b, 0),

z normally distributed:

    A' = A - 2 d^2 eta l'(A g) g,    b' = b - eta l'(A g) A Phi(b),    g' = Phi,  l'(s) = tanh(s/2)/2.

A = d (a- + a+) stands for the two outer weights of a ReLU network of d coordinates, b for their common bias.  The map
is gradient descent on L in the coordinates a = A/(d sqrt(2)) = (a- + a+)/sqrt(2) and b, and sharpness is the largest
eigenvalue of the Hessian in these.  Source: Ahn, Bubeck, Chewi, Lee, Suarez, Zhang 2022, "Learning threshold neurons
via the edge of stability", arXiv 2212.07469.

The minima are at A = 0, with the sharpness d^2 g(b)^2/2.  Below eta = 8 pi/d^2 that of b = 0 is stable, and the bias
ends near zero, where gradient flow leads: at -A0^2 sqrt(2 pi)/(8 d^2) from b = 0.  Beyond, A goes to an orbit of two
steps that pushes the bias down, until g(b) is below 2/(d sqrt(eta)): the neuron has learnt a threshold.

Below the edge A decays for ever; it has an exponent of its own: its value is ``A * 2**(512 * power)``.  It oscillates
about zero on the edge, and b starts at zero, so that no change of sign is a regime and no coordinate is guarded.
"""

import numpy as np

from eos_sweep.contract import EDGE, CriticalLine, Quantity
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.exponent import UP, rescaled, seen
from eos_sweep.functions import expected_relu, log_cosh_jet, normal_density, normal_distribution
from eos_sweep.scalar import inlined, select

TITLE = "L = log cosh(A g(b)/2), g(b) = E max(z + b, 0)"
REFERENCE = "Ahn, Bubeck, Chewi, Lee, Suarez, Zhang 2022, arXiv 2212.07469"
STATE = {
    "A": Quantity("sum of the outer weights times d", "A", sizes=(1e-150, 1e30)),
    "b": Quantity("bias", "b", sizes=(0.0, 15.0)),  # so that the square of eta d^2 g^2 is a normal number
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
DESCENT = False  # in A, it is in A/(d sqrt(2))
CARRIED = ("A",)
PRESETS: dict[str, dict[str, str]] = {}
LOSS_PARTS: dict[str, Quantity] = {}
LIMIT = 1e30
GUARD = None
OBSERVABLES: tuple[str, ...] = ()
THRESHOLDS: dict[str, float] = {}

ROOT_HALF = 0.7071067811865476
MARGIN = 1e-4  # relative room below 2/eta that a settled trajectory keeps


def gradient_flow_bias(A, d):
    """Return the bias at which gradient flow from A and b = 0 ends, for A << d."""
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
        "above it the minimum with the bias of the start is unstable; at b = 0 it is eta = 8 pi/d^2",
        lambda v: 0.25 * v["eta"] * np.square(v["d"] * expected_relu(v["b"])),
    ),
)


@inlined
def threshold(p):
    eta, d = p
    return 2.0 / eta


# Everything below is computed from what a step, its loss and its curvature share.


@inlined
def jet(theta, p):
    """Return s/2 = A g/2 as far as it can be seen, and of it L, tanh, 1 - tanh(s/2)/(s/2) for |s| < 1/4, 1/cosh^2."""
    A, b, power = theta
    half = 0.5 * (seen(A, power) * expected_relu(b))
    return half, *log_cosh_jet(half)


@inlined
def steepness(theta, p):
    """eta d^2 g^2/2: at A = 0 the curvature along a, and a step multiplies a small A by one minus this."""
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
def clipped(theta, p):
    return False


@inlined
def tangent(theta, p, v):
    """The Jacobian of a step, for changes of log|A| and of b."""
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


def loss_parts(theta, p):
    return ()


@inlined
def bends(theta, p):
    """The second derivatives of L along a, along b, and across, times eta."""
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
    """The Hessian times eta: its diagonal, and the square of what is beside it."""
    along, across, arm = bends(theta, p)
    return along, across, arm * arm


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Whether the trajectory is at its minimum for good: nothing left can move the sharpness by more than MARGIN.

    b only falls, and so do g, Phi and |A|.  The sharpness is at most d^2 g^2/2, which is at most the sharpness now over
    1/cosh^2 = 1 - (s/2)^2, and what A adds to that: the curvature along b, and the one across.
    """
    A, b, power = theta
    eta, d = p
    visible, mean, share = abs(seen(A, power)), expected_relu(b), normal_distribution(b)
    added = visible * share * (d * mean) + (visible * visible) * (share * share + mean)
    quiet = (loss < tolerance) & (loss < 0.1 * MARGIN) & (eta * added < 0.5 * MARGIN)
    return quiet & stable(curvature(theta, p), (1.0 - MARGIN) * EDGE)


def hessian(theta, p):
    """The full Hessian of L, shape (..., 2, 2), along a and along b."""
    along, across, arm = (0.5 * threshold(p) * bend for bend in bends(theta, p))
    return np.stack([np.stack([along, arm], -1), np.stack([arm, across], -1)], -2)
