"""The table of models: name -> module.  A new model is a new file here and one row."""

import importlib

from eos_sweep.contract import Model

TABLE = {
    "bivariate": "eos_sweep.models.bivariate",
    "product": "eos_sweep.models.product",
    "threshold": "eos_sweep.models.threshold",
}


def get(name: str) -> Model:
    """Return the model module called ``name``; KeyError names the ones there are."""
    if name not in TABLE:
        raise KeyError(f"no model {name!r}; there are: {', '.join(TABLE)}")
    return importlib.import_module(TABLE[name])  # type: ignore[return-value]
