"""Values of whole numbers that stand for none: of a cell that was not computed, of an event that never came.

Such values are below all numbers of their variable, except for ``period``, which is 0 where there is no orbit.
"""

import re
from collections.abc import Collection

from eos_sweep.contract import DOUBLED, Variable

NOT_COMPUTED, NEVER, NONE = ABSENT = "not_computed", "never", "none"
OTHERS = {"period": {NONE: 0}}
EXPLAINED = re.compile(r" \((-?\d+: [^();]*(?:; -?\d+: [^();]*)*)\)")  # values and their meanings, in a long_name


def sentinels(name: str, variable: Variable) -> dict[str, int]:
    """Return meaning -> value of all that is no number of a variable; nothing for labels, nor for floats (NaN).

    A fill value of -2 leaves -1 for an event that never came.

    Examples
    --------
    >>> sentinels("first_crossing", Variable("int32", "first step above", fill=-2))
    {'not_computed': -2, 'never': -1}
    """
    if variable.flags or not variable.dtype.startswith("int"):
        return {}
    found = {NOT_COMPUTED: int(variable.fill)} | ({NEVER: -1} if variable.fill == -2 else {})
    return found | OTHERS.get(name.removesuffix(DOUBLED), {})


def without_meanings(words: str, values: Collection[int]) -> str:
    """Return the words of a variable without the meanings of some values, which are not in it.

    Examples
    --------
    >>> without_meanings("first step above (0: from the start; -1: never)", [-2, -1])
    'first step above (0: from the start)'
    >>> without_meanings("first step on which it fails (-1: none)", [-2, -1])
    'first step on which it fails'
    """

    def kept(found: re.Match[str]) -> str:
        items = [item for item in found[1].split("; ") if int(item.split(":")[0]) not in values]
        return f" ({'; '.join(items)})" if items else ""

    return EXPLAINED.sub(kept, words)
