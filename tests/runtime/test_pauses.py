"""Checkpoints where something is in the way: other orders, other threads, a full disk, what no file can have."""

import functools
import queue
import threading
import time

import numpy as np
import pytest

from eos_sweep.runtime import flights, keeping, worker, worker_process
from eos_sweep.runtime.block_queue import BlockQueue
from eos_sweep.runtime.network_costs import makespan
from eos_sweep.runtime.order import Order, version
from eos_sweep.runtime.processes import Processes
from eos_sweep.runtime.worker_process import Begun, Outcome
from eos_sweep.store import checkpoints
from eos_sweep.store.files import CHECKPOINTS
from eos_sweep.store.ledger import Row
from helpers.own_modules import written
from helpers.pausing import Pausing, paused, store_of

SPEC = {
    "model": "tanh_net",
    "axes": {"eta": [0.2, 0.3], "seed": [0, 1]},
    "chunks": {"eta": 1, "seed": 2},
    "parameters": {"width": 5, "points": 8, "stride": 5},
    "observables": ["sharpness_max", "loss_final"],
    "steps": 300,
}
ROWS = [(0, 0), (1, 0)]  # the blocks


def order_of(store, *blocks):
    known = tuple((block, (0, 0)) for block in blocks)
    return Order(store.location.absolute, store.id, "run", version(store.sweep), (), known)


def test_a_process_with_two_orders_ends_the_first_one_before_it_begins_the_other(tmp_path, monkeypatch):
    """A checkpoint lets no other order in, or the first one would wait for all of it."""
    monkeypatch.setattr(keeping, "INTERVAL", 0.0)
    monkeypatch.setattr(keeping, "MOST_TIME", np.inf)
    seen, original = [], checkpoints.write
    monkeypatch.setattr(checkpoints, "write", lambda *given: seen.append(given[1]) or original(*given))
    store = store_of(SPEC, tmp_path / "s")
    orders, told, computing = queue.SimpleQueue(), queue.SimpleQueue(), threading.Lock()
    for number, block in enumerate(ROWS):
        orders.put((number, order_of(store, block)))
    for _ in ROWS:
        threading.Thread(target=worker_process._serve, args=(orders, computing, told.put), daemon=True).start()
    heard = [told.get(timeout=120) for _ in range(4)]
    first = next(one.number for one in heard if isinstance(one, Begun))
    looks = len(seen) // 2
    assert seen == [ROWS[first]] * looks + [ROWS[1 - first]] * looks and looks > 100
    assert all(one.found[0].extent == (1, 2) for one in heard if isinstance(one, Outcome))
    assert flights._flights["run"].begun == flights.Begun(), "nothing of them is in flight any more"


def test_the_seconds_of_a_block_are_those_of_the_threads_that_compute_it(tmp_path):
    taken = []

    def timed(compute, cells):
        began = time.thread_time()
        try:
            return compute(cells)
        finally:
            taken.append(time.thread_time() - began)

    def on_another_thread(compute, batches):
        """Compute on a thread that has been at work before."""
        found = queue.SimpleQueue()

        def serve():
            began = time.thread_time()
            while time.thread_time() < began + 0.3:
                pass
            for batch in batches:
                try:
                    found.put((timed(compute, batch), None))
                except keeping.Paused as error:
                    found.put((None, error))

        threading.Thread(target=serve).start()
        for _ in batches:
            values, error = found.get(timeout=120)
            if error:
                raise error
            yield values

    store = store_of(SPEC, tmp_path / "s")
    compute = functools.partial(worker.compute_block, store, (0, 0), (0, 0), on_another_thread)
    assert compute(flight=Pausing(30)).paused
    about, _ = checkpoints.decode(checkpoints.read(store.location, (0, 0), 0))
    assert 0.0 < about["seconds"] <= taken[0]
    began = time.thread_time()
    row = compute()
    here = time.thread_time() - began
    assert row.earlier == 150 and taken[1] <= row.seconds - about["seconds"] <= taken[1] + here


def test_a_network_that_cannot_be_kept_is_not_lost_when_the_run_stops(tmp_path, caplog):
    store, whole = store_of(SPEC, tmp_path / "s"), store_of(SPEC, tmp_path / "whole")
    (tmp_path / "s" / CHECKPOINTS).write_text("in the way, as where the disk is full")
    row = paused(store, ROWS[0])
    assert not row.paused and not row.kept and row.chunks == worker.compute_block(whole, ROWS[0], (0, 0)).chunks
    assert caplog.text.count("its checkpoint cannot be written") == 1, "not at each look"


KIND = '''"""A network of which a state has something more."""
import numpy as np
from eos_sweep.models.tanh_net import *
from eos_sweep.models import tanh_net

def start(p, initial, data):
    network = tanh_net.start(p, initial, data)
    own = network.state
    network.state = lambda: own() | {{"more": np.zeros(3, {kind!r})}}
    return network
'''


@pytest.fixture
def write(tmp_path, monkeypatch):
    yield from written(tmp_path, monkeypatch)


@pytest.mark.parametrize("kind", ["uint8", "float32", "complex128"])
def test_a_state_of_another_type_is_kept_or_told_and_fails_no_block(tmp_path, caplog, write, kind):
    write(f"net_{kind}", KIND.format(kind=kind))
    spec = {**SPEC, "model": f"net_{kind}", "observables": ["loss_final"]}
    store = store_of(spec, tmp_path / "s")
    row = paused(store, ROWS[0])
    assert not row.error and row.paused == (kind != "complex128")
    told = "network/more: a checkpoint has no numbers of type complex128; it goes on without"
    assert caplog.text.count(told) == (not row.paused)
    if row.paused:
        _, arrays = checkpoints.decode(checkpoints.read(store.location, ROWS[0], 0))
        assert arrays["present/course/network/more"].dtype == kind
        assert worker.compute_block(store, ROWS[0], (0, 0)).earlier == 150


class Clocked(Processes):
    """Two processes by the clock of this test, each of which does its orders in turn."""

    def __init__(self, hours, **options):
        super().__init__(0, **options)
        self._hours, self._busy, self._ends = hours, [[], []], []
        self.now = 0.0

    def size(self):
        return 2

    def _begin(self, order):
        ends = min(self._busy, key=lambda mine: len([end for end in mine if end > self.now]))
        ends.append(max([self.now, *ends]) + self._hours[order.blocks[0][0][0]])
        self._ends.append((ends[-1], order))

    def finished(self, timeout):
        self._ends.sort(key=lambda one: one[0])
        self.now, order = self._ends.pop(0)
        self.running -= 1
        yield order, [Row(block, (1, 1), seconds=3600.0, steps=1) for block, _ in order.blocks]


def test_a_network_does_not_wait_for_another_one_while_a_process_is_idle(tmp_path):
    hours = 10.0, 1.0, 10.0, 1.0
    spec = {**SPEC, "axes": {"eta": [0.1, 0.2, 0.3, 0.4], "seed": [0]}}
    store = store_of(spec, tmp_path / "s")
    pool = Clocked(hours, orders_each=1)
    blocks = BlockQueue(store, pool, order_of(store))
    while blocks.submit(stopping=False):
        blocks.record(blocks.finished())
    assert store.done().all() and pool.now == makespan(hours, 2) == 11.0


def test_flights_of_older_runs_are_forgotten_and_those_of_present_ones_are_not():
    with flights.watched("mine") as mine, flights.joined("other", [(0,)]) as other:
        mine.reached((0,), 0, flights.Begun(0.5, 10))
        for number in range(3 * flights.IDLE_RUNS):
            with flights.joined(f"old {number}", [(0,)]) as old:
                old.reached((0,), 0, flights.Begun(0.5, 10))
            assert old.begun == flights.Begun()
        assert len(flights._flights) <= flights.IDLE_RUNS + 3
        flights.pause("other")
        with flights.joined("mine", [(0,)]) as same:
            assert same is mine
        assert other.pausing and not mine.pausing
        assert mine.begun.steps == 10, "a run counts a block until it has its row"
    assert "mine" not in flights._flights
    flights.pause("late")
    with flights.joined("late", ()) as late:
        assert late.pausing, "an order that comes after the request"
