"""A quadratic bowl of up to eight dimensions, in the basis of its axes: the edge of stability without sharpening.

    L = (a1 theta1^2 + ... + a8 theta8^2) / 2,    theta_k <- (1 - eta a_k) theta_k,    S = max a_k.

Each coordinate obeys a law of its own: it decays steadily for eta a_k < 1, decays with a change of sign at each step
for 1 < eta a_k < 2, and grows beyond all bounds for eta a_k > 2.  Sharpness never moves, so 2/eta is not an edge at
which a run can hover: every run converges or diverges.  Dimensions beyond those that are given have no curvature.
Source: Cohen, Kaur, Li, Kolter, Talwalkar 2021, section 2, arXiv 2103.00065.

The guarded coordinate is theta1: give it the largest curvature, and a sign flip is an oscillation.  So that its signs
are counted however small it is, it has an exponent of its own: its value is ``theta1 * 2**(512 * power)``.

Any other coordinate with |1 - eta a_k| < 1 would soon be a denormal number, which is slow.  It can never come back, so
it is set to zero where it is below 1e-100.  One that grows is never touched, however small it is.
"""

import numpy as np

from eos_sweep.contract import EDGE, CriticalLine, Quantity, Values
from eos_sweep.scalar import inlined, residual, select

TITLE = "L(θ) = ½(a₁θ₁² + … + a₈θ₈²)"
REFERENCE = "Cohen, Kaur, Li, Kolter, Talwalkar 2021, arXiv 2103.00065, section 2"
WEIGHT, SCALE = (0.0, 1e60), (1e-60, 1e60)  # so that eta a theta and a theta^2 are at most 1e180
DIMENSIONS = 8
SUBSCRIPTS = "₁₂₃₄₅₆₇₈"
STATE = {
    f"theta{k}": Quantity(f"coordinate {k}", f"θ{sign}", default=None if k == 1 else 0.0, sizes=WEIGHT)
    for k, sign in enumerate(SUBSCRIPTS, 1)
}
PARAMETERS = {
    f"a{k}": Quantity(f"curvature along theta{k}", f"a{sign}", default=None if k == 1 else 0.0, least=0.0, sizes=SCALE)
    for k, sign in enumerate(SUBSCRIPTS, 1)
} | {"eta": Quantity("step size", "η", above=0.0, sizes=SCALE)}
TRIAL = {f"theta{k}": "uniform(-2, 2)" for k in range(1, 6)} | {f"a{k}": "uniform(0, 3)" for k in range(1, 6)}
TRIAL |= {"eta": "10 ** uniform(-2, 0)"}
CARRIED = ("theta1",)
PRESETS: dict[str, dict[str, str]] = {}
LOSS_PARTS: dict[str, Quantity] = {}
LIMIT = 1e30
GUARD = "theta1"
OBSERVABLES: tuple[str, ...] = ()
THRESHOLDS: dict[str, float] = {}

TINY = 1e-100  # its square is still a normal number
UP, DOWN = 2.0**512, 2.0**-512
SMALL, LARGE = 1e-30, 1e135  # of theta1's mantissa: 16 steps of a factor of 1e-17 leave a normal number; no bouncing


def _oscillation(v: Values) -> np.ndarray:
    return v["eta"] * np.max(np.broadcast_arrays(*(v[f"a{k + 1}"] for k in range(DIMENSIONS))), axis=0)


LINES = (
    CriticalLine(
        "oscillation", r"$\eta\,a_{\max} = 1$", "above it the steepest coordinate changes its sign", _oscillation
    ),
)


@inlined
def threshold(p):
    a1, a2, a3, a4, a5, a6, a7, a8, eta = p
    return 2.0 / eta


@inlined
def factor(a, eta):
    """1 - eta a, by which a step multiplies a coordinate, to 1e-16 of its own size, whatever eta a rounds to."""
    along = eta * a
    return (1.0 - along) - residual(eta, a, along)


@inlined
def step(theta, p):
    theta1, theta2, theta3, theta4, theta5, theta6, theta7, theta8, power = theta
    a1, a2, a3, a4, a5, a6, a7, a8, eta = p
    return (
        factor(a1, eta) * theta1,
        factor(a2, eta) * theta2,
        factor(a3, eta) * theta3,
        factor(a4, eta) * theta4,
        factor(a5, eta) * theta5,
        factor(a6, eta) * theta6,
        factor(a7, eta) * theta7,
        factor(a8, eta) * theta8,
        power,
    )


@inlined
def tangent(theta, p, v):
    """The Jacobian of a step, which multiplies changes of the coordinates as them; that of log|theta1| stays."""
    v1, v2, v3, v4, v5, v6, v7, v8 = v
    return v1, *step((*v, 0.0), p)[1:8]


@inlined
def alive(coordinate, a, eta):
    """A coordinate, or zero where it is too small to be seen and shrinks."""
    gone = (abs(coordinate) < TINY) & (abs(factor(a, eta)) < 1.0)
    return select(gone, 0.0, coordinate)


@inlined
def rescale(theta, p):
    theta1, theta2, theta3, theta4, theta5, theta6, theta7, theta8, power = theta
    a1, a2, a3, a4, a5, a6, a7, a8, eta = p
    small, large = abs(theta1) < SMALL, (abs(theta1) > LARGE) & (power < 0.0)
    return (
        theta1 * select(small, UP, select(large, DOWN, 1.0)),
        alive(theta2, a2, eta),
        alive(theta3, a3, eta),
        alive(theta4, a4, eta),
        alive(theta5, a5, eta),
        alive(theta6, a6, eta),
        alive(theta7, a7, eta),
        alive(theta8, a8, eta),
        power + select(small, -1.0, select(large, 1.0, 0.0)),
    )


@inlined
def seen(theta1, power):
    """The value of theta1, or zero where its square is nothing beside numbers around one."""
    value = theta1 * select(power < 0.0, DOWN, 1.0)
    return select((power < -1.5) | (abs(value) < TINY), 0.0, value)


@inlined
def loss(theta, p):
    theta1, theta2, theta3, theta4, theta5, theta6, theta7, theta8, power = theta
    a1, a2, a3, a4, a5, a6, a7, a8, eta = p
    value = seen(theta1, power)
    first = (a1 * (value * value) + a2 * (theta2 * theta2)) + (a3 * (theta3 * theta3) + a4 * (theta4 * theta4))
    last = (a5 * (theta5 * theta5) + a6 * (theta6 * theta6)) + (a7 * (theta7 * theta7) + a8 * (theta8 * theta8))
    return 0.5 * (first + last)


def loss_parts(theta, p):
    return ()


@inlined
def larger(one, other):
    return select(one > other, one, other)


@inlined
def curvature(theta, p):
    """The largest eigenvalue of eta times the Hessian, which is diagonal."""
    a1, a2, a3, a4, a5, a6, a7, a8, eta = p
    steepest = larger(larger(larger(a1, a2), larger(a3, a4)), larger(larger(a5, a6), larger(a7, a8)))
    return (eta * steepest,)


@inlined
def stable(matrix, bound):
    return matrix[0] < bound


@inlined
def top(matrix):
    return (matrix[0],)


SHARPNESS_STAGES = (top,)


@inlined
def settled(theta, p, loss, tolerance):
    """Whether the trajectory only shrinks from here on: below 2/eta each coordinate does, and sharpness stays."""
    return (loss < tolerance) & stable(curvature(theta, p), EDGE)


@inlined
def clipped(theta, p):
    """Never: nothing is clipped."""
    return (theta[0] < 0.0) & (theta[0] > 0.0)


def hessian(theta, p):
    """The full Hessian of L, shape (..., 8, 8), in the order of STATE."""
    shape = np.broadcast_shapes(*map(np.shape, (*theta, *p)))
    return np.stack([np.broadcast_to(a, shape) for a in p[:-1]], -1)[..., None] * np.eye(DIMENSIONS)
