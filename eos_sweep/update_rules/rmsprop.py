"""RMSProp: nu' = beta2 nu + (1 - beta2) g^2, x' = x - eta g/(sqrt(nu') + epsilon), in each coordinate.

A step is one of gradient descent with each coordinate of the gradient divided by D = sqrt(nu') + epsilon, so the
largest eigenvalue S of D^(-1/2) H D^(-1/2) counts.  With nu held, a step is stable while S < 2/eta.  D follows the
gradient, so that no minimum is stable: on a quadratic in one dimension a run ends on a cycle of two steps, |x| = eta/2,
at S = 2/eta.  The second moment is kept as eta^2 nu.  Source: Tieleman, Hinton 2012, "Lecture 6.5 - RMSProp"; at the
edge of stability: Cohen et al. 2022, arXiv 2207.14484.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.arithmetic import unless_zero
from eos_sweep.update_rules.interface import BELOW_ONE, Now, Scalar, Update, Vector

TITLE = "RMSProp"
REFERENCE = "Tieleman, Hinton 2012; Cohen et al. 2022, arXiv 2207.14484"
DECAY2 = Quantity("decay of the second moment", "β₂", default=0.99, least=0.0, most=BELOW_ONE, sizes=(1e-60, 1.0))
EPSILON = Quantity("epsilon beside the root of the second moment", "ε", default=1e-8, least=0.0, sizes=(1e-60, 1e30))
PARAMETERS = {"decay2": DECAY2, "epsilon": EPSILON}
TRIAL = {"decay2": "1 - 10 ** uniform(-3, 0)", "epsilon": "10 ** uniform(-9, 0)"}
MEMORY = ("second_moment",)
CLOCKS: dict[str, float] = {}
EDGE = r"2/\eta"
EDGE_OF_STATE = False
RESTS = False
SHARPNESS = "preconditioned Hessian"


def second_moment(now: Now, push: Vector) -> Vector:
    """Return eta^2 nu'."""
    return now.p.decay2 * now.memory.second_moment + (1.0 - now.p.decay2) * (push * push)


def inverse(now: Now, second: Vector) -> Vector:
    """Return 1/(eta (sqrt(nu) + epsilon)), zero in place of infinity.  The step and the sharpness share it."""
    return 1.0 / unless_zero(np.sqrt(second) + now.eta * now.p.epsilon)


def update(now: Now) -> Update:
    """Return eta g/(sqrt(nu') + epsilon)."""
    push = now.push(now.x)
    second = second_moment(now, push)
    return Update(now.eta * (push * inverse(now, second)), {"second_moment": second})


def edge(now: Now) -> Scalar:
    """Return 1 + keep, as for gradient descent."""
    return 1.0 + now.keep


def scaling(now: Now) -> Vector:
    """Return 1/(sqrt(nu') + epsilon)."""
    return now.eta * inverse(now, second_moment(now, now.push(now.x)))
