"""The distinct parts of a tree in the making: equal parts are one object, and their number is bounded."""

from collections.abc import Callable
from fractions import Fraction
from typing import NoReturn

from eos_sweep.formulas.tree import Call, Name, Node, Number

MAX_NODES = 10_000
MAX_WORK = 40 * MAX_NODES  # equal parts cost time, but no memory


class Parts:
    """Make the parts of one tree.

    A part that was made before is returned again, with the place where it was first.  So a tree takes no more memory
    than its distinct parts, however often they occur in it.

    Parameters
    ----------
    refuse
        Raises the error of a formula that has too many parts, from the problem and the remedy.
    """

    def __init__(self, refuse: Callable[[str, str], NoReturn]):
        self._made: dict[tuple, Node] = {}  # operands are found by id; they stay alive as values of this table
        self._refuse = refuse
        self._left = MAX_WORK

    def number(self, value: Fraction, at: int = 0) -> Node:
        """Return a constant."""
        return self._shared((value,), Number(value, at))

    def name(self, name: str, at: int = 0) -> Node:
        """Return a name."""
        return self._shared((name,), Name(name, at))

    def call(self, function: str, *operands: Node, at: int = 0) -> Node:
        """Return a function applied to parts that were made here; a negative number is a number."""
        if function == "negative" and isinstance(operands[0], Number):
            return self.number(-operands[0].value, at)
        return self._shared((function, *map(id, operands)), Call(function, operands, at))

    def work(self) -> None:
        """Count one more piece of work; raise if there were too many."""
        self._left -= 1
        if self._left < 0:
            self.refuse_size()

    def _shared(self, key: tuple, part: Node) -> Node:
        self.work()
        found = self._made.get(key)
        if found is None:
            if len(self._made) == MAX_NODES:
                self.refuse_size()
            found = self._made[key] = part
        return found

    def refuse_size(self) -> NoReturn:
        """Raise the error of a formula that is too large."""
        self._refuse(
            f"the formula has more than {MAX_NODES} parts when its sums are written out, the most that is allowed",
            "use fewer data, or the array models for larger data: tanh_net, relu, linear_net_full",
        )
