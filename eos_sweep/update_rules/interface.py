"""What an update rule is, and what it sees of a step.

A rule is a module.  A *base* rule turns the gradient into an update; a *modifier* changes the gradient, the step size,
or the update of any base rule.  A step of a base rule with its modifiers is

    x' = keep x - rate update(eta g~),    then each |x'| at most the bound of the weights, if there is one,

with g~ the gradient after the modifiers that change it: noise, then a clip, then L2.  ``keep`` is 1 - rate eta lambda
under decoupled decay, else one, and ``rate`` is the factor of a schedule, else one.  Pushes are eta times a gradient:
with momentum 0, decay 0, radius 0 a rule then does the operations of gradient descent, to the last bit.
"""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

from eos_sweep.contract import Quantity

Vector = Any  # an entry for each weight
Scalar = Any
Condition = Any
BELOW_ONE = 1.0 - 2.0**-53  # the largest decay of a memory, which with one would forget nothing


class Now(NamedTuple):
    """One step as a rule sees it."""

    x: Vector
    push: Callable[[Vector], Vector]  # eta times the gradient at given weights
    memory: SimpleNamespace  # name -> vector, of MEMORY
    clocks: SimpleNamespace  # name -> scalar, of CLOCKS
    p: SimpleNamespace  # name -> scalar, of PARAMETERS
    eta: Scalar
    normals: Callable[[], Vector]  # independent standard normal numbers of this step, one for each weight
    sign: Callable[[], Scalar]  # +1 or -1, at random, one for each step
    keep: Scalar = 1.0  # what a step multiplies x by before the update, in ``edge``
    rate: Scalar = 1.0  # what a step multiplies the update by, in ``update``
    unclipped: Callable[[Vector], Vector] = lambda at: at  # the push without clips, in ``edge`` and ``scaling``


class Update(NamedTuple):
    """What a base rule makes of a step: the update, and its new memory and clocks."""

    update: Vector
    memory: Mapping[str, Vector] = {}
    clocks: Mapping[str, Scalar] = {}


class Base(Protocol):
    """A base rule.  What is marked optional may be left out."""

    TITLE: str
    REFERENCE: str
    PARAMETERS: Mapping[str, Quantity]
    MEMORY: Sequence[str]  # vectors that it keeps, zero at the start
    CLOCKS: Mapping[str, float]  # numbers of time alone that it keeps -> their start; ``clock`` counts the steps
    EDGE: str  # the edge of stability: a formula (mathtext) of the sharpness S at which it loses stability
    DECAYED_EDGE: str  # the same with decoupled weight decay; optional
    EDGE_OF_STATE: bool  # whether the edge depends on the state
    RESTS: bool  # whether a run can rest at a minimum; optional: True
    SHARPNESS: str  # the matrix whose largest eigenvalue is S; optional: Hessian

    def update(self, now: Now) -> Update: ...

    # Optional: name -> value with which the rule is tried, or an expression with draws, for the checks of models.
    TRIAL: Mapping[str, float | str]

    # The least eigenvalue of eta times the Hessian at which a step is not stable.  ``now.eta`` and the pushes are those
    # of the schedule; 1 + now.keep is what gradient descent gives.
    def edge(self, now: Now) -> Scalar: ...

    # Optional.  The Hessian H counts as R^(1/2) H R^(1/2), with R the diagonal that this returns.
    def scaling(self, now: Now) -> Vector: ...

    # Optional: how far x goes on if there is no gradient any more.
    def coast(self, now: Now) -> Vector: ...

    # Optional: whether a run that is at rest stays there.  Without it, it does.
    def settles(self, now: Now) -> Condition: ...


class Modifier(Protocol):
    """A modifier has TITLE, REFERENCE, PARAMETERS, CLOCKS, TRIAL as a base rule has.

    It has at least one of these functions; all of them may be left out.
    """

    EDGE: str  # the edge of gradient descent with it: a formula (mathtext)

    def labels(self, now: Now) -> Scalar: ...  # the size of the noise on the targets of a formula, its table y

    ORDER: int  # of those that change the gradient, the least first

    def gradient(self, now: Now, push: Vector, at: Vector) -> Vector: ...
    def shift(self, now: Now) -> Scalar: ...  # with it: the multiple of one by which eta times the Hessian changes
    def rate(self, now: Now) -> Scalar: ...  # the factor of a schedule, above zero
    def tick(self, now: Now) -> Mapping[str, Scalar]: ...  # its CLOCKS after the step; ``clock`` goes on by itself
    def decay(self, now: Now) -> Scalar: ...  # eta lambda of decoupled decay
    def limited(self, now: Now, update: Vector) -> Vector: ...
    def bound(self, now: Now) -> Scalar: ...  # of the size of each weight
    def clips(self, now: Now, vector: Vector) -> Condition: ...  # whether ``gradient`` or ``limited`` changes a vector
    def settles(self, now: Now) -> Condition: ...
