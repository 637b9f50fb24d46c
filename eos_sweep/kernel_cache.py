"""Numba's cache of our kernels on disk, without which they are compiled anew, and which is never in the way.

Numba raises an error where no folder can be written, such as in a read-only container, where the disk is full, and
where a file of the cache is damaged.  The import of this module changes that for the functions of this package alone.
If modules of kernels called a function for it, their digest would be another one, and stored sweeps would not go on.
"""

import contextlib
import functools
import importlib
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numba.core.dispatcher
from numba.core.caching import FunctionCache, NullCache
from numba.core.runtime import rtsys

from eos_sweep.errors import InputError, one_line

LOG = logging.getLogger("eos_sweep")
COMPILER = "numba.np.arraymath"  # which numba imports before it compiles, and with it SciPy's linear algebra
# Of address space: SciPy's OpenBLAS waits for memory without end where there is less.  Its threads share the second.
COMPILER_BYTES, THREAD_BYTES = 2**28, 2**26


_listener: ContextVar[Callable[[], None]] = ContextVar("listener", default=lambda: None)


@contextlib.contextmanager
def before_compiling(tell: Callable[[], None]) -> Iterator[None]:
    """Have ``tell`` called by this thread before it compiles a function that the cache lacks."""
    token = _listener.set(tell)
    try:
        yield
    finally:
        _listener.reset(token)


class _Cache(FunctionCache):
    """A cache whose files may be damaged, or not writable: what it cannot load is compiled."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function, None if it cannot be loaded.

        Numba would first prepare its compiler, in half a second.  What is loaded needs its memory of arrays alone, and
        the compiler is prepared once more when it compiles.
        """
        found = None
        try:
            rtsys.initialize(target_context)
            with self._guard_against_spurious_io_errors():
                found = self._load_overload(sig, target_context)
        except ModuleNotFoundError:  # our compiler handles code of a module that has been moved
            raise
        except Exception:  # pickle raises many kinds for damaged files
            self.flush()
        if found is None:
            _listener.get()()
            _import_compiler()
        return found

    def flush(self) -> None:
        """Empty the cache if possible."""
        with contextlib.suppress(OSError):
            super().flush()

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save the compiled function if possible."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say_once(one_line(error))


def _import_compiler() -> None:
    """Import what numba imports before it compiles; MemoryError where that would wait for memory without end."""
    needed = COMPILER_BYTES + THREAD_BYTES * (os.cpu_count() or 1)
    if COMPILER not in sys.modules and _address_space_left() < needed:
        raise MemoryError(f"less than {needed >> 20} MiB of address space are left to compile a kernel")
    importlib.import_module(COMPILER)


def _address_space_left() -> float:
    """Return the bytes of address space that this process may still take; infinite if it has no limit."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return math.inf
        return limit - int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):  # no Linux
        return math.inf


def _cache(function: Callable) -> Any:
    if not function.__module__.startswith("eos_sweep."):
        return FunctionCache(function)
    try:
        return _Cache(function)
    except RuntimeError:  # numba finds no folder
        _say_once("no folder for it can be written")
        return NullCache()


@functools.cache
def folder_of(function: Callable) -> Path | None:
    """Return the folder in which numba caches a function of this package; None if it finds none."""
    found = _cache(function).cache_path
    return None if found is None else Path(found)


@functools.cache
def _say_once(problem: str) -> None:
    LOG.warning("kernels are compiled anew in each process: numba's cache fails, %s; set NUMBA_CACHE_DIR", problem)


if numba.config.DISABLE_JIT:
    raise InputError("NUMBA_DISABLE_JIT is set, so that no kernel can be compiled; unset it")
numba.core.dispatcher.FunctionCache = _cache
