"""Stores that somebody has tampered with: by name, what is done to a good one, and whether it has to be refused."""

import datetime
import json
import math
import os
import pickle
import shutil

import numpy as np
import zarr
from audited import MARK
from test_store import SPEC

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
FIELDS = {"name": "structured", "configuration": {"fields": [["a", "int8"]]}}
INPUTS = {"parameters": {}, "initial": {}}  # of a model that has defaults for all of its own
FAILURE = {"point": "eta = 0.1 (index 3)", "attempts": 3, "error": "Traceback\n  x\nValueError: y"}
ESCAPES = {"error": "x\nValueError: \x1b[31m", "point": "\x1b[31m\n"}
NOW = datetime.datetime.now(datetime.UTC).isoformat()
ALIVE = {"state": "running", "time": NOW, "host": "here", "pid": 1}
BEATS = (
    *(None, 3, [], {}, {"state": []}, {"state": "\x1b[31m\n"}, {"time": 3}, {"time": "x" * 10**6}),
    *({"state": "running", "time": "2020-01-01"}, {"state": "failed", "reason": "\x1b[2J\n$x$", "time": NOW}),
    *(ALIVE | {"seconds_left": left} for left in ("x", math.inf, -math.nan, 1e300, 10**400, -1, [])),
    ALIVE | {"reason": {"a": "\x1b"}, "pid": [[]], "host": "\n"},
)
TRICKS = (
    *("$\\input{/etc/passwd}$", "a $ b", "$\\frac{1}{$", "$" + "{" * 100 + "$", "$\\hspace{1e300}$"),
    *("\x1b]0;title\x07\x1b[2J", "\x00\x01", "a\nb\r\nc\td", "\ud800", "\u202egnp.exe", "x" * 10**6),
    *("line\n" * 10**5, "%s%n", "{0.__class__}", ""),
)
GARBAGE = b"\x80\x04garbage."

REFUSED = {
    "spec: no JSON": attribute(spec="{"),
    "spec: a number": attribute(spec=3),
    "spec: none": attribute(spec=None),
    "spec: a list": attribute(spec="[]"),
    "spec: a table": attribute(spec={"model": "bivariate"}),
    "spec: enormous": attribute(spec='"' + "x" * 10**7 + '"'),
    "spec: deep": attribute(spec="[" * 10**5),
    "spec: deep in the file": deep,
    "spec: model os": spec(model="os"),
    "spec: model of the folder": spec(model=MARK),
    "spec: model of the folder, dotted": spec(model=f"{MARK}.models"),
    "spec: model __main__": spec(model="__main__"),
    "spec: hostile expression": spec(parameters={"lambda2": f"__import__('{MARK}')", "radius": 1}),
    "spec: data nowhere": spec(model="tanh_net", data={"file": "../../x"}, **INPUTS),
    "spec: data without end": spec(model="tanh_net", data={"file": "/dev/zero"}, **INPUTS),
    "spec: data that waits": spec(model="tanh_net", data={"file": "pipe"}, **INPUTS),
    "spec: 10^18 cells": spec(axes={name: {"linear": [1, 2, 10**6]} for name in ("lambda1", "eta", "clip")}),
    "spec: other axes": spec(axes={"eta": [0.1, 0.2], "lambda1": [1, 2]}),
    "spec: fewer cells": spec(axes={**SMALL["axes"], "eta": {"log": [1e-3, 30, 4]}}),
    "thresholds: no JSON": attribute(thresholds="growth=2"),
    "thresholds: a list": attribute(thresholds="[1]"),
    "thresholds: texts": attribute(thresholds='{"growth": "1"}'),
    "thresholds: not a number": attribute(thresholds='{"growth": NaN}'),
    "thresholds: infinite": attribute(thresholds='{"growth": 1e999}'),
    "thresholds: huge": attribute(thresholds=f'{{"growth": {10**400}}}'),
    "thresholds: none": attribute(thresholds=None),
    "title: a number": attribute(title=3),
    "history: a list": attribute(history=["a"]),
    "state: a list": attribute(eos_sweep=["sweep"]),
    "state: unknown": attribute(eos_sweep="sweet"),
    "array: 10^18 cells": array("regime", shape=HUGE),
    "array: 10^18 cells in a chunk": array("outcome", shape=HUGE, chunk_grid=grid(*HUGE)),
    "array: a huge chunk": array("steps_taken", chunk_grid=grid(*HUGE)),
    "array: no chunk": array("steps_taken", chunk_grid=grid(0, 0)),
    "array: a negative chunk": array("steps_taken", chunk_grid=grid(-1, 5)),
    "array: another grid": array("steps_taken", chunk_grid=codec(MARK, a=1)),
    "array: another type": array("regime", data_type="int64"),
    "array: no such type": array("regime", data_type=MARK),
    "array: objects": array("regime", data_type="object"),
    "array: texts": array("regime", **TEXTS),
    "array: a structure": array("regime", data_type=FIELDS),
    "array: pickles": array("regime", codecs=[codec("pickle")]),
    "array: numcodecs' pickles": array("regime", codecs=[codec("numcodecs.pickle", id="pickle")]),
    "array: a codec of the folder": array("regime", codecs=[codec(MARK)]),
    "array: a codec by its path": array("regime", codecs=[codec(f"{MARK}:Codec")]),
    "array: no codecs": array("regime", codecs=[]),
    "array: codecs that are none": array("regime", codecs="bytes"),
    "array: sharded": array("regime", codecs=[SHARDS]),
    "array: transformers": array("regime", storage_transformers=[codec(MARK)]),
    "array: other dimensions": array("regime", dimension_names=["eta", "lambda1"]),
    "array: no dimensions": array("regime", dimension_names=None),
    "array: a group": array("regime", node_type="group"),
    "array: another format": array("regime", zarr_format=4),
    "array: missing": removed("regime"),
    "array: without metadata": removed("regime/zarr.json"),
    "array: no JSON": text("regime/zarr.json", b"{"),
    "array: deep JSON": text("regime/zarr.json", b"[" * 10**5),
    "array: a list": text("regime/zarr.json", b"[]"),
    "array: no text": text("regime/zarr.json", b"\xff\xfe\x00"),
    "root: no JSON": text("zarr.json", b"{"),
    "root: deep JSON": text("zarr.json", b'{"attributes": ' + b"[" * 10**5),
    "root: a list": text("zarr.json", b"[]"),
    "root: an array": root(node_type="array"),
    "root: another format": root(zarr_format=4),
    "root: other attributes": root(attributes=[1]),
    "root: the second format, with pickles": second_version,
    "ledger: missing": removed("ledger"),
    "ledger: another shape": ledger(shape=[1, 1, 3]),
    "ledger: 10^18 blocks": ledger(shape=[*HUGE, 4]),
    "ledger: a huge chunk": ledger(chunk_grid=grid(*HUGE, 4)),
    "ledger: another type": ledger(data_type="float64", fill_value=0.0),
    "ledger: without attributes": ledger(attributes={}),
    "ledger: below zero": numbers("ledger/blocks", lambda rows: -rows),
    "ledger: more than there is": numbers("ledger/blocks", lambda rows: rows + 1),
    "ledger: beyond all": numbers("ledger/blocks", lambda rows: np.full_like(rows, 2**62)),
    "errors: a list": errors(["x"]),
    "errors: a path": errors({"../../../etc": FAILURE}),
    "errors: of three axes": errors({"0,0,0": FAILURE}),
    "errors: other digits": errors({"٣,٣": FAILURE}),
    "errors: nothing of a block": errors({"0,0": None}),
    "errors: a text": errors({"0,0": "x"}),
    "errors: no text": errors({"0,0": FAILURE | {"error": None}}),
    "errors: blank": errors({"0,0": FAILURE | {"error": " \n "}}),
    "errors: attempts without number": errors({"0,0": FAILURE | {"attempts": {}}}),
}
READ = {
    **{f"title {k}": attribute(title=trick) for k, trick in enumerate(TRICKS)},
    **{f"words {k}": words("sharpness_max", long_name=t, units=t, symbol=t) for k, t in enumerate(TRICKS)},
    **{f"heartbeat {k}": heartbeat(beat) for k, beat in enumerate(BEATS)},
    "history": attribute(history="\x1b[2J\n" * 10),
    "references": attribute(references={"a": ["b"]}),
    "thresholds: unknown, too": attribute(thresholds='{"growth": 2, "os.system": 1}'),
    "ledger: garbage": chunk("ledger/blocks", lambda content: GARBAGE),
    "ledger: a pickle": chunk("ledger/blocks", lambda content: pickle.dumps(Bomb())),
    "ledger: cut": chunk("ledger/blocks", lambda content: content[:-5]),
    "errors: an escape": errors({"7,7": FAILURE | ESCAPES}),
    "words: numbers": words("sharpness_max", long_name=3, units=["a"], symbol={}),
    "words: dates": words("steps_taken", units="days since 1e400", calendar=MARK),
    "words: coordinates": words("sharpness_max", coordinates="os regime ../x \x1b"),
    "words: flags": words("outcome", flag_values=[10**9, "x"], flag_meanings=3),
    "words: flags without end": words("outcome", flag_values=[1, 2], flag_meanings="$\\foo$ " * 10**5),
    "another array": another_array,
    "gathered: not": edited("zarr.json", lambda held: {k: v for k, v in held.items() if k != "consolidated_metadata"}),
}
# Some commands need what is wrong here, others do not.
EITHER = {
    "root: missing": removed("zarr.json"),
    "spec: other coordinates": spec(axes={**SMALL["axes"], "eta": {"log": [1e-3, 3, 5]}}),
    "thresholds: chaos, not stored": attribute(thresholds='{"chaos": 0.1}'),
    "words: scaled": words("sharpness_max", scale_factor="x", add_offset=[1], _FillValue={}),
    "gathered: 10^18 cells": gathered("regime", shape=HUGE),
    "gathered: 10^12 values of an axis": gathered("eta", shape=[10**12]),
    "gathered: pickles": gathered("regime", codecs=[codec("pickle")]),
    "gathered: nonsense": root(consolidated_metadata={"metadata": [1]}),
    "gathered: another kind": root(consolidated_metadata={"metadata": {}, "kind": MARK, "must_understand": False}),
    "axis: 10^12 values": array("eta", shape=[10**12]),
    "axis: texts": array("eta", **TEXTS),
    "axis: other dimensions": array("eta", dimension_names=["lambda1"]),
    "axis: missing": removed("eta"),
    "axis: garbage": chunk("eta", lambda content: GARBAGE),
    "axis: a pickle": chunk("eta", lambda content: pickle.dumps(Bomb())),
    "axis: other values": numbers("eta", lambda values: values * np.nan),
    "input: another shape": array("radius", shape=[10**12]),
    "chunk: garbage": chunk("regime", lambda content: GARBAGE),
    "chunk: a pickle": chunk("outcome", lambda content: pickle.dumps(Bomb())),
    "chunk: cut": chunk("crossings", lambda content: content[: len(content) // 2]),
    "chunk: empty": chunk("sharpness_max", lambda content: b""),
    "chunk: a bit": chunk("period", lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]),
    "regime: no code": numbers("regime", lambda codes: codes * 0 + 100),
    "regime: below zero": numbers("regime", lambda codes: codes * 0 - 5),
    "outcome: no code": numbers("outcome", lambda codes: codes * 0 - 5),
    "settled: no code": numbers("settled", lambda codes: codes * 0 + 99),
    "a link to itself": lambda store: (store / "regime" / "loop").symlink_to(store, target_is_directory=True),
}


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


LONG = SMALL | {"axes": {"lambda1": [1, 100], "eta": {"log": [1e-3, 30, 6000]}}, "steps": 30}
LEVEL = "pyramid/2048"
PYRAMID = {
    "as it was": lambda store: None,
    "the second format, with pickles": second_version_of_a_level,
    "another state": levels(spec_hash={}),
    "no attributes": edited("pyramid/zarr.json", lambda held: held.update(attributes=3)),
    "no JSON": text("pyramid/zarr.json", b"{"),
    "a level without JSON": text(f"{LEVEL}/zarr.json", b"\xff"),
    "a level that is missing": removed(LEVEL),
    "10^18 regimes": level("regime", shape=HUGE),
    "10^12 codes": level("code", shape=[10**12]),
    "10^12 shares": level("share", shape=[2, 10**9, 10]),
    "pickles": level("share", codecs=[codec("pickle")]),
    "texts": level("regime", **TEXTS),
    "other dimensions": level("regime", dimension_names=["eta", "lambda1"]),
    "pooled by words": about("eta", pooled="x"),
    "pooled by nothing": about("eta", pooled=0),
    "pooled by all": about("eta", pooled=10**12),
    "dates": about("eta", units="days since 1e400"),
    "scaled": about("share", scale_factor="x", _FillValue="AAAA"),
    "garbage": chunk(f"{LEVEL}/share", lambda content: GARBAGE),
    "no numbers": numbers(f"{LEVEL}/share", lambda shares: shares * np.nan),
    "huge numbers": numbers(f"{LEVEL}/share", lambda shares: shares + 1e30),
    "negative numbers": numbers(f"{LEVEL}/share", lambda shares: -shares),
}
