"""What a model and an observable must offer: the contracts that everything else relies on.

A *model* and an *observable* are modules, not classes: numba resolves ``model.step(...)`` on a closed-over module,
and a module's functions keep their names in tracebacks, in caches and in the reader's head.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeGuard

import numpy as np

Numbers = tuple[Any, ...]  # one number a name; each a float in a kernel, an array of floats in NumPy

CHUNK = 16  # steps between two looks at a trajectory: rescaling, convergence, budget
LONGEST = 16  # steps of an orbit that is looked for at the end of a trajectory
RETURNED = 1e-12  # relative, in each coordinate: far above rounding, far below what a slow run moves in a step
EDGE = 2.0  # the edge of stability: the largest eigenvalue of eta times the Hessian is two


class Quantity(NamedTuple):
    """A named input: a parameter or a coordinate of the initial state."""

    long_name: str
    symbol: str
    default: float | str | None = None  # a number or an expression; None: the user must say
    above: float = -np.inf  # values must be > above ...
    least: float = -np.inf  # ... and >= least ...
    sizes: tuple[float, float] = (0.0, np.inf)  # beyond these sizes products of the model over- or underflow
    most: float = np.inf  # ... and <= most
    whole: bool = False  # only whole numbers, or infinity where it is the default


class Variable(NamedTuple):
    """A named output: one number per trajectory."""

    dtype: str
    long_name: str
    fill: float  # what a cell that was never computed holds
    flags: Mapping[str, int] | None = None  # CF flag_meanings -> flag_values
    centre: float | None = None  # the value on which a map of colours is centred


Values = Mapping[str, np.ndarray]  # name -> values of every parameter and initial coordinate, broadcast-compatible


class CriticalLine(NamedTuple):
    """A line that theory draws into parameter space, in whatever slice of it: where ``ratio`` is one."""

    name: str
    label: str  # mathtext
    meaning: str
    ratio: Callable[[Values], np.ndarray]  # > 0; NaN where the line's assumptions do not hold


class Moment(NamedTuple):
    """What an observable sees of one step, the step that ended in ``theta``: numbers in a kernel, arrays in NumPy."""

    before: Numbers  # the state before the step
    theta: Numbers  # the state after it
    p: Numbers
    loss: Any
    loss_before: Any
    stable: Any  # whether sharpness < 2/eta after the step
    guard: Any  # the model's guarded coordinate after the step, 1 if it has none
    clipped: Any  # whether a clip or a projection changed the step


class Ends(NamedTuple):
    """What is known of trajectories when they have ended, or before they start: arrays, one entry a trajectory."""

    model: "Model"
    theta: Numbers
    p: Numbers
    loss: np.ndarray
    steps: np.ndarray  # steps taken
    status: np.ndarray  # RUNNING (the budget ended), CONVERGED or DIVERGED
    maximum: np.ndarray  # largest sharpness met, in units of 1/eta, where an observable needs it
    budget: int
    period: np.ndarray | int = 0  # of the orbit on which a RUNNING trajectory is, where an observable needs it


RUNNING, CONVERGED, DIVERGED = 0, 1, 2


class Model(Hashable, Protocol):
    """One model, one module.  ``theta`` and ``p`` are tuples; every function must be free of branches.

    ``theta`` holds the coordinates of STATE in order; a coordinate of CARRIED has an entry of its own behind them, the
    number of times its mantissa was multiplied by 2**-512 (``rescale``), so that it never underflows.
    """

    __name__: str
    TITLE: str
    REFERENCE: str
    STATE: Mapping[str, Quantity]
    PARAMETERS: Mapping[str, Quantity]
    CONDITIONS: Mapping[str, Callable[[Values], np.ndarray]]  # in words -> whether inputs meet it; may be left out
    TRIAL: Mapping[str, float | str]  # inputs at which the model is tried: numbers, or expressions with draws
    DESCENT: bool  # whether a step is one of gradient descent in the coordinates of STATE; if left out, it is
    CARRIED: Sequence[str]
    PRESETS: Mapping[str, Mapping[str, str]]  # parameter -> preset name -> expression
    LOSS_PARTS: Mapping[str, Quantity]  # what loss_parts returns
    LIMIT: float  # a loss that is not below this has diverged
    GUARD: str | None  # the coordinate whose change of sign is a regime of its own
    LINES: Sequence[CriticalLine]  # beside the one where the start is at the edge, which every model has
    OBSERVABLES: Sequence[str]  # those that are stored by default although they are not for other models
    THRESHOLDS: Mapping[str, float]  # of the regime rules, where their defaults are not the ones for this model
    claims: Any  # functions with the names of observables that need CLAIM; may be left out

    def threshold(self, p: Numbers) -> Any: ...  # 2 / eta, the edge of stability
    def step(self, theta: Numbers, p: Numbers) -> Numbers: ...
    def rescale(self, theta: Numbers, p: Numbers) -> Numbers: ...  # called once every CHUNK steps
    def loss(self, theta: Numbers, p: Numbers) -> Any: ...
    def loss_parts(self, theta: Numbers, p: Numbers) -> Numbers: ...

    # What a kernel computes of the Hessian at each step: the numbers that fix the top eigenvalue of eta times it.  The
    # stages take them to that eigenvalue one after the other, from a tuple to a tuple, the last one to a single number.
    def curvature(self, theta: Numbers, p: Numbers) -> Numbers: ...
    def stable(self, curvature: Numbers, bound: Any) -> Any: ...  # top eigenvalue < bound, without computing it

    SHARPNESS_STAGES: Sequence[Callable[[Numbers], Numbers]]

    def settled(self, theta: Numbers, p: Numbers, loss: Any, tolerance: Any) -> Any: ...  # never with loss >= tolerance
    def clipped(self, theta: Numbers, p: Numbers) -> Any: ...

    # The Jacobian of step, applied to v: one number for each coordinate of STATE, the change of its value, or, if it is
    # CARRIED, its change relative to its value.
    def tangent(self, theta: Numbers, p: Numbers, v: Numbers) -> Numbers: ...
    def hessian(self, theta: Numbers, p: Numbers) -> np.ndarray: ...

    # Optional, in NumPy: ``flow_sharpness(theta, p)``, the sharpness of the minimum that gradient flow reaches, and
    # ``balance(theta, p)``, what it keeps on its way there.


OPTIONAL = "CONDITIONS", "DESCENT", "claims"  # what a model may leave out


class Observable(Hashable, Protocol):
    """One observable, one module.

    ``start`` and ``finish`` are NumPy and work on all trajectories at once.  The others are compiled into the kernel:
    ``watch`` sees every step and may raise flags, ``fold`` sees each flag of up to CHUNK steps as the bits of one
    integer (bit k: step ``age + k + 1``; none beyond ``steps``), ``watch_sharpness`` sees S eta / 2.  An observable
    without them costs nothing while the kernel runs.

    With TANGENT, ``watch`` gets a third argument: what the Jacobian of the step makes of the last numbers kept, one for
    each coordinate.  With CARRIED, KEPT numbers are kept for each coordinate with its own exponent; ``watch``, which
    raises no flags then, is called for each of them, with its mantissa and power as a third argument.
    each coordinate.  With CLAIM, it is what the model's claim of the observable's name says of (before, theta, p), or,
    for ``watch_sharpness``, of (curvature, its top eigenvalue).
    """

    __name__: str
    NEEDS: Sequence[str]  # of those below
    KEPT: int  # float64 numbers kept per trajectory; with TANGENT those for the coordinates come on top
    COUNTS: int  # int64 numbers kept per trajectory
    FLAGS: int  # flags raised by watch

    def variables(self, model: Model) -> Mapping[str, Variable]: ...
    def start(self, begin: Ends) -> tuple[Numbers, Numbers]: ...
    def watch(self, kept: Numbers, moment: Moment) -> tuple[Numbers, tuple[Any, ...]]: ...
    def watch_sharpness(self, kept: Numbers, ratio: Any) -> Numbers: ...  # with EVERY_STEP or TAIL
    def fold(self, counts: Numbers, bits: Numbers, age: Any, steps: Any) -> Numbers: ...
    def finish(self, begin: Ends, end: Ends, kept: Numbers, counts: Numbers) -> Mapping[str, np.ndarray]: ...


class Table(NamedTuple):
    """Training data: a sample a row, float64, C-contiguous."""

    inputs: np.ndarray
    targets: np.ndarray


class Network(Protocol):
    """One trajectory of an array model: its weights at one step, and what follows from them.

    Everything is float64.  ``weights`` is one vector of all that is trained; it is changed by ``advance`` and
    ``restore`` only, which leave ``loss`` and ``gradient`` those of the weights.
    """

    weights: np.ndarray
    gradient: np.ndarray
    loss: float

    def advance(self, steps: int) -> np.ndarray: ...  # take so many steps; the loss after each of them
    def restore(self, weights: np.ndarray) -> None: ...  # go back to weights that it had
    def hessian_product(self, vector: np.ndarray) -> np.ndarray: ...  # the exact Hessian of the loss times a vector
    def readings(self) -> tuple[float, ...]: ...  # in the order of READINGS


class ArrayModel(Hashable, Protocol):
    """A model of which one trajectory is itself a network of arrays: too many numbers for the lanes of a kernel.

    STATE holds what the initial weights are made from, such as their scale, not the weights.  PARAMETERS must hold
    those of ``eos_sweep.networks.common.COMMON``; any other may be a size, a degree, a seed.
    """

    TITLE: str
    REFERENCE: str
    STATE: Mapping[str, Quantity]
    PARAMETERS: Mapping[str, Quantity]
    CONDITIONS: Mapping[str, Callable[[Values], np.ndarray]]  # in words -> whether inputs meet it; may be left out
    PRESETS: Mapping[str, Mapping[str, str]]
    READINGS: Mapping[str, Quantity]  # what is read off the network, by name; stored as <name>_final
    LIMIT: float  # a loss that is not below this has diverged
    TARGETS: float  # columns that the targets of a data file may have at most; 0: the model takes no file

    def start(self, p: Numbers, initial: Numbers, data: Table | None) -> Network: ...


def is_array(model: Any) -> TypeGuard[ArrayModel]:
    """Whether ``model`` is an :class:`ArrayModel`."""
    return hasattr(model, "start")


class Data(NamedTuple):
    """A file of training data, and what must be in it."""

    file: str
    sha256: str


class Job(NamedTuple):
    """What is run for every trajectory of a sweep."""

    model: Model
    variables: tuple[str, ...]
    steps: int
    tolerance: float
    data: Data | None = None


def conditions(model: Model | ArrayModel) -> Mapping[str, Callable[[Values], np.ndarray]]:
    """Return what the inputs of ``model`` must meet together, beside the bounds that each has alone."""
    return getattr(model, "CONDITIONS", {})


# What an observable may need beside the state, the loss and the test of stability, which every kernel has.
MAXIMUM = "maximum"  # the largest sharpness, in Ends
EVERY_STEP = "every step"  # the sharpness of each step
TAIL = "tail"  # the sharpness of each step in the last tenth of the budget
ORBIT = "orbit"  # the period of the last steps, in Ends
TANGENT = "tangent"  # a vector that the Jacobian of each step turns
CARRIED = "carried"  # mantissa and power of each coordinate with its own exponent, one after the other
CLAIM = "claim"  # what the model claims of each step, or of its sharpness
