"""One trajectory, whole: what physics says of the reference runs, and the very bits that a sweep stores."""

import shutil

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep import regimes
from eos_sweep.analysis.one_cell import report
from eos_sweep.errors import InputError
from eos_sweep.spec.sweeps import Sweep
from helpers.stores import SPEC, changed, command, contents, strict, toml

PARAMETERS = {"lambda1": 100, "lambda2": 0.01, "eta": 0.05, "radius": "liu2025"}
START_A = {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
START_B = {**START_A, "alpha": 0.4}


@pytest.fixture(scope="module")
def run_a():
    return eos_sweep.trajectory("bivariate", PARAMETERS, START_A, steps=10_000)


@pytest.fixture(scope="module")
def run_b():
    return eos_sweep.trajectory("bivariate", PARAMETERS, START_B, steps=10_000)


@pytest.fixture(scope="module")
def diverging():
    return eos_sweep.trajectory(
        "bivariate", {**PARAMETERS, "radius": "inf", "eta": 3}, {**START_A, "beta1": 0.5}, steps=300
    )


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "s"
    eos_sweep.run(Sweep.from_dict(changed(thresholds={"growth": 1.5})), path)
    return path


def test_the_dataset_is_as_documented(run_a):
    names = {"alpha", "beta1", "beta2", "log10_abs_beta1", "loss", "loss_irrelevant", "loss_relevant"}
    assert names | {"sharpness", "flow_sharpness", "eigenvalues"} == set(run_a)
    assert all(run_a[name].dims == ("step",) and run_a[name].dtype == float for name in names)
    assert run_a.eigenvalues.dims == ("step", "eigenvalue") and run_a.sizes["eigenvalue"] == 3
    np.testing.assert_array_equal(run_a.step, np.arange(10_001))
    assert all(about.attrs["long_name"] and "units" not in about.attrs for about in run_a.variables.values())
    assert {name: float(run_a.coords[name]) for name in PARAMETERS} == {
        **PARAMETERS, "radius": pytest.approx(np.sqrt(10) / 60, rel=1e-15)
    }  # fmt: skip
    assert float(run_a.coords["clip"]) == np.inf
    assert run_a.threshold == 40.0


def test_it_starts_at_the_start(run_a):
    for name, value in START_A.items():
        assert float(run_a[name][0]) == value
    assert float(run_a.loss[0]) == pytest.approx(0.5 * 100 * 0.0057**2 + 0.005 * (0.285 - 1) ** 2, rel=1e-14)


def test_run_a_is_that_of_the_reference(run_a):
    above = run_a.sharpness.values > run_a.threshold
    assert int(above.argmax()) == 348
    assert int((above[1:] & ~above[:-1]).sum()) == 17
    assert float(run_a.sharpness.max() / 40) == pytest.approx(1.234, abs=5e-4)
    assert float(run_a.alpha[1000]) == pytest.approx(0.64019797442089178, rel=1e-12)
    assert float(run_a.beta1[1000]) == pytest.approx(1.87498195077947e-14, rel=1e-9)
    assert float(run_a.beta2[1000]) == pytest.approx(0.69516135884648928, rel=1e-12)
    assert float(run_a.alpha[10_000]) == pytest.approx(0.65963404919795940, abs=1e-6)


def test_run_b_does_not_rest_where_a_double_would(run_b):
    assert float(run_b.log10_abs_beta1[1144]) == pytest.approx(-691.3003, abs=1e-4)
    assert int(run_b.log10_abs_beta1.values.argmin()) == 1144
    assert float(run_b.beta1[1144]) == 0.0
    entry = 100 * run_b.alpha.values**2 / 40  # of beta1 in the Hessian, times eta / 2
    assert int(entry.argmax()) == 3281
    assert entry.max() == pytest.approx(2.06860422, abs=1e-6)
    assert entry.max() < float(run_b.sharpness.max() / 40) < 2.1
    assert float(run_b.alpha[10_000]) == pytest.approx(0.652085112, abs=1e-5)
    assert float(run_b.beta2[10_000]) == pytest.approx(1.416334578, abs=1e-5)


@pytest.mark.parametrize("name", ["run_a", "run_b"])
def test_the_parts_fit_together(request, name):
    run = request.getfixturevalue(name)
    np.testing.assert_allclose(run.eigenvalues[:, 0], run.sharpness, rtol=1e-12)
    assert (np.diff(run.eigenvalues, axis=1) <= 0).all()
    np.testing.assert_allclose(run.loss, run.loss_irrelevant + run.loss_relevant, rtol=1e-15)
    seen = np.abs(run.beta1.values) > 1e-300
    np.testing.assert_allclose(np.log10(np.abs(run.beta1.values[seen])), run.log10_abs_beta1[seen], atol=1e-12)
    assert np.abs(run.beta1).max() <= run.coords["radius"]


def test_a_diverging_run_has_no_numbers_after_its_end(diverging):
    defined = np.isfinite(diverging.loss.values)
    last = int(defined.sum()) - 1
    assert 0 < last < 300 and defined[: last + 1].all()
    for name, variable in diverging.data_vars.items():
        assert np.isfinite(variable[: last + 1]).all() and np.isnan(variable[last + 1 :]).all(), name


def test_its_end_is_that_of_the_sweep(diverging):
    point = {"eta": [3.0]}
    end = eos_sweep.sweep(
        "bivariate", point, {"lambda1": 100, "lambda2": 0.01}, {**START_A, "beta1": 0.5}, steps=300
    ).isel(eta=0)  # fmt: skip
    assert list(regimes.CODES)[int(end.regime)] == "divergence"
    assert int(np.isfinite(diverging.loss).sum()) - 1 == int(end.steps_taken)


CELLS = [(0, 0), (0, 6), (5, 20), (12, 12), (17, 9), (20, 11), (23, 24), (8, 16)]


@pytest.mark.parametrize("cell", CELLS)
def test_observables_are_those_stored(stored, cell):
    index = dict(zip(("lambda1", "eta"), cell, strict=True))
    found, run = report(stored, {}, index)
    dataset = eos_sweep.open_sweep(stored).isel(index).load()
    assert found["stored"] and all(found["stored"].values())
    assert set(Sweep.from_dict(SPEC).variables) <= set(found["stored"])
    for name in found["stored"]:
        assert str(found["observables"][name]) == str(dataset[name].item()), name
    assert found["observables"]["regime"] == list(regimes.CODES)[int(dataset.regime)], "by the store's thresholds"
    taken = int(dataset.steps_taken)
    assert float(run.loss[0]) == float(dataset.loss_initial)
    assert float(run.sharpness[0]) == float(dataset.sharpness_initial)
    if np.isfinite(run.loss[taken]):
        assert float(run.alpha[taken]) == pytest.approx(float(dataset.alpha_final), rel=1e-12)


@pytest.mark.slow
def test_the_command_says_that_they_are_those_stored(stored):
    done = command("trace", stored, "--index", "eta=12,lambda1=17", cwd=stored.parent)
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert all(lines[name].endswith("= stored") for name in Sweep.from_dict(SPEC).variables)
    assert "DIFFERS" not in done.stdout


@pytest.mark.slow
def test_json_says_the_same_in_strict_json(stored, tmp_path):
    spec = toml(tmp_path / "s.toml", changed(axes={"clip": [5, float("inf")], "eta": [0.01, 3]}, chunks={},
                                             parameters={"lambda1": 100}))  # fmt: skip
    eos_sweep.run(spec, tmp_path / "s")
    for arguments in ((stored, "--index", "eta=24,lambda1=23"), (tmp_path / "s", "--index", "clip=1,eta=1")):
        done = command("trace", *arguments, "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        told = strict(done.stdout)
        assert set(told) == {"point", "observables", "words", "stored"} and all(told["stored"].values())
    assert told["point"] == {"clip": "inf", "eta": 3}


@pytest.mark.slow
def test_a_cell_that_was_never_computed_does_not_differ(tmp_path):
    from eos_sweep.store.location import Location
    from eos_sweep.store.prepare import prepare

    prepare(Location(tmp_path / "s"), Sweep.from_dict(SPEC), (7, 8), overwrite=False)
    done = command("trace", "s", "--index", "eta=12,lambda1=17", cwd=tmp_path)
    assert done.returncode == 0 and "DIFFERS" not in done.stdout


def test_a_point_of_a_spec_or_beside_the_grid(stored, tmp_path):
    at = {"lambda1": 100.0, "eta": 0.05}
    here, run = report(stored, {**at, **START_A}, {}, 500)
    assert here["point"] == at and here["stored"] == {}
    assert run.sizes["step"] == 501
    xr.testing.assert_equal(run, eos_sweep.trajectory("bivariate", PARAMETERS, START_A, steps=500))
    assert int(here["observables"]["first_crossing"]) == 348
    there, again = report(toml(tmp_path / "s.toml", SPEC), {**at, **START_A}, {}, 500)
    assert there["observables"] == here["observables"] and again.identical(run)


@pytest.mark.slow
def test_the_trajectory_can_be_kept(stored, tmp_path):
    arguments = ("trace", stored, "--at", "eta=0.05", "--at", "lambda1=100", "--steps", "50", "--data", "run.zarr")
    assert command(*arguments, cwd=tmp_path).returncode == 0
    with xr.open_zarr(tmp_path / "run.zarr", consolidated=False) as kept:
        xr.testing.assert_equal(kept, report(stored, {"lambda1": 100.0, "eta": 0.05}, {}, 50)[1])
    before = contents(tmp_path)
    again = command(*arguments, cwd=tmp_path)
    assert contents(tmp_path) == before
    assert again.returncode == 2 and "run.zarr" in again.stderr and len(again.stderr.splitlines()) == 1


@pytest.mark.parametrize(("at", "index", "words"), [
    ({}, {}, "lambda1: missing"),
    ({}, {"eta": 3}, "lambda1: missing"),
    ({"zeta": 1}, {}, "zeta"),
    ({}, {"zeta": 1}, "zeta"),
    ({"eta": -1, "lambda1": 1}, {}, "eta"),
    ({"eta": np.nan, "lambda1": 1}, {}, "eta"),
    ({"eta": 1, "lambda1": 1, "lambda2": -1}, {}, "lambda2"),
    ({}, {"eta": 25, "lambda1": 0}, "eta: index 25 of 25"),
    ({}, {"eta": -1, "lambda1": 0}, "eta: index -1"),
    ({}, {"eta": 1.5, "lambda1": 0}, "eta"),
    ({}, {"eta": np.inf, "lambda1": 0}, "eta"),
    ({}, {"eta": np.nan, "lambda1": 0}, "eta"),
    ({}, {"eta": 1, "lambda1": 0, "lambda2": 0}, "lambda2"),
    ({"eta": 1}, {"eta": 1, "lambda1": 0}, "eta"),
])  # fmt: skip
def test_wrong_places_are_refused(stored, at, index, words):
    with pytest.raises(InputError, match=words) as caught:
        report(stored, at, index)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("parameters", "initial", "words"), [
    ({"eta": 0}, {}, "eta"),
    ({"lambda1": -1}, {}, "lambda1"),
    ({"zeta": 1}, {}, "zeta"),
    ({"radius": "lui2025"}, {}, "liu2025"),
    ({}, {"alpha": np.nan}, "alpha"),
    ({}, {"gamma": 1}, "gamma"),
])  # fmt: skip
def test_wrong_inputs_are_refused(parameters, initial, words):
    with pytest.raises(InputError, match=words):
        eos_sweep.trajectory("bivariate", {**PARAMETERS, **parameters}, {**START_A, **initial}, steps=5)


def test_more_steps_than_memory_holds_are_refused(stored):
    with pytest.raises(InputError, match="got 2000000000 of a single trajectory; give at most 18512790"):
        report(stored, {}, {"eta": 1, "lambda1": 1}, 2_000_000_000)
    with pytest.raises(InputError, match="to 2_000_000_000"):
        report(stored, {}, {"eta": 1, "lambda1": 1}, 10**30)


def test_a_store_in_use_is_not_changed(stored, tmp_path):
    shutil.copytree(stored, tmp_path / "s")
    before = contents(tmp_path)
    report(tmp_path / "s", {}, {"eta": 3, "lambda1": 3})
    assert contents(tmp_path) == before
