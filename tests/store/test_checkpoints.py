"""The content of checkpoints, and their place beside a store."""

import random

import numpy as np
import pytest

from eos_sweep.models import tanh_net
from eos_sweep.models.network_parts import MAX_ARRAY_SIZE
from eos_sweep.models.ruled_network import ruled
from eos_sweep.store import checkpoints
from eos_sweep.store.location import Location
from eos_sweep.update_rules.composed import parse
from helpers.runs import run

SPEC = {"model": "tanh_net", "steps": 4, "axes": {"eta": [0.1, 0.2], "seed": [0, 1]}, "observables": ["loss_final"]}

ARRAYS = {
    "weights": np.array([[1.5, -0.0], [np.nan, np.inf], [5e-324, 1e308]]),
    "step": np.array(12),
    "none": np.zeros(0, np.int64),
    "clips": np.array([True, False]),
    **{kind: np.array([[0, 3], [1, 255]]).astype(kind) for kind in ("u1", "i1", "u2", "i4", "u4", "u8", "f2", "f4")},
    "every other one": np.arange(6.0).reshape(2, 3)[:, ::2],
}


def test_arrays_come_back_to_the_bit():
    about, arrays = checkpoints.decode(checkpoints.encode({"seconds": 0.1}, ARRAYS))
    assert about == {"seconds": 0.1} and list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        found = arrays[name]
        assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
        assert found.flags.writeable and found.flags.aligned


def test_any_other_content_is_damaged():
    content, draw = checkpoints.encode({}, ARRAYS), random.Random(0)
    others = [b"", content[:-1], content + b"\0", checkpoints.MAGIC, b"PK" + content]
    for _ in range(200):
        at = draw.randrange(len(content))
        others.append(content[:at] + bytes([content[at] ^ (1 << draw.randrange(8))]) + content[at + 1 :])
    for other in others:
        with pytest.raises(checkpoints.Damaged):
            checkpoints.decode(other)


@pytest.mark.parametrize(
    "header",
    [
        "[]",
        "[" * 100_000,
        '{"arrays": []}',
        '{"about": {}, "arrays": [["x", "<f8", [1000000000000000]]]}',
        '{"about": {}, "arrays": [["x", "|O", [1]]]}',
        '{"about": {}, "arrays": [["x", "<f8", [-1]]]}',
        '{"about": {}, "arrays": [["x", "<f8", [true]]]}',
        '{"about": {}, "arrays": [["x", "<f8"]]}',
        '{"about": 3, "arrays": []}',
    ],
)
def test_what_a_stranger_wrote_is_damaged_and_takes_no_memory(header):
    import hashlib

    body = len(header).to_bytes(checkpoints.SIZE_BYTES, "little") + header.encode() + bytes(8)
    with pytest.raises(checkpoints.Damaged):
        checkpoints.decode(checkpoints.MAGIC + hashlib.sha256(body).digest() + body)


def test_what_no_checkpoint_can_have_is_told_before_it_is_written(monkeypatch):
    for numbers in (np.zeros(2, complex), np.array([None]), np.array(["one"]), np.zeros(2, np.longdouble)):
        with pytest.raises(checkpoints.Unkeepable, match="weights"):
            checkpoints.encode({}, {"weights": numbers})
    content = checkpoints.encode({}, ARRAYS)
    monkeypatch.setattr(checkpoints, "MAX_FILE_BYTES", len(content))
    assert checkpoints.encode({}, ARRAYS) == content
    with pytest.raises(checkpoints.Unkeepable, match="are allowed"):
        checkpoints.encode({"step": 1}, ARRAYS)


@pytest.mark.parametrize(("rule", "parameters"), [("gd", {"batch": 3}), ("adam", {"batch": 3}), ("heavy_ball", {})])
def test_the_largest_network_has_room(rule, parameters):
    """Beside vectors as long as its weights, a state has some numbers."""
    model = ruled(tanh_net, parse(rule))
    given = {name: q.default for name, q in model.PARAMETERS.items()} | {"eta": 0.01, "width": 200.0} | parameters
    network = model.start(tuple(given.values()), (1.0,), None)
    network.advance(1)
    network.sharpness()
    content = len(checkpoints.encode({}, network.state()))
    assert content / network.weights.nbytes * 8 * MAX_ARRAY_SIZE < checkpoints.MAX_FILE_BYTES / 2


def test_they_are_no_part_of_the_store(tmp_path):
    run(SPEC, tmp_path / "s")
    location = Location(tmp_path / "s")
    before = set(location.keys()), location.names()
    for block in [(0, 1), (2, 3), (9, 9)]:
        checkpoints.write(location, block, 0, b"content")
    assert (set(location.keys()), location.names()) == before
    assert checkpoints.read(location, (0, 1), 0) == b"content" and checkpoints.read(location, (0, 1), 7) is None
    done = np.zeros((4, 4), bool)
    done[2, 3] = True
    checkpoints.tidy(location, done)
    assert checkpoints.read(location, (0, 1), 0) and not checkpoints.read(location, (2, 3), 0)
    assert not checkpoints.read(location, (9, 9), 0), "it is of no block"
    run({**SPEC, "steps": 5}, tmp_path / "s", overwrite=True)
    assert not checkpoints.read(location, (0, 1), 0)
