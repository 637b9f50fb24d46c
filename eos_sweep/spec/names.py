"""Names that a spec takes from tables of the package: models, observables and thresholds."""

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from eos_sweep import models, observables, regimes
from eos_sweep.contract import Model, OwnObservable
from eos_sweep.derivation.definition import Formula
from eos_sweep.errors import InputError, SpecError, closest, named, short
from eos_sweep.observables import final_state, formula, smallest
from eos_sweep.observables.networks import observed
from eos_sweep.spec import own_regimes

OF_COORDINATES: tuple[Any, ...] = (final_state, smallest)  # their variables have the names of coordinates


def check_model(name: str | Formula, rule: str, told: str = "") -> None:
    """Raise SpecError unless there is a model called ``name``, in the table or in a module that is allowed.

    A formula must have the derivatives that a model needs, and the model must go together with the rule.  Of a module
    that is not allowed, what is ``told`` of it will do.
    """
    if not (told or isinstance(name, Formula)):
        _check_known(name)
    try:
        model = models.get(name, rule, told)
        if isinstance(name, Formula) or told:
            check_inputs(model)
    except InputError as error:
        raise SpecError(str(error)) from error


def _check_known(name: str) -> None:
    """Raise SpecError unless a model is in the table, or in a module that is allowed."""
    if not models.is_known(name):
        own = f"nor a module that is allowed (--import {named(name)})"
        raise SpecError(f"model: no model {short(name)}, {own}; {closest(name, [*models.TABLE, *models.allowed()])}")
    if name not in models.TABLE:
        try:
            models.check_own(name)
        except InputError as error:
            raise SpecError(str(error)) from error
        check_inputs(models.get(name), words=False)  # stores may have such names since before there were formulas


def check_inputs(model: Model, words: bool = True) -> None:
    """Raise SpecError if the name of an input means something else where results are stored.

    With ``words``, too, if it does in formulas of observables.
    """
    for group, names in (("coordinate", model.STATE), ("parameter", model.PARAMETERS)):
        for name in names:
            label = f"model {named(models.name_of(model))}: the {group} {named(name)!r}"
            if words and (name in formula.WORDS or name in formula.REDUCERS):
                raise SpecError(f"{label} has a meaning of its own in [observables]; choose another name")
            if group == "coordinate" and (other := _stored_twice(model, name)):
                raise SpecError(f"{label} would be stored as {other}, which is something else; choose another name")


def _stored_twice(model: Model, coordinate: str) -> str | None:
    """Return a variable that ``coordinate`` makes, and another coordinate or observable, too; None if there is none.

    Names that differ in the case of letters are one: they are names of folders.
    """
    seen = observed(model)

    def made(name: str) -> list[str]:
        alone = SimpleNamespace(STATE={name: None}, CARRIED=[name] if name in seen.CARRIED else [])
        return [variable for one in OF_COORDINATES for variable in one.variables(alone)]

    others = [observables.get(name) for name in observables.TABLE]
    taken = {variable.casefold() for one in others if one not in OF_COORDINATES for variable in one.variables(seen)}
    taken |= {variable.casefold() for other in seen.STATE if other != coordinate for variable in made(other)}
    return next((variable for variable in made(coordinate) if variable.casefold() in taken), None)


def check_observables(names: Iterable[str], model: Model, own: tuple[OwnObservable, ...]) -> None:
    """Raise SpecError unless ``model`` has all these variables or groups of variables."""
    if own:
        check_inputs(model)
    try:
        observables.expand(names, model, own)
    except KeyError as error:
        name, known = error.args[0], ["default", "all", *observables.variables(model, own)]
        raise SpecError(f"observables: no observable {short(name)}; {closest(name, known)}") from None


def check_thresholds(given: Mapping[str, float]) -> None:
    """Raise SpecError unless each is a threshold of the regime rules, finite and not negative."""
    try:
        regimes.thresholds(given)
    except InputError as error:
        raise SpecError(str(error)) from None


def check_regimes(given: Mapping[str, Any], model: Model, own: tuple[OwnObservable, ...]) -> None:
    """Raise SpecError unless each is the rule of a regime, of what can be stored."""
    try:
        own_regimes.rules(given, own_regimes.known_to(model, own))
    except InputError as error:
        raise SpecError(str(error)) from None
