"""The two-layer linear network of one input: the model of the catapult, and of a period-doubling route to chaos.

    f = u . v / sqrt(n),    L = D^2 / 2,    D = f - y

with vectors u, v of width n.  Gradient descent is a closed map in f and lambda = (|u|^2 + |v|^2)/n, for every width:

    f' = f + eta D (eta D f / n - lambda),    lambda' = lambda + (eta D / n) (eta D lambda - 4 f).

Sources: Lewkowycz, Bahri, Dyer, Sohl-Dickstein, Gur-Ari 2020, "The large learning rate phase of deep learning: the
catapult mechanism", arXiv 2003.02218; Kalra, He, Barkeshli 2023, "Universal Sharpness Dynamics in Neural Network
Training: Fixed Point Analysis, Edge of Stability, and Route to Chaos", arXiv 2311.02076.

In terms of A = |u + v|^2/n = lambda + 2 f/sqrt(n), B = |u - v|^2/n = lambda - 2 f/sqrt(n) and d = eta D / sqrt(n) it is

    A' = A (1 - d)^2,    B' = B (1 + d)^2.

Neither is ever negative.  Where a chaotic run passes d = 1, one of them is almost zero.  In one of 10^8 steps of the
closed map, rounding would make it negative, and the run would diverge from a state that no u, v can have.  So lambda is
computed as (A' + B')/2.  A step multiplies A B by (1 - d^2)^2; gradient flow conserves it and ends at the sharpness
sqrt(A B + 4 y^2/n).  On the balanced line, A B = 0, h = eta f/sqrt(n) obeys h' = h (1 + Y - h)^2, Y = eta y/sqrt(n).

In the Hessian, the directions (u + v, u + v) and (u - v, v - u) span the block
[[A/2 + D/sqrt(n), sqrt(A B)/2], [., B/2 - D/sqrt(n)]].  The other eigenvalues, +-D/sqrt(n), never exceed that of the
block, (lambda + sqrt(lambda^2 + 4 D (2 f + D)/n))/2.
"""

import numpy as np

from eos_sweep.contract import CriticalLine, Quantity, Values
from eos_sweep.derivation.convergence import MARGIN, below_edge
from eos_sweep.eigen.matrices import from_rows
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.plain import *
from eos_sweep.scalar import inlined, residual, select

TITLE = "f = u·v/√n"
REFERENCE = "Lewkowycz et al. 2020, arXiv 2003.02218; Kalra, He, Barkeshli 2023, arXiv 2311.02076"
SAFE_SIZES = (1e-60, 1e60)
STATE = {
    "f": Quantity("output of the network", "f", sizes=SAFE_SIZES),
    "lam": Quantity("norm of the weights (|u|² + |v|²)/n", "λ", least=0.0, sizes=SAFE_SIZES),
}
PARAMETERS = {
    "eta": Quantity("step size", "η", above=0.0, sizes=SAFE_SIZES),
    "n": Quantity("width", "n", least=1.0, sizes=SAFE_SIZES),
    "y": Quantity("target", "y", default=0.0, sizes=SAFE_SIZES),
}
CONDITIONS = {
    "lam >= 2 |f| / sqrt(n), as all u and v have it": lambda v: (
        v["lam"] * (1.0 + 1e-12) >= 2.0 * np.abs(v["f"]) / np.sqrt(v["n"])
    )
}
TRIAL = {
    "f": "uniform(-1, 2)",
    "lam": "2 * abs(f) / sqrt(n) + uniform(0, 2)",
    "n": "1 + 10 * uniform(0, 1)",
    "y": "uniform(-1, 1)",
    "eta": "10 ** uniform(-1.5, 0.2)",
}
DESCENT = False  # descent is in u and v, not in f and lambda
PRESETS = {"lam": {"balanced": "2 * abs(f) / sqrt(n)"}}
OBSERVABLES = ("lyapunov",)
THRESHOLDS = {"chaos": 0.005}

# Smaller values are set to zero.  f gets so small only where y = 0, near the minimum, when lambda is constant; lambda
# only if u = v or u = -v, on the way to the saddle.
SMALLEST_F, SMALLEST_LAM = 1e-150, 1e-140


def gradient_flow_sharpness(f, lam, n, y):
    """Return sqrt(lambda^2 - 4 f^2/n + 4 y^2/n), the sharpness where gradient flow ends.

    It is NaN where the flow ends in the saddle: u = +-v, and f does not have the sign of y.
    """
    least = 2.0 * np.abs(f) / np.sqrt(n)
    level = np.sqrt(np.maximum((lam - least) * (lam + least), 0.0) + 4.0 * y * y / n)
    saddle = (lam <= (1.0 + 1e-12) * least) & (y != 0.0) & ~(np.sign(f) == np.sign(y))
    return np.where(saddle, np.nan, level)


# Values of Y at which runs of h' = h (1 + Y - h)^2 change from the minimum to a cycle of two steps, of four, to chaos,
# and to divergence.
TWO_CYCLE, FOUR_CYCLE, CHAOS, DIVERGENCE = 1.0, np.sqrt(5.0) - 1.0, 1.302283462700715, 2.0


def _flow(v: Values) -> np.ndarray:
    """Return eta phi/2, NaN where gradient flow ends in the saddle."""
    return 0.5 * v["eta"] * gradient_flow_sharpness(v["f"], v["lam"], v["n"], v["y"])


def _scaled_target(v: Values) -> np.ndarray:
    """Return |Y|, NaN where y = 0."""
    return np.where(v["y"] == 0.0, np.nan, v["eta"] * np.abs(v["y"]) / np.sqrt(v["n"]))


def _without_target(v: Values) -> np.ndarray:
    """Return eta lambda0 where y = 0, NaN elsewhere."""
    return np.where(v["y"] == 0.0, v["eta"] * v["lam"], np.nan)


LINES = (
    CriticalLine(
        "onset",
        r"$\eta = 2/\varphi(\theta_0)$",
        "above it gradient flow from the start ends in an unstable minimum; no line for u = +-v with f y < 0, where it "
        "ends in the saddle",
        _flow,
    ),
    CriticalLine(
        "lazy",
        r"$\eta\,\lambda_0 = 2$",
        "below it the loss never rises and the sharpness stays what it is (n -> infinity)",
        lambda v: _without_target(v) / 2.0,
    ),
    CriticalLine(
        "catapult_ends",
        r"$\eta\,\lambda_0 = 4$",
        "above it almost every run with f != 0 diverges",
        lambda v: _without_target(v) / 4.0,
    ),
    CriticalLine(
        "two_cycle",
        r"$\eta\,y/\sqrt{n} = 1$",
        "above it no minimum is stable: the flattest has sharpness 2 |y|/sqrt(n)",
        lambda v: _scaled_target(v) / TWO_CYCLE,
    ),
    CriticalLine(
        "four_cycle",
        r"$\eta\,y/\sqrt{n} = \sqrt{5} - 1$",
        "with u = +-v and f y > 0 bounded runs end on an orbit of two steps below it, of four above it",
        lambda v: _scaled_target(v) / FOUR_CYCLE,
    ),
    CriticalLine(
        "chaos",
        r"$\eta\,y/\sqrt{n} = 1.3023$",
        "where the period doublings with u = +-v accumulate: below it no bounded run there is chaotic",
        lambda v: _scaled_target(v) / CHAOS,
    ),
    CriticalLine(
        "divergence",
        r"$\eta\,y/\sqrt{n} = 2$",
        "above it almost all runs diverge",
        lambda v: _scaled_target(v) / DIVERGENCE,
    ),
)


@inlined
def threshold(p):
    eta, n, y = p
    return 2.0 / eta


@inlined
def not_negative(value):
    """Return a number, zero if it is negative."""
    return select(value < 0.0, 0.0, value)


@inlined
def squares(theta, p):
    """Return A and B, the squared sum and difference of the layers; a negative value is rounding and becomes zero."""
    f, lam = theta
    eta, n, y = p
    part = f * (2.0 / np.sqrt(n))
    return not_negative(lam + part), not_negative(lam - part)


@inlined
def beyond(one, other, wanted):
    """Return one * other - wanted, exact where they are nearly equal."""
    product = one * other
    return residual(one, other, product) + (product - wanted)


@inlined
def layers_step(theta, p):
    """Return lambda after the step; 1 - d and 1 + d have a relative error of 1e-16, since A and B may grow again."""
    f, lam = theta
    eta, n, y = p
    together, apart = squares(theta, p)
    root = np.sqrt(n)
    inverse = 1.0 / root
    pull = eta * (f - y)
    d = pull * inverse
    too_large = 0.5 * inverse * beyond(root, root, n)  # rounding error of the root
    rest = inverse * (residual(eta, f - y, pull) - beyond(d, root, pull) + d * too_large)
    minus, plus = (1.0 - d) - rest, (1.0 + d) + rest
    return 0.5 * (together * (minus * minus) + apart * (plus * plus))


@inlined
def output_step(theta, p):
    """Return f after the step, with a relative error of 1e-16 where y = 0: once rounded to zero it would stay zero."""
    f, lam = theta
    eta, n, y = p
    inverse = 1.0 / n
    pull = eta * (f - y)
    low = residual(eta, f - y, pull)
    product = pull * f
    part = product * inverse
    rest = residual(pull, f, product) + low * f - product * beyond(n, inverse, 1.0)
    slope = part - lam
    back = slope - part
    missing = residual(product, inverse, part) + rest * inverse + ((part - (slope - back)) - (lam + back))
    moved = pull * slope
    return (f + moved) + (residual(pull, slope, moved) + (pull * missing + low * slope))


@inlined
def step(theta, p):
    eta, n, y = p
    together, apart = squares(theta, p)
    lam = layers_step(theta, p)
    whole = 0.5 * (np.sqrt(n) * lam)  # |f| of a balanced state, which stays balanced
    f = select(apart == 0.0, whole, select(together == 0.0, -whole, output_step(theta, p)))
    gone = lam < SMALLEST_LAM
    return select(gone | (abs(f) < SMALLEST_F), 0.0, f), select(gone, 0.0, lam)


@inlined
def tangent(theta, p, v):
    """Apply the Jacobian of a step in f and lambda."""
    f, lam = theta
    eta, n, y = p
    first, second = v
    pull, turn = eta * (f - y), eta * first
    grown = 1.0 + pull * pull / n
    return (
        first * grown - pull * second + turn * (2.0 * pull * f / n - lam),
        second * grown + (turn * (2.0 * pull * lam - 4.0 * f) - 4.0 * (pull * first)) / n,
    )


@inlined
def loss(theta, p):
    f, lam = theta
    eta, n, y = p
    left = f - y
    return 0.5 * (left * left)


@inlined
def curvature(theta, p):
    """Return eta times the block of the Hessian: its diagonal, and the square of its off-diagonal entry."""
    f, lam = theta
    eta, n, y = p
    together, apart = squares(theta, p)
    first, second, shift = (0.5 * eta) * together, (0.5 * eta) * apart, eta * (f - y) * (1.0 / np.sqrt(n))
    return first + shift, second - shift, first * second


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Tell whether the run stays at its minimum: the remaining loss does not move the sharpness to 2/eta.

    Each step multiplies D by at most 1 - min(eta lambda, 2 gap) and moves eta lambda by at most 2 |d| eta lambda.
    So all further steps move eta lambda by at most 2 |d| / gap.
    """
    eta, n, y = p
    gap = np.sqrt(np.sqrt(32.0 * (eta * eta) * loss / n))
    return (loss < tolerance) & (gap < MARGIN) & stable(curvature(theta, p), below_edge(gap))


def balance(theta, p):
    """Return A B = lambda^2 - 4 f^2/n = (|u + v| |u - v|/n)^2, which gradient flow conserves."""
    together, apart = squares(theta, p)
    return together * apart


def flow_sharpness(theta, p):
    f, lam = theta
    eta, n, y = p
    return gradient_flow_sharpness(f, lam, n, y)


def weights_squared(theta, p):
    """Return |u|^2 + |v|^2."""
    return p[1] * theta[1]


def hessian(theta, p):
    """Return the block of the Hessian with its largest eigenvalue, shape (..., 2, 2)."""
    f, lam = theta
    eta, n, y = p
    together, apart = squares(theta, p)
    shift, arm = (f - y) / np.sqrt(n), 0.5 * np.sqrt(together * apart)
    return from_rows([(0.5 * together + shift, arm), (arm, 0.5 * apart - shift)])
