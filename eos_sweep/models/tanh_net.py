"""A fully connected network of tanh units, trained on all its data at once.

    f(x) = W_L tanh( ... tanh(W_1 x + b_1) ... ) + b_L,    L = (1/2n) sum_i |f(x_i) - y_i|^2

Gradient descent trains all weights W and biases b.  Source: Cohen, Kaur, Li, Kolter, Talwalkar 2021, "Gradient Descent
on Neural Networks Typically Occurs at the Edge of Stability", arXiv 2103.00065.  Without a data file the inputs are
``points`` numbers on linspace(-1, 1), and the targets are the Chebyshev polynomial T_k of them, as in the appendix on
one-dimensional tasks.

Initial weights are normal with variance 2 / (inputs + outputs) of their layer (Glorot), times ``scale``; initial biases
are zero.

``batch`` and ``label_noise`` are those of :mod:`eos_sweep.models.mini_batches`.

A one is appended to the activations of each layer, so the last column of a layer's matrix is its bias.  The product of
the Hessian with a vector is the derivative of the gradient along it (Pearlmutter 1994), computed by the same passes.
Narrow networks run in compiled loops (:mod:`eos_sweep.models.tanh_loops`), wide ones by the products of NumPy.
"""

import functools
import itertools

import numpy as np

from eos_sweep.contract import Numbers, Quantity, Table
from eos_sweep.models import loops, mini_batches, tanh_loops
from eos_sweep.models.network_parts import COMMON, MAX_ARRAY_SIZE, Descending, views

TITLE = "a fully connected tanh network"
REFERENCE = "Cohen, Kaur, Li, Kolter, Talwalkar 2021, arXiv 2103.00065"
STATE = {"scale": Quantity("factor on the initial weights", "scale", default=1.0)}
PARAMETERS = {
    "width": Quantity("units of a hidden layer", "width", default=30.0, least=1.0, whole=True),
    "depth": Quantity("number of hidden layers", "depth", default=1.0, least=1.0, most=1e3, whole=True),
    "degree": Quantity(
        "degree of the Chebyshev target", "k", default=3.0, least=0.0, most=1e6, whole=True, without_data=True
    ),
    "points": Quantity("number of samples", "n", default=20.0, least=2.0, whole=True, without_data=True),
    **COMMON,
    **mini_batches.PARAMETERS,
}
CONDITIONS = {
    f"a smaller network, with depth width² and depth width points of at most {MAX_ARRAY_SIZE}": lambda v: (
        v["depth"] * v["width"] * np.maximum(v["width"], v["points"]) <= MAX_ARRAY_SIZE
    )
}
PRESETS: dict[str, dict[str, str]] = {}
READINGS = {"norm": Quantity("norm of all weights", "|θ|")}
LIMIT = 1e30
TARGETS = np.inf
# Units of a layer up to which compiled loops are as fast as BLAS or faster, by 3 to 8 for the default network; with
# 1000 units they take 1.25 times as long (AMD EPYC, Zen 4).
NARROW = 300


@functools.lru_cache(maxsize=8)
def chebyshev(degree: int, points: int) -> Table:
    """Return T_degree on evenly spaced points."""
    x = np.linspace(-1.0, 1.0, points)
    return Table(x[:, None], np.cos(degree * np.arccos(x))[:, None])


def start(p: Numbers, initial: Numbers, data: Table | None) -> Descending:
    """Return the network at its initial weights."""
    width, depth, degree, points, eta, seed, stride, time, batch, label_noise = p
    table = data or chebyshev(int(degree), int(points))
    sizes = [table.inputs.shape[1], *[int(width)] * int(depth), table.targets.shape[1]]
    draw, (scale,) = np.random.default_rng(int(seed)), initial
    layers = []
    for count, units in itertools.pairwise(sizes):
        deviation = scale * np.sqrt(2.0 / (count + units))
        layers.append(np.hstack([deviation * draw.standard_normal((units, count)), np.zeros((units, 1))]))
    weights, shapes = np.concatenate(layers, axis=None), [layer.shape for layer in layers]
    drawn = mini_batches.Drawn(int(seed), table, batch, label_noise)
    kind = Looped if max(sizes[1:]) <= NARROW else Multiplied
    return mini_batches.network(drawn, lambda seen: kind(seen, shapes, weights, eta))


class TanhNet(Descending):
    """A network of tanh units at one step."""

    def readings(self) -> tuple[float, ...]:
        """Return the norm of all weights."""
        return (float(np.linalg.norm(self.weights)),)


class Looped(TanhNet):
    """A network of narrow layers, in compiled loops."""

    def __init__(self, table: Table, shapes: list[tuple[int, int]], weights: np.ndarray, eta: float) -> None:
        self.weights, self.gradient, self.eta = weights, np.empty_like(weights), eta
        self._arrays = tanh_loops.arrays(shapes, len(table.inputs))
        self.see(table)
        self.update()

    def see(self, table: Table) -> None:
        """Take other data, as many samples as before."""
        tanh_loops.see(self._arrays, table.inputs, table.targets)

    def evaluate(self) -> None:
        """Compute the activations and the loss."""
        self.loss = tanh_loops.evaluate(self.weights, self._arrays)

    def update(self) -> None:
        """Compute the activations, the loss and the gradient."""
        self.loss = tanh_loops.update(self.weights, self._arrays, self.gradient)

    def advance(self, steps: int) -> np.ndarray:
        """Take so many steps; return the loss after each of them."""
        losses = np.empty(steps)
        tanh_loops.descend(self.eta, self.weights, self._arrays, self.gradient, losses)
        self.loss = float(losses[-1]) if steps else self.loss
        self.step += steps
        return losses

    def hessian_product(self, vector: np.ndarray) -> np.ndarray:
        """Return the exact Hessian of the loss times a vector."""
        result = np.empty_like(vector)
        tanh_loops.hessian_product(self.weights, self._arrays, vector, result)
        return result

    def sharpness(self) -> float:
        """Return the largest eigenvalue of the Hessian of the loss, NaN if it is not finite or not certain."""
        tracker = self._hessian_tracker
        tracker.plan[:] = 0
        how = tanh_loops.look(self.weights, self._arrays, *tracker.search)
        return tracker.ended(how, self.hessian_product)


class Multiplied(TanhNet):
    """A network of wide layers, whose products are NumPy's; a column of an array is a sample."""

    def __init__(self, table: Table, shapes: list[tuple[int, int]], weights: np.ndarray, eta: float) -> None:
        self.weights, self.gradient = weights, np.empty_like(weights)
        self.eta, self._shapes = eta, shapes
        self._layers, self._slopes = views(weights, shapes), views(self.gradient, shapes)
        count = len(table.inputs)
        self._active = [np.ones((size, count)) for _, size in shapes]  # the last row is ones
        # By unit: the derivative of the loss by its output, the slope of its tanh, and their product; and scratch.
        self._back, self._bend, self._delta, self._moved, self._turned, self._room = (
            [np.empty((size, count)) for size, _ in shapes] for _ in range(6)
        )
        self.see(table)
        self.update()

    def see(self, table: Table) -> None:
        """Take other data, as many samples as before."""
        self._active[0][:-1] = table.inputs.T
        self._targets = np.ascontiguousarray(table.targets.T)

    def evaluate(self) -> None:
        """Compute the activations and the loss."""
        active, last = self._active, len(self._layers) - 1
        for k in range(last):
            np.tanh(np.dot(self._layers[k], active[k], out=self._back[k]), out=active[k + 1][:-1])
        delta = np.dot(self._layers[last], active[last], out=self._delta[last])
        delta -= self._targets
        self.loss = 0.5 * float(np.vdot(delta, delta)) / delta.shape[1]

    def update(self) -> None:
        """Compute the activations, the loss and the gradient."""
        self.evaluate()
        active, last = self._active, len(self._layers) - 1
        delta = self._delta[last]
        delta /= delta.shape[1]
        np.dot(delta, active[last].T, out=self._slopes[last])
        for k in range(last - 1, -1, -1):
            hidden, bend = active[k + 1][:-1], self._bend[k]
            np.dot(self._layers[k + 1][:, :-1].T, self._delta[k + 1], out=self._back[k])
            np.subtract(1.0, np.multiply(hidden, hidden, out=bend), out=bend)
            np.multiply(self._back[k], bend, out=self._delta[k])
            np.dot(self._delta[k], active[k].T, out=self._slopes[k])

    def hessian_product(self, vector: np.ndarray) -> np.ndarray:
        """Return the exact Hessian of the loss times a vector."""
        result = np.empty_like(vector)
        along, slopes = views(vector, self._shapes), views(result, self._shapes)
        active, last = self._active, len(self._layers) - 1
        # Derivatives along the vector: of the hidden activations, and of delta.
        moved = self._moved
        turned = np.dot(along[0], active[0], out=self._turned[0])
        for k in range(1, last + 1):
            loops.product(turned, self._bend[k - 1], moved[k - 1], len(turned))
            turned = np.dot(along[k], active[k], out=self._turned[k])
            turned += np.dot(self._layers[k][:, :-1], moved[k - 1], out=self._room[k])
        turned /= turned.shape[1]
        for k in range(last, 0, -1):
            np.dot(turned, active[k].T, out=slopes[k])
            slopes[k][:, :-1] += self._delta[k] @ moved[k - 1].T
            back = np.dot(self._layers[k][:, :-1].T, turned, out=self._turned[k - 1])
            back += np.dot(along[k][:, :-1].T, self._delta[k], out=self._room[k - 1])
            loops.curve(back, self._bend[k - 1], active[k], moved[k - 1], self._back[k - 1], len(back))
            turned = back
        np.dot(turned, active[0].T, out=slopes[0])
        return result
