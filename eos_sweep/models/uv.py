"""The two-layer linear network of one input: the model of the catapult, and of a route to chaos.

    f = u . v / sqrt(n),    L = D^2 / 2,    D = f - y

with vectors u, v of width n.  With lambda = (|u|^2 + |v|^2)/n gradient descent is a closed map, for every width:

    f' = f + eta D (eta D f / n - lambda),    lambda' = lambda + (eta D / n) (eta D lambda - 4 f).

Sources: Lewkowycz, Bahri, Dyer, Sohl-Dickstein, Gur-Ari 2020, "The large learning rate phase of deep learning: the
catapult mechanism", arXiv 2003.02218; Kalra, He, Barkeshli 2023, "Universal Sharpness Dynamics in Neural Network
Training: Fixed Point Analysis, Edge of Stability, and Route to Chaos", arXiv 2311.02076.

In terms of A = |u + v|^2/n = lambda + 2 f/sqrt(n), B = |u - v|^2/n = lambda - 2 f/sqrt(n) and d = eta D / sqrt(n) it is

    A' = A (1 - d)^2,    B' = B (1 + d)^2.

Neither is ever negative.  Where a chaotic run passes d = 1, one of them is almost zero; rounded to the other side, as
happens in one of 10^8 steps of the closed map, it would run away from where no u, v can be.  So lambda is stepped as
(A' + B')/2.  A step multiplies A B by (1 - d^2)^2; gradient flow keeps it and ends at the sharpness
sqrt(A B + 4 y^2/n).  On the balanced line, A B = 0, h = eta f/sqrt(n) obeys h' = h (1 + Y - h)^2, Y = eta y/sqrt(n).

The Hessian has the symmetric and the antisymmetric direction (u + v, u + v), (u - v, v - u) in a block of its own,
[[A/2 + D/sqrt(n), sqrt(A B)/2], [., B/2 - D/sqrt(n)]]; its other eigenvalues, +-D/sqrt(n), are never above the block's
(lambda + sqrt(lambda^2 + 4 D (2 f + D)/n))/2.
"""

import numpy as np

from eos_sweep.contract import EDGE, CriticalLine, Quantity, Values
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.scalar import inlined, residual, select

TITLE = "f = u·v/√n"
REFERENCE = "Lewkowycz et al. 2020, arXiv 2003.02218; Kalra, He, Barkeshli 2023, arXiv 2311.02076"
SIZES = (1e-60, 1e60)
STATE = {
    "f": Quantity("output of the network", "f", sizes=SIZES),
    "lam": Quantity("norm of the weights (|u|² + |v|²)/n", "λ", least=0.0, sizes=SIZES),
}
PARAMETERS = {
    "eta": Quantity("step size", "η", above=0.0, sizes=SIZES),
    "n": Quantity("width", "n", least=1.0, sizes=SIZES),
    "y": Quantity("target", "y", default=0.0, sizes=SIZES),
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
DESCENT = False  # f and lambda are no coordinates of gradient descent, u and v are
CARRIED: tuple[str, ...] = ()
PRESETS = {"lam": {"balanced": "2 * abs(f) / sqrt(n)"}}
LOSS_PARTS: dict[str, Quantity] = {}
LIMIT = 1e30
GUARD = None
OBSERVABLES = ("lyapunov",)
THRESHOLDS = {"chaos": 0.005}

MARGIN = 1e-4  # relative room below 2/eta that a settled trajectory keeps
# Below these both are as good as zero.  Where y = 0, f only gets there on its way to the minimum, when lambda has come
# to rest; lambda only gets there if u = v or u = -v, when both are on their way to the saddle.
LEAST_F, LEAST_LAM = 1e-150, 1e-140


def gradient_flow_sharpness(f, lam, n, y):
    """Return sqrt(lambda^2 - 4 f^2/n + 4 y^2/n), the sharpness at which gradient flow ends."""
    imbalance = (lam - 2.0 * np.abs(f) / np.sqrt(n)) * (lam + 2.0 * np.abs(f) / np.sqrt(n))
    return np.sqrt(np.maximum(imbalance, 0.0) + 4.0 * y * y / n)


# Of h' = h (1 + Y - h)^2: the minimum gives way to an orbit of two steps, this one to one of four, to chaos; the end.
TWO_CYCLE, FOUR_CYCLE, CHAOS, DIVERGENCE = 1.0, np.sqrt(5.0) - 1.0, 1.302283462700715, 2.0


def _scaled_target(v: Values) -> np.ndarray:
    """|Y|, which nothing but the lines for y = 0 can do without."""
    return np.where(v["y"] == 0.0, np.nan, v["eta"] * np.abs(v["y"]) / np.sqrt(v["n"]))


def _without_target(v: Values) -> np.ndarray:
    """eta lambda0, where y = 0."""
    return np.where(v["y"] == 0.0, v["eta"] * v["lam"], np.nan)


LINES = (
    CriticalLine(
        "onset",
        r"$\eta = 2/\varphi(\theta_0)$",
        "above it sharpening reaches the edge",
        lambda v: 0.5 * v["eta"] * gradient_flow_sharpness(v["f"], v["lam"], v["n"], v["y"]),
    ),
    CriticalLine(
        "lazy", r"$\eta\,\lambda_0 = 2$", "below it wide networks are lazy", lambda v: _without_target(v) / 2.0
    ),
    CriticalLine(
        "catapult_ends", r"$\eta\,\lambda_0 = 4$", "above it all runs diverge", lambda v: _without_target(v) / 4.0
    ),
    CriticalLine(
        "two_cycle",
        r"$\eta\,y/\sqrt{n} = 1$",
        "above it no minimum is stable",
        lambda v: _scaled_target(v) / TWO_CYCLE,
    ),
    CriticalLine(
        "four_cycle",
        r"$\eta\,y/\sqrt{n} = \sqrt{5} - 1$",
        "from two steps to four",
        lambda v: _scaled_target(v) / FOUR_CYCLE,
    ),
    CriticalLine(
        "chaos",
        r"$\eta\,y/\sqrt{n} = 1.3023$",
        "where periods have doubled for ever",
        lambda v: _scaled_target(v) / CHAOS,
    ),
    CriticalLine(
        "divergence", r"$\eta\,y/\sqrt{n} = 2$", "above it nearly all diverge", lambda v: _scaled_target(v) / DIVERGENCE
    ),
)


@inlined
def threshold(p):
    eta, n, y = p
    return 2.0 / eta


@inlined
def not_negative(value):
    return select(value < 0.0, 0.0, value)


@inlined
def squares(theta, p):
    """A and B, the squares of the sum and of the difference of the layers; below zero they are rounding."""
    f, lam = theta
    eta, n, y = p
    part = f * (2.0 / np.sqrt(n))
    return not_negative(lam + part), not_negative(lam - part)


@inlined
def beyond(one, other, wanted):
    """one * other - wanted, exact where they are nearly the same."""
    product = one * other
    return residual(one, other, product) + (product - wanted)


@inlined
def layers_step(theta, p):
    """lambda after the step; 1 - d and 1 + d to 1e-16 of their own size, since A and B may grow back from it."""
    f, lam = theta
    eta, n, y = p
    together, apart = squares(theta, p)
    root = np.sqrt(n)
    inverse = 1.0 / root
    pull = eta * (f - y)
    d = pull * inverse
    too_large = 0.5 * inverse * beyond(root, root, n)  # the root is
    rest = inverse * (residual(eta, f - y, pull) - beyond(d, root, pull) + d * too_large)
    minus, plus = (1.0 - d) - rest, (1.0 + d) + rest
    return 0.5 * (together * (minus * minus) + apart * (plus * plus))


@inlined
def output_step(theta, p):
    """f after the step, to 1e-16 of its own size where y = 0: rounded to zero it would be zero for ever."""
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
    whole = 0.5 * (np.sqrt(n) * lam)  # what is balanced stays so
    f = select(apart == 0.0, whole, select(together == 0.0, -whole, output_step(theta, p)))
    gone = lam < LEAST_LAM
    return select(gone | (abs(f) < LEAST_F), 0.0, f), select(gone, 0.0, lam)


@inlined
def clipped(theta, p):
    return False


@inlined
def tangent(theta, p, v):
    """The Jacobian of a step, in f and lambda."""
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
def rescale(theta, p):
    return theta


@inlined
def loss(theta, p):
    f, lam = theta
    eta, n, y = p
    left = f - y
    return 0.5 * (left * left)


def loss_parts(theta, p):
    return ()


@inlined
def curvature(theta, p):
    """The block of the Hessian times eta: its diagonal, and the square of what is beside it."""
    f, lam = theta
    eta, n, y = p
    together, apart = squares(theta, p)
    first, second, shift = (0.5 * eta) * together, (0.5 * eta) * apart, eta * (f - y) * (1.0 / np.sqrt(n))
    return first + shift, second - shift, first * second


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Whether the trajectory is at its minimum for good: nothing left can move the sharpness by more than MARGIN.

    D shrinks by a factor of at most 1 - min(eta lambda, 2 MARGIN) a step, and moves eta lambda by at most
    2 |d| eta lambda; so all that is left of it moves eta lambda by at most 2 |d| / MARGIN.
    """
    eta, n, y = p
    quiet = (loss < tolerance) & (32.0 * (eta * eta) * loss < (MARGIN * MARGIN) * (MARGIN * MARGIN) * n)
    return quiet & stable(curvature(theta, p), (1.0 - MARGIN) * EDGE)


def balance(theta, p):
    """A B = lambda^2 - 4 f^2/n, of which sqrt(A B) is |u + v| |u - v|/n."""
    together, apart = squares(theta, p)
    return together * apart


def flow_sharpness(theta, p):
    f, lam = theta
    eta, n, y = p
    return gradient_flow_sharpness(f, lam, n, y)


def hessian(theta, p):
    """The block of the Hessian that holds its largest eigenvalue, shape (..., 2, 2)."""
    f, lam = theta
    eta, n, y = p
    together, apart = squares(theta, p)
    shift, arm = (f - y) / np.sqrt(n), 0.5 * np.sqrt(together * apart)
    rows = (0.5 * together + shift, arm), (arm, 0.5 * apart - shift)
    return np.stack([np.stack(np.broadcast_arrays(*row), -1) for row in rows], -2)
