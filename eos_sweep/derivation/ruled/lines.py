"""The edge of a rule in words, and the critical lines of a model at that edge."""

from collections.abc import Callable
from typing import Any

import numpy as np

from eos_sweep.contract import EDGE, CriticalLine, Values
from eos_sweep.eigen.sharpness import UNTOLD, over_edge
from eos_sweep.update_rules.composed import Rule

LATE = 2.0**52  # a clock at which a warmup is over
DECAYS = "shift", "decay"  # with them gradient flow ends elsewhere


def edge_words(rule: Rule) -> str:
    """Return the sharpness at the edge in words."""
    return f"the edge of {rule}"


def edge_label(rule: Rule) -> str:
    """Return the sharpness at the edge as mathtext, without dollar signs."""
    label, decayed = rule.base.EDGE, getattr(rule.base, "DECAYED_EDGE", UNTOLD)
    if rule.having("decay"):
        label = decayed
    if rule.having("rate"):
        label = label.replace(r"\eta", r"\eta_t")
    shifts = rule.having("shift") and not hasattr(rule.base, "scaling")  # which has the shift in its matrix
    return rf"{label} - \lambda" if shifts else label


def is_steady(rule: Rule) -> bool:
    """Tell whether the edge of a rule is the same for all states, at least after a warmup."""
    rising = all(hasattr(part, "settles") for part in rule.having("rate"))
    return not rule.base.EDGE_OF_STATE and rising


def lines(model: Any, module: Any, rule: Rule) -> tuple[CriticalLine, ...]:
    """Return the lines of ``model`` where a sharpness is at the edge, for the edge of the rule.

    None if the sharpness that counts is that of a preconditioned Hessian, of which the lines know nothing.
    """
    if not is_steady(rule) or any(rule.having(name) for name in (*DECAYS, "SHARPNESS")):
        return ()
    return tuple(_moved(line, module, rule) for line in model.LINES if line.of_edge)


def _moved(line: CriticalLine, module: Any, rule: Rule) -> CriticalLine:
    label = rf"{line.name.replace('_', ' ')}: $S = {edge_label(rule)}$"
    return line._replace(label=label, ratio=_over_edge(line.ratio, module))


def _over_edge(ratio: Callable[[Values], np.ndarray], module: Any) -> Callable[[Values], np.ndarray]:
    def at_edge(values: Values) -> np.ndarray:
        found = ratio(values)
        p = tuple(np.asarray(values[name], np.float64) for name in module.PARAMETERS)
        width = len(module.STATE) + len(module.CARRIED) + len(module.MEMORY)
        state = (*(np.float64(0.0) for _ in range(width)), *(np.float64(LATE) for _ in module.CLOCKS))
        return over_edge(EDGE * found, module.edge(state, p))  # type: ignore[no-any-return]

    return at_edge
