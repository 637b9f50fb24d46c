"""A step of a rule, recorded: what the rule sees of a step of the model, and what it makes of it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import NamedTuple

from eos_sweep.derivation.calculus import Calculus, scaled_hessian
from eos_sweep.derivation.differentiate import gradient
from eos_sweep.derivation.graph import Graph, Term, reachable
from eos_sweep.derivation.rounding import rounding_error
from eos_sweep.derivation.ruled.dual_numbers import ONE, Form, Scalar, Vector, as_scalar, scaled
from eos_sweep.derivation.ruled.names import Places, places
from eos_sweep.derivation.ruled.targets import FIRST
from eos_sweep.update_rules import composed
from eos_sweep.update_rules.composed import CLOCK, Rule
from eos_sweep.update_rules.interface import Now

COIN = 2**32  # the coordinate of the random sign of a step, which is no coordinate of a model
Bounds = Mapping[str, str]  # name of a coordinate -> the parameter that bounds it, or its gradient


class Moved(NamedTuple):
    """A number after a step, and its entry of the tangent."""

    value: Term
    turned: Term


class Tracing:
    """The terms of a step.  Their names are those of the calculus, and those of :meth:`code`."""

    def __init__(self, c: Calculus, rule: Rule, clips: Bounds, bounds: Bounds, targets: Sequence[str] = ()) -> None:
        """Begin a tracing.

        Parameters
        ----------
        c
            What was derived of the loss.
        rule
            The rule.
        clips, bounds
            The coordinates that the model itself bounds, or whose gradient it does.
        targets
            Names of what noise adds to the targets of the loss.
        """
        self._targets = targets
        self.c, self.rule, self._clips, self._bounds = c, rule, clips, bounds
        self.places: Places = places(c, rule)
        g = self.g = c.graph
        self._mantissas = {name: g.name(f"mantissa of {name}", False) for name in self.places.mantissas}
        self._powers = {name: g.name(f"power of {name}", False) for name in self.places.powers}
        self._memory = {pair: g.name(f"{pair[0]} of {pair[1]}", False) for pair in self.places.memory}
        self._clocks = {name: g.name(f"the {name}", False) for name in self.places.clocks}
        self.moves = {x.name: g.name(f"the move of {x.name}", False) for x in c.state}
        self._memory_moves = {pair: g.name(f"the move of {pair[0]} of {pair[1]}", False) for pair in self._memory}
        self._slopes = [g.mul(c.eta, slope) for slope in c.first]
        self._bends = scaled_hessian(c)
        self._hits: list[Term] = []
        self._clip_hits: list[Term] = []

    def code(self) -> dict[str, str]:
        """Return name -> code of what stands in the state ``theta``."""
        found = {self._mantissas[name].name: f"theta[{k}]" for name, k in self.places.mantissas.items()}
        found |= {self._powers[name].name: f"theta[{k}]" for name, k in self.places.powers.items()}
        found |= {self._memory[pair].name: f"theta[{k}]" for pair, k in self.places.memory.items()}
        return found | {self._clocks[name].name: f"theta[{k}]" for name, k in self.places.clocks.items()}

    def all_moves(self) -> list[str]:
        """Return the names of the entries of a tangent, in order."""
        return [move.name for move in (*self.moves.values(), *self._memory_moves.values())]

    @cached_property
    def now(self) -> Now:
        """The step as the rule sees it."""
        g, c = self.g, self.c
        memory = {
            vector: Vector([self._kept(vector, x.name) for x in c.state], self._length) for vector in self.rule.memory
        }
        clocks = {name: Scalar(g, term) for name, term in self._clocks.items()}
        p = {name: Scalar(g, g.name(name, True)) for name in self.rule.parameters}
        return Now(
            self.x,
            self._push,
            SimpleNamespace(**memory),
            SimpleNamespace(**clocks),
            SimpleNamespace(**p),
            Scalar(g, c.eta),
            self._normals,
            self._sign,
        )

    @cached_property
    def x(self) -> Vector:
        """The coordinates."""
        g = self.g
        entries: list[Form | Scalar] = []
        for x in self.c.state:
            if x.name in self._mantissas:
                entries.append(Form({x.name: Scalar(g, g.one)}))
            else:
                entries.append(Scalar(g, x, self.moves[x.name]))
        return Vector(entries, self._length)

    def _kept(self, vector: str, name: str) -> Form | Scalar:
        if name in self._mantissas:
            return Form({vector: Scalar(self.g, self.g.one)})
        return Scalar(self.g, self._memory[vector, name], self._memory_moves[vector, name])

    def _move_of(self, k: int) -> Term:
        """Return the move of a coordinate; that of a carried one is relative to it."""
        x = self.c.state[k]
        return self.g.mul(x, self.moves[x.name]) if k in self.c.rates else self.moves[x.name]

    # What a form is.

    def _symbol(self, k: int, symbol: str) -> Term:
        """Return the number that a factor of a form belongs to, as a mantissa."""
        name = self.c.state[k].name
        return self._mantissas[name] if symbol == name else self._memory[symbol, name]

    def mantissa(self, k: int, form: Form) -> Term:
        """Return the mantissa of a form."""
        return self.g.sum(*(self._part(k, symbol, factor) for symbol, factor in form.parts.items()))

    def _part(self, k: int, symbol: str, factor: Scalar) -> Term:
        g = self.g
        if symbol == ONE:
            return g.raw("lifted", factor.term, self._powers[self.c.state[k].name])
        return g.mul(factor.term, self._symbol(k, symbol))

    def value(self, k: int, entry: Form | Scalar) -> Scalar:
        """Return an entry as a number: of a form, zero where it is too small to matter."""
        if isinstance(entry, Scalar):
            return entry
        g, x = self.g, self.c.state[k]
        power = self._powers[x.name]
        if list(entry.parts) == [x.name] and entry.parts[x.name].term is g.one:
            return Scalar(g, x, self._move_of(k))
        changes = []
        for symbol, factor in entry.parts.items():
            if symbol == ONE:
                changes.append(factor.moves())
                continue
            here = x if symbol == x.name else g.raw("seen", self._memory[symbol, x.name], power)
            along = self.moves[x.name] if symbol == x.name else self._memory_moves[symbol, x.name]
            changes.append(g.add(g.mul(factor.term, g.mul(x, along)), g.mul(factor.moves(), here)))
        return Scalar(g, g.raw("seen", self.mantissa(k, entry), power), g.sum(*changes))

    # What a rule asks for.

    def _length(self, vector: Vector) -> Scalar:
        squares = None
        for k, entry in enumerate(vector.entries):
            value = self.value(k, entry)
            squares = value * value if squares is None else squares + value * value
        g, total = self.g, as_scalar(self.g, squares)
        root = g.raw("let", g.call("sqrt", total.term))
        slope = g.div(total.moves(), g.mul(g.number(2), root))
        return Scalar(g, root, g.select(g.raw(">", root, g.zero), slope, g.zero))

    def _push(self, at: Vector) -> Vector:
        g, c = self.g, self.c
        there = self._labels
        if at is self.x:
            moved = [self._move_of(k) for k in range(len(c.state))]
        else:
            values = [self.value(k, entry) for k, entry in enumerate(at.entries)]
            there = there | {x.name: g.raw("let", one.term) for x, one in zip(c.state, values, strict=True)}
            moved = [value.moves() for value in values]

        def seen(term: Term) -> Term:
            return substituted(g, term, there) if there else term

        entries: list[Form | Scalar] = []
        for k in range(len(c.state)):
            if k in c.rates:
                changes = zip(gradient(g, c.rates[k], c.state), moved, strict=True)
                change = g.sum(*(g.mul(seen(slope), move) for slope, move in changes))
                entries.append(scaled(Scalar(g, seen(c.rates[k]), change), at.entries[k]))
            else:
                bends = [self._bends[min(k, j), max(k, j)] for j in range(len(c.state))]
                change = g.sum(*(self._along(seen(bend), move) for bend, move in zip(bends, moved, strict=True)))
                entries.append(Scalar(g, seen(self._slopes[k]), change))
        return Vector([self._clipped(k, entry) for k, entry in enumerate(entries)], self._length)

    @cached_property
    def _labels(self) -> dict[str, Term]:
        """What noise adds to the targets in this step."""
        g = self.g
        if not self._targets:
            return {}
        (part,) = self.rule.having("labels")
        size, seed, clock = as_scalar(g, part.labels(self.now)).term, g.name("seed", True), self._clocks[CLOCK]
        draws = [g.raw("normal_draw", seed, clock, g.number(FIRST + k)) for k in range(len(self._targets))]
        return {name: g.raw("let", g.mul(size, draw)) for name, draw in zip(self._targets, draws, strict=True)}

    def _along(self, bend: Term, move: Term) -> Term:
        """Return the product, rounded as in the tangent of gradient descent."""
        g = self.g
        return g.mul(bend if self.c.rates or bend.value is not None else g.raw("let", bend), move)

    def _clipped(self, k: int, push: Form | Scalar) -> Form | Scalar:
        """Return a push whose size is at most eta times a bound of the model."""
        g, name = self.g, self.c.state[k].name
        if name not in self._clips:
            return push
        most = g.mul(self.c.eta, g.name(self._clips[name], True))
        size = push.term if isinstance(push, Scalar) else self.mantissa(k, push)
        if isinstance(push, Form):
            most = g.raw("lifted", most, self._powers[name])
        size = g.select(g.raw("<", size, g.zero), g.neg(size), size)
        beyond = g.raw(">", size, most)
        self._clip_hits.append(beyond)
        # Beyond the bound the push is constant: its relative change takes that of the factor away.
        factor = g.select(beyond, g.div(most, g.select(beyond, size, g.one)), g.one)
        return Scalar(g, factor, self._clip_move(k, push, beyond, factor)) * push

    def _clip_move(self, k: int, push: Form | Scalar, beyond: Term, factor: Term) -> Term:
        g = self.g
        value = self.value(k, push)
        safe = g.select(g.raw("==", value.term, g.zero), g.raw("inf"), value.term)
        return g.select(beyond, g.neg(g.div(g.mul(factor, value.moves()), safe)), g.zero)

    def _normals(self) -> Vector:
        g, entries = self.g, []
        seed, clock = g.name("seed", True), self._clocks[CLOCK]
        for k in range(len(self.c.state)):
            draw = Scalar(g, g.raw("normal_draw", seed, clock, g.number(k)))
            entries.append(Form({ONE: draw}) if k in self.c.rates else draw)
        return Vector(entries, self._length)

    def _sign(self) -> Scalar:
        g = self.g
        return Scalar(g, g.raw("sign_draw", g.name("seed", True), self._clocks[CLOCK], g.number(COIN)))

    # What a step makes of the state.

    @cached_property
    def after(self) -> composed.Update:
        """The vectors and clocks after a step, before the weights are bounded."""
        return composed.step(self.rule, self.now)

    def coordinates(self) -> list[Moved]:
        """Return the coordinates after a step; of a carried one its mantissa."""
        return [self._coordinate(k, entry) for k, entry in enumerate(self.after.update.entries)]

    def _coordinate(self, k: int, entry: Form | Scalar) -> Moved:
        if isinstance(entry, Scalar):
            return self._bounded(k, entry.term, entry.moves())
        g, name = self.g, self.c.state[k].name
        factor = self._factor(k, entry)
        rest = [self._part(k, symbol, part) for symbol, part in entry.parts.items() if symbol != name]
        value = g.sum(g.raw("*", self._mantissas[name], factor), *rest)
        return self._bounded(k, value, self._relative(k, entry, own=True))

    def _factor(self, k: int, form: Form) -> Term:
        """Return what a step multiplies a mantissa by, with the rounding errors of what it is made of.

        It is close to zero where they matter.  There the last sum is exact.
        """
        g, term = self.g, form.parts[self.c.state[k].name].term
        errors = [rounding_error(g, part) for part in (term.operands if term.op == "+" else (term,))]
        return g.add(term, g.sum(*errors))

    def _ratio(self, k: int, symbol: str, factor: Scalar) -> Term:
        """Return a part of a form over the mantissa, zero where that is zero."""
        g, mantissa = self.g, self._mantissas[self.c.state[k].name]
        safe = g.select(g.raw("==", mantissa, g.zero), g.raw("inf"), mantissa)
        return g.div(self._part(k, symbol, factor), safe)

    def _relative(self, k: int, form: Form, own: bool) -> Term:
        """Return the change of a form, over the coordinate after the step.

        ``own`` tells whether the form is that coordinate itself.
        """
        g, name = self.g, self.c.state[k].name
        whole = self.after.update.entries[k]
        others = [(s, part) for s, part in whole.parts.items() if s != name]
        grown = g.sum(self._factor(k, whole), *(self._ratio(k, s, part) for s, part in others))
        safe = g.select(g.raw("==", grown, g.zero), g.raw("inf"), grown)
        along = self.moves[name]
        zero = Scalar(g, g.zero)
        kept = form.parts.get(name, zero)
        change = kept.moves() if own else g.add(kept.moves(), g.mul(kept.term, along))
        for symbol, part in form.parts.items():
            if symbol == name:
                continue
            change = g.add(change, self._ratio(k, symbol, Scalar(g, part.moves())))
            if symbol != ONE:
                change = g.add(change, g.mul(part.term, self._memory_moves[symbol, name]))
            if own:
                change = g.sub(change, g.mul(self._ratio(k, symbol, part), along))
        change = g.raw("/", change, safe)
        return g.add(along, change) if own else change

    def _bounded(self, k: int, value: Term, turned: Term) -> Moved:
        """Return a coordinate moved into its bound."""
        g, name = self.g, self.c.state[k].name
        for most in self.bounds_of(k):
            top = g.raw("lifted", most, self._powers[name]) if k in self.c.rates else most
            size = g.select(g.raw("<", value, g.zero), g.neg(value), value)
            self._hits.append(g.raw(">", size, top))
            turned = g.select(self._hits[-1], g.zero, turned)
            value = g.raw("bounded", value, top)
        return Moved(value, turned)

    def bounds_of(self, k: int) -> list[Term]:
        """Return the bounds of the size of a coordinate: that of the model, and that of the rule."""
        name, found = self.c.state[k].name, []
        if name in self._bounds:
            found.append(self.g.name(self._bounds[name], True))
        most = composed.bound(self.rule, self.now)
        return found if most is None else [*found, as_scalar(self.g, most).term]

    def hits(self) -> list[Term]:
        """Return the conditions under which a bound of the model or of the rule changes the step."""
        self._hits.clear()
        self.coordinates()
        return list(dict.fromkeys([*self._clip_hits, *self._hits]))

    def memory(self) -> list[Moved]:
        """Return the memory after a step, in the order of the state."""
        return [
            self._remembered(k, entry)
            for vector in self.rule.memory
            for k, entry in enumerate(self.after.memory[vector].entries)
        ]

    def _remembered(self, k: int, entry: Form | Scalar) -> Moved:
        if isinstance(entry, Scalar):
            return Moved(entry.term, entry.moves())
        return Moved(self.mantissa(k, entry), self._relative(k, entry, own=False))

    def clocks(self) -> list[Term]:
        """Return the clocks after a step, in the order of the state."""
        return [as_scalar(self.g, self.after.clocks[name]).term for name in self.rule.clocks]


def substituted(g: Graph, term: Term, instead: Mapping[str, Term]) -> Term:
    """Return a term of the same form, with other terms in the place of names; so it is rounded alike."""
    found: dict[int, Term] = {}
    for part in reachable(term):
        if part.op == "name":
            found[part.index] = instead.get(part.name, part)
        elif part.value is not None:
            found[part.index] = part
        else:
            found[part.index] = g.raw(part.op, *(found[operand.index] for operand in part.operands))
    return found[term.index]
