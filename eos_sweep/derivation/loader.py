"""Modules from source text in memory: no file holds them, so no other process can change what runs.

The name of a module is a hash of its text.  So numba finds its compiled kernels on disk in the next process, which
derives the same text, and tracebacks show the source.
"""

import hashlib
import importlib.util
import linecache
import sys
import threading
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

PREFIX = "eos_sweep_formula_"
_LOADING = threading.Lock()


class InMemory(InspectLoader):
    """The loader of a module whose text is in memory."""

    def __init__(self, text: str, place: str) -> None:
        self._text, self._place = text, place

    def get_source(self, fullname: str) -> str:
        """Return the text of the module; the digest of its meaning and ``inspect`` read it."""
        return self._text

    def get_code(self, fullname: str) -> CodeType:
        """Return the compiled text."""
        return self.source_to_code(self._text, self._place)


def load(name_hint: str, text: str, *, anew: bool = False) -> ModuleType:
    """Return the module with this source, the same one for the same text.

    Parameters
    ----------
    name_hint
        What tracebacks call the source.
    text
        Source written by this package: it is executed.
    anew
        Whether to execute it again, because a module from which it imports has changed.
    """
    name = PREFIX + hashlib.sha256(text.encode()).hexdigest()[:16]
    with _LOADING:
        if anew or name not in sys.modules:
            _execute(name, f"<{name_hint}: {name}>", text)
        return sys.modules[name]


def _execute(name: str, place: str, text: str) -> None:
    linecache.cache[place] = len(text), None, text.splitlines(keepends=True), place
    spec = ModuleSpec(name, InMemory(text, place), origin=place)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        module.__spec__.loader.exec_module(module)  # type: ignore[union-attr]
    except BaseException:
        del sys.modules[name]
        raise
