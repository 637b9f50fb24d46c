"""What a rule sees of a step of a model, recorded."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace

from eos_sweep.derivation.calculus import Calculus, scaled_hessian
from eos_sweep.derivation.differentiate import gradient
from eos_sweep.derivation.graph import Graph, Term, reachable
from eos_sweep.derivation.ruled.dual_numbers import ONE, Form, Scalar, Vector, as_scalar, scaled
from eos_sweep.derivation.ruled.names import Places, places
from eos_sweep.functions.draws import COIN, FIRST_TARGET
from eos_sweep.update_rules.composed import CLOCK, Rule
from eos_sweep.update_rules.interface import Now

Bounds = Mapping[str, str]  # name of a coordinate -> the parameter that bounds it, or its gradient


class Tracing:
    """The terms of a step.  Their names are those of the calculus, and those of :meth:`code`."""

    def __init__(self, c: Calculus, rule: Rule, clips: Bounds, targets: Sequence[str] = ()) -> None:
        """Begin a tracing.

        Parameters
        ----------
        c
            What was derived of the loss.
        rule
            The rule.
        clips
            The coordinates whose gradient the model itself bounds.
        targets
            Names of what noise adds to the targets of the loss.
        """
        self._targets = targets
        self.c, self.rule, self._clips = c, rule, clips
        self.places: Places = places(c, rule)
        g = self.g = c.graph
        self.mantissas = {name: g.name(f"mantissa of {name}", False) for name in self.places.mantissas}
        self.powers = {name: g.name(f"power of {name}", False) for name in self.places.powers}
        self._memory = {pair: g.name(f"{pair[0]} of {pair[1]}", False) for pair in self.places.memory}
        self._clocks = {name: g.name(f"the {name}", False) for name in self.places.clocks}
        self.moves = {x.name: g.name(f"the move of {x.name}", False) for x in c.state}
        self.memory_moves = {pair: g.name(f"the move of {pair[0]} of {pair[1]}", False) for pair in self._memory}
        self._slopes = [g.mul(c.eta, slope) for slope in c.first]
        self._bends = scaled_hessian(c)
        self.clip_hits: list[Term] = []  # conditions under which a bound of the model changes a gradient

    def code(self) -> dict[str, str]:
        """Return name -> code of what stands in the state ``theta``."""
        found = {self.mantissas[name].name: f"theta[{k}]" for name, k in self.places.mantissas.items()}
        found |= {self.powers[name].name: f"theta[{k}]" for name, k in self.places.powers.items()}
        found |= {self._memory[pair].name: f"theta[{k}]" for pair, k in self.places.memory.items()}
        return found | {self._clocks[name].name: f"theta[{k}]" for name, k in self.places.clocks.items()}

    def all_moves(self) -> list[str]:
        """Return the names of the entries of a tangent, in order."""
        return [move.name for move in (*self.moves.values(), *self.memory_moves.values())]

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
            if x.name in self.mantissas:
                entries.append(Form({x.name: Scalar(g, g.one)}))
            else:
                entries.append(Scalar(g, x, self.moves[x.name]))
        return Vector(entries, self._length)

    def _kept(self, vector: str, name: str) -> Form | Scalar:
        if name in self.mantissas:
            return Form({vector: Scalar(self.g, self.g.one)})
        return Scalar(self.g, self._memory[vector, name], self.memory_moves[vector, name])

    def _move_of(self, k: int) -> Term:
        """Return the move of a coordinate; that of a carried one is relative to it."""
        x = self.c.state[k]
        return self.g.mul(x, self.moves[x.name]) if k in self.c.rates else self.moves[x.name]

    # What a form is.

    def _symbol(self, k: int, symbol: str) -> Term:
        """Return the number that a factor of a form belongs to, as a mantissa."""
        name = self.c.state[k].name
        return self.mantissas[name] if symbol == name else self._memory[symbol, name]

    def mantissa(self, k: int, form: Form) -> Term:
        """Return the mantissa of a form."""
        return self.g.sum(*(self.part(k, symbol, factor) for symbol, factor in form.parts.items()))

    def part(self, k: int, symbol: str, factor: Scalar) -> Term:
        """Return the mantissa of a part of a form."""
        g = self.g
        if symbol == ONE:
            return g.raw("lifted", factor.term, self.powers[self.c.state[k].name])
        return g.mul(factor.term, self._symbol(k, symbol))

    def value(self, k: int, entry: Form | Scalar) -> Scalar:
        """Return an entry as a number: of a form, zero where it is too small to matter."""
        if isinstance(entry, Scalar):
            return entry
        g, x = self.g, self.c.state[k]
        power = self.powers[x.name]
        if list(entry.parts) == [x.name] and entry.parts[x.name].term is g.one:
            return Scalar(g, x, self._move_of(k))
        changes = []
        for symbol, factor in entry.parts.items():
            if symbol == ONE:
                changes.append(factor.moves())
                continue
            here = x if symbol == x.name else g.raw("seen", self._memory[symbol, x.name], power)
            along = self.moves[x.name] if symbol == x.name else self.memory_moves[symbol, x.name]
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
        draws = [g.raw("normal_draw", seed, clock, g.number(int(FIRST_TARGET) + k)) for k in range(len(self._targets))]
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
            most = g.raw("lifted", most, self.powers[name])
        size = g.select(g.raw("<", size, g.zero), g.neg(size), size)
        beyond = g.raw(">", size, most)
        self.clip_hits.append(beyond)
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
        return Scalar(g, g.raw("sign_draw", g.name("seed", True), self._clocks[CLOCK], g.number(int(COIN))))


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
