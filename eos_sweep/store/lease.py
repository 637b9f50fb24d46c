"""The lock of a store that lies in no folder: a lease, which its owner renews.

The clocks of two machines may differ, so no time is compared with that of another: whoever wants the lease watches it.
If it changes, its owner is alive; if it stays as it is for STALE_SECONDS, it is abandoned, and is taken over.
"""

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator

from eos_sweep.errors import Interrupted, Stopped
from eos_sweep.store.files import LOCK
from eos_sweep.store.location import Location
from eos_sweep.store.owner import Owner, not_ours, taken

LOG = logging.getLogger("eos_sweep")
RENEWAL_SECONDS = 10.0  # from one renewal of a lease to the next
STALE_SECONDS = 60.0  # without a renewal, after which a lease has no owner any more
POLL_SECONDS = 1.0  # from one look at the lease of another process to the next
FAREWELL_SECONDS = 5.0  # that a renewal on its way may take when the lease is given back


@contextlib.contextmanager
def leased(location: Location, stop_signal: Callable[[], int] = lambda: 0) -> Iterator[Callable[[], None]]:
    """Lease a store.

    The lease of a killed process ends after a minute of watching it, or at once if the process ran on this machine.
    The rest is as for :func:`eos_sweep.store.lock.locked`.
    """
    token, over = uuid.uuid4().hex, threading.Event()
    with location.reaching():
        _acquire(location, token, stop_signal)

    def mine() -> bool:
        owner = _owner(location)
        return owner is not None and owner.token == token

    renewed = [_now()]

    def held() -> None:
        if over.is_set() or _now() - renewed[0] > STALE_SECONDS - RENEWAL_SECONDS or not mine():
            raise Stopped(
                f"{location}: another process took over its lease, which was not renewed in time; let it finish"
            )

    def renew() -> None:
        owner = Owner.here(token)
        while not over.wait(RENEWAL_SECONDS):
            with contextlib.suppress(Exception):  # the network may return before the lease ends
                if not mine() or _now() - renewed[0] > STALE_SECONDS:  # it was suspended; another may take it over
                    return
                owner, began = owner._replace(renewals=owner.renewals + 1), _now()
                location.write(LOCK, owner.data())
                renewed[0] = began

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield held
    finally:
        over.set()
        thread.join(FAREWELL_SECONDS)
        with contextlib.suppress(Exception):
            if mine():
                location.remove(LOCK)


def _acquire(location: Location, token: str, stop_signal: Callable[[], int]) -> None:
    """Take the lease if it is free or abandoned."""
    while True:
        location.create(LOCK, Owner.here(token).data())
        found = location.read(LOCK)
        owner = Owner.parsed(found or b"")
        if owner and owner.token == token:
            return
        if found and not owner:
            raise not_ours(location)
        if found is not None and _abandoned(location, found, owner, stop_signal):
            break
    location.write(LOCK, Owner.here(token).data())
    time.sleep(POLL_SECONDS)  # if two processes take it over at once, the second one gets it
    owner = _owner(location)
    if owner is None or owner.token != token:
        raise taken(location, owner)


def _abandoned(location: Location, found: bytes, owner: Owner | None, stop_signal: Callable[[], int]) -> bool:
    """Watch a lease, and return True if nobody renews it, or False if it is given back."""
    if owner and owner.dead():
        return True
    who = f"pid {owner.pid} on {owner.host}" if owner else "another process"
    LOG.warning("%s: is leased by %s; waiting up to %d s to see whether it is alive", location, who, STALE_SECONDS)
    began = time.monotonic()
    while time.monotonic() - began < STALE_SECONDS:
        time.sleep(POLL_SECONDS)
        if stop_signal():
            raise Interrupted(stop_signal())
        now = location.read(LOCK)
        if now is None:
            return False
        if now != found:
            raise taken(location, Owner.parsed(now))
    LOG.warning("%s: its lease was not renewed; it is taken over", location)
    return True


def _owner(location: Location) -> Owner | None:
    return Owner.parsed(location.read(LOCK) or b"")


def _now() -> float:
    """Return seconds of this machine, those counted in which it was suspended, if it can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
