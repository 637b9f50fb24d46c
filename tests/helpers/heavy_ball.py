"""A model of a user with all that an update rule may need: heavy ball with a warmup of the step size.

    L = a x^2 y^2 / 2 + (y^2 - 1)^2 / 4,    v <- momentum v + grad L,    theta <- theta - eta s v,

where s rises from 1/warmup to one in the first ``warmup`` steps.  The edge is at 2 (1 + momentum)/(eta s).  x has its
own exponent, and its velocity is in the same power.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.eigen.matrices import from_rows
from eos_sweep.eigen.symmetric import SYMMETRIC_STAGES, symmetric_stable
from eos_sweep.exponent import rescaling, squared, value
from eos_sweep.plain import *  # noqa: F403
from eos_sweep.scalar import inlined, larger, select, smaller

TITLE = "heavy ball with a warmup"
STATE = {
    "x": Quantity("unstable coordinate", "x", sizes=(0.0, 1e30)),
    "y": Quantity("coordinate that sharpens", "y", sizes=(0.0, 1e30)),
}
PARAMETERS = {
    "a": Quantity("coupling", "a", above=0.0, sizes=(1e-30, 1e30)),
    "eta": Quantity("step size", "η", above=0.0, sizes=(1e-30, 1e30)),
    "momentum": Quantity("momentum", "β", least=0.0, most=1.0),
    "warmup": Quantity("steps of the warmup", "W", default=1.0, least=1.0),
}
TRIAL = {
    "x": "uniform(-0.5, 0.5)",
    "y": "uniform(-1.5, 1.5)",
    "a": "10 ** uniform(0, 2)",
    "eta": "10 ** uniform(-2, -0.5)",
    "momentum": "uniform(0, 0.95)",
    "warmup": "10 ** uniform(0, 2)",
}
DESCENT = False
CARRIED = ("x",)
MEMORY = {"velocity_x": "x", "velocity_y": "y"}
CLOCKS = {"age": 0.0}
EDGE_MOVES = True
EDGE_WORDS = "2 (1 + momentum) over the step size of the moment"
GUARD = "y"
OBSERVABLES = ("lyapunov", "magnification", "sharpness_range", "guard_factor", "smallest")
stable, SHARPNESS_STAGES = symmetric_stable, SYMMETRIC_STAGES


@inlined
def threshold(p):
    a, eta, momentum, warmup = p
    return 2.0 / eta


@inlined
def ramp(age, warmup):
    """Return by how much the next step is shortened."""
    return smaller((age + 1.0) / warmup, 1.0)


@inlined
def edge(theta, p):
    a, eta, momentum, warmup = p
    return 2.0 * (1.0 + momentum) / ramp(theta[-1], warmup)


@inlined
def step(theta, p):
    x, y, power, speed, rise, age = theta
    a, eta, momentum, warmup = p
    rate = eta * ramp(age, warmup)
    speed = momentum * speed + (a * (y * y)) * x
    rise = momentum * rise + (squared(x, power, a) + (y * y - 1.0)) * y
    return x - rate * speed, y - rate * rise, power, speed, rise, age + 1.0


@inlined
def tangent(theta, p, v):
    """Apply the Jacobian of a step to changes of y, and to those of x and its velocity relative to x."""
    x, y, power, speed, rise, age = theta
    a, eta, momentum, warmup = p
    stretch, shift, pull, lift = v
    rate, push = eta * ramp(age, warmup), squared(x, power, a)
    speed_over_x = momentum * speed / select(x == 0.0, np.inf, x) + a * (y * y)
    factor = 1.0 - rate * speed_over_x
    pull = momentum * pull + a * (y * y) * stretch + 2.0 * a * y * shift
    lift = momentum * lift + (push + 3.0 * (y * y) - 1.0) * shift + 2.0 * push * y * stretch
    unit = 1.0 / select(factor == 0.0, np.inf, factor)
    return (stretch - rate * pull) * unit, shift - rate * lift, pull * unit, lift


@inlined
def rescale(theta, p):
    x, y, power, speed, rise, age = theta
    factor, power = rescaling(larger(abs(x), abs(speed)), power)
    return x * factor, y, power, speed * factor, rise, age


@inlined
def loss(theta, p):
    x, y, power, speed, rise, age = theta
    a, eta, momentum, warmup = p
    return 0.5 * squared(x, power, a) * (y * y) + 0.25 * ((y * y - 1.0) * (y * y - 1.0))


@inlined
def curvature(theta, p):
    """Return eta times the Hessian: its diagonal, and the square of its off-diagonal entry."""
    x, y, power, speed, rise, age = theta
    a, eta, momentum, warmup = p
    down, across = eta * a * (y * y), squared(x, power, eta * a)
    return down, across + eta * (3.0 * (y * y) - 1.0), (2.0 * down) * (2.0 * across)


@inlined
def settled(theta, p, loss, tolerance):
    """Tell whether the rest of loss and speed moves nothing to the edge, from which the run is 1 % away."""
    x, y, power, speed, rise, age = theta
    a, eta, momentum, warmup = p
    rest = loss + 0.5 * (squared(speed, power, 1.0) + rise * rise)
    over = (loss < tolerance) & (rest < 1e-12) & (age >= warmup)
    return over & stable(curvature(theta, p), 0.99 * edge(theta, p))


def hessian(theta, p):
    x, y, power, speed, rise, age = theta
    a, eta, momentum, warmup = p
    seen = value(x, power)
    arm = 2.0 * a * seen * y
    return from_rows([(a * y * y + 0.0 * seen, arm), (arm, a * seen * seen + 3.0 * y * y - 1.0)])
