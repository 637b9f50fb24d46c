"""Adam: x' = x - eta m^/(sqrt(nu^) + epsilon) in each coordinate, of running means of the gradient and of its square.

The means are m' = beta1 m + (1 - beta1) g and nu' = beta2 nu + (1 - beta2) g^2, m^ = m'/(1 - beta1^t) and
nu^ = nu'/(1 - beta2^t) in step t = 1, 2, ...  The largest eigenvalue S of D^(-1/2) H D^(-1/2) counts, D = diag
sqrt(nu^) + epsilon.  With nu and t held, a step is stable while S < 2 (1 + beta1)/((1 - beta1) eta) times
1 - beta1^t; Cohen et al. have the last factor in D.  D follows the gradient, so that no minimum is stable.  The moments
are kept as eta m and eta^2 nu.  With decoupled decay this is AdamW.  Source: Kingma, Ba 2015, arXiv 1412.6980; at the
edge of stability: Cohen et al. 2022, arXiv 2207.14484.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules import rmsprop
from eos_sweep.update_rules.arithmetic import unless_zero
from eos_sweep.update_rules.interface import BELOW_ONE, Now, Scalar, Update, Vector

TITLE = "Adam"
REFERENCE = "Kingma, Ba 2015, arXiv 1412.6980; Cohen et al. 2022, arXiv 2207.14484"
PARAMETERS = {
    "decay1": Quantity("decay of the first moment", "β₁", default=0.9, least=0.0, most=BELOW_ONE, sizes=(1e-60, 1.0)),
    "decay2": rmsprop.DECAY2._replace(default=0.999),
    "epsilon": rmsprop.EPSILON,
}
TRIAL = {"decay1": "uniform(0, 0.95)", **rmsprop.TRIAL}
MEMORY = ("first_moment", "second_moment")
CLOCKS = {"decay1_power": 1.0, "decay2_power": 1.0}
LEAST_POWER = 1e-30  # one less it is one, and smaller powers would become subnormal numbers, which are slow
EDGE = r"\frac{2(1+\beta_1)(1-\beta_1^{t})}{(1-\beta_1)\eta}"
EDGE_OF_STATE = True
RESTS = False
SHARPNESS = "preconditioned Hessian"


def powers(now: Now) -> tuple[Scalar, Scalar]:
    """Return beta1^t and beta2^t of this step."""
    return (
        np.maximum(LEAST_POWER, now.p.decay1 * now.clocks.decay1_power),
        np.maximum(LEAST_POWER, now.p.decay2 * now.clocks.decay2_power),
    )


def inverse(now: Now, second: Vector) -> Vector:
    """Return 1/(eta (1 - beta1^t) (1 - beta2^t) (sqrt(nu^) + epsilon)), zero in place of infinity.

    With u = 1 - beta2^t, the divisor is (1 - beta1^t) (sqrt(u nu') + u epsilon).  That takes one root and one division
    for a coordinate, which the step and the sharpness share, and none for the powers.
    """
    power1, power2 = powers(now)
    rest = 1.0 - power2
    root = np.sqrt(rest * second) + rest * (now.eta * now.p.epsilon)
    return 1.0 / unless_zero((1.0 - power1) * root)


def update(now: Now) -> Update:
    """Return eta m^/(sqrt(nu^) + epsilon)."""
    push = now.push(now.x)
    power1, power2 = powers(now)
    first = now.p.decay1 * now.memory.first_moment + (1.0 - now.p.decay1) * push
    second = rmsprop.second_moment(now, push)
    return Update(
        (now.eta * (1.0 - power2)) * first * inverse(now, second),
        {"first_moment": first, "second_moment": second},
        {"decay1_power": power1, "decay2_power": power2},
    )


def edge(now: Now) -> Scalar:
    """Return where a root of z^2 - (keep + beta1 - (1 - beta1) a/(1 - beta1^t)) z + beta1 keep is -1."""
    power1, _ = powers(now)
    return (1.0 + now.keep) * (1.0 + now.p.decay1) / (1.0 - now.p.decay1) * (1.0 - power1)


def scaling(now: Now) -> Vector:
    """Return 1/(sqrt(nu^) + epsilon)."""
    power1, power2 = powers(now)
    second = rmsprop.second_moment(now, now.push(now.x))
    return (now.eta * (1.0 - power1) * (1.0 - power2)) * inverse(now, second)
