"""Array models under an update rule: the parameters of both, and networks that take the steps of the rule."""

import functools
import sys
from collections.abc import Mapping
from typing import Any

from eos_sweep.contract import ArrayModel, Network, Numbers, Quantity, Table
from eos_sweep.derivation.ruled.lines import edge_label, edge_words
from eos_sweep.errors import InputError, named
from eos_sweep.models.rule_steps import Stepping
from eos_sweep.update_rules.composed import Rule

# Of the parts of a rule: what determines the numbers.
DECIDING = (
    *("MEMORY", "CLOCKS", "ORDER", "update", "gradient", "limited", "rate", "decay", "bound", "tick", "labels"),
    *("edge", "scaling", "shift"),
)
LABEL_NOISE = "label_noise"  # a rule and its parameter; networks with the parameter move their targets themselves
SHARED = "seed", LABEL_NOISE  # parameters of a model that are those of a rule


class RuledNetwork:
    """An array model whose networks take the steps of a rule.  What is not here is the model's."""

    def __init__(self, model: Any, rule: Rule) -> None:
        self._model, self.rule, self.__name__ = model, rule, model.__name__
        further = {name: quantity for name, quantity in rule.parameters.items() if name != "seed"}
        self.PARAMETERS: Mapping[str, Quantity] = {**model.PARAMETERS, **further}
        self.TITLE, self.RULE_TITLE = model.TITLE, rule.title
        self.EDGE_WORDS, self.EDGE_LABEL = edge_words(rule), edge_label(rule)
        self.REFERENCE = "; ".join([model.REFERENCE, *rule.references])
        own = sys.modules[__name__], ["RuledNetwork"]
        self.RULE_PARTS = (str(rule), own, *((part, DECIDING) for part in rule.parts))
        self.EDGE_MOVES = rule.edge_moves
        self.MATRIX = getattr(rule.base, "SHARPNESS", getattr(model, "MATRIX", "Hessian"))

    def __getattr__(self, name: str) -> Any:
        """Return what the model has."""
        if name == "_model":  # of a copy that is being made
            raise AttributeError(name)
        return getattr(self._model, name)

    def start(self, p: Numbers, initial: Numbers, data: Table | None) -> Network:
        """Return the network at its initial weights, with the memory of the rule at zero."""
        network = self._model.start(p[: len(self._model.PARAMETERS)], initial, data)
        return Stepping(network, self.rule, dict(zip(self.PARAMETERS, p, strict=True)))


@functools.cache
def ruled(model: ArrayModel, rule: Rule) -> ArrayModel:
    """Return an array model under a rule; the model itself under plain gradient descent.

    Raises
    ------
    InputError
        If model and rule have a name in common, or the rule moves targets and the model has none.  A ``seed`` is one
        for both.

    Examples
    --------
    >>> from eos_sweep.models import tanh_net
    >>> from eos_sweep.models.ruled_network import ruled
    >>> from eos_sweep.update_rules.composed import parse
    >>> list(ruled(tanh_net, parse("heavy_ball + l2")).PARAMETERS)[-2:]
    ['momentum', 'weight_decay']
    """
    if rule.is_plain:
        return model
    about = named(getattr(model, "__name__", "the model").rpartition(".")[2])
    if LABEL_NOISE in rule.names and LABEL_NOISE not in model.PARAMETERS:
        raise InputError(f"rule: {LABEL_NOISE} is for networks with targets, and {about} has none; use gradient_noise")
    for name in rule.parameters:
        if name in model.STATE or (name in model.PARAMETERS and name not in SHARED):
            raise InputError(
                f"rule: {rule} has a parameter {name}, and so has {about}; rename it in the model, or choose another"
                " rule"
            )
    found: Any = RuledNetwork(model, rule)
    return found
