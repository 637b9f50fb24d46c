"""Where a sweep is to be stored: create the store there, go on with it, extend it, or refuse."""

import contextlib
import re

from eos_sweep import observables, provenance, schema
from eos_sweep.compared import differences, extends
from eos_sweep.errors import InputError
from eos_sweep.location import Location
from eos_sweep.spec import SpecError, Sweep
from eos_sweep.store import CREATING, EXTENDING, Store, find


def prepare(location: Location, sweep: Sweep, block_shape: tuple[int, ...], overwrite: bool) -> Store:
    """Create, resume or extend the store of ``sweep`` at ``location``.

    Raises
    ------
    SpecError
        If something else is there: no sweep, another spec, or a sweep of another version of the model.
    InputError
        If nothing can be written there.
    """
    with location.reached():
        return _prepare(location, sweep, block_shape, overwrite)


def _prepare(location: Location, sweep: Sweep, block_shape: tuple[int, ...], overwrite: bool) -> Store:
    group = find(location)
    if group is None:
        _remove_remains(location, sweep)
    elif overwrite or group.attrs["eos_sweep"] == CREATING:
        names = _names(sweep)
        if "spec" in group.attrs:
            with contextlib.suppress(InputError):  # a model that is not known here any more
                names |= _names(Store(location, group).sweep)
        _remove(location, names)
        group = None
    if group is None:
        return Store.create(location, sweep, block_shape)

    store = Store(location, group)
    if group.attrs["spec_hash"] != store.sweep.hash:
        raise SpecError(
            f"{location}: its axes come out with other bits here than where it was made; go on there, with numpy "
            f"{group.attrs['numpy_version']}, or --overwrite to start anew"
        )
    if store.sweep.hash != sweep.hash and not extends(store.sweep, sweep):
        raise SpecError(
            f"{location}: holds another sweep; give it another place, or --overwrite to lose it. The differences:",
            *differences(store.sweep, sweep),
        )
    here, there = provenance.model_digest(sweep), group.attrs["model_digest"]
    if here != there:
        raise SpecError(
            f"{location}: computed by another version of model or kernel ({there}, here {here}); go on with that "
            f"version (eos_sweep {group.attrs['eos_sweep_version']}), or --overwrite to start anew"
        )
    if sweep.thresholds != store.sweep.thresholds:
        raise SpecError(
            f"{location}: labelled with other thresholds, {store.sweep.thresholds or 'the defaults'}; leave them so in "
            "the spec and use eos-sweep relabel"
        )
    if store.sweep.hash != sweep.hash or group.attrs["eos_sweep"] == EXTENDING:
        store.extend(sweep)
    elif sweep.data != store.sweep.data:
        store.find_data(sweep)
    return store


def _names(sweep: Sweep) -> set[str]:
    """Return what may be in the folder of a store of ``sweep``."""
    module = sweep.module
    variables = {*module.STATE, *module.PARAMETERS, *observables.variables(module), *schema.LABELS}
    return {"zarr.json", "ledger", "pyramid", "seed", *sweep.dims} | variables


def _remove(location: Location, own: set[str]) -> None:
    """Remove the store at ``location``, its root last: what a kill leaves of it meanwhile does not open as a sweep."""
    found = {key.partition("/")[0] for key in location.keys()}
    if foreign := sorted(name for name in found - own if not name.endswith(".partial")):
        raise SpecError(f"{location}: {foreign[0]} in it is no part of a sweep; move it away first")
    group = find(location)
    if group is not None:
        group.attrs.put({"eos_sweep": CREATING})
    for name in sorted(found - {"zarr.json"}):
        location.remove(name)
    location.remove("zarr.json")


def _remove_remains(location: Location, sweep: Sweep) -> None:
    """Remove what a run leaves that is killed before its first file is whole, or whose store is deleted under it.

    Raises
    ------
    SpecError
        If there is anything else.
    """
    names = "|".join(sorted(_names(sweep) - {"zarr.json"}))
    partial = r"\.[0-9a-f]{32}\.partial"
    # Of a store without its root: chunks, their metadata, and files that were never whole.
    own = re.compile(rf"zarr{partial}|({names})/(blocks/|\d+/(\w+/)?)?(zarr(\.json|{partial})|c(/\d+)*({partial})?)")
    if (location.local and location.local.exists() and not location.local.is_dir()) or location.zipped:
        foreign = True
    else:
        foreign = any(not own.fullmatch(key) for key in location.keys())
    if foreign:
        raise SpecError(f"{location}: something that is no sweep is there; choose another place for the store")
    for name in {key.partition("/")[0] for key in location.keys()}:
        location.remove(name)


def remove_partial_files(location: Location, chunks: bool) -> None:
    """Remove what killed writers left of metadata, and of chunks, which may be millions; it never became data."""
    if location.local:  # elsewhere an object is there as a whole or not at all
        for pattern in ["**/*.partial"] if chunks else ["*.partial", "*/*.partial", "ledger/*/*.partial"]:
            for leftover in location.local.glob(pattern):
                leftover.unlink(missing_ok=True)
