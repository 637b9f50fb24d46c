"""Threads of this process compute the batches of a block as if one did it after the other."""

import pytest

from eos_sweep.pool import Threads


@pytest.fixture
def threads():
    pool = Threads(3)
    yield pool
    pool.close()


def test_results_come_in_the_order_of_their_batches(threads):
    assert list(threads.each(lambda batch: batch**2, range(100))) == [batch**2 for batch in range(100)]
    assert list(threads.each(str, [])) == []


def test_an_error_comes_at_the_place_of_its_batch(threads):
    def half(batch):
        if batch == 7:
            raise ZeroDivisionError("seven")
        return batch / 2

    found = threads.each(half, range(20))
    assert [next(found) for _ in range(7)] == [batch / 2 for batch in range(7)]
    with pytest.raises(ZeroDivisionError, match="seven") as told:
        next(found)
    assert told.traceback[-1].name == "half"
    assert list(threads.each(half, range(3))) == [0.0, 0.5, 1.0], "the threads go on"
