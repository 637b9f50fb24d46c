"""Compiled functions, and numba's cache of them on disk."""

import contextlib
import gc
from collections.abc import Callable, Iterator

from numba import njit

from eos_sweep.compiled_loops import OPTIONS


def compile_or_load(function: Callable, name: str, signature: object) -> Callable:
    """Compile ``function``, or load it from numba's cache on disk.

    Parameters
    ----------
    function
        Python function.
    name
        Part of the cached file's name.  It must change with the meaning of all that ``function`` calls, since numba's
        own key does not see an edit in an imported file.
    signature
        Types of the arguments, in numba's form.

    Returns
    -------
    callable
        The compiled function.
    """
    function.__qualname__ = name.replace(" ", "_")
    with _without_collections():
        try:
            return njit(signature, cache=True, **OPTIONS)(function)
        except ModuleNotFoundError:  # the cached code names a module that has since been moved
            fresh = njit(cache=True, **OPTIONS)(function)
            fresh._cache.flush()
            fresh.compile(signature)
            fresh.disable_compile()
            return fresh


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Let no garbage be collected meanwhile: numba makes millions of objects, few of them garbage, in circles."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
