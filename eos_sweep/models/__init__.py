"""The table of models: name -> module.  A new model is a new file here and one row."""

import importlib

from eos_sweep.contract import Model

TABLE = {
    "bivariate": "eos_sweep.models.bivariate",
    "quartic": "eos_sweep.models.quartic",
    "scalar_net": "eos_sweep.models.scalar_net",
    "uv": "eos_sweep.models.uv",
    "quadratic": "eos_sweep.models.quadratic",
    "linear_net": "eos_sweep.models.linear_net",
    "linear_net_full": "eos_sweep.models.linear_net_full",
    "tanh_net": "eos_sweep.models.tanh_net",
    "relu": "eos_sweep.models.relu",
}


def get(name: str) -> Model:
    """Return the model module called ``name``; KeyError names the ones there are."""
    if name not in TABLE:
        raise KeyError(f"no model {name!r}; there are: {', '.join(TABLE)}")
    return importlib.import_module(TABLE[name])  # type: ignore[return-value]
