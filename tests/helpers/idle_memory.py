"""The model ``bivariate`` with a memory, clocks and an edge that change nothing: its numbers must be those without."""

import numpy as np

from eos_sweep.exponent import rescaling
from eos_sweep.models import bivariate
from eos_sweep.plain import *  # noqa: F403
from eos_sweep.scalar import inlined, select

TITLE = "two features, and a memory of no effect"
STATE, PARAMETERS, TRIAL, LOSS_PARTS = bivariate.STATE, bivariate.PARAMETERS, bivariate.TRIAL, bivariate.LOSS_PARTS
CARRIED, GUARD, threshold = bivariate.CARRIED, bivariate.GUARD, bivariate.threshold
stable, SHARPNESS_STAGES = bivariate.stable, bivariate.SHARPNESS_STAGES
MEMORY = {"mean_alpha": "alpha", "mean_beta1": "beta1", "mean_beta2": "beta2"}
CLOCKS = {"age": 0.0, "fading": 1.0}
EDGE_MOVES = True


@inlined
def edge(theta, p):
    return 2.0 + 0.0 * theta[7]


@inlined
def step(theta, p):
    alpha, beta1, beta2, power, first, second, third, age, fading = theta
    kept = 0.9 * first + alpha, 0.9 * second + beta1, 0.9 * third + beta2
    return (*bivariate.step(theta[:4], p), *kept, age + 1.0, 0.9 * fading)


@inlined
def tangent(theta, p, v):
    after = bivariate.step(theta[:4], p)[1]
    unit = theta[1] / select(after == 0.0, np.inf, after)
    kept = 0.9 * v[3] + v[0], (0.9 * v[4] + v[1]) * unit, 0.9 * v[5] + v[2]
    return (*bivariate.tangent(theta[:4], p, v[:3]), *kept)


@inlined
def rescale(theta, p):
    alpha, beta1, beta2, power, first, second, third, age, fading = theta
    factor, power = rescaling(abs(beta1), power)
    return alpha, beta1 * factor, beta2, power, first, second * factor, third, age, fading


@inlined
def clipped(theta, p):
    return bivariate.clipped(theta[:4], p)


@inlined
def loss(theta, p):
    return bivariate.loss(theta[:4], p)


def loss_parts(theta, p):
    return bivariate.loss_parts(theta[:4], p)


@inlined
def curvature(theta, p):
    return bivariate.curvature(theta[:4], p)


@inlined
def settled(theta, p, loss, tolerance):
    return bivariate.settled(theta[:4], p, loss, tolerance)


def balance(theta, p):
    return bivariate.balance(theta[:4], p)


def flow_sharpness(theta, p):
    return bivariate.flow_sharpness(theta[:4], p)


def hessian(theta, p):
    return bivariate.hessian(theta[:4], p)
