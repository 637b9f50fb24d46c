"""A store whose sweep grows in place: a new store takes over all of it, and then takes its place.

First the store is set aside, as ``NAME.former.zarr`` beside its place, where it stays as it was.  A new one is created
in its place, takes over what the former one has, and is completed by the run.  Only then the former store is removed.
A run that is killed at any moment finds what there is by the mark in the former store, and goes on.
"""

import logging
import os
from pathlib import Path

from eos_sweep.errors import InputError, SpecError
from eos_sweep.spec.overlap import contains
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import durable, provenance, remains, root
from eos_sweep.store.files import LOCK
from eos_sweep.store.location import Location
from eos_sweep.store.states import READY
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")
MARK = "set_aside_from"  # attribute of a store that was set aside: the name of its place


def set_aside(location: Location, store: Store) -> None:
    """Move the store at ``location``, which is locked, beside its place; the lock stays.

    Raises
    ------
    InputError
        If it cannot be moved, or an earlier store that was set aside is still there.
    """
    if location.local is None or location.local.is_symlink():
        raise InputError(f"{location}: only a folder can grow in place; give another place, and --reuse {location}")
    aside = _aside(location.local)
    finish(location, store)
    if former(location):
        raise InputError(f"{location}: still grows; first run the spec again with which it was last run")
    if os.path.lexists(aside) and not (aside.is_dir() and not any(aside.iterdir())):
        raise InputError(f"{aside}: is in the way of growing {location}; move it away first")
    store.group.update_attributes({MARK: location.local.name})
    with location.reaching():
        os.rename(location.local, aside)
        location.local.mkdir()
        os.rename(aside / LOCK, location.local / LOCK)
        durable.flush_folders([location.local.parent])
    LOG.warning("%s: grows; what was there is kept in %s until all of it is taken over", location, aside)


def former(location: Location) -> Store | None:
    """Return the store that was set aside from ``location``, or None."""
    if location.local is None or not (aside := _aside(location.local)).is_dir():
        return None
    place = Location(aside)
    group = root.find(place)
    if group is None or group.attrs.get(MARK) != location.local.name or group.attrs["eos_sweep"] != READY:
        return None
    return Store(place, group)


def fitting(location: Location, store: Store, sweep: Sweep) -> Store:
    """Return ``store``, which was set aside from ``location``, if ``sweep`` has all of it; else raise SpecError."""
    if contains(store.sweep, sweep):
        return store
    raise SpecError(
        f"{location}: is growing from another sweep than this one has; finish that by the spec with which it was last "
        f"run, or move {store.location} away"
    )


def put_back(location: Location) -> None:
    """Move the store that was set aside from ``location`` back, if nothing but the lock is there."""
    if location.local is None or former(location) is None or location.names():
        return
    aside = _aside(location.local)
    with location.reaching():
        os.rename(location.local / LOCK, aside / LOCK)
        os.rmdir(location.local)
        os.rename(aside, location.local)
        durable.flush_folders([location.local.parent])


def finish(location: Location, store: Store) -> None:
    """Remove the store that was set aside from ``location``, or what is left of it, once ``store`` has all of it."""
    whole = former(location)
    if store.done().all() and (whole is None or contains(whole.sweep, store.sweep)):
        remove(location)


def remove(location: Location) -> None:
    """Remove the store that was set aside from ``location``, or what is left of it; nothing else that is there."""
    if location.local is None or not (aside := _aside(location.local)).is_dir():
        return
    place = Location(aside)
    group = root.find(place)
    if group is not None and group.attrs.get(MARK) == location.local.name:
        (aside / LOCK).unlink(missing_ok=True)  # of a process that was killed
        remains.remove(place, remains.names(provenance.sweep_in(group.attrs, str(aside))))
        aside.rmdir()


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{folder.stem}.former{folder.suffix}")
