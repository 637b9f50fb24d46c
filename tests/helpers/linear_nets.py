"""Linear networks of explicit weights, and their states in the model ``linear_net``."""

import numpy as np

from eos_sweep.models import linear_net

GRAM = ("g11", "g22", "g33", "g12", "g13", "g23")
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def gram(a, w):
    """Return name -> the state of networks with weights A of shape (count, m) and W of shape (count, m, 3)."""
    width = a.shape[1]
    f = np.einsum("nm,nmk->kn", a, w) / np.sqrt(width)
    g = np.einsum("nmk,nml->kln", w, w) / width
    return {"a": np.sum(a * a, 1) / width, **{name: g[i, j] for name, (i, j) in zip(GRAM, PAIRS, strict=True)}}, f


def random_points(count, seed, width=None):
    """Networks of random weights at random widths; a third has an irrelevant first feature, a third two features."""
    random = np.random.default_rng(seed)
    kind = random.integers(0, 3, count)
    widths = np.full(count, width) if width else random.choice([1, 2, 4, 9, 40], count)
    states, coefficients = [], []
    for m in widths:
        state, f = gram(random.normal(0, 0.7, (1, m)), random.normal(0, 0.7, (1, m, 3)))
        states.append({name: value[0] for name, value in state.items()})
        coefficients.append(f[:, 0] * random.choice([0, 1]))
    points = {name: np.array([state[name] for state in states]) for name in states[0]}
    points["width"] = widths.astype(float)
    for k in (1, 2, 3):
        points[f"lambda{k}"] = 10.0 ** random.uniform(-2, 1, count)
        points[f"b{k}"] = random.normal(0, 1, count)
    points["b1"] = np.where(kind == 0, 0.0, points["b1"])
    points["lambda3"] = np.where(kind == 1, 0.0, points["lambda3"])
    for k in (1, 2, 3):
        points[f"d{k}"] = np.array(coefficients)[:, k - 1] - points[f"b{k}"]
    return points | {"eta": 10.0 ** random.uniform(-2, 0, count)}


def full(**given):
    """Inputs with the start of an antisymmetric network, f = 0, where none is given."""
    return {f"d{k}": -given.get(f"b{k}", 0.0) for k in (1, 2, 3)} | given


def by_name(theta):
    return dict(zip(linear_net.STATE, theta, strict=True))


def vectors(theta, points):
    """Return f, d, Lambda^(1/2), g as arrays of shape (count, 3) and (count, 3, 3)."""
    state = by_name(theta)
    d = np.stack([state[f"d{k}"] for k in (1, 2, 3)], -1)
    b = np.stack(np.broadcast_arrays(*(points[f"b{k}"] for k in (1, 2, 3))), -1)
    root = np.sqrt(np.stack(np.broadcast_arrays(*(points[f"lambda{k}"] for k in (1, 2, 3))), -1))
    g = np.empty((*d.shape, 3))
    for name, (i, j) in zip(GRAM, PAIRS, strict=True):
        g[..., i, j] = g[..., j, i] = state[name]
    return d + b, d, root, g
