"""Short blocks are sent together, for half a second or for longer if there are many workers, but not the last ones."""

import math

import pytest

from eos_sweep.runtime.block_queue import MAX_BLOCKS_OF_ORDER, ORDER_SECONDS, ORDERS_A_SECOND, BlockQueue
from eos_sweep.runtime.order import Order
from eos_sweep.runtime.pool import Pool
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.ledger import Row
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store

SPEC = {
    "model": "quadratic", "steps": 5, "observables": ["steps_taken"], "chunks": {"eta": 1},
    "parameters": {"a1": 1}, "initial": {"theta1": 1},
}  # fmt: skip


class AtOnce(Pool):
    """Workers that return their orders at once, and say that each block took some seconds."""

    def __init__(self, threads, seconds):
        super().__init__()
        self.threads, self.seconds, self.sizes = threads, seconds, []

    def size(self):
        return self.threads

    def room(self, size, last):
        return (1 if last else 2) * size - self.running

    def _begin(self, order):
        self.sizes.append(len(order.blocks))
        rows = [Row(block, (1,), seconds=self.seconds, steps=1) for block, _ in order.blocks]
        self._done.put((order, rows))


@pytest.mark.parametrize(("threads", "seconds"), [(2, 0.1), (2, 3.0), (200, 0.1), (200, 30.0)])
def test_an_order_is_long_enough_for_the_process_of_the_run(tmp_path, threads, seconds):
    number = 50 * threads + 1
    sweep = Sweep.from_dict(SPEC | {"axes": {"eta": {"linear": [0.1, 1, number]}}})
    store = Store.create(Location(tmp_path / "s"), sweep, (1,))
    pool = AtOnce(threads, seconds)
    blocks = BlockQueue(store, pool, Order(store.path, store.id, "run", "version", (), ()))
    while blocks.submit(stopping=False):
        blocks.record(blocks.finished())
    assert store.done().all() and sum(pool.sizes) == number
    unknown, later = pool.sizes[: 2 * threads], pool.sizes[2 * threads :]
    assert set(unknown) == {1}, "one block tells how long they take"
    wanted = math.ceil(max(ORDER_SECONDS, threads / ORDERS_A_SECOND) / seconds)
    assert max(later) == min(wanted, MAX_BLOCKS_OF_ORDER)
    assert later[-1] <= max(1, wanted // 2), "the last ones keep all busy"
    assert later[0] == max(later), "in the beginning there are enough for all"
