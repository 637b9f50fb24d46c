"""The module of a derived model, as text in the style of the models that are written by hand.

The text is made of parsed formulas, and of the words of the definition as Python literals.
"""

import textwrap
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from eos_sweep.derivation import calculus, declarations, imports
from eos_sweep.derivation.calculus import Calculus
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.graph import Term
from eos_sweep.derivation.naming import Names
from eos_sweep.derivation.sharpness import Sharpness, sharpness_of
from eos_sweep.derivation.writing import Lines, jets, tuple_of
from eos_sweep.formulas import text

WIDTH = 118
FACTOR = 90  # characters of a factor beside the coordinate that it multiplies


class Given(NamedTuple):
    """What is not derived."""

    module: str = ""  # imported from there ...
    names: Collection[str] = ()  # ... are these
    plain: Collection[str] = ()  # and these stay the defaults of :mod:`eos_sweep.plain`


ALL = Given()  # all is derived


def write(formula: Formula, c: Calculus, given: Given = ALL) -> str:
    """Return the source of the module of ``formula``.

    Parameters
    ----------
    formula
        The definition.
    c
        What was derived of its loss.
    given
        What is not derived, by default nothing.
    """
    return Module(formula, c, given).text()


class Module:
    """The parts of one module: its functions, and the names that they use."""

    def __init__(self, formula: Formula, c: Calculus, given: Given) -> None:
        self._formula, self._c, self._given = formula, c, given
        self._names = Names(formula.state, formula.parameters, c.rates)
        self._used: set[str] = {"inlined"}
        self._sharpness: Sharpness = sharpness_of(c)
        self._jets = jets(c.loss, *c.first, *c.second.values())  # the same ones in all functions, so they are shared

    def text(self) -> str:
        """Return the whole text."""
        own = {*self._given.names, *self._given.plain}
        body = [
            *declarations.line_functions(self._formula, self._used),
            *declarations.written(self._formula, sorted(self._c.rates), own),
            *(written() for name, written in self._functions().items() if name not in own),
        ]
        code = "\n\n\n".join(body)
        imported = imports.written(self._used, code, self._given.module, self._given.names)
        return f"{self._heading()}\n{imported}\n\n{code}\n"

    def _functions(self) -> dict[str, Callable[[], str]]:
        """Return name -> what writes it, of all functions in their order."""
        functions = {
            "threshold": self._threshold,
            "rescale": self._rescale,
            "coordinates": self._coordinates,
            "loss": self._loss,
            "slopes": lambda: self._function(
                "slopes", "here, p", "Return eta times the gradient.", "here p", self._slopes()
            ),
            "bends": lambda: self._function(
                "bends", "here, p", "Return eta times the Hessian, its upper triangle.", "here p", self._bends()
            ),
            "step": self._step,
            "tangent": self._tangent,
            "curvature": self._curvature,
            "stable": self._stability,
            "remaining_loss": self._remaining_loss,
            "settled": self._settled,
            "hessian": self._hessian,
        }
        if not self._c.rates:
            del functions["rescale"]
        return functions

    def _heading(self) -> str:
        loss = text.show(self._formula.tree)
        told = textwrap.fill(f"L = {loss}", WIDTH - 4, initial_indent="    ", subsequent_indent="        ")
        gone = [
            f"A step multiplies {name} by a factor, so {name} has an exponent of its own and never underflows.\n"
            for name in self._carried()
        ]
        end = "\n" + "".join(gone) if gone else ""
        return f'"""{self._formula.name}: gradient descent, derived from its loss.\n\n{told}\n{end}"""\n'

    def _carried(self) -> list[str]:
        return [self._c.state[k].name for k in sorted(self._c.rates)]

    def _loss(self) -> str:
        told = "" if self._c.bounded_below else "Return L, infinity where it fell below any bound."
        return self._function("loss", "theta, p", told, "p", [calculus.bounded_loss(self._c)], single=True)

    def _slopes(self) -> list[Term]:
        return [self._c.graph.mul(self._c.eta, slope) for slope in self._c.first]

    def _bends(self) -> list[Term]:
        return list(calculus.scaled_hessian(self._c).values())

    def _opened(self, given: str) -> list[str]:
        """Return the lines that give names to what the arguments hold."""
        head = []
        names = self._names
        if "here" in given.split():
            head.append(f"{names.unpacked_coordinates()} = here")
        if "theta" in given.split():
            head.append(f"{names.unpacked_coordinates()} = coordinates(theta)")
        if "p" in given.split():
            head.append(f"{names.unpacked_parameters()} = p")
        return head

    def _function(
        self, name: str, arguments: str, docstring: str, given: str, terms: Sequence[Term], single: bool = False
    ) -> str:
        """Return a function of terms: of the coordinates ``here``, or of those in ``theta``."""
        lines = Lines(self._names.code, self._names.taken, self._jets)
        codes = lines.write(*terms)
        self._used |= lines.used
        if "theta" in arguments:
            given = f"theta {given}"
        head = self._opened(given)
        result = codes[0] if single else tuple_of(codes)
        return function(name, arguments, docstring, [*head, *lines.lines, *returned(result, [] if single else codes)])

    def _threshold(self) -> str:
        unpacked = f"{self._names.unpacked_parameters()} = p"
        return function("threshold", "p", "", [unpacked, f"return 2.0 / {self._names.code[calculus.STEP_SIZE]}"])

    def _coordinates(self) -> str:
        names = self._names
        if not self._c.rates:
            return function("coordinates", "theta", "", ["return theta"])
        self._used.add("seen")
        found = [
            f"seen({names.code[x.name]}, {names.powers[x.name]})" if k in self._c.rates else names.code[x.name]
            for k, x in enumerate(self._c.state)
        ]
        told = "Return the coordinates, zero where one is too small to matter to others."
        return function(
            "coordinates", "theta", told, [f"{names.unpacked_state()} = theta", f"return {tuple_of(found)}"]
        )

    def _rescale(self) -> str:
        names = self._names
        self._used.add("rescaled")
        lines = [f"{names.unpacked_state()} = theta"]
        for name in self._carried():
            pair = f"{names.code[name]}, {names.powers[name]}"
            lines.append(f"{pair} = rescaled({pair})")
        return function("rescale", "theta, p", "", [*lines, f"return {names.unpacked_state()}"])

    def _step(self) -> str:
        names, c = self._names, self._c
        lines = Lines(names.code, names.taken, self._jets)
        codes = lines.write(*(calculus.stepped(c, k) for k in range(len(c.state))))
        self._used |= lines.used
        head = self._opened("theta p")
        for k in range(len(c.state)):
            if k in c.rates:
                whole = codes[k] if len(codes[k]) <= FACTOR else lines.assign(codes[k])
                product = whole if whole.isidentifier() else f"({whole})"
                codes[k] = f"theta[{k}] * {product}"
        powers = [f"theta[{len(c.state) + j}]" for j in range(len(c.rates))]
        return function("step", "theta, p", "", [*head, *lines.lines, *returned("", [*codes, *powers])])

    def _tangent(self) -> str:
        names, c = self._names, self._c
        if not c.rates:
            self._used.add("descended")
            told = "Apply the Jacobian of a step, 1 - eta H."
            return function("tangent", "theta, p, v", told, ["return descended(bends(coordinates(theta), p), v)"])
        moves = {k: c.graph.name(f"the move of {x.name}", False) for k, x in enumerate(c.state)}
        known = {moves[k].name: names.moves[x.name] for k, x in enumerate(c.state)}
        lines = Lines({**names.code, **known}, names.taken, self._jets)
        codes = lines.write(*calculus.turned(c, moves))
        self._used |= lines.used
        head = [*self._opened("theta p"), f"{', '.join(known.values())}{',' * (len(known) == 1)} = v"]
        told = f"Apply the Jacobian of a step to changes, relative ones of {', '.join(self._carried())}."
        return function("tangent", "theta, p, v", told, [*head, *lines.lines, *returned("", codes)])

    def _curvature(self) -> str:
        told = "Return the numbers that determine the largest eigenvalue of eta times the Hessian."
        return function("curvature", "theta, p", told, self._sharpness.lines)

    def _stability(self) -> str:
        self._used |= self._sharpness.names
        return self._sharpness.functions

    def _remaining_loss(self) -> str:
        least = "least_rest(slopes(coordinates(theta), p), threshold(p))"
        self._used.add("least_rest")
        if self._c.bounded_below:
            self._used.add("smaller")
            least = f"smaller(loss, {least})"
        told = "Return how far the loss is above its minimum, or less."
        return function("remaining_loss", "theta, p, loss", told, [f"return {least}"])

    def _settled(self) -> str:
        code = self._names.code[calculus.STEP_SIZE]
        self._used |= SETTLING
        lines = [
            *self._towards_minimum("slopes", "bends"),
            "over = low & (room < 1.0) & stable(curvature(theta, p), below_edge(room))",
        ]
        if self._c.bounded_below:
            self._used |= VALLEY
            lines += [
                f"end = bends(moved(here, push, polyak(push, loss, {code})), p)",
                f"room = gap_in_valley(matrix, end, here, loss, {code})",
                "low = (loss < tolerance) & (room < 1.0)",
                "return over | (low & stable(curvature(theta, p), below_edge(room)))",
            ]
            told = "Tell whether the run stays at a minimum, an isolated one or one of loss zero."
        else:
            lines.append("return over")
            told = "Tell whether the run stays at an isolated minimum."
        return function("settled", "theta, p, loss, tolerance", told, lines)

    def _towards_minimum(self, slopes: str, bends: str) -> list[str]:
        """Return the lines that take Newton's step: whether little loss is left on it, and the room it needs."""
        return [
            "here = coordinates(theta)",
            f"{self._names.unpacked_parameters()} = p",
            f"push, matrix = {slopes}(here, p), {bends}(here, p)",
            "way, work, least = newton(matrix, push)",
            f"end = {bends}(moved(here, way, 1.0), p)",
            "rest = remaining_loss(theta, p, loss)",
            f"low = (isolated_rest(work, {self._names.code[calculus.STEP_SIZE]}) < tolerance) & (rest < tolerance)",
            "room = gap(matrix, end, least)",
        ]

    def _hessian(self) -> str:
        self._used |= {"from_triangle", "scaled"}
        told = "Return the Hessian of L, shape (..., n, n), in the order of STATE."
        lines = [
            "triangle = scaled(bends(coordinates(theta), p), 0.5 * threshold(p))",
            "return from_triangle(triangle, theta[0])",
        ]
        return function("hessian", "theta, p", told, lines, compiled=False)


SETTLING = {"newton", "moved", "isolated_rest", "gap", "below_edge"}
VALLEY = {"polyak", "gap_in_valley"}


def returned(single: str, codes: Sequence[str]) -> list[str]:
    """Return the line that returns a single value, or the lines that return a tuple of ``codes``."""
    if not codes:
        return [f"return {single}"]
    whole = f"return {tuple_of(codes)}"
    return [whole if len(whole) < WIDTH - 4 else _tall("return ", codes)]


def _tall(start: str, codes: Sequence[str]) -> str:
    return f"{start}(\n" + "".join(f"        {code},\n" for code in codes) + "    )"


def function(name: str, arguments: str, docstring: str, lines: Sequence[str], compiled: bool = True) -> str:
    """Return the text of a function."""
    told = [f'"""{docstring}"""'] if docstring else []
    body = "\n".join(f"    {line}" for line in [*told, *lines])
    return f"{'@inlined' + chr(10) if compiled else ''}def {name}({arguments}):\n{body}"
