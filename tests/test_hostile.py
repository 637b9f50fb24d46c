"""A stranger's spec or store is data: opening it runs nothing, and every command ends well or in one line."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr
from audited import MARK
from test_fuzz_commands import SMALL
from test_store import contents, toml

import eos_sweep
from eos_sweep.errors import visible

AUDITED = Path(__file__).with_name("audited.py")


def audited(lines):
    """Return what came of each command line, run in one process that tells what it did."""
    lines = [(str(folder), [str(part) for part in arguments]) for folder, arguments in lines]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", AUDITED], input=json.dumps(lines), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def edited(path, change):
    """Let ``change`` have its way with a JSON file."""
    held = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(change(held) or held), encoding="utf-8")


def attribute(**values):
    """Return what puts other attributes into a store."""
    return lambda store: edited(store / "zarr.json", lambda root: root["attributes"].update(values))


def spec(**changes):
    """Return what puts another spec into a store."""
    return attribute(spec=json.dumps({**SMALL, **changes}))


def array(name, **values):
    """Return what puts other metadata into an array, and into those that are gathered in one file."""

    def change(store):
        edited(store / name / "zarr.json", lambda held: held.update(values))
        edited(store / "zarr.json", lambda root: gathered(root)[name].update(values))

    return change


def gathered(root):
    return root["consolidated_metadata"]["metadata"]


def ledger(change):
    """Return what changes the ledger's numbers."""

    def write(store):
        blocks = zarr.open_array(store / "ledger" / "blocks")
        blocks[...] = change(np.asarray(blocks[...]))

    return write


def errors(found):
    return lambda store: edited(store / "ledger/blocks/zarr.json", lambda held: held["attributes"].update(errors=found))


def chunk(name, content):
    """Return what writes other bytes into a chunk of an array."""

    def write(store):
        (place,) = [path for path in (store / name / "c").rglob("*") if path.is_file()]
        place.write_bytes(content(place.read_bytes()))

    return write


class Bomb:
    def __reduce__(self):
        return os.system, (f"touch {MARK}",)


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
    held = json.loads((store / "zarr.json").read_text())
    held["attributes"]["spec"] = 0
    (store / "zarr.json").write_text(json.dumps(held).replace('"spec": 0', f'"spec": {"[" * 10**5}{"]" * 10**5}'))


def removed(name):
    def remove(store):
        place = store / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()

    return remove


BLOSC = [{"name": "bytes"}, {"name": "blosc", "configuration": {"typesize": 1, "cname": "lz4", "clevel": 5,
          "shuffle": "shuffle", "blocksize": 0}}]  # fmt: skip
HUGE = [10**9, 10**9]
TRICKS = ("$\\input{/etc/passwd}$", "a $ b", "$\\frac{1}{$", "$" + "{" * 100 + "$", "$\\hspace{1e300}$", "\x1b]0;title\x07\x1b[2J",
          "\x00\x01", "a\nb\r\nc\td", "\ud800", "\u202egnp.exe", "x" * 10**6, "line\n" * 10**5, "%s%n", "{0.__class__}", "")  # fmt: skip
# What is wrong with a store; the first of the two words says whether it has to be refused, or may be read.
STORES = {
    "refused": {
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
        "spec: data nowhere": spec(model="tanh_net", data={"file": "../../x"}, parameters={}, initial={}),
        "spec: data without end": spec(model="tanh_net", data={"file": "/dev/zero"}, parameters={}, initial={}),
        "spec: data that waits": spec(model="tanh_net", data={"file": "pipe"}, parameters={}, initial={}),
        "spec: 10^18 cells": spec(axes={name: {"linear": [1, 2, 10**6]} for name in ("lambda1", "eta", "clip")}),
        "spec: other axes": spec(axes={"eta": [0.1, 0.2], "lambda1": [1, 2]}),
        "spec: fewer cells": spec(axes={"lambda1": SMALL["axes"]["lambda1"], "eta": {"log": [1e-3, 30, 4]}}),
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
        "array: 10^18 cells in a chunk": array("outcome", shape=HUGE, chunk_grid={"name": "regular", "configuration": {"chunk_shape": HUGE}}),
        "array: a huge chunk": array("steps_taken", chunk_grid={"name": "regular", "configuration": {"chunk_shape": HUGE}}),
        "array: no chunk": array("steps_taken", chunk_grid={"name": "regular", "configuration": {"chunk_shape": [0, 0]}}),
        "array: a negative chunk": array("steps_taken", chunk_grid={"name": "regular", "configuration": {"chunk_shape": [-1, 5]}}),
        "array: another grid": array("steps_taken", chunk_grid={"name": MARK, "configuration": {}}),
        "array: another type": array("regime", data_type="int64"),
        "array: no such type": array("regime", data_type=MARK),
        "array: objects": array("regime", data_type="object"),
        "array: texts": array("regime", data_type="string", fill_value="", codecs=[{"name": "vlen-utf8"}]),
        "array: a structure": array("regime", data_type={"name": "structured", "configuration": {"fields": [["a", "int8"]]}}),
        "array: pickles": array("regime", codecs=[{"name": "pickle"}]),
        "array: numcodecs' pickles": array("regime", codecs=[{"name": "numcodecs.pickle", "configuration": {"id": "pickle"}}]),
        "array: a codec of the folder": array("regime", codecs=[{"name": MARK}]),
        "array: a codec by its path": array("regime", codecs=[{"name": f"{MARK}:Codec"}]),
        "array: no codecs": array("regime", codecs=[]),
        "array: codecs that are none": array("regime", codecs="bytes"),
        "array: sharded": array("regime", codecs=[{"name": "sharding_indexed", "configuration": {"chunk_shape": [1, 1], "codecs": BLOSC, "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}]}}]),
        "array: transformers": array("regime", storage_transformers=[{"name": MARK}]),
        "array: other dimensions": array("regime", dimension_names=["eta", "lambda1"]),
        "array: no dimensions": array("regime", dimension_names=None),
        "array: a group": array("regime", node_type="group"),
        "array: another format": array("regime", zarr_format=4),
        "array: missing": removed("regime"),
        "array: without metadata": removed("regime/zarr.json"),
        "array: no JSON": lambda store: (store / "regime" / "zarr.json").write_text("{"),
        "array: deep JSON": lambda store: (store / "regime" / "zarr.json").write_text("[" * 10**5),
        "array: a list": lambda store: (store / "regime" / "zarr.json").write_text("[]"),
        "array: no text": lambda store: (store / "regime" / "zarr.json").write_bytes(b"\xff\xfe\x00"),
        "root: no JSON": lambda store: (store / "zarr.json").write_text("{"),
        "root: deep JSON": lambda store: (store / "zarr.json").write_text('{"attributes": ' + "[" * 10**5),
        "root: a list": lambda store: (store / "zarr.json").write_text("[]"),
        "root: an array": lambda store: edited(store / "zarr.json", lambda root: root.update(node_type="array")),
        "root: another format": lambda store: edited(store / "zarr.json", lambda root: root.update(zarr_format=4)),
        "root: missing": removed("zarr.json"),
        "root: attributes of another kind": lambda store: edited(store / "zarr.json", lambda root: root.update(attributes=[1])),
        "root: the second format, with pickles": second_version,
        "ledger: missing": removed("ledger"),
        "ledger: another shape": lambda store: edited(store / "ledger/blocks/zarr.json", lambda held: held.update(shape=[1, 1, 3])),
        "ledger: 10^18 blocks": lambda store: edited(store / "ledger/blocks/zarr.json", lambda held: held.update(shape=[*HUGE, 4])),
        "ledger: a huge chunk": lambda store: edited(store / "ledger/blocks/zarr.json", lambda held: held["chunk_grid"]["configuration"].update(chunk_shape=[*HUGE, 4])),
        "ledger: another type": lambda store: edited(store / "ledger/blocks/zarr.json", lambda held: held.update(data_type="float64", fill_value=0.0)),
        "ledger: below zero": ledger(lambda rows: -rows),
        "ledger: more than there is": ledger(lambda rows: rows + 1),
        "ledger: beyond all": ledger(lambda rows: np.full_like(rows, 2**62)),
        "ledger: garbage": chunk("ledger/blocks", lambda content: b"\x80\x04garbage."),
        "ledger: a pickle": chunk("ledger/blocks", lambda content: pickle.dumps(Bomb())),
        "ledger: cut": chunk("ledger/blocks", lambda content: content[:-5]),
        "errors: none": lambda store: edited(store / "ledger/blocks/zarr.json", lambda held: held["attributes"].pop("errors") and held),
        "errors: a list": errors(["x"]),
        "errors: a path": errors({"../../../etc": "x"}),
        "errors: another block": errors({"7,7": "x"}),
        "errors: no text": errors({"0,0": None}),
        "errors: blank": errors({"0,0": " \n "}),
    },
    "read": {
        **{f"title {k}": attribute(title=trick) for k, trick in enumerate(TRICKS)},
        "history": attribute(history="\x1b[2J\n" * 10),
        "references": attribute(references={"a": ["b"]}),
        "thresholds: unknown, too": attribute(thresholds='{"growth": 2, "os.system": 1}'),
        "errors: an escape": errors({"0,0": "Traceback\n  x\nValueError: \x1b[31m"}),
        **{f"words {k}": array("sharpness_max", attributes={"long_name": trick, "units": trick, "symbol": trick}) for k, trick in enumerate(TRICKS)},
        "words: numbers": array("sharpness_max", attributes={"long_name": 3, "units": ["a"], "symbol": {}}),
        "words: dates": array("steps_taken", attributes={"units": "days since 1e400", "calendar": MARK}),
        "words: coordinates": array("sharpness_max", attributes={"coordinates": "os regime ../x \x1b"}),
        "words: flags": array("outcome", attributes={"flag_values": [10**9, "x"], "flag_meanings": 3}),
        "words: flags without end": array("outcome", attributes={"flag_values": [1, 2], "flag_meanings": "$\\foo$ " * 10**5}),
        "another array": lambda store: edited(store / "zarr.json", lambda root: gathered(root).update(evil={**gathered(root)["eta"], "shape": [10**12], "dimension_names": ["evil"], "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10**12]}}})),
    },
    "either": {
        "thresholds: chaos, not stored": attribute(thresholds='{"chaos": 0.1}'),
        "spec: other coordinates": spec(axes={"lambda1": {"log": [1, 1e4, 4]}, "eta": {"log": [1e-3, 3, 5]}}),
        "words: scaled": array("sharpness_max", attributes={"scale_factor": "x", "add_offset": [1], "_FillValue": {}}),
        "gathered: 10^18 cells": lambda store: edited(store / "zarr.json", lambda root: gathered(root)["regime"].update(shape=HUGE)),
        "gathered: 10^12 values of an axis": lambda store: edited(store / "zarr.json", lambda root: gathered(root)["eta"].update(shape=[10**12])),
        "gathered: pickles": lambda store: edited(store / "zarr.json", lambda root: gathered(root)["regime"].update(codecs=[{"name": "pickle"}])),
        "gathered: nonsense": lambda store: edited(store / "zarr.json", lambda root: root.update(consolidated_metadata={"metadata": [1]})),
        "gathered: another kind": lambda store: edited(store / "zarr.json", lambda root: root["consolidated_metadata"].update(kind=MARK)),
        "gathered: not": lambda store: edited(store / "zarr.json", lambda root: root.pop("consolidated_metadata") and root),
        "axis: 10^12 values": array("eta", shape=[10**12]),
        "axis: texts": array("eta", data_type="string", fill_value="", codecs=[{"name": "vlen-utf8"}]),
        "axis: other dimensions": array("eta", dimension_names=["lambda1"]),
        "axis: missing": removed("eta"),
        "axis: garbage": chunk("eta", lambda content: b"\x80\x04garbage."),
        "axis: a pickle": chunk("eta", lambda content: pickle.dumps(Bomb())),
        "axis: other values": lambda store: zarr.open_array(store / "eta").__setitem__(..., np.nan),
        "input: another shape": array("radius", shape=[10**12]),
        "chunk: garbage": chunk("regime", lambda content: b"\x80\x04garbage."),
        "chunk: a pickle": chunk("outcome", lambda content: pickle.dumps(Bomb())),
        "chunk: cut": chunk("crossings", lambda content: content[: len(content) // 2]),
        "chunk: empty": chunk("sharpness_max", lambda content: b""),
        "chunk: a bit": chunk("period", lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]),
        "regime: no code": lambda store: zarr.open_array(store / "regime").__setitem__(..., 100),
        "regime: below zero": lambda store: zarr.open_array(store / "regime").__setitem__(..., -5),
        "outcome: no code": lambda store: zarr.open_array(store / "outcome").__setitem__(..., -5),
        "settled: no code": lambda store: zarr.open_array(store / "settled").__setitem__(..., 99),
        "a link to itself": lambda store: (store / "regime" / "loop").symlink_to(store, target_is_directory=True),
    },
}  # fmt: skip
COMMANDS = (
    ("status", "s.zarr"),
    ("status", "s.zarr", "--json"),
    ("open", "s.zarr"),
    ("plot", "s.zarr", "-o", "p.png"),
    ("plot", "s.zarr", "-o", "p.pdf", "--variable", "sharpness_max"),
    ("plot", "s.zarr", "-o", "p.svg", "--variable", "outcome"),
    ("trace", "s.zarr", "--index", "eta=1,lambda1=1"),
    ("verify", "s.zarr", "--index", "eta=1,lambda1=1"),
    ("budget", "s.zarr"),
    ("run", "s.toml", "-o", "s.zarr"),
    ("relabel", "s.zarr", "--threshold", "growth=1.5"),
)
QUICK = [COMMANDS[0], COMMANDS[3], COMMANDS[-1]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a store, the spec that it is of, and modules that must not be imported."""
    place = tmp_path_factory.mktemp("hostile")
    toml(place / "s.toml", SMALL)
    eos_sweep.run(place / "s.toml", place / "s.zarr")
    attack = f"open({str(place / MARK)!r}, 'w').close()\n"
    (place / f"{MARK}.py").write_text(attack)
    os.mkfifo(place / "pipe")
    return place


def damaged(folder, place, name, change):
    """Return a folder like ``folder`` in which the store has been changed."""
    place = place / re.sub(r"\W+", "_", name)
    shutil.copytree(folder / "s.zarr", place / "s.zarr")
    for other in ("s.toml", f"{MARK}.py"):
        shutil.copy(folder / other, place)
    os.mkfifo(place / "pipe")
    change(place / "s.zarr")
    return place


def held_up(found, arguments, name):
    """Assert that a command ran nothing, and ended well or in one line."""
    assert not found["trace"], f"{name}: {arguments}\n{found['trace']}"
    foreign = [event for event in found["events"] if not event.startswith(ORDINARY)]
    assert not foreign and not found["foreign"], f"{name}: {arguments}: {foreign}"
    assert found["code"] in (0, 2), f"{name}: {arguments}: {found}"
    lines = found["err"].splitlines()
    if found["code"] == 2:
        assert len(lines) == 1 and lines[0].startswith("eos-sweep: ") and not found["out"], (
            f"{name}: {arguments}: {found}"
        )
    for line in (*lines, *found["out"].splitlines()):
        assert visible(line) == line and (len(line) < 10**4 or "--json" in arguments), f"{name}: {arguments}: {line}"


ORDINARY = ("subprocess.Popen ('git', ",)  # provenance


def held_ups(folder, tmp_path, kinds, commands):
    places = {
        name: (kind, damaged(folder, tmp_path, name, change)) for kind in kinds for name, change in STORES[kind].items()
    }
    before = {name: contents(place) for name, (_, place) in places.items()}
    lines = [(name, arguments) for name in places for arguments in commands]
    found = audited([(places[name][1], arguments) for name, arguments in lines])
    refused = {name: True for name in places}
    for (name, arguments), one in zip(lines, found, strict=True):
        held_up(one, arguments, name)
        refused[name] &= one["code"] == 2
        kind = places[name][0]
        assert kind == "either" or (one["code"] == 2) == (kind == "refused"), f"{name}: {arguments}: {one}"
    for name, (kind, place) in places.items():
        assert not (place / MARK).exists(), name
        if refused[name]:
            assert contents(place) == before[name], name


def test_a_hostile_store_is_read_or_refused_in_one_line(folder, tmp_path):
    held_ups(folder, tmp_path, STORES, QUICK)


@pytest.mark.slow
def test_no_command_is_led_astray_by_a_hostile_store(folder, tmp_path):
    held_ups(folder, tmp_path, STORES, COMMANDS)
