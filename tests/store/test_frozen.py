"""A server that accepts connections and never answers: whoever asks it gives up in time, and says so in a line."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from helpers.stores import CLI, FEW, changed, toml

pytestmark = pytest.mark.slow
PLACE = "s3://bucket/s.zarr"
# The command line, with less patience so that the test ends soon.
HASTY = """
from eos_sweep.store import remote
remote.ANSWER_SECONDS, remote.AGAIN_SECONDS = {}, 1.0
from eos_sweep.cli.main import main
main()
"""


def environment(port):
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }


def hasty(seconds, *arguments, cwd, port):
    command = [sys.executable, "-c", HASTY.format(seconds), *arguments]
    began = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env=environment(port), capture_output=True, text=True, timeout=200)
    return done, time.monotonic() - began


@pytest.fixture
def silent():
    """A server whose connections the operating system accepts, and to which nobody listens."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "arguments", [("run", "s.toml", "-o", PLACE), ("status", PLACE), ("relabel", PLACE, "--threshold", "growth=2")]
)
def test_a_command_gives_up(tmp_path, silent, arguments):
    toml(tmp_path / "s.toml", changed(observables=FEW))
    done, seconds = hasty(4.0, *arguments, cwd=tmp_path, port=silent)
    assert done.returncode == 2 and "no answer for" in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1 and seconds < 60


def test_it_gives_up_within_the_documented_minute(tmp_path, silent):
    began = time.monotonic()
    done = subprocess.run(
        [str(CLI), "status", PLACE], cwd=tmp_path, env=environment(silent), capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 2 and "no answer for 60 s" in done.stderr and len(done.stderr.splitlines()) == 1
    assert time.monotonic() - began < 100


SERVER = """
import logging
import sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
BUCKET = "import fsspec; fsspec.filesystem('s3').mkdir('bucket')"


def test_a_server_that_freezes_during_a_run_ends_it_and_when_it_is_back_the_run_goes_on(tmp_path):
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline())
        subprocess.run([sys.executable, "-c", BUCKET], env=environment(port), check=True, timeout=120)
        slow = changed(observables=FEW, steps=20_000_000, chunks={"lambda1": 4, "eta": 5}, tolerance=0.0)
        toml(tmp_path / "s.toml", slow)
        command = [sys.executable, "-c", HASTY.format(15.0), "run", "s.toml", "-o", PLACE, "-v"]
        run = subprocess.Popen(command, cwd=tmp_path, env=environment(port), stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 240
        while hasty(30.0, "status", PLACE, cwd=tmp_path, port=port)[0].returncode:
            assert run.poll() is None and time.monotonic() < deadline
        server.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        errors = run.communicate(timeout=150)[1]
        assert run.returncode == 4 and "cannot be written, no answer for" in errors, errors
        assert "Traceback" not in errors and time.monotonic() - began < 100, errors
        server.send_signal(signal.SIGCONT)
        toml(tmp_path / "s.toml", slow | {"steps": 20})
        done, _ = hasty(30.0, "run", "s.toml", "-o", PLACE, "--overwrite", cwd=tmp_path, port=port)
        assert done.returncode == 0, done.stderr
    finally:
        server.kill()
        server.communicate()
