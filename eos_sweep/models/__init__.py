"""The table of models: name -> module.  A new model is a new file here and one row; a user's own is allowed by name."""

import importlib
import os
import sys
from typing import Any

from eos_sweep.contract import OPTIONAL, ArrayModel, Model, is_array
from eos_sweep.errors import InputError

TABLE = {
    "bivariate": "eos_sweep.models.bivariate",
    "multivariate": "eos_sweep.models.multivariate",
    "product": "eos_sweep.models.product",
    "threshold": "eos_sweep.models.threshold",
    "quartic": "eos_sweep.models.quartic",
    "scalar_net": "eos_sweep.models.scalar_net",
    "uv": "eos_sweep.models.uv",
    "stabilization": "eos_sweep.models.stabilization",
    "quadratic": "eos_sweep.models.quadratic",
    "linear_net": "eos_sweep.models.linear_net",
    "linear_net_full": "eos_sweep.models.linear_net_full",
    "tanh_net": "eos_sweep.models.tanh_net",
    "relu": "eos_sweep.models.relu",
}


ALLOWED = "EOS_SWEEP_MODELS"  # of the environment, so that processes that this one starts know it, too


def look_here() -> None:
    """Let modules of the user's own lie in the current folder.

    Only where one was asked for: packages that ours import look for dozens of optional others, and a file of such a
    name that somebody put beside a store would run.
    """
    sys.path.append("")


def allow(module: str) -> None:
    """Let sweeps name a module of the user's own as their model, such as ``"my_package.my_model"``.

    A spec or a store never imports what was not allowed: opening a stranger's runs nothing.

    Raises
    ------
    InputError
        If there is no such module, or it lacks something that a model must have.
    """
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise InputError(f"model {module}: {error}; is its folder on PYTHONPATH?") from None
    if lacking := missing(found):
        raise InputError(f"model {module}: lacks {', '.join(lacking)}; see eos_sweep/models/README.md")
    os.environ[ALLOWED] = os.pathsep.join(dict.fromkeys([*allowed(), module]))


def allowed() -> list[str]:
    """Return the names of the modules that :func:`allow` let in."""
    return [name for name in os.environ.get(ALLOWED, "").split(os.pathsep) if name]


def missing(module: Any) -> list[str]:
    """Return what ``module`` lacks of a model."""
    contract = ArrayModel if is_array(module) else Model
    functions = [name for name, value in vars(contract).items() if callable(value) and not name.startswith("_")]
    needed = [name for name in contract.__annotations__ if name not in OPTIONAL]
    return [name for name in (*needed, *functions) if not hasattr(module, name)]


def name_of(model: Model) -> str:
    """Return the name by which a sweep names ``model``."""
    names = {path: name for name, path in TABLE.items()}
    return names.get(model.__name__, model.__name__)


def get(name: str) -> Model:
    """Return the model module called ``name``; KeyError names the ones there are."""
    if name not in TABLE and name not in allowed():
        raise KeyError(f"no model {name!r}; there are: {', '.join([*TABLE, *allowed()])}")
    return importlib.import_module(TABLE.get(name, name))  # type: ignore[return-value]
