"""A run on a dask cluster gives the same bits, and refuses workers that would give others."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import eos_sweep
from eos_sweep.errors import InputError
from eos_sweep.store.store import Store
from helpers.dask_processes import Processes
from helpers.runs import LONG, assert_like, complete, run, wait_for_chunks
from helpers.stores import CLI, SPEC, command, toml


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    found = Processes(tmp_path_factory.mktemp("cluster"))
    yield found.up()
    found.down()


@pytest.fixture(scope="module")
def other_version(tmp_path_factory):
    """An environment in which eos_sweep computes other numbers."""
    folder = tmp_path_factory.mktemp("other")
    shutil.copytree(Path(eos_sweep.__file__).parent, folder / "eos_sweep")
    edited = folder / "eos_sweep" / "models" / "bivariate.py"
    text = edited.read_text(encoding="utf-8")
    assert "return 2.0 / eta" in text
    edited.write_text(text.replace("return 2.0 / eta", "return 2.5 / eta"), encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


@pytest.mark.slow
def test_a_cluster_gives_the_same_bits(tmp_path, cluster, whole):
    toml(tmp_path / "s.toml", SPEC)
    done = command("run", "s.toml", "-o", "s", "--scheduler-file", cluster.file, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["threads"] == 2
    assert_like(tmp_path / "s", whole)
    before = complete(tmp_path / "s")
    address = json.loads(cluster.file.read_text())["address"]
    again = command("run", "s.toml", "-o", "s", "--scheduler", address, "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["new"] == 0 and complete(tmp_path / "s") == before


@pytest.mark.slow
def test_the_workers_write_and_only_rows_travel(tmp_path, cluster, monkeypatch):
    """The process that runs the sweep gets ledger rows and never writes a chunk."""
    from distributed import Client

    written = []
    original = Store.write
    monkeypatch.setattr(Store, "write", lambda *arguments: written.append(arguments) or original(*arguments))
    with Client(scheduler_file=str(cluster.file)) as client:
        assert run(SPEC, tmp_path / "s", scheduler=client).new == 600
        assert client.status == "running", "the client is the caller's"
    assert not written


@pytest.mark.slow
def test_workers_of_another_version_are_refused_before_any_work(tmp_path, other_version):
    other = Processes(tmp_path, workers=1, environment=other_version)
    toml(tmp_path / "s.toml", SPEC)
    try:
        other.up()
        done = command("run", "s.toml", "-o", "s", "--scheduler-file", other.file, cwd=tmp_path)
    finally:
        other.down()
    (error,) = [line for line in done.stderr.splitlines() if "no worker at" not in line]  # a slow worker is waited for
    assert done.returncode == 2
    assert "has sources" in error and "not sources" in error and "the same eos_sweep" in error
    assert not list((tmp_path / "s").rglob("c/*/*"))


@pytest.mark.slow
def test_a_worker_of_another_version_that_comes_later_is_left_out(tmp_path, cluster, other_version):
    toml(tmp_path / "s.toml", LONG)
    order = [str(CLI), "run", "s.toml", "-o", "s", "--scheduler-file", str(cluster.file)]
    client = subprocess.Popen(order, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_chunks(client, tmp_path / "s", 1)
    for worker in cluster.workers():
        worker.suspend()  # so that there is something left to do for the late one
    late = cluster.worker(**other_version)
    said = next((line for line in client.stderr if "no worker at" not in line), "")  # a slow worker is waited for
    for worker in cluster.workers():
        worker.resume()
    try:
        _, errors = client.communicate(timeout=600)
    finally:
        os.killpg(late.pid, 9)
        late.wait()
    assert "is left out: it has sources" in said
    assert client.returncode == 0, errors
    run(LONG, tmp_path / "alone")
    assert_like(tmp_path / "s", tmp_path / "alone")


@pytest.mark.slow
def test_what_names_no_cluster_is_told_in_a_line(tmp_path):
    toml(tmp_path / "s.toml", SPEC)
    (tmp_path / "empty.json").write_text("{}")
    for options, words in (
        (["--scheduler", "tcp://127.0.0.1:9"], "no dask scheduler answers"),
        (["--scheduler", "nonsense"], "no dask scheduler answers"),
        (["--scheduler-file", "none.json"], "not a scheduler file"),
        (["--scheduler-file", "empty.json"], "it has no address"),
        (["--scheduler", "x", "--workers", "2"], "choose one of them"),
        (["--workers", "2", "-o", "memory://bucket/s.zarr"], "no worker reaches"),
    ):
        environment = {**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
        done = subprocess.run(
            [str(CLI), "run", "s.toml", *options], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_what_is_no_number_of_workers_is_refused(tmp_path):
    for given in ({"workers": 0}, {"threads": -1}, {"threads": True}, {"workers": 1.5}):
        with pytest.raises(InputError, match=f"{next(iter(given))}: got"):
            run(SPEC, tmp_path / "s", **given)
    assert not list(tmp_path.iterdir())


# Like SLURM's, it keeps a copy of the script: dask-jobqueue deletes its file as soon as sbatch returns.
SBATCH = """#!/bin/sh
cp "$1" "$0.$$"
setsid sh "$0.$$" >/dev/null 2>&1 &
echo "Submitted batch job $!"
"""


@pytest.mark.slow
def test_the_docs_script_for_slurm_runs_where_sbatch_starts_jobs_here(tmp_path, whole):
    text = (Path(__file__).parents[2] / "docs" / "stores.md").read_text(encoding="utf-8")
    script = next(part for part in re.findall(r"```python\n(.*?)```", text, re.S) if "SLURMCluster" in part)
    for old, new in {
        "cores=16": "cores=1, interface='lo'",  # jobs=20 of 16 cores are too many here
        "jobs=20": "jobs=2",
        "sweeps/flagship.toml": "s.toml",
        "/scratch/flagship.zarr": "s",
    }.items():
        assert old in script
        script = script.replace(old, new)
    toml(tmp_path / "s.toml", SPEC)
    (tmp_path / "go.py").write_text(script)
    for name, body in {"sbatch": SBATCH, "scancel": '#!/bin/sh\nkill -TERM -- "-$1"\n'}.items():
        (tmp_path / name).write_text(body)
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, "go.py"], cwd=tmp_path, env=environment, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert_like(tmp_path / "s", whole)
