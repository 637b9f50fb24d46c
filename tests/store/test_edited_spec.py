"""A spec in a store that was edited is noticed by its hash; other last bits of an axis are no edit."""

import json
import shutil

import numpy as np
import pytest

from eos_sweep.errors import SpecError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import audit, spec_hash
from eos_sweep.store.store import Store
from helpers.runs import assert_like, run
from helpers.stores import FEW, changed, command

SPEC = changed(axes={"lambda1": [1.0, 10], "eta": {"log": [1e-3, 30, 6]}}, chunks={}, observables=FEW)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "s"
    run(SPEC, path)
    return path


@pytest.fixture
def stored(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "s")
    return tmp_path / "s"


def edit(path, **changes):
    """Write another spec into the root of a store."""
    root = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
    spec = json.loads(root["attributes"]["spec"])
    root["attributes"]["spec"] = json.dumps(spec | changes)
    (path / "zarr.json").write_text(json.dumps(root), encoding="utf-8")


EDITS = {
    "steps": {"steps": 999},
    "a parameter": {"parameters": SPEC["parameters"] | {"lambda2": 0.02}},
    "an initial coordinate": {"initial": SPEC["initial"] | {"alpha": 0.4}},
    "an axis": {"axes": SPEC["axes"] | {"eta": {"log": [1e-3, 31, 6]}}},
}


@pytest.mark.parametrize("changes", EDITS.values(), ids=EDITS)
def test_an_edited_spec_is_found_and_not_run(stored, whole, changes):
    edit(stored, **changes)
    found = audit.check(Store.open(stored))
    assert found.spec == spec_hash.EDITED and not found.blocks and not found.coordinates
    for spec in (SPEC, SPEC | changes):
        with pytest.raises(SpecError, match="does not have the hash beside it, .* and run the sweep's own"):
            run(spec, stored)
    (stored / "zarr.json").unlink()  # as it says
    assert run(SPEC, stored).new == 0
    assert_like(stored, whole)
    assert audit.check(Store.open(stored)) == ({}, [], "", "", [], "")


def test_an_edited_title_or_threshold_is_no_other_sweep(stored):
    edit(stored, title="mine", chunks={"eta": 2})
    assert audit.check(Store.open(stored)).spec == ""


def test_status_says_so_and_exits_with_one(stored):
    edit(stored, steps=2000)
    told = command("status", "s", "--check", "--json", cwd=stored.parent)
    assert told.returncode == 1 and json.loads(told.stdout)["spec_problem"] == spec_hash.EDITED
    assert f"eos-sweep: {spec_hash.EDITED}\n" in told.stderr


def test_an_axis_with_other_last_bits_on_this_machine_is_no_edit(tmp_path):
    """As of a store that was made where the logarithm rounds in another way."""
    here = Sweep.from_dict(SPEC).axis("eta").values
    there = np.nextafter(here, np.where(np.arange(6) % 2, 1.0, 0.0))
    run(SPEC | {"axes": SPEC["axes"] | {"eta": there.tolist()}}, tmp_path / "s")
    edit(tmp_path / "s", axes=SPEC["axes"])
    found = audit.check(Store.open(tmp_path / "s"))
    assert found.spec == "" and not found.coordinates and "other bits on this machine" in found.unchecked[0]
    with pytest.raises(SpecError, match="its axes have other bits here than where it was created"):
        run(SPEC, tmp_path / "s")
    edit(tmp_path / "s", steps=999)
    assert audit.check(Store.open(tmp_path / "s")).spec == spec_hash.EDITED
