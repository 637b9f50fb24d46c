"""Stores in file systems that one thread at a time may use: zip files, and remote ones such as FTP."""

import functools
import sys
import threading
import time
import zipfile

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import eos_sweep
from eos_sweep.errors import InputError
from eos_sweep.store import audit
from eos_sweep.store.store import Store
from helpers.runs import run
from helpers.stores import FEW, changed, numbers

SMALL = changed(observables=FEW, steps=50, chunks={"lambda1": 3, "eta": 3})


@pytest.fixture
def eager_threads():
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    run(SMALL, folder / "s.zarr")
    return folder / "s.zarr", eos_sweep.export(folder / "s.zarr", folder / "s.zarr.zip")


def test_an_intact_zip_is_never_called_damaged(stored, eager_threads):
    for _ in range(20):
        assert audit.check(Store.open(stored[1])).blocks == {}


def test_one_damaged_chunk_in_a_zip_is_found_and_no_other(stored, tmp_path, eager_threads):
    name = "crossings/c/2/5"
    with zipfile.ZipFile(stored[1]) as old, zipfile.ZipFile(tmp_path / "d.zarr.zip", "w") as new:
        for key in old.namelist():
            content = bytearray(old.read(key))
            if key == name:
                content[len(content) // 2] ^= 1
            new.writestr(key, bytes(content))
    for _ in range(20):
        assert audit.check(Store.open(tmp_path / "d.zarr.zip")).blocks == {(2, 5): ["crossings"]}


def alone(function):
    """Return a method that fails if another thread is in one."""

    @functools.wraps(function)
    def call(self, *arguments, **named):
        if not self.door.acquire(blocking=False):
            raise OSError("two requests at once on one connection")
        try:
            time.sleep(1e-4)
            return function(self, *arguments, **named)
        finally:
            self.door.release()

    return call


class OneConnection(MemoryFileSystem):
    """Files in memory behind a single connection."""

    protocol = "oneconnection"

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.door = threading.RLock()

    @classmethod
    def _strip_protocol(cls, path):
        return MemoryFileSystem._strip_protocol("memory://" + path.removeprefix("oneconnection://"))

    cat_file, pipe_file, info = (alone(getattr(MemoryFileSystem, name)) for name in ("cat_file", "pipe_file", "info"))
    ls, rm, _open = (alone(getattr(MemoryFileSystem, name)) for name in ("ls", "rm", "_open"))


def test_a_file_system_with_one_connection_is_used_by_one_thread_at_a_time(stored, eager_threads):
    fsspec.register_implementation("oneconnection", OneConnection)
    place = "oneconnection://place/s.zarr"
    run(SMALL, place, threads=4)
    assert audit.check(Store.open(place)).blocks == {}
    dataset = eos_sweep.open_sweep(place).load(scheduler="threads", num_workers=8)
    for name, (_, _, values) in numbers(stored[0]).items():
        assert np.asarray(dataset[name]).tobytes() == values


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 100])
def test_a_file_that_is_no_zip_is_refused_in_a_line(tmp_path, content):
    (tmp_path / "s.zarr.zip").write_bytes(content)
    with pytest.raises(InputError, match="s.zarr.zip: damaged, .*; use another copy"):
        Store.open(tmp_path / "s.zarr.zip")


class Unsteady(MemoryFileSystem):
    """Files in memory behind a connection that may be lost."""

    protocol, lost = "unsteady", False

    @classmethod
    def _strip_protocol(cls, path):
        return MemoryFileSystem._strip_protocol("memory://" + path.removeprefix("unsteady://"))

    def cat_file(self, path, *arguments, **named):
        if self.lost and "/blocks/c/" in path:
            raise OSError("the connection was lost")
        return super().cat_file(path, *arguments, **named)


def test_a_lost_connection_is_no_damage(monkeypatch):
    fsspec.register_implementation("unsteady", Unsteady)
    place = "unsteady://place/s.zarr"
    run(SMALL, place)
    with monkeypatch.context() as patched:
        patched.setattr(Unsteady, "lost", True)
        with pytest.raises(InputError, match="the connection was lost"):
            run(SMALL, place)
    assert run(SMALL, place).new == 0
