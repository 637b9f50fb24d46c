"""The text of a tree, with the fewest parentheses: parsed again, it gives an equal tree."""

from fractions import Fraction

from eos_sweep.errors import InputError
from eos_sweep.formulas.grammar import COMPARISON, NOT, POWER, PRODUCT, SIGN, STRENGTH, SUM
from eos_sweep.formulas.tree import Call, Name, Node, Number, walk

MAX_SHOWN = 100_000
ATOM = POWER + 1
WHOLE = 2**53  # up to here a double and a whole number are written alike


def show(node: Node, most: int = MAX_SHOWN) -> str:
    """Return a tree as text.

    Parameters
    ----------
    node
        A number or a condition.
    most
        The most characters: what occurs twice in the tree is written twice, so a small tree can have a huge text.

    Raises
    ------
    InputError
        If the text would be longer.
    """
    same = _classes(node)
    pieces: list[str] = []
    length = 0
    waiting: list[str | tuple[Node, int]] = [(node, 0)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            pieces.append(item)
            length += len(item)
            if length > most:
                raise InputError(f"a formula has a text of more than {most} characters; use a smaller formula")
            continue
        part, least = item
        strength, shown = _layout(part, same)
        waiting += reversed(["(", *shown, ")"] if strength < least else shown)
    return "".join(pieces)


def _classes(node: Node) -> dict[int, int]:
    """Return a number for the id of each part: the same one for equal parts."""
    known: dict[tuple, int] = {}
    same: dict[int, int] = {}
    for part in walk(node):
        if isinstance(part, Call):
            key: tuple = (part.function, *(same[id(operand)] for operand in part.operands))
        else:
            key = (type(part), part.name if isinstance(part, Name) else part.value)
        same[id(part)] = known.setdefault(key, len(known))
    return same


def _layout(node: Node, same: dict[int, int]) -> tuple[int, list[str | tuple[Node, int]]]:
    """Return how strongly a part binds, and its text, in which an operand stands with the strength that it needs."""
    if isinstance(node, Name):
        return ATOM, [node.name]
    if isinstance(node, Number):
        return _number(node.value)
    function, operands = node.function, node.operands
    if function == "negative":
        return SIGN, ["-", (operands[0], SIGN)]
    if function == "not":
        return NOT, ["not ", (operands[0], NOT)]
    if function not in STRENGTH:
        if function in ("min", "max"):
            operands = tuple(_unfolded(node, function))
        return ATOM, [f"{function}(", *_separated([(operand, 0) for operand in operands]), ")"]
    left, right = operands
    strength = STRENGTH[function]
    if function == "and" and (links := _chain(node, same)):
        first = links[0].operands[0]
        shown: list[str | tuple[Node, int]] = [(first, SUM)]
        for link in links:
            shown += [f" {link.function} ", (link.operands[1], SUM)]
        return COMPARISON, shown
    sign = function if strength in (PRODUCT, POWER) else f" {function} "
    if function == "**":
        return strength, [(left, ATOM), sign, (right, SIGN)]
    return strength, [(left, SUM if strength == COMPARISON else strength), sign, (right, strength + 1)]


def _number(value: Fraction) -> tuple[int, list[str | tuple[Node, int]]]:
    size = abs(value)
    if size.denominator == 1 and (size < WHOLE or float(size) != size):
        shown, strength = str(size.numerator), ATOM
    elif float(size) == size:
        shown, strength = repr(float(size)), ATOM
    else:  # no double: only a derived tree has it
        shown, strength = f"{size.numerator}/{size.denominator}", PRODUCT
    return (min(strength, SIGN), ["-" + shown]) if value < 0 else (strength, [shown])


def _unfolded(node: Node, function: str) -> list[Node]:
    """Return the operands of min(min(a, b), c)."""
    last: list[Node] = []
    while isinstance(node, Call) and node.function == function:
        last.append(node.operands[1])
        node = node.operands[0]
    return [node, *reversed(last)]


def _chain(node: Node, same: dict[int, int]) -> list[Call]:
    """Return the comparisons of ``a < b and b < c``, which is a < b < c; none if ``node`` is no such chain."""
    links: list[Call] = []
    while isinstance(node, Call) and node.function == "and":
        node, link = node.operands
        if not isinstance(link, Call) or STRENGTH.get(link.function) != COMPARISON:
            return []
        links.insert(0, link)
        if len(links) > 1 and same[id(link.operands[1])] != same[id(links[1].operands[0])]:
            return []
    if not isinstance(node, Call) or STRENGTH.get(node.function) != COMPARISON:
        return []
    links.insert(0, node)
    return links if same[id(node.operands[1])] == same[id(links[1].operands[0])] else []


def _separated(operands: list[tuple[Node, int]]) -> list[str | tuple[Node, int]]:
    shown: list[str | tuple[Node, int]] = []
    for operand in operands:
        shown += [", ", operand]
    return shown[1:]
