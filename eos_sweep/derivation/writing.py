"""Terms as lines of Python: what is used twice gets a name, and the order of operations is that of the graph."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from fractions import Fraction

from eos_sweep.derivation.graph import Term, reachable

WIDTH = 100  # characters of an expression, beyond which a part of it gets a name ...
MOST_HALVES = 17  # of an exponent that is written as products and a root
SHORT = 24  # ... unless that has fewer
SUM, PRODUCT, UNARY, ATOM = range(4)  # how tightly an expression binds
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
JET = {"log_cosh": 0, "tanh": 1, "sech2": 3}  # their places in what ``log_cosh_jet`` returns
Written = tuple[str, int]  # code, and how tightly it binds


class Lines:
    """The body of one function: assignments, and the expressions that it returns."""

    def __init__(self, names: Mapping[str, str], taken: Collection[str], jets: Collection[int] = ()) -> None:
        """Begin an empty body.

        Parameters
        ----------
        names
            The code for each coordinate and parameter.
        taken
            Names that no assignment may use.
        jets
            Indices of arguments of which log cosh, tanh and 1/cosh^2 are computed together.
        """
        self.lines: list[str] = []
        self.used: set[str] = set()  # functions that the code calls
        self._names, self._taken, self._jets = names, set(taken), jets
        self._jet_names: dict[int, str] = {}  # of what is computed together of an argument
        self._count = 0
        self._written: dict[int, Written] = {}

    def write(self, *tops: Term) -> list[str]:
        """Return an expression for each term, after the assignments that they need."""
        parts = reachable(*tops)
        uses = Counter(operand.index for part in parts for operand in part.operands)
        uses.update(top.index for top in tops)
        for part in reversed(parts):
            if uses[part.index] > 1 and _is_negative(part):  # it is written again wherever it is subtracted
                uses.update(operand.index for operand in part.operands)
        uses.subtract(_spared(parts, self._jets))
        for part in parts:
            if part.index in self._written:
                continue
            code, binding = self._short_expression(part)
            simple = part.value is not None or part.op in ("name", "inf") or _is_negative(part)
            simple = simple or self._is_of_jet(part)
            if not simple and (uses[part.index] > 1 or part.op == "let") and not code.isidentifier():
                code, binding = self.assign(code), ATOM
            self._written[part.index] = code, binding
        return [self._written[top.index][0] for top in tops]

    def _short_expression(self, term: Term) -> Written:
        """Return an expression that fits in a line, after naming operands that are too long for that."""
        code, binding = self._expression(term)
        while len(code) > WIDTH:
            long = [one for one in _visible(term) if len(self._written[one.index][0]) > SHORT]
            operand = max(long, key=lambda one: len(self._written[one.index][0]), default=None)
            if operand is None:
                break
            self._written[operand.index] = self.assign(self._written[operand.index][0]), ATOM
            code, binding = self._expression(term)
        return code, binding

    def assign(self, code: str) -> str:
        """Return a new name for an expression."""
        while (name := f"t{self._count}") in self._taken:
            self._count += 1
        self._count += 1
        self.lines.append(f"{name} = {code}")
        return name

    def _code(self, term: Term, at_least: int = SUM) -> str:
        code, binding = self._written[term.index]
        return code if binding >= at_least else f"({code})"

    def _expression(self, term: Term) -> Written:
        if term.value is not None:
            return _number(term.value), UNARY if term.value < 0 else ATOM
        if term.op == "name":
            return self._names[term.name], ATOM
        return WRITERS.get(term.op, Lines._call)(self, term)

    def _let(self, term: Term) -> Written:
        return self._written[term.operands[0].index]

    def _call(self, term: Term) -> Written:
        self.used.add(term.op)
        return f"{CALLED.get(term.op, term.op)}({', '.join(self._code(one) for one in term.operands)})", ATOM

    def _is_of_jet(self, term: Term) -> bool:
        return term.op in JET and term.operands[0].index in self._jets

    def _of_jet(self, term: Term) -> Written:
        if not self._is_of_jet(term):
            return self._call(term)
        (argument,) = term.operands
        if argument.index not in self._jet_names:
            self.used.add("log_cosh_jet")
            self._jet_names[argument.index] = self.assign(f"log_cosh_jet({self._code(argument)})")
        return f"{self._jet_names[argument.index]}[{JET[term.op]}]", ATOM

    def _sum(self, term: Term) -> Written:
        one, other = term.operands
        if _is_negative(one) and not _is_negative(other):
            one, other = other, one
        if _is_negative(other):
            return f"{self._code(one)} - {self._magnitude(other)}", SUM
        return f"{self._code(one)} + {self._code(other, PRODUCT)}", SUM

    def _magnitude(self, term: Term) -> str:
        """Return the code of minus a negative multiple, in the order of its own operations."""
        if term.value is not None:
            return _number(-term.value)
        front, rest = _front(term)
        if front.value == -1:
            return self._code(rest, PRODUCT)
        code = _number(-front.value) if front.value is not None else self._magnitude(front)
        return f"{code} * {self._code(rest, UNARY)}"

    def _product(self, term: Term) -> Written:
        front, rest = _front(term)
        if front.value == -1:
            return f"-{self._code(rest, UNARY)}", UNARY
        return f"{self._code(front, PRODUCT)} * {self._code(rest, UNARY)}", PRODUCT

    def _quotient(self, term: Term) -> Written:
        one, other = term.operands
        return f"{self._code(one, PRODUCT)} / {self._code(other, UNARY)}", PRODUCT

    def _power(self, term: Term) -> Written:
        """Return a real power; a half one as a whole one times or over the root, which has a value at zero, too."""
        base, exponent = term.operands
        twice = None if exponent.value is None else 2 * exponent.value
        if twice is None or twice.denominator != 1 or abs(twice) > MOST_HALVES:
            return self._call(term)
        code = self._code(base, ATOM)
        if not code.isidentifier():
            code = self.assign(self._code(base))
            self._written[base.index] = code, ATOM
        whole = " * ".join([code] * (abs(int(twice)) // 2))
        root = f"np.sqrt({code})"
        if twice > 0:
            return f"{whole} * {root}", PRODUCT
        return f"1.0 / ({whole} * {root})" if whole else f"1.0 / {root}", PRODUCT

    def _comparison(self, term: Term) -> Written:
        one, other = term.operands
        return f"({self._code(one)} {term.op} {self._code(other)})", ATOM

    def _logic(self, term: Term) -> Written:
        sign = "&" if term.op == "and" else "|"
        return f"({f' {sign} '.join(self._code(one, ATOM) for one in term.operands)})", ATOM

    def _opposite(self, term: Term) -> Written:
        """Return ``not``, which for numbers of all kinds is a comparison: ``~True`` is -2 in Python."""
        self.used.add("select")
        return f"(select({self._code(term.operands[0])}, 0.0, 1.0) > 0.5)", ATOM


WRITERS: dict[str, Callable[[Lines, Term], Written]] = {
    "+": Lines._sum, "*": Lines._product, "/": Lines._quotient, "and": Lines._logic, "or": Lines._logic,
    "not": Lines._opposite, "let": Lines._let, "real_power": Lines._power, "inf": lambda lines, term: ("np.inf", ATOM),
    **dict.fromkeys(COMPARISONS, Lines._comparison), **dict.fromkeys(JET, Lines._of_jet),
}  # fmt: skip
CALLED = {"sqrt": "np.sqrt"}


def jets(*tops: Term, least: int = 2) -> set[int]:
    """Return the indices of arguments of which two or more of log cosh, tanh and 1/cosh^2 occur in terms, or less."""
    found = Counter(part.operands[0].index for part in reachable(*tops) if part.op in JET)
    return {index for index, times in found.items() if times >= least}


def _spared(parts: Iterable[Term], jets: Collection[int]) -> Counter[int]:
    """Return how many uses of an argument its jet spares, as it stands for several functions."""
    found = Counter(part.operands[0].index for part in parts if part.op in JET and part.operands[0].index in jets)
    return Counter({index: times - 1 for index, times in found.items()})


def _number(value: Fraction) -> str:
    return repr(float(value))


def _front(term: Term) -> tuple[Term, Term]:
    """Return the operands of a product, the number or the fixed one first."""
    one, other = sorted(term.operands, key=lambda operand: (operand.value is None, not operand.fixed))
    return one, other


def _is_negative(term: Term) -> bool:
    """Tell whether a term is a number below zero, or a product with one in front, behind which parameters may stand."""
    for _ in range(2):
        if term.op == "*":
            term = _front(term)[0]
    return term.value is not None and term.value < 0


def _visible(term: Term) -> list[Term]:
    """Return the terms whose code stands in that of a term: of a negative operand its own operands."""
    found: list[Term] = []
    for operand in term.operands:
        found += operand.operands if _is_negative(operand) else [operand]
    return found


def tuple_of(codes: Iterable[str]) -> str:
    """Return the code of a tuple."""
    codes = list(codes)
    return f"({', '.join(codes)}{',' * (len(codes) == 1)})"
