"""One to four irrelevant features beside a relevant one: `bivariate` with up to four unstable directions.

f(x) = alpha (beta_1 x_1 + ... + beta_k x_k + beta_r x_r) is fitted to inputs of variances lambda_1 ... lambda_k,
lambda_r with the response x_r:

    L = sum_j lambda_j (alpha beta_j)^2 / 2 + lambda_r (alpha beta_r - 1)^2 / 2

    alpha <- alpha - eta (alpha sum_j lambda_j beta_j^2 + lambda_r (alpha beta_r - 1) beta_r)
    beta_j <- beta_j (1 - eta lambda_j alpha^2),    beta_r <- beta_r - eta lambda_r (alpha beta_r - 1) alpha

An input of variance zero is absent; ``lambda2``, ``lambda3`` and ``lambda4`` are zero by default.  With ``lambda1``
alone this is the model of Liu, Zhang, Du, Zhao 2025, "A Minimalist Example of Edge-of-Stability and Progressive
Sharpening", arXiv 2503.02809, bit for bit except for the sharpness, which is the same to 3e-15.  Each gradient may be
clipped (|dL/dbeta_j| <= clip), and each beta_j may be projected (|beta_j| <= radius after the step).

Inputs of equal variance act as one, with beta^2 the sum of their beta_j^2, as long as no bound acts.  Among unequal
inputs the one of largest variance wins at the edge: at eta lambda_1 alpha^2 = 2 a step multiplies beta_2 by
1 - 2 lambda_2/lambda_1.  Before that it shrinks faster than the others: below eta lambda_1 alpha^2 =
2 / (1 + lambda_2/lambda_1), beta_1 falls behind beta_2.

Each beta_j has its own exponent, as in `bivariate`: its value is ``beta_j * 2**(512 * power_j)``.
"""

import numpy as np

from eos_sweep.contract import CriticalLine, Quantity, Values
from eos_sweep.derivation.convergence import MARGIN, below_edge
from eos_sweep.eigen.secular import SECULAR_STAGES, secular_stable
from eos_sweep.exponent import rescaled, squared, value
from eos_sweep.models.bivariate_theory import flow_limit
from eos_sweep.models.inner_weight import along, gap, held, moved, stretched
from eos_sweep.plain import *
from eos_sweep.scalar import inlined, select

LOSS = "lambda_r*(alpha*beta_r - 1)**2/2" + "".join(f" + lambda{k}*(alpha*beta{k})**2/2" for k in range(1, 5))
TITLE = "f(x) = α(β₁x₁ + … + β₄x₄ + βᵣxᵣ)"
REFERENCE = "after Liu, Zhang, Du, Zhao 2025, arXiv 2503.02809"
WEIGHT, SCALE = (0.0, 1e60), (1e-60, 1e60)  # keep eta lambda beta^2 between 1e-180 and 1e240
INPUTS = 4
OPTIONAL_INPUTS = {2: "₂", 3: "₃", 4: "₄"}
STATE = {
    "alpha": Quantity("outer weight", "α", sizes=WEIGHT),
    "beta1": Quantity("inner weight of irrelevant feature 1", "β₁", sizes=WEIGHT),
    **{
        f"beta{k}": Quantity(f"inner weight of irrelevant feature {k}", f"β{sign}", default=0.0, sizes=WEIGHT)
        for k, sign in OPTIONAL_INPUTS.items()
    },
    "beta_r": Quantity("inner weight of the relevant feature", "βᵣ", sizes=WEIGHT),
}
PARAMETERS = {
    "lambda1": Quantity("variance of irrelevant feature 1", "λ₁", above=0.0, sizes=SCALE),
    **{
        f"lambda{k}": Quantity(f"variance of irrelevant feature {k}", f"λ{sign}", default=0.0, least=0.0, sizes=SCALE)
        for k, sign in OPTIONAL_INPUTS.items()
    },
    "lambda_r": Quantity("variance of the relevant feature", "λᵣ", above=0.0, sizes=SCALE),
    "eta": Quantity("step size", "η", above=0.0, sizes=SCALE),
    "clip": Quantity("bound on the gradient of each beta_j", "clip", default=np.inf, least=0.0),
    "radius": Quantity("bound on each beta_j itself (projection)", "radius", default=np.inf, least=0.0),
}
TRIAL = {
    "lambda1": "10 ** uniform(0, 3)",
    "lambda2": "lambda1 * min(1, uniform(0.5, 1.2))",
    "lambda3": "lambda1 * uniform(0.01, 1.5)",
    "lambda4": "lambda2 * 10 ** uniform(-3, 0)",
    "lambda_r": "10 ** uniform(-3, 0)",
    "eta": "10 ** uniform(-2, 0)",
    "radius": "10 ** uniform(-2, 0)",
    "alpha": "uniform(-1.2, 1.2)",
    **{f"beta{k}": "uniform(-0.5, 0.5)" for k in range(1, INPUTS + 1)},
    "beta_r": "uniform(-0.5, 1.5)",
}
CARRIED = "beta1", "beta2", "beta3", "beta4"
PRESETS = {"radius": {"liu2025": "sqrt(10) / 6 / sqrt(max(lambda1, lambda2, lambda3, lambda4))"}}
LOSS_PARTS = {
    "loss_irrelevant": Quantity("loss of the irrelevant features", "L₁"),
    "loss_relevant": Quantity("loss of the relevant feature", "Lᵣ"),
}
GUARD = "alpha"
# For other update rules than gd.
GRADIENT_BOUNDS = {f"beta{k}": "clip" for k in range(1, INPUTS + 1)}
WEIGHT_BOUNDS = {f"beta{k}": "radius" for k in range(1, INPUTS + 1)}
OBSERVABLES = ()  # each beta_j that may vanish has its own exponent


@inlined
def threshold(p):
    lambda1, lambda2, lambda3, lambda4, lambda_r, eta, clip, radius = p
    return 2.0 / eta


@inlined
def pressures(theta, p):
    """Return eta lambda_j beta_j^2 of each irrelevant input; as in bivariate, shared products have the factor eta."""
    alpha, beta1, beta2, beta3, beta4, beta_r, power1, power2, power3, power4 = theta
    lambda1, lambda2, lambda3, lambda4, lambda_r, eta, clip, radius = p
    return (
        squared(beta1, power1, eta * lambda1),
        squared(beta2, power2, eta * lambda2),
        squared(beta3, power3, eta * lambda3),
        squared(beta4, power4, eta * lambda4),
    )


@inlined
def pressure(theta, p):
    """Return the sum of ``pressures``, which pushes alpha down."""
    first, second, third, fourth = pressures(theta, p)
    return (first + second) + (third + fourth)


@inlined
def error(theta, p):
    """Return eta lambda_r (alpha beta_r - 1), the remaining error."""
    alpha, beta1, beta2, beta3, beta4, beta_r, power1, power2, power3, power4 = theta
    lambda1, lambda2, lambda3, lambda4, lambda_r, eta, clip, radius = p
    return (eta * lambda_r) * (alpha * beta_r - 1.0)


@inlined
def step(theta, p):
    alpha, beta1, beta2, beta3, beta4, beta_r, power1, power2, power3, power4 = theta
    lambda1, lambda2, lambda3, lambda4, lambda_r, eta, clip, radius = p
    left = error(theta, p)
    return (
        alpha - (alpha * pressure(theta, p) + left * beta_r),
        moved(beta1, power1, alpha, lambda1, eta, clip, radius),
        moved(beta2, power2, alpha, lambda2, eta, clip, radius),
        moved(beta3, power3, alpha, lambda3, eta, clip, radius),
        moved(beta4, power4, alpha, lambda4, eta, clip, radius),
        beta_r - left * alpha,
        power1,
        power2,
        power3,
        power4,
    )


@inlined
def clipped(theta, p):
    alpha, beta1, beta2, beta3, beta4, beta_r, power1, power2, power3, power4 = theta
    lambda1, lambda2, lambda3, lambda4, lambda_r, eta, clip, radius = p
    return (
        held(beta1, power1, alpha, lambda1, eta, clip, radius)
        | held(beta2, power2, alpha, lambda2, eta, clip, radius)
        | held(beta3, power3, alpha, lambda3, eta, clip, radius)
        | held(beta4, power4, alpha, lambda4, eta, clip, radius)
    )


@inlined
def tangent(theta, p, v):
    """Apply the Jacobian of a step to changes of alpha, of each log|beta_j| and of beta_r."""
    alpha, beta1, beta2, beta3, beta4, beta_r, power1, power2, power3, power4 = theta
    lambda1, lambda2, lambda3, lambda4, lambda_r, eta, clip, radius = p
    turn, stretch1, stretch2, stretch3, stretch4, shift = v
    first, second, third, fourth = pressures(theta, p)
    left = error(theta, p)
    grown = (first * stretch1 + second * stretch2) + (third * stretch3 + fourth * stretch4)
    learnt = (eta * lambda_r) * (turn * beta_r + alpha * shift)
    return (
        turn - (turn * pressure(theta, p) + 2.0 * alpha * grown + learnt * beta_r + left * shift),
        stretched(beta1, power1, alpha, lambda1, eta, clip, radius, turn, stretch1),
        stretched(beta2, power2, alpha, lambda2, eta, clip, radius, turn, stretch2),
        stretched(beta3, power3, alpha, lambda3, eta, clip, radius, turn, stretch3),
        stretched(beta4, power4, alpha, lambda4, eta, clip, radius, turn, stretch4),
        shift - (learnt * alpha + left * turn),
    )


@inlined
def rescale(theta, p):
    alpha, beta1, beta2, beta3, beta4, beta_r, power1, power2, power3, power4 = theta
    beta1, power1 = rescaled(beta1, power1)
    beta2, power2 = rescaled(beta2, power2)
    beta3, power3 = rescaled(beta3, power3)
    beta4, power4 = rescaled(beta4, power4)
    return alpha, beta1, beta2, beta3, beta4, beta_r, power1, power2, power3, power4


@inlined
def doubled_loss_parts(theta, p):
    """Return 2 eta times the loss of the irrelevant features, and 2 eta times that of the relevant one."""
    alpha, beta1, beta2, beta3, beta4, beta_r, power1, power2, power3, power4 = theta
    return pressure(theta, p) * (alpha * alpha), error(theta, p) * (alpha * beta_r - 1.0)


@inlined
def loss(theta, p):
    irrelevant, relevant = doubled_loss_parts(theta, p)
    return 0.25 * threshold(p) * (irrelevant + relevant)


def loss_parts(theta, p):
    """Return the loss of the irrelevant features and that of the relevant one, in the order of LOSS_PARTS."""
    return tuple(0.25 * threshold(p) * part for part in doubled_loss_parts(theta, p))


@inlined
def curvature(theta, p):
    """Return eta times the Hessian, an arrowhead matrix: its diagonal, and its squared arms, that of beta_r second."""
    alpha, beta1, beta2, beta3, beta4, beta_r, power1, power2, power3, power4 = theta
    lambda1, lambda2, lambda3, lambda4, lambda_r, eta, clip, radius = p
    first, second, third, fourth = pressures(theta, p)
    bend = eta * lambda_r
    arm = 2.0 * error(theta, p) + bend
    down1, down2 = along(alpha, lambda1, eta), along(alpha, lambda2, eta)
    down3, down4 = along(alpha, lambda3, eta), along(alpha, lambda4, eta)
    arm1, arm2 = (2.0 * down1) * (2.0 * first), (2.0 * down2) * (2.0 * second)
    arm3, arm4 = (2.0 * down3) * (2.0 * third), (2.0 * down4) * (2.0 * fourth)
    corner = pressure(theta, p) + bend * (beta_r * beta_r)
    return corner, down1, bend * (alpha * alpha), down2, down3, down4, arm1, arm * arm, arm2, arm3, arm4


stable, SHARPNESS_STAGES = secular_stable, SECULAR_STAGES


@inlined
def lesser(variance, least):
    """Return the smaller of two variances, without ``variance`` if it is zero."""
    return select((variance > 0.0) & (variance < least), variance, least)


@inlined
def settled(theta, p, loss, tolerance):
    """Tell whether the run stays at its minimum: the remaining loss does not move the sharpness to 2/eta.

    A run whose clip or projection acts is never settled, since the bound may hold a beta_j where it is.
    """
    alpha, beta1, beta2, beta3, beta4, beta_r, power1, power2, power3, power4 = theta
    lambda1, lambda2, lambda3, lambda4, lambda_r, eta, clip, radius = p
    least = lesser(lambda4, lesser(lambda3, lesser(lambda2, lambda1)))
    room = gap(loss, alpha, least, lambda_r)
    over = (loss < tolerance) & (room < MARGIN)
    return select(clipped(theta, p), False, over & stable(curvature(theta, p), below_edge(room)))


def balance(theta, p):
    """Return Q = alpha^2 - sum_j beta_j^2 - beta_r^2 over the inputs present, which gradient flow conserves."""
    alpha, beta_r = theta[0], theta[INPUTS + 1]
    inner = (value(*number) for number in zip(theta[1 : INPUTS + 1], theta[INPUTS + 2 :], strict=True))
    squares = (np.where(variance > 0.0, beta * beta, 0.0) for variance, beta in zip(p, inner, strict=False))
    return alpha * alpha - sum(squares) - beta_r * beta_r


def flow_sharpness(theta, p):
    """Return the larger of max_j lambda_j h(Q) and lambda_r (h(Q) + 1/h(Q)), the sharpness where gradient flow ends.

    It ends at alpha^2 = h(Q), beta_j = 0, alpha beta_r = 1; NaN if in the saddle.  No bound on beta_j acts on it.
    """
    alpha, *betas, beta_r = theta[: INPUTS + 2]
    square = flow_limit(balance(theta, p))
    level = np.maximum(np.maximum.reduce(p[:INPUTS]) * square, p[INPUTS] * (square + 1.0 / square))
    return np.where((alpha == -beta_r) & ((alpha == 0.0) | ~np.any(betas, axis=0)), np.nan, level)


def _edges(v: Values) -> np.ndarray:
    """Return eta lambda_j alpha^2 / 2 where gradient flow from the start ends, in increasing order of lambda_j."""
    p = tuple(v[name] for name in PARAMETERS)
    end = flow_limit(balance((*(v[name] for name in STATE), *(0.0,) * INPUTS), p))
    return np.sort(np.stack(np.broadcast_arrays(*(0.5 * v["eta"] * end * variance for variance in p[:INPUTS])), -1), -1)


def _flips_excluded(v: Values) -> np.ndarray:
    total = sum(v[f"lambda{k}"] for k in range(1, INPUTS + 1))
    return np.where(np.isinf(v["radius"]), np.nan, v["radius"] * np.sqrt(v["eta"] * total))


LINES = (
    CriticalLine(
        "onset",
        r"$\eta = 2/\varphi(\theta_0)$",
        "above it gradient flow from the start ends in a minimum that is unstable along the input of largest variance; "
        "for beta_j, lambda_r/lambda_j -> 0 a run that starts below the edge sharpens until it reaches it",
        lambda v: _edges(v)[..., -1],
        of_edge=True,
    ),
    CriticalLine(
        "second_onset",
        r"$\eta\,\lambda_{(2)} h(Q_0) = 2$",
        "above it gradient flow from the start ends in a minimum that is unstable along a second input as well",
        lambda v: _edges(v)[..., -2],
        of_edge=True,
    ),
    CriticalLine(
        "flips_excluded",
        r"$\mathrm{radius} = (\eta\,\Sigma_j \lambda_j)^{-1/2}$",
        "below it the irrelevant inputs never flip alpha, if each |beta_j| at the start is within the radius, too",
        _flips_excluded,
    ),
)
