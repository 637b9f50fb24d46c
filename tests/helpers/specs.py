"""Small specs, and variations of them."""

import copy

from eos_sweep.spec.sweeps import Sweep

PLAIN = {
    "model": "bivariate",
    "steps": 10,
    "axes": {"eta": [0.1, 0.2]},
    "parameters": {"lambda1": 1, "lambda2": 1},
    "initial": {"alpha": 1, "beta1": 1, "beta2": 1},
}

# 99 cells of several regimes.
MAP = {
    "model": "bivariate",
    "steps": 400,
    "axes": {"lambda1": {"log": [1, 1e4, 9]}, "eta": {"log": [1e-3, 10, 11]}},
    "parameters": {"lambda2": 0.05, "clip": 10},
    "initial": {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5},
}

# Boundaries of most regimes along both axes.
EDGES = {
    "model": "bivariate",
    "steps": 2000,
    "axes": {"lambda1": {"log": [10, 1000, 7]}, "eta": {"log": [1e-3, 3, 30]}},
    "parameters": {"lambda2": 0.01, "radius": "liu2025"},
    "initial": {"alpha": 0.57, "beta1": 0.05, "beta2": 0.5},
}


def altered(spec, replaced, changes):
    """Return ``spec`` with other keys.

    The entries of a table are merged into it, except for the tables that are ``replaced``; None removes a key.
    """
    spec = copy.deepcopy(spec)
    for key, value in changes.items():
        if value is None:
            del spec[key]
        elif isinstance(value, dict) and key not in replaced:
            merged = {**spec.get(key, {}), **value}
            spec[key] = {name: entry for name, entry in merged.items() if entry is not None}
        else:
            spec[key] = value
    return spec


def changed(**changes):
    """Return PLAIN with other keys and axes."""
    return altered(PLAIN, ("axes",), changes)


def sweep(**changes):
    return Sweep.from_dict(changed(**changes))
