"""Two features, one of them irrelevant: the minimal model of the edge of stability.

Inputs x ~ N(0, diag(lambda1, lambda2)) with response x2 are fitted by f(x) = alpha beta1 x1 + alpha beta2 x2:

    L = L1 + L2,    L1 = lambda1 (alpha beta1)^2 / 2,    L2 = lambda2 (alpha beta2 - 1)^2 / 2.

L1 is the loss of the irrelevant feature, L2 that of the relevant one.  Gradient descent with step size eta may clip
the gradient of beta1 (|dL/dbeta1| <= clip) and may project beta1 (|beta1| <= radius after the step); both are off at
infinity.  Source: Liu, Zhang, Du, Zhao 2025, "A Minimalist Example of Edge-of-Stability and Progressive Sharpening",
arXiv 2503.02809.

While the sharpness is below 2/eta, beta1 is multiplied by |1 - eta lambda1 alpha^2| at each step and ordinary runs
take it to 1e-300 and far beyond before it comes back.  A double would underflow there, and the run would rest above
2/eta for ever.  So beta1 has an exponent of its own: its value is ``beta1 * 2**(512 * power)``.  Where |beta1| is
below 1e-100 its square, 1e-200 beside numbers around one, is left out.
"""

import numpy as np

from eos_sweep import claims as claims  # of the source; observables of their names look here
from eos_sweep import theory
from eos_sweep.contract import EDGE, Quantity
from eos_sweep.eigen.arrowhead import ARROWHEAD_STAGES, arrowhead_stable
from eos_sweep.exponent import rescaled, squared, value
from eos_sweep.inner import along, held, moved, stretched
from eos_sweep.scalar import inlined, select

TITLE = "f(x) = αβ₁x₁ + αβ₂x₂"
REFERENCE = "Liu, Zhang, Du, Zhao 2025, arXiv 2503.02809"
WEIGHT, SCALE = (0.0, 1e60), (1e-60, 1e60)  # so that eta lambda beta^2 is at most 1e240, and at least 1e-180
STATE = {
    "alpha": Quantity("outer weight", "α", sizes=WEIGHT),
    "beta1": Quantity("inner weight of the irrelevant feature", "β₁", sizes=WEIGHT),
    "beta2": Quantity("inner weight of the relevant feature", "β₂", sizes=WEIGHT),
}
PARAMETERS = {
    "lambda1": Quantity("variance of the irrelevant feature", "λ₁", above=0.0, sizes=SCALE),
    "lambda2": Quantity("variance of the relevant feature", "λ₂", above=0.0, sizes=SCALE),
    "eta": Quantity("step size", "η", above=0.0, sizes=SCALE),
    "clip": Quantity("bound on the gradient of beta1", "clip", default=np.inf, least=0.0),
    "radius": Quantity("bound on beta1 itself (projection)", "radius", default=np.inf, least=0.0),
}
TRIAL = {
    "lambda1": "10 ** uniform(0, 3)",
    "lambda2": "10 ** uniform(-3, 0)",
    "eta": "10 ** uniform(-2, 0)",
    "radius": "10 ** uniform(-2, 0)",
    "alpha": "uniform(-1.2, 1.2)",
    "beta1": "uniform(-0.5, 0.5)",
    "beta2": "uniform(-0.5, 1.5)",
}
CARRIED = ("beta1",)
# kappa = sqrt(10)/6 in radius = kappa/sqrt(lambda1) is within every bound of the paper for eta <= 0.1.
PRESETS = {"radius": {"liu2025": "sqrt(10) / 6 / sqrt(lambda1)"}}
LOSS_PARTS = {
    "loss_irrelevant": Quantity("loss of the irrelevant feature", "L₁"),
    "loss_relevant": Quantity("loss of the relevant feature", "L₂"),
}
LIMIT = 1e30
GUARD = "alpha"
LINES = theory.LINES
OBSERVABLES: tuple[str, ...] = ()
THRESHOLDS: dict[str, float] = {}

MARGIN = 1e-4  # relative room below 2/eta that a settled trajectory keeps


@inlined
def threshold(p):
    lambda1, lambda2, eta, clip, radius = p
    return 2.0 / eta


# Everything below is computed from a few products that a step, its loss and its curvature share.  They carry the factor
# eta, so that the edge of stability is at 2 and no function has to multiply by eta again.


@inlined
def pressure(theta, p):
    """eta lambda1 beta1^2, which pushes alpha down; zero where nothing can see beta1."""
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    return squared(beta1, power, eta * lambda1)


@inlined
def error(theta, p):
    """eta lambda2 (alpha beta2 - 1), what is left to learn."""
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    return (eta * lambda2) * (alpha * beta2 - 1.0)


@inlined
def step(theta, p):
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    left = error(theta, p)
    return (
        alpha - (alpha * pressure(theta, p) + left * beta2),
        moved(beta1, power, alpha, lambda1, eta, clip, radius),
        beta2 - left * alpha,
        power,
    )


@inlined
def clipped(theta, p):
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    return held(beta1, power, alpha, lambda1, eta, clip, radius)


@inlined
def tangent(theta, p, v):
    """The Jacobian of a step, for changes of alpha, of log|beta1| and of beta2."""
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    turn, stretch, shift = v
    push, left, bend = pressure(theta, p), error(theta, p), eta * lambda2
    learnt = bend * (turn * beta2 + alpha * shift)
    return (
        turn - (turn * push + 2.0 * alpha * push * stretch + learnt * beta2 + left * shift),
        stretched(beta1, power, alpha, lambda1, eta, clip, radius, turn, stretch),
        shift - (learnt * alpha + left * turn),
    )


@inlined
def rescale(theta, p):
    alpha, beta1, beta2, power = theta
    beta1, power = rescaled(beta1, power)
    return alpha, beta1, beta2, power


@inlined
def doubled_loss_parts(theta, p):
    """2 eta L1 and 2 eta L2."""
    alpha, beta1, beta2, power = theta
    return pressure(theta, p) * (alpha * alpha), error(theta, p) * (alpha * beta2 - 1.0)


@inlined
def loss(theta, p):
    first, second = doubled_loss_parts(theta, p)
    return 0.25 * threshold(p) * (first + second)


def loss_parts(theta, p):
    """L1 and L2, in the order of LOSS_PARTS."""
    return tuple(0.25 * threshold(p) * part for part in doubled_loss_parts(theta, p))


@inlined
def curvature(theta, p):
    """The Hessian times eta, an arrowhead matrix: its diagonal, and the squares of beta1's and beta2's arms."""
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    bend = eta * lambda2
    down, across = along(alpha, lambda1, eta), pressure(theta, p)
    arm = 2.0 * error(theta, p) + bend
    return (
        across + bend * (beta2 * beta2),
        down,
        bend * (alpha * alpha),
        (2.0 * down) * (2.0 * across),
        arm * arm,
    )


stable, SHARPNESS_STAGES = arrowhead_stable, ARROWHEAD_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Whether the trajectory is at its minimum for good: nothing left can move the sharpness by more than MARGIN.

    With r = alpha beta2 - 1, what is left of L2 moves lambda1 alpha^2 by at most about 2r relative, and
    r^2 = 2 L2 / lambda2.  What is left of L1 moves it by L1 / (lambda1 alpha^4) / MARGIN at most, since beta1 shrinks
    by a factor of at most 1 - MARGIN a step.  Below (1 - MARGIN) 2/eta neither can grow back.
    """
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    square = alpha * alpha
    # MARGIN is not squared with **, which compiles to a loop.
    quiet = (
        (loss < tolerance)
        & (32.0 * loss < MARGIN * MARGIN * lambda2)
        & (loss < 0.1 * MARGIN * MARGIN * (lambda1 * square * square))
    )
    # A clip that acts may hold beta1 where it is.
    return select(clipped(theta, p), False, quiet & stable(curvature(theta, p), (1.0 - MARGIN) * EDGE))


def balance(theta, p):
    """Q = alpha^2 - beta1^2 - beta2^2, which gradient flow keeps."""
    alpha, beta1, beta2, power = theta
    seen = value(beta1, power)
    return alpha * alpha - seen * seen - beta2 * beta2


def flow_sharpness(theta, p):
    """The sharpness where gradient flow ends: alpha^2 = h(Q), beta1 = 0, alpha beta2 = 1, so lambda1 h(Q), or, if it is
    larger, lambda2 (h(Q) + 1/h(Q)).  Bounds on beta1 do not act on gradient flow."""
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    irrelevant_end = theory.gradient_flow_sharpness(lambda1, alpha, value(beta1, power), beta2)
    square = irrelevant_end / lambda1
    return np.maximum(irrelevant_end, lambda2 * (square + 1.0 / square))


def hessian(theta, p):
    """The full Hessian of L, shape (..., 3, 3), in the order of STATE."""
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    seen = value(beta1, power)
    arm1, arm2 = 2.0 * lambda1 * (alpha * seen), lambda2 * (2.0 * (alpha * beta2) - 1.0)
    rows = (
        (lambda1 * (seen * seen) + lambda2 * (beta2 * beta2), arm1, arm2),
        (arm1, lambda1 * (alpha * alpha), np.zeros_like(arm1)),
        (arm2, np.zeros_like(arm1), lambda2 * (alpha * alpha)),
    )
    return np.stack([np.stack(np.broadcast_arrays(*row), -1) for row in rows], -2)
