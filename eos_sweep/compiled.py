"""Compiled loops, which numba caches on disk under names that change with whatever they call."""

import hashlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from numba import njit

import eos_sweep.kernel_cache  # noqa: F401 - its import makes numba's cache optional


def compiled(*called: ModuleType, **options: Any) -> Callable[[Callable], Any]:
    """Compile a function when it is first called, or load it from numba's cache.

    Parameters
    ----------
    *called
        All other modules of this package whose functions it calls, and those that these call.  Numba's cache notices an
        edit in the function's own file alone; so the name of the function in the cache has a hash of these sources.
    **options
        Further options of ``numba.njit``.

    Examples
    --------
    >>> from eos_sweep.compiled import compiled
    >>> @compiled()
    ... def doubled(numbers):
    ...     for k in range(numbers.size):
    ...         numbers[k] *= 2.0
    """

    def compile_later(function: Callable) -> Any:
        if called:
            sources = "\0".join(inspect.getsource(module) for module in called)
            function.__qualname__ += f"_{hashlib.sha256(sources.encode()).hexdigest()[:16]}"
        return njit(cache=True, nogil=True, error_model="numpy", **options)(function)

    return compile_later
