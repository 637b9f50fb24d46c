"""Registers the accessor as soon as xarray is imported, which takes too long to be imported with the package."""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from eos_sweep.analysis.accessor import register


class _Finder:
    """Finds xarray once, by all other finders, and has the accessor registered when it has been imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != "xarray":
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        spec = importlib.util.find_spec(name)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def then_register(module: ModuleType) -> None:
                execute(module)
                register()

            spec.loader.exec_module = then_register  # type: ignore[method-assign]
        return spec


def register_accessor() -> None:
    """Register the accessor now or when xarray is imported."""
    if hasattr(sys.modules.get("xarray"), "register_dataset_accessor"):
        register()
    elif not any(type(finder).__name__ == _Finder.__name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())  # type: ignore[arg-type]
