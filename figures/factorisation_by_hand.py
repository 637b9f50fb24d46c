"""The factorisation of a number, written by hand, to time a derived model against.

L = (x y - y0)^2 / 2 + l2 (x^2 + y^2) / 2,    x <- x - eta ((x y - y0) y + l2 x), and so for y.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.derivation.convergence import MARGIN, below_edge
from eos_sweep.eigen.matrices import from_rows
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.plain import *  # noqa: F403 - a model begins with the defaults
from eos_sweep.scalar import inlined

TITLE = "L = (xy - y0)^2/2 + l2 (x^2 + y^2)/2"
STATE = {name: Quantity("factor", name, sizes=(0.0, 1e60)) for name in ("x", "y")}
PARAMETERS = {
    "y0": Quantity("target", "y0"),
    "l2": Quantity("weight decay", "l2", default=0.0, least=0.0),
    "eta": Quantity("step size", "η", above=0.0, sizes=(1e-60, 1e60)),
}
TRIAL = {"x": "uniform(-2, 2)", "y": "uniform(-2, 2)", "y0": "uniform(0, 2)", "eta": "10 ** uniform(-2, 0)"}


@inlined
def threshold(p):
    y0, l2, eta = p
    return 2.0 / eta


@inlined
def step(theta, p):
    x, y = theta
    y0, l2, eta = p
    push, decay = eta * (x * y - y0), eta * l2
    return x - (push * y + decay * x), y - (push * x + decay * y)


@inlined
def loss(theta, p):
    x, y = theta
    y0, l2, eta = p
    error = x * y - y0
    return 0.5 * (error * error) + (0.5 * l2) * (x * x + y * y)


@inlined
def bends(theta, p):
    x, y = theta
    y0, l2, eta = p
    return eta * (y * y + l2), eta * (2.0 * (x * y) - y0), eta * (x * x + l2)


@inlined
def curvature(theta, p):
    along, arm, across = bends(theta, p)
    return along, across, arm * arm


stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    gap = np.sqrt(1e3 * loss)
    return (loss < tolerance) & (gap < MARGIN) & stable(curvature(theta, p), below_edge(gap))


@inlined
def tangent(theta, p, v):
    along, arm, across = bends(theta, p)
    first, second = v
    return first - (along * first + arm * second), second - (arm * first + across * second)


def hessian(theta, p):
    along, arm, across = (0.5 * threshold(p) * bend for bend in bends(theta, p))
    return from_rows([(along, arm), (arm, across)])
