"""A store that has lost a file of its metadata loses nothing else: it is rebuilt where that is certain, or refused."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

import eos_sweep
from eos_sweep.errors import InputError, SpecError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import audit, prepare
from eos_sweep.store.location import Location
from eos_sweep.store.states import CREATING, REMOVING
from eos_sweep.store.store import Store
from helpers.runs import assert_like, run
from helpers.stores import FEW, changed, command, contents, toml

SPEC = changed(
    axes={"lambda1": {"log": [1, 1e4, 4]}, "eta": {"log": [1e-3, 30, 6]}},
    chunks={"lambda1": 2, "eta": 6},
    observables=FEW,
)
LARGER = {**SPEC, "axes": {**SPEC["axes"], "lambda1": {"log": [1, 1e4, 5]}}}
OTHER = {**SPEC, "steps": 999}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "s"
    run(SPEC, path)
    return path


@pytest.fixture
def stored(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "s")
    return tmp_path / "s"


def attribute(**values):
    def edit(root):
        held = json.loads(root.read_text(encoding="utf-8"))
        held["attributes"].update(values)
        root.write_text(json.dumps(held), encoding="utf-8")

    return edit


LOST = {
    "missing": lambda root: root.unlink(),
    "empty": lambda root: root.write_bytes(b""),
    "cut": lambda root: root.write_bytes(root.read_bytes()[:500]),
    "another file": lambda root: root.write_text('{"zarr_format": 3, "node_type": "group"}'),
}


@pytest.mark.parametrize("harm", LOST)
def test_a_lost_root_is_written_anew_by_the_same_run(stored, whole, harm, caplog):
    LOST[harm](stored / "zarr.json")
    with pytest.raises(InputError, match="zarr.json is lost or damaged; eos-sweep run of its spec writes it anew"):
        eos_sweep.open_sweep(stored)
    assert run(SPEC, stored).new == 0
    assert "its zarr.json was lost or damaged; it is written anew from the spec" in caplog.text
    assert_like(stored, whole)
    assert audit.check(Store.open(stored)) == ({}, [], "", "", [], "")
    with xr.open_zarr(stored) as found, xr.open_zarr(whole) as expected:
        differing = {name for name, value in expected.attrs.items() if found.attrs[name] != value}
        assert set(found.attrs) == set(expected.attrs) and differing <= {"history", "created"}


@pytest.mark.slow
def test_the_command_says_that_it_writes_a_root_anew(stored, whole):
    (stored / "zarr.json").unlink()
    toml(stored.parent / "s.toml", SPEC)
    done = command("run", "s.toml", "-o", "s", "--json", cwd=stored.parent)
    assert done.returncode == 0 and json.loads(done.stdout)["new"] == 0
    assert "it is written anew from the spec" in done.stderr
    assert_like(stored, whole)


def test_a_lost_root_of_an_unfinished_and_relabelled_store_loses_nothing(stored, whole):
    store = Store.open(stored)
    store.write_thresholds(store.thresholds | {"growth": 1.5})
    store.ledger.forget([(1, 0)])
    identity = store.group.attrs["store_id"]
    (stored / "zarr.json").unlink()
    assert run(SPEC, stored).new == 12
    assert Store.open(stored).thresholds["growth"] == 1.5 and Store.open(stored).group.attrs["store_id"] == identity


@pytest.mark.parametrize("spec", [OTHER, LARGER])
def test_a_lost_root_is_not_written_from_another_spec(stored, spec):
    (stored / "zarr.json").unlink()
    before = contents(stored)
    with pytest.raises(InputError, match="holds another sweep; run the spec with which it was last run"):
        run(spec, stored)
    assert contents(stored) == before


@pytest.mark.parametrize("name", ["crossings/zarr.json", "ledger/blocks/zarr.json", "ledger/zarr.json"])
@pytest.mark.parametrize("root", ["there", "lost"])
def test_other_lost_metadata_are_refused_in_a_line_and_nothing_is_touched(stored, name, root):
    (stored / name).unlink()
    if root == "lost":
        (stored / "zarr.json").unlink()
    before = contents(stored)
    for attempt in (lambda: run(SPEC, stored), lambda: run(OTHER, stored), lambda: eos_sweep.open_sweep(stored)):
        with pytest.raises(InputError) as caught:
            attempt()
        assert len(str(caught.value).splitlines()) == 1
    assert contents(stored) == before


@pytest.mark.parametrize(("name", "value"), [("store_id", "f" * 32), ("spec_hash", None), ("model_digest", "0" * 16)])
def test_a_root_of_another_store_or_state_is_refused_with_the_remedy(stored, whole, name, value):
    if name == "spec_hash":  # a root with its own spec
        value = Sweep.from_dict(OTHER).hash
        attribute(spec=json.dumps(Sweep.from_dict(OTHER).to_dict()))(stored / "zarr.json")
    attribute(**{name: value})(stored / "zarr.json")
    before = contents(stored)
    for attempt in (lambda: run(SPEC, stored), lambda: eos_sweep.open_sweep(stored)):
        with pytest.raises(InputError, match="another state of this one, than the ledger .* remove zarr.json and run"):
            attempt()
    assert contents(stored) == before
    (stored / "zarr.json").unlink()  # as it says
    assert run(SPEC, stored).new == 0
    assert_like(stored, whole)


def test_a_root_without_the_identity_of_its_store_is_refused_with_the_remedy(stored):
    held = json.loads((stored / "zarr.json").read_text(encoding="utf-8"))
    del held["attributes"]["store_id"]
    (stored / "zarr.json").write_text(json.dumps(held), encoding="utf-8")
    for attempt in (lambda: run(SPEC, stored), lambda: eos_sweep.open_sweep(stored)):
        with pytest.raises(InputError, match="store_id None, not '.*; put its copy back, or remove zarr.json"):
            attempt()


def test_the_root_of_a_store_before_it_was_extended_is_no_root(tmp_path):
    few = {**SPEC, "axes": {"lambda1": {"values": [1.0, 10]}, "eta": [0.01, 0.1]}, "chunks": {}}
    more = {**few, "axes": {"lambda1": {"values": [1.0, 10, 100]}, "eta": [0.01, 0.1]}}
    run(few, tmp_path / "s")
    old = (tmp_path / "s" / "zarr.json").read_bytes()
    run(more, tmp_path / "s")
    shutil.copytree(tmp_path / "s", tmp_path / "extended")
    (tmp_path / "s" / "zarr.json").write_bytes(old)
    for spec in (few, more):
        with pytest.raises(InputError, match="remove zarr.json and run the same spec again|damaged"):
            run(spec, tmp_path / "s")
    (tmp_path / "s" / "zarr.json").unlink()
    assert run(more, tmp_path / "s").new == 0
    assert_like(tmp_path / "s", tmp_path / "extended")


def test_a_root_that_says_that_results_are_being_created_deletes_nothing(stored, whole):
    (stored / "zarr.json").write_text(
        json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {"eos_sweep": CREATING}})
    )
    before = contents(stored)
    with pytest.raises(InputError, match="remove zarr.json and run"):
        run(SPEC, stored)
    assert contents(stored) == before
    (stored / "zarr.json").unlink()
    assert run(SPEC, stored).new == 0
    assert_like(stored, whole)


def test_chunks_without_a_ledger_are_kept_until_they_are_overwritten(stored, whole):
    (stored / "zarr.json").unlink()
    shutil.rmtree(stored / "ledger")
    before = contents(stored)
    with pytest.raises(InputError, match="its ledger does not say of which sweep it is; .* --overwrite"):
        run(SPEC, stored)
    assert contents(stored) == before
    assert run(SPEC, stored, overwrite=True).new == 24
    assert_like(stored, whole)


def test_leftovers_without_results_are_removed(tmp_path, whole):
    shutil.copytree(whole, tmp_path / "s", ignore=shutil.ignore_patterns("c", "ledger"))
    (tmp_path / "s" / "zarr.json").rename(tmp_path / "s" / f"zarr.{'0' * 32}.partial")
    assert run(SPEC, tmp_path / "s").new == 24
    assert_like(tmp_path / "s", whole)


def test_an_interrupted_removal_goes_on(stored, whole):
    attribute(eos_sweep=REMOVING)(stored / "zarr.json")
    shutil.rmtree(stored / "eta")
    assert run(SPEC, stored).new == 24
    assert_like(stored, whole)


ANOTHER = {  # a model with other axes and inputs
    "model": "quadratic",
    "steps": 20,
    "observables": ["steps_taken"],
    "axes": {"eta": [0.1, 0.2], "a1": [1, 2]},
    "initial": {"theta1": 1},
}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(("fails", "after"), [("remove", 3), ("replace", 1), ("replace", 9)])
def test_a_replacement_of_another_sweep_that_was_interrupted_is_finished(
    tmp_path, monkeypatch, overwrite, fails, after
):
    """As by a kill in the removal of the old sweep, or in the creation of one that the user then gives up."""
    place, calls = {"remove": Location, "replace": os}[fails], iter(range(100))
    method, new = getattr(place, fails), SPEC
    run(ANOTHER, tmp_path / "s")

    def interrupted(*args, **kwargs):
        if (fails == "remove" or tmp_path in Path(args[-1]).parents) and next(calls) == after:
            raise KeyboardInterrupt
        return method(*args, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(place, fails, interrupted)
        patch.setattr(prepare, "discard", lambda location, sweep: None)
        run(SPEC, tmp_path / "s", overwrite=True)
    if fails == "replace":
        new = ANOTHER
    run(new, tmp_path / "s", overwrite=overwrite)
    run(new, tmp_path / "fresh")
    assert_like(tmp_path / "s", tmp_path / "fresh")


def test_arrays_of_others_are_never_taken_for_leftovers(tmp_path):
    for name in ("eta", "lambda1"):  # named as axes of the sweep
        zarr.create_array(tmp_path / "s" / name, data=np.arange(4.0), chunks=(2,))
    before = contents(tmp_path / "s")
    for overwrite in (False, True):
        with pytest.raises(SpecError, match="something other than a sweep"):
            run(SPEC, tmp_path / "s", overwrite=overwrite)
    assert contents(tmp_path / "s") == before
