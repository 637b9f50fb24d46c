"""File systems that one thread at a time may use: a zip, and remote ones that wait for each answer, such as FTP."""

import errno
import functools
import threading
from typing import Any

THREAD_SAFE = {"file", "local", "memory"}


def in_turn(fs: Any) -> Any:
    """Return ``fs``, whose calls then wait for each other if they could disturb each other in threads.

    Those of an asynchronous file system, such as S3, all run in one thread.
    """
    protocols = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    if fs.async_impl or THREAD_SAFE & set(protocols) or getattr(fs, "in_turn", False):
        return fs
    lock = threading.RLock()  # calls call each other
    for name in dir(type(fs)):
        function = getattr(type(fs), name)
        if callable(function) and not name.startswith("_") and not isinstance(function, type):
            setattr(fs, name, _locked(getattr(fs, name), lock))
    fs.in_turn = True
    return fs


def _locked(function: Any, lock: threading.RLock) -> Any:
    @functools.wraps(function)
    def wait_and_call(*arguments: Any, **named: Any) -> Any:
        try:
            with lock:
                return function(*arguments, **named)
        except EOFError as error:  # of a zip with a wrong directory; click would take it for Ctrl-D
            raise OSError(errno.EIO, "a file ends too soon") from error

    return wait_and_call
