"""How the sharpness of a derived model is computed: by the size of its Hessian, and by the zeros in it."""

from typing import NamedTuple

from eos_sweep.derivation import calculus
from eos_sweep.derivation.calculus import Calculus
from eos_sweep.derivation.graph import Term
from eos_sweep.derivation.signs import never_negative


class Sharpness(NamedTuple):
    """The numbers that determine it, and the code that names the functions of them."""

    numbers: list[Term]
    code: str
    names: set[str]  # that the code uses


def sharpness_of(c: Calculus) -> Sharpness:
    """Return the way that suits the Hessian: one of its own for two rows and for an arrowhead, else a general one."""
    size, bends = len(c.state), calculus.scaled_hessian(c)
    if size == 2:
        arm = bends[0, 1]
        numbers = [bends[0, 0], bends[1, 1], c.graph.mul(arm, arm)]
        return _named(numbers, "symmetric_stable", "SYMMETRIC_STAGES")
    if size == 3 and (hub := _hub(c, bends)) is not None:
        one, other = (k for k in range(3) if k != hub)
        arms = [bends[min(hub, k), max(hub, k)] for k in (one, other)]
        squares = [c.graph.mul(arm, arm) for arm in arms]
        return _named([*(bends[k, k] for k in (hub, one, other)), *squares], "arrowhead_stable", "ARROWHEAD_STAGES")
    return Sharpness(list(bends.values()), f"stable, SHARPNESS_STAGES = solver({size})", {"solver"})


def _named(numbers: list[Term], stable: str, stages: str) -> Sharpness:
    return Sharpness(numbers, f"stable, SHARPNESS_STAGES = {stable}, {stages}", {stable, stages})


def _hub(c: Calculus, bends: dict[tuple[int, int], Term]) -> int | None:
    """Return the row without a zero beside its diagonal, if the other two rows have one and no curvature is negative."""
    if not all(never_negative(c.second[k, k], c.positive) for k in range(3)):
        return None
    zeros = [place for place in ((0, 1), (0, 2), (1, 2)) if bends[place].is_zero]
    return next(iter({0, 1, 2} - set(zeros[0]))) if zeros else None
