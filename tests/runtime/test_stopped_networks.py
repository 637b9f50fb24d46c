"""What is kept of networks that have begun is told: by status, by the last heartbeat, and where the run ends."""

import json
import os
import signal

import pytest
from click.testing import CliRunner

from eos_sweep.cli.main import main
from eos_sweep.errors import Interrupted
from eos_sweep.runtime import block_queue
from eos_sweep.store import checkpoints, kept
from eos_sweep.store.store import Store
from helpers.pausing import paused, store_of
from helpers.runs import run

SPEC = {
    "model": "tanh_net",
    "axes": {"eta": [0.2, 0.3], "seed": [0, 1]},
    "chunks": {"eta": 1, "seed": 2},
    "parameters": {"width": 5, "points": 8, "stride": 5},
    "observables": ["crossings", "sharpness_max", "steps_taken"],
    "steps": 500,
}


def told(*arguments):
    done = CliRunner().invoke(main, ["status", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_status_tells_what_checkpoints_keep(tmp_path):
    place = str(tmp_path / "s")
    store = store_of(SPEC, place)
    assert json.loads(told(place, "--json"))["kept"] == [] and "kept" not in told(place)
    assert paused(store, (0, 0), 30).paused and paused(store, (1, 0), 150).paused
    first, second = json.loads(told(place, "--json"))["kept"]
    assert (first["block"], first["done"], first["step"], first["steps"]) == ("0,0", 0, 150, 150)
    assert (second["block"], second["done"], second["step"], second["steps"]) == ("1,0", 1, 255, 755)
    assert first["seconds"] > 0
    line = next(line for line in told(place).splitlines() if line.startswith("kept"))
    assert "2 trajectories at steps 150 to 255 of at most 500, and 1 that have ended before them; 905 steps" in line


def test_what_is_no_checkpoint_of_a_network_that_runs_is_not_told(tmp_path):
    store = store_of(SPEC, tmp_path / "s")
    assert paused(store, (1, 0), 150).paused
    about, arrays = checkpoints.decode(checkpoints.read(store.location, (1, 0), 0))
    (whole,) = kept.found(store)
    wrong = [
        checkpoints.encode(about, {**arrays, kept.AGE: -arrays[kept.AGE]}),
        checkpoints.encode(about, {**arrays, "done": arrays[kept.WORK].repeat(2)}),
        checkpoints.encode(about, {name: found for name, found in arrays.items() if name != kept.AGE}),
        checkpoints.encode({**about, "seconds": float("nan")}, arrays),
        checkpoints.encode({}, arrays),
        b"",
    ]
    for content in wrong:
        checkpoints.write(store.location, (0, 0), 0, content)
        assert kept.found(store) == [whole]
    good = checkpoints.encode(about, arrays)
    for block, cell in (((0, 7), 0), ((0,), 0)):
        checkpoints.write(store.location, block, cell, good)
    (store.location.local / checkpoints.CHECKPOINTS / "0.0" / "1.tmp").write_bytes(good)
    assert kept.found(store) == [whole]
    run(SPEC, tmp_path / "s")
    checkpoints.write(store.location, (1, 0), 0, good)
    assert kept.found(Store.open(tmp_path / "s")) == [], "of a block that is done"


@pytest.mark.parametrize("resources", [{"threads": 2}, pytest.param({"workers": 2}, marks=pytest.mark.slow)])
def test_the_last_heartbeat_has_what_the_run_computed(tmp_path, monkeypatch, resources):
    def press(progress):
        begun = progress.begun or "workers" in resources  # which tell nothing but that blocks are done: one is at once
        if progress.done and begun and not pressed:  # a second signal would drop what is in flight
            pressed.append(os.kill(os.getpid(), signal.SIGINT))

    monkeypatch.setattr(block_queue, "PATIENCE", 0.01)
    spec = {**SPEC, "axes": {"eta": [0.2, 1e-6]}, "chunks": {"eta": 1}, "steps": 4_000_000}
    spec["parameters"] = {**SPEC["parameters"], "time": 4.0}  # 20 and 4 000 000 steps
    before = 0
    for _ in range(2 if "threads" in resources else 1):
        pressed = []
        with pytest.raises(Interrupted) as stopped:
            run(spec, tmp_path / "s", report=press, **resources)
        store = Store.open(tmp_path / "s")
        (here,), heartbeat = kept.found(store), store.ledger.heartbeat
        new, before = here.steps - before, here.steps
        assert here.block == "1" and new > 0 and heartbeat["state"] == "stopped"
        assert heartbeat["steps"] == new + 20 * heartbeat["trajectories_new"]
        assert heartbeat["trajectories_begun"] == pytest.approx(new / 4_000_000, abs=1e-4)
        assert stopped.value.kept == f"1 trajectory at step {here.step:,} of at most 4,000,000"
