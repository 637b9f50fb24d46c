"""One place has one name, whatever it is called by, and what cannot hold a store is refused in a line."""

import http.server
import os
import subprocess
import threading

import fsspec
import pytest

import eos_sweep
from eos_sweep.errors import InputError
from eos_sweep.runtime.order import Order, Unfit, version
from eos_sweep.runtime.worker import fulfil
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store
from helpers.runs import run
from helpers.stores import CLI, FEW, changed, contents, toml

SMALL = changed(observables=FEW)


@pytest.mark.parametrize("name", ["{0}", "{0}/", "file://{0}", "local://{0}", "file:{0}", "~/s", "s", "./s"])
def test_a_folder_has_one_name(tmp_path, monkeypatch, name):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    location = Location(name.format(tmp_path / "s"))
    assert location.absolute == os.path.realpath(tmp_path / "s") and location.local == tmp_path / "s"
    assert str(location) == name.format(tmp_path / "s"), "messages keep the text"


@pytest.mark.parametrize("name", ["{0}/s", "file://{0}/s", "~/s"])
def test_a_run_computes_in_the_place_that_it_creates(tmp_path, monkeypatch, name):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    place = name.format(tmp_path)
    progress = run(SMALL, place)
    assert (progress.done, progress.failed) == (600, 0) and Store.open(tmp_path / "s").done().all()
    assert eos_sweep.open_sweep(place).sizes == {"lambda1": 24, "eta": 25}
    eos_sweep.export(place, tmp_path / "s.zarr.zip")
    assert Location("~/s.zarr.zip").zipped == Location(f"file://{tmp_path}/s.zarr.zip").zipped is True
    assert Store.open(f"file://{tmp_path}/s.zarr.zip").done().all()
    assert os.listdir(tmp_path / "here") == []


def test_a_worker_refuses_another_store_at_the_place_of_its_order(tmp_path):
    """Another machine may have another store there, of the same sweep, to which its blocks must not go."""
    run(SMALL, tmp_path / "ours")
    run(SMALL, tmp_path / "s")
    store, before = Store.open(tmp_path / "ours"), contents(tmp_path / "s")
    block = ((0, 0), (0, 0))
    order = Order(str(tmp_path / "s"), store.id, "run", version(Sweep.from_dict(SMALL)), (), (block,))
    with pytest.raises(Unfit, match="is another store there than where the run was started"):
        fulfil(order)
    assert contents(tmp_path / "s") == before


def test_a_folder_above_a_link_is_that_of_the_operating_system(tmp_path):
    """The folder above link is that above its target; to workers it must not be the one that holds the link."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    assert run(SMALL, f"{tmp_path}/link/../s").failed == 0
    assert Store.open(tmp_path / "a" / "s").done().all() and not (tmp_path / "s").exists()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # fsspec's, of an FTP that never was
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("protocol", [*sorted(fsspec.available_protocols()), "unknown"])
def test_a_file_system_holds_stores_or_is_refused_in_a_line(protocol):
    """Each of those that fsspec knows, whether or not its package is installed here; nothing is created."""
    for place in (f"{protocol}://", f"{protocol}://127.0.0.1:1/s"):
        try:
            Location(place).check_writable()
        except InputError as error:
            assert str(error).startswith(place) and len(str(error).splitlines()) == 1


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("/", "something other than a sweep is there"),
        ("zip://s", "zip cannot hold a store"),
        ("reference://s", "reference cannot hold a store"),
        ("github://s", "github cannot hold a store"),
        ("data:,s", "data cannot hold a store"),
        ("http://127.0.0.1:1/s", "can only be read"),
        ("a::b", "'::' joins file systems"),
        ("zip::s.zip", "'::' joins file systems"),
        ("s\ud800", "characters that no name can have"),
        ("memory://s\udcff", "characters that no name can have"),
        ("memory://s[1]", "none of * ? [ in it"),
        ("s\0", "not a path"),
    ],
)
def test_what_is_no_place_is_told_in_a_line(tmp_path, monkeypatch, place, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as told:
        run(SMALL, place)
    assert words in str(told.value) and len(str(told.value).splitlines()) == 1
    assert os.listdir(tmp_path) == []


def test_an_overwritten_store_is_no_pattern_for_its_neighbours():
    """The library takes [1] in a URL for a pattern, and would remove what lies in memory://b/s1."""
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/b/s1/regime", b"mine")
    with pytest.raises(InputError, match="none of"):
        Location("memory://b/s[1]").remove("regime")
    assert memory.cat_file("/b/s1/regime") == b"mine"


def test_a_name_that_is_no_text_is_a_name(tmp_path):
    """On Linux names are bytes; those of other encodings reach Python as lone surrogates."""
    place = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    try:
        os.mkdir(place)
    except OSError:
        pytest.skip("this file system refuses such a name itself")
    assert run(SMALL, place).done == 600 and Store.open(place).done().all()


class Denying(http.server.BaseHTTPRequestHandler):
    """Lets nobody read, and notes who writes or removes."""

    def do_GET(self):
        self._answer(403)

    def do_PUT(self):
        self.server.changes.append(self.path)
        self._answer(200)

    def _answer(self, status):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass

    do_HEAD = do_GET
    do_DELETE = do_POST = do_PUT


@pytest.mark.slow
def test_an_error_of_the_file_system_is_not_taken_for_an_empty_place(tmp_path):
    """What cannot be read just now may be a whole sweep, over which nothing may be written."""
    toml(tmp_path / "s.toml", SMALL)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Denying) as server:
        server.changes = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        names = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
        done = subprocess.run(
            [str(CLI), "run", "s.toml", "-o", "s3://bucket/s.zarr"],
            cwd=tmp_path, env={**os.environ, **names, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        server.shutdown()
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "Forbidden" in done.stderr, done.stderr
    assert server.changes == []


@pytest.mark.slow
def test_other_processes_find_the_place(tmp_path):
    """Also those that dask starts, whose home may have another name."""
    toml(tmp_path / "s.toml", SMALL)
    done = subprocess.run(
        [str(CLI), "run", "s.toml", "-o", "~/s", "--workers", "1"],
        cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0 and Store.open(tmp_path / "s").done().all(), done.stderr
    assert sorted(os.listdir(tmp_path)) == ["s", "s.toml"]
