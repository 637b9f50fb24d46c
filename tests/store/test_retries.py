"""Whichever write to a remote store fails, it is repeated, and nothing that is written is lost."""

import itertools

import pytest

from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import location
from eos_sweep.store.files import LOCK
from eos_sweep.store.prepare import prepare
from eos_sweep.store.relabelling import relabel
from eos_sweep.store.store import Store
from helpers.runs import run
from helpers.stores import FEW, SPEC

TINY = SPEC | {"steps": 50, "axes": {"lambda1": [1.0, 100.0], "eta": [0.1, 1.0]}, "chunks": {"lambda1": 2, "eta": 1}}
LABELLED, TINY = TINY, TINY | {"observables": FEW}  # as few files as can be
LARGER = TINY | {"axes": {"lambda1": [1.0, 100.0], "eta": [0.1, 1.0, 2.0]}}


def mend(place):
    """Check a store in which a block and a coordinate are damaged."""
    for key in ("crossings/c/0/0", "eta/c/0"):
        fs.pipe_file(f"{place}/{key}", b"damaged")
    run(TINY, place, check=True)


OPERATIONS = {
    "run": lambda place: run(TINY, place),
    "extend": lambda place: run(LARGER, place),
    "mend": mend,
    "relabel": lambda place: relabel(Store.open(place), Store.open(place).thresholds | {"growth": 2.0}),
}
fs = location.Location("memory://bucket/s.zarr").fs


def attributes(place):
    """Return all attributes but those of times and names, and the number of lines of the history."""
    found = Store.open(place).gathered().attrs.asdict()
    return found | {"history": found["history"].count("\n"), **dict.fromkeys(("store_id", "core_seconds", "created"))}


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_whichever_write_fails_it_is_repeated(operation, monkeypatch):
    monkeypatch.setattr(location, "RETRY_SECONDS", (0.0, 0.0))
    pipe_file, failing, count = fs.pipe_file, 0, itertools.count()

    def fail(path, value, **options):
        if value != b"damaged" and not path.endswith(LOCK) and next(count) == failing:
            raise OSError("the network is away")
        pipe_file(path, value, **options)

    whole = None
    for number in itertools.count():
        place = f"memory://bucket/{operation}{number}.zarr"
        if operation == "run":
            prepare(location.Location(place), Sweep.from_dict(TINY), (2, 1), overwrite=False)
        else:
            run(LABELLED if operation == "relabel" else TINY, place)
        failing, count = number - 1, itertools.count()  # at first none fails
        with monkeypatch.context() as patch:
            patch.setattr(fs, "pipe_file", fail)
            OPERATIONS[operation](place)
        whole = whole or attributes(place)
        store = Store.open(place)
        assert attributes(place) == whole and store.done().all(), number
        assert not any(map(store.damaged, [(0, 0), (0, 1)])), number
        assert store.ledger.heartbeat["state"] == "finished", number
        if number and next(count) <= failing:
            break
    assert number > 5


def test_a_read_that_fails_after_the_last_block_is_repeated(monkeypatch):
    """Whether there is a pyramid is asked when all blocks are done; the run must not end as stopped for that."""
    place, cat_file, asked = "memory://bucket/read.zarr", fs.cat_file, []
    monkeypatch.setattr(location, "RETRY_SECONDS", (0.0, 0.0))

    def fail(path, *args, **options):
        if path.endswith("pyramid/zarr.json"):
            asked.append(path)
            if len(asked) == 1:
                raise ConnectionResetError("the network is away")
        return cat_file(path, *args, **options)

    monkeypatch.setattr(fs, "cat_file", fail)
    assert run(LABELLED, place).done == 4 and len(asked) == 2
