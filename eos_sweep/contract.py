"""What a model and an observable must offer: the two contracts that everything else relies on.

A *model* and an *observable* are modules, not classes: numba resolves ``model.step(...)`` on a closed-over module,
and a module's functions keep their names in tracebacks, in caches and in the reader's head.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

Numbers = tuple[Any, ...]  # one number a name; each a float in a kernel, an array of floats in NumPy

CHUNK = 16  # steps between two looks at a trajectory: rescaling, convergence, budget


class Quantity(NamedTuple):
    """A named input: a parameter or a coordinate of the initial state."""

    long_name: str
    symbol: str
    default: float | None = None  # None: the user must say
    above: float = -np.inf  # values must be > above ...
    least: float = -np.inf  # ... and >= least


class Variable(NamedTuple):
    """A named output: one number per trajectory."""

    dtype: str
    long_name: str
    fill: float  # what a cell that was never computed holds
    flags: Mapping[str, int] | None = None  # CF flag_meanings -> flag_values
    centre: float | None = None  # the value on which a map of colours is centred


class Moment(NamedTuple):
    """What an observable sees of one step, the step that ended in ``theta``."""

    theta: Numbers  # the state after the step
    loss: float
    loss_before: float
    unstable: bool  # sharpness > 2/eta after the step
    guard: float  # the model's guarded coordinate after the step
    clipped: bool  # a clip or a projection changed the step
    carried: tuple[float, float]  # mantissa and power of the coordinate with its own exponent


class Ends(NamedTuple):
    """What is known of trajectories when they have ended, or before they start: arrays, one entry a trajectory."""

    model: "Model"
    theta: Numbers
    p: Numbers
    loss: np.ndarray
    steps: np.ndarray  # steps taken
    status: np.ndarray  # RUNNING (the budget ended), CONVERGED or DIVERGED
    maximum: np.ndarray  # largest sharpness met, where an observable needs it
    budget: int


RUNNING, CONVERGED, DIVERGED = 0, 1, 2


class Model(Hashable, Protocol):
    """One model, one module.  ``theta`` and ``p`` are tuples; every function must be free of branches.

    ``theta`` holds the coordinates of STATE in order; a coordinate of CARRIED has an entry of its own behind them, the
    number of times its mantissa was multiplied by 2**-512 (``rescale``), so that it never underflows.
    """

    TITLE: str
    REFERENCE: str
    STATE: Mapping[str, Quantity]
    PARAMETERS: Mapping[str, Quantity]
    CARRIED: Sequence[str]
    PRESETS: Mapping[str, Mapping[str, str]]  # parameter -> preset name -> expression
    LOSS_PARTS: Mapping[str, Quantity]  # what loss_parts returns
    LIMIT: float  # a loss that is not below this has diverged

    def threshold(self, p: Numbers) -> Any: ...  # 2 / eta, the edge of stability
    def step(self, theta: Numbers, p: Numbers) -> Numbers: ...
    def rescale(self, theta: Numbers, p: Numbers) -> Numbers: ...  # called once every CHUNK steps
    def loss(self, theta: Numbers, p: Numbers) -> Any: ...
    def loss_parts(self, theta: Numbers, p: Numbers) -> Numbers: ...
    def stable(self, theta: Numbers, p: Numbers, tau: Any) -> Any: ...  # sharpness <= tau
    def sharpness(self, theta: Numbers, p: Numbers) -> Any: ...

    # The same eigenvalue in stages: begin(theta, p) and each stage return equally many numbers.
    SHARPNESS_STAGES: Sequence[Any]
    SHARPNESS_WIDTH: int

    def sharpness_begin(self, theta: Numbers, p: Numbers) -> Numbers: ...
    def sharpness_finish(self, values: Numbers) -> Any: ...
    def settled(self, theta: Numbers, p: Numbers, loss: Any, tau: Any, tolerance: Any) -> Any: ...
    def guard(self, theta: Numbers) -> Any: ...  # the coordinate whose change of sign is a regime of its own
    def clipped(self, theta: Numbers, p: Numbers) -> Any: ...
    def hessian(self, theta: Numbers, p: Numbers) -> np.ndarray: ...


class Observable(Hashable, Protocol):
    """One observable, one module.

    ``start`` and ``finish`` are NumPy and work on all trajectories at once.  ``watch`` and ``fold`` are compiled into
    the kernel: ``watch`` sees every step and may raise a flag, ``fold`` sees the flags of up to CHUNK steps as the bits
    of one integer (bit k: step ``age + k + 1``).  An observable without them costs nothing while the kernel runs.
    """

    NEEDS: Sequence[str]  # of "maximum" (largest sharpness), "tail" (sharpness at each step of the last tenth)
    KEPT: int  # float64 numbers kept per trajectory
    COUNTS: int  # int64 numbers kept per trajectory

    def variables(self, model: Model) -> Mapping[str, Variable]: ...
    def start(self, begin: Ends) -> tuple[Numbers, Numbers]: ...
    def watch(self, kept: Numbers, moment: Moment) -> tuple[Numbers, Any]: ...
    def watch_tail(self, kept: Numbers, ratio: Any) -> Numbers: ...  # only where NEEDS has "tail"
    def fold(self, counts: Numbers, bits: Any, age: Any, steps: Any) -> Numbers: ...
    def finish(self, begin: Ends, end: Ends, kept: Numbers, counts: Numbers) -> Mapping[str, np.ndarray]: ...
