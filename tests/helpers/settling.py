"""Whether trajectories that a model calls settled stay where they are, in NumPy."""

from typing import NamedTuple

import numpy as np

from eos_sweep.contract import CHUNK, EDGE
from eos_sweep.state import enter, values


class Settled(NamedTuple):
    """What became of the trajectories that were called settled."""

    count: int
    early: int  # steps until half of all were
    returned: np.ndarray  # whether the sharpness was at 2/eta again afterwards
    way: np.ndarray  # how far the coordinates moved at most, relative to their size
    losses: np.ndarray  # at the end


def follow(model, initial, p, tolerance, steps=3000, further=3000):
    """Take trajectories until they are settled, at most ``steps`` steps, and those that are, further steps."""
    with np.errstate(all="ignore"):
        theta = enter(model, initial, p)
        settled = np.zeros(len(theta[0]), bool)
        ends = [np.array(column) for column in theta]
        early = steps
        for number in range(1, steps + 1):
            theta = model.step(theta, p)
            if number % CHUNK == 0:
                theta = model.rescale(theta, p)
                new = model.settled(theta, p, model.loss(theta, p), tolerance) & ~settled
                for end, column in zip(ends, theta, strict=True):
                    end[new] = column[new]
                settled = settled | new
                early = min(early, number) if settled.mean() > 0.5 else early
        here, q = (tuple(column[settled] for column in columns) for columns in (ends, p))
        return _further(model, here, q, further, early)


def _further(model, theta, p, steps, early):
    start = np.array(list(values(model, theta).values()))
    returned, way = np.zeros(start.shape[1], bool), np.zeros(start.shape[1])
    size = np.maximum(np.linalg.norm(start, axis=0), 1e-3)
    for number in range(1, steps + 1):
        theta = model.step(theta, p)
        if number % CHUNK == 0:
            theta = model.rescale(theta, p)
            now = np.array(list(values(model, theta).values()))
            way = np.maximum(way, np.linalg.norm(now - start, axis=0) / size)
        returned |= ~np.broadcast_to(model.stable(model.curvature(theta, p), EDGE), returned.shape)
    return Settled(start.shape[1], early, returned, way, model.loss(theta, p))
