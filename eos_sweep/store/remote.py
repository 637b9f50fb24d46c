"""File systems that lie elsewhere: each call of them ends in bounded time, with an answer or an OSError.

A server that accepts connections and never answers would be waited for without end, and the libraries that speak to it
repeat what has failed several times.  So each call is bounded as a whole.
"""

import asyncio
import contextvars
import functools
from collections.abc import Callable
from typing import Any

from fsspec.asyn import sync_wrapper

from eos_sweep.errors import one_line

ANSWER_SECONDS = 60.0  # within which a call must end ...
AGAIN_SECONDS = 5.0  # ... and within which it must if the last call did not end: a run that ends makes some more
CALLS = "cat_file", "exists", "info", "ls", "mkdir", "pipe_file", "rm_file"
# Requests of which s3fs and gcsfs make others, such as a recursive removal, which may take longer as a whole.
REQUESTS = "_bulk_delete", "_call", "_call_s3", "_list_objects", "_lsdir"
_inside = contextvars.ContextVar("inside", default=False)  # whether a call is a part of another one


def bounded(fs: Any) -> Any:
    """Return a file system of fsspec, whose calls are bounded from now on."""
    if not hasattr(fs, "eos_sweep_patience"):  # fsspec gives the same object again
        fs.eos_sweep_patience = _PATIENCE.setdefault(type(fs), _Patience())
        fs.eos_sweep_patience.bound(fs)
    return fs


class _Patience:
    """How long the calls of a file system may take."""

    def __init__(self) -> None:
        self._given_up = False

    @property
    def seconds(self) -> float:
        """The seconds within which the next call must end."""
        return AGAIN_SECONDS if self._given_up else ANSWER_SECONDS

    def bound(self, fs: Any) -> None:
        """Replace the calls of ``fs`` by such that end."""
        for name in CALLS:
            if fs.async_impl:
                setattr(fs, f"_{name}", self._bounded(getattr(fs, f"_{name}")))
                setattr(fs, name, sync_wrapper(getattr(fs, f"_{name}"), obj=fs))
            else:
                setattr(fs, name, _translated(getattr(fs, name)))
        for name in REQUESTS if fs.async_impl else ():
            if asyncio.iscoroutinefunction(method := getattr(fs, name, None)):
                setattr(fs, name, self._bounded(method))

    def _bounded(self, method: Callable) -> Callable:
        @functools.wraps(method)
        async def bounded(*args, **kwargs):
            if _inside.get():
                return await method(*args, **kwargs)
            outside, seconds = _inside.set(True), self.seconds
            try:
                async with asyncio.timeout(seconds) as limit:
                    found = await method(*args, **kwargs)
            except Exception as error:
                raise (self._ended(seconds) if limit.expired() else _as_os_error(error)) from error
            finally:
                _inside.reset(outside)
            if limit.expired():  # some calls take the interruption for an answer
                raise self._ended(seconds)
            self._given_up = False
            return found

        return bounded

    def _ended(self, seconds: float) -> OSError:
        self._given_up = True
        return OSError(f"no answer for {seconds:.0f} s")  # fsspec takes the text from a TimeoutError


def _translated(method: Callable) -> Callable:
    """Return a method that raises OSErrors; what waits too long is ended by its library, as for FTP after 30 s."""

    @functools.wraps(method)
    def call(*args, **kwargs):
        try:
            return method(*args, **kwargs)
        except Exception as error:
            raise _as_os_error(error) from error

    return call


def _as_os_error(error: Exception) -> OSError:
    return error if isinstance(error, OSError) else OSError(one_line(error))


_PATIENCE: dict[type, _Patience] = {}
