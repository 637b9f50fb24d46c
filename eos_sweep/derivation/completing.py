"""A module with a loss, completed to a model: what the contract requires and the module lacks is derived.

The complete model is a module in memory.  Its text is that of the derived functions for what is lacking, which import
the rest from the module.  So what the module defines itself takes the place of what would be derived.
"""

import threading
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from eos_sweep.contract import Quantity, is_array
from eos_sweep.derivation import loader, smoothness, tables
from eos_sweep.derivation.calculus import Calculus, derive
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.lacking import defined, missing
from eos_sweep.derivation.own_loss import recorded_loss
from eos_sweep.derivation.source import Given, write
from eos_sweep.derivation.tables import STEP_SIZE
from eos_sweep.errors import InputError, closest, named, one_line, short

SHARPNESS = "curvature", "stable", "SHARPNESS_STAGES"  # they depend on each other
OF_STATE = {
    "step",
    "rescale",
    "loss",
    "loss_parts",
    "curvature",
    "remaining_loss",
    "settled",
    "clipped",
    "tangent",
    "hessian",
}
UNPACKING = "step", "loss", "curvature", "settled", "tangent", "hessian"  # whose derived forms take a state apart
_COMPLETING = threading.Lock()
_COMPLETE: dict[str, tuple[Any, Any]] = {}  # name of the user's module -> what it was made of, and the complete one
_WHOLE: dict[str, Any] = {}  # name of a module that lacks nothing -> what it was made of
_COMPLETED_FROM: dict[str, str] = {}  # name of the complete module -> that of the user's


def completed(module: Any) -> Any:
    """Return ``module`` if it is a model or has no loss, else the complete model.

    It is the same one until the module is loaded again, or gets another loss.

    Raises
    ------
    InputError
        If what it lacks cannot be derived from its loss.
    """
    name = getattr(module, "__name__", "")
    known, found = _COMPLETE.get(name, ((), None))
    now = module, *(getattr(module, one, None) for one in ("__spec__", "loss", "LOSS"))  # a reload makes a new spec
    if found is None and _same(_WHOLE.get(name, ()), now):
        return module
    if found is None or not _same(known, now):
        if is_array(module) or not missing(module) or not has_loss(module):
            if not missing(module):
                _WHOLE[name] = now
            return module
        with _COMPLETING:
            found = _derived(module, anew=name in _COMPLETE)
            _COMPLETE[name] = now, found
    return found


def _same(known: Sequence[Any], now: Sequence[Any]) -> bool:
    return len(known) == len(now) and all(one is other for one, other in zip(known, now, strict=True))


def completed_from(name: str) -> str:
    """Return the name of the module from which the model of this name was completed, or the name itself."""
    return _COMPLETED_FROM.get(name, name)


def has_loss(module: Any) -> bool:
    """Tell whether a module gives a loss, as a text or as a function."""
    return hasattr(module, "LOSS") or callable(getattr(module, "loss", None))


def _derived(module: Any, anew: bool) -> ModuleType:
    name = module.__name__
    try:
        text = source(module)
    except InputError as error:
        raise InputError(f"model {named(name)}: {one_line(error).removeprefix('model.')}") from None
    found = loader.load(name, text, anew=anew)
    _COMPLETED_FROM[found.__name__] = name
    return found


def source(module: Any) -> str:
    """Return the text of the complete model.

    Raises
    ------
    InputError
        If what the module lacks cannot be derived from its loss.
    """
    formula, own = formula_of(module), _own(module)
    plainly = {"remaining_loss"} if "settled" in own else ()  # as the one by hand counts on it
    c = _calculus(formula, _carried(module, own))
    of_state = sorted(own & OF_STATE)
    if c.rates and of_state and "CARRIED" not in own:
        names = tuple(c.state[k].name for k in c.rates)
        raise InputError(
            f"{of_state[0]} is given, and {names[0]} would have its own exponent; give CARRIED = {names!r}, and theta"
            " holds their powers behind the coordinates, or CARRIED = ()"
        )
    for kept in ("MEMORY", "CLOCKS"):
        lacking = [one for one in UNPACKING if one not in own]
        if getattr(module, kept, None) and lacking:
            raise InputError(
                f"{kept} is given, so theta holds more than the coordinates, of which what is derived knows nothing;"
                f" define {', '.join(lacking)}, too"
            )
    return write(formula, c, Given(module.__name__, own, plainly))


def derived_alone(module: Any) -> ModuleType:
    """Return the model that is derived from the loss of a module alone, in which no coordinate has its own exponent."""
    formula = formula_of(module)
    return loader.load(module.__name__, write(formula, _calculus(formula, ())))


def _carried(module: Any, own: set[str]) -> Sequence[str] | None:
    return list(module.CARRIED) if "CARRIED" in own else None


def _calculus(formula: Formula, carried: Sequence[str] | None) -> Calculus:
    c = derive(formula.tree, list(formula.state), list(formula.parameters), formula.never_negative, carried)
    smoothness.check(c)
    return c


def formula_of(module: Any) -> Formula:
    """Return the formula of a module: its loss, and its inputs in its own order.

    Raises
    ------
    InputError
        If its loss is no formula of its inputs.
    """
    state, parameters = (_quantities(module, name) for name in ("STATE", "PARAMETERS"))
    if STEP_SIZE not in parameters:
        raise InputError(f"PARAMETERS: has no {STEP_SIZE!r}, the step size; add it")
    loss = module.LOSS if hasattr(module, "LOSS") else recorded_loss(module.loss, list(state), list(parameters))
    name = module.__name__.rpartition(".")[2]
    formula = Formula.from_dict(
        {"name": name if tables.NAME.fullmatch(name) else "own", "loss": loss, "state": [*state]}
    )
    for used in formula.parameters:
        if used not in parameters:
            known = [*state, *parameters]
            raise InputError(f"loss: {named(used)!r} is neither in STATE nor in PARAMETERS; {closest(used, known)}")
    for used in parameters:
        tables.check_name("PARAMETERS", used)
    return formula.model_copy(update={"parameters": parameters, "state": state})


def _quantities(module: Any, table: str) -> dict[str, Quantity]:
    given = getattr(module, table, None)
    if not isinstance(given, Mapping):
        raise InputError(f"{table}: got {short(given)}; give a table of names, each with a Quantity")
    for name, one in given.items():
        if not isinstance(one, Quantity):
            raise InputError(f"{table}[{short(name)}]: got {short(one)}; give a Quantity of eos_sweep.contract")
    return dict(given)


def _own(module: Any) -> set[str]:
    """Return the names of the contract that come from the module."""
    own = defined(module)
    if not hasattr(module, "LOSS"):
        own.discard("loss")  # it is the definition, written for coordinates without powers
    given = own & set(SHARPNESS)
    if given and len(given) < len(SHARPNESS):
        raise InputError(f"got {', '.join(sorted(given))}; give {', '.join(SHARPNESS)} together, or none of them")
    return own
