"""A stranger's spec or store is data: opening it runs nothing, and every command ends well or in one line."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from audited import MARK
from hostile import EITHER, LEVEL, LONG, PYRAMID, READ, REFUSED, SMALL, TRICKS, Bomb, attribute
from specs import changed
from test_api import INSIDE, WIDE
from test_store import FEW, command, contents, strict, toml

import eos_sweep
from eos_sweep.errors import visible
from eos_sweep.spec import Sweep
from eos_sweep.store import Store

AUDITED = Path(__file__).with_name("audited.py")
GIT = "subprocess.Popen ('git', "  # which a run asks for the commit
COMMANDS = (
    ("status", "s.zarr"),
    ("open", "s.zarr"),
    ("status", "s.zarr", "--json"),
    ("status", "s.zarr", "--check"),
    ("plot", "s.zarr", "-o", "p.png"),
    ("plot", "s.zarr", "-o", "p.pdf", "--variable", "sharpness_max"),
    ("plot", "s.zarr", "-o", "p.svg", "--variable", "outcome"),
    ("trace", "s.zarr", "--index", "eta=1,lambda1=1"),
    ("verify", "s.zarr", "--index", "eta=1,lambda1=1"),
    ("budget", "s.zarr"),
    ("export", "s.zarr", "x.zarr.zip", "--variable", "outcome"),
    ("run", "s.toml", "-o", "s.zarr"),
    ("relabel", "s.zarr", "--threshold", "growth=1.5"),
    ("export", "s.zarr", "y.zarr.zip"),
)


def audited(lines):
    """Return what came of each command line, run in one process that tells what it did."""
    lines = [(str(folder), [str(part) for part in arguments]) for folder, arguments in lines]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", AUDITED], input=json.dumps(lines), capture_output=True, text=True, timeout=1200
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def furnished(place):
    """Put a module into a folder that must not be imported, and a pipe that must not be read."""
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{MARK}.py").write_text(f"open({str(place / MARK)!r}, 'w').close()\n")
    os.mkfifo(place / "pipe")
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a store, s.zarr, and the spec that it is of, s.toml."""
    place = tmp_path_factory.mktemp("hostile")
    toml(place / "s.toml", SMALL)
    eos_sweep.run(place / "s.toml", place / "s.zarr")
    return place


def tampered(folder, place, change):
    """Return a folder like ``folder`` in which the store has been changed."""
    shutil.copytree(folder, furnished(place), dirs_exist_ok=True)
    change(place / "s.zarr")
    return place


def harmless(found, about):
    """Assert that a command ran nothing, and ended well or in one line."""
    assert not found["trace"], f"{about}\n{found['trace']}"
    events = [event for event in found["events"] if not event.startswith(GIT)]
    assert not events and not found["foreign"], f"{about}: {events}, {found['foreign']}"
    told, lines = found["out"].splitlines(), found["err"].splitlines()
    assert found["code"] in (0, 1, 2), f"{about}: {found}"  # 1: a label, or a checksum, is wrong
    if found["code"] == 2:
        assert len(lines) == 1 and lines[0].startswith("eos-sweep: ") and not told, f"{about}: {found}"
    for line in (*lines, *told):
        assert visible(line) == line and (len(line) < 2000 or line.startswith("{")), f"{about}: {line[:3000]}"


def all_harmless(folder, tmp_path, stores, commands, refused=None):
    """Assert that commands are harmless on stores, and whether they are refused, if that is known."""
    places = {name: tampered(folder, tmp_path / re.sub(r"\W+", "_", name), change) for name, change in stores.items()}
    before = {name: contents(place / "s.zarr") for name, place in places.items()}
    lines = [(name, arguments) for name in places for arguments in commands]
    found = audited([(places[name], arguments) for name, arguments in lines])
    unchanged = set(places)
    for (name, arguments), one in zip(lines, found, strict=True):
        about = f"{name}: {' '.join(arguments)}"
        harmless(one, about)
        assert refused is None or (one["code"] == 2) == refused, f"{about}: {one}"
        if one["code"] != 2 and arguments[0] in ("run", "relabel"):
            unchanged.discard(name)
    for name, place in places.items():
        assert not (place / MARK).exists(), name
        assert name not in unchanged or contents(place / "s.zarr") == before[name], name


def test_a_store_that_makes_no_sense_is_refused_in_one_line(folder, tmp_path):
    all_harmless(folder, tmp_path, REFUSED, COMMANDS[:2], refused=True)


def test_a_store_with_strange_words_is_read(folder, tmp_path):
    all_harmless(folder, tmp_path, READ, COMMANDS[:1], refused=False)


def test_a_store_that_is_damaged_is_read_as_far_as_it_goes(folder, tmp_path):
    all_harmless(folder, tmp_path, EITHER, COMMANDS[:2])


@pytest.mark.slow
@pytest.mark.parametrize(("stores", "refused"), [(REFUSED, True), (READ, False), (EITHER, None)])
def test_no_command_is_led_astray(folder, tmp_path, stores, refused):
    all_harmless(folder, tmp_path, stores, COMMANDS, refused)


@pytest.mark.slow
def test_whatever_the_title_a_picture_is_drawn(folder, tmp_path):
    places = [tampered(folder, tmp_path / str(k), attribute(title=TRICKS[k])) for k in (0, 1, 5, 8, 10)]
    found = audited([(place, ("plot", "s.zarr", "-o", "p.png")) for place in places])
    for place, one in zip(places, found, strict=True):
        harmless(one, place.name)
        assert one["code"] == 0 and (place / "p.png").stat().st_size > 10_000


EXPRESSIONS = (
    f"__import__('{MARK}')", f"__import__('os').system('touch {MARK}')", "().__class__.__bases__[0].__subclasses__()",
    f"(lambda: __import__('{MARK}'))()", f"f'{{__import__(\"{MARK}\")}}'", f"[__import__('{MARK}') for x in (1,)][0]",
    f"(x := __import__('{MARK}'))", f"open('{MARK}', 'w')", f"exec('import {MARK}')", f"eval('{MARK}')", f"{MARK}",
    f"{MARK}.x", "os.system", "__builtins__", "__name__", "eta.__class__.__mro__", "'{0.__class__}'.format(eta)",
    "'%s' % eta", f"sqrt.__globals__['{MARK}']", f"max(*__import__('{MARK}'))", f"normal(seed=__import__('{MARK}'))",
    f"eta if __import__('{MARK}') else 1", f"{{__import__('{MARK}'): 1}}", f"1 or __import__('{MARK}')", "breakpoint()",
    f"import {MARK}", f"1; import {MARK}", f"eta\nimport {MARK}", "abs", "print(eta)", "eval", "min",
)  # fmt: skip
MODELS = (
    MARK,
    f"{MARK}.x",
    f"{MARK}:x",
    f"./{MARK}",
    f"{MARK}.py",
    "os",
    "antigravity",
    "this",
    "__main__",
    "builtins",
)


def test_no_expression_and_no_name_of_a_model_runs_anything(tmp_path):
    furnished(tmp_path)
    for k, expression in enumerate(EXPRESSIONS):
        toml(tmp_path / f"e{k}.toml", changed(parameters={"radius": expression}))
    for k, model in enumerate(MODELS):
        toml(tmp_path / f"m{k}.toml", changed(model=model))
    toml(tmp_path / "data.toml", changed(data={"file": f"{MARK}.py"}))
    specs = sorted(path.name for path in tmp_path.glob("*.toml"))
    lines = [(tmp_path, (name, spec)) for spec in specs for name in ("plan", "run", "trace")]
    for (_, arguments), found in zip(lines, audited(lines), strict=True):
        harmless(found, arguments)
        assert found["code"] == 2 and not found["events"], f"{arguments}: {found}"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*specs, f"{MARK}.py", "pipe"])


# Packages that those which ours imports would use if they were there.
OPTIONAL = (
    "bottleneck cftime colorama cupy cython distributed_ucxx flox lz4 numbagg numexpr pint pyarrow pynvml rmm snappy "
    "sparse uarray xxhash zstandard lxml h5netcdf h5py netCDF4 scipy torch jax IPython s3fs gcsfs aiohttp psutil"
).split()


@pytest.mark.parametrize("arguments", [("status", "s.zarr"), ("plot", "s.zarr", "-o", "p.svg"), ("run", "s.toml")])
def test_no_module_beside_a_store_is_imported(folder, tmp_path, arguments):
    place = tampered(folder, tmp_path / "x", lambda store: None)
    for name in OPTIONAL:
        (place / f"{name}.py").write_text(f"open({str(place / MARK)!r}, 'a').write('{name}\\n')\n")
    done = command(*arguments, cwd=place)
    assert done.returncode == 0, done.stderr
    assert not (place / MARK).exists(), (place / MARK).read_text()


def packed(place, **members):
    """Write an .npz whose arrays have whatever content."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


def npy(shape, content=b"", kind="<f8"):
    """Return the content of an .npy file that claims a shape and a type."""
    header = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


OBJECTS, PICKLE = np.array([Bomb()] * 9, dtype=object), pickle.dumps(Bomb())
GOOD = npy((9,), np.arange(9.0).tobytes())
FILES = {
    "good": lambda place: packed(place, inputs=GOOD, targets=GOOD),
    "objects": lambda place: np.savez(place, inputs=OBJECTS, targets=np.arange(9.0)),
    "a pickle": lambda place: place.write_bytes(PICKLE),
    "pickles": lambda place: packed(place, inputs=PICKLE, targets=GOOD),
    "pickles behind a header": lambda place: packed(place, inputs=npy((9,), PICKLE, "|O"), targets=GOOD),
    "code in a header": lambda place: packed(place, inputs=npy(f"__import__('{MARK}')"), targets=GOOD),
    "10^12 numbers": lambda place: packed(place, inputs=npy((10**12,)), targets=GOOD),
    "(-10^6)^2 numbers": lambda place: packed(place, inputs=npy((-(10**6), -(10**6))), targets=GOOD),
    "a bomb": lambda place: packed(place, inputs=npy((2**28 + 1,), bytes(2**28 + 1), "|i1"), targets=GOOD),
    "other folders": lambda place: packed(place, **{"../inputs": GOOD, "/targets": GOOD}),
    "cut": lambda place: packed(place, inputs=GOOD[:-9], targets=GOOD),
    "empty": lambda place: place.write_bytes(b""),
    "a beginning": lambda place: place.write_bytes(b"PK\x03\x04"),
}


def test_no_data_file_runs_anything(tmp_path):
    toml(tmp_path / "s.toml", {"model": "tanh_net", "steps": 3, "axes": {"eta": [0.1]}, "data": {"file": "d.npz"}})
    for kind, write in FILES.items():
        shutil.copytree(tmp_path, place := tmp_path / kind, ignore=lambda *_: FILES)
        write(furnished(place) / "d.npz")
    lines = [(tmp_path / kind, ("run", "s.toml")) for kind in FILES]
    for kind, found in zip(FILES, audited(lines), strict=True):
        harmless(found, kind)
        assert (found["code"] == 0) == (kind == "good") and not (tmp_path / kind / MARK).exists(), f"{kind}: {found}"
        assert (tmp_path / kind / "s.zarr").exists() == (kind == "good")


@pytest.mark.slow
def test_a_zip_of_a_store_is_no_other_thing_than_a_store(folder, tmp_path):
    def change(store):
        good = store.with_name("good.zarr.zip")
        eos_sweep.export(store, good)
        with zipfile.ZipFile(good) as held, zipfile.ZipFile(store.with_name("bad.zarr.zip"), "w") as bad:
            for name in held.namelist():
                content = held.read(name)
                bad.writestr(name, content.replace(b'"blosc"', b'"pickle"') if name.endswith("zarr.json") else content)
            bad.writestr(f"../{MARK}", b"")
            bad.writestr(f"/{MARK}", b"")

    place = tampered(folder, tmp_path / "x", change)
    commands = [("status", "s"), ("plot", "s", "-o", "p.png"), ("run", "s.toml", "-o", "s"), ("relabel", "s")]
    for name, codes in (("good.zarr.zip", [0, 0, 2, 2]), ("bad.zarr.zip", [2, 2, 2, 2])):
        lines = [(place, [name if part == "s" else part for part in arguments]) for arguments in commands]
        for (_, arguments), found, code in zip(lines, audited(lines), codes, strict=True):
            harmless(found, arguments)
            assert found["code"] == code, f"{arguments}: {found}"
    assert not (place / MARK).exists() and not (place.parent / MARK).exists()


@pytest.mark.slow
def test_there_is_no_pickle_in_a_store_whatever_has_been_done_to_it(tmp_path):
    """A run, one that is extended, one with blocks that fail; then other thresholds, a pyramid, a zip."""
    long = {"lambda1": {"values": [1.0, 100.0]}, "eta": {"linear": [0.01, 0.5, 600]}}
    spec = toml(tmp_path / "s.toml", SMALL | {"axes": long, "steps": 100, "chunks": {"eta": 300}})
    eos_sweep.run(spec, tmp_path / "s.zarr")
    toml(
        spec,
        SMALL | {"axes": long | {"lambda1": {"values": [1.0, 100.0, 1000.0]}}, "steps": 100, "chunks": {"eta": 300}},
    )
    eos_sweep.run(spec, tmp_path / "s.zarr")
    assert command("relabel", "s.zarr", "--threshold", "growth=2", cwd=tmp_path).returncode == 0
    assert command("export", "s.zarr", "s.zarr.zip", cwd=tmp_path).returncode == 0
    wide = {name: values.tolist() for name, values in WIDE.items()}
    toml(spec, SMALL | {"axes": wide, "steps": 5, "observables": FEW, "parameters": INSIDE, "chunks": {"lambda1": 10}})
    assert command("run", "s.toml", "-o", "failed.zarr", cwd=tmp_path).returncode == 3
    for name in ("s.zarr", "failed.zarr"):
        found = contents(tmp_path / name)
        assert any(key.startswith("pyramid/") for key in found) == (name == "s.zarr")
        for key, content in found.items():
            if key.endswith("zarr.json"):
                codecs = re.findall(r'"codecs": \[(.*?)\]', json.dumps(strict(content)))
                assert set(re.findall(r'"name": "(\w+)"', " ".join(codecs))) <= {"bytes", "blosc", "zstd", "crc32c"}
            else:
                assert content.startswith((b"\x28\xb5\x2f\xfd", b"\x02\x01")), key  # zstd, blosc
    assert Store.open(tmp_path / "failed.zarr").ledger.errors
    assert Sweep.from_dict(strict(Store.open(tmp_path / "s.zarr").group.attrs["spec"])).size == 3 * 600


@pytest.mark.slow
def test_a_hostile_pyramid_is_read_or_left_alone(tmp_path):
    toml(tmp_path / "s.toml", LONG)
    eos_sweep.run(tmp_path / "s.toml", tmp_path / "s.zarr")
    assert (tmp_path / "s.zarr" / LEVEL).is_dir()
    shutil.copytree(tmp_path, place := tmp_path.with_name("long"))
    all_harmless(place, tmp_path, PYRAMID, [COMMANDS[0], *COMMANDS[4:6], COMMANDS[-2], COMMANDS[4]])
