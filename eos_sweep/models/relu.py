"""A network of threshold neurons that has to find sparse signals in noise.

    f(x) = a- sum_j relu(-x_j + b) + a+ sum_j relu(x_j + b),    L = mean log(1 + exp(-y f(x)))

with x = lambda y e_j + N(0, I) in d dimensions; the label y = +-1 and the coordinate j are uniformly random.  Gradient
descent trains a-, a+ and b.  For b = 0 the noise of all coordinates hides the signal; a bias well below zero cuts the
noise off.  Source: Ahn, Bubeck, Chewi,
Lee, Suarez, Zhang 2022, "Learning threshold neurons via the edge of stability", arXiv 2212.07469, figure on the
transition at eta = 8 pi / d^2.

The initial a- and a+ are normal with variance 1 / (2d), times ``scale``; the initial bias is ``bias``.  ``batch`` is
that of :mod:`eos_sweep.models.mini_batches`.

A sum over coordinates depends only on how many of them are above -b and on the sum of these.  So each sample is stored
sorted, with the sums of its smallest coordinates, and a step takes the time of n samples, not of n d coordinates.  The
bias moves little in a step, so the search for the counts begins at those of the step before.
"""

import functools
import math
from typing import NamedTuple

import numpy as np

from eos_sweep.compiled_loops import compiled
from eos_sweep.contract import Numbers, Quantity, Table
from eos_sweep.models import mini_batches
from eos_sweep.models.network_parts import COMMON, MAX_ARRAY_SIZE, Descending

TITLE = "f(x) = a⁻ Σ relu(-x + b) + a⁺ Σ relu(x + b)"
REFERENCE = "Ahn, Bubeck, Chewi, Lee, Suarez, Zhang 2022, arXiv 2212.07469"
STATE = {
    "scale": Quantity("factor on the initial outer weights", "scale", default=1.0),
    "bias": Quantity("initial bias", "b", default=0.0),
}
PARAMETERS = {
    "dimension": Quantity("dimension of the inputs", "d", default=200.0, least=1.0, whole=True),
    "points": Quantity("number of samples", "n", default=300.0, least=1.0, whole=True),
    "signal": Quantity("size of the signal", "λ", default=3.0),
    **COMMON,
    **mini_batches.BATCH,
}
FRESH_SAMPLES = 2000  # the accuracy has a standard error of at most 0.011
CONDITIONS = {
    "fewer samples or a lower dimension: "
    f"dimension points and {FRESH_SAMPLES} dimension at most {MAX_ARRAY_SIZE // 4}": (
        lambda v: v["dimension"] * np.maximum(v["points"], FRESH_SAMPLES) <= MAX_ARRAY_SIZE // 4
    )
}
PRESETS: dict[str, dict[str, str]] = {}
READINGS = {
    "bias": Quantity("bias", "b"),
    "outer": Quantity("sum of the outer weights", "a⁻+a⁺"),
    "accuracy": Quantity("share of fresh samples whose label is right", "accuracy"),
}
LIMIT = 1e30
TARGETS = 0.0


class Samples(NamedTuple):
    """Samples with sorted coordinates, a row each, and the sums of their smallest coordinates."""

    ordered: np.ndarray
    sums: np.ndarray  # of the k smallest coordinates, k = 0 ... d
    labels: np.ndarray


@functools.lru_cache(maxsize=8)
def samples(seed: int, dimension: int, points: int, signal: float) -> tuple[Samples, Samples]:
    """Return the training samples, and fresh ones that measure the accuracy."""
    draw = np.random.default_rng([seed, 1])  # not the stream of the weights
    return _drawn(draw, dimension, points, signal), _drawn(draw, dimension, FRESH_SAMPLES, signal)


def _drawn(draw: np.random.Generator, dimension: int, points: int, signal: float) -> Samples:
    labels = draw.choice((-1.0, 1.0), points)
    inputs = draw.standard_normal((points, dimension))
    inputs[np.arange(points), draw.integers(dimension, size=points)] += signal * labels
    inputs.sort(axis=1)
    return Samples(inputs, np.pad(np.cumsum(inputs, axis=1), ((0, 0), (1, 0))), labels)


def start(p: Numbers, initial: Numbers, data: Table | None) -> Descending:
    """Return the network at its initial weights."""
    dimension, points, signal, eta, seed, stride, time, batch = p
    scale, bias = initial
    outer = scale / np.sqrt(2.0 * dimension) * np.random.default_rng(int(seed)).standard_normal(2)
    learnt, fresh = samples(int(seed), int(dimension), int(points), signal)
    weights = np.append(outer, bias)
    drawn = mini_batches.Drawn(int(seed), learnt, batch)
    return mini_batches.network(drawn, lambda seen: Net(seen, fresh, weights, eta))


@compiled()
def features(bias, ordered, sums, counts, values):
    """Compute sum relu(-x + b), sum relu(x + b) and their derivatives by b, into ``values``.

    ``counts`` holds how many coordinates are below b and how many are below -b; it is updated from its last values.
    """
    size = ordered.shape[1]
    for i in range(ordered.shape[0]):
        for side in range(2):
            bound, k = (bias, counts[i, 0]) if side == 0 else (-bias, counts[i, 1])
            while k < size and ordered[i, k] < bound:
                k += 1
            while k > 0 and ordered[i, k - 1] >= bound:
                k -= 1
            counts[i, side] = k
        below, above = counts[i, 0], size - counts[i, 1]
        values[i, 0] = below * bias - sums[i, below]
        values[i, 1] = above * bias + (sums[i, size] - sums[i, size - above])
        values[i, 2], values[i, 3] = below, above


@compiled()
def slopes(weights, values, labels, gradient):
    """Compute the gradient; return the loss."""
    loss = 0.0
    gradient[:] = 0.0
    for i in range(labels.size):
        margin = labels[i] * (weights[0] * values[i, 0] + weights[1] * values[i, 1])
        small = math.exp(-abs(margin))
        loss += math.log1p(small) + max(-margin, 0.0)
        pull = -labels[i] * (small if margin > 0 else 1.0) / (1.0 + small)
        gradient[0] += pull * values[i, 0]
        gradient[1] += pull * values[i, 1]
        gradient[2] += pull * (weights[0] * values[i, 2] + weights[1] * values[i, 3])
    gradient /= labels.size
    return loss / labels.size


@compiled()
def bends(weights, values, labels, hessian):
    """Compute the Hessian into an array of zeros."""
    slope = np.empty(3)
    for i in range(labels.size):
        slope[0], slope[1] = values[i, 0], values[i, 1]
        slope[2] = weights[0] * values[i, 2] + weights[1] * values[i, 3]
        margin = labels[i] * (weights[0] * slope[0] + weights[1] * slope[1])
        small = math.exp(-abs(margin))
        pull = -labels[i] * (small if margin > 0 else 1.0) / (1.0 + small)
        for j in range(3):
            for k in range(3):
                hessian[j, k] += small / (1.0 + small) ** 2 * slope[j] * slope[k]
        for j in range(2):
            hessian[j, 2] += pull * values[i, 2 + j]
            hessian[2, j] += pull * values[i, 2 + j]
    hessian /= labels.size


@compiled()
def descend(eta, ordered, sums, labels, weights, gradient, counts, values, losses):
    """Take ``losses.size`` steps; the loss after each of them goes into ``losses``."""
    for k in range(losses.size):
        weights -= eta * gradient
        features(weights[2], ordered, sums, counts, values)
        losses[k] = slopes(weights, values, labels, gradient)


class Net(Descending):
    """The network at one step; its weights are a-, a+ and b."""

    def __init__(self, learnt: Samples, fresh: Samples, weights: np.ndarray, eta: float) -> None:
        self.eta, self.fresh = eta, fresh
        self.see(learnt)
        self._counts, self._values = np.zeros((len(learnt.labels), 2), np.int64), np.empty((len(learnt.labels), 4))
        self._fresh_counts, self._fresh_values = np.zeros((FRESH_SAMPLES, 2), np.int64), np.empty((FRESH_SAMPLES, 4))
        self.weights, self.gradient = weights, np.empty(3)
        self.update()

    def see(self, learnt: Samples) -> None:
        """Take other samples, as many as before."""
        self.learnt = learnt

    def advance(self, steps: int) -> np.ndarray:
        """Take so many steps; return the loss after each of them."""
        losses = np.empty(steps)
        descend(self.eta, *self.learnt, self.weights, self.gradient, self._counts, self._values, losses)
        self.loss = float(losses[-1]) if steps else self.loss
        self.step += steps
        return losses

    def update(self) -> None:
        """Compute the loss and the gradient."""
        features(self.weights[2], *self.learnt[:2], self._counts, self._values)
        self.loss = slopes(self.weights, self._values, self.learnt.labels, self.gradient)

    def hessian(self) -> np.ndarray:
        """Return the Hessian of the loss, between the kinks of f."""
        found = np.zeros((3, 3))
        bends(self.weights, self._values, self.learnt.labels, found)
        return found

    def hessian_product(self, vector: np.ndarray) -> np.ndarray:
        """Return the Hessian of the loss times a vector."""
        return self.hessian() @ vector

    def sharpness(self) -> float:
        """Return the largest eigenvalue of the Hessian of the loss, NaN if it is not finite."""
        matrix = self.hessian()
        return float(np.linalg.eigvalsh(matrix)[-1]) if np.isfinite(matrix).all() else np.nan

    def readings(self) -> tuple[float, ...]:
        """Return the bias, the sum of the outer weights, and the accuracy on fresh samples."""
        features(self.weights[2], *self.fresh[:2], self._fresh_counts, self._fresh_values)
        output = self._fresh_values[:, :2] @ self.weights[:2]
        return float(self.weights[2]), float(self.weights[:2].sum()), float(np.mean(output * self.fresh.labels > 0))
