"""The spec or store of a stranger is data: opening it runs nothing, and every command succeeds or fails in a line."""

import json
import re
import shutil
import zipfile

import pytest

import eos_sweep
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.store import Store
from helpers.harmless import audited, furnished, harmless
from helpers.hostile import EITHER, LEVEL, LONG, PYRAMID, READ, REFUSED, SMALL, TRICKS, attribute
from helpers.runs import INSIDE, WIDE
from helpers.stores import FEW, command, contents, strict, toml
from programs.audited import MARK

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


def all_harmless(folder, tmp_path, stores, commands, refused=None):
    """Assert that commands are harmless on stores, and whether they are refused, if that is known."""
    places = {name: tampered(folder, tmp_path / re.sub(r"\W+", "_", name), change) for name, change in stores.items()}
    before = {name: contents(place / "s.zarr") for name, place in places.items()}
    lines = [(name, arguments) for name in places for arguments in commands]
    found = audited([(places[name], arguments) for name, arguments in lines])
    unchanged, mended = set(places), set()
    for (name, arguments), one in zip(lines, found, strict=True):
        about = f"{name}: {' '.join(arguments)}"
        harmless(one, about)
        if "written anew" in one["err"]:  # by a run that knows what it was
            mended.add(name)
        if name not in mended:
            assert refused is None or (one["code"] == 2) == refused, f"{about}: {one}"
        if one["code"] != 2 and arguments[0] in ("run", "relabel"):
            unchanged.discard(name)
    for name, place in places.items():
        assert not (place / MARK).exists(), name
        assert name not in unchanged or contents(place / "s.zarr") == before[name], name


@pytest.mark.slow
def test_an_inconsistent_store_is_refused_in_one_line(folder, tmp_path):
    all_harmless(folder, tmp_path, REFUSED, COMMANDS[:2], refused=True)


@pytest.mark.slow
def test_a_store_with_strange_texts_is_read(folder, tmp_path):
    all_harmless(folder, tmp_path, READ, COMMANDS[:1], refused=False)


@pytest.mark.slow
def test_a_damaged_store_is_read_or_refused_in_one_line(folder, tmp_path):
    all_harmless(folder, tmp_path, EITHER, COMMANDS[:2])


@pytest.mark.slow
@pytest.mark.parametrize(("stores", "refused", "commands"), [
    (REFUSED, True, COMMANDS), (READ, False, COMMANDS[::2]), (EITHER, None, COMMANDS),
])  # fmt: skip
def test_every_command_is_harmless_on_a_tampered_store(folder, tmp_path, stores, refused, commands):
    all_harmless(folder, tmp_path, stores, commands, refused)


@pytest.mark.slow
def test_a_picture_is_drawn_with_any_title(folder, tmp_path):
    places = [tampered(folder, tmp_path / str(k), attribute(title=TRICKS[k])) for k in (0, 1, 5, 8, 10)]
    found = audited([(place, ("plot", "s.zarr", "-o", "p.png")) for place in places])
    for place, one in zip(places, found, strict=True):
        harmless(one, place.name)
        assert one["code"] == 0 and (place / "p.png").stat().st_size > 10_000


# Optional dependencies of the packages that eos_sweep imports.
OPTIONAL = (
    "bottleneck cftime colorama cupy cython distributed_ucxx flox lz4 numbagg numexpr pint pyarrow pynvml rmm snappy "
    "sparse uarray xxhash zstandard lxml h5netcdf h5py netCDF4 scipy torch jax IPython s3fs gcsfs aiohttp psutil"
).split()


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("status", "s.zarr"), ("plot", "s.zarr", "-o", "p.svg"), ("run", "s.toml")])
def test_no_module_beside_a_store_is_imported(folder, tmp_path, arguments):
    place = tampered(folder, tmp_path / "x", lambda store: None)
    for name in OPTIONAL:
        (place / f"{name}.py").write_text(f"open({str(place / MARK)!r}, 'a').write('{name}\\n')\n")
    done = command(*arguments, cwd=place)
    assert done.returncode == 0, done.stderr
    assert not (place / MARK).exists(), (place / MARK).read_text()


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
def test_a_store_never_holds_a_pickle(tmp_path):
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
