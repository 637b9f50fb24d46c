"""A deep linear network with one neuron a layer: a product of two to five weights whose target is one.

    L = r^2 / 2,    r = w1 w2 ... wD - 1,    w_i <- w_i - eta r prod_{j != i} w_j.

A minimum has the sharpness sum_i 1/w_i^2, which is at least D, the value where all |w_i| = 1.  Gradient flow conserves
each w_i^2 - w_j^2.  Let phi be the sharpness where gradient flow from the present state ends.  Each step of gradient
descent lowers phi, as long as the product is between 0 and 1 and eta phi <= 2 sqrt 2.  The sharpness grows towards phi,
and phi falls below 2/eta.  Source: Kreisler, Shpigel Nacson, Soudry, Carmon 2023, "Gradient Descent Monotonically
Decreases the Sharpness of Gradient Flow Solutions in Scalar Networks and Beyond", arXiv 2305.13064 (phi and its
monotonicity: section 3).

The network has ``depth`` layers; further weights are absent, whatever their value.

No coordinate shrinks for ever, since only r moves the weights, so none has its own exponent.
"""

import numpy as np

from eos_sweep.contract import CriticalLine, Quantity, Values
from eos_sweep.derivation.convergence import MARGIN, below_edge
from eos_sweep.eigen.layered import LAYERED_STAGES, layered_stable
from eos_sweep.scalar import inlined, select

LOSS = "(w1*w2*select(depth >= 3, w3, 1)*select(depth >= 4, w4, 1)*select(depth >= 5, w5, 1) - 1)**2/2"
TITLE = "f(x) = ∏ᵢ wᵢ · x"
REFERENCE = "Kreisler, Shpigel Nacson, Soudry, Carmon 2023, arXiv 2305.13064"
WEIGHT, SCALE = (1e-30, 1e15), (1e-30, 1e30)  # keep the squares of eta times the Hessian's entries finite
STATE = {
    "w1": Quantity("weight of layer 1", "w₁", sizes=WEIGHT),
    "w2": Quantity("weight of layer 2", "w₂", sizes=WEIGHT),
    "w3": Quantity("weight of layer 3", "w₃", default=1.0, sizes=WEIGHT),
    "w4": Quantity("weight of layer 4", "w₄", default=1.0, sizes=WEIGHT),
    "w5": Quantity("weight of layer 5", "w₅", default=1.0, sizes=WEIGHT),
}
PARAMETERS = {
    "depth": Quantity("number of layers", "D", least=2.0, most=5.0),
    "eta": Quantity("step size", "η", above=0.0, sizes=SCALE),
}
TRIAL = {f"w{k}": "uniform(-0.5, 1.6)" for k in range(1, 6)} | {
    "depth": "max(2, uniform(-1, 5))",
    "eta": "10 ** uniform(-2, 0)",
}
OBSERVABLES = ("flow_sharpness",)


@inlined
def weights(theta, p, absent):
    """Return the weights, with ``absent`` in place of those beyond the depth."""
    w1, w2, w3, w4, w5 = theta
    depth, eta = p
    return (
        w1,
        w2,
        select(depth >= 3.0, w3, absent),
        select(depth >= 4.0, w4, absent),
        select(depth >= 5.0, w5, absent),
    )


@inlined
def slopes(theta, p):
    """Return the product P of all weights, and of each weight dP/dw_i, the product of the others; zero if absent."""
    w1, w2, w3, w4, w5 = weights(theta, p, 1.0)
    depth, eta = p
    w12, w34 = w1 * w2, w3 * w4
    w345, w125 = w34 * w5, w12 * w5
    return (
        w12 * w345,
        w2 * w345,
        w1 * w345,
        select(depth >= 3.0, w125 * w4, 0.0),
        select(depth >= 4.0, w125 * w3, 0.0),
        select(depth >= 5.0, w12 * w34, 0.0),
    )


@inlined
def step(theta, p):
    w1, w2, w3, w4, w5 = theta
    depth, eta = p
    product, u1, u2, u3, u4, u5 = slopes(theta, p)
    pull = eta * (product - 1.0)
    return w1 - pull * u1, w2 - pull * u2, w3 - pull * u3, w4 - pull * u4, w5 - pull * u5


@inlined
def loss(theta, p):
    error = slopes(theta, p)[0] - 1.0
    return 0.5 * (error * error)


@inlined
def curvature(theta, p):
    """Return what determines eta times the Hessian: the weights, infinite where they are absent, and eta."""
    w1, w2, w3, w4, w5 = weights(theta, p, np.inf)
    depth, eta = p
    return w1, w2, w3, w4, w5, eta


stable, SHARPNESS_STAGES = layered_stable, LAYERED_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Tell whether the run stays at its minimum: the remaining loss does not move the sharpness to 2/eta.

    With u the gradient of the product, a step moves the sharpness by at most 2 |r| eta |u|^2 relative and multiplies r
    by 1 - eta |u|^2.  All further steps move it by at most 2 |r| / gap if eta |u|^2 is below 2 (1 - gap), and it
    is, since |u|^2 is below the sharpness.
    """
    gap = np.sqrt(np.sqrt(128.0 * loss))
    return (loss < tolerance) & (gap < MARGIN) & stable(curvature(theta, p), below_edge(gap))


def weights_squared(theta, p):
    """Return the sum of the squares of the weights that are there."""
    return sum(w * w for w in weights(theta, p, 0.0))


def flow_sharpness(theta, p):
    """Return phi = sum_i 1/(w_i^2 + nu) with prod_i (w_i^2 + nu) = 1, the sharpness where gradient flow ends.

    For two layers it is sqrt((w1^2 - w2^2)^2 + 4).  It is NaN where the flow ends in the saddle: the product is not
    positive and the two smallest weights have the same size.

    Newton's method solves the equation for log(nu + min w_i^2); it stays on the convex side.
    """
    depth, eta = p
    on = np.asarray(depth)[..., None] >= np.arange(1, 6)
    w = np.stack(np.broadcast_arrays(*weights(theta, p, 1.0), depth)[:5], -1)
    sizes = np.sort(np.where(on, np.abs(w), np.inf), -1)
    apart = (sizes - sizes[..., :1]) * (sizes + sizes[..., :1])
    level = np.zeros(w.shape[:-1])
    for _ in range(100):
        terms = np.exp(level)[..., None] + np.where(on, apart, 0.0)
        excess = np.sum(np.where(on, np.log(terms), 0.0), -1)
        level = level - excess / np.sum(np.where(on, np.exp(level)[..., None] / terms, 0.0), -1)
        if not (np.abs(excess) > 1e-13).any():
            break
    found = np.sum(np.where(on, 1.0 / (np.exp(level)[..., None] + np.where(on, apart, 0.0)), 0.0), -1)
    saddle = (np.prod(w, -1) <= 0.0) & (apart[..., 1] == 0.0)
    return np.where(saddle, np.nan, found)


def _flow(v: Values) -> np.ndarray:
    theta, p = (tuple(v[name] for name in names) for names in (STATE, PARAMETERS))
    return 0.5 * v["eta"] * flow_sharpness(theta, p)


def _monotone(v: Values) -> np.ndarray:
    product = slopes(tuple(v[name] for name in STATE), tuple(v[name] for name in PARAMETERS))[0]
    return np.where((product > 0.0) & (product <= 1.0), _flow(v) / np.sqrt(2.0), np.nan)


LINES = (
    CriticalLine(
        "flow_at_edge",
        r"$\eta = 2/\varphi(\theta_0)$",
        "above it gradient flow from the start ends in an unstable minimum; no line where it ends in the saddle",
        _flow,
        of_edge=True,
    ),
    CriticalLine(
        "monotone",
        r"$\eta = 2\sqrt{2}/\varphi(\theta_0)$",
        "below it phi cannot rise in the first step, if the product of the weights is from 0 to 1; no line elsewhere",
        _monotone,
    ),
    CriticalLine(
        "no_stable_minimum",
        r"$\eta\,D = 2$",
        "above it no minimum is stable: the flattest has sharpness D",
        lambda v: 0.5 * v["eta"] * np.floor(v["depth"]),
    ),
)
