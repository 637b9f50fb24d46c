"""Names that a spec takes from tables of the package: models, observables and thresholds."""

from collections.abc import Iterable, Mapping
from typing import Any

from eos_sweep import models, observables, regimes
from eos_sweep.contract import Model, OwnObservable
from eos_sweep.derivation.definition import Formula
from eos_sweep.errors import InputError, SpecError, closest, named, short
from eos_sweep.spec import own_regimes


def check_model(name: str | Formula) -> None:
    """Raise SpecError unless there is a model called ``name``, in the table or in a module that is allowed.

    A formula must have the derivatives that a model needs.
    """
    if isinstance(name, Formula):
        try:
            models.get(name)
        except InputError as error:
            raise SpecError(str(error)) from error
        return
    if name not in (known := [*models.TABLE, *models.allowed()]):
        own = f", or allow a module of your own with --import {named(name)}"
        raise SpecError(f"model: no model {short(name)}; {closest(name, known)}{own}")
    if name not in models.TABLE:
        try:
            models.check_own(name)
        except InputError as error:
            raise SpecError(str(error)) from error


def check_observables(names: Iterable[str], model: Model, own: tuple[OwnObservable, ...]) -> None:
    """Raise SpecError unless ``model`` has all these variables or groups of variables."""
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
