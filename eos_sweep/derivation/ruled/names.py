"""What the numbers in the state of a ruled model are called, and where they stand.

The state holds the coordinates, the powers of those with an exponent of their own, the memory of the rule for each
coordinate, and its clocks.
"""

from collections.abc import Sequence
from typing import NamedTuple

from eos_sweep.derivation.calculus import Calculus
from eos_sweep.update_rules.composed import Rule


class Places(NamedTuple):
    """Names of numbers in the state that are no coordinates -> their places in it."""

    mantissas: dict[str, int]  # of coordinates with an exponent of their own, by the name of the coordinate
    powers: dict[str, int]  # by the name of the coordinate
    memory: dict[tuple[str, str], int]  # by the names of the vector and of the coordinate
    clocks: dict[str, int]


def places(c: Calculus, rule: Rule) -> Places:
    """Return where the numbers stand."""
    state = [x.name for x in c.state]
    carried = [state[k] for k in sorted(c.rates)]
    first = len(state) + len(carried)
    memory = [(vector, name) for vector in rule.memory for name in state]
    return Places(
        {name: state.index(name) for name in carried},
        {name: len(state) + j for j, name in enumerate(carried)},
        {pair: first + j for j, pair in enumerate(memory)},
        {name: first + len(memory) + j for j, name in enumerate(rule.clocks)},
    )


def memory_names(state: Sequence[str], rule: Rule) -> dict[str, str]:
    """Return the names of what the rule keeps for each coordinate -> the coordinate."""
    return {f"{vector}_{name}": name for vector in rule.memory for name in state}
