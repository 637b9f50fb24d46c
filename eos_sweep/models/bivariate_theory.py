"""Closed forms of the theory of ``bivariate``: step sizes, radii and clips at which its regimes change.

Source: Liu, Zhang, Du, Zhao 2025, arXiv 2503.02809.  Gradient flow from theta conserves
Q = alpha^2 - beta1^2 - beta2^2 and ends at beta1 = 0, alpha beta2 = 1, that is at alpha^2 = h(Q) =
(Q + sqrt(Q^2 + 4))/2.  The sharpness there is phi(theta) = lambda1 h(Q), the *gradient-flow-solution sharpness* of the
paper (figure 3).
"""

from typing import Any

import numpy as np

from eos_sweep.contract import CriticalLine, Values
from eos_sweep.scalar import inlined, select


@inlined
def flow_limit(q):
    """Return h(Q) = (Q + sqrt(Q^2 + 4))/2, which is alpha^2 where gradient flow ends."""
    larger = 0.5 * (np.sqrt(q * q + 4.0) + abs(q))  # h(|Q|); h(Q) h(-Q) = 1
    return select(q < 0.0, 1.0 / larger, larger)


@inlined
def edge_weight(lambda1, eta):
    """Return sqrt(2/(eta lambda1)), the alpha at which lambda1 alpha^2 = 2/eta."""
    return np.sqrt(2.0 / (eta * lambda1))


def gradient_flow_sharpness(lambda1: Any, alpha: Any, beta1: Any, beta2: Any) -> Any:
    """Return phi(theta) = lambda1 h(alpha^2 - beta1^2 - beta2^2), the sharpness where gradient flow from theta ends.

    It is the largest eigenvalue there unless that of the relevant feature, lambda2 (alpha^2 + 1/alpha^2), is larger.
    """
    return lambda1 * flow_limit(alpha * alpha - beta1 * beta1 - beta2 * beta2)


def gradient_flow_sharpness_bounds(lambda1: Any, alpha: Any, beta2: Any, radius: Any) -> tuple[Any, Any]:
    """Return the bounds lambda1 h(alpha^2 - radius^2 - beta2^2) <= phi <= lambda1/beta2^2 (figure 3).

    The lower one needs |beta1| <= radius, the upper one 0 < alpha beta2 <= 1.
    """
    return lambda1 * flow_limit(alpha * alpha - radius * radius - beta2 * beta2), lambda1 / (beta2 * beta2)


def onset_step_size(lambda1: Any, alpha: Any, beta1: Any, beta2: Any) -> Any:
    """Return 2/phi(theta0): above this step size the minimum that gradient flow reaches is unstable.

    A run that starts below 2/eta sharpens until it reaches it; exact for beta1, lambda2/lambda1 -> 0.
    """
    return 2.0 / gradient_flow_sharpness(lambda1, alpha, beta1, beta2)


def unclipped_energy(lambda1: Any, eta: Any, alpha: Any, beta1: Any) -> Any:
    """Return E = eta lambda1 (alpha^2 + beta1^2), for lambda2 -> 0 and without bounds on beta1 or its gradient.

    A step changes E by -eta^2 lambda1^2 alpha^2 beta1^2 (4 - E).  The loss never rises for E < 2, the run is a catapult
    for 2 < E < 4, and it diverges for E > 4.
    """
    return eta * lambda1 * (alpha * alpha + beta1 * beta1)


def unclipped_catapult(lambda1: Any, alpha: Any, beta1: Any) -> Any:
    """Return the step size with E = 2: below it L1 never rises; above it a run without bounds starts above 2/eta.

    For lambda2 -> 0.  Between E = 2 and E = 4 it is a catapult: it ends below 2/eta.
    """
    return 2.0 / unclipped_energy(lambda1, 1.0, alpha, beta1)


def unclipped_divergence(lambda1: Any, alpha: Any, beta1: Any) -> Any:
    """Return the step size with E = 4: above it almost every run without bounds diverges (lambda2 -> 0)."""
    return 4.0 / unclipped_energy(lambda1, 1.0, alpha, beta1)


def largest_radius(lambda1: Any, eta: Any) -> Any:
    """Return 1/sqrt(eta lambda1): with a smaller projection radius no step on L1 can change the sign of alpha.

    The start is not projected, so |beta1| must be smaller there, too.  A whole step keeps the sign while
    alpha beta2 >= 0 and eta (lambda1 radius^2 + lambda2 beta2^2) <= 1.  Where beta2 is large, or has the other sign, L2
    can flip alpha whatever the radius.

    In units of the preset, radius = kappa/sqrt(lambda1): kappa < 1/sqrt(eta).
    """
    return 1.0 / np.sqrt(eta * lambda1)


def smallest_radius(lambda2: Any, eta: Any) -> Any:
    """Return sqrt(eta lambda2/8): with a smaller projection radius beta1 cannot stop alpha where its pull is strongest.

    At the edge, lambda1 alpha^2 = 2/eta, that is where alpha beta2 = 1/2.  Elsewhere the pull is weaker, and a smaller
    beta1 holds some runs at 2/eta.

    In units of the preset, radius = kappa/sqrt(lambda1): kappa >= sqrt(eta lambda1 lambda2/8).
    """
    return np.sqrt(eta * lambda2 / 8.0)


def turning_points(pressure: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return both roots of z - 1 - ln z = pressure/2, between which z = eta lambda1 alpha^2/2 oscillates.

    Parameters
    ----------
    pressure
        eta lambda1 beta1^2 at z = 1.  Where the projection acts there it is kappa^2 eta, kappa = radius sqrt(lambda1).

    Returns
    -------
    tuple of ndarray
        The turning points below and above one.  See :mod:`eos_sweep.analysis.phases`.
    """
    half = 0.5 * np.asarray(pressure, np.float64)
    roots = []
    # z - 1 outside of each root; the function is convex, so Newton's method approaches from there.
    for side in (np.expm1(-1.0 - half), half + np.sqrt(2.0 * half)):
        for _ in range(60):
            error = side - np.log1p(side) - half
            side = np.where(error > 0.0, side - error * (1.0 + side) / np.where(side == 0.0, 1.0, side), side)
        roots.append(1.0 + side)
    return roots[0], roots[1]


def largest_clip(lambda1: Any, eta: Any) -> Any:
    """Return 1/sqrt(eta^3 lambda1): with a smaller gradient clip no step on L1 can change the sign of alpha.

    Where the gradient is within the clip, |beta1| <= eta clip/x^2 with x^2 = eta lambda1 alpha^2, and a step multiplies
    beta1 by |1 - x^2|; elsewhere a step reduces |beta1| by eta clip.  So once |beta1| <= eta clip holds, it holds for
    ever, and eta clip acts as a radius (``largest_radius``).
    """
    return largest_radius(lambda1, eta) / eta


def smallest_clip(lambda2: Any, eta: Any) -> Any:
    """Return sqrt(lambda2/(2 eta)): with a smaller gradient clip beta1 cannot stop alpha where its pull is strongest.

    At 2/eta a clip holds beta1 at +-eta clip/2, which must be at least ``smallest_radius``.
    """
    return smallest_radius(lambda2, eta) / (0.5 * eta)


def _onset(v: Values) -> np.ndarray:
    return v["eta"] / onset_step_size(v["lambda1"], v["alpha"], v["beta1"], v["beta2"])


def _energy(v: Values) -> np.ndarray:
    free = np.isinf(v["clip"]) & np.isinf(v["radius"])
    return np.where(free, unclipped_energy(v["lambda1"], v["eta"], v["alpha"], v["beta1"]), np.nan)


def _relative(bound: np.ndarray, to: np.ndarray) -> np.ndarray:
    return np.where(np.isinf(bound), np.nan, bound / to)


LINES = (
    CriticalLine(
        "onset",
        r"$\eta = 2/\varphi(\theta_0)$",
        "above it gradient flow from the start ends in an unstable minimum; for beta1, lambda2/lambda1 -> 0 a "
        "run that starts below the edge sharpens until it reaches it",
        _onset,
        of_edge=True,
    ),
    CriticalLine(
        "two_over_lambda1",
        r"$\eta\,\lambda_1 = 2$",
        "below it theorem 4.1 says nothing: it assumes eta >= 2/lambda1",
        lambda v: v["eta"] * v["lambda1"] / 2.0,
    ),
    CriticalLine(
        "lambda_product",
        r"$\lambda_1 \lambda_2 = 1$",
        "above it theorem 4.1 says nothing: it assumes lambda1 lambda2 <= 1",
        lambda v: v["lambda1"] * v["lambda2"],
    ),
    CriticalLine(
        "unclipped_divergence",
        r"$\eta\,\lambda_1(\alpha_0^2 + \beta_{1,0}^2) = 4$",
        "above it almost every run without clip and projection diverges (lambda2 -> 0)",
        lambda v: _energy(v) / 4.0,
    ),
    CriticalLine(
        "flips_excluded",
        r"$\mathrm{radius} = 1/\sqrt{\eta\,\lambda_1}$",
        "below it no step flips alpha, if |beta1| at the start is below 1/sqrt(eta lambda1) too, and alpha beta2 >= 0 "
        "(lambda2 -> 0); at any lambda2 none does while alpha beta2 >= 0 and "
        "eta (lambda1 radius^2 + lambda2 beta2^2) <= 1",
        lambda v: _relative(v["radius"], largest_radius(v["lambda1"], v["eta"])),
    ),
    CriticalLine(
        "flip_at_the_start",
        r"$\eta\,\lambda_1 \beta_{1,0}^2 = 1$",
        "above it the first step flips alpha, unless that is zero (lambda2 -> 0)",
        lambda v: v["eta"] * v["lambda1"] * v["beta1"] * v["beta1"],
    ),
    CriticalLine(
        "unclipped_catapult",
        r"$\eta\,\lambda_1(\alpha_0^2 + \beta_{1,0}^2) = 2$",
        "without clip and projection: above it the start is above 2/eta, below it L1 never rises (lambda2 -> 0)",
        lambda v: _energy(v) / 2.0,
    ),
    CriticalLine(
        "room",
        r"$\mathrm{radius} = \sqrt{\eta\,\lambda_2/8}$",
        "below it the projection keeps beta1 too small to stop alpha at the edge, lambda1 alpha^2 = 2/eta, where the "
        "pull on it is strongest, alpha beta2 = 1/2",
        lambda v: _relative(v["radius"], smallest_radius(v["lambda2"], v["eta"])),
    ),
    CriticalLine(
        "flips_excluded_by_clip",
        r"$\mathrm{clip} = 1/\sqrt{\eta^3 \lambda_1}$",
        "below it no step flips alpha, if |beta1| at the start is below 1/sqrt(eta lambda1), and alpha beta2 >= 0 "
        "(lambda2 -> 0)",
        lambda v: _relative(v["clip"], largest_clip(v["lambda1"], v["eta"])),
    ),
    CriticalLine(
        "room_under_clip",
        r"$\mathrm{clip} = \sqrt{\lambda_2/(2\eta)}$",
        "below it the clip, which holds |beta1| at eta clip/2 there, keeps beta1 too small to stop alpha at the edge, "
        "lambda1 alpha^2 = 2/eta, where the pull on it is strongest, alpha beta2 = 1/2",
        lambda v: _relative(v["clip"], smallest_clip(v["lambda2"], v["eta"])),
    ),
)
