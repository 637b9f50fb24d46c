"""Modules of models that take their steps by an update rule, derived once for each model and rule in this process."""

import sys
import threading
from types import ModuleType
from typing import Any

from eos_sweep.derivation import declarations, loader, modules, smoothness
from eos_sweep.derivation.calculus import Calculus, derive
from eos_sweep.derivation.completing import completed_from, formula_of, has_loss
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.ruled.dual_numbers import NotLinear
from eos_sweep.derivation.ruled.lines import edge_label, edge_words, lines
from eos_sweep.derivation.ruled.names import memory_names
from eos_sweep.derivation.ruled.source import RuledModule, Taken
from eos_sweep.derivation.ruled.targets import TABLE, names_of
from eos_sweep.errors import InputError, named
from eos_sweep.update_rules.composed import Rule

OF_BASE = "flow_sharpness", "balance", "weights_squared"  # which do not depend on how steps are taken
_DERIVING = threading.Lock()
_RULED: dict[tuple[str, Rule], tuple[Any, ModuleType]] = {}
_BASES: dict[str, tuple[str, Rule]] = {}  # name of a ruled module -> name of the model's module, and the rule


def ruled(model: Any, rule: Rule) -> ModuleType:
    """Return the model that takes its steps by ``rule``.

    Raises
    ------
    InputError
        If the model has no loss in its coordinates, or a name that the rule needs.
    """
    key = model.__name__, rule
    known, found = _RULED.get(key, (None, None))
    if found is None or known is not model:
        with _DERIVING:
            found = _derived(model, rule)
            _RULED[key] = model, found
            _BASES[found.__name__] = key
    return found


def base_of(name: str) -> tuple[str, Rule] | None:
    """Return the name of the module and the rule from which the module of this name was derived."""
    return _BASES.get(name)


def source(model: Any, rule: Rule) -> str:
    """Return the text of the model that takes its steps by ``rule``."""
    return _text(model, rule)[0]


def module_text(model: Any, rule: Rule) -> str:
    """Return the text of the same model with all that it declares, for a module of the user's own."""
    text, told = source(model, rule), declarations.of_module(ruled(model, rule))
    head, first, rest = text.partition("\nCARRIED = ")
    if "np." in told and "import numpy as np" not in head:
        head = head.replace("\n\nfrom ", "\n\nimport numpy as np\n\nfrom ", 1)
    head = head.replace("\nfrom ", "\nfrom eos_sweep.contract import Quantity\nfrom ", 1)
    head = head.replace(f"from {model.__name__} import", f"from {_name_of(model)} import")
    return f"{head}\n{told}{first}{rest}"


def _derived(model: Any, rule: Rule) -> ModuleType:
    text, formula = _text(model, rule)
    return _described(loader.load(formula.name, text), model, rule, formula)


def _text(model: Any, rule: Rule) -> tuple[str, Formula]:
    formula = _formula(model, rule)
    clips, bounds = (getattr(model, name, {}) for name in ("GRADIENT_BOUNDS", "WEIGHT_BOUNDS"))

    targets = names_of(formula) if rule.having("labels") else []
    tree = formula.with_moved(TABLE) if targets else formula.tree

    def written(carried: tuple[str, ...] | None) -> str:
        """Return the text, in which the coordinates ``carried`` have an exponent; by default those that need one."""
        c: Calculus = derive(
            tree,
            list(formula.state),
            list(formula.parameters),
            formula.never_negative,
            carried,
            rule.edge_moves,
            targets,
        )
        smoothness.check(c)
        taken = _taken_over(model, formula, tuple(sorted(c.rates)))
        return RuledModule(formula, c, rule, clips, bounds, targets).whole(_name_of(model), taken)

    try:
        text = written(None)
    except NotLinear:  # the rule takes apart what keeps an exponent
        text = written(())
    return text, formula


def _name_of(model: Any) -> str:
    return completed_from(model.__name__)


def _formula(model: Any, rule: Rule) -> Formula:
    """Return the formula of the loss, with the parameters of the rule behind those of the model."""
    formula = modules.formula_of(model.__name__)
    name = named(formula.name if formula else _name_of(model).rpartition(".")[2])
    if formula is None:
        module = sys.modules.get(_name_of(model), model)
        if not getattr(model, "DESCENT", True) or not has_loss(module):
            raise InputError(
                f"rule: got {rule}, but the coordinates of {name} are no weights of a loss; use gd, or a model that"
                " has them, such as a formula"
            )
        formula = formula_of(module)
    for parameter in rule.parameters:
        if parameter in formula.state or (parameter in formula.parameters and parameter != "seed"):
            raise InputError(
                f"rule: {rule} has a parameter {parameter}, and so has {name}; rename it in the model, or choose"
                " another rule"
            )
    for kept in (*memory_names(list(formula.state), rule), *rule.clocks):
        if kept in formula.state:
            raise InputError(f"rule: {rule} keeps a number {kept}, and {name} has such a coordinate; rename it")
    found = formula.model_copy(update={"parameters": {**formula.parameters, **rule.parameters}})
    found.__dict__["guard"] = model.GUARD
    return found


def _taken_over(model: Any, formula: Formula, places: tuple[int, ...]) -> Taken:
    """Return the functions that are those of the model itself."""
    names = [name for name in OF_BASE if hasattr(model, name)] + ["loss_parts"] * bool(model.LOSS_PARTS)
    if not names:
        return Taken()
    lines = [f"from {model.__name__} import {name} as its_{name}" for name in names]
    lines.append("from eos_sweep.derivation.ruled.plainly import plainly")
    state = f"plainly(theta, {len(formula.state)}, {places}, {len(model.CARRIED)})"
    count = len(model.PARAMETERS)
    return Taken(
        sorted(lines),
        [f"def {name}(theta, p):\n    return its_{name}({state}, p[:{count}])" for name in names],
    )


def _described(module: Any, model: Any, rule: Rule, formula: Formula) -> ModuleType:
    """Give a module the words and bounds that determine no number of a trajectory."""
    module.TITLE, module.RULE_TITLE = model.TITLE, rule.title
    module.REFERENCE = "; ".join([model.REFERENCE, *rule.references])
    module.STATE = dict(model.STATE)
    module.PARAMETERS = {**model.PARAMETERS, **rule.parameters}
    module.TRIAL = {**model.TRIAL, **rule.trial}
    module.DESCENT, module.LOSS_PARTS = False, model.LOSS_PARTS
    module.PRESETS, module.THRESHOLDS = model.PRESETS, model.THRESHOLDS
    module.OBSERVABLES = tuple(name for name in model.OBSERVABLES if name != "magnification")
    if len(module.STATE) > 1:
        module.OBSERVABLES += ("magnification",)
    module.MATRIX = getattr(rule.base, "SHARPNESS", "Hessian")
    module.EDGE_WORDS, module.EDGE_LABEL = edge_words(rule), edge_label(rule)
    module.LINES = lines(model, module, rule)
    if hasattr(model, "CONDITIONS"):
        module.CONDITIONS = model.CONDITIONS
    return module
