"""A worker that cannot write is left out, and the others go on; a run stops when none is left, or all have gone."""

import os
import subprocess

import pytest
from distributed import Client

from eos_sweep.runtime import worker
from eos_sweep.runtime.block_queue import BlockQueue
from eos_sweep.runtime.order import Order, Unfit, version
from eos_sweep.runtime.pool import Pool
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import location, root
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store
from helpers.dask_processes import Processes
from helpers.runs import LONG, assert_like
from helpers.stores import FEW, changed, command, toml

# The folder $0 is read-only for the command that follows, in a mount namespace of its own.
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


@pytest.fixture
def sealed(tmp_path):
    """A cluster whose only worker cannot write to the folder ``place``."""
    place = tmp_path / "place"
    place.mkdir()
    prefix = ["unshare", "-m", "bash", "-c", READ_ONLY, str(place)]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("no namespace can be made here")
    found = Processes(tmp_path, workers=0)
    found.up()
    late = found.worker(*prefix)
    yield found
    os.killpg(late.pid, 9)
    late.wait()
    found.down()


@pytest.mark.slow
def test_a_worker_that_cannot_write_is_left_out(tmp_path, sealed, uninterrupted):
    toml(tmp_path / "s.toml", LONG)
    order = ("run", "s.toml", "-o", "place/s", "--scheduler-file", sealed.file)
    alone = command(*order, cwd=tmp_path)
    assert alone.returncode == 4 and "Traceback" not in alone.stderr
    assert "no worker is left that can go on" in alone.stderr and "Read-only file system" in alone.stderr
    other = sealed.worker()
    try:
        with Client(scheduler_file=str(sealed.file)) as client:
            client.wait_for_workers(2, timeout=120)
        done = command(*order, cwd=tmp_path)
    finally:
        os.killpg(other.pid, 9)
        other.wait()
    assert done.returncode == 0, done.stderr
    assert_like(tmp_path / "place" / "s", uninterrupted)


class Leaving(Pool):
    """Workers that take orders, and may go without returning them."""

    threads = 2

    def size(self):
        return self.threads

    def room(self, size, last):
        return size - self.running

    def _begin(self, order):
        pass


def test_a_first_ctrl_c_does_not_wait_for_workers_that_have_gone(tmp_path):
    store = Store.create(Location(tmp_path / "s"), Sweep.from_dict(changed(observables=FEW)), (7, 8))
    pool = Leaving()
    blocks = BlockQueue(store, pool, Order(store.path, store.id, "run", "version", (), ()))
    assert blocks.submit(stopping=False) and pool.running == 2
    assert blocks.submit(stopping=True), "blocks in flight are waited for"
    pool.threads = 0
    assert blocks.submit(stopping=False), "others may come"
    assert not blocks.submit(stopping=True)


def test_a_remote_store_that_cannot_be_reached_is_tried_again_before_a_worker_is_unfit(monkeypatch):
    monkeypatch.setattr(location, "RETRY_SECONDS", (0.0, 0.0))
    store = Store.create(Location("memory://unfit/s.zarr"), Sweep.from_dict(changed(observables=FEW)), (7, 8))
    errors, find = [OSError("the network is away")] * 2, root.find

    def away(place):
        if errors:
            raise errors.pop()
        return find(place)

    monkeypatch.setattr(root, "find", away)
    order = Order(store.path, store.id, "first", version(store.sweep), (), (((0, 0), (0, 0)),))
    assert [row.extent for row in worker.fulfil(order)] == [(7, 8)]
    errors += [OSError("the network is away")] * 3
    with pytest.raises(Unfit, match=r"s\.zarr: cannot be reached, the network is away"):
        worker.fulfil(order._replace(run="second"))
