"""A two-layer linear network of any width, with its weights as arrays.

    F = A' W X / sqrt(m),    L = |F - Y|^2 / n

for n samples, the columns of X, and one output.  Gradient descent trains A and W.  Source: Li, Wang, Li 2022,
"Analyzing Sharpness along GD Trajectory: Progressive Sharpening and Edge of Stability", arXiv 2207.12678.

Without a data file the inputs are normal, feature k with variance 1/k, and a target is the sum of its inputs over the
square root of their number.  The initial weights are normal with variance one, times ``scale``.  ``batch`` and
``label_noise`` are those of :mod:`eos_sweep.models.mini_batches`.
"""

import functools
from collections.abc import Mapping

import numpy as np

from eos_sweep.contract import Numbers, Quantity, Table
from eos_sweep.eigen.tracker import Tracker
from eos_sweep.models import mini_batches
from eos_sweep.models.network_parts import COMMON, MAX_ARRAY_SIZE, Descending, views

TITLE = "f(x) = A'Wx/√m"
REFERENCE = "Li, Wang, Li 2022, arXiv 2207.12678"
STATE = {"scale": Quantity("factor on the initial weights", "scale", default=1.0)}
PARAMETERS = {
    "width": Quantity("hidden units", "m", default=100.0, least=1.0, whole=True),
    "features": Quantity("inputs", "d", default=10.0, least=1.0, whole=True, without_data=True),
    "points": Quantity("number of samples", "n", default=50.0, least=2.0, whole=True, without_data=True),
    **COMMON,
    **mini_batches.PARAMETERS,
}
CONDITIONS = {
    f"a smaller network, with width², width features and points features of at most {MAX_ARRAY_SIZE}": lambda v: (
        np.maximum(v["width"] ** 2, v["features"] * np.maximum(v["width"], v["points"])) <= MAX_ARRAY_SIZE
    )
}
PRESETS: dict[str, dict[str, str]] = {}
READINGS = {
    "outer": Quantity("squared norm of the outer weights", "|A|²"),
    "gauss_newton": Quantity("largest eigenvalue of the Gauss-Newton matrix", "λ₁(M)"),
    "drift": Quantity("Frobenius norm of the change of AA' - WW', which gradient flow conserves", "drift"),
}
LIMIT = 1e30
TARGETS = 1.0


@functools.lru_cache(maxsize=8)
def normal(seed: int, features: int, points: int) -> Table:
    """Return random training data."""
    draw = np.random.default_rng([seed, 1])  # not the stream of the weights
    inputs = draw.standard_normal((points, features)) / np.sqrt(np.arange(1, features + 1))
    return Table(inputs, inputs.sum(1, keepdims=True) / np.sqrt(features))


def start(p: Numbers, initial: Numbers, data: Table | None) -> Descending:
    """Return the network at its initial weights."""
    width, features, points, eta, seed, stride, time, batch, label_noise = p
    table = data or normal(int(seed), int(features), int(points))
    size = int(width) * (1 + table.inputs.shape[1])
    weights = initial[0] * np.random.default_rng(int(seed)).standard_normal(size)
    drawn = mini_batches.Drawn(int(seed), table, batch, label_noise)
    return mini_batches.network(drawn, lambda seen: Net(seen, weights, int(width), eta))


class Net(Descending):
    """The network at one step; ``error`` is D = F - Y."""

    def __init__(self, table: Table, weights: np.ndarray, width: int, eta: float) -> None:
        self.eta = eta
        self.see(table)
        count, features = table.inputs.shape
        self._rate = 2.0 / (count * np.sqrt(width))
        self._shapes = [(width,), (width, features)]
        self.weights, self.gradient = weights, np.empty_like(weights)
        self.outer, self.inner = views(weights, self._shapes)
        self._conserved, self._gauss_newton_tracker = self.balance(), Tracker(count)
        self.update()

    def see(self, table: Table) -> None:
        """Take other data, as many samples as before."""
        self.inputs, self.targets = table.inputs, table.targets[:, 0]

    def evaluate(self) -> None:
        """Compute the errors and the loss."""
        self.output = self.inputs @ (self.outer @ self.inner) / np.sqrt(len(self.outer))
        self.error = self.output - self.targets
        self.loss = float(self.error @ self.error) / len(self.error)

    def update(self) -> None:
        """Compute the errors, the loss and the gradient."""
        self.evaluate()
        self._pull = self.error @ self.inputs
        outer, inner = views(self.gradient, self._shapes)
        outer[:] = self._rate * (self.inner @ self._pull)
        np.multiply(self._rate * self.outer[:, None], self._pull, out=inner)

    def hessian_product(self, vector: np.ndarray) -> np.ndarray:
        """Return the exact Hessian of the loss times a vector."""
        result = np.empty_like(vector)
        (outer, inner), (slope, slopes) = views(vector, self._shapes), views(result, self._shapes)
        moved = self.inputs @ (outer @ self.inner + self.outer @ inner) / np.sqrt(len(outer))
        turned = moved @ self.inputs
        slope[:] = self._rate * (inner @ self._pull + self.inner @ turned)
        slopes[:] = self._rate * (np.multiply.outer(outer, self._pull) + np.multiply.outer(self.outer, turned))
        return result

    def state(self) -> dict[str, np.ndarray]:
        """Return all that steps, sharpness and readings to come depend on."""
        return {**super().state(), "gauss_newton_directions": self._gauss_newton_tracker.state.copy()}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on as the network did whose state this is."""
        super().load(state)
        self._gauss_newton_tracker.state[...] = state["gauss_newton_directions"]

    def balance(self) -> np.ndarray:
        """Return AA' - WW'."""
        return np.multiply.outer(self.outer, self.outer) - self.inner @ self.inner.T

    def gauss_newton(self, vector: np.ndarray) -> np.ndarray:
        """Return the Gauss-Newton matrix M = 2/(mn) (|A|^2 X'X + X'W'WX) times a vector."""
        back = vector @ self.inputs
        both = (self.outer @ self.outer) * back + (self.inner @ back) @ self.inner
        return 2.0 / (len(self.outer) * len(self.error)) * (self.inputs @ both)

    def readings(self) -> tuple[float, ...]:
        """Return the squared norm of A, the largest eigenvalue of M, and the drift, in the order of READINGS."""
        drift = float(np.linalg.norm(self.balance() - self._conserved))
        return float(self.outer @ self.outer), self._gauss_newton_tracker.top(self.gauss_newton), drift
