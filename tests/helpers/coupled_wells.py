"""A model of a user with eight coordinates, each in a double well and coupled to every other: a full Hessian.

    L = sum_k (x_k^2 - a_k)^2 / 4 + 1/4 sum_{j<k} c_jk (x_j - x_k)^2.

Its eigenvalues have both signs.
"""

from eos_sweep.contract import Quantity
from eos_sweep.eigen.general import solver
from eos_sweep.eigen.matrices import from_rows
from eos_sweep.plain import *  # noqa: F403
from eos_sweep.scalar import inlined
from eos_sweep.unrolled import unrolled

TITLE = "eight coupled wells"
ROWS = 8
STATE = {f"x{k}": Quantity(f"coordinate {k}", f"x_{k}") for k in range(ROWS)}
PARAMETERS = {"eta": Quantity("step size", "η", above=0.0)}
TRIAL = {name: "uniform(-1.5, 1.5)" for name in STATE} | {"eta": "10 ** uniform(-1.5, -0.2)"}
WELLS = tuple(0.5 + 0.1 * k for k in range(ROWS))
COUPLINGS = [[0.05 * ((3 * j * k + j + k) % 7 - 2) for k in range(ROWS)] for j in range(ROWS)]

stable, SHARPNESS_STAGES = solver(ROWS)


@inlined
def threshold(p):
    (eta,) = p
    return 2.0 / eta


@unrolled
def slopes(theta):
    """Return the gradient."""
    return tuple(
        (x * x - well) * x + 0.5 * sum(row[k] * (x - theta[k]) for k in range(len(theta)) if theta[k] is not x)
        for x, well, row in zip(theta, WELLS, COUPLINGS, strict=True)
    )


@unrolled
def step(theta, p):
    (eta,) = p
    return tuple(x - eta * slope for x, slope in zip(theta, slopes(theta), strict=True))


@unrolled
def loss(theta, p):
    total = 0.0
    for j, (x, well, row) in enumerate(zip(theta, WELLS, COUPLINGS, strict=True)):
        total = total + 0.25 * ((x * x - well) * (x * x - well))
        for k in range(j):
            total = total + 0.25 * row[k] * ((x - theta[k]) * (x - theta[k]))
    return total


@unrolled
def bends(theta):
    """Return the upper triangle of the Hessian."""
    n = len(theta)
    return tuple(
        3.0 * theta[j] * theta[j] - WELLS[j] + 0.5 * (sum(COUPLINGS[j]) - COUPLINGS[j][j])
        if j == k
        else 0.0 * theta[j] - 0.5 * COUPLINGS[j][k]
        for j in range(n)
        for k in range(j, n)
    )


@unrolled
def curvature(theta, p):
    (eta,) = p
    return tuple(eta * bend for bend in bends(theta))


@unrolled
def tangent(theta, p, v):
    """Apply the Jacobian of a step, I - eta H."""
    n, hessian = len(theta), iter(curvature(theta, p))
    moved = list(v)
    for j in range(n):
        for k in range(j, n):
            entry = next(hessian)
            moved[j] = moved[j] - entry * v[k]
            if k > j:
                moved[k] = moved[k] - entry * v[j]
    return tuple(moved)


@inlined
def settled(theta, p, loss, tolerance):
    return False


def hessian(theta, p):
    entries = iter(bends(theta))
    upper = [[next(entries) for _ in range(j, ROWS)] for j in range(ROWS)]
    return from_rows([[upper[min(j, k)][abs(j - k)] for k in range(ROWS)] for j in range(ROWS)])
