"""How the sharpness of a derived model is computed: by the size of its Hessian, and by the zeros in it."""

from collections.abc import Sequence
from typing import NamedTuple

from eos_sweep.derivation.calculus import Calculus
from eos_sweep.derivation.signs import never_negative


class Sharpness(NamedTuple):
    """Code for the numbers that determine it, made of the triangle ``bends(coordinates(theta), p)``."""

    lines: list[str]  # of the body of ``curvature``
    functions: str  # the code that names the test of stability and the stages
    names: set[str]  # that the code uses
    entries: Sequence[tuple[int, int]] = ()  # whose values, or squares off the diagonal, determine it; if so few do


def sharpness_of(c: Calculus) -> Sharpness:
    """Return the way that suits the Hessian: one of its own for two rows and for an arrowhead, else a general one."""
    size = len(c.state)
    if size == 2:
        lines = ["along, arm, across = bends(coordinates(theta), p)", "return along, across, arm * arm"]
        return _named(lines, "symmetric_stable", "SYMMETRIC_STAGES", [(0, 0), (1, 1), (0, 1)])
    if size == 3 and (hub := _hub(c)) is not None:
        names = {place: f"e{sum(place)}" for place in ((0, 1), (0, 2), (1, 2))} | {(k, k): f"d{k}" for k in range(3)}
        one, other = (k for k in range(3) if k != hub)
        arms = [names[min(hub, k), max(hub, k)] for k in (one, other)]
        numbers = [*(names[k, k] for k in (hub, one, other)), *(f"{arm} * {arm}" for arm in arms)]
        triangle = ", ".join(names[place] for place in c.second)
        return _named(
            [f"{triangle} = bends(coordinates(theta), p)", f"return {', '.join(numbers)}"],
            "arrowhead_stable",
            "ARROWHEAD_STAGES",
            [*((k, k) for k in (hub, one, other)), *((min(hub, k), max(hub, k)) for k in (one, other))],
        )
    lines = ["return bends(coordinates(theta), p)"]
    return Sharpness(lines, f"stable, SHARPNESS_STAGES = solver({size})", {"solver"})


def _named(lines: list[str], stable: str, stages: str, entries: Sequence[tuple[int, int]]) -> Sharpness:
    return Sharpness(lines, f"stable, SHARPNESS_STAGES = {stable}, {stages}", {stable, stages}, entries)


def _hub(c: Calculus) -> int | None:
    """Return the row of the arms of an arrowhead matrix, if the matrix is one and no curvature is negative."""
    zeros = [place for place in ((0, 1), (0, 2), (1, 2)) if c.second[place].is_zero]
    if not zeros or not all(never_negative(c.second[k, k], c.positive) for k in range(3)):
        return None
    return next(iter({0, 1, 2} - set(zeros[0])))
