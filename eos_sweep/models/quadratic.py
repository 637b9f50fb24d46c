"""A quadratic loss of up to eight dimensions, in its eigenbasis: a threshold 2/eta without sharpening.

    L = (a1 theta1^2 + ... + a8 theta8^2) / 2,    theta_k <- (1 - eta a_k) theta_k,    S = max a_k.

The coordinates are independent.  Each decays steadily for eta a_k < 1, decays and changes its sign at each step for
1 < eta a_k < 2, and diverges for eta a_k > 2.  The sharpness is constant, so no run stays at 2/eta: every run converges
or diverges.  Dimensions that are not given have no curvature.
Source: Cohen, Kaur, Li, Kolter, Talwalkar 2021, section 2, arXiv 2103.00065.

The guarded coordinate is theta1: if it has the largest curvature, a sign flip is an oscillation.  It has its own
exponent, so that its signs are counted however small it is: its value is ``theta1 * 2**(512 * power)``.

Any other coordinate with |1 - eta a_k| < 1 would soon be a denormal number, which is slow.  It never grows again, so it
is set to zero below 1e-100.  A coordinate that grows is never set to zero.
"""

import numpy as np

from eos_sweep.contract import EDGE, CriticalLine, Quantity, Values
from eos_sweep.exponent import HIDDEN, rescaled
from eos_sweep.plain import *
from eos_sweep.scalar import inlined, larger, residual, select

LOSS = " + ".join(f"a{k}*theta{k}**2/2" for k in range(1, 9))
TITLE = "L(θ) = ½(a₁θ₁² + … + a₈θ₈²)"
REFERENCE = "Cohen, Kaur, Li, Kolter, Talwalkar 2021, arXiv 2103.00065, section 2"
WEIGHT, SCALE = (0.0, 1e60), (1e-60, 1e60)  # keep eta a theta and a theta^2 below 1e180
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
OBSERVABLES = ()
GUARD = "theta1"


def _oscillation(v: Values) -> np.ndarray:
    return v["eta"] * np.max(np.broadcast_arrays(*(v[f"a{k + 1}"] for k in range(DIMENSIONS))), axis=0)


LINES = (
    CriticalLine(
        "oscillation",
        r"$\eta\,a_{\max} = 1$",
        "above it the steepest coordinate, if it is not zero, changes its sign at each step",
        _oscillation,
    ),
)


@inlined
def factor(a, eta):
    """Return 1 - eta a, by which a step multiplies a coordinate, with a relative error of 1e-16."""
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
    """Apply the Jacobian of a step, which multiplies changes like the coordinates and keeps that of log|theta1|."""
    v1, v2, v3, v4, v5, v6, v7, v8 = v
    return v1, *step((*v, 0.0), p)[1:8]


@inlined
def alive(coordinate, a, eta):
    """Return a coordinate, or zero where it shrinks and is below 1e-100."""
    gone = (abs(coordinate) < HIDDEN) & (abs(factor(a, eta)) < 1.0)
    return select(gone, 0.0, coordinate)


@inlined
def rescale(theta, p):
    theta1, theta2, theta3, theta4, theta5, theta6, theta7, theta8, power = theta
    a1, a2, a3, a4, a5, a6, a7, a8, eta = p
    theta1, power = rescaled(theta1, power)
    return (
        theta1,
        alive(theta2, a2, eta),
        alive(theta3, a3, eta),
        alive(theta4, a4, eta),
        alive(theta5, a5, eta),
        alive(theta6, a6, eta),
        alive(theta7, a7, eta),
        alive(theta8, a8, eta),
        power,
    )


@inlined
def curvature(theta, p):
    """Return the largest eigenvalue of eta times the Hessian, which is diagonal."""
    a1, a2, a3, a4, a5, a6, a7, a8, eta = p
    steepest = larger(larger(larger(a1, a2), larger(a3, a4)), larger(larger(a5, a6), larger(a7, a8)))
    return (eta * steepest,)


@inlined
def stable(matrix, bound):
    return matrix[0] < bound


@inlined
def top(matrix):
    """Return the eigenvalue, which the curvature already is."""
    return (matrix[0],)


SHARPNESS_STAGES = (top,)


@inlined
def settled(theta, p, loss, tolerance):
    """Tell whether all coordinates shrink from here on: below 2/eta they do, and the sharpness is constant."""
    return (loss < tolerance) & stable(curvature(theta, p), EDGE)
