"""A tanh network in compiled loops: steps, products with the Hessian, and looks at the sharpness.

The arrays of a layer have a unit in each row and the samples along it, padded with zeros to whole vectors.  Where a sum
runs over samples, its rows are units and the vectors run along the units before: these arrays are transposed.
"""

from typing import NamedTuple

import numpy as np

from eos_sweep import bits, scalar
from eos_sweep.compiled import compiled
from eos_sweep.eigen import following, jacobi, lanczos, sums
from eos_sweep.functions import exponential, hyperbolic
from eos_sweep.models import loops, tiles
from eos_sweep.models.loops import LANES

MULTIPLY = loops, tiles, bits, exponential, hyperbolic, scalar
UNITS, INPUTS, START = range(3)  # of a layer: its units, those of the layer before, and its first weight


class Arrays(NamedTuple):
    """A network at one step; each array but the first three has a part for each layer."""

    shapes: np.ndarray  # UNITS, INPUTS and START of each layer
    targets: np.ndarray
    count: np.ndarray  # of samples, one number
    active: np.ndarray  # what a layer is given: activations, and a row of ones
    across: np.ndarray  # the same, transposed
    back: np.ndarray  # the derivative of the loss by the output of a unit
    slopes: np.ndarray  # of its tanh
    delta: np.ndarray  # their product
    moved: np.ndarray  # the derivative of activations along a vector
    turned: np.ndarray  # two arrays, of a layer each: the derivative of delta along it
    moved_across: np.ndarray  # of one layer
    rows: np.ndarray  # the derivative of the loss by the weights of one layer


def padded(number: int) -> int:
    """Return the next multiple of LANES."""
    return -(-number // LANES) * LANES


def arrays(shapes: list[tuple[int, int]], count: int) -> Arrays:
    """Return the arrays of a network with layers of so many units and inputs, one of which is the bias."""
    depth, wide = len(shapes), padded(count)
    most, high = max(max(shape) for shape in shapes), padded(max(inputs for _, inputs in shapes))
    starts = np.cumsum([0, *(units * inputs for units, inputs in shapes)])
    layers = [(units, inputs - 1, start) for (units, inputs), start in zip(shapes, starts[:-1], strict=True)]
    found = Arrays(
        np.array(layers, np.int64),
        np.zeros((shapes[-1][0], wide)),
        np.array([count]),
        *(np.zeros(shape) for shape in [(depth, most, wide), (depth, count, high), *[(depth, most, wide)] * 4]),
        np.zeros((2, most, wide)),
        np.zeros((count, high)),
        np.zeros((most, high)),
    )
    for active, across, (_, inputs) in zip(found.active, found.across, shapes, strict=True):
        active[inputs - 1, :count] = across[:, inputs - 1] = 1.0
    return found


@compiled(*MULTIPLY)
def evaluate(weights, net):
    """Compute the activations and the errors; return the loss."""
    last, wide = len(net.shapes) - 1, net.targets.shape[1]
    for k in range(last + 1):
        units, inputs, start = net.shapes[k]
        result = net.delta[k] if k == last else net.back[k]
        loops.multiply(weights, start, inputs + 1, 1, units, inputs + 1, net.active[k], result, wide, True)
        if k < last:
            loops.bend(result, net.active[k + 1], net.slopes[k], units)
    return loops.errors(net.delta[last], net.targets) / (2.0 * net.count[0])


@compiled(*MULTIPLY)
def update(weights, net, gradient):
    """Compute the activations and the gradient; return the loss."""
    loss = evaluate(weights, net)
    last, count, wide = len(net.shapes) - 1, net.count[0], net.targets.shape[1]
    loops.shrink(net.delta[last], net.shapes[last, UNITS], 1.0 / count)
    for k in range(last, -1, -1):
        units, inputs, start = net.shapes[k]
        if k > 0:
            loops.turn(net.active[k], inputs, count, net.across[k])
        high = (inputs + LANES) // LANES * LANES
        loops.multiply(
            net.delta[k].reshape(-1), 0, wide, 1, units, count, net.across[k], net.rows, high, True
        )
        loops.copy(net.rows, units, inputs + 1, gradient, start)
        if k > 0:
            loops.multiply(weights, start, 1, inputs + 1, inputs, units, net.delta[k], net.back[k - 1], wide, True)
            loops.product(net.back[k - 1], net.slopes[k - 1], net.delta[k - 1], inputs)
    return loss


@compiled(*MULTIPLY)
def hessian_product(weights, net, vector, result):
    """Compute the Hessian of the loss times a vector."""
    last, count, wide = len(net.shapes) - 1, net.count[0], net.targets.shape[1]
    turned, before = net.turned[0], net.turned[1]
    for k in range(last + 1):
        units, inputs, start = net.shapes[k]
        loops.multiply(vector, start, inputs + 1, 1, units, inputs + 1, net.active[k], turned, wide, True)
        if k > 0:
            loops.multiply(weights, start, inputs + 1, 1, units, inputs, net.moved[k - 1], turned, wide, False)
        if k < last:
            loops.product(turned, net.slopes[k], net.moved[k], units)
    loops.shrink(turned, net.shapes[last, UNITS], 1.0 / count)
    for k in range(last, -1, -1):
        units, inputs, start = net.shapes[k]
        high = (inputs + LANES) // LANES * LANES
        loops.multiply(turned.reshape(-1), 0, wide, 1, units, count, net.across[k], net.rows, high, True)
        if k > 0:
            net.moved_across[:, inputs] = 0.0  # a bias does not move
            loops.turn(net.moved[k - 1], inputs, count, net.moved_across)
            loops.multiply(
                net.delta[k].reshape(-1), 0, wide, 1, units, count, net.moved_across, net.rows, high, False
            )
            loops.multiply(weights, start, 1, inputs + 1, inputs, units, turned, before, wide, True)
            loops.multiply(vector, start, 1, inputs + 1, inputs, units, net.delta[k], before, wide, False)
            loops.curve(before, net.slopes[k - 1], net.active[k], net.moved[k - 1], net.back[k - 1], inputs)
            turned, before = before, turned
        loops.copy(net.rows, units, inputs + 1, result, start)


@compiled(*MULTIPLY)
def descend(eta, weights, net, gradient, losses):
    """Take ``losses.size`` steps; the loss after each of them goes into ``losses``."""
    for k in range(losses.size):
        for i in range(weights.size):
            weights[i] -= eta * gradient[i]
        losses[k] = update(weights, net, gradient)


@compiled(*MULTIPLY, following, jacobi, lanczos, sums)
def look(weights, net, kept, facts, random, basis, images, small, plan):
    """Look at the sharpness; return how the look ended (:mod:`eos_sweep.eigen.following`)."""
    row = following.wanted(kept, facts, random, basis, images, small, plan)
    while row >= 0:
        hessian_product(weights, net, basis[row], images[row])
        row = following.wanted(kept, facts, random, basis, images, small, plan)
    return row
