"""Networks under update rules, and a tiny one whose gradient is written by hand."""

import numpy as np

from eos_sweep.contract import Job
from eos_sweep.engine import batch
from eos_sweep.models import tanh_net
from eos_sweep.models.ruled_network import ruled
from eos_sweep.update_rules.composed import parse

ETA, SEED = 0.2, 3
TINY = {"width": 3, "points": 6, "degree": 2, "eta": ETA, "seed": SEED}
DATA = tanh_net.chebyshev(2, 6)
NAMES = (
    *("steps_taken", "outcome", "crossings", "tail_mean", "tail_max", "sharpness_max", "sharpness_final", "loss_final"),
    *("norm_final", "period", "clip_fraction"),
)


def under(model, rule, data=None, /, **given):
    """Return a network of a model under a rule, and the job and inputs of its trajectory."""
    model = ruled(model, parse(rule))
    p = tuple(float(given.get(name, quantity.default)) for name, quantity in model.PARAMETERS.items())
    return model.start(p, tuple(float(given.get(name, q.default)) for name, q in model.STATE.items()), data)


def run(model, rule, steps, /, **given):
    """Return NAMES, as a sweep stores them, of one trajectory."""
    model = ruled(model, parse(rule))
    inputs = [
        {name: np.array([float(given.get(name, q.default))]) for name, q in known.items()}
        for known in (model.STATE, model.PARAMETERS)
    ]
    return {name: one.item() for name, one in batch.run(Job(model, NAMES, steps, 0.0), *inputs).items()}


def slope(weights):
    """Return the gradient of the tiny network, of three tanh units, by the chain rule."""
    inner, bias, outer, last = weights[0:6:2], weights[1:6:2], weights[6:9], weights[9]
    x, y = DATA.inputs[:, 0], DATA.targets[:, 0]
    hidden = np.tanh(np.outer(x, inner) + bias)
    error = (hidden @ outer + last - y) / len(x)
    back = error[:, None] * outer * (1 - hidden**2)
    return np.concatenate([np.stack([x @ back, back.sum(0)], axis=1).ravel(), error @ hidden, [error.sum()]])


def length(vector):
    return np.sqrt(np.sum(vector**2))


def dense(network):
    return np.array([network.hessian_product(unit) for unit in np.eye(network.weights.size)])
