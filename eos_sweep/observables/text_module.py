"""Modules whose source is a text in memory, named by the text's digest.

Numba's cache on disk and :mod:`eos_sweep.engine.digest` know a function by its module and its name.  So a module of the
same text has the same name in each process, and its loader has the text.
"""

import hashlib
import sys
import threading
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from types import ModuleType

_MAKING = threading.Lock()


class TextLoader(InspectLoader):
    """The loader of a module whose source is a text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def exec_module(self, module: ModuleType) -> None:
        """Run the text as the source of ``module``."""
        exec(compile(self._text, f"<{module.__name__}>", "exec"), vars(module))

    def get_source(self, fullname: str) -> str:
        """Return the text, for tracebacks and for digests."""
        return self._text


def module(text: str) -> ModuleType:
    """Return the module of a source text, made once for a process."""
    name = f"{__name__}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    with _MAKING:
        if name not in sys.modules:
            loader = TextLoader(text)
            made = ModuleType(name)
            made.__spec__ = ModuleSpec(name, loader)
            made.__loader__ = loader
            loader.exec_module(made)
            sys.modules[name] = made
        return sys.modules[name]
