"""Whether the spec of a store is the one from which it was made: its attribute ``spec_hash`` tells."""

import numpy as np

from eos_sweep.errors import InputError
from eos_sweep.spec.identity import hash_of
from eos_sweep.store import schema, validate
from eos_sweep.store.store import Store

EDITED = (
    "the spec in its zarr.json does not have the hash beside it, so one of them was edited; put a copy of zarr.json "
    "back, or remove it and run the sweep's own spec, which writes it anew"
)


def is_exact(store: Store) -> bool:
    """Return whether the spec has its hash, with the bits that its axes have on this machine."""
    return bool(store.group.attrs["spec_hash"] == store.sweep.hash)


def problem(store: Store) -> str:
    """Return EDITED if the spec does not have its hash with the stored bits of its axes either, else an empty text.

    The values of a logarithmic axis may have other last bits on another machine.
    """
    if is_exact(store):
        return ""
    facts = dict(store.sweep.identity)
    for axis in store.sweep.axes:
        try:
            array = validate.coordinate(store.path, store.group, axis.name, store.sweep)
            with validate.reading(store.path, axis.name):
                found = np.asarray(array[...])
        except InputError:
            return EDITED
        if not schema.same(found, axis.values, exactly=False):
            return EDITED
        facts |= axis.model_copy(update={"values": found}).fact
    return "" if hash_of(facts) == store.group.attrs["spec_hash"] else EDITED
