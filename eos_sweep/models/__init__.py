"""The models.  A new one is a file here and a row in ``TABLE``; a module of the user's own is allowed by name.

A model that is given by a formula has neither: its module is derived where it is needed.
"""

import importlib
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any

from eos_sweep import plain
from eos_sweep.contract import Model, is_array
from eos_sweep.derivation import models as derivation
from eos_sweep.derivation import modules as derived
from eos_sweep.derivation.completing import completed, completed_from
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.lacking import missing
from eos_sweep.derivation.ruled.models import base_of, module_text, ruled
from eos_sweep.eigen.sharpness import UNTOLD, edge_label, edge_words
from eos_sweep.errors import InputError, named, short
from eos_sweep.models import declared, ruled_network
from eos_sweep.update_rules import words
from eos_sweep.update_rules.composed import PLAIN, parse

TABLE = {
    name: f"eos_sweep.models.{name}"
    for name in (
        "bivariate",
        "multivariate",
        "product",
        "threshold",
        "quartic",
        "scalar_net",
        "uv",
        "stabilization",
        "quadratic",
        "linear_net",
        "linear_net_full",
        "tanh_net",
        "relu",
    )
}

MAPPINGS = "STATE", "PARAMETERS", "PRESETS", "TRIAL", "LOSS_PARTS", "THRESHOLDS", "READINGS"  # attributes of a model
# The environment variable that names allowed modules, so that processes started by this one inherit it.
ALLOWED_MODULES = "EOS_SWEEP_MODELS"
_ALLOWING = threading.Lock()  # or of two threads that allow a module at once, one is forgotten


def look_here() -> None:
    """Import modules of the user's own from the current folder, too.

    Call it only where such a module was asked for.  Libraries try to import dozens of optional packages, and a file of
    such a name beside a stranger's store would run.
    """
    sys.path.append("")


def allow(module: str) -> None:
    """Let sweeps name a module of the user's own as their model, such as ``"my_package.my_model"``.

    A spec or a store never imports a module that was not allowed, so opening a stranger's runs none of their code.

    Raises
    ------
    InputError
        If there is no such module, it cannot be imported, or it lacks something that a model must have.
    """
    check_own(module)
    with _ALLOWING:
        os.environ[ALLOWED_MODULES] = os.pathsep.join(dict.fromkeys([*allowed(), module]))


def check_own(module: str) -> None:
    """Import a module of the user's own; InputError says why it is no model."""
    if not all(part.isidentifier() for part in module.split(".")):
        raise InputError(f"model {named(module)!r}: not the name of a module; give one such as my_package.my_model")
    try:
        found = importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except ImportError as error:
        raise InputError(f"model {named(module)}: {named(str(error), 200)}; is its folder on PYTHONPATH?") from None
    except BaseException as error:  # the module's own code may raise anything, such as SystemExit
        reason = named(" ".join(f"{type(error).__name__} {error}".split()), 200)
        raise InputError(f"model {module}: cannot be imported, {reason}; correct it there") from error
    for name in MAPPINGS:
        if not isinstance(getattr(found, name, {}), Mapping):
            raise InputError(f"model {module}: its {name} is {short(getattr(found, name))}; give a table of names")
    if lacking := missing(completed(found)):
        raise InputError(f"model {module}: lacks {named(', '.join(lacking), 200)}; see eos_sweep/contract.py")


def allowed() -> list[str]:
    """Return the names of the modules that :func:`allow` has allowed."""
    return [name for name in os.environ.get(ALLOWED_MODULES, "").split(os.pathsep) if name]


def name_of(model: Model) -> str:
    """Return the name of ``model``, for messages."""
    given = given_as(model)
    return given if isinstance(given, str) else given.name


def given_as(model: Model) -> str | Formula:
    """Return what a sweep gives as its model: a name, or the formula from which ``model`` is derived."""
    names = {path: name for name, path in TABLE.items()}
    module = _module_of(model)
    return derived.formula_of(module) or names.get(module, module)


def rule_of(model: Model) -> str:
    """Return the update rule of ``model``."""
    found = base_of(model.__name__)
    return str(found[1] if found else getattr(model, "rule", PLAIN))


def rule_title(model: Model) -> str:
    """Return the update rule of ``model`` in words."""
    return getattr(model, "RULE_TITLE", plain.RULE_TITLE)


def edge_text(model: Model) -> str:
    """Return the sharpness at the edge of stability as plain text: its formula, or whose edge it is."""
    label = edge_label(model)
    return edge_words(model) if label == UNTOLD else words.plain(label)


def about_rule(model: Model) -> dict[str, str]:
    """Return the attributes of a dataset that tell of an update rule and its edge; none for gradient descent."""
    rule = rule_of(model)
    found = {} if rule == PLAIN else {"rule": rule}
    return found if edge_words(model) == plain.EDGE_WORDS else found | {"edge": edge_text(model)}


def _module_of(model: Model) -> str:
    """Return the name of the module that gives the model, without a rule and with all that it lacks."""
    found = base_of(model.__name__)
    return completed_from(found[0] if found else model.__name__)


def allowed_as(model: Any) -> str | Formula:
    """Return what a sweep gives as its model, which is allowed if it is a module of the user's own."""
    for name in own(model):
        allow(name)
    return given_as(model)


def facts(given: str | Formula) -> dict[str, tuple[str, str]]:
    """Return key -> (value, text for people) of what determines the numbers of a model that a sweep gives so."""
    if isinstance(given, str):
        return {"model": (given, given)}
    return {"model": ("a formula", "a formula"), **given.identity}


def own(model: Model) -> tuple[str, ...]:
    """Return the name of ``model`` if it is a module of the user's own, which other processes have to allow."""
    module = _module_of(model)
    return () if module in TABLE.values() or derived.formula_of(module) else (module,)


def is_known(name: str | Formula) -> bool:
    """Return whether a model is a formula, in the table, or in a module that is allowed."""
    return isinstance(name, Formula) or name in TABLE or name in allowed()


def get(name: str | Formula, rule: str = PLAIN, told: str = "") -> Model:
    """Return the module of the model called ``name``, or derived from a formula.  What it lacks is derived, too.

    Under another rule than gradient descent the module is derived from the model's loss.  A module that is not allowed
    is replaced by what is ``told`` of it (:mod:`eos_sweep.models.declared`), if anything is.

    Raises
    ------
    KeyError
        If there is no such model, or the module is not allowed.
    InputError
        If a formula has no derivative, a module lacks what cannot be derived from its loss, or there is no such rule,
        or it does not go together with the model.
    """
    if told and not is_known(name):
        return declared.without_code(name, rule, told)
    model = _get(name)
    parsed = parse(rule)
    if parsed.is_plain:
        return model
    return ruled_network.ruled(model, parsed) if is_array(model) else ruled(model, parsed)  # type: ignore[return-value]


def source(name: str | Formula, rule: str = PLAIN) -> str:
    """Return the text of the module that is derived from a formula, or for a rule: a module of one's own if stored.

    Raises
    ------
    InputError
        As for :func:`get`, or if the model is a network.
    """
    parsed, model = parse(rule), _get(name)
    if parsed.is_plain and isinstance(name, Formula):
        return derivation.source(name)
    if parsed.is_plain or is_array(model):
        raise InputError(f"model {named(name_of(model))}: no module is derived from it; give a formula of a loss")
    return module_text(model, parsed)


def _get(name: str | Formula) -> Model:
    if isinstance(name, Formula):
        return derived.module_of(name)  # type: ignore[return-value]
    if not is_known(name):
        raise KeyError(f"no model {name!r}; there are: {', '.join([*TABLE, *allowed()])}")
    found = completed(importlib.import_module(TABLE.get(name, name)))
    if name not in TABLE and not is_array(found):
        _check_kernel_wishes(name, found)
    return found  # type: ignore[no-any-return]


def _check_kernel_wishes(name: str, model: Model) -> None:
    """Raise InputError unless a kernel can be what a module of the user's own asks for."""
    groups, switch = getattr(model, "GROUPS", 1), getattr(model, "SWITCH", None)
    if type(groups) is not int or groups not in (1, 2, 4):
        raise InputError(f"model {named(name)}: GROUPS is {short(groups)}; give 1, 2 or 4")
    if switch is not None and not (isinstance(switch, str) and switch in model.PARAMETERS):
        known = named(", ".join(model.PARAMETERS), 200)
        raise InputError(f"model {named(name)}: SWITCH is {short(switch)}; give the name of a parameter: {known}")
