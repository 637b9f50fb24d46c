"""Two features, one of them irrelevant: the minimal model of the edge of stability.

f(x) = alpha beta1 x1 + alpha beta2 x2 is fitted to inputs x ~ N(0, diag(lambda1, lambda2)) with the response x2:

    L = L1 + L2,    L1 = lambda1 (alpha beta1)^2 / 2,    L2 = lambda2 (alpha beta2 - 1)^2 / 2.

    alpha <- alpha - eta (lambda1 alpha beta1^2 + lambda2 (alpha beta2 - 1) beta2)
    beta1 <- beta1 (1 - eta lambda1 alpha^2)
    beta2 <- beta2 - eta lambda2 (alpha beta2 - 1) alpha

L1 is the loss of the irrelevant feature, L2 that of the relevant one.  The gradient of beta1 may be clipped
(|dL/dbeta1| <= clip), and beta1 may be projected (|beta1| <= radius after the step); both bounds are off at infinity.
Source: Liu, Zhang, Du, Zhao 2025, "A Minimalist Example of Edge-of-Stability and Progressive Sharpening", arXiv
2503.02809.

While the sharpness is below 2/eta, each step multiplies beta1 by |1 - eta lambda1 alpha^2|.  In ordinary runs it falls
to 1e-300 and far below before it grows again.  A double would underflow, and the run would rest above 2/eta for ever.
So beta1 has its own exponent: its value is ``beta1 * 2**(512 * power)``.  Where |beta1| is below 1e-100, its square is
left out, which is 1e-200 beside numbers around one.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.derivation.convergence import MARGIN, below_edge
from eos_sweep.eigen.arrowhead import ARROWHEAD_STAGES, arrowhead_stable
from eos_sweep.eigen.matrices import from_rows
from eos_sweep.exponent import rescaled, squared, value
from eos_sweep.models import bivariate_claims, bivariate_theory
from eos_sweep.models.inner_weight import along, gap, held, moved, stretched
from eos_sweep.plain import *
from eos_sweep.scalar import inlined, select

LOSS = "lambda1*(alpha*beta1)**2/2 + lambda2*(alpha*beta2 - 1)**2/2"
TITLE = "f(x) = αβ₁x₁ + αβ₂x₂"
REFERENCE = "Liu, Zhang, Du, Zhao 2025, arXiv 2503.02809"
WEIGHT, SCALE = (0.0, 1e60), (1e-60, 1e60)  # keep eta lambda beta^2 between 1e-180 and 1e240
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
# With kappa = sqrt(10)/6, radius = kappa/sqrt(lambda1) satisfies every bound of the paper for eta <= 0.1.
PRESETS = {"radius": {"liu2025": "sqrt(10) / 6 / sqrt(lambda1)"}}
LOSS_PARTS = {
    "loss_irrelevant": Quantity("loss of the irrelevant feature", "L₁"),
    "loss_relevant": Quantity("loss of the relevant feature", "L₂"),
}
GUARD = "alpha"
GRADIENT_BOUNDS, WEIGHT_BOUNDS = {"beta1": "clip"}, {"beta1": "radius"}  # for other update rules than gd
LINES = bivariate_theory.LINES
claims = bivariate_claims  # functions with the names of the observables that need them


@inlined
def threshold(p):
    lambda1, lambda2, eta, clip, radius = p
    return 2.0 / eta


# A step, its loss and its curvature share a few products.  These contain the factor eta, so the edge of stability is at
# 2, and no other function multiplies by eta.


@inlined
def pressure(theta, p):
    """Return eta lambda1 beta1^2, which pushes alpha down; zero where beta1^2 is left out."""
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    return squared(beta1, power, eta * lambda1)


@inlined
def error(theta, p):
    """Return eta lambda2 (alpha beta2 - 1), the remaining error."""
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
    """Apply the Jacobian of a step to changes of alpha, of log|beta1| and of beta2."""
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
    """Return 2 eta L1 and 2 eta L2."""
    alpha, beta1, beta2, power = theta
    return pressure(theta, p) * (alpha * alpha), error(theta, p) * (alpha * beta2 - 1.0)


@inlined
def loss(theta, p):
    first, second = doubled_loss_parts(theta, p)
    return 0.25 * threshold(p) * (first + second)


def loss_parts(theta, p):
    """Return L1 and L2, in the order of LOSS_PARTS."""
    return tuple(0.25 * threshold(p) * part for part in doubled_loss_parts(theta, p))


@inlined
def curvature(theta, p):
    """Return eta times the Hessian, an arrowhead matrix: its diagonal, and the squared arms of beta1 and beta2."""
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
    """Tell whether the run stays at its minimum: the remaining loss does not move the sharpness to 2/eta.

    A run whose clip or projection acts is never settled, since the bound may hold beta1 where it is.
    """
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    room = gap(loss, alpha, lambda1, lambda2)
    over = (loss < tolerance) & (room < MARGIN)
    return select(clipped(theta, p), False, over & stable(curvature(theta, p), below_edge(room)))


def balance(theta, p):
    """Return Q = alpha^2 - beta1^2 - beta2^2, which gradient flow conserves."""
    alpha, beta1, beta2, power = theta
    seen = value(beta1, power)
    return alpha * alpha - seen * seen - beta2 * beta2


def flow_sharpness(theta, p):
    """Return the sharpness where gradient flow ends: lambda1 h(Q), or lambda2 (h(Q) + 1/h(Q)) if that is larger.

    Gradient flow ends at alpha^2 = h(Q), beta1 = 0, alpha beta2 = 1.  Bounds on beta1 do not act on it.  It is NaN
    where the flow ends in the saddle, alpha = beta2 = 0, or rests there.
    """
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    irrelevant_end = bivariate_theory.gradient_flow_sharpness(lambda1, alpha, value(beta1, power), beta2)
    square = irrelevant_end / lambda1
    saddle = (alpha == -beta2) & ((beta1 == 0.0) | (alpha == 0.0))
    return np.where(saddle, np.nan, np.maximum(irrelevant_end, lambda2 * (square + 1.0 / square)))


def hessian(theta, p):
    """Return the Hessian of L, shape (..., 3, 3), in the order of STATE."""
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    seen = value(beta1, power)
    arm1, arm2 = 2.0 * lambda1 * (alpha * seen), lambda2 * (2.0 * (alpha * beta2) - 1.0)
    corner = lambda1 * (seen * seen) + lambda2 * (beta2 * beta2)
    square = alpha * alpha
    return from_rows([(corner, arm1, arm2), (arm1, lambda1 * square, 0.0), (arm2, 0.0, lambda2 * square)])
