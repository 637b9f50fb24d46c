"""The claims of Liu, Zhang, Du, Zhao 2025 (arXiv 2503.02809) about each step of the model ``bivariate``.

Each function has the name of an observable and returns a ratio that is at most one where the claim holds; the smaller
it is, the more room the claim has.  The observable states which steps are tested.  A claim about the sharpness is a
function of ``curvature`` (eta times the Hessian, see the model) and its largest eigenvalue ``top``.  Other claims are
functions of the states before and after a step.

The definition of the paper's set of starts X(eta) was not at hand; ``margins`` uses the conditions that its claims
need.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from eos_sweep.exponent import DOWN, UP, squared
from eos_sweep.models.bivariate_theory import edge_weight, flow_limit
from eos_sweep.scalar import inlined, larger, select, smaller


@inlined
def lemma_4_2_i(curvature, top):
    """Return S/(1.12 lambda1 alpha^2), for the claim lambda1 alpha^2 <= S <= 1.12 lambda1 alpha^2.

    The lower bound always holds: no diagonal entry of a symmetric matrix exceeds its largest eigenvalue.
    """
    d0, along, d2, q1, q2 = curvature
    return top / (1.12 * along)


@inlined
def lemma_4_2_ii(curvature, top):
    """Return sin^2/(1 - 0.9^2), for the claim |cos(v, e_beta1)| > 0.9 of the top eigenvector v.

    The squared components of v are proportional to the principal minors of S I - H, none of which is negative; a
    quotient of an arm and S - d1 would be 0/0 for beta1 -> 0.  The ratio is NaN where the largest eigenvalue is double,
    since v is then any vector of a plane.
    """
    d0, d1, d2, q1, q2 = curvature
    x0, x1, x2 = top - d0, top - d1, top - d2
    others = x1 * x2 + (x0 * x1 - q1)
    return others / ((1.0 - 0.9 * 0.9) * (others + (x0 * x2 - q2)))


@inlined
def lemma_4_2_iii(before, theta, p):
    """Return 1 - |1 - alpha beta2| where beta2 increases, as claimed, and 1 + |1 - alpha beta2| where it falls.

    The ratio is computed from the sign of the increment eta lambda2 alpha (1 - alpha beta2), which is far below the
    last place of beta2 near the end.
    """
    alpha, beta1, beta2, power = before
    left = alpha * beta2 - 1.0
    return 1.0 + select(alpha < 0.0, -left, left)


@inlined
def theorem_4_3(curvature, top):
    """Return the sharpness, which the claim says increases; the observable compares it with the one before."""
    return top


@inlined
def theorem_4_4(before, theta, p):
    """Return the smaller of |beta1|/|beta1'| and |alpha'|/|alpha|: |beta1| grows (phase II.1) or alpha falls (II.2)."""
    alpha, beta1, beta2, power = before
    lifted = select(power > theta[3], UP, select(power < theta[3], DOWN, 1.0))
    growth, fall = abs(beta1) * lifted / abs(theta[1]), abs(theta[0]) / abs(alpha)
    return smaller(growth, fall)


@inlined
def theorem_4_6(before, theta, p):
    """Return the larger of 1/r and r/4, where Lhat'/Lhat = (1 - r lambda2/lambda1)^2.

    Lhat is lambda2 (beta2 edge - 1)^2 / 2 with edge = sqrt(2/(eta lambda1)), and r = 2 at alpha = edge.  The claim is
    (1 - 4 lambda2/lambda1)^2 <= Lhat'/Lhat <= (1 - lambda2/lambda1)^2, or 1 <= r <= 4.  (The two are equivalent for
    lambda2/lambda1 <= 1/4 and r below lambda1/lambda2.)  The squares differ from one by 1e-4 and less; with r nothing
    cancels.
    """
    alpha, beta1, beta2, power = before
    lambda1, lambda2, eta, clip, radius = p
    edge = edge_weight(lambda1, eta)
    rate = (eta * lambda1) * (alpha * edge) * ((alpha * beta2 - 1.0) / (edge * beta2 - 1.0))
    return select(rate > 0.0, larger(1.0 / rate, 0.25 * rate), np.inf)


@inlined
def end_weight(theta):
    """Return alpha^2 = h(Q) where gradient flow from theta ends, Q = alpha^2 - beta1^2 - beta2^2."""
    alpha, beta1, beta2, power = theta
    return flow_limit(alpha * alpha - squared(beta1, power, 1.0) - beta2 * beta2)


@inlined
def gfs_decrease(before, theta, p):
    """Return phi'/phi, which is at most one as claimed, for the gradient-flow-solution sharpness phi = lambda1 h(Q)."""
    return end_weight(theta) / end_weight(before)


@inlined
def gfs_bounds(before, theta, p):
    """Return the larger ratio for lambda1 h(alpha^2 - radius^2 - beta2^2) <= phi <= lambda1/beta2^2 after the step."""
    alpha, beta1, beta2, power = theta
    lambda1, lambda2, eta, clip, radius = p
    square, end = beta2 * beta2, end_weight(theta)
    return larger(flow_limit(alpha * alpha - radius * radius - square) / end, end * square)


def margins(v: Mapping[str, Any]) -> dict[str, Any]:
    """Return by how many decades a start and its parameters satisfy each of the paper's assumptions.

    Parameters
    ----------
    v
        Name -> number or array, of all parameters and initial coordinates of the model ``bivariate``.

    Returns
    -------
    dict
        Assumption -> log10 of its bound over the value; negative where it is violated, NaN where it has no meaning.
        The assumptions are (as reported) lambda1 >= 100, lambda1 lambda2 <= 1, 2/lambda1 <= eta <= 0.1, and of X(eta):
        1/(eta lambda1) <= alpha^2 < 2/(eta lambda1), 0 < beta2 < sqrt(eta lambda1/2), and |beta1| <= min(radius, delta)
        with delta^2 = lambda2 beta2 (1 - alpha beta2)/(lambda1 alpha).  Below delta alpha grows.
    """
    along = v["eta"] * v["lambda1"] * v["alpha"] * v["alpha"]
    with np.errstate(all="ignore"):
        growing = v["lambda2"] * v["beta2"] * (1.0 - v["alpha"] * v["beta2"]) / (v["lambda1"] * v["alpha"])
        room = np.minimum(v["radius"], np.sqrt(growing))
        ratios = {
            "lambda1 >= 100": v["lambda1"] / 100.0,
            "lambda1 lambda2 <= 1": 1.0 / (v["lambda1"] * v["lambda2"]),
            "eta >= 2/lambda1": v["eta"] * v["lambda1"] / 2.0,
            "eta <= 0.1": 0.1 / v["eta"],
            "alpha^2 >= 1/(eta lambda1)": np.where(np.asarray(v["alpha"]) > 0.0, along, 0.0),
            "alpha^2 < 2/(eta lambda1)": 2.0 / along,
            "beta2 < sqrt(eta lambda1/2)": 1.0 / (edge_weight(v["lambda1"], v["eta"]) * v["beta2"]),
            "|beta1| <= min(radius, delta)": room / np.abs(v["beta1"]),
        }
        return {name: np.log10(ratio) for name, ratio in ratios.items()}


def margin(v: Mapping[str, Any]) -> Any:
    """Return the smallest of :func:`margins`: positive inside all assumptions, negative outside, in decades."""
    return np.min(np.nan_to_num(np.broadcast_arrays(*margins(v).values()), nan=-np.inf), axis=0)
