"""Nobody waits for what takes the place of a file; nothing is read in place of a lost one; none fills the memory."""

import os
import shutil
import socket
import subprocess
import sys
import zipfile

import google_crc32c
import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from numcodecs import Blosc, Zstd

import eos_sweep
from eos_sweep.cli.main import main
from eos_sweep.errors import InputError
from eos_sweep.store import audit
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store
from helpers.runs import run
from helpers.stores import FEW, changed, toml

SMALL = changed(observables=FEW, steps=50, chunks={"lambda1": 8, "eta": 9})
CHUNK = "crossings/c/1/2"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guarded")
    toml(folder / "s.toml", SMALL)
    run(SMALL, folder / "s.zarr")
    return folder


@pytest.fixture
def folder(original, tmp_path, monkeypatch):
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*arguments):
    """Run a command in this process; return its exit code, output and errors, which must not be a traceback."""
    result = CliRunner().invoke(main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.stdout, result.stderr


def folder_instead(path):
    path.mkdir()


def loop_instead(path):
    path.symlink_to(path.name)


def pipe_instead(path):
    os.mkfifo(path)


def socket_instead(path):
    here = os.getcwd()
    os.chdir(path.parent)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


def nothing_instead(path):
    assert not path.exists()


INSTEAD = folder_instead, loop_instead, pipe_instead, socket_instead, nothing_instead


@pytest.mark.parametrize("instead", INSTEAD)
def test_what_is_no_file_counts_as_a_lost_chunk(folder, instead):
    (folder / "s.zarr" / CHUNK).unlink()
    instead(folder / "s.zarr" / CHUNK)
    assert audit.check(Store.open("s.zarr")).blocks == {(1, 2): ["crossings"]}
    with pytest.raises(InputError, match=f"{CHUNK} is damaged: it is (missing|no file)"):
        eos_sweep.open_sweep("s.zarr").load()
    code, out, err = said("export", "s.zarr", "x.zarr.zip", "--variable", "crossings")
    assert (code, out) == (2, "") and CHUNK in err and err.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == ["s.toml", "s.zarr"]


@pytest.mark.parametrize("instead", INSTEAD)
@pytest.mark.parametrize("name", ["zarr.json", "ledger/zarr.json", "ledger/blocks/zarr.json", "crossings/zarr.json"])
def test_lost_metadata_are_told_in_a_line(folder, name, instead):
    (folder / "s.zarr" / name).unlink()
    instead(folder / "s.zarr" / name)
    for arguments in (("status", "s.zarr"), ("trace", "s.zarr", "--index", "eta=1,lambda1=1")):
        code, out, err = said(*arguments)
        assert (code, out) == (2, "") and err.startswith("eos-sweep: ") and err.count("\n") == 1


def test_a_lost_coordinate_comes_from_the_spec(folder):
    whole = eos_sweep.open_sweep("s.zarr").load()
    shutil.rmtree(folder / "s.zarr" / "lambda2")
    assert said("run", "s.toml", "-o", "s.zarr")[0] == 0
    xr.testing.assert_identical(eos_sweep.open_sweep("s.zarr").load(), whole)


@pytest.mark.slow
@pytest.mark.parametrize("change", [
    lambda data: b"", lambda data: data[:-3], lambda data: data + b"x", lambda data: bytes(len(data)), lambda data: b"x"
])  # fmt: skip
@pytest.mark.parametrize("name", [CHUNK, "eta/c/0", "lambda2/c", "ledger/blocks/c/0/0/0"])
def test_a_changed_chunk_is_told_in_a_line_or_computed_again(folder, name, change):
    path = folder / "s.zarr" / name
    path.write_bytes(change(path.read_bytes()))
    for arguments in (("status", "s.zarr"), ("plot", "s.zarr", "-o", "p.png", "--variable", "crossings"),
                      ("export", "s.zarr", "x.zarr.zip", "--variable", "crossings")):  # fmt: skip
        code, _, err = said(*arguments)
        assert code in (0, 2) and err.count("\n") <= 1
    assert said("run", "s.toml", "-o", "s.zarr", "--check")[0] in (0, 2)


def blosc_of_zeros(size):
    data = Blosc("lz4").encode(np.zeros(size, np.uint8))
    return data + google_crc32c.value(data).to_bytes(4, "little")


BOMBS = {
    "a chunk": (CHUNK, blosc_of_zeros),
    "a coordinate": ("eta/c/0", lambda size: Zstd().encode(np.zeros(size, np.uint8))),
    "a coordinate that matches its checksum": ("eta/c/0", blosc_of_zeros),
    "metadata": ("zarr.json", lambda size: b" " * size),
    "metadata of an array": ("crossings/zarr.json", lambda size: b'{"a": "' + b"x" * size + b'"}'),
    "lists": ("crossings/zarr.json", lambda size: b'{"a": [' + b"[]," * (size // 10)),
    "metadata of the ledger": ("ledger/zarr.json", lambda size: b"[" * size),
}
MEASURED = """
import resource, sys
from eos_sweep.cli.main import main
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
import eos_sweep.store.store, eos_sweep.analysis.one_file, eos_sweep.store.audit
before = used()
for arguments in (["status", sys.argv[1]], ["export", sys.argv[1], "x.zarr.zip", "--variable", "crossings"]):
    try:
        main(arguments)
    except SystemExit as end:
        print(end.code)
print(used() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("zipped", [False, True])
def test_no_file_takes_the_memory(folder, kind, zipped):
    name, content = BOMBS[kind]
    (folder / "s.zarr" / name).write_bytes(content(2**30))
    place = "s.zarr"
    if zipped:
        place = "s.zarr.zip"
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            for path in sorted((folder / "s.zarr").rglob("*")):
                file.write(path, path.relative_to(folder / "s.zarr"))
        shutil.rmtree(folder / "s.zarr")
    asked = [sys.executable, "-c", MEASURED, place]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    *codes, kilobytes = done.stdout.splitlines()
    assert codes[-1] == "2" and len(done.stderr.splitlines()) <= 2
    assert int(kilobytes) < 1e6, done.stderr


def test_a_folder_in_place_of_a_part_of_the_ledger_is_damage_and_not_an_empty_ledger(folder, caplog):
    (folder / "s.zarr/ledger/blocks/c/0/0/0").unlink()
    (folder / "s.zarr/ledger/blocks/c/0/0/0").mkdir()
    checked = CliRunner().invoke(main, ["status", "s.zarr", "--check"])
    assert checked.exit_code == 1 and "ledger" in checked.stderr
    assert "part (0, 0) of the ledger is damaged" in caplog.text
    done = CliRunner().invoke(main, ["run", "s.toml", "-o", "s.zarr", "--check"])
    assert done.exit_code == 4 and done.stderr.splitlines()[-1].startswith(
        "eos-sweep: s.zarr: [Errno 21] Is a directory"
    )


def test_a_zip_whose_directory_is_wrong_is_damaged(folder):
    """Sizes that lead beyond the end of the file: zipfile raises EOFError, which click takes for Ctrl-D."""
    eos_sweep.export("s.zarr", "s.zarr.zip")
    with zipfile.ZipFile("s.zarr.zip") as held:
        last = max(held.infolist(), key=lambda info: info.header_offset)
        place = held.start_dir
    content = bytearray((folder / "s.zarr.zip").read_bytes())
    entry = content.index(last.filename.encode(), place) - 46
    for at in (20, 24):  # its sizes, compressed and not
        content[entry + at : entry + at + 4] = (10**6).to_bytes(4, "little")
    (folder / "s.zarr.zip").write_bytes(content)
    with pytest.raises(OSError, match="a file ends too soon"):
        Location("s.zarr.zip").read(last.filename)
    found = CliRunner().invoke(main, ["status", "s.zarr.zip", "--check"])
    assert found.exit_code in (1, 2) and "eos-sweep: " in found.stderr and "Aborted" not in found.output
