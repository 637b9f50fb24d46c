"""A model of a user: heavy ball on a loss that is a parabola at its bottom and grows linearly far out.

    L = a (sqrt(1 + x^2) - 1),    v <- momentum v + L'(x),    x <- x - eta v.

The edge is at 2 (1 + momentum)/eta.  Below it runs end at x = 0, above it on a cycle between x = r and x = -r, where
eta L'(r) = 2 (1 + momentum) r, so that r^2 = (a eta / (2 (1 + momentum)))^2 - 1.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.plain import *  # noqa: F403
from eos_sweep.scalar import inlined

TITLE = "heavy ball in a valley with straight slopes"
STATE = {"x": Quantity("coordinate", "x", sizes=(0.0, 1e60))}
PARAMETERS = {
    "a": Quantity("curvature at the bottom", "a", above=0.0, sizes=(1e-60, 1e60)),
    "eta": Quantity("step size", "η", above=0.0, sizes=(1e-60, 1e60)),
    "momentum": Quantity("momentum", "β", least=0.0, most=1.0),
}
TRIAL = {"x": "uniform(-2, 2)", "a": "10 ** uniform(-1, 1)", "eta": "10 ** uniform(-1, 0)", "momentum": "uniform(0, 1)"}
DESCENT = False
MEMORY = {"velocity": "x"}
EDGE_WORDS = "2 (1 + momentum)/eta"
OBSERVABLES = ("lyapunov",)


@inlined
def threshold(p):
    return 2.0 / p[1]


@inlined
def edge(theta, p):
    a, eta, momentum = p
    return 2.0 * (1.0 + momentum)


@inlined
def step(theta, p):
    x, velocity = theta
    a, eta, momentum = p
    velocity = momentum * velocity + a * x / np.sqrt(1.0 + x * x)
    return x - eta * velocity, velocity


@inlined
def loss(theta, p):
    x, velocity = theta
    return p[0] * (x * x) / (1.0 + np.sqrt(1.0 + x * x))


@inlined
def curvature(theta, p):
    x, velocity = theta
    a, eta, momentum = p
    return (eta * a / ((1.0 + x * x) * np.sqrt(1.0 + x * x)),)


@inlined
def stable(curvature, bound):
    return curvature[0] < bound


@inlined
def eigenvalue(curvature):
    return curvature


SHARPNESS_STAGES = (eigenvalue,)


@inlined
def tangent(theta, p, v):
    a, eta, momentum = p
    moved, pulled = v
    pulled = momentum * pulled + curvature(theta, p)[0] / eta * moved
    return moved - eta * pulled, pulled


@inlined
def settled(theta, p, loss, tolerance):
    return False


def hessian(theta, p):
    return (curvature(theta, p)[0] / p[1])[..., None, None]
