"""Ways to tamper with a store; each function returns what does it to a store that it is given."""

import json
import os
import pickle
import shutil

import numpy as np
import zarr

from helpers.stores import SPEC
from programs.audited import MARK

SMALL = {**SPEC, "axes": {"lambda1": {"log": [1, 1e4, 4]}, "eta": {"log": [1e-3, 30, 5]}}, "chunks": {}}


class Bomb:
    """What runs a program when it is unpickled."""

    def __reduce__(self):
        return os.system, (f"touch {MARK}",)


def edited(name, change):
    """Return what lets ``change`` have its way with the JSON file ``name``; what it returns takes its place."""

    def edit(store):
        held = json.loads((store / name).read_text(encoding="utf-8"))
        changed = change(held)
        (store / name).write_text(json.dumps(held if changed is None else changed), encoding="utf-8")

    return edit


def root(**values):
    return edited("zarr.json", lambda held: held.update(values))


def attribute(**values):
    return edited("zarr.json", lambda held: held["attributes"].update(values))


def spec(**changes):
    return attribute(spec=json.dumps({**SMALL, **changes}))


def gathered(name, **values):
    """Return what changes an array's metadata among those that are gathered in one file."""
    return edited("zarr.json", lambda held: held["consolidated_metadata"]["metadata"][name].update(values))


def array(name, **values):
    """Return what changes an array's metadata, wherever they are."""
    own, copied = edited(f"{name}/zarr.json", lambda held: held.update(values)), gathered(name, **values)
    return lambda store: (own(store), copied(store))


def words(name, **attributes):
    return array(name, attributes=attributes)


def ledger(**values):
    return edited("ledger/blocks/zarr.json", lambda held: held.update(values))


def errors(found):
    return edited("ledger/blocks/zarr.json", lambda held: held["attributes"].update(errors=found))


def heartbeat(beat):
    return edited("ledger/zarr.json", lambda held: held["attributes"].update(heartbeat=beat))


def numbers(name, change):
    """Return what changes the numbers of an array."""

    def write(store):
        held = zarr.open_array(store / name)
        held[...] = change(np.asarray(held[...]))

    return write


def chunk(name, change):
    """Return what changes the bytes of an array's only chunk."""

    def write(store):
        (place,) = [path for path in (store / name / "c").rglob("*") if path.is_file()]
        place.write_bytes(change(place.read_bytes()))

    return write


def text(name, content):
    return lambda store: (store / name).write_bytes(content)


def removed(name):
    def remove(store):
        place = store / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()

    return remove


def another_array(store):
    """Add an array of 10^12 values that is its own axis."""

    def change(held):
        copy = held["consolidated_metadata"]["metadata"]["eta"] | {"dimension_names": ["evil"]}
        held["consolidated_metadata"]["metadata"]["evil"] = copy | {"shape": [10**12], "chunk_grid": grid(10**12)}

    edited("zarr.json", change)(store)


def second_version(store):
    """Write the store in zarr's second format, whose filters may be pickles."""
    held = zarr.open_group(store, mode="r", use_consolidated=False)
    attributes = held.attrs.asdict()
    arrays = {name: held[name] for name in [*(name for name, _ in held.arrays()), "ledger/blocks"]}
    content = {name: (np.asarray(a[...]), a.metadata.dimension_names) for name, a in arrays.items()}
    shutil.rmtree(store)
    for group in (store, store / "ledger"):
        group.mkdir()
        (group / ".zgroup").write_text('{"zarr_format": 2}')
    (store / ".zattrs").write_text(json.dumps(attributes))
    for name, (values, dims) in content.items():
        (store / name).mkdir(parents=True)
        own = name == "ledger/blocks"
        filters = None if own else [{"id": "vlen-utf8"}, {"id": "pickle", "protocol": 5}]
        facts = {"zarr_format": 2, "shape": values.shape, "chunks": values.shape, "order": "C", "compressor": None}
        facts |= {"dtype": "<i8" if own else "|O", "fill_value": 0 if own else "", "filters": filters}
        (store / name / ".zarray").write_text(json.dumps(facts))
        (store / name / ".zattrs").write_text(json.dumps({"_ARRAY_DIMENSIONS": dims, "errors": {}}))
        place = store / name / (".".join(["0"] * values.ndim) or "0")
        place.write_bytes(values.tobytes() if own else pickle.dumps(Bomb()))


def deep(store):
    attribute(spec=0)(store)
    held = (store / "zarr.json").read_text()
    (store / "zarr.json").write_text(held.replace('"spec": 0', f'"spec": {"[" * 10**5}{"]" * 10**5}'))


def grid(*sizes):
    return {"name": "regular", "configuration": {"chunk_shape": sizes}}


def codec(name, **configuration):
    return {"name": name, "configuration": configuration} if configuration else {"name": name}


HUGE = 10**9, 10**9
BYTES = codec("bytes", endian="little")
SHARDS = codec("sharding_indexed", chunk_shape=[1, 1], codecs=[BYTES], index_codecs=[BYTES])
TEXTS = {"data_type": "string", "fill_value": "", "codecs": [codec("vlen-utf8")]}


def level(name, **values):
    """Return what changes an array's metadata in the pyramid's finest level."""
    return edited(f"{LEVEL}/{name}/zarr.json", lambda held: held.update(values))


def about(name, **attributes):
    return edited(f"{LEVEL}/{name}/zarr.json", lambda held: held["attributes"].update(attributes))


def levels(**attributes):
    return edited("pyramid/zarr.json", lambda held: held["attributes"].update(attributes))


def second_version_of_a_level(store):
    """Write a level in zarr's second format, whose regimes are pickles."""
    held = zarr.open_group(store / LEVEL, mode="r", use_consolidated=False)
    attributes = held.attrs.asdict()
    content = {name: (np.asarray(a[...]), a.metadata.dimension_names, a.attrs.asdict()) for name, a in held.arrays()}
    shutil.rmtree(store / LEVEL)
    (store / LEVEL).mkdir()
    (store / LEVEL / ".zgroup").write_text('{"zarr_format": 2}')
    (store / LEVEL / ".zattrs").write_text(json.dumps(attributes))
    for name, (values, dims, own) in content.items():
        bad, place = name in ("share", "regime"), store / LEVEL / name
        facts = {"zarr_format": 2, "shape": values.shape, "chunks": values.shape, "order": "C", "compressor": None}
        facts |= {"dtype": "|O" if bad else values.dtype.str, "fill_value": "" if bad else 0}
        facts |= {"filters": [{"id": "vlen-utf8"}, {"id": "pickle", "protocol": 5}] if bad else None}
        place.mkdir()
        (place / ".zarray").write_text(json.dumps(facts))
        (place / ".zattrs").write_text(json.dumps({**own, "_ARRAY_DIMENSIONS": dims or []}))
        key = ".".join(["0"] * values.ndim) or "0"
        (place / key).write_bytes(pickle.dumps(Bomb()) if bad else values.tobytes())


LEVEL = "pyramid/2048"
