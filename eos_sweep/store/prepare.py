"""Prepare the place where a sweep is to be stored: create a store there, resume it, extend it, grow it, or refuse."""

import contextlib
import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from eos_sweep.errors import InputError, SpecError, short
from eos_sweep.spec.comparison import differences, extends, other_words
from eos_sweep.spec.kept_axes import adopted
from eos_sweep.spec.overlap import NO_STATE, contains, obstacles, shared
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import growth, provenance, relabelling, remains, spec_hash
from eos_sweep.store.location import Location
from eos_sweep.store.root import UNREADABLE, find
from eos_sweep.store.states import CREATING, EXTENDING, READY, REMOVING
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")
COMMIT = re.compile(r"[0-9a-f]{40,64}")
LATE_SECONDS = 0.1  # zarr writes several files at once, and the others may follow when one has failed


def prepare(
    location: Location, sweep: Sweep, block_shape: tuple[int, ...], overwrite: bool, check: bool = False
) -> Store:
    """Create, resume or extend the store of ``sweep`` at ``location``, or one that grows from it.

    Axes keep the bits of what is stored there.

    Labels of other regime rules are refused if any of the sweep is left to compute, unless a ``check`` follows, which
    labels all of it again.

    Raises
    ------
    SpecError
        If there is something other than a sweep, another sweep, or one that another version of the model computed.
    InputError
        If nothing can be written there.
    """
    with location.reaching():
        return _prepare(location, sweep, block_shape, overwrite, check)


def check_place(location: Location, sweep: Sweep) -> None:
    """Raise SpecError if something other than a sweep is at ``location``; nothing may be locked there then."""
    if not location.zipped:
        location.check_writable()
    with location.reaching():
        if find(location) is None:
            remains.check(location, sweep)


def discard(location: Location, sweep: Sweep) -> None:
    """Remove what was created of a store of ``sweep`` in which nothing is computed, unless there is something else."""
    with contextlib.suppress(Exception):  # the error why it is removed is raised instead
        own = remains.names(sweep)
        while found := location.names():
            if remains.strangers(found, own) or remains.holds_results(location, sweep):
                return
            for name in sorted(found, key="zarr.json".__eq__):  # the root last
                location.remove(name)
            time.sleep(LATE_SECONDS)


def _prepare(location: Location, sweep: Sweep, block_shape: tuple[int, ...], overwrite: bool, check: bool) -> Store:
    group = find(location)
    if group is None:
        remains.clear(location, sweep, overwrite)
        group = find(location)  # there is one if it was written anew
    elif overwrite or group.attrs["eos_sweep"] in (CREATING, REMOVING):
        _remove(location, group, sweep, overwrite)
        group = None
    if group is not None:
        store = _continued(location, sweep, group, check)
        if store is not None:
            return store
    if overwrite:
        growth.remove(location)
    former = growth.former(location)
    if former is not None:
        sweep = adopted(sweep, former.sweep)
        former = growth.fitting(location, former, sweep)
    try:
        return Store.create(location, sweep, block_shape, former)
    except BaseException:  # such as of a full disk
        discard(location, sweep)
        growth.put_back(location)
        raise


def _remove(location: Location, group: Any, sweep: Sweep, overwrite: bool) -> None:
    """Remove the store at ``location``: the user asks for that, or its creation or removal was interrupted."""
    if group.attrs["eos_sweep"] == CREATING and not overwrite and remains.holds_results(location, sweep):
        raise InputError(
            f"{location}: its zarr.json is damaged, it says that the store is being created; remove zarr.json and run "
            "the same spec again, which writes it anew, or start anew with --overwrite"
        )
    names = remains.names(sweep)
    with contextlib.suppress(*UNREADABLE):  # it may have no spec, or its model may be unknown here
        names |= remains.names(provenance.sweep_in(group.attrs))
    remains.remove(location, names)


def _continued(location: Location, sweep: Sweep, group: Any, check: bool) -> Store | None:
    """Open the store at ``location`` to compute what of ``sweep`` is left; None if it was set aside to grow."""
    store = Store(location, group)
    sweep = adopted(sweep, store.sweep)
    if group.attrs["eos_sweep"] == READY and (why := spec_hash.problem(store)):
        raise SpecError(f"{location}: {why}")
    if not spec_hash.is_exact(store):
        raise SpecError(
            f"{location}: its axes have other bits here than where it was created; continue there, with numpy "
            f"{group.attrs['numpy_version']}, or start anew with --overwrite"
        )
    extending = store.sweep.hash == sweep.hash or extends(store.sweep, sweep)
    if not extending and not contains(store.sweep, sweep):
        raise SpecError(
            f"{location}: holds another sweep; {_remedy(location, store.sweep, sweep)}. The differences:",
            *differences(store.sweep, sweep),
        )
    here, there = provenance.model_digest(store.sweep), group.attrs["model_digest"]
    if here != there:
        raise SpecError(
            f"{location}: computed by another version of model or kernel ({there}, here {here}); continue with "
            f"that version ({_version(group.attrs)}), or start anew with --overwrite"
        )
    if sweep.regimes != store.sweep.regimes:
        raise SpecError(
            f"{location}: labelled with other regimes of its own, {short(store.sweep.regimes or 'none')}; keep those "
            "in the spec and change them with eos-sweep relabel"
        )
    if sweep.thresholds != store.sweep.thresholds:
        raise SpecError(
            f"{location}: labelled with other thresholds, {store.sweep.thresholds or 'the defaults'}; keep those in "
            "the spec and change them with eos-sweep relabel"
        )
    interrupted = group.attrs["eos_sweep"] == EXTENDING
    if not extending:
        if interrupted:
            raise SpecError(f"{location}: its extension was interrupted; first run the spec with which it was extended")
        growth.set_aside(location, store)
        return None
    grows = store.sweep.hash != sweep.hash or interrupted
    if not check and (grows or not store.done().all()) and (older := relabelling.older_labels(store)):
        remedy = "run it with --check" if interrupted else f"eos-sweep relabel {location}, then run it again"
        raise SpecError(f"{location}: {' and '.join(older)} in it is labelled by other rules; first {remedy}")
    if grows:
        store.extend(sweep)
    elif sweep.data != store.sweep.data:
        store.move_data(sweep)
    _say_what_it_keeps(location, store, sweep)
    return store


def _version(attributes: Mapping[str, Any]) -> str:
    """Return the version that created a store in words, with its commit if that is known."""
    commit, changed = (str(attributes.get(name, "unknown")) for name in ("git_commit", "git_dirty"))
    words = f"eos_sweep {attributes['eos_sweep_version']}"
    if not COMMIT.fullmatch(commit):
        return words
    return f"{words}, commit {commit[:12]}" + " with changes that were not committed" * (changed == "yes")


def _remedy(location: Location, old: Sweep, new: Sweep) -> str:
    """Return what can be done where ``new`` does not have all that is stored of ``old``."""
    again = "choose another place, or replace it with --overwrite"
    if any(line.startswith("steps: ") for line in obstacles(old, new)):
        return f"{again}; nothing of it can be reused, since {NO_STATE}"
    if obstacles(old, new) or not (count := shared(old, new).size):
        return f"{again}; nothing of it can be reused"
    return (
        f"choose another place with --reuse {location}, for {count} trajectories of it, or replace it with --overwrite"
    )


def _say_what_it_keeps(location: Location, store: Store, sweep: Sweep) -> None:
    """Log the keys of the spec that this store does not take over, if there are any."""
    title = ["title"] if sweep.title not in ("", store.group.attrs["title"]) else []
    if keys := title + other_words(store.sweep, sweep):
        LOG.warning(
            "%s: keeps its own %s; the spec has other words there, which a store in another place would take",
            location,
            ", ".join(keys),
        )
