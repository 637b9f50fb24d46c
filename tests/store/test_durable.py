"""What a ledger or a heartbeat says is on disk: after a loss of power a run goes on, and nothing is lost or wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eos_sweep.errors import InputError
from eos_sweep.store import audit, durable
from eos_sweep.store.store import Store
from helpers.power_loss import FLUSHES
from helpers.runs import assert_like, run
from helpers.stores import FEW, changed, toml

SPEC = changed(
    axes={"lambda1": {"values": [1.0, 10, 100]}, "eta": {"log": [1e-3, 30, 12]}},
    chunks={"lambda1": 2, "eta": 1},  # so many that most flushes are of blocks
    observables=FEW,
)
EXTENDED = {**SPEC, "axes": {**SPEC["axes"], "lambda1": {"values": [1.0, 10, 100, 1000, 1e4]}}}
COUNT = 30


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_after_a_loss_of_power_a_run_goes_on_and_no_row_is_without_its_chunks(tmp_path, seed):
    for name in ("work", "images"):
        (tmp_path / name).mkdir()
    specs = [toml(tmp_path / "s.toml", SPEC), toml(tmp_path / "more.toml", EXTENDED)]
    program = [sys.executable, "-m", "helpers.power_loss", *specs, tmp_path / "work" / "s", tmp_path / "images"]
    process = subprocess.run(
        [*map(str, program), str(COUNT), str(seed)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert process.returncode == 0, process.stderr
    flushes, images = int(process.stdout), sorted((tmp_path / "images").iterdir())
    assert flushes > FLUSHES / 3 and len(images) > COUNT / 4
    run(EXTENDED, tmp_path / "whole")
    opened = 0
    for image in images:
        try:
            store = Store.open(image / "s")
        except InputError:
            store = None  # it was being created or extended
        if store is not None:
            opened += 1
            blocks, *others = audit.check(store)[:3]
            # A block that grew may have its new chunks while the ledger has its old row.
            assert all(block[0] == 1 and found == ["seal"] for block, found in blocks.items()), (image, blocks)
            assert others == [[], ""], image
            if store.ledger.heartbeat.get("state") == "finished":
                assert store.done().all() or store.sweep.shape[0] == 5
        run(EXTENDED, image / "s")
        assert_like(image / "s", tmp_path / "whole")
    assert opened > len(images) / 2


def test_a_file_and_its_folders_are_flushed_before_the_next_one_is_begun(tmp_path, monkeypatch):
    seen = []
    flush, rename = os.fsync, os.replace

    def noted(descriptor):
        seen.append(("flush", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "replace", lambda old, new: (seen.append(("rename", Path(new).name)), rename(old, new)))
    durable.write({tmp_path / "a" / "b" / "x": b"1", tmp_path / "a" / "c" / "y": b"2"})
    kinds = [(kind, name.partition(".")[0]) for kind, name in seen]
    assert kinds[:2] == [("flush", tmp_path.name), ("flush", "a")], "new folders, from the outermost"
    assert {*kinds[2:4]} == {("flush", "x"), ("flush", "y")}
    assert kinds[4:6] == [("rename", "x"), ("rename", "y")]
    assert {*kinds[6:]} == {("flush", "b"), ("flush", "c")}
    assert (tmp_path / "a" / "b" / "x").read_bytes() == b"1"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / "in the way").touch()
    with pytest.raises(OSError):
        durable.write({tmp_path / "y": b"1"})
    assert [path.name for path in tmp_path.iterdir()] == ["y"]
