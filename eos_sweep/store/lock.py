"""Only one process at a time changes a store.

In a folder the operating system locks the file ``.eos_sweep.lock`` in it.  If anything but a lock has that name, it is
neither followed nor changed, and the store is refused.  Elsewhere there is a lease.

This has been tried on Linux only.  On Windows and macOS the library ``portalocker`` locks the file in their way.
"""

import contextlib
import functools
import operator
import os
import stat
import time
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

import portalocker

from eos_sweep.errors import InputError, Stopped
from eos_sweep.store.files import LOCK
from eos_sweep.store.lease import leased
from eos_sweep.store.location import Location
from eos_sweep.store.owner import Owner, not_ours, taken

Held = Callable[[], None]
# What a system lacks is left out: Windows has no O_NOFOLLOW, and others no O_BINARY.
OPEN = ("O_RDWR", "O_CREAT", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
MAX_BYTES = 2**12  # of a lock
ATTEMPTS = 100  # at a folder that others make and remove meanwhile


@contextlib.contextmanager
def locked(place: str | Path | Location, stop_signal: Callable[[], int] = lambda: 0) -> Iterator[Held]:
    """Prevent every other process from changing the store at ``place``.

    What was read of the store before it was locked may have changed.  A folder that does not exist is made, and
    removed again if it is empty at the end.  The lock of a killed process ends at once in a folder.  Elsewhere see
    :func:`eos_sweep.store.lease.leased`.

    Parameters
    ----------
    place
        The place of a store, or of one to be made.
    stop_signal
        Returns the number of a signal that has come, upon which waiting ends.

    Yields
    ------
    callable
        Raises :class:`Stopped` if the lock was lost: the store was deleted, or this process was suspended for long.

    Raises
    ------
    InputError
        If another process holds the lock, or nothing can be written at ``place``.
    """
    location = Location(place)
    location.check_writable()
    with _in_folder(location, location.local) if location.local else leased(location, stop_signal) as held:
        yield held


@contextlib.contextmanager
def _in_folder(location: Location, folder: Path) -> Iterator[Held]:
    path = folder / LOCK
    made = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    try:
        with _told(location):
            file = _acquired(location, path)
        try:
            with _told(location):
                file.truncate(0)
                file.seek(0)
                file.write(Owner.here("").data())
            yield functools.partial(_check, location, path, file)
        finally:
            _release(path, file)
    finally:
        with contextlib.suppress(OSError):
            for place in made:
                place.rmdir()  # those that are empty


def _acquired(location: Location, path: Path) -> FileIO:
    """Return the file at ``path``, locked."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = _opened(location, path)
        except FileNotFoundError:  # another process has just removed the folder, which it had made
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.01)
            continue
        try:
            _lock(location, file)
            if not _is_ours(file):
                raise not_ours(location)
            if _is(path, file):
                return file
        except BaseException:
            file.close()
            raise
        file.close()  # its last owner has just removed it
    raise taken(location, None)


def _opened(location: Location, path: Path) -> FileIO:
    """Return the file at ``path``, which is made if nothing is there."""
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        raise not_ours(location)
    flags = functools.reduce(operator.or_, (getattr(os, name, 0) for name in OPEN))
    return FileIO(os.open(path, flags, 0o666), "r+")


def _lock(location: Location, file: FileIO) -> None:
    try:
        portalocker.lock(file, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.AlreadyLocked:
        raise taken(location, _owner(file)) from None
    except portalocker.LockException as error:
        raise InputError(f"{location}: its file system has no locks, {error}; choose another place") from None


def _owner(file: FileIO) -> Owner | None:
    with contextlib.suppress(OSError):  # Windows lets nobody read what another process has locked
        file.seek(0)
        return Owner.parsed(file.read(MAX_BYTES))
    return None


def _is_ours(file: FileIO) -> bool:
    """Return whether an open file is a lock: empty or with an owner, and under no other name.

    It is full of zeros if the power was lost before its content was on disk.
    """
    about = os.fstat(file.fileno())
    if not stat.S_ISREG(about.st_mode) or about.st_nlink > 1 or about.st_size > MAX_BYTES:
        return False
    file.seek(0)
    content = file.read(MAX_BYTES)
    return not content.strip(b"\0") or Owner.parsed(content) is not None


def _is(path: Path, file: FileIO) -> bool:
    """Return whether the file at ``path`` is the one that is open."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(file.fileno()))
    except OSError:
        return False


def _check(location: Location, path: Path, file: FileIO) -> None:
    if not _is(path, file):
        raise Stopped(f"{location}: was deleted or replaced during a run of it; run it again")


def _release(path: Path, file: FileIO) -> None:
    ours = _is(path, file)
    if ours:
        with contextlib.suppress(OSError):  # Windows removes no file that is open, ...
            path.unlink()
    with contextlib.suppress(portalocker.LockException):
        portalocker.unlock(file)
    file.close()
    if ours and os.name == "nt":
        with contextlib.suppress(OSError):  # ... nor one that another process has opened meanwhile
            path.unlink()


@contextlib.contextmanager
def _told(location: Location) -> Iterator[None]:
    """Turn the error of a file system into an InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{location}: {error.strerror or error}; choose another place for the store") from None
