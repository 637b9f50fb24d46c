"""Tables of numbers, and over which indices a sum runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from eos_sweep.errors import closest, named, short
from eos_sweep.formulas import operations
from eos_sweep.formulas.lexer import Source, Word


class Tables:
    """The tables that a formula may use.

    Parameters
    ----------
    source
        The formula, for errors.
    tables
        Finite numbers by name.
    """

    def __init__(self, source: Source, tables: Mapping[str, Sequence[float]]):
        self._source = source
        self._tables = tables
        for name, table in tables.items():
            if isinstance(table, str) or not hasattr(table, "__len__"):
                source.refuse(f"the table {named(name)} is {short(table)}", "give a list of numbers")
        self.sizes = {name: len(table) for name, table in tables.items()}

    def element(self, name: str, position: int, at: int) -> Fraction:
        """Return a number of a table as an exact fraction."""
        self._check(name, at)
        if position >= self.sizes[name]:
            problem = f"{named(name)}[{named(str(position))}] is beyond the {self.sizes[name]} numbers of {named(name)}"
            self._source.refuse(problem, "the first has index 0", at)
        value = self._tables[name][position]
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self._source.refuse(f"{named(name)}[{position}] is {short(value)}", "use finite numbers", at)
        return Fraction(number)

    def check_index(self, index: Word, around: Iterable[str]) -> None:
        """Raise if the index of a sum has the name of something else."""
        for taken, kind in ((self.sizes, "a table"), (around, "the index of a sum around it")):
            if index.text in taken:
                self._source.refuse(f"the index {named(index.text)} is also {kind}", "use another name", index.at)
        if index.text in operations.OPERATIONS or index.text in operations.CONSTANTS:
            self._source.refuse(f"{index.text} is no name for an index", "use another name, such as i", index.at)

    def count(self, words: Sequence[Word], body: int, index: Word) -> int:
        """Return how many numbers the tables have that the index is used on, up to the end of the sum's body."""
        used: dict[str, Word] = {}
        depth = 0
        for place in range(body, len(words) - 2):
            table, bracket, inner = words[place : place + 3]
            depth += {"(": 1, ")": -1}.get(table.text, 0)
            if depth < 0:
                break
            if table.kind == "name" and bracket.text == "[" and inner.text == index.text:
                used.setdefault(table.text, table)
        for name, word in used.items():
            self._check(name, word.at)
        sizes = {name: self.sizes[name] for name in used}
        name = named(index.text)
        if not sizes:
            self._source.refuse(f"no table is used with the index {name}", f"write x[{name}] in the sum", index.at)
        if len(set(sizes.values())) > 1 or 0 in sizes.values():
            shown = ", ".join(f"{named(table)} has {size}" for table, size in sizes.items())
            problem = f"the tables of index {name} need one length above 0: {named(shown, 200)}"
            self._source.refuse(problem, "use tables of one length", index.at)
        return next(iter(sizes.values()))

    def _check(self, name: str, at: int) -> None:
        if name not in self.sizes:
            remedy = closest(name, self.sizes) if self.sizes else "give the formula tables of numbers"
            self._source.refuse(f"no table {named(name)!r}", remedy, at)
