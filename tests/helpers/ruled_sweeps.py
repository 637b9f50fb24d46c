"""A sweep under an update rule with a known edge: heavy ball on a x^2/2 diverges above eta = 2(1 + beta)/a."""

from helpers.specs import altered

SPEC = {
    "model": {"name": "well", "loss": "a*x**2/2", "state": ["x"]},
    "rule": "heavy_ball",
    "steps": 400,
    "axes": {"momentum": [0.0, 0.25, 0.5], "eta": {"linear": [0.4, 4.9, 10]}},
    "parameters": {"a": 1.0},
    "initial": {"x": 1.0},
    "chunks": {"eta": 4},
}


def changed(**changes):
    """Return SPEC with other keys and axes."""
    return altered(SPEC, ("axes", "model", "rule"), changes)
