"""Which terms are never negative, as far as their form shows it."""

from collections.abc import Collection

from eos_sweep.derivation.graph import Term, factors, reachable

NEVER_NEGATIVE = {"exp", "cosh", "sech2", "sqrt", "log_cosh", "softplus", "sigmoid", "normal_density",
                  "normal_distribution", "erfc", "real_power"}  # fmt: skip


def never_negative(term: Term, positive: Collection[str]) -> bool:
    """Tell whether a term is proved to be zero or above; ``positive`` are names that are."""
    proved: dict[int, bool] = {}
    for part in reachable(term):
        proved[part.index] = _follows(part, proved, positive)
    return proved[term.index]


def _follows(term: Term, proved: dict[int, bool], positive: Collection[str]) -> bool:
    if term.value is not None:
        return term.value >= 0
    if term.op == "name":
        return term.name in positive
    if term.op == "*":
        if all(proved[operand.index] for operand in term.operands):
            return True
        negative = 0
        for factor, times in factors(term).items():
            if times % 2 == 0 or proved[factor.index]:
                continue
            if factor.value is None:
                return False
            negative += 1
        return negative % 2 == 0
    if term.op in ("+", "/"):
        return all(proved[operand.index] for operand in term.operands)
    if term.op == "select":
        condition, yes, no = term.operands
        if condition.op == "<" and condition.operands[0] is no and condition.operands[1].is_zero:
            return _is_minus(yes, no)  # an absolute value
        return all(proved[operand.index] for operand in term.operands[1:])
    return term.op in NEVER_NEGATIVE


def _is_minus(one: Term, other: Term) -> bool:
    return one.op == "*" and other in one.operands and any(part.value == -1 for part in one.operands)
