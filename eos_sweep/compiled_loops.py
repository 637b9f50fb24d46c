"""Loops over arrays that are compiled by themselves, and the options of all machine code, which decide its numbers."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from numba import njit

import eos_sweep.kernel_cache  # noqa: F401 - its import makes numba's cache optional

OPTIONS = {"nogil": True, "error_model": "numpy"}  # Python's error model costs 2x: each division has a branch


def compiled(*called: ModuleType, **options: Any) -> Callable[[Callable], Any]:
    """Compile a function when it is first called, or load it from numba's cache.

    Parameters
    ----------
    *called
        All other modules of this package whose functions it calls, and those that these call.  Numba's cache notices an
        edit in the function's own file alone, by its time and size; so the name of the function in the cache has a hash
        of all these sources.
    **options
        Further options of ``numba.njit``.

    Examples
    --------
    >>> from eos_sweep.compiled_loops import compiled
    >>> @compiled()
    ... def doubled(numbers):
    ...     for k in range(numbers.size):
    ...         numbers[k] *= 2.0
    """

    def compile_later(function: Callable) -> Any:
        sources = b"\0".join(map(_source, (sys.modules[function.__module__], *called)))
        function.__qualname__ += f"_{hashlib.sha256(sources).hexdigest()[:16]}"
        function.called = {module.__name__ for module in called}  # type: ignore[attr-defined]
        return njit(cache=True, **OPTIONS, **options)(function)

    return compile_later


def _source(module: ModuleType) -> bytes:
    """Return the source of a module as it is now; ``inspect.getsource`` trusts the time and size of a file."""
    return Path(module.__file__ or "").read_bytes()
