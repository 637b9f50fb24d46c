"""What a step of a rule makes of the state, recorded, and how it turns a tangent."""

from functools import cached_property
from typing import NamedTuple

from eos_sweep.derivation.graph import Term
from eos_sweep.derivation.rounding import rounding_error
from eos_sweep.derivation.ruled.dual_numbers import ONE, Form, Scalar, as_scalar
from eos_sweep.derivation.ruled.traced import Bounds, Tracing
from eos_sweep.update_rules import composed


class Moved(NamedTuple):
    """A number after a step, and its entry of the tangent."""

    value: Term
    turned: Term


class Outcome:
    """The state after a step.

    Parameters
    ----------
    traced
        What the rule sees.
    bounds
        The coordinates whose size the model itself bounds.
    """

    def __init__(self, traced: Tracing, bounds: Bounds) -> None:
        self._traced, self._bounds = traced, bounds
        self._g, self._c, self._rule = traced.g, traced.c, traced.rule
        self._hits: list[Term] = []  # conditions under which a bound moves a coordinate

    @cached_property
    def after(self) -> composed.Stepped:
        """The vectors and clocks after a step, before the weights are bounded."""
        return composed.step(self._rule, self._traced.now)

    def coordinates(self) -> list[Moved]:
        """Return the coordinates after a step; of a carried one its mantissa."""
        return [self._coordinate(k, entry) for k, entry in enumerate(self.after.weights.entries)]

    def _coordinate(self, k: int, entry: Form | Scalar) -> Moved:
        if isinstance(entry, Scalar):
            return self._bounded(k, entry.term, entry.moves())
        return self._bounded(k, self._unbounded(k, entry), self._relative(k, entry, own=True))

    def _unbounded(self, k: int, form: Form) -> Term:
        """Return the mantissa of a coordinate after a step, before it is moved into its bounds."""
        g, name = self._g, self._c.state[k].name
        rest = [self._traced.part(k, symbol, part) for symbol, part in form.parts.items() if symbol != name]
        return g.sum(g.raw("*", self._traced.mantissas[name], self._factor(k, form)), *rest)

    def _factor(self, k: int, form: Form) -> Term:
        """Return what a step multiplies a mantissa by, with the rounding errors of what it is made of.

        It is close to zero where they matter.  There the last sum is exact.
        """
        g, term = self._g, form.parts[self._c.state[k].name].term
        errors = [rounding_error(g, part) for part in (term.operands if term.op == "+" else (term,))]
        return g.add(term, g.sum(*errors))

    def _ratio(self, k: int, symbol: str, factor: Scalar) -> Term:
        """Return a part of a form over the mantissa, zero where that is zero."""
        g, mantissa = self._g, self._traced.mantissas[self._c.state[k].name]
        safe = g.select(g.raw("==", mantissa, g.zero), g.raw("inf"), mantissa)
        return g.div(self._traced.part(k, symbol, factor), safe)

    def _relative(self, k: int, form: Form, own: bool) -> Term:
        """Return the change of a form, over the coordinate after the step.

        ``own`` tells whether the form is that coordinate itself.
        """
        g, name = self._g, self._c.state[k].name
        whole = self.after.weights.entries[k]
        others = [(s, part) for s, part in whole.parts.items() if s != name]
        grown = g.sum(self._factor(k, whole), *(self._ratio(k, s, part) for s, part in others))
        safe = g.select(g.raw("==", grown, g.zero), g.raw("inf"), grown)
        along = self._traced.moves[name]
        zero = Scalar(g, g.zero)
        kept = form.parts.get(name, zero)
        change = kept.moves() if own else g.add(kept.moves(), g.mul(kept.term, along))
        for symbol, part in form.parts.items():
            if symbol == name:
                continue
            change = g.add(change, self._ratio(k, symbol, Scalar(g, part.moves())))
            if symbol != ONE:
                change = g.add(change, g.mul(part.term, self._traced.memory_moves[symbol, name]))
            if own:
                change = g.sub(change, g.mul(self._ratio(k, symbol, part), along))
        change = g.raw("/", change, safe)
        return g.add(along, change) if own else change

    def _bounded(self, k: int, value: Term, turned: Term) -> Moved:
        """Return a coordinate moved into its bound."""
        g, name = self._g, self._c.state[k].name
        for most in self.bounds_of(k):
            top = g.raw("lifted", most, self._traced.powers[name]) if k in self._c.rates else most
            size = g.select(g.raw("<", value, g.zero), g.neg(value), value)
            self._hits.append(g.raw(">", size, top))
            turned = g.select(self._hits[-1], g.zero, turned)
            value = g.raw("bounded", value, top)
        return Moved(value, turned)

    def bounds_of(self, k: int) -> list[Term]:
        """Return the bounds of the size of a coordinate: that of the model, and that of the rule."""
        name, found = self._c.state[k].name, []
        if name in self._bounds:
            found.append(self._g.name(self._bounds[name], True))
        most = composed.bound(self._rule, self._traced.now)
        return found if most is None else [*found, as_scalar(self._g, most).term]

    def hits(self) -> list[Term]:
        """Return the conditions under which a bound of the model or of the rule changes the step."""
        self._hits.clear()
        self.coordinates()
        return list(dict.fromkeys([*self._traced.clip_hits, *self._hits]))

    def memory(self) -> list[Moved]:
        """Return the memory after a step, in the order of the state."""
        return [
            self._remembered(k, entry)
            for vector in self._rule.memory
            for k, entry in enumerate(self.after.memory[vector].entries)
        ]

    def _remembered(self, k: int, entry: Form | Scalar) -> Moved:
        if isinstance(entry, Scalar):
            return Moved(entry.term, entry.moves())
        return Moved(self._traced.mantissa(k, entry), self._over_bounded(k, self._relative(k, entry, own=False)))

    def _over_bounded(self, k: int, relative: Term) -> Term:
        """Return a change over a coordinate after the step, over that coordinate in its bounds."""
        g, free = self._g, self._unbounded(k, self.after.weights.entries[k])
        held = self._bounded(k, free, g.zero).value
        if held is free:
            return relative
        safe = g.select(g.raw("==", held, g.zero), g.raw("inf"), held)
        return g.mul(g.select(g.raw("==", held, free), g.one, g.div(free, safe)), relative)

    def clocks(self) -> list[Term]:
        """Return the clocks after a step, in the order of the state."""
        return [as_scalar(self._g, self.after.clocks[name]).term for name in self._rule.clocks]
