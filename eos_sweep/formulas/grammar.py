"""The grammar of formulas: a text is parsed into a tree.

.. code-block:: text

    0.5  1e-3  x  pi  e        numbers and names
    + - * / **  ( )            ** before the sign, which comes before * and /; 2**3**2 is 2**(3**2)
    tanh(x)  min(x, y, z)      functions
    select(0 < x < 1 and not y == 2, 5, 6)
    sum(i, (w*x[i] - y[i])**2)  mean(i, ...)     x and y are tables of numbers

Python's ``eval`` is never called.  Equal parts of a tree are one object.
"""

import keyword
import re
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import NoReturn

from eos_sweep.errors import closest, named
from eos_sweep.formulas import lexer, operations
from eos_sweep.formulas.lexer import MAX_CHARACTERS, Source, Word
from eos_sweep.formulas.parts import Parts
from eos_sweep.formulas.sums import Tables
from eos_sweep.formulas.tree import Call, Node

MAX_NESTING = 100
OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER = range(1, 9)
STRENGTH = {"or": OR, "and": AND, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "**": POWER} | dict.fromkeys(
    ("<", "<=", ">", ">=", "==", "!="), COMPARISON
)
CONDITION, NUMBER = "a condition", "a number"
SUMS = ("sum", "mean")
INSTEAD = {
    "True": "write the condition itself, such as x > 0", "False": "write the condition itself, such as x > 0",
    "lambda": "Python reserves this word; use lambda1 or lam", "if": "use select(condition, yes, no)",
    "else": "use select(condition, yes, no)", "None": "write a number",
}  # fmt: skip


def parse(
    text: str,
    what: str,
    tables: Mapping[str, Sequence[float]] | None = None,
    most: int = MAX_CHARACTERS,
    moved: str | None = None,
) -> Node:
    """Return the tree of a number, such as a loss.

    Parameters
    ----------
    text
        The formula.
    what
        What it is the formula of, for errors.
    tables
        Numbers for ``x[i]``.  A sum over ``i`` is written out at once, first index first.  None: there are no sums.
    most
        The most characters.
    moved
        The table whose number at place k gets a name, ``x[k]``, added, so that it can be moved.

    Raises
    ------
    InputError
        If something in ``text`` is not allowed.  The message is one line with the place.
    """
    reader = _Reader(Source(text, what), tables, most)
    reader.moved = moved
    return reader.read(NUMBER)


def parse_condition(text: str, what: str, most: int = MAX_CHARACTERS) -> Node:
    """Return the tree of a condition, such as ``0 < x < 1 and y > -inf``; see :func:`parse`."""
    return _Reader(Source(text, what), None, most, infinity=True).read(CONDITION)


def is_condition(node: Node) -> bool:
    """Return whether ``node`` is true or false, instead of a number."""
    return isinstance(node, Call) and node.function in operations.CONDITIONS


class _Reader:
    """Reads a text once, from left to right; the body of a sum, once for each index."""

    def __init__(self, source: Source, tables: Mapping[str, Sequence[float]] | None, most: int, infinity: bool = False):
        self.source = source
        self.words = lexer.words(source, most)
        self.parts = Parts(source.refuse)
        self.tables = Tables(source, tables or {})
        self.has_tables = tables is not None
        self.infinity = infinity
        self.moved: str | None = None
        self.indices: dict[str, int] = {}  # of the sums around the next word
        self.next = 0
        self.nesting = 0

    def read(self, kind: str) -> Node:
        try:
            node = self.operand(0, kind)
        except RecursionError:  # called from a stack that is almost full
            self.refuse_nesting()
        if self.word.kind != "end":
            self.refuse_word("an operator is missing" if self.word.text not in ")],[" else "not expected here")
        return node

    @property
    def word(self) -> Word:
        return self.words[self.next]

    def take(self) -> Word:
        word = self.word
        self.next += word.kind != "end"
        self.parts.work()
        return word

    def expect(self, symbol: str) -> None:
        if self.word.text != symbol:
            self.refuse_word(f"{symbol!r} is missing")
        self.take()

    def refuse_word(self, problem: str) -> NoReturn:
        self.source.refuse(problem, INSTEAD.get(self.word.text, lexer.ALLOWED), self.word.at)

    def refuse_nesting(self) -> NoReturn:
        self.source.refuse(
            f"more than {MAX_NESTING} levels of parentheses, signs or powers are nested", "use fewer", self.word.at
        )

    def operand(self, strength: int, kind: str) -> Node:
        """Return what binds at least so strongly, of a kind."""
        at = self.word.at
        return self.checked(self.expression(strength), kind, at)

    def checked(self, node: Node, kind: str, at: int) -> Node:
        found = CONDITION if is_condition(node) else NUMBER
        if found != kind:
            remedy = "use select(condition, yes, no)" if kind == NUMBER else "compare it, such as x > 0"
            self.source.refuse(f"{found} stands where {kind} is needed", remedy, at)
        return node

    def expression(self, strength: int) -> Node:
        at = self.word.at
        node = self.first()
        while (word := self.word).kind != "end" and STRENGTH.get(word.text, -1) >= max(strength, 1):
            if STRENGTH[word.text] == COMPARISON:
                node = self.comparisons(self.checked(node, NUMBER, at))
                continue
            kind = CONDITION if word.text in operations.CONDITIONS else NUMBER
            self.checked(node, kind, at)
            self.take()
            if word.text == "**":  # binds to the right, so each one is a level deeper
                self.deeper()
                right = self.operand(SIGN, NUMBER)
                self.nesting -= 1
            else:
                right = self.operand(STRENGTH[word.text] + 1, kind)
            node = self.parts.call(word.text, node, right, at=word.at)
        return node

    def comparisons(self, left: Node) -> Node:
        """Return ``a < b < c`` as ``a < b and b < c``."""
        links: list[Node] = []
        while STRENGTH.get(self.word.text) == COMPARISON:
            word = self.take()
            right = self.operand(SUM, NUMBER)
            links.append(self.parts.call(word.text, left, right, at=word.at))
            left = right
        return reduce(lambda node, link: self.parts.call("and", node, link, at=link.at), links)

    def deeper(self) -> None:
        """Begin a level; whoever begins one ends it by one less."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.refuse_nesting()

    def first(self) -> Node:
        """Return a number, a name, a call, parentheses, or what follows a sign or ``not``."""
        word = self.take()
        match word.kind, word.text:
            case "number", _:
                return self.parts.number(self.value(word), word.at)
            case "name", "not":
                self.deeper()
                node = self.operand(NOT, CONDITION)
                self.nesting -= 1
                return self.parts.call("not", node, at=word.at)
            case "name", _:
                return self.named(word)
            case "symbol", "-" | "+":
                self.deeper()
                node = self.operand(SIGN, NUMBER)
                self.nesting -= 1
                return node if word.text == "+" else self.parts.call("negative", node, at=word.at)
            case "symbol", "(":
                self.deeper()
                node = self.expression(0)
                self.nesting -= 1
                self.expect(")")
                return node
        self.source.refuse("a number or a name is missing", lexer.ALLOWED, word.at)

    def value(self, word: Word) -> Fraction:
        """Return a literal: a whole number as it is, any other as the double next to it."""
        value = float(word.text)
        if value > sys.float_info.max:
            self.source.refuse("a number is too large", f"use at most {sys.float_info.max}", word.at)
        if value == 0.0 and set(re.split("[eE]", word.text)[0]) - set("0."):
            self.source.refuse("a number is too small", "use at least 5e-324, or 0", word.at)
        return Fraction(int(word.text)) if word.text.isdigit() else Fraction(value)

    def named(self, word: Word) -> Node:
        """Return what begins with a name."""
        name, at, called = word.text, word.at, self.word.text == "("
        if name in INSTEAD or keyword.iskeyword(name):
            self.source.refuse(f"{name} cannot be used", INSTEAD.get(name, "use another name"), at)
        if called:
            self.deeper()
            node = self.call(word)
            self.nesting -= 1
            return node
        if self.word.text == "[":
            return self.element(word)
        if name in operations.FUNCTIONS or name in SUMS:
            self.source.refuse(f"{named(name)} is a function", f"write {named(name)}(...)", at)
        if name in self.tables.sizes:
            self.source.refuse(f"{named(name)} is a table", f"write sum(i, ... {named(name)}[i] ...)", at)
        if name in self.indices:
            self.source.refuse(f"{named(name)} is an index", f"write it in brackets, as in x[{named(name)}]", at)
        if name == "inf" and not self.infinity:
            self.source.refuse("inf is no number of this formula", "use a finite number", at)
        return self.parts.name(name, at)

    def call(self, word: Word) -> Node:
        """Return a function and its operands; min and max take two or more."""
        name, at = word.text, word.at
        if name not in operations.FUNCTIONS and name not in SUMS:
            remedy = closest(name, [*operations.FUNCTIONS, *SUMS])
            self.source.refuse(f"no function {named(name)!r}", remedy, at)
        self.take()
        if name in SUMS:
            if not self.has_tables:
                self.source.refuse(f"{name} has no data to run over", "write its terms out", at)
            return self.sum(word)
        operands: list[Node] = []
        while self.word.text != ")":
            if operands:
                self.expect(",")
            kind = CONDITION if name == "select" and not operands else NUMBER
            operands.append(self.operand(0, kind))
        self.take()
        arity = operations.FUNCTIONS[name]
        if len(operands) < arity or (len(operands) > arity and name not in ("min", "max")):
            needed = "select(condition, yes, no)" if name == "select" else f"{arity} operand{'s' * (arity > 1)}"
            self.source.refuse(
                f"{name} has {len(operands)} operand{'s' * (len(operands) != 1)}", f"it takes {needed}", at
            )
        if arity != 2:
            return self.parts.call(name, *operands, at=at)
        return reduce(lambda node, operand: self.parts.call(name, node, operand, at=at), operands)

    def element(self, word: Word) -> Node:
        """Return the number ``x[i]`` or ``x[0]`` of a table."""
        self.take()
        index = self.take()
        position = self.indices.get(index.text)
        if index.kind == "number" and index.text.isdigit():
            position = int(index.text)
        elif position is None:
            names = " or ".join([*map(named, self.indices), "a whole number"])
            self.source.refuse("not an index", f"use {names}", index.at)
        self.expect("]")
        number = self.parts.number(self.tables.element(word.text, position, word.at), word.at)
        if word.text != self.moved:
            return number
        return self.parts.call("+", number, self.parts.name(f"{word.text}[{position}]", word.at), at=word.at)

    def sum(self, word: Word) -> Node:
        """Return ``sum(i, body)`` written out from left to right, or its mean."""
        index = self.take()
        name = index.text
        if index.kind != "name" or self.word.text != ",":
            self.source.refuse(f"{word.text} has no index", f"write {word.text}(i, ... x[i] ...)", index.at)
        self.tables.check_index(index, self.indices)
        self.take()
        body = self.next
        count = self.tables.count(self.words, body, index)
        terms: list[Node] = []
        for position in range(count):
            self.next = body
            self.indices[name] = position
            terms.append(self.operand(0, NUMBER))
        del self.indices[name]
        total = reduce(lambda node, term: self.parts.call("+", node, term, at=word.at), terms)
        self.expect(")")
        if word.text == "sum" or count == 1:
            return total
        return self.parts.call("/", total, self.parts.number(Fraction(count), word.at), at=word.at)
