"""The model and its default observables as in a typical script: plain doubles, and the sharpness at each step.

The code takes a library ``xp`` with NumPy's names, so that NumPy, Numba, JAX and torch run the same lines.  ``top``
returns the top eigenvalue of the arrowhead matrix with diagonal d0, d1, d2 and arms e1, e2.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.derivation.substitute import rebound
from eos_sweep.eigen.arrowhead import ARROWHEAD_STAGES
from eos_sweep.eigen.sharpness import solved
from eos_sweep.scalar import select


class Record(NamedTuple):
    """The state and the observables of a trajectory after some steps."""

    alpha: Any
    beta1: Any
    beta2: Any
    loss: Any
    above: Any  # sharpness > 2/eta
    crossings: Any
    steps_above: Any
    first_crossing: Any
    sign_flips: Any
    first_sign_flip: Any
    loss_rises: Any
    loss_max: Any
    sharpness_max: Any
    tail_sum: Any
    tail_min: Any
    tail_max: Any


def uncompiled(function: Callable) -> Callable:
    """Return ``function`` itself."""
    return function


def experiment(xp: Any, where: Callable, top: Callable, compiled: Callable = uncompiled) -> tuple[Callable, Callable]:
    """Return ``start(alpha, beta1, beta2, p)`` and ``step(record, p, i, tail)``.

    ``p`` is (lambda1, lambda2, eta, clip, radius), ``i`` counts steps from 0, and ``tail`` is the first step whose
    sharpness belongs to the tail.
    """

    @compiled
    def loss_and_sharpness(alpha, beta1, beta2, p):
        lambda1, lambda2, eta, clip, radius = p
        error = alpha * beta2 - 1.0
        loss = 0.5 * lambda1 * (alpha * beta1) ** 2 + 0.5 * lambda2 * error**2
        sharpness = top(
            lambda1 * beta1**2 + lambda2 * beta2**2,
            lambda1 * alpha**2,
            lambda2 * alpha**2,
            2.0 * lambda1 * alpha * beta1,
            lambda2 * (2.0 * alpha * beta2 - 1.0),
        )
        return loss, sharpness

    @compiled
    def start(alpha, beta1, beta2, p):
        loss, sharpness = loss_and_sharpness(alpha, beta1, beta2, p)
        above = sharpness > 2.0 / p[2]
        none, zero = where(above, 0, -1), where(above, 0, 0)
        least = where(above, xp.inf, xp.inf)
        return Record(
            alpha, beta1, beta2, loss, above, zero, none + 1, none, zero, zero - 1, zero, loss, sharpness,
            0.0 * loss, least, -least,
        )  # fmt: skip

    @compiled
    def step(record, p, i, tail):
        alpha, beta1, beta2 = record.alpha, record.beta1, record.beta2
        lambda1, lambda2, eta, clip, radius = p
        error = lambda2 * (alpha * beta2 - 1.0)
        slope = xp.minimum(xp.maximum(lambda1 * alpha**2 * beta1, -clip), clip)
        after = alpha - eta * (lambda1 * alpha * beta1**2 + error * beta2)
        beta1 = xp.minimum(xp.maximum(beta1 - eta * slope, -radius), radius)
        beta2 = beta2 - eta * error * alpha
        loss, sharpness = loss_and_sharpness(after, beta1, beta2, p)
        ratio = 0.5 * eta * sharpness
        above = ratio > 1.0
        flipped = after * alpha < 0.0
        in_tail = i >= tail
        return Record(
            after,
            beta1,
            beta2,
            loss,
            above,
            record.crossings + (above & ~record.above),
            record.steps_above + above,
            where(above & (record.first_crossing < 0), i + 1, record.first_crossing),
            record.sign_flips + flipped,
            where(flipped & (record.first_sign_flip < 0), i + 1, record.first_sign_flip),
            record.loss_rises + (loss > record.loss),
            xp.maximum(record.loss_max, loss),
            xp.maximum(record.sharpness_max, sharpness),
            record.tail_sum + where(in_tail, ratio, 0.0),
            where(in_tail, xp.minimum(record.tail_min, ratio), record.tail_min),
            where(in_tail, xp.maximum(record.tail_max, ratio), record.tail_max),
        )

    return start, step


def eigvalsh(xp: Any) -> Callable:
    """Return a ``top`` that calls the library's symmetric eigenvalue solver."""

    def top(d0, d1, d2, e1, e2):
        zero = 0.0 * d0
        rows = [xp.stack(row, -1) for row in ((d0, e1, e2), (e1, d1, zero), (e2, zero, d2))]
        return xp.linalg.eigvalsh(xp.stack(rows, -2))[..., -1]

    return top


def trigonometric(xp: Any) -> Callable:
    """Return a ``top`` with the textbook's closed form for symmetric 3x3 matrices (O. K. Smith 1961)."""

    def top(d0, d1, d2, e1, e2):
        mean = (d0 + d1 + d2) / 3.0
        b0, b1, b2 = d0 - mean, d1 - mean, d2 - mean
        size = xp.sqrt((b0**2 + b1**2 + b2**2 + 2.0 * (e1**2 + e2**2)) / 6.0)
        half = 0.5 * (b0 * b1 * b2 - e1**2 * b2 - e2**2 * b1) / size**3
        angle = xp.arccos(xp.minimum(xp.maximum(half, half * 0.0 - 1.0), half * 0.0 + 1.0)) / 3.0
        return mean + 2.0 * size * xp.cos(angle)

    return top


def arrowhead(xp: Any, where: Callable) -> Callable:
    """Return a ``top`` with the closed form of the kernel: its functions, with ``xp`` in the place of NumPy."""
    stages = rebound(ARROWHEAD_STAGES, {np: xp, select: where})

    def top(d0, d1, d2, e1, e2):
        return solved(stages, (d0, d1, d2, e1 * e1, e2 * e2))

    return top
