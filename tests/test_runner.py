"""A run gives the same bits however it is cut, stopped, killed and taken up again, and computes nothing twice."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr
from test_store import CLI, FEW, SPEC, changed, command, contents, ledger, numbers, toml

import eos_sweep
from eos_sweep.errors import InputError
from eos_sweep.spec import SpecError, Sweep
from eos_sweep.store import Store

LONG = changed(  # a second or two, to be killed in
    steps=40_000,
    axes={"lambda1": {"log": [1, 1e4, 96]}, "eta": {"log": [1e-3, 30, 100]}},
    chunks={"lambda1": 16, "eta": 17},
)
MANY = {"lambda1": [float(i) for i in range(1, 33)], "eta": [i / 20 for i in range(1, 42)]}


def run(spec, path, **options):
    return eos_sweep.run(Sweep.from_dict(spec), path, **options)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "s"
    run(changed(chunks={}), path, threads=1)
    return path


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    path = tmp_path_factory.mktemp("uninterrupted") / "s"
    run(LONG, path)
    return path


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("chunks", [{"lambda1": 7, "eta": 8}, {"lambda1": 1}, {"eta": 25, "lambda1": 24}])
def test_chunks_and_threads_change_no_bit(tmp_path, reference, chunks, threads):
    run(changed(chunks=chunks), tmp_path / "s", threads=threads)
    assert numbers(tmp_path / "s") == numbers(reference)


def test_the_order_of_axes_changes_no_bit(tmp_path, reference):
    axes = dict(reversed(SPEC["axes"].items()))
    run(changed(axes=axes, chunks={"eta": 3}), tmp_path / "s")
    turned, straight = (zarr.open_group(path, mode="r") for path in (tmp_path / "s", reference))
    for name, array in straight.arrays():
        assert np.asarray(turned[name][...]).T.tobytes("C") == np.asarray(array[...]).tobytes(), name


def test_progress_counts_what_is_done(tmp_path):
    seen = []
    last = run(SPEC, tmp_path / "s", report=seen.append)
    assert seen[-1] == last and (last.done, last.total, last.new, last.failed) == (600, 600, 600, 0)
    assert [p.done for p in seen] == sorted({p.done for p in seen}) and seen[0].done == 0
    assert last.steps == ledger(tmp_path / "s")[2].sum() == Store.open(tmp_path / "s").status()["steps"]
    before = contents(tmp_path / "s")
    again = run(SPEC, tmp_path / "s")
    assert (again.done, again.new, again.steps) == (600, 0, 0)
    assert contents(tmp_path / "s") == before


def complete(path):
    """Return block -> its ledger entries, and the identity of its chunk files, of all blocks that are done."""
    if not (path / "zarr.json").exists() or "spec" not in zarr.open_group(path, mode="r", use_consolidated=False).attrs:
        return {}
    store, found = Store.open(path), {}
    for block in map(tuple, np.argwhere(store.done())):
        files = [path / name / "c" / "/".join(map(str, block)) for name in store.arrays]
        marks = [(s.st_ino, s.st_mtime_ns) for s in (file.stat() for file in files if file.exists())]
        found[block] = store.ledger.seconds[block].tobytes(), int(store.ledger.steps[block]), marks
    return found


def assert_like(path, other):
    """Assert that a store has the numbers of another, and that as many steps were taken for them."""
    assert numbers(path) == numbers(other)
    np.testing.assert_array_equal(ledger(path)[0], ledger(other)[0])
    np.testing.assert_array_equal(ledger(path)[2], ledger(other)[2])
    assert not list(Path(path).rglob("*.partial"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as for metadata that are not consolidated
        with xr.open_zarr(path) as dataset, xr.open_zarr(other) as expected:
            xr.testing.assert_identical(dataset.load().drop_attrs(), expected.load().drop_attrs())


def started(spec, folder):
    """Start eos-sweep run in a process of its own."""
    arguments = [str(CLI), "run", str(toml(folder / "s.toml", spec)), "-o", "s"]
    return subprocess.Popen(arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_chunks(process, path, count):
    """Wait until ``count`` blocks are on disk, or the process is done."""
    while process.poll() is None and len(list((path / "steps_taken").glob("c/*/*"))) < count:
        time.sleep(0.01)


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_goes_on_where_it_was(tmp_path, uninterrupted, kills):
    draw, path = random.Random(kills), tmp_path / "s"
    blocks = ledger(uninterrupted)[0][..., 0].size
    aims = sorted(draw.randrange(blocks - 8) for _ in range(kills))  # some are left at the end
    for aim in aims:
        before = complete(path)
        process = started(LONG, tmp_path)
        wait_for_chunks(process, path, aim)
        time.sleep(draw.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        after = complete(path)
        assert {block: after[block] for block in before} == before
    before = complete(path)
    assert 0 < len(before) < blocks, "killed too early or too late to test anything"
    last = command("run", "s.toml", "-o", "s", cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    assert {block: complete(path)[block] for block in before} == before
    assert_like(path, uninterrupted)


@pytest.mark.parametrize("presses", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_ctrl_c_stops_it_cleanly(tmp_path, uninterrupted, presses):
    process = started(LONG, tmp_path)
    wait_for_chunks(process, tmp_path / "s", 12)
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    said = errors.strip().splitlines()
    assert said[-1] == "eos-sweep: stopped; run the same command to go on"
    assert set(said[:-1]) <= {"stopping when the blocks in flight are done; Ctrl-C again drops them"}
    store, whole = Store.open(tmp_path / "s"), Store.open(uninterrupted)
    assert 0 < store.done().sum() < store.done().size
    for block in map(tuple, np.argwhere(store.done())):
        assert all(store.read(block, n).tobytes() == whole.read(block, n).tobytes() for n in store.arrays)
    assert store.status()["failed"] == {}
    before = complete(tmp_path / "s")
    assert run(LONG, tmp_path / "s").failed == 0
    assert {block: complete(tmp_path / "s")[block] for block in before} == before
    assert_like(tmp_path / "s", uninterrupted)


# Runs a sweep block by block and dies as it is about to replace or remove the N-th file, for each N that it is given.
DRIVER = """
import json, os, shutil, sys
from pathlib import Path
from eos_sweep import work
from eos_sweep.spec import Sweep
from eos_sweep.location import Location
from eos_sweep.place import prepare

spec, base, place, shape, points = json.loads(sys.argv[1])
sweep, touched = Sweep.from_dict(spec), 0
for n in points:
    path = f"{place}/{n}"
    if base:
        shutil.copytree(base, path)
    if os.fork():
        assert os.waitstatus_to_exitcode(os.wait()[1]) in (0, 9)
        continue
    def die(event, arguments, n=n, path=path):
        global touched
        if event in ("os.rename", "os.link", "os.remove", "os.rmdir"):
            touched += path in str(arguments[0])
            if touched == n:
                os._exit(9)
    sys.addaudithook(die)
    store = prepare(Location(path), sweep, tuple(shape), False)
    store.ledger.beat({"state": "running"})
    for block in store.pending():
        known = tuple(int(i) for i in store.extent[block])
        store.ledger.record(work.compute_block(store, block, known))
        store.ledger.flush()
    os._exit(0)
"""


def killed_at(points, spec, place, shape, base=None):
    """Return the stores that are left if a run of ``spec`` dies at the n-th file that it replaces, for n in points."""
    given = json.dumps([spec, str(base) if base else None, str(place), shape, points])
    subprocess.run([sys.executable, "-c", DRIVER, given], check=True, timeout=120)
    return [place / str(n) for n in points]


@pytest.mark.slow
def test_killed_at_any_file_a_new_store_goes_on(tmp_path):
    small = changed(axes=MANY, steps=60, observables=FEW, chunks={"lambda1": 16, "eta": 21})
    run(small, tmp_path / "whole")
    points = list(range(1, 110, 4))
    for path in killed_at(points, small, tmp_path, (16, 21)):
        run(small, path)
        assert_like(path, tmp_path / "whole")


@pytest.mark.slow
def test_killed_at_any_file_an_extension_goes_on(tmp_path):
    old = changed(
        axes={"lambda1": MANY["lambda1"][:20], "eta": MANY["eta"][:25]},
        steps=60,
        observables=FEW,
        chunks={"lambda1": 8, "eta": 21},
    )
    new = {**old, "axes": MANY}
    run(old, tmp_path / "old")
    run(new, tmp_path / "whole")
    for path in killed_at(list(range(1, 100, 4)), new, tmp_path, (8, 21), tmp_path / "old"):
        try:
            state = Store.open(path).status()
            assert state["trajectories"] in (500, 1312) and state["trajectories_done"] >= 500
        except InputError as error:  # half of it is extended: only a run may open it
            assert "its extension was interrupted" in str(error)
            state = {"trajectories": 500}
        shutil.copytree(path, f"{path}.copy")
        run(new, path)
        assert_like(path, tmp_path / "whole")
        if state["trajectories"] == 500:  # the old spec goes on as well: nothing of it was touched
            assert run(old, f"{path}.copy")[:3] == (500, 500, 0)
            assert_like(Path(f"{path}.copy"), tmp_path / "old")


@pytest.mark.parametrize("axes", [
    {"lambda1": {"linear": [1, 20, 20]}, "eta": MANY["eta"]},
    pytest.param({"lambda1": {"linear": [1, 32, 32]}, "eta": MANY["eta"][:25]}, marks=pytest.mark.slow),
    pytest.param({"lambda1": {"linear": [1, 20, 20]}, "eta": MANY["eta"][:24]}, marks=pytest.mark.slow),
    {"lambda1": {"linear": [1, 8, 8]}, "eta": MANY["eta"][:5]},
])  # fmt: skip
def test_a_grown_grid_is_extended(tmp_path, axes):
    chunks = {"lambda1": 8, "eta": 8}
    old = changed(axes=axes, chunks={name: 8 for name in axes})
    new = changed(axes={"lambda1": {"linear": [1, 32, 32]}, "eta": MANY["eta"]}, chunks=chunks)
    first = run(old, tmp_path / "s")
    chunks = dict(zip(("lambda1", "eta"), Store.open(tmp_path / "s").block_shape, strict=True))
    run({**new, "chunks": chunks}, tmp_path / "fresh")
    size, before = Sweep.from_dict(old).shape, complete(tmp_path / "s")
    whole = [b for b in before if all((i + 1) * c <= n for i, c, n in zip(b, chunks.values(), size, strict=True))]
    second = run(new, tmp_path / "s")
    assert (second.done, second.new) == (1312, 1312 - first.new)
    assert_like(tmp_path / "s", tmp_path / "fresh")
    assert {block: complete(tmp_path / "s")[block] for block in whole} == {block: before[block] for block in whole}
    attributes = zarr.open_group(tmp_path / "s", mode="r").attrs
    assert attributes["spec_hash"] == Sweep.from_dict(new).hash and "extended" in attributes["history"]
    assert eos_sweep.open_sweep(tmp_path / "s").sizes == {"lambda1": 32, "eta": 41}


@pytest.mark.parametrize(("change", "shown"), [
    ({"steps": 900}, "steps: 1000 -> 900"),
    ({"tolerance": 1e-9}, "tolerance: 1e-20 -> 1e-09"),
    ({"parameters": {"lambda2": 0.02}}, "parameters.lambda2: 0.01 -> 0.02"),
    ({"observables": FEW}, "observables.outcome: stored -> none"),
    ({"axes": {**SPEC["axes"], "eta": {"log": [1e-3, 40, 25]}}}, "axes.eta: log 0.001…30 × 25 -> log 0.001…40 × 25"),
    ({"axes": {**SPEC["axes"], "eta": {"log": [1e-3, 30, 24]}}}, "axes.eta: log 0.001…30 × 25 -> log 0.001…30 × 24"),
])  # fmt: skip
def test_another_spec_is_refused(tmp_path, reference, change, shown):
    shutil.copytree(reference, tmp_path / "s")
    before = contents(tmp_path / "s")
    toml(tmp_path / "s.toml", changed(**{"chunks": {}, **change}))
    with pytest.raises(SpecError) as caught:
        eos_sweep.run(tmp_path / "s.toml", tmp_path / "s")
    assert f"\n  {shown}" in str(caught.value) and "--overwrite" in str(caught.value)
    assert contents(tmp_path / "s") == before
    assert eos_sweep.run(tmp_path / "s.toml", tmp_path / "s", overwrite=True).failed == 0
    assert Store.open(tmp_path / "s").sweep.hash == eos_sweep.load_spec(tmp_path / "s.toml").hash
