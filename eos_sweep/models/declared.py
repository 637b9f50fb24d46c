"""What a model declares, as a text that a store holds, and a model without code that is made from this text.

With it the sweep of a model of a user's own can be read, drawn, labelled again and exported where its module is missing
or not allowed.  The functions of a model without code raise InputError, since running anything takes the module.
"""

import functools
import json
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, Field

from eos_sweep.contract import OPTIONAL_FUNCTIONS, ArrayModel, Model, Quantity
from eos_sweep.errors import InputError, SpecError, named
from eos_sweep.plain_data import Frozen, number_or_text, strict_json, validated

FUNCTIONS = tuple(
    dict.fromkeys([name for kind in (Model, ArrayModel) for name in vars(kind) if not name.startswith("_")])
) + tuple(OPTIONAL_FUNCTIONS)


def _names(given: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in given:
        if not name.isidentifier():
            raise ValueError("not a name")
    return given


def _defaults(given: Mapping[str, Quantity]) -> Mapping[str, Quantity]:
    return {
        name: one if one.default is None else one._replace(default=number_or_text(one.default))
        for name, one in _names(given).items()
    }


Quantities = Annotated[dict[str, Quantity], AfterValidator(_defaults)]


class Declared(Frozen):
    """The attributes of a model that are data, under their names in the contract; and the names of its functions."""

    TITLE: str
    REFERENCE: str
    STATE: Quantities
    PARAMETERS: Quantities
    PRESETS: dict[str, dict[str, str]] = Field(default_factory=dict)
    LOSS_PARTS: Quantities = Field(default_factory=dict)
    READINGS: Quantities = Field(default_factory=dict)
    LIMIT: float = 0.0
    TARGETS: float = 0.0
    GUARD: str | None = None
    CARRIED: tuple[str, ...] = ()
    MEMORY: dict[str, str] = Field(default_factory=dict)
    CLOCKS: dict[str, float] = Field(default_factory=dict)
    OBSERVABLES: tuple[str, ...] = ()
    THRESHOLDS: dict[str, float] = Field(default_factory=dict)
    DESCENT: bool = True
    MATRIX: str = ""
    EDGE_MOVES: bool = False
    EDGE_WORDS: str = ""
    EDGE_LABEL: str = ""
    RULE_TITLE: str = ""
    functions: tuple[str, ...]
    claims: tuple[str, ...] = ()


def text_of(model: Model | ArrayModel) -> str:
    """Return what a model declares, as JSON."""
    data = {name: getattr(model, name) for name in Declared.model_fields if name.isupper() and hasattr(model, name)}
    functions = [name for name in FUNCTIONS if callable(getattr(model, name, None))]
    claims = [name for name, one in vars(getattr(model, "claims", SimpleNamespace())).items() if callable(one)]
    return json.dumps(strict_json(data | {"functions": functions, "claims": claims}), allow_nan=False)


@functools.lru_cache(maxsize=64)
def without_code(name: str, rule: str, text: str) -> Model:
    """Return the model without code that ``text`` declares.

    Parameters
    ----------
    name
        Of the module that declared it.
    rule
        The update rule, which the declarations take into account.
    text
        The result of :func:`text_of`.

    Raises
    ------
    SpecError
        If the text declares no model.
    """
    try:
        given = json.loads(text)
        if not isinstance(given, dict):
            raise ValueError(given)
    except (ValueError, RecursionError):
        raise SpecError(f"model {named(name)}: what its store tells of it is not JSON") from None
    found = validated(Declared, given, f"model {named(name)}: ")
    module: Any = ModuleType(name)
    module.rule = rule
    for field in found.model_fields_set - {"functions", "claims"}:
        setattr(module, field, getattr(found, field))
    for function in found.functions:
        setattr(module, function, _refusing(name))
    if found.claims:
        module.claims = SimpleNamespace(**dict.fromkeys(found.claims, _refusing(name)))
    module.LINES = ()
    module.HAS_CODE = False
    return module  # type: ignore[no-any-return]


def has_code(model: Model | ArrayModel) -> bool:
    """Return whether a model has code, not only what it declares."""
    return getattr(model, "HAS_CODE", True)


def check_code(model: Model | ArrayModel) -> None:
    """Raise InputError if a model has no code, so that nothing can be run."""
    if not has_code(model):
        _refusing(str(model.__name__))()  # type: ignore[union-attr]


def _refusing(name: str) -> Callable[..., NoReturn]:
    def refuse(*arguments: Any, **others: Any) -> NoReturn:
        raise InputError(
            f"model {named(name)}: its code is needed for that, and is not allowed; allow its module with --import "
            f"{named(name)}, or from Python by eos_sweep.models.allow({named(name)!r})"
        )

    return refuse
