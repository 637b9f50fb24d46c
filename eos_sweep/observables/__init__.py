"""The table of observables: name -> module.  A new observable is a new file here and one row."""

import importlib
from collections.abc import Iterable

from eos_sweep import regimes
from eos_sweep.contract import Model, Observable, Variable, is_array
from eos_sweep.shown import shown

DOUBLED = "_doubled"
CLAIMS = (
    "lemma_4_2_i",
    "lemma_4_2_ii",
    "lemma_4_2_iii",
    "theorem_4_1",
    "theorem_4_3",
    "theorem_4_4",
    "theorem_4_6",
    "gfs_decrease",
    "gfs_bounds",
)

TABLE = {
    name: f"eos_sweep.observables.{name}"
    for name in (
        "outcome",
        "crossings",
        "sharpness_ends",
        "flow_sharpness",
        "balance",
        "sharpness_max",
        "sharpness_range",
        "tail",
        "sign_flips",
        "loss_range",
        "loss_rises",
        "plateau",
        "clipping",
        "smallest",
        "lyapunov",
        "final_state",
        "final_orbit",
        *CLAIMS,
    )
}
# What only some studies or models want: where gradient flow would end, what it keeps, the eigenvalue at each step, how
# long the loss stayed on its plateau, how often the clip acted, how small beta1 became, chaos, and a paper's claims.
OPTIONAL = (
    "flow_sharpness",
    "balance",
    "sharpness_range",
    "plateau",
    "clipping",
    "smallest",
    "lyapunov",
    *CLAIMS,
)
DEFAULT = tuple(name for name in TABLE if name not in OPTIONAL)


def get(name: str) -> Observable:
    """Return the observable module called ``name``."""
    return importlib.import_module(TABLE[name])  # type: ignore[return-value]


def variables(model: Model) -> dict[str, tuple[str, Variable]]:
    """Return variable name -> (observable name, description) of all that ``model`` can store, in table order.

    What decides the regime can be stored ``_doubled``, too: as it is after twice the budget.
    """
    seen = shown(model)
    known = {
        variable: (name, description) for name in TABLE for variable, description in get(name).variables(seen).items()
    }
    later = {}
    for name in () if is_array(model) else (*regimes.REQUIRED, *({"lyapunov"} & set(model.OBSERVABLES))):
        owner, description = known[name]
        later[name + DOUBLED] = owner, description._replace(long_name=f"{description.long_name}, after twice the steps")
    return known | later


def expand(names: Iterable[str], model: Model) -> tuple[str, ...]:
    """Return the variables that ``names`` (of variables, or a group of them) stand for, in table order.

    Groups are "default", "all", "claims", what the model's source claims, and "doubled", what twice the budget gives.

    Raises
    ------
    KeyError
        If a name is none of these.
    """
    known = variables(model)
    default = {*DEFAULT, *shown(model).OBSERVABLES}
    groups = {
        "default": [name for name, (owner, _) in known.items() if owner in default and not name.endswith(DOUBLED)],
        "all": [name for name in known if not name.endswith(DOUBLED)],
        "doubled": [name for name in known if name.endswith(DOUBLED)],
    }
    if claimed := [name for name, (owner, _) in known.items() if owner in CLAIMS]:
        groups["claims"] = claimed
    wanted = {"steps_taken"}
    for name in names:
        if name not in known and name not in groups:
            raise KeyError(name)
        wanted.update(groups.get(name, [name]))
    return tuple(name for name in known if name in wanted)
