"""All that is derived of a loss: its derivatives, what never vanishes in a double, what is never negative."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eos_sweep.derivation.differentiate import gradient, hessian
from eos_sweep.derivation.from_tree import Place, translate
from eos_sweep.derivation.graph import Graph, Term, depends, reachable
from eos_sweep.derivation.numeric import evaluate
from eos_sweep.derivation.quotients import divided
from eos_sweep.derivation.rounding import rounding_error
from eos_sweep.derivation.signs import never_negative
from eos_sweep.errors import InputError, short
from eos_sweep.formulas.tree import Node
from eos_sweep.plain import LIMIT

SAMPLES, SCALES = 256, (2.0, 20.0, 200.0)  # points, of each size, at which the sign of a curvature is looked at
STEP_SIZE = "eta"
WHAT = "model.loss"  # names the formula in errors


class Calculus(NamedTuple):
    """The terms from which the functions of a model are written.  Each tuple is in the order of the coordinates."""

    graph: Graph
    state: tuple[Term, ...]
    eta: Term
    loss: Term
    first: tuple[Term, ...]  # derivatives of the loss
    second: dict[tuple[int, int], Term]  # of the upper triangle
    rates: dict[int, Term]  # eta dL/dx / x of each coordinate with its own exponent
    positive: frozenset[str]  # parameters that are never negative
    bounded_below: bool  # whether the loss is proved never to be negative
    borders: dict[int, Place]  # index of a comparison -> the function in the formula that makes it, and where


def derive(
    loss: Node,
    state: Sequence[str],
    parameters: Sequence[str],
    positive: Collection[str],
    carried: Sequence[str] | None = None,
    edge_moves: bool = False,
    moved: Sequence[str] = (),
) -> Calculus:
    """Derive what a model needs.

    Parameters
    ----------
    loss
        The formula of the loss, L.
    state, parameters
        Names of the coordinates, and of the parameters, with the step size ``eta``.
    positive
        Parameters that are never negative.
    carried
        The coordinates with their own exponents; by default those that need one.
    edge_moves
        Whether a run can be stable for long and then no longer although its sharpness is constant.
    moved
        Further names in the formula: what is added to numbers that noise moves.

    Raises
    ------
    InputError
        If the formula is too large, a part of it has no value, or a step multiplies one of ``carried`` by nothing.
    """
    g = Graph(WHAT)
    names = {name: g.name(name, False) for name in state} | {name: g.name(name, True) for name in parameters}
    names |= {name: g.name(name, False) for name in moved}
    x = tuple(names[name] for name in state)
    borders: dict[int, Place] = {}
    total = translate(g, loss, names, WHAT, borders)
    first = gradient(g, total, x)
    for slope, name in zip(first, x, strict=True):
        if slope.is_zero:
            raise InputError(
                f"model.state: the loss does not depend on {name.name!r}, which would never move; remove it"
            )
    rows = hessian(g, first, x)
    second = {(i, i + k): term for i, row in enumerate(rows) for k, term in enumerate(row)}
    eta = names[STEP_SIZE]
    rates = {}
    for k, name in enumerate(x):
        quotient = divided(g, first[k], name) if carried is None or name.name in carried else None
        if quotient is None:
            continue
        if carried is not None or (
            (edge_moves or _is_repelled(quotient, x[:k] + x[k + 1 :])) and _is_attracted(second[k, k], name, positive)
        ):
            rates[k] = g.mul(eta, quotient)
    if carried is not None and list(carried) != [x[k].name for k in rates]:
        raise InputError(
            f"CARRIED: got {short(list(carried))}; give names of STATE in its order, of coordinates that a step"
            " multiplies by a factor"
        )
    bounded = never_negative(total, positive)
    return Calculus(g, x, eta, total, tuple(first), second, rates, frozenset(positive), bounded, borders)


# A coordinate that can shrink for long and then grow again needs an exponent of its own.  It must be able to stay at
# zero, be attracted there for some states, and be repelled for others, or under another step size.


def _is_repelled(quotient: Term, others: Sequence[Term]) -> bool:
    """Tell whether the factor of a coordinate depends on other coordinates, so that it may exceed one in size."""
    return any(depends(quotient, other.name) for other in others)


def _is_attracted(bend: Term, name: Term, positive: Collection[str]) -> bool:
    """Tell whether the curvature along a coordinate is positive somewhere where that is zero."""
    rng = np.random.default_rng(0)
    values = {}
    for part in reachable(bend):
        if part.op == "name":
            drawn = np.concatenate([scale * rng.uniform(-1.0, 1.0, SAMPLES) for scale in SCALES])
            values[part.name] = np.abs(drawn) if part.name in positive else drawn
    values[name.name] = np.zeros(SAMPLES * len(SCALES))
    return bool(np.any(evaluate(bend, values) > 0.0))


def bounded_loss(c: Calculus) -> Term:
    """Return the loss, or infinity where it fell below any bound: a run that falls for ever has diverged, too."""
    if c.bounded_below:
        return c.loss
    g = c.graph
    return g.select(g.raw(">", c.loss, g.number(-int(LIMIT))), c.loss, g.raw("inf"))


def factor(c: Calculus, k: int) -> Term:
    """Return what a step multiplies a carried coordinate by, 1 - eta (dL/dx) / x, with the rounding error of the rate.

    Where the rate rounds to one, the factor is that error alone; without it the coordinate would be zero for ever.
    """
    g, rate = c.graph, c.rates[k]
    return g.sub(g.raw("+", g.one, g.neg(rate)), rounding_error(g, rate))


def stepped(c: Calculus, k: int) -> Term:
    """Return a coordinate after a step; of a carried one what multiplies it."""
    g = c.graph
    return factor(c, k) if k in c.rates else g.sub(c.state[k], g.mul(c.eta, c.first[k]))


def scaled_hessian(c: Calculus) -> dict[tuple[int, int], Term]:
    """Return the upper triangle of eta times the Hessian."""
    return {place: c.graph.mul(c.eta, term) for place, term in c.second.items()}


def turned(c: Calculus, v: Mapping[int, Term]) -> list[Term]:
    """Return the Jacobian of a step times ``v``: changes of coordinates, relative ones of those that are carried."""
    g = c.graph
    moved = {k: g.mul(c.state[k], v[k]) if k in c.rates else v[k] for k in v}
    found = []
    bends = scaled_hessian(c)
    for k in v:
        if k not in c.rates:
            across = g.sum(*(g.mul(bends[min(k, j), max(k, j)], moved[j]) for j in v))
            found.append(g.sub(v[k], across))
            continue
        slopes = gradient(g, c.rates[k], c.state)
        change = g.sum(*(g.mul(slope, moved[j]) for j, slope in enumerate(slopes)))
        free = factor(c, k)
        rest = g.raw("==", free, g.zero)
        found.append(g.sub(v[k], g.raw("/", change, g.select(rest, g.raw("inf"), free))))
    return found
