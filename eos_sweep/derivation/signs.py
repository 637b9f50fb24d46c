"""Which terms are never negative, as far as their form shows it."""

from collections.abc import Collection

from eos_sweep.derivation.graph import Term, factors

NEVER_NEGATIVE = {"exp", "cosh", "sech2", "sqrt", "log_cosh", "softplus", "sigmoid", "normal_density",
                  "normal_distribution", "erfc", "real_power"}  # fmt: skip
Reason = list[Term] | None


def never_negative(term: Term, positive: Collection[str]) -> bool:
    """Tell whether a term is proved to be zero or above; ``positive`` are names that are."""
    reasons: dict[int, Reason] = {}
    waiting = [term]
    while waiting:
        part = waiting.pop()
        if part.index not in reasons:
            reasons[part.index] = _reason(part, positive)
            waiting += reasons[part.index] or ()
    proved: dict[int, bool] = {}
    for index in sorted(reasons):
        reason = reasons[index]
        proved[index] = reason is not None and all(proved[part.index] for part in reason)
    return proved[term.index]


def _reason(term: Term, positive: Collection[str]) -> Reason:
    """Return the terms because of which a term is not negative, if they are not; None if nothing shows that it is."""
    if term.op == "*":
        odd = [factor for factor, times in factors(term).items() if times % 2]
        negative = [factor for factor in odd if factor.value is not None and factor.value < 0]
        return None if len(negative) % 2 else [factor for factor in odd if factor not in negative]
    if term.op in ("+", "/"):
        return list(term.operands)
    if term.op == "select":
        condition, yes, no = term.operands
        if condition.op == "<" and condition.operands[0] is no and condition.operands[1].is_zero and _is_minus(yes, no):
            return []  # an absolute value
        return [yes, no]
    known = term.value >= 0 if term.value is not None else term.name in positive or term.op in NEVER_NEGATIVE
    return [] if known else None


def _is_minus(one: Term, other: Term) -> bool:
    return one.op == "*" and other in one.operands and any(part.value == -1 for part in one.operands)
