"""The parts of a model and of its observables that determine the numbers of a sweep, for their digest."""

import sys
from collections.abc import Sequence
from types import FunctionType, ModuleType
from typing import Any

from eos_sweep.contract import CLAIM, OPTIONAL_FUNCTIONS, ArrayModel, Model, Observable, is_array, name_of
from eos_sweep.engine.digest import Part
from eos_sweep.engine.digest_records import digest
from eos_sweep.kernel_cache import folder_of
from eos_sweep.observables.networks import observed

# Of a model: words, bounds and defaults of inputs (a spec has their values), and what only labels or pictures use.
NOT_STORED = {
    *("TITLE", "REFERENCE", "STATE", "PARAMETERS", "READINGS", "PRESETS", "CONDITIONS", "TRIAL", "DESCENT"),
    *("MATRIX", "EDGE_WORDS", "EDGE_LABEL", "RULE_TITLE", "LOSS_PARTS", "LINES", "OBSERVABLES", "THRESHOLDS"),
    *("TARGETS", "claims"),
}
# Tables of models and observables, which are parts themselves, and modules that only compile or make digests.
TABLES = (
    *("eos_sweep.models", "eos_sweep.observables"),
    *("eos_sweep.inlining", "eos_sweep.kernel_cache", "eos_sweep.engine.digest", "eos_sweep.engine.sources"),
)


def model_parts(model: Any) -> list[Part]:
    """Return the parts of ``model``: the names of its inputs, and the functions that take its steps."""
    contract = ArrayModel if is_array(model) else Model
    names = [name for name in (*contract.__annotations__, *vars(contract)) if not name.startswith("_")]
    inputs = " ".join([*model.PARAMETERS, *model.STATE, *observed(model).STATE])
    parts: Sequence[Part] = getattr(model, "RULE_PARTS", ())  # of a network under an update rule
    return [inputs, (model, [name for name in (*names, *OPTIONAL_FUNCTIONS) if name not in NOT_STORED]), *parts]


def observable_parts(observable: Observable, model: Model) -> list[Part]:
    """Return the parts of ``observable``: its name, what it computes for ``model``, and how that is stored."""
    names = [name for name in (*Observable.__annotations__, *vars(Observable)) if not name.startswith("_")]
    names.remove("variables")
    stored = {name: (v.dtype, v.fill, v.flags) for name, v in observable.variables(observed(model)).items()}
    parts: list[Part] = [name_of(observable), repr(stored)]
    if isinstance(observable, ModuleType):
        parts.append((observable, names))
    else:
        for name in names:
            parts += [name, *_meaning(getattr(observable, name, None))]
    if CLAIM in observable.NEEDS:
        parts.append((model.claims, [name_of(observable)]))
    return parts


def _meaning(value: Any) -> list[Part]:
    """Return the parts of an attribute: a constant, or a function, its defaults and what it closes over."""
    if isinstance(value, FunctionType):
        name = value.__qualname__.partition(".")[0]
        if name == "<lambda>":  # no name of the module leads to its syntax
            raise TypeError(f"observable: a digest cannot cover a lambda of the module {value.__module__}; use def")
        held = [cell.cell_contents for cell in value.__closure__ or ()]
        held += [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
        return [(sys.modules[value.__module__], [name]), *(part for one in held for part in _meaning(one))]
    if isinstance(value, tuple):
        return [f"{len(value)} values", *(part for one in value for part in _meaning(one))]
    if value is None or isinstance(value, str | int | float):
        return [repr(value)]
    raise TypeError(
        f"observable: a digest cannot cover {value!r}; give a function, a number, a text or a tuple of them"
    )


def digest_of(model: Any, observables: Sequence[Observable], *parts: Part) -> str:
    """Return the digest of ``model``, ``observables`` and ``parts``, see :func:`eos_sweep.engine.digest.digest`."""
    seen = [part for observable in observables for part in observable_parts(observable, model)]
    return digest(folder_of(digest_of), *model_parts(model), *seen, *parts, tables=TABLES)
