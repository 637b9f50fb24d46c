"""Refuses a loss whose first or second derivatives jump, such as abs(x): its sharpness means nothing there."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eos_sweep.derivation.calculus import WHAT, Calculus
from eos_sweep.derivation.graph import Term, reachable
from eos_sweep.derivation.numeric import evaluate
from eos_sweep.errors import InputError

LINES = 96  # through random points, on which borders between the pieces of a function are looked for
SCALES = 1.0, 10.0, 100.0  # of the points
FAR, NEAR = 1e-5, 1e-7  # how far from a border its sides are compared, as shares of a line
ROUNDING = 1e-9  # a smaller difference, relative, is none


class _Points(NamedTuple):
    """Pairs of points on lines, by name."""

    start: Mapping[str, np.ndarray]
    end: Mapping[str, np.ndarray]

    def at(self, share: np.ndarray) -> dict[str, np.ndarray]:
        """Return the points at a share of the way."""
        return {name: self.start[name] + share * (self.end[name] - self.start[name]) for name in self.start}


def check(c: Calculus) -> None:
    """Raise InputError where the derivatives of the loss are not the same on both sides of a border."""
    parts = reachable(c.loss)
    names = [part for part in parts if part.op == "name"]
    derivatives = [*c.first, *c.second.values()]
    for part in parts:
        if part.index in c.borders and not part.fixed:
            jump = _jump(part, derivatives, _points(names, c.positive))
            if jump is not None:
                function, at = c.borders[part.index]
                shown = ", ".join(f"{name} = {value:.3g}" for name, value in jump.items())
                raise InputError(
                    f"{WHAT}: {function} at column {at + 1} is not twice differentiable, as at {shown}; use a smooth "
                    "function, such as softplus for relu, or sqrt(x**2 + 1) for abs(x)"
                )


def _points(names: Sequence[Term], positive: frozenset[str]) -> _Points:
    rng = np.random.default_rng(0)
    pairs: tuple[dict[str, np.ndarray], dict[str, np.ndarray]] = {}, {}
    for name in names:
        drawn = np.concatenate([scale * rng.uniform(-1.0, 1.0, (2, LINES)) for scale in SCALES], axis=1)
        if name.fixed:
            drawn[1] = drawn[0] = np.abs(drawn[0]) if name.name in positive else drawn[0]
        pairs[0][name.name], pairs[1][name.name] = drawn
    return _Points(*pairs)


def _jump(comparison: Term, derivatives: Sequence[Term], lines: _Points) -> dict[str, float] | None:
    """Return a point at which a derivative jumps where the comparison changes; None if there is none."""
    low, high = np.zeros(LINES * len(SCALES)), np.ones(LINES * len(SCALES))
    before = evaluate(comparison, lines.at(low))
    crossed = np.broadcast_to(before != evaluate(comparison, lines.at(high)), low.shape)
    for _ in range(60):
        middle = 0.5 * (low + high)
        same = evaluate(comparison, lines.at(middle)) == before
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    for term in derivatives:
        far, near = (_sides(term, lines, low - by, high + by) for by in (FAR, NEAR))
        bad = np.flatnonzero(crossed & _apart(far, near))
        if bad.size:
            return {name: float(values[bad[0]]) for name, values in lines.at(low).items()}
    return None


def _sides(term: Term, lines: _Points, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the values of a derivative on both sides of the borders, shape (2, points)."""
    return np.array([np.broadcast_to(evaluate(term, lines.at(share)), share.shape) for share in (before, after)])


def _apart(far: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Tell where values differ as much close to a border as further away; where they do not jump, they come closer."""
    with np.errstate(all="ignore"):
        wide, narrow = (np.abs(sides[1] - sides[0]) for sides in (far, near))
        jumps = (narrow > 0.5 * wide) & (narrow > ROUNDING * np.abs(far).max(axis=0))
    one_sided = np.isfinite(near).any(axis=0) & ~np.isfinite(near).all(axis=0)
    return jumps | one_sided
