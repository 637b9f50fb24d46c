"""The module of a model that takes its steps by an update rule, as text."""

import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from eos_sweep.derivation import imports
from eos_sweep.derivation.calculus import STEP_SIZE, Calculus
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.graph import Term
from eos_sweep.derivation.ruled.dual_numbers import Condition, as_scalar
from eos_sweep.derivation.ruled.names import memory_names
from eos_sweep.derivation.ruled.outcome import Outcome
from eos_sweep.derivation.ruled.targets import silenced
from eos_sweep.derivation.ruled.traced import Bounds, Tracing
from eos_sweep.derivation.source import ALL, SETTLING, VALLEY, WIDTH, Module, function, returned
from eos_sweep.derivation.writing import Lines, jets, tuple_of
from eos_sweep.formulas import text
from eos_sweep.update_rules import composed
from eos_sweep.update_rules.composed import Rule

NEVER = "return tolerance < 0.0"


class Taken(NamedTuple):
    """What a module takes over from that of its model."""

    imports: Sequence[str] = ()  # lines
    functions: Sequence[str] = ()  # text


NOTHING = Taken()


class RuledModule(Module):
    """The parts of one module: its functions, and the names that they use."""

    def __init__(
        self, formula: Formula, c: Calculus, rule: Rule, clips: Bounds, bounds: Bounds, targets: Sequence[str] = ()
    ) -> None:
        super().__init__(formula, silenced(c, targets) if targets else c, ALL)
        self._rule = rule
        self._traced = Tracing(c, rule, clips, targets)
        self._outcome = Outcome(self._traced, bounds)
        self._all_codes = self._names.code | self._traced.code()
        self._decays = any(hasattr(part, "shift") or hasattr(part, "decay") for part in rule.parts)
        self._edge_term = as_scalar(c.graph, composed.edge(rule, self._traced.now)).term

    def whole(self, name: str, taken: Taken = NOTHING) -> str:
        """Return the whole text; ``name`` is that of the model, from which some functions are taken over."""
        written = [self._constants(), *(one() for one in self._functions().values()), *taken.functions]
        code = "\n\n\n".join(written)
        imported = "\n".join([imports.written(self._used, code), *taken.imports])
        return f"{self._told(name)}\n{imported}\n\n{code}\n"

    def _told(self, name: str) -> str:
        """Return the docstring of the module."""
        loss = text.show(self._formula.tree)
        told = textwrap.fill(f"L = {loss}", WIDTH - 4, initial_indent="    ", subsequent_indent="        ")
        return f'"""{name} under {self._rule}, derived from its loss.\n\n{told}\n"""\n'

    def _constants(self) -> str:
        state = [x.name for x in self._c.state]
        told: dict[str, Any] = {"CARRIED": tuple(self._carried())}
        told |= {"MEMORY": memory_names(state, self._rule), "CLOCKS": self._rule.clocks}
        told |= {"EDGE_MOVES": not self._edge_term.fixed, "GUARD": self._formula.guard}
        return "\n".join(f"{name} = {value!r}".replace("'", '"') for name, value in told.items())

    def _functions(self) -> dict[str, Callable[[], str]]:
        found = super()._functions()
        extra: dict[str, Callable[[], str]] = {"edge": self._edge}
        if self._decays:
            extra["pulls"] = self._pulls
            if self._rule.rests:
                extra["stiffness"] = self._stiffness
        if hasattr(self._rule.base, "coast"):
            extra["coasting"] = self._coasting
        if self._resting_conditions():
            extra["resting"] = self._resting
        found["clipped"] = self._clipped
        if not self._hits():
            del found["clipped"]
        place = list(found).index("step")
        items = list(found.items())
        return dict([*items[:place], *extra.items(), *items[place:]])

    def _written(
        self,
        name: str,
        arguments: str,
        told: str,
        terms: Sequence[Term],
        single: bool = False,
        more: dict[str, str] | None = None,
    ) -> str:
        """Return a function of terms of the state ``theta``."""
        lines = Lines(self._all_codes | (more or {}), self._names.taken, self._together(terms))
        codes = lines.write(*terms)
        self._used |= lines.used
        return self._def(name, arguments, told, [*lines.lines, *returned(codes[0], [] if single else codes)])

    def _def(self, name: str, arguments: str, told: str, lines: Sequence[str]) -> str:
        """Return a function whose first lines give names to what its code uses."""
        used = set(re.findall(r"\w+", "\n".join(lines)))
        opened = [line for line in self._opened("theta p") if used & set(re.findall(r"\w+", line.partition(" = ")[0]))]
        return function(name, arguments, told, [*opened, *lines])

    def _together(self, terms: Sequence[Term]) -> set[int]:
        """Return the arguments of jets.  At a second place they are others than in the loss, but rounded alike."""
        return self._jets | jets(*terms, least=1) if self._jets else set()

    def _coordinates(self) -> str:
        found = []
        for k, x in enumerate(self._c.state):
            power = self._traced.places.powers.get(x.name)
            found.append(f"theta[{k}]" if power is None else f"seen(theta[{k}], theta[{power}])")
        self._used.add("seen")
        told = "Return the coordinates, zero where one is too small to matter to others."
        return function("coordinates", "theta", told, [f"return {tuple_of(found)}"])

    def _rescale(self) -> str:
        """Return the rescaling of mantissas; memory counts by how far it can carry a coordinate."""
        self._used |= {"rescaling", "larger"}
        traced = self._traced
        coast = composed.coast(self._rule, traced.now)
        lines, whole = Lines(self._all_codes, self._names.taken), {}
        for name, k in traced.places.mantissas.items():
            size, power = f"abs(theta[{k}])", traced.places.powers[name]
            if coast is not None:
                (code,) = lines.write(traced.mantissa(k, coast.entries[k]))
                size = f"larger({size}, abs({code}))"
            factor = lines.assign(f"rescaling({size}, theta[{power}])")
            lines.lines[-1] = f"{factor}, {factor}_power = {lines.lines[-1].partition(' = ')[2]}"
            whole[power] = f"{factor}_power"
            members = [k, *(place for (_, owner), place in traced.places.memory.items() if owner == name)]
            whole |= {place: f"theta[{place}] * {factor}" for place in members}
        self._used |= lines.used
        codes = [whole.get(place, f"theta[{place}]") for place in range(self._width())]
        return self._def("rescale", "theta, p", "", [*lines.lines, *returned("", codes)])

    def _width(self) -> int:
        places = self._traced.places
        return len(self._c.state) + len(places.powers) + len(places.memory) + len(places.clocks)

    def _step(self) -> str:
        traced, outcome = self._traced, self._outcome
        terms = [one.value for one in outcome.coordinates()]
        memory = [one.value for one in outcome.memory()]
        lines = Lines(self._all_codes, self._names.taken, self._together([*terms, *memory]))
        codes = lines.write(*terms, *memory, *outcome.clocks())
        self._used |= lines.used
        powers = [f"theta[{place}]" for place in traced.places.powers.values()]
        width = len(terms)
        whole = [*codes[:width], *powers, *codes[width:]]
        return self._def("step", "theta, p", "", [*lines.lines, *returned("", whole)])

    def _tangent(self) -> str:
        traced, outcome = self._traced, self._outcome
        moves = {name: f"v[{k}]" for k, name in enumerate(traced.all_moves())}
        terms = [one.turned for one in (*outcome.coordinates(), *outcome.memory())]
        told = "Apply the Jacobian of a step to changes; those of coordinates with an exponent are relative."
        return self._written("tangent", "theta, p, v", told, terms, more=moves)

    def _edge(self) -> str:
        told = "Return the least eigenvalue of eta times the Hessian that is not stable."
        return self._written("edge", "theta, p", told, [self._edge_term], single=True)

    def _shift(self) -> Term:
        """Return eta times the weight decay."""
        g, now = self._c.graph, self._traced.now
        for part in self._rule.parts:
            for name in ("shift", "decay"):
                if hasattr(part, name):
                    return as_scalar(g, getattr(part, name)(now)).term
        return g.zero

    def _pulls(self) -> str:
        g, shift = self._c.graph, self._shift()
        terms = [g.add(push, g.mul(shift, x)) for push, x in zip(self._slopes(), self._c.state, strict=True)]
        return self._function("pulls", "here, p", "Return eta times the gradient with the decay.", "here p", terms)

    def _stiffness(self) -> str:
        g, shift = self._c.graph, self._shift()
        found = zip(self._c.second, self._bends(), strict=True)
        terms = [g.add(bend, shift) if row == column else bend for (row, column), bend in found]
        return self._function("stiffness", "here, p", "Return eta times the Hessian with the decay.", "here p", terms)

    def _curvature(self) -> str:
        if not hasattr(self._rule.base, "scaling"):
            return super()._curvature()
        g, now = self._c.graph, self._traced.now
        scaling: Any = composed.scaling(self._rule, now)
        over = [self._traced.value(k, one).term for k, one in enumerate(scaling.entries)]
        shift = composed.shift(self._rule, now)
        bends = dict(zip(self._c.second, self._bends(), strict=True))
        if shift is not None:
            bends |= {(k, k): g.add(bends[k, k], as_scalar(g, shift).term) for k in range(len(over))}
        told = "Return the numbers that determine the largest eigenvalue of eta times the preconditioned Hessian."
        if self._sharpness.entries:
            terms = [self._preconditioned(bends, over, *place) for place in self._sharpness.entries]
        else:
            roots = [g.call("sqrt", one) for one in over]
            terms = [g.mul(bend, g.mul(roots[row], roots[column])) for (row, column), bend in bends.items()]
        return self._written("curvature", "theta, p", told, terms)

    def _preconditioned(self, bends: dict[tuple[int, int], Term], over: list[Term], row: int, column: int) -> Term:
        """Return an entry of the matrix, squared off the diagonal."""
        g, bend = self._c.graph, bends[row, column]
        return g.mul(
            bend if row == column else g.mul(bend, bend), over[row] if row == column else g.mul(over[row], over[column])
        )

    def _coasting(self) -> str:
        coast: Any = composed.coast(self._rule, self._traced.now)
        terms = [self._traced.value(k, entry).term for k, entry in enumerate(coast.entries)]
        return self._written("coasting", "theta, p", "Return how far the memory still moves the coordinates.", terms)

    def _resting_conditions(self) -> list[Condition]:
        return composed.settles(self._rule, self._traced.now) if self._rule.rests else []

    def _resting(self) -> str:
        told = "Tell whether a run that is at rest stays there."
        return self._written("resting", "theta, p", told, [self._all(self._resting_conditions(), "and")], single=True)

    def _all(self, conditions: Sequence[Condition], op: str) -> Term:
        term = conditions[0].term
        for one in conditions[1:]:
            term = self._c.graph.raw(op, term, one.term)
        return term

    def _hits(self) -> list[Condition]:
        g = self._c.graph
        return [*(Condition(g, term) for term in self._outcome.hits()), *self._outcome.after.clips]

    def _clipped(self) -> str:
        told = "Tell whether a clip or a bound changes the step."
        return self._written("clipped", "theta, p", told, [self._all(self._hits(), "or")], single=True)

    def _remaining_loss(self) -> str:
        pulls = "pulls" if self._decays else "slopes"
        return super()._remaining_loss().replace("slopes(", f"{pulls}(")

    def _settled(self) -> str:
        if not self._rule.rests:
            return function("settled", "theta, p, loss, tolerance", "", [NEVER])
        eta = self._names.code[STEP_SIZE]
        push, bends = ("pulls", "stiffness") if self._decays else ("slopes", "bends")
        self._used |= (SETTLING - {"below_edge"}) | {"below"}
        lines = [
            *self._towards_minimum(push, bends),
            *self._while_decaying(),
            *self._with_drift("room", "low", bends),
            "over = low & (room < 1.0) & stable(curvature(theta, p), below(edge(theta, p), room))",
        ]
        result = "over"
        if self._c.bounded_below:
            self._used |= VALLEY
            lines += [
                f"end = {bends}(moved(here, push, polyak(push, loss, {eta})), p)",
                f"room = gap_in_valley(matrix, end, here, loss, {eta})",
                "low = loss < tolerance",
                *self._with_drift("room", "low", bends),
            ]
            if self._decays:
                lines.append(f"low = low & ({self._names.code['weight_decay']} == 0.0)")
            lines.append("valley = low & (room < 1.0) & stable(curvature(theta, p), below(edge(theta, p), room))")
            result = "(over | valley)"
        resting = " & resting(theta, p)" if self._resting_conditions() else ""
        told = "Tell whether the run stays at a minimum."
        return function("settled", "theta, p, loss, tolerance", told, [*lines, f"return {result}{resting}"])

    def _while_decaying(self) -> list[str]:
        """Return what waits while a decay changes the loss, or takes the guarded weight to zero, past its sign."""
        if not self._decays:
            return []
        decay, eta = self._names.code["weight_decay"], self._names.code[STEP_SIZE]
        self._used.add("loss_rest")
        found = [f"low = low & (({decay} == 0.0) | (loss_rest(slopes(here, p), way, work, {eta}) < tolerance))"]
        if self._formula.guard is not None:
            k = [x.name for x in self._c.state].index(self._formula.guard)
            found.append(f"low = low & (({decay} == 0.0) | (abs(way[{k}]) < 0.5 * abs(here[{k}])))")
        return found

    def _with_drift(self, room: str, low: str, bends: str) -> list[str]:
        if not hasattr(self._rule.base, "coast"):
            return []
        self._used |= {"kinetic_rest", "room_with_drift"}
        eta = self._names.code[STEP_SIZE]
        return [
            "drift = coasting(theta, p)",
            f"{low} = {low} & (kinetic_rest(drift, edge(theta, p), {eta}) < tolerance)",
            f"{room} = room_with_drift(matrix, {bends}(moved(here, drift, 1.0), p), {room})",
        ]
