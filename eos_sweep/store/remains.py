"""What lies where a store has no readable root: leftovers to be removed, or results, whose root is written anew.

Nothing that holds a ledger or results is removed unless the user asks for that.
"""

import json
import logging
import re

from eos_sweep import observables
from eos_sweep.errors import InputError, SpecError
from eos_sweep.spec.labels import LABELS
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import checkpoints, identity, partial_files, provenance
from eos_sweep.store.location import Location
from eos_sweep.store.metadata import NAME as ROOT
from eos_sweep.store.partial_files import PARTIAL
from eos_sweep.store.root import find
from eos_sweep.store.states import EXTENDING, REMOVING

LOG = logging.getLogger("eos_sweep")
METADATA = rf"zarr(\.json|(\.json)?{PARTIAL})"


def names(sweep: Sweep) -> set[str]:
    """Return the names of everything that may lie in the folder of a store of ``sweep``."""
    module = sweep.module
    return {
        ROOT,
        "ledger",
        "pyramid",
        "seed",
        *sweep.dims,
        *sweep.columns,
        *module.STATE,
        *module.PARAMETERS,
    } | _results(sweep)


def _results(sweep: Sweep) -> set[str]:
    return {*observables.variables(sweep.module, sweep.own), *LABELS}


def holds_results(location: Location, sweep: Sweep) -> bool:
    """Return whether there are rows of a ledger, or chunks of a variable that a run computes."""
    results = re.compile(rf"(ledger/blocks|{'|'.join(sorted(_results(sweep)))})/c(/\d+)*")
    return any(results.fullmatch(key) for key in location.keys())


def strangers(found: set[str], own: set[str]) -> set[str]:
    """Return those among the names in a folder that are neither in ``own`` nor of incomplete files."""
    return {name for name in found - own if not re.fullmatch(METADATA, name)}


def remove(location: Location, own: set[str]) -> None:
    """Remove the store at ``location``, its root last, so that a store that is partly removed does not open."""
    found = {key.partition("/")[0] for key in location.keys()} | (location.names() & own)  # which may be empty folders
    if foreign := sorted(strangers(found, own)):
        raise SpecError(f"{location}: {foreign[0]} in it is not part of a sweep; move it away first")
    group = find(location)
    if group is not None:
        group.attrs["eos_sweep"] = REMOVING  # the spec stays: a removal that goes on needs it to know the names
    for name in sorted(found - {ROOT}):
        location.remove(name)
    checkpoints.clear(location)
    location.remove(ROOT)


def check(location: Location, sweep: Sweep) -> None:
    """Raise SpecError if there is anything but parts of a store of ``sweep`` without its root."""
    within = "|".join(sorted(names(sweep) - {ROOT}))
    # Chunks, their metadata, and incomplete files.  A root without a ledger may be anybody's.
    own = re.compile(rf"{METADATA}|({within})/(blocks/|\d+/(\w+/)?)?({METADATA}|c(/\d+)*({PARTIAL})?)")
    foreign, root, ledger = _is_file(location), False, False
    for key in () if foreign else location.keys():
        root, ledger = root or key == ROOT, ledger or _is_of_ledger(key)
        if foreign := not own.fullmatch(key):
            break  # a foreign folder may hold millions of files
    if foreign or (root and not ledger):
        raise SpecError(f"{location}: something other than a sweep is there; choose another place for the store")


def _is_file(location: Location) -> bool:
    return location.zipped or bool(location.local and location.local.exists() and not location.local.is_dir())


def _is_of_ledger(key: str) -> bool:
    return key.startswith("ledger/")


def clear(location: Location, sweep: Sweep, overwrite: bool) -> None:
    """Make room for a store of ``sweep`` where none has a readable root.

    The leftovers of a run that was killed before its first file was complete, which are metadata only, are removed, and
    with ``overwrite`` a store that has lost its root.  If that store is of the same sweep, its root is written anew
    instead.

    Raises
    ------
    SpecError
        If something other than a sweep is there.
    InputError
        If it is a store that has lost its root, and which cannot be rebuilt.
    """
    check(location, sweep)
    keys = list(location.keys())
    leftovers = all(re.fullmatch(rf"(.*/)?{METADATA}", key) and not _is_of_ledger(key) for key in keys)
    if not leftovers and not any(map(_is_of_ledger, keys)) and not holds_results(location, sweep):
        raise SpecError(f"{location}: something other than a sweep is there; choose another place for the store")
    if leftovers or overwrite:
        for name in sorted({key.partition("/")[0] for key in keys}):
            location.remove(name)
        checkpoints.clear(location)
    else:
        _write_root(location, sweep)


def _write_root(location: Location, sweep: Sweep) -> None:
    """Write the root of the store of ``sweep`` that has lost it, as if its extension had been interrupted.

    So whatever else is incomplete is completed, too.
    """
    found = _identity(location)
    lost = f"{location}: its zarr.json is lost or damaged"
    if found is None:
        raise InputError(
            f"{lost}, and its ledger does not say of which sweep it is; put a copy of zarr.json back, or start anew "
            "with --overwrite"
        )
    if found["spec_hash"] != sweep.hash:
        raise InputError(
            f"{lost}, and it holds another sweep; run the spec with which it was last run, which writes zarr.json "
            "anew, or start anew with --overwrite"
        )
    here, there = provenance.model_digest(sweep), found["model_digest"]
    if here != there:
        raise InputError(
            f"{lost}, and it was computed by another version of model or kernel ({there}, here {here}); run it with "
            "that version, or start anew with --overwrite"
        )
    if missing := [name for name in (*sweep.stored, "ledger/blocks") if location.read(f"{name}/{ROOT}") is None]:
        raise InputError(f"{lost}, and so is {missing[0]}/{ROOT}; put copies back, or start anew with --overwrite")
    about = provenance.attributes(sweep)
    about["history"] = f"{provenance.stamp()} zarr.json was lost; eos_sweep wrote it anew"
    about |= {"eos_sweep": EXTENDING, identity.FORMAT: identity.NEWEST}
    about |= {"thresholds": found["thresholds"], "store_id": found["store_id"]}
    root = {"attributes": about, "zarr_format": 3, "node_type": "group"}
    location.write(ROOT, json.dumps(root, allow_nan=False, indent=2).encode())
    partial_files.remove(location, chunks=True)  # whatever lost the root may have stopped a writer, too
    LOG.warning("%s: its zarr.json was lost or damaged; it is written anew from the spec", location)


def _identity(location: Location) -> dict[str, str] | None:
    """Return the identity that the ledger at ``location`` repeats, if it can be read."""
    try:
        attributes = json.loads(location.read("ledger/zarr.json") or b"")["attributes"]
        found = identity.known(attributes)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if found is not None:
        identity.format_of(location, attributes["identity"])
    return found
