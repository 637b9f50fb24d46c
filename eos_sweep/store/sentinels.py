"""Values of whole numbers that stand for none: of a cell that was not computed, of an event that never came.

Such values are below all numbers of their variable, except for ``period``, which is 0 where there is no orbit.
"""

from eos_sweep.contract import DOUBLED, Variable

NOT_COMPUTED, NEVER, NONE = ABSENT = "not_computed", "never", "none"
OTHERS = {"period": {NONE: 0}}


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
