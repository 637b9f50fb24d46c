"""The root group of a store, and the state that its attribute ``eos_sweep`` gives."""

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import zarr

from eos_sweep.errors import InputError
from eos_sweep.store import identity, metadata, schema
from eos_sweep.store.location import Location
from eos_sweep.store.metadata import NAME
from eos_sweep.store.states import CREATING, EXTENDING, READY, REMOVING

LOG = logging.getLogger("eos_sweep")
# Errors of zarr where nothing is stored, or something other than it expects, such as JSON of another form.
UNREADABLE = ValueError, LookupError, TypeError, AttributeError, RecursionError, NotImplementedError


def find(location: Location) -> zarr.Group | None:
    """Return the root group of the store at ``location``, in whatever state, or None if there is no store.

    Raises
    ------
    InputError
        If a newer version of eos_sweep has written it.
    """
    if location.local and not location.local.is_dir():
        return None
    try:
        place = location.zarr_store(read_only=False)
        mode: Any = "r" if place.read_only else "r+"
        group = zarr.open_group(place, mode=mode, zarr_format=3, use_consolidated=False)
        state = group.attrs.get("eos_sweep")
    except InputError:
        raise
    except (FileNotFoundError, NotADirectoryError, *UNREADABLE):
        return None  # any other error of the file system does not say that there is no store
    if state is not None:
        identity.format_of(location, group.attrs)
    return group if state in (CREATING, REMOVING) or (state in (EXTENDING, READY) and "spec" in group.attrs) else None


def consolidate(location: Location, attributes: Mapping[str, Any]) -> None:
    """Write attributes of the root, and gather all metadata of the store in it, as zarr does, without its warnings."""
    try:
        root = json.loads(location.read(NAME) or b"")
        root["attributes"].update(attributes)
        content = metadata.text_of(root, dict(_members(location, "")))
    except UNREADABLE as error:
        LOG.warning("%s: some metadata cannot be read, so they are not consolidated: %s", location, error)
        return
    location.write(NAME, content)


def write_coordinates(location: Location, found: Mapping[str, schema.Coordinate]) -> None:
    """Write coordinates into the root, in the place of what is there under their names."""
    for name in found:
        location.remove(name)
    location.write_all(metadata.of_coordinates(found))


def _members(location: Location, below: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and metadata of all arrays and groups below a group."""
    for name in sorted(location.names(below) - {NAME}):
        path = f"{below}{name}"
        text = location.read(f"{path}/{NAME}")
        if text is None:  # such as what a killed writer has left
            continue
        found = json.loads(text)
        if found["node_type"] == "group":
            yield from _members(location, f"{path}/")
        yield path, found
