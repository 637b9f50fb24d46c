"""Numba's cache of our kernels on disk, without which they are compiled anew, and which is never in the way.

Numba raises an error where no folder can be written, such as in a read-only container, where the disk is full, and
where a file of the cache is damaged.  The import of this module changes that for the functions of this package alone.
If modules of kernels called a function for it, their digest would be another one, and stored sweeps would not go on.
"""

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import inspect
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numba.core.dispatcher
import numpy as np
from numba import njit
from numba.core.caching import FunctionCache, NullCache
from numba.core.runtime import rtsys

from eos_sweep.errors import InputError, one_line

LOG = logging.getLogger("eos_sweep")
COMPILER = "numba.np.arraymath"  # which numba imports before it compiles, and with it SciPy's linear algebra
ALGEBRA = "scipy.linalg"
# Of address space: SciPy's OpenBLAS waits for memory without end where there is less.  Each thread takes the second.
COMPILER_BYTES, THREAD_BYTES = 2**28, 2**26
USUAL_SECONDS = 10.0  # to compile a kernel, where none has been yet
MOST_THREADS = 64  # of the OpenBLAS in SciPy's wheels


_listener: ContextVar[Callable[[float], None]] = ContextVar("listener", default=lambda seconds: None)


@contextlib.contextmanager
def before_compiling(tell: Callable[[float], None]) -> Iterator[None]:
    """Have ``tell`` called by this thread before it compiles a function that the cache lacks.

    It gets the seconds that a function of the same name took the last time, with this cache.
    """
    token = _listener.set(tell)
    try:
        yield
    finally:
        _listener.reset(token)


_loads_only: ContextVar[bool] = ContextVar("loads_only", default=False)


class NotCached(Exception):
    """The cache lacks a function that is not to be compiled."""


@contextlib.contextmanager
def loading_only() -> Iterator[None]:
    """Have NotCached raised in this thread where a function would be compiled."""
    token = _loads_only.set(True)
    try:
        yield
    finally:
        _loads_only.reset(token)


class _Unknown(Exception):
    """A value of which no words are known."""


def _words(value: Any, seen: dict[int, int]) -> Iterator[str]:
    """Yield a value in words, which are the same in all processes; ``seen`` are functions that are under way."""
    yield type(value).__qualname__
    if value is None or isinstance(value, str | bytes | int | float | complex):
        yield repr(value)
    elif isinstance(value, np.ndarray | np.generic):
        yield from (str(value.dtype), str(value.shape), value.tobytes().hex())
    elif isinstance(value, tuple | list):
        yield str(len(value))
        for one in value:
            yield from _words(one, seen)
    elif isinstance(value, frozenset):
        yield repr(sorted(map(repr, value)))
    elif isinstance(value, ModuleType):
        yield value.__name__
    elif isinstance(value, CodeType):
        yield value.co_code.hex()
        names = value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars
        yield from _words((value.co_flags, value.co_argcount, *names, value.co_consts), seen)
    elif _is_found_by_name(value):
        yield from (value.__module__, value.__qualname__)
    elif isinstance(value, FunctionType):
        if id(value) in seen:  # it calls itself
            yield str(seen[id(value)])
            return
        seen[id(value)] = len(seen)
        held = tuple(cell.cell_contents for cell in value.__closure__ or ())
        names_read = sorted(_names(value.__code__) & value.__globals__.keys())
        read = [(name, value.__globals__[name]) for name in names_read]
        defaults = value.__defaults__ or (), sorted((value.__kwdefaults__ or {}).items())
        yield from _words((value.__code__, held, read, *defaults), seen)
    else:
        raise _Unknown


def _names(code: CodeType) -> set[str]:
    """Return the names that a function reads of its module, or of other things."""
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return {*code.co_names}.union(*map(_names, inner))


def _is_found_by_name(value: Any) -> bool:
    """Return whether a function or a class is what its module has under its name."""
    found: Any = sys.modules.get(getattr(value, "__module__", None) or "")
    try:
        return found is not None and functools.reduce(getattr, value.__qualname__.split("."), found) is value
    except AttributeError:
        return False


class _Cache(FunctionCache):
    """A cache whose files may be damaged, or not writable: what it cannot load is compiled."""

    _began = 0.0  # the compilation of what is saved next

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
            _begin_compiling(self._last_seconds())
            self._began = time.monotonic()
        return found

    def _record(self) -> Path:
        """Return the file with the seconds that a function of this name took."""
        return Path(self.cache_path, f"seconds_{self._py_func.__name__}")

    def _last_seconds(self) -> float:
        try:
            return float(self._record().read_text())
        except (OSError, ValueError):
            return USUAL_SECONDS

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Return the key of a function among those of its name: its code, and all that it closes over.

        Numba takes the bytes of a pickle.  These differ between a process that reads a module from its source and one
        that reads its bytecode, which has other strings in common: the second process would compile each kernel again.
        """
        words = hashlib.sha256()
        try:
            for word in _words(self._py_func, {}):
                words.update(f"{len(word)}:{word}".encode())
        except _Unknown:
            return super()._index_key(sig, codegen)
        return sig, codegen.magic_tuple(), words.hexdigest()

    def flush(self) -> None:
        """Empty the cache if possible."""
        with contextlib.suppress(OSError):
            super().flush()

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save the compiled function if possible."""
        try:
            super().save_overload(sig, data)
            self._record().write_text(f"{time.monotonic() - self._began:.1f}")
        except OSError as error:
            _say_once(one_line(error))


class _NoCache(NullCache):
    """No cache, since there is no folder for it."""

    def load_overload(self, sig: Any, target_context: Any) -> None:
        """Return None: all is compiled."""
        _begin_compiling(USUAL_SECONDS)


def _begin_compiling(seconds: float) -> None:
    if _loads_only.get():
        raise NotCached
    _listener.get()(seconds)
    _import_compiler()


def _import_compiler() -> None:
    """Import what numba imports before it compiles; MemoryError where that would wait for memory without end."""
    if COMPILER not in sys.modules and ALGEBRA not in sys.modules and importlib.util.find_spec("scipy"):
        needed = COMPILER_BYTES + THREAD_BYTES * _algebra_threads()
        if _address_space_left() < needed:
            few = " with fewer threads, OPENBLAS_NUM_THREADS=1," if _algebra_threads() > 1 else ""
            raise MemoryError(
                f"less than {needed >> 20} MiB of address space are left to compile a kernel; run{few} or with more"
            )
    importlib.import_module(COMPILER)


def _algebra_threads() -> int:
    """Return how many threads SciPy's OpenBLAS starts when it is imported."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        if (told := os.environ.get(name, "")).isdigit() and int(told):
            return min(int(told), MOST_THREADS)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MOST_THREADS)


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
        return _NoCache()


@functools.cache
def folder_of(function: Callable) -> Path | None:
    """Return the folder in which numba caches a function of this package; None if it finds none."""
    found = _cache(function).cache_path
    return None if found is None else Path(found)


def compiled(*called: ModuleType, **options: Any) -> Callable[[Callable], Any]:
    """Compile a function when it is first called, or load it from numba's cache.

    Parameters
    ----------
    *called
        All other modules of this package whose functions it calls, and those that these call.  Numba's cache notices an
        edit in the function's own file alone, and there by its date and size; so the name of the function in the cache
        has a hash of all these sources.
    **options
        Further options of ``numba.njit``.

    Examples
    --------
    >>> from eos_sweep.kernel_cache import compiled
    >>> @compiled()
    ... def doubled(numbers):
    ...     for k in range(numbers.size):
    ...         numbers[k] *= 2.0
    """

    def compile_later(function: Callable) -> Any:
        sources = "\0".join(inspect.getsource(module) for module in (sys.modules[function.__module__], *called))
        function.__qualname__ += f"_{hashlib.sha256(sources.encode()).hexdigest()[:16]}"
        function.called = {module.__name__ for module in called}  # type: ignore[attr-defined]
        return njit(cache=True, nogil=True, error_model="numpy", **options)(function)

    return compile_later


@functools.cache
def _say_once(problem: str) -> None:
    LOG.warning("kernels are compiled anew in each process: numba's cache fails, %s; set NUMBA_CACHE_DIR", problem)


if numba.config.DISABLE_JIT:
    raise InputError("NUMBA_DISABLE_JIT is set, so that no kernel can be compiled; unset it")
numba.core.dispatcher.FunctionCache = _cache
