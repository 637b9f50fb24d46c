"""Stores with observables and regimes of a user's own: run, resumed, relabelled, opened by others, drawn, verified."""

import json
import shutil

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis import one_cell
from eos_sweep.checks.labels.budget import budget
from eos_sweep.checks.labels.verification import verify
from eos_sweep.errors import InputError, SpecError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import audit
from eos_sweep.store.store import Store
from helpers.stores import command, strict

pytestmark = pytest.mark.slow

# L = a1 theta^2 / 2 from theta = 1: theta_k = (1 - eta a1)^k.
SPEC = {
    "model": "quadratic",
    "steps": 40,
    "axes": {"eta": {"linear": [0.1, 2.3, 12]}, "a1": {"linear": [0.5, 1.5, 5]}},
    "initial": {"theta1": 1},
    "observables": {
        "stored": [*regimes.REQUIRED, "loss_growth"],
        "peak": "max(loss / loss_initial)",
        "fell": "first(loss < loss_initial / 10)",
    },
    "regimes": {
        "quick": "fell < 3",
        "grows": {"rule": "peak > 1 and eta * a1 > 2", "before": "divergence", "colour": "#FF2D8D"},
    },
    "chunks": {"eta": 6},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "own.zarr"
    eos_sweep.run(Sweep.from_dict(SPEC), path, threads=1)
    return path


@pytest.fixture
def own(made, tmp_path):
    return shutil.copytree(made, tmp_path / "own.zarr")


def expected(dataset):
    """What the rules of SPEC say: of factors r = (1 - eta a1)^2 of the loss."""
    ratio = ((1 - dataset.eta * dataset.a1) ** 2).values
    fell = np.ceil(np.log(0.1) / np.log(np.clip(ratio, 1e-300, 0.999)))
    return np.where(ratio > 1, "grows", np.where((ratio < 1) & (fell < 3), "quick", "other"))


def names_of(dataset):
    meanings = dict(
        zip(dataset.regime.attrs["flag_values"], dataset.regime.attrs["flag_meanings"].split(), strict=True)
    )
    return np.vectorize(meanings.get)(dataset.regime.values)


def test_they_are_what_theory_says(made):
    dataset = eos_sweep.open_sweep(made).load()
    ratio = ((1 - dataset.eta * dataset.a1) ** 2).values
    peak = np.maximum(ratio**40, 1.0)
    bounded = peak < 1e30  # beyond that a run has diverged before
    np.testing.assert_allclose(dataset.peak.values[bounded], peak[bounded], rtol=1e-10)
    names = names_of(dataset)
    assert (np.where(np.isin(names, ["grows", "quick"]), names, "other") == expected(dataset)).all()
    assert {"grows", "quick", "sign_flip", "stable"} == set(names.ravel())
    assert dataset.fell.attrs["flag_meanings"] == "not_computed never"


def test_a_stranger_sees_the_same(made):
    plain, ours = xr.open_zarr(made), eos_sweep.open_sweep(made)
    assert (plain.regime.values == ours.regime.values).all() and plain.regime.attrs["flag_meanings"].endswith("grows")
    assert plain.peak.attrs["long_name"] == "max(loss/loss_initial)"
    np.testing.assert_array_equal(eos_sweep.label(ours).values, ours.regime.values)
    np.testing.assert_array_equal(eos_sweep.label(ours, growth=1.05).values, ours.regime.values)
    assert audit.check(Store.open(made)).blocks == {}


def test_labels_again_with_other_rules_take_no_step(own):
    before = eos_sweep.open_sweep(own).load()
    steps = Store.open(own).ledger.steps.sum()
    again = ["--regime", "quick=", "--regime", 'late={rule = "fell >= 3 and eta < 1", after = "grows"}']
    done = command("relabel", own, *again, "--json", cwd=own.parent)
    found = json.loads(done.stdout, parse_constant=strict)
    assert found["regimes"]["late"] == "fell >= 3 and eta < 1" and found["changed"] > 10
    assert all(move.split(" -> ")[0] in ("quick", "stable", "sign_flip") for move in found["moves"])
    after = eos_sweep.open_sweep(own).load()
    assert Store.open(own).ledger.steps.sum() == steps
    names = names_of(after)
    assert ((names == "late") == ((before.fell >= 3) & (before.eta < 1)).values).all() and (names == "late").any()
    assert (names[(names_of(before) == "grows")] == "grows").all() and "quick" not in names
    assert audit.check(Store.open(own)).blocks == {}
    assert after.regime.attrs["flag_values"][-2:] == [65, 66], "grows keeps its code"
    assert "relabelled" in after.attrs["history"] and "late: fell >= 3" in after.attrs["history"]
    assert command("run", tomled(own, SPEC), "-o", own, cwd=own.parent).returncode == 0, "and the run is still done"


def tomled(own, spec):
    path = own.parent / "own.json.toml"
    lines = [f'model = "quadratic"\nsteps = {spec["steps"]}\n']
    for table in ("axes", "initial", "observables", "regimes", "chunks"):
        lines.append(f"[{table}]\n")
        lines += [f"{name} = {inline(value)}\n" for name, value in spec[table].items()]
    path.write_text("".join(lines))
    return path


def inline(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


def test_a_rule_of_what_is_not_stored_is_refused_and_nothing_changes(own):
    before = eos_sweep.open_sweep(own).load()
    done = command("relabel", own, "--regime", "mine=tail_max > 1", cwd=own.parent)
    assert done.returncode == 2 and "the regime rules read tail_max, which is not stored" in done.stderr
    done = command("relabel", own, "--regime", "mine=tial_max > 1", cwd=own.parent)
    assert done.returncode == 2 and "did you mean 'tail_max'?" in done.stderr
    assert eos_sweep.open_sweep(own).load().identical(before)


def test_an_unfinished_store_goes_on_with_its_rules(made, own):
    whole = eos_sweep.open_sweep(made).load()
    shutil.rmtree(own)
    small = Sweep.from_dict(SPEC | {"axes": SPEC["axes"] | {"eta": whole.eta.values[:6].tolist()}})
    eos_sweep.run(small, own, threads=1)
    eos_sweep.run(Sweep.from_dict(SPEC | {"axes": SPEC["axes"] | {"eta": whole.eta.values.tolist()}}), own, threads=1)
    grown = eos_sweep.open_sweep(own).load()
    for name in ("regime", "peak", "fell"):
        assert (grown[name].values.tobytes()) == whole[name].values.tobytes(), name
    with pytest.raises(SpecError, match="labelled with other regimes of its own"):
        eos_sweep.run(Sweep.from_dict(SPEC | {"regimes": {"other": "fell < 9"}}), made, threads=1)
    changed = SPEC["observables"] | {"peak": "max(loss)"}
    with pytest.raises(SpecError, match="holds another sweep") as error:
        eos_sweep.run(Sweep.from_dict(SPEC | {"observables": changed}), made, threads=1)
    assert "observables.peak: max(loss/loss_initial) -> max(loss)" in str(error.value)


def test_exact_arithmetic_and_twice_the_budget_know_the_rules(made):
    report = verify(made, 12, workers=1)
    assert {one.verdict for one in report.verdicts.values()} == {"agree"}
    assert {"grows", "quick"} <= {one.exact for one in report.verdicts.values()}
    assert budget(made, None).changed().value < 0.2


def test_one_cell_and_a_boundary_know_the_rules(made):
    dataset = eos_sweep.open_sweep(made).load()
    facts, _ = one_cell.report(made, {}, {"eta": 11, "a1": 4})
    assert facts["observables"]["regime"] == "grows" and all(facts["stored"].values())
    edges = eos_sweep.boundary(dataset, "eta", "grows", rtol=1e-8)
    above = 2 / dataset.a1.values < 2.3
    np.testing.assert_allclose(edges.edge.values[above, 0], 2 / dataset.a1.values[above], rtol=1e-6)
    with pytest.raises(InputError, match="grows"):
        eos_sweep.boundary(dataset, "eta", "grow")


def test_the_legend_and_the_map_show_them(made):
    dataset = eos_sweep.open_sweep(made).load()
    ax = plot.regime_map(dataset, "eta", "a1", lines=False)
    words = [text.get_text().partition("  ")[0] for text in ax.get_legend().get_texts()]
    patches = dict(zip(words, ax.get_legend().get_patches(), strict=True))
    assert set(words) == {"sign flip", "stable", "quick", "grows"}
    assert patches["grows"].get_facecolor()[:3] == pytest.approx((1.0, 0x2D / 255, 0x8D / 255))
    assert patches["grows"].get_hatch() is None and patches["quick"].get_hatch()
