"""A run takes over what another store has, bit for bit, and computes the rest; other stores are only read."""

import shutil

import numpy as np
import pytest

import eos_sweep
from eos_sweep.errors import InputError, SpecError, Stopped
from eos_sweep.runtime.rests import random_cells, rests
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import reuse
from eos_sweep.store.reuse import OVERLAPS, Source, open_source
from eos_sweep.store.store import Store
from helpers.runs import run
from helpers.stores import FEW, SPEC, changed, command, contents, ledger, numbers, toml

ETA, LAMBDA = [0.01, 0.1, 1.0, 10.0], [1.0, 10.0, 100.0]
SMALL = {"axes": {"lambda1": LAMBDA, "eta": ETA}, "chunks": {"lambda1": 2, "eta": 3}, "steps": 60, "observables": FEW}


def small(**changes):
    return changed(**{**SMALL, **changes})


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    path = tmp_path_factory.mktemp("old") / "s"
    run(small(), path)
    return path


def is_fresh(path, spec, place):
    """Return whether a store has the bits of a fresh run."""
    run(spec, place / "fresh")
    return numbers(path) == numbers(place / "fresh")


CHANGES = {
    "values in between": ({"axes": {"lambda1": LAMBDA, "eta": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]}}, 12),
    "values before, after and on both axes": (
        {"axes": {"lambda1": [0.1, *LAMBDA, 1000.0], "eta": [0.001, *ETA, 20.0]}, "chunks": {"lambda1": 3, "eta": 2}},
        12,
    ),
    "some of the values, in another order": ({"axes": {"lambda1": [100.0, 1.0], "eta": [10.0, 0.01, 1.0]}}, 6),
    "other axes first": ({"axes": {"eta": ETA, "lambda1": LAMBDA}, "chunks": {"eta": 4}}, 12),
    "a new axis": (
        {"axes": {"lambda2": [0.01, 0.02], "lambda1": LAMBDA, "eta": ETA}, "parameters": {"radius": "liu2025"}},
        12,
    ),
    "an axis that is a number now": (
        {
            "axes": {"eta": [*ETA, 20.0]},
            "parameters": {"lambda1": 10, "lambda2": 0.01, "radius": "liu2025"},
            "chunks": {"eta": 2},
        },
        4,
    ),
    "seeds that change nothing": ({"axes": {"seed": [0, 1], "lambda1": LAMBDA, "eta": [0.1, 0.2]}}, 6),
    "other chunks": ({"chunks": {"lambda1": 3, "eta": 1}}, 12),
    "fewer bits": ({"dtype": "float32"}, 12),
}


AT_ONCE = "values before, after and on both axes", "a new axis"


@pytest.mark.parametrize(
    "change", [change if change in AT_ONCE else pytest.param(change, marks=pytest.mark.slow) for change in CHANGES]
)
def test_what_is_there_is_taken_over(tmp_path, old, change):
    changes, count = CHANGES[change]
    spec = small(**changes)
    if "parameters" in changes:
        spec["parameters"] = changes["parameters"]
    before = contents(old)
    done = run(spec, tmp_path / "s", reuse=old)
    assert (done.new, done.reused) == (done.total, count) and done.failed == 0
    assert is_fresh(tmp_path / "s", spec, tmp_path)
    assert done.steps == ledger(tmp_path / "s")[2].sum() < ledger(tmp_path / "fresh")[2].sum() + (count == done.total)
    assert done.steps == 0 or count < done.total
    assert contents(old) == before
    assert run(spec, tmp_path / "s")[:3] == (done.total, done.total, 0)


def test_only_missing_observables_are_computed(tmp_path):
    spec = small(observables=["steps_taken"])
    run(spec, tmp_path / "old")
    more = small(axes={"lambda1": LAMBDA, "eta": [*ETA, 20.0]})
    done = run(more, tmp_path / "s", reuse=[tmp_path / "old"])
    assert (done.total, done.reused) == (15, 12) and done.steps > 0
    assert is_fresh(tmp_path / "s", more, tmp_path)


@pytest.mark.slow
def test_labels_follow_the_thresholds_of_the_new_spec(tmp_path, whole):
    spec = changed(thresholds={"growth": 1.5}, chunks={"lambda1": 24})
    done = run(spec, tmp_path / "s", reuse=whole)
    assert (done.reused, done.steps) == (600, 0)
    run(SPEC, tmp_path / "t", reuse=whole)
    assert numbers(tmp_path / "t") == numbers(whole)
    found, before = (eos_sweep.open_sweep(path) for path in (tmp_path / "s", whole))
    np.testing.assert_array_equal(found.regime, eos_sweep.label(before, growth=1.5))
    assert (found.regime != before.regime).any()


@pytest.mark.slow
def test_several_stores_are_put_together(tmp_path, old):
    other = small(axes={"lambda1": [10.0, 1000.0], "eta": [*ETA, 20.0]})
    run(other, tmp_path / "other")
    both = small(axes={"lambda1": [*LAMBDA, 1000.0], "eta": [*ETA, 20.0]})
    done = run(both, tmp_path / "s", reuse=[old, tmp_path / "other"])
    assert (done.total, done.reused) == (20, 12 + 1 + 5)
    assert is_fresh(tmp_path / "s", both, tmp_path)


def test_what_two_sweeps_share_is_found_once_in_a_run_by_threads(tmp_path, old, monkeypatch):
    found, original = [], reuse.shared
    monkeypatch.setattr(reuse, "shared", lambda *sweeps: found.append(sweeps) or original(*sweeps))
    for last in (7.1, 7.2, 7.3, 7.4, 7.5):
        spec = small(axes={"lambda1": LAMBDA, "eta": [*ETA, last * 10]})
        assert run(spec, tmp_path / str(last), reuse=old, threads=2).reused == 12
    assert len(found) == 5
    assert OVERLAPS < 5
    run(small(axes={"lambda1": LAMBDA, "eta": [*ETA, 71.0]}), tmp_path / "again", reuse=old)
    assert len(found) == 6, "the oldest one was forgotten"


def test_what_is_not_done_or_damaged_is_computed(tmp_path, old, caplog):
    shutil.copytree(old, tmp_path / "old")
    chunk = tmp_path / "old" / "crossings" / "c" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-5])
    store = Store.open(tmp_path / "old")
    store.ledger.forget([(1, 1)])
    spec = small(chunks={"lambda1": 3, "eta": 4})
    done = run(spec, tmp_path / "s", reuse=tmp_path / "old")
    assert done.reused == 12 - 6 - 1
    assert "crossings of block (0, 0) is damaged, and not reused" in caplog.text
    assert is_fresh(tmp_path / "s", spec, tmp_path)


def test_a_store_that_is_deleted_or_replaced_is_noticed(tmp_path, old):
    shutil.copytree(old, place := tmp_path / "old")
    source = Source(open_source(place), Sweep.from_dict(small()))
    everything = (slice(0, 3), slice(0, 4)), np.ones((3, 4), bool)
    assert source.take(*everything)[0].tolist() == list(range(12))
    shutil.rmtree(place)
    with pytest.raises(Stopped, match="was deleted or replaced"):
        source.take(*everything)
    run(small(steps=61), place)
    with pytest.raises(Stopped, match="was deleted or replaced"):
        source.take(*everything)


@pytest.mark.parametrize(("changes", "line"), [
    ({"steps": 61}, "steps: 60 -> 61"),
    ({"steps": 61}, "the state of a trajectory at its last step is not stored"),
    ({"tolerance": 0.0}, "tolerance: 1e-20 -> 0"),
    ({"axes": {"lambda1": [2.0], "eta": ETA}}, "none of its lambda1"),
])  # fmt: skip
def test_what_cannot_be_reused_is_said_before_anything_is_made(tmp_path, old, changes, line):
    with pytest.raises(SpecError, match=line) as caught:
        run(small(**changes), tmp_path / "s", reuse=old)
    assert "run without --reuse" in str(caught.value) and not (tmp_path / "s").exists()


def test_a_place_that_cannot_be_reused_is_named(tmp_path, old):
    with pytest.raises(InputError, match="no sweep is stored here"):
        run(small(), tmp_path / "s", reuse=tmp_path / "nothing")
    shutil.copytree(old, tmp_path / "s")
    with pytest.raises(InputError, match="is the store of this run"):
        run(small(), tmp_path / "s", reuse=tmp_path / "s")


@pytest.mark.slow
def test_the_command_line_says_what_was_reused(tmp_path, old):
    toml(tmp_path / "s.toml", small(axes={"lambda1": LAMBDA, "eta": [0.001, *ETA]}))
    done = command("run", "s.toml", "--reuse", old, cwd=tmp_path)
    assert done.returncode == 0 and "15 of 15 trajectories, 3 new, 12 reused" in done.stdout, done.stderr


def test_a_store_in_memory_or_a_zip_gives_what_it_has_and_only_a_folder_grows(tmp_path, old):
    archive = eos_sweep.export(old, tmp_path / "old.zarr.zip")
    more = small(axes={"lambda1": LAMBDA, "eta": [0.001, *ETA]})
    place, other = f"memory://{tmp_path.name}/first.zarr", f"memory://{tmp_path.name}/second.zarr"
    assert run(small(), place, reuse=archive).reused == 12
    with pytest.raises(InputError, match="only a folder can grow in place; give another place, and --reuse memory://"):
        run(more, place)
    assert run(more, other, reuse=place).reused == 12


@pytest.mark.slow
def test_processes_take_over_the_same(tmp_path, whole):
    spec = changed(axes={"lambda1": {"log": [1, 1e4, 47]}, "eta": {"log": [1e-3, 30, 49]}})
    run(spec, tmp_path / "s", reuse=whole)
    done = run(spec, tmp_path / "t", reuse=whole, workers=2)
    assert done.reused == 600 and numbers(tmp_path / "s") == numbers(tmp_path / "t")


@pytest.mark.parametrize("change", [pytest.param(change, marks=pytest.mark.slow) for change in CHANGES])
def test_a_plan_counts_what_a_run_would_reuse_and_compute(tmp_path, old, change):
    changes, count = CHANGES[change]
    spec = small(**changes) | ({"parameters": changes["parameters"]} if "parameters" in changes else {})
    plan = eos_sweep.plan(Sweep.from_dict(spec), reuse=old)
    done = run(spec, tmp_path / "s", reuse=old)
    assert plan.reused == done.reused == count and plan.trajectories == done.total
    assert plan.steps > 0 or done.total == count
    assert (plan.seconds > 0) is (plan.steps > 0)


def test_a_plan_of_what_is_stored_has_nothing_left(old):
    plan = eos_sweep.plan(Sweep.from_dict(small()), reuse=[old])
    assert (plan.reused, plan.steps, plan.seconds, plan.steps_per_second) == (12, 0, 0.0, 0.0)
    with pytest.raises(SpecError, match="none of its eta; run without --reuse"):
        eos_sweep.plan(Sweep.from_dict(small(axes={"eta": [0.5], "lambda1": LAMBDA})), reuse=old)


def test_random_cells_are_those_that_are_left(old):
    sweep = Sweep.from_dict(small(axes={"lambda1": [*LAMBDA, 1000.0], "eta": [0.001, *ETA]}))
    sources, shape = [Source(open_source(old), sweep)], (2, 3)
    (rest,) = rests(sweep, shape, sources)
    drawn = random_cells(sweep, shape, sources, rest, 500, seed=0)
    cells = {(float(sweep.axis("lambda1").values[i]), float(sweep.axis("eta").values[j])) for i, j in zip(
        drawn["lambda1"], drawn["eta"], strict=True)}  # fmt: skip
    every = {(one, eta) for one in sweep.axis("lambda1").values for eta in sweep.axis("eta").values}
    assert rest.size == 20 - 12 and cells == every - {(one, eta) for one in LAMBDA for eta in ETA}


def test_another_observable_alone_is_what_is_left_of_known_cells(old):
    sweep = Sweep.from_dict(small(observables=[*FEW, "loss_final"]))
    (rest,) = rests(sweep, (3, 4), [Source(open_source(old), sweep)])
    assert rest.variables == ("loss_final",) and rest.size == 12
    found = eos_sweep.plan(sweep, reuse=old)
    assert found.reused == 12 and found.steps > 0


def test_a_sweep_from_python_reuses_too(old, tmp_path):
    spec = small(axes={"lambda1": LAMBDA, "eta": [*ETA, 20.0]})
    given = {key: spec[key] for key in ("model", "axes", "parameters", "initial", "steps", "observables")}
    told = []
    found = eos_sweep.sweep(**given, reuse=old, report=told.append)
    assert told[-1].reused == 12 and found.sizes["eta"] == 5
    fresh = eos_sweep.sweep(**given)
    for name in fresh.data_vars:
        np.testing.assert_array_equal(found[name], fresh[name])
