"""What is kept of each trajectory: the table of observables.

A new observable is a module here and a row of TABLE.  Observables with one logic share a module.
"""

import importlib
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from eos_sweep.contract import DOUBLED, Model, Observable, OwnObservable, Variable, is_array
from eos_sweep.observables import formula
from eos_sweep.observables.networks import observed
from eos_sweep.observables.own import observable as observable
from eos_sweep.observables.own import variable

BY_DEFAULT, ON_REQUEST, WITH_CLAIMS = "by default", "on request", "with the claims"


class Row(NamedTuple):
    """Where an observable is, and when it is stored."""

    module: str  # its own, or one with OBSERVABLES, a table of several
    stored: str  # BY_DEFAULT; ON_REQUEST, unless a model's OBSERVABLES names it; WITH_CLAIMS, in the group "claims"


def _here(module: str, stored: str) -> Row:
    return Row(f"eos_sweep.observables.{module}", stored)


TABLE = {
    "outcome": _here("outcome", BY_DEFAULT),
    "crossings": _here("crossings", BY_DEFAULT),
    "sharpness_ends": _here("sharpness_ends", BY_DEFAULT),
    "flow_sharpness": _here("gradient_flow", BY_DEFAULT),
    "balance": _here("gradient_flow", ON_REQUEST),
    "sharpness_max": _here("sharpness_max", BY_DEFAULT),
    "sharpness_range": _here("sharpness_range", ON_REQUEST),  # needs the eigenvalue at each step
    "tail": _here("tail", BY_DEFAULT),
    "sign_flips": _here("sign_flips", BY_DEFAULT),
    "loss_range": _here("loss_range", BY_DEFAULT),
    "loss_growth": _here("loss_growth", BY_DEFAULT),
    "loss_rises": _here("loss_rises", BY_DEFAULT),
    "plateau": _here("plateau", ON_REQUEST),
    "clipping": _here("clipping", ON_REQUEST),
    "smallest": _here("smallest", ON_REQUEST),
    "lyapunov": _here("lyapunov", ON_REQUEST),
    "magnification": _here("magnification", ON_REQUEST),
    "guard_factor": _here("guard_factor", ON_REQUEST),
    "final_state": _here("final_state", BY_DEFAULT),
    "final_orbit": _here("final_orbit", BY_DEFAULT),
    "lemma_4_2_i": _here("claims", WITH_CLAIMS),
    "lemma_4_2_ii": _here("claims", WITH_CLAIMS),
    "lemma_4_2_iii": _here("claims", WITH_CLAIMS),
    "theorem_4_1": _here("theorem_4_1", WITH_CLAIMS),
    "theorem_4_3": _here("claims", WITH_CLAIMS),
    "theorem_4_4": _here("claims", WITH_CLAIMS),
    "theorem_4_6": _here("claims", WITH_CLAIMS),
    "gfs_decrease": _here("claims", WITH_CLAIMS),
    "gfs_bounds": _here("claims", WITH_CLAIMS),
}
MAX_KNOWN = 64  # lists of variables that are kept, since a sweep asks for its own a dozen times
_VARIABLES: dict[tuple, tuple[Any, dict[str, tuple[str, Variable]]]] = {}  # -> the spec of the model's module, a list
DEFAULT = tuple(name for name, row in TABLE.items() if row.stored == BY_DEFAULT)
CLAIMS = tuple(name for name, row in TABLE.items() if row.stored == WITH_CLAIMS)


def get(name: str) -> Observable:
    """Return the observable called ``name``."""
    module = importlib.import_module(TABLE[name].module)
    return getattr(module, "OBSERVABLES", {}).get(name, module)


def default_for(model: Model) -> set[str]:
    """Return the names of the observables that ``model`` stores by default."""
    return {*DEFAULT, *observed(model).OBSERVABLES}


def variables(model: Model, own: Collection[OwnObservable] = ()) -> dict[str, tuple[str, Variable]]:
    """Return variable name -> (observable name, description) of all that ``model`` can store, in table order.

    Observables of a user's ``own`` follow.

    What decides the regime and is stored by default can be stored ``_doubled``, too: as it is after twice the budget.
    An array model takes its steps itself, up to its budget.
    """
    spec, key = getattr(model, "__spec__", None), (model, tuple(own), tuple(TABLE.items()))
    before, found = _VARIABLES.get(key, (None, None))
    if found is None or before is not spec:  # a model that is loaded again has another spec
        if len(_VARIABLES) >= MAX_KNOWN:
            _VARIABLES.clear()
        found = _variables(model, own)
        _VARIABLES[key] = spec, found
    return dict(found)


def _variables(model: Model, own: Collection[OwnObservable]) -> dict[str, tuple[str, Variable]]:
    known = {
        variable: (name, description)
        for name in TABLE
        for variable, description in get(name).variables(observed(model)).items()
    }
    known |= {one.name: (one.name, variable(one, formula.parse(one.formula, observed(model), one.name))) for one in own}
    default = default_for(model) | {one.name for one in own}
    doubled = {
        variable + DOUBLED: (owner, about._replace(long_name=f"{about.long_name}, after twice the steps"))
        for variable, (owner, about) in known.items()
        if about.decides_regime and owner in default and not is_array(model)
    }
    return known | doubled


def expand(names: Iterable[str], model: Model, own: Collection[OwnObservable] = ()) -> tuple[str, ...]:
    """Return the variables that ``names`` (of variables, or a group of them) stand for, in table order.

    A variable brings along those that its description names.  All of a user's ``own`` are among them, at the end.

    Groups are "default", "all", "claims", what the model's source claims, and "doubled", what twice the budget gives.

    Raises
    ------
    KeyError
        If a name is none of these.
    """
    known = variables(model, own)
    default = default_for(model)
    groups = {
        "default": [name for name, (owner, _) in known.items() if owner in default and not name.endswith(DOUBLED)],
        "all": [name for name in known if not name.endswith(DOUBLED)],
        "doubled": [name for name in known if name.endswith(DOUBLED)],
    }
    if claimed := [name for name, (owner, _) in known.items() if owner in CLAIMS]:
        groups["claims"] = claimed
    wanted = {"steps_taken", *(one.name for one in own)}
    for name in names:
        if name not in known and name not in groups:
            raise KeyError(name)
        wanted.update(groups[name] if name in groups else (name, *known[name][1].brings))
    return tuple(name for name in known if name in wanted)
