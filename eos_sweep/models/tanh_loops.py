"""A tanh network in compiled loops: steps, products with the Hessian, and looks at the sharpness.

The arrays of a layer have a unit in each row and the samples along it, padded with zeros to whole vectors.  Where a sum
runs over samples, its rows are units and the vectors run along the units before: these arrays are transposed.
"""

import math
from typing import NamedTuple

import numpy as np

from eos_sweep import bits, scalar
from eos_sweep.compiled_loops import compiled
from eos_sweep.eigen import following, jacobi, lanczos, sums
from eos_sweep.functions import exponential, hyperbolic
from eos_sweep.models import loops, tiles
from eos_sweep.models.loops import LANES

MULTIPLY = loops, tiles, bits, exponential, hyperbolic, scalar
UNITS, INPUTS, START = range(3)  # of a layer: its units, those of the layer before, and its first weight


SAMPLES = 192  # of a part at most: what a part of 50 units needs stays in the second cache


class Arrays(NamedTuple):
    """A network at one step.  Samples are in parts, one after the other; the second half is scratch of one part."""

    shapes: np.ndarray  # UNITS, INPUTS and START of each layer
    counts: np.ndarray  # samples of each part
    targets: np.ndarray  # [part]
    active: np.ndarray  # [part, layer]: what a layer is given, activations and a row of ones
    across: np.ndarray  # the same, transposed
    back: np.ndarray  # the derivative of the loss by the output of a unit
    slopes: np.ndarray  # of its tanh
    delta: np.ndarray  # their product
    moved: np.ndarray  # [layer]: the derivative of activations along a vector
    turned: np.ndarray  # two arrays, of a layer each: the derivative of delta along it
    moved_across: np.ndarray  # of one layer
    rows: np.ndarray  # the derivative of the loss by the weights of one layer


def arrays(shapes: list[tuple[int, int]], count: int) -> Arrays:
    """Return the arrays of a network with layers of so many units and inputs, one of which is the bias."""
    depth, parts = len(shapes), -(-count // SAMPLES)
    wide = padded(-(-count // parts))
    most, high = max(max(shape) for shape in shapes), padded(max(inputs for _, inputs in shapes))
    starts = np.cumsum([0, *(units * inputs for units, inputs in shapes)])
    layers = [(units, inputs - 1, start) for (units, inputs), start in zip(shapes, starts[:-1], strict=True)]
    counts = [min(wide, max(0, count - wide * part)) for part in range(parts)]
    found = Arrays(
        shapes=np.array(layers, np.int64),
        counts=np.array(counts, np.int64),
        targets=zeros(parts, shapes[-1][0], wide),
        active=zeros(parts, depth, most, wide),
        across=zeros(parts, depth, wide, high),
        back=zeros(parts, depth, most, wide),
        slopes=zeros(parts, depth, most, wide),
        delta=zeros(parts, depth, most, wide),
        moved=zeros(depth, most, wide),
        turned=zeros(2, most, wide),
        moved_across=zeros(wide, high),
        rows=zeros(most, high),
    )
    for part, samples in enumerate(counts):
        for k, (_, inputs) in enumerate(shapes):
            found.active[part, k, inputs - 1, :samples] = found.across[part, k, :samples, inputs - 1] = 1.0
    return found


def zeros(*shape: int) -> np.ndarray:
    """Return an array that begins where a cache line does: else each other vector is in two of them."""
    size = math.prod(shape)
    room = np.zeros(size + 64 // 8)
    first = -room.ctypes.data % 64 // 8
    return room[first : first + size].reshape(shape)


def padded(number: int) -> int:
    """Return the next multiple of LANES."""
    return -(-number // LANES) * LANES


def see(net: Arrays, inputs: np.ndarray, targets: np.ndarray) -> None:
    """Take other data, as many samples as before, a row each."""
    start = 0
    for part, samples in enumerate(net.counts):
        mine = slice(start, start + samples)
        net.active[part, 0, : inputs.shape[1], :samples] = inputs[mine].T
        net.across[part, 0, :samples, : inputs.shape[1]] = inputs[mine]
        net.targets[part, :, :samples] = targets[mine].T
        start += samples


@compiled(*MULTIPLY)
def forward(weights, net, part):
    """Compute the activations and the errors of a part; return the sum of the squares."""
    last, wide = len(net.shapes) - 1, net.targets.shape[2]
    active, back = net.active[part], net.back[part]
    for k in range(last + 1):
        units, inputs, start = net.shapes[k]
        result = net.delta[part, k] if k == last else back[k]
        loops.multiply(weights, start, inputs + 1, 1, units, inputs + 1, active[k], result, wide, True)
        if k < last:
            loops.bend(result, active[k + 1], net.slopes[part, k], units)
    return loops.errors(net.delta[part, last], net.targets[part])


@compiled(*MULTIPLY)
def evaluate(weights, net):
    """Compute the activations; return the loss."""
    total = 0.0
    for part in range(net.counts.size):
        total += forward(weights, net, part)
    return total / (2.0 * net.counts.sum())


@compiled(*MULTIPLY)
def update(weights, net, gradient):
    """Compute the activations and the gradient; return the loss."""
    last, wide, total, count = len(net.shapes) - 1, net.targets.shape[2], 0.0, net.counts.sum()
    for part in range(net.counts.size):
        total += forward(weights, net, part)
        active, across, delta, back = net.active[part], net.across[part], net.delta[part], net.back[part]
        loops.shrink(delta[last], net.shapes[last, UNITS], 1.0 / count)
        for k in range(last, -1, -1):
            units, inputs, start = net.shapes[k]
            if k > 0:
                loops.turn(active[k], inputs, net.counts[part], across[k])
            high = (inputs + LANES) // LANES * LANES
            loops.multiply(delta[k].reshape(-1), 0, wide, 1, units, net.counts[part], across[k], net.rows, high, True)
            loops.collect(net.rows, units, inputs + 1, gradient, start, part == 0)
            if k > 0:
                loops.multiply(weights, start, 1, inputs + 1, inputs, units, delta[k], back[k - 1], wide, True)
                loops.product(back[k - 1], net.slopes[part, k - 1], delta[k - 1], inputs)
    return total / (2.0 * count)


@compiled(*MULTIPLY)
def hessian_product(weights, net, vector, result):
    """Compute the Hessian of the loss times a vector."""
    last, wide, count = len(net.shapes) - 1, net.targets.shape[2], net.counts.sum()
    for part in range(net.counts.size):
        active, slopes, delta, across = net.active[part], net.slopes[part], net.delta[part], net.across[part]
        turned, before, samples = net.turned[0], net.turned[1], net.counts[part]
        for k in range(last + 1):
            units, inputs, start = net.shapes[k]
            loops.multiply(vector, start, inputs + 1, 1, units, inputs + 1, active[k], turned, wide, True)
            if k > 0:
                loops.multiply(weights, start, inputs + 1, 1, units, inputs, net.moved[k - 1], turned, wide, False)
            if k < last:
                loops.product(turned, slopes[k], net.moved[k], units)
        loops.shrink(turned, net.shapes[last, UNITS], 1.0 / count)
        for k in range(last, -1, -1):
            units, inputs, start = net.shapes[k]
            high = (inputs + LANES) // LANES * LANES
            loops.multiply(turned.reshape(-1), 0, wide, 1, units, samples, across[k], net.rows, high, True)
            if k > 0:
                net.moved_across[:, inputs] = 0.0  # a bias does not move
                loops.turn(net.moved[k - 1], inputs, samples, net.moved_across)
                loops.multiply(
                    delta[k].reshape(-1), 0, wide, 1, units, samples, net.moved_across, net.rows, high, False
                )
                loops.multiply(weights, start, 1, inputs + 1, inputs, units, turned, before, wide, True)
                loops.multiply(vector, start, 1, inputs + 1, inputs, units, delta[k], before, wide, False)
                loops.curve(before, slopes[k - 1], active[k], net.moved[k - 1], net.back[part, k - 1], inputs)
                turned, before = before, turned
            loops.collect(net.rows, units, inputs + 1, result, start, part == 0)


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
