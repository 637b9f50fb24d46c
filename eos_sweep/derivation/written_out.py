"""The formula of a function that was recorded, as text, in which what is used twice stands twice."""

from eos_sweep.derivation.definition import MAX_CHARACTERS
from eos_sweep.errors import InputError
from eos_sweep.formulas import grammar, text
from eos_sweep.formulas.tree import Node

BY_HAND = ", or write its step, loss and curvature yourself in a module, see docs/models.md"


def written_out(node: Node, what: str) -> str:
    """Return the formula of a function.

    Raises
    ------
    InputError
        If its text would be longer, or nested deeper, than formulas may be; the message is about the function.
    """
    by_hand = BY_HAND if what.endswith("loss") else ""
    try:
        found = text.show(node, MAX_CHARACTERS)
    except InputError:
        raise InputError(
            f"{what}: written out as a formula, the function has more than {MAX_CHARACTERS} characters, since a value"
            f" that it uses twice is written twice; repeat less, as each round of x = x + f(x) doubles it{by_hand}"
        ) from None
    try:
        grammar.parse(found, what, most=MAX_CHARACTERS)
    except InputError:  # nothing else can be wrong with it
        raise InputError(
            f"{what}: written out as a formula, the function is nested in more than {grammar.MAX_NESTING} levels;"
            f" repeat less, or add terms side by side instead of one within the other{by_hand}"
        ) from None
    return found
