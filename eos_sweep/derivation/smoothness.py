"""Refuses a loss whose first or second derivatives jump, such as abs(x): its sharpness means nothing there."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eos_sweep.derivation.calculus import WHAT, Calculus
from eos_sweep.derivation.graph import Term, reachable
from eos_sweep.derivation.numeric import evaluate, evaluate_all
from eos_sweep.errors import InputError

LINES = 96  # through random points, on which borders between the pieces of a function are looked for
SCALES = 1.0, 10.0, 100.0, 1000.0  # of the points
DISTANCES = 1e-5, 1e-6, 1e-7  # of the points on both sides of a border, times the root of the scale
SHRINKS = 0.5  # from one to the next a difference of the sides shrinks to this share or less where nothing jumps ...
GROWS = 1.15  # ... and nothing grows by this factor or more where it has a limit
ROUNDING = 1e-7  # of all derivatives together: what is smaller is rounding


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
    terms = [c.loss, *c.first, *c.second.values()]
    for part in parts:
        if part.index in c.borders and not part.fixed:
            jump = _jump(part, terms, _points(names, c.positive))
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


def _jump(comparison: Term, terms: Sequence[Term], lines: _Points) -> dict[str, float] | None:
    """Return a point at which a term jumps, or has no limit, where the comparison changes; None if there is none."""
    low, high = np.zeros(LINES * len(SCALES)), np.ones(LINES * len(SCALES))
    before = evaluate(comparison, lines.at(low))
    crossed = np.broadcast_to(before != evaluate(comparison, lines.at(high)), low.shape)
    for _ in range(60):
        middle = 0.5 * (low + high)
        same = evaluate(comparison, lines.at(middle)) == before
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    sides = _at_sides(terms, lines, low, high)
    with np.errstate(all="ignore"):
        difference, size = np.abs(sides[:, 0] - sides[:, 1]), np.abs(sides)
        rounding = ROUNDING * np.sum(np.nan_to_num(size[0, 0]), axis=0)
        jumps = np.all(~(difference[1:] <= SHRINKS * difference[:-1]), axis=0) & ~(difference[-1] <= rounding)
        change = np.abs(np.diff(sides, axis=0))  # it shrinks where a term has a limit, also if it vanishes on the way
        grows = np.all(size[1:] >= GROWS * size[:-1], axis=0) & ~(change[1] <= SHRINKS * change[0])
        grows &= size[-1] > rounding
    known = np.any(np.isfinite(sides[-1]), axis=0)  # a function need not have a value on both sides
    bad = np.flatnonzero(crossed & np.any(known & (jumps | np.any(grows, axis=0)), axis=0))
    return {name: float(values[bad[0]]) for name, values in lines.at(low).items()} if bad.size else None


def _at_sides(terms: Sequence[Term], lines: _Points, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return terms on both sides of borders, in the shape (distance, side, term, line)."""
    shares = [distance / np.repeat(np.sqrt(SCALES), LINES) for distance in DISTANCES]
    points = [[lines.at(low - share), lines.at(high + share)] for share in shares]
    found = [[[np.broadcast_to(one, low.shape) for one in evaluate_all(terms, at)] for at in two] for two in points]
    return np.array(found, np.float64)
