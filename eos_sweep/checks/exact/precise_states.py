"""States of trajectories in numbers of MPFR, whose exponents do not end."""

from collections.abc import Iterable, Mapping
from typing import Any

import gmpy2
import numpy as np

from eos_sweep.checks.exact import arithmetic, flat
from eos_sweep.checks.exact.states import EPSILON, Snapshot
from eos_sweep.contract import Model, Numbers
from eos_sweep.state import clocks, guard_index, places, started, turned

LEAST = 2.0**-168  # of a mantissa, about 1e-50


class PreciseStates:
    """Trajectories in numbers of MPFR, see :class:`eos_sweep.checks.exact.states.States`.

    They have the precision of the context in which they are made and used
    (:func:`eos_sweep.checks.exact.arithmetic.precise`).
    """

    def __init__(
        self, model: Model, initial: Mapping[str, np.ndarray], p: Numbers, noise: np.random.Generator | None = None
    ) -> None:
        """Start at the coordinates ``initial`` with parameters ``p``; for ``noise`` see :meth:`PreciseState.step`."""
        starts = zip(*(initial[name] for name in model.STATE), strict=True)
        self._states = [PreciseState(model, *point) for point in zip(starts, zip(*p, strict=True), strict=True)]
        self._last = _stacked([state.snapshot() for state in self._states])
        self._noise = noise

    def start(self) -> Snapshot:
        """Return the initial states."""
        return self._last

    def step(self, theta: Numbers, running: np.ndarray) -> Snapshot:
        """Take a step with the trajectories that are running."""
        rows = np.flatnonzero(running)
        for row in rows:
            self._states[row].step(self._noise)
        moved = _stacked([self._states[row].snapshot() for row in rows])
        self._last = Snapshot(*(_replaced(*pair, rows) for pair in zip(self._last, moved, strict=True)))
        return self._last

    def rescale(self, theta: Numbers) -> Numbers:
        """Return ``theta``: these numbers need no other form."""
        return theta

    def settled(self, theta: Numbers, loss: np.ndarray, tolerance: float, running: np.ndarray) -> np.ndarray:
        """Tell which trajectories have converged, by their exact numbers."""
        found = running.copy()
        for row in np.flatnonzero(found):
            found[row] = self._states[row].settled(tolerance)
        return found


def _stacked(snapshots: list[Snapshot]) -> Snapshot:
    """Return the snapshots of single trajectories as one of all."""
    theta, loss, stable, guard, clipped, curvature = zip(*snapshots, strict=True)
    tests = np.array(stable), np.array(guard), np.array(clipped)
    return Snapshot(_columns(theta), np.array(loss), *tests, _columns(curvature))


def _replaced(old: Any, new: Any, rows: np.ndarray) -> Any:
    """Return the arrays ``old`` with ``new`` in some rows."""
    if isinstance(old, tuple):
        return tuple(_replaced(*pair, rows) for pair in zip(old, new, strict=True))
    changed = old.copy()
    changed[rows] = new
    return changed


def _columns(rows: Iterable[Numbers]) -> Numbers:
    return tuple(map(np.array, zip(*rows, strict=True)))


class PreciseState:
    """One trajectory in numbers of MPFR, at one step; made and used in one context of gmpy2.

    Attributes
    ----------
    theta
        The coordinates, and the numbers of an update rule.  An entry of the state that holds an exponent stays zero.
    """

    def __init__(self, model: Model, theta: Numbers, p: Numbers) -> None:
        """Start at the doubles ``theta`` with parameters ``p``."""
        self._model, self._functions = model, arithmetic.translated(model)
        self.theta = started(model, map(gmpy2.mpfr, map(float, theta)), gmpy2.mpfr)
        self._p = tuple(map(gmpy2.mpfr, map(float, p)))
        self._forward = flat.flat(model)(self._p)
        self._looked: tuple[Numbers, Any] = ((), None)  # a state, and what ``_forward`` said of it
        self._clipped = False
        self._mantissas = {  # of the coordinate, then of its memory
            name: [place for place, relative in turned(model) if relative == mantissa]
            for name, (mantissa, _) in places(model).items()
        }
        self._powers = dict.fromkeys(model.CARRIED, 0)
        self._guard = guard_index(model)

    def step(self, noise: np.random.Generator | None = None) -> None:
        """Take a step; with ``noise`` move each number but the clocks by up to a unit in a double's last place."""
        _, (clipped, self.theta) = self._ahead()
        self._clipped = bool(clipped)
        if noise is not None:
            rounded = len(self.theta) - len(clocks(self._model))
            moves = 1.0 + EPSILON * noise.uniform(-1.0, 1.0, rounded)
            moved = (value * move for value, move in zip(self.theta, moves.tolist(), strict=False))
            self.theta = (*moved, *self.theta[rounded:])

    def snapshot(self) -> Snapshot:
        """Return the state rounded to doubles, and the answers of the tests in full precision."""
        (loss, stable, curvature), _ = self._ahead()
        guard = self._guarded()  # before _doubles changes powers
        tests = bool(stable), guard, self._clipped
        return Snapshot(self._doubles(), float(loss), *tests, tuple(map(float, curvature)))

    def _ahead(self) -> Any:
        """Return what :func:`eos_sweep.checks.exact.flat.forward` says of the present state, computed once."""
        if self._looked[0] is not self.theta:
            self._looked = self.theta, self._forward(self.theta)
        return self._looked[1]

    def settled(self, tolerance: float) -> bool:
        """Tell whether the trajectory has converged."""
        at = self.theta, self._p
        loss = self._functions.loss(*at)
        near = self._functions.remaining_loss(*at, loss) < tolerance
        return bool(near and self._functions.settled(*at, loss, tolerance))

    def _guarded(self) -> float:
        """Return the guarded coordinate, in the power that it had before the step."""
        if self._guard is None:
            return 1.0
        power = self._powers.get(self._model.GUARD or "", 0)
        return _signed(_lifted(self.theta[self._guard], power))

    def _doubles(self) -> tuple[float, ...]:
        """Return the state as a kernel holds it: a coordinate with its own exponent as a mantissa and a power.

        Its memory is in the same power, which the larger of them decides.
        """
        numbers = [*map(float, self.theta)]
        for name, mantissas in self._mantissas.items():
            if LEAST <= max(abs(numbers[place]) for place in mantissas) < np.inf:  # most often
                self._powers[name] = 0
                continue
            values = [self.theta[place] for place in mantissas]
            exponents = [gmpy2.get_exp(value) for value in values if gmpy2.is_finite(value) and value != 0]
            if exponents:  # zero stays in the power that it has
                self._powers[name] = min(0, (max(exponents) + 167) // 512)
            for place, value in zip(mantissas, values, strict=True):
                numbers[place] = float(_lifted(value, self._powers[name]))
        first = len(self._model.STATE)
        numbers[first : first + len(self._powers)] = map(float, self._powers.values())
        return tuple(numbers)


def _lifted(value: Any, power: int) -> Any:
    """Return the mantissa of a number in a power, which is not positive."""
    return gmpy2.mul_2exp(value, -512 * power) if power else value


def _signed(value: Any) -> float:
    """Return a double of the same sign, however small the number is."""
    return float(value) or (np.copysign(5e-324, float(gmpy2.sign(value))) if value != 0 else 0.0)
