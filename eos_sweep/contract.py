"""The contracts of models, observables and networks, and the types that they share.

A *model* and an *observable* are modules, not classes: numba resolves ``model.step(...)`` on a closed-over module, and
its functions keep their names in tracebacks.  Several observables of one module are an :class:`ObservableRecord` each.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol, TypeGuard

import numpy as np

Numbers = tuple[Any, ...]  # one number for each name: a float in a kernel, an array of floats in NumPy

CHUNK = 16  # steps after which a kernel rescales a trajectory and tests convergence and budget
LONGEST_PERIOD = 16  # steps of an orbit that is looked for at the end of a trajectory
EDGE = 2.0  # the edge of stability of gradient descent: the largest eigenvalue of eta times the Hessian is two


class Quantity(NamedTuple):
    """A named input: a parameter or a coordinate of the initial state."""

    long_name: str
    symbol: str
    default: float | str | None = None  # a number or an expression; None: the user must give one
    above: float = -np.inf  # values must be > above ...
    least: float = -np.inf  # ... and >= least ...
    sizes: tuple[float, float] = (0.0, np.inf)  # beyond these sizes products of the model over- or underflow
    most: float = np.inf  # ... and <= most
    whole: bool = False  # only whole numbers, or infinity if that is the default
    without_data: bool = False  # whether it means nothing beside a file of training data


class Variable(NamedTuple):
    """A named output: one number per trajectory."""

    dtype: str
    long_name: str
    fill: float  # value of a cell that was never computed
    flags: Mapping[str, int] | None = None  # CF flag_meanings -> flag_values
    centre: float | None = None  # the value on which a map of colours is centred
    brings: tuple[str, ...] = ()  # variables that are stored along with it, where the model has them
    decides_regime: bool = False  # whether a regime rule reads it; then it can be stored ``_doubled``, too


DOUBLED = "_doubled"  # ends the name of a variable that holds the value after twice the budget

Values = Mapping[str, np.ndarray]  # name -> values of every parameter and initial coordinate, broadcast-compatible


class CriticalLine(NamedTuple):
    """A line of theory in parameter space, and in any slice of it: where ``ratio`` is one."""

    name: str
    label: str  # mathtext
    meaning: str
    ratio: Callable[[Values], np.ndarray]  # > 0; NaN where the line's assumptions do not hold
    of_edge: bool = False  # whether the ratio is a sharpness over 2/eta, and the line one of any rule with its edge


class Moment(NamedTuple):
    """One step as an observable sees it, the step that ended in ``theta``: numbers in a kernel, arrays in NumPy."""

    before: Numbers  # the state before the step
    theta: Numbers  # the state after it
    p: Numbers
    loss: Any
    loss_before: Any
    stable: Any  # whether the sharpness is below the edge of stability after the step
    guard: Any  # the model's guarded coordinate after the step, 1 if it has none
    guard_before: Any  # the same before the step, in the same power if it has its own exponent
    clipped: Any  # whether a clip or a projection changed the step


class Ends(NamedTuple):
    """The state of trajectories at their start or at their end: arrays, one entry for each trajectory."""

    model: "Model"
    theta: Numbers
    p: Numbers
    loss: np.ndarray
    steps: np.ndarray  # steps taken
    status: np.ndarray  # RUNNING (the budget ended), CONVERGED or DIVERGED
    maximum: np.ndarray  # largest sharpness met, in units of 1/eta, where an observable needs it
    budget: int
    period: np.ndarray | int = 0  # of the orbit on which a RUNNING trajectory is, where an observable needs it
    ratio: np.ndarray | float = 0.0  # largest sharpness over the edge, where ``maximum`` is needed and EDGE_MOVES
    top: Callable[[], np.ndarray] | None = None  # eta times the sharpness, computed once; for ``finish``


RUNNING, CONVERGED, DIVERGED = 0, 1, 2


class Model(Hashable, Protocol):
    """One model, one module.  ``theta`` and ``p`` are tuples; no function may branch.

    ``theta`` holds the coordinates of STATE in order, then the power of each coordinate of CARRIED: how many times
    ``rescale`` multiplied its mantissa by 2**-512, so that it never underflows.  Then follow the numbers of MEMORY and
    of CLOCKS, which an update rule keeps.  The memory of a carried coordinate is a mantissa in the coordinate's power.
    """

    __name__: str
    TITLE: str
    REFERENCE: str
    STATE: Mapping[str, Quantity]
    PARAMETERS: Mapping[str, Quantity]
    CONDITIONS: Mapping[str, Callable[[Values], np.ndarray]]  # in words -> whether inputs meet it; may be left out
    TRIAL: Mapping[str, float | str]  # inputs at which the model is tried: numbers, or expressions with draws
    DESCENT: bool  # whether a step is one of gradient descent in the coordinates of STATE; if left out, it is
    MATRIX: str  # the name of the matrix whose largest eigenvalue is the sharpness; if left out, Hessian
    CARRIED: Sequence[str]
    MEMORY: Mapping[str, str]  # number of an update rule, zero at the start -> its coordinate; if left out, none
    CLOCKS: Mapping[str, float]  # number that depends on the step alone -> its start; if left out, none
    SWITCH: str  # a parameter on whose being zero all functions branch by ``select``; if left out, none
    GROUPS: int  # vectors that a kernel advances side by side, as many as are fastest; if left out, one
    EDGE_MOVES: bool  # whether ``edge`` depends on theta; if left out, it does not
    EDGE_WORDS: str  # the sharpness at the edge, in words; if left out, 2/eta
    EDGE_LABEL: str  # the same as mathtext, without dollar signs
    RULE_TITLE: str  # the update rule in words; if left out, gradient descent
    PRESETS: Mapping[str, Mapping[str, str]]  # parameter -> preset name -> expression
    LOSS_PARTS: Mapping[str, Quantity]  # what loss_parts returns
    LIMIT: float  # a loss that is not below this has diverged
    GUARD: str | None  # the coordinate whose change of sign is a regime of its own
    LINES: Sequence[CriticalLine]  # beside the one where the start is at the edge, which every model has
    OBSERVABLES: Sequence[str]  # stored by default for this model although they are not for others
    THRESHOLDS: Mapping[str, float]  # of the regime rules, where their defaults do not suit this model
    claims: Any  # functions with the names of observables that need CLAIM; may be left out

    def threshold(self, p: Numbers) -> Any: ...  # 2 / eta
    def step(self, theta: Numbers, p: Numbers) -> Numbers: ...
    def rescale(self, theta: Numbers, p: Numbers) -> Numbers: ...  # called once every CHUNK steps
    def loss(self, theta: Numbers, p: Numbers) -> Any: ...
    def loss_parts(self, theta: Numbers, p: Numbers) -> Numbers: ...

    # A kernel computes ``curvature`` at each step: the numbers that determine the top eigenvalue of eta times the
    # Hessian.  The stages compute the eigenvalue from them, each from a tuple to a tuple, the last to a single number.
    def curvature(self, theta: Numbers, p: Numbers) -> Numbers: ...
    def stable(self, curvature: Numbers, bound: Any) -> Any: ...  # top eigenvalue < bound, without computing it

    SHARPNESS_STAGES: Sequence[Callable[[Numbers], Numbers]]

    # How far the loss is above its minimum, or less; a run has settled only where that is below the tolerance.
    def remaining_loss(self, theta: Numbers, p: Numbers, loss: Any) -> Any: ...
    def settled(self, theta: Numbers, p: Numbers, loss: Any, tolerance: Any) -> Any: ...
    def clipped(self, theta: Numbers, p: Numbers) -> Any: ...

    # The Jacobian of step times v: for each coordinate of STATE, then for each number of MEMORY, the change of its
    # value.  If the coordinate is CARRIED, both changes are relative to the coordinate's value.
    def tangent(self, theta: Numbers, p: Numbers, v: Numbers) -> Numbers: ...
    def hessian(self, theta: Numbers, p: Numbers) -> np.ndarray: ...

    # Optional: ``edge(theta, p)``, the least eigenvalue of eta times the Hessian that is not stable, if not EDGE.  In
    # NumPy: ``flow_sharpness(theta, p)``, of the minimum that gradient flow reaches, NaN if it reaches none;
    # ``balance(theta, p)``, which it conserves; ``weights_squared(theta, p)``, if not that of the coordinates.


WORDS = "MATRIX", "EDGE_WORDS", "EDGE_LABEL", "RULE_TITLE"
OPTIONAL_ATTRIBUTES = "CONDITIONS", "DESCENT", "MEMORY", "CLOCKS", "SWITCH", "GROUPS", "EDGE_MOVES", "claims", *WORDS
OPTIONAL_FUNCTIONS = "edge", "flow_sharpness", "balance", "weights_squared"
# What an observable may need beside the state, the loss and the test of stability, which every kernel has.
MAXIMUM = "maximum"  # the largest sharpness, in Ends
EVERY_STEP = "every step"  # the sharpness of each step
TAIL = "tail"  # the sharpness of each step in the last tenth of the budget
ORBIT = "orbit"  # the period of the last steps, in Ends
TANGENT = "tangent"  # a vector that the Jacobian of each step turns
SIZES = "sizes"  # with TANGENT: how large each of its numbers is
TOP = "top"  # with EVERY_STEP: eta times the sharpness, in place of the ratio
CARRIED = "carried"  # mantissa and power of each coordinate with its own exponent, one after the other
STATES = "states"  # with EVERY_STEP: the state and the loss beside the sharpness of each step
CLAIM = "claim"  # what the model claims of each step, or of its sharpness


class Observable(Hashable, Protocol):
    """One observable: it computes one variable or several.

    ``variables`` describes them; it returns none for a model that cannot have them.  ``start`` and ``finish`` are NumPy
    and work on all trajectories at once.  ``watch``, ``fold`` and ``watch_sharpness`` may be left out.  They are
    compiled into the kernel, and work on the numbers of one trajectory without branches (:mod:`eos_sweep.scalar`).

    ``watch`` is called for each step, also for the one that diverges, of which nothing is kept.  It returns the numbers
    to keep, and flags.  ``fold`` counts flags.  It gets each flag of up to CHUNK steps as the bits of one integer: bit
    k is step ``age + k + 1``, and no bit beyond ``steps`` is set.  ``watch_sharpness`` gets the ratio of the sharpness
    to that at the edge, S eta / 2 for gradient descent: of each step with EVERY_STEP, of the last tenth with TAIL.

    With TANGENT, ``watch`` gets two more arguments: what the Jacobian of the step makes of the last numbers kept, one
    for each coordinate and then for each number of MEMORY; and those of the coordinates alone.  With SIZES in addition
    it gets the size of each: the larger absolute value before and after the step, or one where a change is relative.

    With CARRIED, KEPT numbers are kept for each coordinate with its own exponent.  ``watch`` is called for each of
    them, with its mantissa and power as a third argument, and raises no flags.  With STATES, ``watch_sharpness`` gets a
    third argument: the state after the step, and its loss.  With CLAIM, the last argument is what the model's claim of
    the observable's name says of (before, theta, p), or, for ``watch_sharpness``, of (curvature, its top eigenvalue).
    """

    __name__: str
    NEEDS: Sequence[str]  # of those above
    KEPT: int  # float64 numbers kept per trajectory; with TANGENT those for the coordinates come on top
    COUNTS: int  # int64 numbers kept per trajectory
    FLAGS: int  # flags raised by watch

    def variables(self, model: Model) -> Mapping[str, Variable]: ...
    def start(self, begin: Ends) -> tuple[Numbers, Numbers]: ...
    def watch(self, kept: Numbers, moment: Moment) -> tuple[Numbers, tuple[Any, ...]]: ...
    def watch_sharpness(self, kept: Numbers, ratio: Any) -> Numbers: ...
    def fold(self, counts: Numbers, bits: Numbers, age: Any, steps: Any) -> Numbers: ...
    def finish(self, begin: Ends, end: Ends, kept: Numbers, counts: Numbers) -> Mapping[str, np.ndarray]: ...


class ObservableRecord(SimpleNamespace):
    """An observable that shares its module with others: its attributes are those of :class:`Observable`.

    Its functions may close over numbers, texts and functions, which its digest covers, and over nothing else.
    """

    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__


def name_of(observable: Observable) -> str:
    """Return the name of an observable."""
    return observable.__name__.rpartition(".")[2]


class Table(NamedTuple):
    """Training data, a row for each sample: float64, C-contiguous."""

    inputs: np.ndarray
    targets: np.ndarray


class Network(Protocol):
    """One trajectory of an array model: its weights at one step, their gradient and their loss, all float64.

    ``advance`` and ``restore`` alone change these.  ``saved``, ``resume``, ``state``, ``load`` of Tracked are optional.
    """

    weights: np.ndarray
    gradient: np.ndarray
    loss: float

    def advance(self, steps: int) -> np.ndarray: ...  # take so many steps; the loss after each of them
    def restore(self, weights: np.ndarray) -> None: ...  # go back to earlier weights
    def sharpness(self) -> float: ...  # the largest eigenvalue of the Hessian of the loss
    def readings(self) -> tuple[float, ...]: ...  # in the order of READINGS


class ArrayModel(Hashable, Protocol):
    """A model whose state is the arrays of a network, too large for the lanes of a kernel.

    STATE holds what the initial weights are made from, such as their scale, not the weights themselves.  PARAMETERS
    must hold those of ``eos_sweep.models.network_parts.COMMON``; any other may be a size, a degree, a seed.
    """

    TITLE: str
    REFERENCE: str
    STATE: Mapping[str, Quantity]
    PARAMETERS: Mapping[str, Quantity]
    CONDITIONS: Mapping[str, Callable[[Values], np.ndarray]]  # in words -> whether inputs meet it; may be left out
    PRESETS: Mapping[str, Mapping[str, str]]
    READINGS: Mapping[str, Quantity]  # numbers that describe the network; stored as <name>_final
    LIMIT: float  # a loss that is not below this has diverged
    TARGETS: float  # columns that the targets of a data file may have at most; 0: the model takes no file

    def start(self, p: Numbers, initial: Numbers, data: Table | None) -> Network: ...


def is_array(model: Any) -> TypeGuard[ArrayModel]:
    """Whether ``model`` is an :class:`ArrayModel`."""
    return hasattr(model, "start")


class Data(NamedTuple):
    """A file of training data, and the hash that it must have."""

    file: str
    sha256: str


class OwnObservable(NamedTuple):
    """An observable of a user's own: its name, and its formula as :mod:`eos_sweep.observables.formula` writes it."""

    name: str
    formula: str


class Job(NamedTuple):
    """All that the trajectories of a sweep have in common."""

    model: Model
    variables: tuple[str, ...]
    steps: int
    tolerance: float
    data: Data | None = None
    own: tuple["OwnObservable", ...] = ()


def conditions(model: Model | ArrayModel) -> Mapping[str, Callable[[Values], np.ndarray]]:
    """Return the conditions on the inputs together, beside the bounds of each alone."""
    return getattr(model, "CONDITIONS", {})
