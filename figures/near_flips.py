"""How near a sign flip a run must come for noise to make it flip: where the threshold ``near_flip`` comes from.

    python figures/near_flips.py [SIZE [STEPS]]

runs a map over (lambda1, eta) with clip = 5, SIZE values an axis (110 by default) and 20 000 steps, and eight more
whose starts are moved by 1e-12.  Of the runs at the edge of stability whose errors have grown by more than 30 bits it
prints how many are not at the edge with noise, by the smallest factor by which a step multiplied alpha.
"""

import itertools
import sys

import numpy as np

from eos_sweep import regimes, trust
from eos_sweep.contract import Job
from eos_sweep.engine import batch
from eos_sweep.models import bivariate

NOISE, COPIES = 1e-12, 8
BOUNDS = -np.inf, 0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, np.inf
START = {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
LIMITS = regimes.thresholds()


def run(steps, variables, parameters, noise, rng):
    """Run the map with a start that is moved by ``noise``, relative, to one side or the other."""
    shape = parameters["eta"].shape
    initial = {name: value * (1.0 + noise * rng.choice([-1.0, 1.0], shape)) for name, value in START.items()}
    return batch.run(Job(bivariate, variables, steps, 0.0), initial, parameters)


def main(size="110", steps="20000"):
    axes = np.logspace(0, 4, int(size)), np.geomspace(1e-3, 3, int(size))
    lambda1, eta = (values.ravel() for values in np.meshgrid(*axes))
    fixed = {"lambda2": 0.01, "clip": 5.0, "radius": np.inf}
    parameters = {"lambda1": lambda1, **{name: np.full(eta.shape, value) for name, value in fixed.items()}, "eta": eta}
    read = regimes.reads(LIMITS)
    names = tuple(dict.fromkeys((*trust.REQUIRED, *read, "magnification", "guard_factor_min")))
    rng = np.random.default_rng(0)
    found = run(int(steps), names, parameters, 0.0, rng)
    edge = regimes.CODES["edge_of_stability"]
    shaken = (regimes.classify(found, LIMITS) == edge) & (found["magnification"] > LIMITS["bits"])
    moved = np.zeros(eta.shape, bool)
    for _ in range(COPIES):
        moved |= regimes.classify(run(int(steps), read, parameters, NOISE, rng), LIMITS) != edge
    print(f"{shaken.sum()} runs at the edge of stability with errors of more than {LIMITS['bits']:g} bits")
    print(f"{'smallest factor of alpha':>28}{'runs':>8}{'moved':>8}")
    for least, most in itertools.pairwise(BOUNDS):
        here = shaken & (found["guard_factor_min"] > least) & (found["guard_factor_min"] <= most)
        print(f"{least:>16} to {most:>8}{here.sum():>8}{(moved & here).sum():>8}")


if __name__ == "__main__":
    main(*sys.argv[1:])
