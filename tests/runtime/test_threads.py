"""Threads of this process return the results of batches in their order, as ``map`` does, and end with their run."""

import sys
import threading
import time

import pytest

from eos_sweep.errors import Stopped
from eos_sweep.runtime.threads import Threads
from eos_sweep.store.store import Store
from helpers.runs import run
from helpers.stores import FEW, changed


@pytest.fixture
def threads():
    pool = Threads(3)
    yield pool
    pool.close()


def test_results_come_in_the_order_of_their_batches(threads):
    assert list(threads.map(lambda batch: batch**2, range(100))) == [batch**2 for batch in range(100)]
    assert list(threads.map(str, [])) == []


def test_an_error_comes_at_the_place_of_its_batch(threads):
    def half(batch):
        if batch == 7:
            raise ZeroDivisionError("seven")
        return batch / 2

    found = threads.map(half, range(20))
    assert [next(found) for _ in range(7)] == [batch / 2 for batch in range(7)]
    with pytest.raises(ZeroDivisionError, match="seven") as told:
        next(found)
    assert told.traceback[-1].name == "half"
    assert list(threads.map(half, range(3))) == [0.0, 0.5, 1.0], "the threads go on"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_ends_the_run(threads):
    assert threads.size() == 3
    threads._batches.put(sys.exit)
    with pytest.raises(Stopped, match="has died"):
        while True:
            time.sleep(0.01)
            threads.size()


def test_batches_that_wait_are_dropped_when_the_threads_are_closed():
    pool, computed, go = Threads(1), [], threading.Event()

    def compute(batch):
        computed.append(batch)
        go.wait(60)

    def wait():
        with pytest.raises(Stopped):
            list(pool.map(compute, range(100)))
        computed.append("stopped")

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not computed:
        time.sleep(0.01)
    pool.close()
    go.set()
    waiting.join(60)
    assert computed == [0, "stopped"]
    with pytest.raises(Stopped):
        next(pool.map(compute, [1]))


def test_nothing_is_written_when_a_run_has_ended_in_an_error(tmp_path, monkeypatch):
    began, ended, original = [], [], Store.write

    def slowly(store, block, values):
        began.append(block)
        time.sleep(0.3 if len(began) > 1 else 0.0)
        digest = original(store, block, values)
        ended.append(block)
        return digest

    def fail(progress):
        if progress.new:
            raise ZeroDivisionError

    monkeypatch.setattr(Store, "write", slowly)
    with pytest.raises(ZeroDivisionError):
        run(changed(observables=FEW, chunks={"lambda1": 3, "eta": 25}), tmp_path / "s", threads=1, report=fail)
    written = ended.copy()
    time.sleep(0.4)
    assert began == ended == written and len(written) < 8
