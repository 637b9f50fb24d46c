"""Numba: a loop over trajectories, and in it a loop over steps."""

import numpy as np
from numba import njit

from eos_sweep.checks.bench.peers import not_installed, plain

NAME = "Numba loop"
TRAJECTORIES = {"eigvalsh": 64, "closed form": 512}


@njit
def where(condition, yes, no):
    """Do as ``numpy.where`` does, for one number."""
    return yes if condition else no


@njit
def top_eigvalsh(d0, d1, d2, e1, e2):
    """Return the top eigenvalue by LAPACK."""
    return np.linalg.eigvalsh(np.array([[d0, e1, e2], [e1, d1, 0.0], [e2, 0.0, d2]]))[2]


def missing(variant):
    """Return why the variant cannot run here; empty if it can."""
    return not_installed("scipy") if variant == "eigvalsh" else ""  # Numba calls SciPy's LAPACK


def prepare(variant):
    """Return ``run(points, steps)``."""
    top = top_eigvalsh if variant == "eigvalsh" else njit(plain.trigonometric(np))
    start, step = plain.experiment(np, where, top, njit)

    @njit
    def run(points, steps):
        alpha, beta1, beta2, lambda1, lambda2, eta, clip, radius = points
        records = []
        for j in range(len(alpha)):
            p = lambda1[j], lambda2[j], eta[j], clip[j], radius[j]
            record = start(alpha[j], beta1[j], beta2[j], p)
            for i in range(steps):
                record = step(record, p, i, steps - steps // 10)
            records.append(record)
        return records

    return lambda points, steps: plain.Record(*map(np.array, zip(*run(points, steps), strict=True)))
