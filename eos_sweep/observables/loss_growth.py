"""How far the loss has grown at the end, over its scale at the start: divergence whatever the units of the loss.

The scale is the larger one of the loss at the start and of the loss that the start's own curvature gives at the
distance of the origin, S(theta_0) |theta_0|^2 / 2.  The second one matters where a run starts close to a minimum: a
catapult from a loss of 1e-20 to one of 1e-4 is no divergence.  A loss of 1e12 times the scale is that of a state a
million times as far away as the start, by that curvature.  Less than the scale is no growth: one stands for it.

theta are the weights, in whose coordinates the sharpness is: where the coordinates of a model are not its weights, or
some are absent, ``weights_squared`` of the model gives |theta|^2.  The weights of networks are not seen by observables.
They start at random, far from minima, and their scale is the loss at the start.
"""

import numpy as np

from eos_sweep.contract import Variable
from eos_sweep.state import values

NEEDS = ()
KEPT = FLAGS = COUNTS = 0


def variables(model):
    scale = "max(L, S |theta|^2 / 2)" if _shows_weights(model) else "the loss"
    words = f"loss at the last step, in units of {scale} at the start; 1 where it is less"
    return {"loss_growth": Variable("float64", words, float("nan"), decides_regime=True)}


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    return {"loss_growth": np.fmax(end.loss / scale(begin), 1.0)}


def _shows_weights(model):
    return hasattr(model, "hessian")


def scale(begin):
    """Return the scale of the loss at the start of trajectories."""
    size = abs(begin.loss)
    if not _shows_weights(begin.model):
        return size
    if hasattr(begin.model, "weights_squared"):
        square = begin.model.weights_squared(begin.theta, begin.p)
    else:
        square = sum(np.square(value) for value in values(begin.model, begin.theta).values())
    return np.fmax(size, 0.5 * begin.model.threshold(begin.p) * begin.top() * square / 2)
