"""Targets that noise moves: the loss with them, and what is left of it without noise."""

from collections.abc import Collection

from eos_sweep.derivation.calculus import Calculus
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.graph import Graph, Term, reachable
from eos_sweep.errors import InputError

TABLE = "y"


def names_of(formula: Formula) -> list[str]:
    """Return the names of what noise adds to the targets."""
    if TABLE not in formula.data:
        raise InputError(
            f"rule: label_noise is for a formula with a table {TABLE} of targets, and {formula.name} has none; give"
            f" [model.data] {TABLE}, or use gradient_noise"
        )
    return [f"{TABLE}[{k}]" for k in range(len(formula.data[TABLE]))]


def silenced(c: Calculus, names: Collection[str]) -> Calculus:
    """Return what is derived of the loss without noise."""
    g = c.graph
    return c._replace(
        loss=_without(g, c.loss, names),
        first=tuple(_without(g, term, names) for term in c.first),
        second={place: _without(g, term, names) for place, term in c.second.items()},
        rates={k: _without(g, term, names) for k, term in c.rates.items()},
    )


def _without(g: Graph, term: Term, names: Collection[str]) -> Term:
    found: dict[int, Term] = {}
    for part in reachable(term):
        operands = [found[operand.index] for operand in part.operands]
        if part.op == "name" and part.name in names:
            found[part.index] = g.zero
        elif all(one is other for one, other in zip(operands, part.operands, strict=True)):
            found[part.index] = part
        elif part.op in ("+", "*", "/"):
            found[part.index] = {"+": g.add, "*": g.mul, "/": g.div}[part.op](*operands)
        else:
            found[part.index] = g.raw(part.op, *operands)
    return found[term.index]
