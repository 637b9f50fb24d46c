"""Starting points and parameters of ``bivariate`` of every kind."""

import functools

import numpy as np

from helpers.kernel_and_numpy import follow


def random_points(count, seed):
    """Return (initial, parameters) of every kind: converging, diverging, hovering, underflowing, clipped, frozen."""
    random = np.random.default_rng(seed)
    uniform = random.uniform

    def log(low, high):
        return 10.0 ** uniform(low, high, count)

    lambda1 = log(-1, 4)
    initial = {
        "alpha": random.choice([-1, 1], count) * uniform(0.05, 1.5, count),
        "beta1": random.choice([-1, 1], count) * np.where(random.random(count) < 0.2, log(-320, -20), log(-6, 0)),
        "beta2": uniform(-0.2, 1.5, count),
    }
    parameters = {
        "lambda1": lambda1,
        "lambda2": log(-4, 1),
        "eta": log(-3, 0.5),
        "clip": random.choice([np.inf, np.inf, 10.0, 1.0, 0.01, 0.0], count),
        "radius": random.choice([np.inf, np.inf, 0.527, 1.3, 1e-3, 0.0], count) / np.sqrt(lambda1),
    }
    return initial, parameters


@functools.cache
def population(count, steps, tolerance, seed=1):
    """Return (initial, parameters, path) of random points; computed once for all tests."""
    initial, parameters = random_points(count, seed)
    return initial, parameters, follow(initial, parameters, steps, tolerance)
