"""A two-layer linear network of any width, by its exact recursion in ten numbers.

    f(x) = A'W x / sqrt(m),    A in R^m, W in R^(m x 3);    L = sum_k lambda_k d_k^2,    d_k = f_k - b_k.

Features are in the eigenbasis of their covariance X X'/n with variances lambda_k.  f_k = A.W_k / sqrt(m) is the
coefficient of feature k in the network, b_k its target.  (L = |D|^2 / n for D = F - Y with the labels Y = b'X.)  With
h_k = 2 eta lambda_k d_k a step is A <- A - W h / sqrt(m), W <- W - A h' / sqrt(m).  It multiplies [A W] by a matrix
that depends on h alone, so the Gram matrix of the columns of [A W] obeys a closed recursion, for every width.  With
a = |A|^2 / m and g_kl = W_k.W_l / m it is

    a <- a + (h'gh - 2 f.h) / m,    d <- d - a h - g h + (f.h / m) h,    g <- g - (f h' + h f') / m + (a / m) h h'.

Source: Li, Wang, Li 2022, "Analyzing Sharpness along GD Trajectory: Progressive Sharpening and Edge of Stability",
arXiv 2207.12678.  There a sharpening run has four phases: S grows below 2/eta (I) and above it (II), then falls above
it (III) and below it (IV).  The norm of the output layer, a, moves with S and identifies the phases.

Sharpness here is the largest eigenvalue of the Gauss-Newton matrix, as in that paper: of M = 2 (a Lambda +
Lambda^(1/2) g Lambda^(1/2)), which moves D by -eta M D.  It differs from that of the Hessian by at most
2 |XD| / (n sqrt(m)), which vanishes with the loss.

A start belongs to a network if [[a, f'/sqrt(m)], [f/sqrt(m), g]] is positive semidefinite and of rank m at most; the
recursion conserves this.  By default f = 0, as if two halves of the network cancelled; then only g must be
semidefinite.

The part of d that changes its sign at each step is hidden below the part that does not.  Doubles lose it where it is
1e-16 of the other, and then leave 2/eta sooner than exact arithmetic: labels of runs that sharpen for long are
sensitive to rounding.  On the map of sweeps/linear_net.toml with 1500 steps 96 % of the labels are exact (a sample of
100 cells, 95 % interval 81 to 99): 81 % of the edge of stability, 97 % of the catapult.  All labels that differ are
sensitive to rounding.
"""

import numpy as np

from eos_sweep.contract import EDGE, CriticalLine, Quantity, Values
from eos_sweep.derivation.convergence import MARGIN, below_edge
from eos_sweep.eigen.dense import DENSE_STAGES, dense_stable
from eos_sweep.eigen.matrices import from_rows
from eos_sweep.eigen.sharpness import solved
from eos_sweep.plain import *
from eos_sweep.scalar import inlined, larger, select, smaller

TITLE = "f(x) = AᵀWx/√m"
REFERENCE = "Li, Wang, Li 2022, arXiv 2207.12678"
WEIGHT, SCALE = (0.0, 1e15), (1e-30, 1e30)  # keep all products of a step below 1e170
STATE = {
    "a": Quantity("square of the output layer over the width", "|A|²/m", least=0.0, sizes=WEIGHT),
    "d1": Quantity("error of coefficient 1, f1 - b1", "d₁", default="-b1", sizes=WEIGHT),
    "d2": Quantity("error of coefficient 2, f2 - b2", "d₂", default="-b2", sizes=WEIGHT),
    "d3": Quantity("error of coefficient 3, f3 - b3", "d₃", default="-b3", sizes=WEIGHT),
    "g11": Quantity("square of the weights of feature 1 over the width", "g₁₁", least=0.0, sizes=WEIGHT),
    "g22": Quantity("square of the weights of feature 2 over the width", "g₂₂", least=0.0, sizes=WEIGHT),
    "g33": Quantity("square of the weights of feature 3 over the width", "g₃₃", default=0.0, least=0.0, sizes=WEIGHT),
    "g12": Quantity("product of the weights of features 1 and 2 over the width", "g₁₂", default=0.0, sizes=WEIGHT),
    "g13": Quantity("product of the weights of features 1 and 3 over the width", "g₁₃", default=0.0, sizes=WEIGHT),
    "g23": Quantity("product of the weights of features 2 and 3 over the width", "g₂₃", default=0.0, sizes=WEIGHT),
}
PARAMETERS = {
    "lambda1": Quantity("variance of feature 1", "λ₁", least=0.0, sizes=SCALE),
    "lambda2": Quantity("variance of feature 2", "λ₂", least=0.0, sizes=SCALE),
    "lambda3": Quantity("variance of feature 3", "λ₃", default=0.0, least=0.0, sizes=SCALE),
    "b1": Quantity("coefficient of feature 1 to learn", "b₁", sizes=WEIGHT),
    "b2": Quantity("coefficient of feature 2 to learn", "b₂", sizes=WEIGHT),
    "b3": Quantity("coefficient of feature 3 to learn", "b₃", default=0.0, sizes=WEIGHT),
    "width": Quantity("width of the hidden layer", "m", least=1.0, sizes=(1.0, 1e15)),
    "eta": Quantity("step size", "η", above=0.0, sizes=SCALE),
}
TRIAL = {
    "a": "uniform(0, 2)",
    **{f"g{k}{k}": "uniform(0.5, 2)" for k in (1, 2, 3)},
    **{name: "uniform(-0.2, 0.2)" for name in ("g12", "g13", "g23", "b1", "b2", "b3")},
    **{f"lambda{k}": "10 ** uniform(-1, 1)" for k in (1, 2, 3)},
    "width": "10 ** uniform(1, 3)",
    "eta": "10 ** uniform(-2, 0)",
}
DESCENT = False  # descent is in A and W, not in their products
MATRIX = "Gauss-Newton matrix"
LOSS_PARTS = {
    "loss1": Quantity("loss of feature 1", "L₁"),
    "loss2": Quantity("loss of feature 2", "L₂"),
    "loss3": Quantity("loss of feature 3", "L₃"),
}


@inlined
def threshold(p):
    lambda1, lambda2, lambda3, b1, b2, b3, width, eta = p
    return 2.0 / eta


@inlined
def pull(d, p):
    """Return h = 2 eta Lambda d."""
    lambda1, lambda2, lambda3, b1, b2, b3, width, eta = p
    d1, d2, d3 = d
    twice = 2.0 * eta
    return (twice * lambda1) * d1, (twice * lambda2) * d2, (twice * lambda3) * d3


@inlined
def times(g, h):
    """Return the product of the symmetric matrix g with h."""
    g11, g22, g33, g12, g13, g23 = g
    h1, h2, h3 = h
    return g11 * h1 + g12 * h2 + g13 * h3, g12 * h1 + g22 * h2 + g23 * h3, g13 * h1 + g23 * h2 + g33 * h3


@inlined
def dot(one, other):
    """Return the scalar product of two triples."""
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


@inlined
def step(theta, p):
    a, d1, d2, d3, g11, g22, g33, g12, g13, g23 = theta
    lambda1, lambda2, lambda3, b1, b2, b3, width, eta = p
    f1, f2, f3 = d1 + b1, d2 + b2, d3 + b3
    h1, h2, h3 = h = pull((d1, d2, d3), p)
    q1, q2, q3 = q = times((g11, g22, g33, g12, g13, g23), h)
    share = 1.0 / width
    along = dot((f1, f2, f3), h)
    s1, s2, s3 = share * h1, share * h2, share * h3
    back = a - share * along
    return (
        a + share * (dot(h, q) - 2.0 * along),
        d1 - (back * h1 + q1),
        d2 - (back * h2 + q2),
        d3 - (back * h3 + q3),
        g11 + s1 * (a * h1 - 2.0 * f1),
        g22 + s2 * (a * h2 - 2.0 * f2),
        g33 + s3 * (a * h3 - 2.0 * f3),
        g12 + (s1 * (a * h2 - f2) - s2 * f1),
        g13 + (s1 * (a * h3 - f3) - s3 * f1),
        g23 + (s2 * (a * h3 - f3) - s3 * f2),
    )


@inlined
def tangent(theta, p, v):
    """Apply the Jacobian of a step; ``u`` is the change of h, ``w`` and ``x`` those of g h by h and by g."""
    a, d1, d2, d3, g11, g22, g33, g12, g13, g23 = theta
    va, v1, v2, v3, v11, v22, v33, v12, v13, v23 = v
    lambda1, lambda2, lambda3, b1, b2, b3, width, eta = p
    f1, f2, f3 = f = d1 + b1, d2 + b2, d3 + b3
    h1, h2, h3 = h = pull((d1, d2, d3), p)
    u1, u2, u3 = u = pull((v1, v2, v3), p)
    q = times((g11, g22, g33, g12, g13, g23), h)
    w1, w2, w3 = times((g11, g22, g33, g12, g13, g23), u)
    x1, x2, x3 = x = times((v11, v22, v33, v12, v13, v23), h)
    share = 1.0 / width
    along, turned = dot(f, h), dot((v1, v2, v3), h) + dot(f, u)
    back, moved = a - share * along, va - share * turned
    s1, s2, s3, t1, t2, t3 = share * h1, share * h2, share * h3, share * u1, share * u2, share * u3
    y1, y2, y3 = va * h1 + a * u1 - v1, va * h2 + a * u2 - v2, va * h3 + a * u3 - v3
    return (
        va + share * (2.0 * dot(u, q) + dot(h, x) - 2.0 * turned),
        v1 - (back * u1 + moved * h1 + w1 + x1),
        v2 - (back * u2 + moved * h2 + w2 + x2),
        v3 - (back * u3 + moved * h3 + w3 + x3),
        v11 + t1 * (a * h1 - 2.0 * f1) + s1 * (y1 - v1),
        v22 + t2 * (a * h2 - 2.0 * f2) + s2 * (y2 - v2),
        v33 + t3 * (a * h3 - 2.0 * f3) + s3 * (y3 - v3),
        v12 + t1 * (a * h2 - f2) + s1 * y2 - (t2 * f1 + s2 * v1),
        v13 + t1 * (a * h3 - f3) + s1 * y3 - (t3 * f1 + s3 * v1),
        v23 + t2 * (a * h3 - f3) + s2 * y3 - (t3 * f2 + s3 * v2),
    )


@inlined
def loss_parts(theta, p):
    """Return the loss of each feature."""
    a, d1, d2, d3, g11, g22, g33, g12, g13, g23 = theta
    lambda1, lambda2, lambda3, b1, b2, b3, width, eta = p
    return lambda1 * (d1 * d1), lambda2 * (d2 * d2), lambda3 * (d3 * d3)


@inlined
def loss(theta, p):
    first, second, third = loss_parts(theta, p)
    return first + second + third


@inlined
def curvature(theta, p):
    """Return eta times the Gauss-Newton matrix: its diagonal, and entries 12, 13 and 23."""
    a, d1, d2, d3, g11, g22, g33, g12, g13, g23 = theta
    lambda1, lambda2, lambda3, b1, b2, b3, width, eta = p
    r1, r2, r3 = np.sqrt(2.0 * eta * lambda1), np.sqrt(2.0 * eta * lambda2), np.sqrt(2.0 * eta * lambda3)
    return (
        (2.0 * eta * lambda1) * (a + g11),
        (2.0 * eta * lambda2) * (a + g22),
        (2.0 * eta * lambda3) * (a + g33),
        (r1 * r2) * g12,
        (r1 * r3) * g13,
        (r2 * r3) * g23,
    )


stable, SHARPNESS_STAGES = dense_stable, DENSE_STAGES


@inlined
def settled(theta, p, loss, tolerance):
    """Tell whether the run stays at its minimum: the remaining loss does not move the sharpness to 2/eta.

    With D^2 the loss, a step leaves at most |D| (1 - rate), where rate is the smaller of 2 gap and the smallest
    eigenvalue of eta M, which is at least 2 eta a times the smallest variance.  A step moves a and g by 2 |f| |h| / m
    each, where |h| is at most 2 eta sqrt(lambda_max) |D|, and S by that over a, relative.
    """
    a, d1, d2, d3, g11, g22, g33, g12, g13, g23 = theta
    lambda1, lambda2, lambda3, b1, b2, b3, width, eta = p
    f = d1 + b1, d2 + b2, d3 + b3
    least, most = least_and_most((lambda1, lambda2, lambda3))
    slowest = 2.0 * eta * a * least
    drift = np.sqrt(1024.0 * (eta * eta) * most * dot(f, f) * loss) / (width * a)
    gap = larger(drift / slowest, np.sqrt(0.5 * drift))
    return (loss < tolerance) & (gap < MARGIN) & stable(curvature(theta, p), below_edge(gap))


@inlined
def least_and_most(variances):
    """Return the smallest variance that is not zero, and the largest."""
    first, second, third = variances
    one, two, three = (
        select(first > 0.0, first, np.inf),
        select(second > 0.0, second, np.inf),
        select(third > 0.0, third, np.inf),
    )
    return smaller(smaller(one, two), three), larger(larger(first, second), third)


def weights_squared(theta, p):
    """Return |A|^2 + |W|^2."""
    a, _, _, _, g11, g22, g33 = theta[:7]
    return p[list(PARAMETERS).index("width")] * (a + g11 + g22 + g33)


def hessian(theta, p):
    """Return the Gauss-Newton matrix M, shape (..., 3, 3), whose largest eigenvalue is the sharpness."""
    m11, m22, m33, m12, m13, m23 = (0.5 * threshold(p) * entry for entry in curvature(theta, p))
    return from_rows([(m11, m12, m13), (m12, m22, m23), (m13, m23, m33)])


def flow_end(theta, p, k):
    """Return the state where gradient flow from theta ends if only feature k is learnt, and the others stay at zero.

    Gradient flow conserves a - g_kk and (a + g_kk)^2 - 4 f_k^2 / m.
    """
    state, parameters = dict(zip(STATE, theta, strict=True)), dict(zip(PARAMETERS, p, strict=True))
    diagonal, target = f"g{k}{k}", parameters[f"b{k}"]
    start = state[f"d{k}"] + target
    whole = np.sqrt((state["a"] + state[diagonal]) ** 2 + 4.0 * (target**2 - start**2) / parameters["width"])
    gap = state["a"] - state[diagonal]
    return tuple((state | {"a": 0.5 * (whole + gap), diagonal: 0.5 * (whole - gap), f"d{k}": 0.0 * whole}).values())


def _onset(v: Values) -> np.ndarray:
    theta, p = (tuple(np.broadcast_arrays(*(v[name] for name in names))) for names in (STATE, PARAMETERS))
    found = np.full(np.broadcast_shapes(theta[0].shape, p[0].shape), np.nan)
    for k in (1, 2, 3):
        rest = [other for other in (1, 2, 3) if other != k]
        alone = (v[f"b{k}"] != 0.0) & (v[f"b{rest[0]}"] == 0.0) & (v[f"b{rest[1]}"] == 0.0)
        small = np.maximum(np.abs(v[f"d{rest[0]}"]), np.abs(v[f"d{rest[1]}"])) <= 0.1 * np.abs(v[f"b{k}"])
        with np.errstate(all="ignore"):
            level = solved(SHARPNESS_STAGES, curvature(flow_end(theta, p, k), p)) / EDGE
        found = np.where(alone & small, level, found)
    return found


def _lazy(v: Values) -> np.ndarray:
    theta, p = (tuple(np.broadcast_arrays(*(v[name] for name in names))) for names in (STATE, PARAMETERS))
    with np.errstate(all="ignore"):
        start = solved(SHARPNESS_STAGES, curvature(theta, p)) / (2.0 * EDGE)
    learnt = sum(2.0 * v[f"lambda{k}"] * v[f"b{k}"] ** 2 for k in (1, 2, 3))
    return np.where(v["eta"] ** 2 * learnt <= 0.1 * v["width"], start, np.nan)


LINES = (
    CriticalLine(
        "flow_at_edge",
        r"$\eta = 2/\lambda_1(M_\infty)$",
        "above it gradient flow from the start ends in an unstable minimum, if one feature is to be learnt and the "
        "errors of the others and the products of weights (d_k, g_kl) are zero",
        _onset,
    ),
    CriticalLine(
        "lazy_divergence",
        r"$S(\theta_0) = 4/\eta$",
        "above it a wide network diverges (m -> infinity), if there is an error along the top eigenvector and no "
        "second eigenvalue is above 2/eta; no line where what there is to learn is not small beside the catapult",
        _lazy,
    ),
)
