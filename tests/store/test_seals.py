"""A chunk belongs to its store, variable, block and row in the ledger; coordinates and labels belong to the spec."""

import json
import shutil

import numpy as np
import pytest
import xarray as xr
import zarr

import eos_sweep
from eos_sweep.errors import InputError
from eos_sweep.runtime.worker import compute_block
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import audit, relabelling, seals
from eos_sweep.store.ledger import Row
from eos_sweep.store.location import Location
from eos_sweep.store.prepare import prepare
from eos_sweep.store.store import Store
from helpers.runs import assert_like, run
from helpers.stores import changed, command, numbers, toml

SPEC = changed(axes={"lambda1": {"log": [1, 1e4, 6]}, "eta": {"log": [1e-3, 30, 8]}}, chunks={"lambda1": 3, "eta": 4})
FAR = {**SPEC, "initial": {**SPEC["initial"], "beta1": 0.06}}  # another sweep with the same grid


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Return a folder with the stores of SPEC and of FAR."""
    folder = tmp_path_factory.mktemp("two")
    run(SPEC, folder / "s")
    run(FAR, folder / "far")
    toml(folder / "s.toml", SPEC)
    return folder


@pytest.fixture
def folder(two, tmp_path):
    shutil.copytree(two, tmp_path / "both")
    return tmp_path / "both"


def copied(source, target):
    return lambda folder: shutil.copyfile(folder / source, folder / target)


def rows(change):
    def edit(folder):
        array = zarr.open_array(folder / "s" / "ledger" / "blocks")
        held = array[...]
        change(held)
        array[...] = held

    return edit


def counted(entry):
    def change(held):
        held[0, 1, entry] += 1

    return rows(change)


def swapped(held):
    held[0, 1], held[1, 0] = held[1, 0].copy(), held[0, 1].copy()


MIX_UPS = {
    "another block": copied("s/sharpness_max/c/0/0", "s/sharpness_max/c/0/1"),
    "another variable": copied("s/sharpness_final/c/0/1", "s/sharpness_max/c/0/1"),
    "another sweep": copied("far/sharpness_max/c/0/1", "s/sharpness_max/c/0/1"),
    "steps edited": counted(2),
    "time edited": counted(3),
    "seal edited": counted(4),
}


@pytest.mark.slow
@pytest.mark.parametrize("harm", MIX_UPS)
def test_what_belongs_elsewhere_is_found_and_computed_again(folder, two, harm):
    MIX_UPS[harm](folder)
    assert audit.check(Store.open(folder / "s")).blocks == {(0, 1): ["seal"]}
    assert run(SPEC, folder / "s").new == 0, "a run that was not killed does not look"
    assert run(SPEC, folder / "s", check=True).new == 12
    assert_like(folder / "s", two / "s")
    assert audit.check(Store.open(folder / "s")) == ({}, [], "", "", [], "")


@pytest.mark.slow
def test_rows_of_another_place_are_found(folder, two):
    rows(swapped)(folder)
    assert audit.check(Store.open(folder / "s")).blocks == {(0, 1): ["seal"], (1, 0): ["seal"]}
    copied("far/ledger/blocks/c/0/0/0", "s/ledger/blocks/c/0/0/0")(folder)
    assert len(audit.check(Store.open(folder / "s")).blocks) == 4
    assert run(SPEC, folder / "s", check=True).new == 48
    assert_like(folder / "s", two / "s")


def test_a_row_of_a_block_that_is_not_computed_is_found(folder, two):
    def change(held):
        held[0, 1, :2] = 0

    rows(change)(folder)
    assert audit.check(Store.open(folder / "s")).blocks == {(0, 1): ["seal"]}
    assert run(SPEC, folder / "s").new == 12, "it is computed again without being asked, and its steps count once"
    assert_like(folder / "s", two / "s")


@pytest.mark.slow
def test_labels_of_other_thresholds_are_found_and_mended_without_a_step(folder, two):
    shutil.copytree(folder / "s", folder / "older")
    assert command("relabel", "older", "--threshold", "growth=1.001", cwd=folder).returncode == 0
    blocks = [f"{i}/{j}" for i in range(2) for j in range(2)]
    labels = {b: [(folder / name / f"regime/c/{b}").read_bytes() for name in ("s", "older")] for b in blocks}
    block = next(b for b, (now, before) in labels.items() if now != before)
    copied(f"older/regime/c/{block}", f"s/regime/c/{block}")(folder)
    told = command("status", "s", "--check", "--json", cwd=folder)
    assert told.returncode == 1 and json.loads(told.stdout)["damaged"] == {block.replace("/", ","): ["regime"]}
    (folder / "s/settled/c/0/0").unlink()
    done = command("run", "s.toml", "-o", "s", "--check", "--json", cwd=folder)
    assert done.returncode == 0 and json.loads(done.stdout)["new"] == 0 and "labelled again" in done.stderr
    assert_like(folder / "s", two / "s")


@pytest.mark.parametrize(("name", "labelled"), [("regime", True), ("outcome", False)])
def test_a_chunk_of_another_type_is_found_and_mended(folder, two, name, labelled):
    """Its checksum is right, and it unpacks to another size."""
    copied("s/sharpness_max/c/0/1", f"s/{name}/c/0/1")(folder)
    assert audit.check(Store.open(folder / "s")).blocks == {(0, 1): [name]}
    assert run(SPEC, folder / "s", check=True).new == (0 if labelled else 12)
    assert_like(folder / "s", two / "s")


@pytest.mark.slow
def test_relabelling_that_meets_damage_says_that_it_has_changed_labels(folder, two):
    chunk, strict = folder / "s" / "crossings" / "c" / "1" / "0", ("--threshold", "growth=1.001")
    (folder / "s" / "regime" / "c" / "0" / "0").write_bytes(b"")  # labels need not be whole to be replaced
    chunk.write_bytes(chunk.read_bytes()[:-7])
    told = command("relabel", "s", *strict, cwd=folder)
    assert told.returncode == 4 and len(told.stderr.splitlines()) == 1
    assert "run SPEC -o s --check mends it; then relabel again" in told.stderr
    assert command("run", "s.toml", "-o", "s", "--check", cwd=folder).returncode == 0
    assert command("relabel", "s", *strict, cwd=folder).returncode == 0
    shutil.copytree(two / "s", folder / "whole")
    assert command("relabel", "whole", *strict, cwd=folder).returncode == 0
    assert_like(folder / "s", folder / "whole")
    assert audit.check(Store.open(folder / "s")) == ({}, [], "", "", [], "")


def edited_thresholds(folder):
    place = folder / "s" / "zarr.json"
    held = json.loads(place.read_text(encoding="utf-8"))
    wrong = json.loads(held["attributes"]["thresholds"]) | {"growth": 7.0}
    held["attributes"]["thresholds"] = json.dumps(wrong)
    place.write_text(json.dumps(held), encoding="utf-8")


def interrupted_relabelling(folder):
    zarr.open_array(folder / "s" / "regime").update_attributes({"thresholds": relabelling.BEING_CHANGED})


def thresholds_below_zero(folder):
    """As relabel once wrote them."""
    store = Store.open(folder / "s")
    relabelling.relabel(store, store.thresholds | {"chaos": -5.0})


def older_words_of_settled(folder):
    array = zarr.open_array(folder / "s" / "settled")
    array.update_attributes({"thresholds": array.attrs["thresholds"].replace("growth=1.05", "growth=1.001")})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "remedy"),
    [
        (edited_thresholds, ("relabel", "s")),
        (interrupted_relabelling, ("relabel", "s")),
        (edited_thresholds, ("run", "s.toml", "-o", "s", "--check")),
        (thresholds_below_zero, ("relabel", "s")),
        (older_words_of_settled, ("run", "s.toml", "-o", "s", "--check")),
        (interrupted_relabelling, ("run", "s.toml", "-o", "s", "--check")),
    ],
)
def test_edited_thresholds_are_not_believed_and_relabel_heals_them(folder, two, harm, remedy):
    harm(folder)
    with xr.open_zarr(two / "s") as whole:
        np.testing.assert_array_equal(eos_sweep.open_sweep(folder / "s").regime, whole.regime)
    told = command("status", "s", "--check", cwd=folder)
    assert told.returncode == 1 and "eos-sweep relabel" in told.stderr
    assert json.loads(command("status", "s", "--json", cwd=folder).stdout)["thresholds"]["growth"] != 7.0
    assert command(*remedy, cwd=folder).returncode == 0
    assert command("status", "s", "--check", cwd=folder).returncode == 0
    with xr.open_zarr(two / "s") as whole, xr.open_zarr(folder / "s") as healed:
        assert healed.attrs["thresholds"] == whole.attrs["thresholds"]
    assert numbers(folder / "s") == numbers(two / "s")


@pytest.mark.parametrize("name", [
    "eta", *(pytest.param(name, marks=pytest.mark.slow) for name in ("alpha", "radius", "lambda1")),
])  # fmt: skip
def test_a_coordinate_with_other_values_is_found_and_written_anew(folder, two, name):
    array = zarr.open_array(folder / "s" / name)
    array[...] = array[...] * 14
    with pytest.raises(InputError, match=f"{name} has other values than in its spec; eos-sweep run --check"):
        eos_sweep.open_sweep(folder / "s")
    assert audit.check(Store.open(folder / "s")).coordinates == [name]
    assert run(SPEC, folder / "s", check=True).new == 0
    assert_like(folder / "s", two / "s")
    assert audit.check(Store.open(folder / "s")) == ({}, [], "", "", [], "")


@pytest.mark.slow
def test_status_names_a_coordinate_with_other_values(folder):
    array = zarr.open_array(folder / "s" / "alpha")
    array[...] = 7.0
    told = command("status", "s", "--check", "--json", cwd=folder)
    assert told.returncode == 1 and json.loads(told.stdout)["damaged_coordinates"] == ["alpha"]
    assert "eos-sweep: alpha: not what the spec gives; eos-sweep run --check writes them anew\n" in told.stderr


def test_an_axis_is_compared_to_the_last_bit(folder):
    array = zarr.open_array(folder / "s" / "eta")
    array[3] = np.nextafter(array[3], 2)
    assert audit.check(Store.open(folder / "s")).coordinates == ["eta"]


def test_a_flipped_bit_of_a_coordinate_is_no_value(folder):
    place = folder / "s" / "eta" / "c" / "0"
    data = bytearray(place.read_bytes())
    data[-20] ^= 1
    place.write_bytes(data)
    with pytest.raises(ValueError, match="checksum"):
        xr.open_zarr(folder / "s")
    assert audit.check(Store.open(folder / "s")).coordinates == ["eta"]


@pytest.mark.slow
def test_a_block_that_grew_keeps_its_seal_until_it_is_computed(tmp_path):
    few = {
        **SPEC,
        "axes": {"lambda1": {"values": [1.0, 10, 100]}, "eta": [0.01, 0.1]},
        "chunks": {"lambda1": 2, "eta": 3},
    }
    more = {**few, "axes": {"lambda1": {"values": [1.0, 10, 100, 1000]}, "eta": [0.01, 0.1, 1]}}
    run(few, tmp_path / "s")
    store = prepare(Location(tmp_path / "s"), Sweep.from_dict(more), (2, 3), overwrite=False)
    assert audit.check(store).blocks == {}
    compute_block(store, (1, 0), (1, 2))  # and is lost before it is recorded
    assert audit.check(store).blocks == {(1, 0): ["seal"]}
    assert run(more, tmp_path / "s").failed == 0
    run({**more, "chunks": {"lambda1": 2, "eta": 2}}, tmp_path / "fresh")
    assert audit.check(Store.open(tmp_path / "s")) == ({}, [], "", "", [], "")
    assert_like(tmp_path / "s", tmp_path / "fresh")


def test_seals_differ_in_each_of_their_parts():
    parts = "a" * 32, (0, 1), (3, 4, 100, 5), seals.of_chunks({"x": 1, "y": 2})
    found = {
        seals.of_block(*parts),
        seals.of_block("b" * 32, *parts[1:]),
        seals.of_block(parts[0], (1, 0), *parts[2:]),
        seals.of_block(*parts[:2], (3, 4, 101, 5), parts[3]),
        seals.of_block(*parts[:3], seals.of_chunks({"x": 2, "y": 1})),
    }
    assert len(found) == 5 and all(0 <= seal < 2**63 for seal in found)
    assert seals.of_chunks({"y": 2, "x": 1}) == parts[3]


def test_a_row_says_nothing_that_its_seal_does_not_cover(tmp_path):
    store = Store.create(Location(tmp_path / "s"), Sweep.from_dict(SPEC), (3, 4))
    store.ledger.record(Row((0, 1), (3, 4), 1.0, 10, chunks=5))
    assert store.ledger.seal_holds((0, 1), 5) and not store.ledger.seal_holds((0, 1), 6)
    store.ledger.record(Row((0, 1), (3, 4), 1.0, 10, chunks=7))
    assert store.ledger.steps[0, 1] == 20 and store.ledger.seal_holds((0, 1), 7)
    store.ledger.record(Row((0, 1), (3, 4), 1.0, 10, chunks=7, anew=True))
    assert store.ledger.steps[0, 1] == 10 and store.ledger.seconds[0, 1] == 1.0


@pytest.mark.slow
def test_lost_rows_of_the_ledger_are_told_and_their_blocks_computed_again(folder, caplog):
    store, whole = folder / "s", numbers(folder / "s")
    (store / "ledger" / "blocks" / "c" / "0" / "0" / "0").unlink()
    checked = command("status", "s", "--check", cwd=folder)
    assert checked.returncode == 1 and "the rows of 48 trajectories are lost in its ledger" in checked.stderr
    run(SPEC, store)
    assert "the rows of 48 trajectories are lost" in caplog.text
    assert numbers(store) == whole and not audit.check(Store.open(store)).ledger
