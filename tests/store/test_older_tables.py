"""Stores that were made before observables or regime rules were added."""

import shutil
from pathlib import Path

import pytest
import zarr

import eos_sweep
from eos_sweep import observables, regimes
from eos_sweep.errors import InputError, SpecError
from eos_sweep.observables import loss_rises
from eos_sweep.spec.overlap import contains
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import audit, relabelling
from eos_sweep.store.location import Location
from eos_sweep.store.states import EXTENDING
from eos_sweep.store.store import Store
from helpers.runs import assert_like, run
from helpers.stores import changed, contents

SMALL = changed(
    axes={"lambda1": {"values": [1.0, 100, 1e4]}, "eta": {"log": [1e-3, 30, 8]}}, chunks={"lambda1": 2, "eta": 4}
)
LARGER = {**SMALL, "axes": {**SMALL["axes"], "lambda1": {"values": [1.0, 100, 1e4, 1e5]}}}


@pytest.fixture
def stored(tmp_path):
    """Return a store, empty, that asks for groups of observables."""
    sweep = Sweep.from_dict(changed(observables=["default", "all", "doubled"]))
    Store.create(Location(tmp_path / "s"), sweep, (7, 8))
    return tmp_path / "s"


@pytest.fixture
def labelled_before(tmp_path, monkeypatch):
    """Return a store whose labels are of older regime rules, by which no weight flips."""
    rules = [rule._replace(words="never", holds=lambda o, t: o.sign_flips < 0) for rule in regimes.RULES[1:2]]
    with monkeypatch.context() as patch:
        patch.setattr(regimes, "RULES", (regimes.RULES[0], *rules, *regimes.RULES[2:]))
        run(SMALL, tmp_path / "s")
    return tmp_path / "s"


@pytest.fixture
def new_observable(tmp_path, monkeypatch):
    """Add an observable to the table."""
    source = Path(loss_rises.__file__).read_text(encoding="utf-8").replace('"loss_rises"', '"rises"')
    (tmp_path / "my_rises.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(observables.TABLE, "rises", observables.Row("my_rises", observables.BY_DEFAULT))


def test_a_store_opens_after_its_groups_of_observables_have_gained_a_member(stored, request):
    before = eos_sweep.open_sweep(stored)
    request.getfixturevalue("new_observable")
    assert "rises" in Sweep.from_dict(changed(observables=["all"])).variables
    after = eos_sweep.open_sweep(stored)
    assert set(after) == set(before) and "rises" not in after and "settled" in after
    now = Sweep.from_dict(changed(observables=["default", "all", "doubled"]))
    assert contains(Store.open(stored).sweep, now), "a run of the same spec adds it"


def test_a_variable_that_is_lost_is_still_missed(stored, new_observable):
    shutil.rmtree(stored / "loss_rises")
    with pytest.raises(InputError, match="damaged: loss_rises"):
        eos_sweep.open_sweep(stored)


def test_a_regime_rule_that_reads_something_new_leaves_the_store_readable(tmp_path, monkeypatch, caplog):
    """Its regimes are those of other regime rules, which is said."""
    sweep = Sweep.from_dict(changed(observables=list(regimes.REQUIRED)))
    Store.create(Location(tmp_path / "s"), sweep, (7, 8))
    assert "regime" in eos_sweep.open_sweep(tmp_path / "s") and not caplog.text
    rule = regimes.RULES[-1]._replace(reads=("loss_rises",))
    monkeypatch.setattr(regimes, "RULES", (*regimes.RULES[:-1], rule))
    found = eos_sweep.open_sweep(tmp_path / "s")
    assert "regime" not in found and "outcome" in found
    assert "the regime rules now read loss_rises, not stored there" in caplog.text


def forgotten(store):
    Store.open(store).ledger.forget([(1, 0)])


def damaged(store):
    (store / "regime" / "c" / "0" / "0").write_bytes(b"")


def no_codes(store):
    array = zarr.open_array(store / "regime")
    array[...] = array[...] * 0 + 100


def assert_labelled_alike(store, spec):
    run(spec, store.with_name("fresh"))
    assert_like(store, store.with_name("fresh"))
    assert audit.check(Store.open(store)) == ({}, [], "", "", [], "")


@pytest.mark.slow
@pytest.mark.parametrize(("harm", "spec"), [(forgotten, SMALL), (lambda store: None, LARGER)])
def test_labels_of_other_rules_are_not_mixed_with_those_of_the_present_ones(labelled_before, harm, spec):
    assert run(SMALL, labelled_before).new == 0, "what is finished is left alone"
    harm(labelled_before)
    before = contents(labelled_before)
    with pytest.raises(
        SpecError, match="regime in it is labelled by other rules; first eos-sweep relabel .*/s, then run it again"
    ):
        run(spec, labelled_before)
    changed_files = {name for name, data in contents(labelled_before).items() if before.get(name) != data}
    assert not changed_files
    relabelling.relabel(Store.open(labelled_before), Store.open(labelled_before).thresholds)
    run(spec, labelled_before)
    assert_labelled_alike(labelled_before, spec)


@pytest.mark.slow
@pytest.mark.parametrize("harms", [(forgotten,), (damaged,), (forgotten, damaged), (forgotten, no_codes)])
def test_a_check_labels_all_again_where_it_labels_any(labelled_before, harms, caplog):
    for harm in harms:
        harm(labelled_before)
    run(SMALL, labelled_before, check=True)
    assert "regime was labelled by other rules; all is labelled again" in caplog.text
    assert_labelled_alike(labelled_before, SMALL)


@pytest.mark.slow
def test_an_interrupted_extension_of_a_store_of_other_rules_can_be_finished(labelled_before):
    zarr.open_group(labelled_before, mode="r+", use_consolidated=False).attrs["eos_sweep"] = EXTENDING
    with pytest.raises(SpecError, match="labelled by other rules; first run it with --check"):
        run(LARGER, labelled_before)
    run(LARGER, labelled_before, check=True)
    assert_labelled_alike(labelled_before, LARGER)
