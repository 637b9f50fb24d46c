"""One process at a time changes a store: by a lock of the file system, elsewhere by a lease that has to be renewed."""

import contextlib
import fcntl
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from eos_sweep.errors import InputError, Stopped
from eos_sweep.location import Location

RENEWED = 10.0  # seconds from one renewal to the next
STALE = 60.0  # a lease that nobody has renewed for so long has no owner any more


@contextlib.contextmanager
def locked(place: str | Location) -> Iterator[Callable[[], None]]:
    """Keep every other process from changing the store at ``place``; a killed owner's lock goes.

    In a folder it goes at once; elsewhere it is a lease that ends a minute after its last renewal, or at once if its
    owner ran on this machine.

    Yields
    ------
    callable
        Raises :class:`Stopped` if the lease is another's by now, as when this process was suspended for long.

    Raises
    ------
    InputError
        If another process has it, or nothing can be written there.
    """
    location = Location(place)
    if location.zipped:
        raise InputError(f"{location}: a zip file is only read; unpack it to go on with it")
    with _flock(location) if location.local else _leased(location) as held:
        yield held


@contextlib.contextmanager
def _flock(location: Location) -> Iterator[Callable[[], None]]:
    assert location.local
    lock = location.local.with_name(f"{location.local.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        while True:
            file = open(lock, "a+")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                owner = _parsed(file.read().encode())
                file.close()
                raise _taken(location, owner, "wait for its end") from None
            if lock.exists() and os.fstat(file.fileno()).st_ino == lock.stat().st_ino:
                break
            file.close()  # its last owner has just removed it
        file.truncate(0)
        file.write(_owner(""))
        file.flush()
    except OSError as error:
        raise InputError(f"{location}: {error.strerror}; choose another place for the store") from None
    try:
        yield lambda: None
    finally:
        lock.unlink(missing_ok=True)
        file.close()


@contextlib.contextmanager
def _leased(location: Location) -> Iterator[Callable[[], None]]:
    key, token, over = location.beside(".lock"), uuid.uuid4().hex, threading.Event()
    _acquire(location, key, token)

    def mine() -> bool:
        return _parsed(key.read("")).get("token") == token

    def held() -> None:
        if over.is_set() or not mine():
            raise Stopped(f"{location}: another process took it over while this one did not answer; leave it the work")

    def renew() -> None:
        while not over.wait(RENEWED):
            with contextlib.suppress(Exception):  # the network may come back before the lease ends
                if not mine():
                    return
                key.fs.pipe_file(key.root, _owner(token).encode())

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield held
    finally:
        over.set()
        thread.join()
        with contextlib.suppress(Exception):
            if mine():
                key.remove()


def _acquire(location: Location, key: Location, token: str) -> None:
    """Take the lease, if it is free or nobody's any more."""
    with location.reached():
        with contextlib.suppress(FileExistsError):
            key.fs.pipe_file(key.root, _owner(token).encode(), mode="create")
        found = _parsed(key.read(""))
        if found.get("token") == token:
            return
        if found and not _abandoned(found):
            seen = time.time() - found["time"]
            remedy = f"wait for its end, or, if it was killed, until a minute has passed (last seen {seen:.0f} s ago)"
            raise _taken(location, found, remedy)
        key.fs.pipe_file(key.root, _owner(token).encode())
        time.sleep(1.0)  # of two that take it over at once, the second one has it
        found = _parsed(key.read(""))
    if found.get("token") != token:
        raise _taken(location, found, "wait for its end")


def _abandoned(found: dict[str, Any]) -> bool:
    if time.time() - found["time"] > STALE:
        return True
    if found["host"] != socket.gethostname() or found["pid"] == os.getpid():
        return False
    try:
        os.kill(found["pid"], 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


def _owner(token: str) -> str:
    return json.dumps({"token": token, "host": socket.gethostname(), "pid": os.getpid(), "time": time.time()})


def _parsed(text: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(text or b"")
    except ValueError:
        return {}
    known = isinstance(found, dict) and {"token": str, "host": str, "pid": int, "time": float}
    return found if known and all(isinstance(found.get(name), kind) for name, kind in known.items()) else {}


def _taken(location: Location, found: dict[str, Any], remedy: str) -> InputError:
    who = f" (pid {found['pid']} on {found['host']})" if found else ""
    return InputError(f"{location}: another process{who} is at work on it; {remedy}")
