"""Refuses a loss whose first or second derivatives jump, such as abs(x): its sharpness means nothing there.

The pieces of a loss meet where a comparison changes.  Such borders are looked for on lines through random points.  At a
border all derivatives are computed twice, as on its one side and as on its other side.  A root that ends at zero, such
as sqrt(x**2), has no comparison; it is not found, and neither is a piece that no line meets.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eos_sweep.derivation.calculus import WHAT, Calculus
from eos_sweep.derivation.graph import Term, reachable
from eos_sweep.derivation.numeric import evaluate_all
from eos_sweep.errors import InputError

LINES = 96  # through random points ...
SCALES = 1.0, 10.0, 100.0, 1000.0  # ... of each of these sizes
BORDERS = 8  # of each comparison
TOGETHER = 256  # comparisons
MOST = 1000  # comparisons in a loss
WIDE, NEAR = (
    1e-3,
    1e-6,
)  # shares of a line: to where derivatives are of their usual size, and for a look beside a border
ROUNDING = 1e-9  # of the usual size of all derivatives together: what is smaller is rounding
GROWS = 1.5  # a derivative that is larger at a border than beside it, by this factor, has no limit there


class _Lines(NamedTuple):
    """Pairs of points, by name."""

    start: Mapping[str, np.ndarray]
    end: Mapping[str, np.ndarray]

    def at(self, share: np.ndarray | float) -> dict[str, np.ndarray]:
        """Return the points at a share of the way."""
        return {name: self.start[name] + share * (self.end[name] - self.start[name]) for name in self.start}

    def chosen(self, places: np.ndarray) -> "_Lines":
        """Return some of the lines."""
        return _Lines(*({name: values[places] for name, values in ends.items()} for ends in self))


def check(c: Calculus) -> None:
    """Raise InputError where the derivatives of the loss are not the same on both sides of a border."""
    terms = [c.loss, *c.first, *c.second.values()]
    comparisons = [part for part in reachable(*terms) if part.index in c.borders and not part.fixed]
    if len(comparisons) > MOST:
        raise InputError(f"{WHAT}: has {len(comparisons)} comparisons; use at most {MOST}")
    for one in comparisons:
        if one.op in ("==", "!="):
            raise InputError(f"{WHAT}: {_place(c, one)} compares with {one.op}, which is no function; use < or >")
    names = [part for part in reachable(*terms) if part.op == "name"]
    lines = _lines(names, c.positive)
    for first in range(0, len(comparisons), TOGETHER):
        for one, jump in _jumps(comparisons[first : first + TOGETHER], comparisons, terms, lines):
            shown = ", ".join(f"{name} = {value:.3g}" for name, value in jump.items())
            raise InputError(
                f"{WHAT}: {_place(c, one)} is not twice differentiable, as at {shown}; use a smooth function, such as "
                "softplus for relu, or sqrt(x**2 + 1) for abs(x)"
            )


def _place(c: Calculus, comparison: Term) -> str:
    function, at = c.borders[comparison.index]
    return f"{function} at column {at + 1}"


def _lines(names: Sequence[Term], positive: frozenset[str]) -> _Lines:
    rng = np.random.default_rng(0)
    pairs: tuple[dict[str, np.ndarray], dict[str, np.ndarray]] = {}, {}
    for name in names:
        drawn = np.concatenate([scale * rng.uniform(-1.0, 1.0, (2, LINES)) for scale in SCALES], axis=1)
        if name.fixed:
            drawn[1] = drawn[0] = np.abs(drawn[0]) if name.name in positive else drawn[0]
        pairs[0][name.name], pairs[1][name.name] = drawn
    return _Lines(*pairs)


def _jumps(
    some: Sequence[Term], all_: Sequence[Term], terms: Sequence[Term], lines: _Lines
) -> Iterator[tuple[Term, dict[str, float]]]:
    """Yield comparisons at whose border a derivative jumps or has no limit, each with a point there."""
    changes = _stacked(some, lines.at(0.0)) != _stacked(some, lines.at(1.0))
    pairs = [(k, line) for k, row in enumerate(changes) for line in np.flatnonzero(row)[:BORDERS]]
    if not pairs:
        return
    which, where = np.array(pairs).T
    lines = lines.chosen(where)
    low, high = _borders(some, which, lines)
    sides = [_stacked(all_, lines.at(share)) for share in (low, high)]
    forced = [{one.index: row for one, row in zip(all_, side, strict=True)} for side in sides]
    before, as_after = (_stacked(terms, lines.at(low), fixed) for fixed in forced)
    after = _stacked(terms, lines.at(high), forced[1])
    beside = [_stacked(terms, lines.at(share)) for share in (low - NEAR, high + NEAR)]
    with np.errstate(all="ignore"):
        wide = [np.abs(_stacked(terms, lines.at(share))) for share in (low - WIDE, high + WIDE)]
        usual = ROUNDING * np.nan_to_num(np.fmax(*wide), posinf=0.0).sum(axis=0)
        # A root or a logarithm has no value on the other side; then both sides are compared where they are.
        difference = np.abs(np.where(np.isnan(as_after), after, as_after) - before)
        bad = difference > usual
        for value, near in zip((before, after), beside, strict=True):
            bad |= (np.abs(value) > GROWS * np.abs(near)) & (np.abs(value) > usual)
            bad |= ~np.isfinite(value) & np.isfinite(near)
    for pair in np.flatnonzero(bad.any(axis=0)):
        yield some[which[pair]], {name: float(values[pair]) for name, values in lines.at(low).items()}


def _borders(some: Sequence[Term], which: np.ndarray, lines: _Lines) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of lines just before and just after comparison ``some[which]`` changes, by bisection."""
    low, high = np.zeros(len(which)), np.ones(len(which))
    rows = np.arange(len(which))
    before = _stacked(some, lines.at(low))[which, rows]
    for _ in range(60):
        middle = 0.5 * (low + high)
        same = _stacked(some, lines.at(middle))[which, rows] == before
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return low, high


def _stacked(
    terms: Sequence[Term], values: Mapping[str, np.ndarray], fixed: Mapping[int, np.ndarray] | None = None
) -> np.ndarray:
    """Return a row of values for each term."""
    found = evaluate_all(terms, values, fixed)
    shape = np.broadcast_shapes(*(np.shape(one) for one in (*found, *values.values())))
    return np.array([np.broadcast_to(one, shape) for one in found])
