"""Who is at work on a store, as its lock or its lease says."""

import json
import os
import socket
from pathlib import Path
from typing import NamedTuple, Self

from eos_sweep.errors import InputError
from eos_sweep.store.files import LOCK
from eos_sweep.store.location import Location


class Owner(NamedTuple):
    """A process that is at work on a store.

    Attributes
    ----------
    token : str
        Unique name of its claim.
    host, pid : str, int
        Where it runs.
    machine : str
        Start of the operating system and space of process numbers in which ``pid`` is unique; empty if unknown.
    renewals : int
        How often it has renewed its claim.
    """

    token: str
    host: str
    pid: int
    machine: str
    renewals: int = 0

    @classmethod
    def here(cls, token: str) -> Self:
        """Return this process."""
        return cls(token, socket.gethostname(), os.getpid(), _machine())

    @classmethod
    def parsed(cls, data: bytes) -> Self | None:
        """Return the owner that a lock names, or None if ``data`` is not that of a lock."""
        try:
            found = json.loads(data)
            owner = cls(**found)
        except (ValueError, TypeError, RecursionError):
            return None
        return owner if all(type(value) is kind for value, kind in zip(owner, KINDS, strict=True)) else None

    def data(self) -> bytes:
        """Return what a lock holds."""
        return json.dumps(self._asdict()).encode()

    def dead(self) -> bool:
        """Return whether it ran on this machine and is no more; False if that cannot be known."""
        if not self.machine or self.machine != _machine():
            return False
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, OverflowError):
            return True
        except OSError:
            pass
        return False


KINDS = str, str, int, str, int


def _machine() -> str:
    """Return what distinguishes this machine, since host names may be shared; empty where it is no Linux."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def taken(location: Location, owner: Owner | None) -> InputError:
    """Return the error that another process, its ``owner`` if that is known, is at work on a store."""
    who = f" (pid {owner.pid} on {owner.host})" if owner else ""
    return InputError(f"{location}: another process{who} is at work on it; wait until it ends")


def not_ours(location: Location) -> InputError:
    """Return the error that something else has the name of the lock."""
    return InputError(f"{location}: {LOCK} in it is not the lock of a run; move it away, or choose another place")
