"""A run gives the same bits however it is cut, stopped, killed and resumed, and computes nothing twice."""

import random
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import zarr

import eos_sweep
from eos_sweep.errors import InputError, SpecError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.store import Store
from helpers.killing import killed_at
from helpers.runs import LONG, assert_like, complete, run, started, wait_for_chunks
from helpers.stores import FEW, SPEC, changed, command, contents, ledger, numbers, toml

MANY = {"lambda1": [float(i) for i in range(1, 33)], "eta": [i / 20 for i in range(1, 42)]}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "s"
    run(changed(chunks={}), path, threads=1)
    return path


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, 3, 10])
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


@pytest.mark.slow
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
    said = {line for line in said[:-1] if "steps/s" not in line}  # progress, told now and then on a busy machine
    assert said <= {"stopping when the blocks in flight are done; Ctrl-C again drops them"}
    store, whole = Store.open(tmp_path / "s"), Store.open(uninterrupted)
    assert 0 < store.done().sum() < store.done().size
    for block in map(tuple, np.argwhere(store.done())):
        assert all(store.read(block, n).tobytes() == whole.read(block, n).tobytes() for n in store.arrays)
    assert store.status()["failed"] == {}
    before = complete(tmp_path / "s")
    assert run(LONG, tmp_path / "s").failed == 0
    assert {block: complete(tmp_path / "s")[block] for block in before} == before
    assert_like(tmp_path / "s", uninterrupted)


BLOCK_BY_BLOCK = """
from eos_sweep.runtime import worker
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.location import Location
from eos_sweep.store.prepare import prepare

def work(path, given):
    spec, shape = given
    store = prepare(Location(path), Sweep.from_dict(spec), tuple(shape), False)
    store.ledger.beat({"state": "running"})
    for block in store.pending():
        known = tuple(int(i) for i in store.extent[block])
        store.ledger.record(worker.compute_block(store, block, known))
        store.ledger.flush()
"""


@pytest.mark.slow
def test_killed_at_any_file_a_new_store_goes_on(tmp_path):
    small = changed(axes=MANY, steps=60, observables=FEW, chunks={"lambda1": 16, "eta": 21})
    run(small, tmp_path / "whole")
    for path in killed_at(range(1, 110, 4), BLOCK_BY_BLOCK, tmp_path, [small, [16, 21]]):
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
    for path in killed_at(range(1, 100, 4), BLOCK_BY_BLOCK, tmp_path, [new, [8, 21]], tmp_path / "old"):
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


@pytest.mark.slow
@pytest.mark.parametrize("axes", [
    pytest.param({"lambda1": {"linear": [1, 20, 20]}, "eta": MANY["eta"]}, marks=pytest.mark.slow),
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
