"""A small spec, and variations of it."""

import copy

from eos_sweep.spec import Sweep

PLAIN = {
    "model": "bivariate",
    "steps": 10,
    "axes": {"eta": [0.1, 0.2]},
    "parameters": {"lambda1": 1, "lambda2": 1},
    "initial": {"alpha": 1, "beta1": 1, "beta2": 1},
}


def changed(**changes):
    """PLAIN with other keys; a table's entries are merged into it, None removes a key."""
    spec = copy.deepcopy(PLAIN)
    for key, value in changes.items():
        if value is None:
            del spec[key]
        elif isinstance(value, dict) and key != "axes":
            merged = {**spec.get(key, {}), **value}
            spec[key] = {name: entry for name, entry in merged.items() if entry is not None}
        else:
            spec[key] = value
    return spec


def sweep(**changes):
    return Sweep.from_dict(changed(**changes))
