"""From a cell of a sweep to its run: the same start, inputs and budget, and runs beside it."""

import json

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep.analysis import recorded_steps
from eos_sweep.analysis.one_cell import report
from eos_sweep.errors import InputError
from eos_sweep.spec.sweeps import Sweep

AXES = {"lambda1": [1.0, 50.0, 200.0], "eta": [0.01, 0.1, 0.5]}
FIXED = {"lambda2": 0.01, "radius": "liu2025"}
START = {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}


@pytest.fixture(scope="module")
def ds():
    return eos_sweep.sweep("bivariate", AXES, FIXED, START, steps=300)


def test_a_cell_runs_again_as_its_inputs_do(ds):
    for cell in (ds.isel(lambda1=1, eta=2), ds.sel(lambda1=50, eta=0.5), ds.isel(lambda1=[1], eta=[2])):
        run = eos_sweep.trajectory(cell)
        expected = eos_sweep.trajectory("bivariate", {**FIXED, "lambda1": 50, "eta": 0.5}, START, steps=300)
        xr.testing.assert_identical(run, expected)
    end = ds.isel(lambda1=1, eta=2)
    assert int(np.isfinite(run.loss).sum()) - 1 == int(end.steps_taken)
    assert float(run.alpha[int(end.steps_taken)]) == pytest.approx(float(end.alpha_final), rel=1e-12)


def test_a_run_beside_a_cell_has_other_inputs(ds):
    cell = ds.isel(lambda1=1, eta=1)
    run = eos_sweep.trajectory(cell, {"eta": 0.2, "clip": 3, "radius": "inf"}, {"alpha": 0.4}, steps=40)
    given = {"lambda1": 50, "eta": 0.2, "lambda2": 0.01, "clip": 3}
    xr.testing.assert_identical(run, eos_sweep.trajectory("bivariate", given, {**START, "alpha": 0.4}, steps=40))
    xr.testing.assert_identical(cell.eos.trajectory(steps=40), eos_sweep.trajectory(cell, steps=40))


def test_a_cell_with_a_seed_has_its_draw():
    ds = eos_sweep.sweep("quadratic", {"seed": range(4)}, {"a1": 1, "eta": 0.1}, {"theta1": "uniform(0, 1)"}, steps=5)
    first = [float(eos_sweep.trajectory(ds.isel(seed=k)).theta1[0]) for k in range(4)]
    assert len(set(first)) == 4
    assert float(eos_sweep.trajectory(ds.isel(seed=0), seed=3).theta1[0]) == first[3]


@pytest.mark.parametrize("given", [
    {"model": "bivariate", "parameters": {**FIXED, "lambda1": 50, "eta": 0.5}, "initial": START, "rule": "gd + l2"},
    {"model": "linear_net_full", "parameters": {"eta": 0.05, "width": 5, "points": 6}, "initial": {}, "seed": 2},
    {"model": eos_sweep.model("x**2*y**2", {"x": 1, "y": 0.5}), "parameters": {"eta": 0.1}, "initial": {"x": 0.5}},
])  # fmt: skip
def test_a_trajectory_tells_what_makes_it_again(given):
    run = eos_sweep.trajectory(**given, steps=7)
    again = eos_sweep.trajectory(**json.loads(run.attrs["arguments"]))
    xr.testing.assert_identical(again, run)


def test_pieces_do_not_change_a_bit(monkeypatch):
    given = "bivariate", {**FIXED, "lambda1": 50, "eta": 0.5}, {**START, "alpha": 0.2}
    for rule in (None, "adam"):
        whole = eos_sweep.trajectory(*given, steps=300, rule=rule)
        monkeypatch.setattr(recorded_steps, "PIECE", 32)
        for steps in (300, 31, 32, 33, 96):
            xr.testing.assert_identical(
                eos_sweep.trajectory(*given, steps=steps, rule=rule).drop_attrs(),
                whole.isel(step=slice(steps + 1)).drop_attrs(),
            )
        monkeypatch.undo()


@pytest.mark.parametrize(("make", "words"), [
    (lambda ds: eos_sweep.trajectory(ds), "trajectory: lambda1 has 3 values; pick one, such as lambda1=200"),
    (lambda ds: eos_sweep.trajectory(ds.isel(lambda1=0, eta=[])), "eta has 0 values; pick one, since none is left"),
    (lambda ds: eos_sweep.trajectory(ds.isel(lambda1=0, eta=0, drop=True)), "has lost its axis lambda1; pick cells"),
    (lambda ds: eos_sweep.trajectory(xr.Dataset()), "trajectory: this dataset is no sweep"),
    (lambda ds: eos_sweep.trajectory(ds.isel(lambda1=0, eta=0), rule="adam"), "rule: a cell has that of its sweep"),
    (lambda ds: eos_sweep.trajectory(ds.isel(lambda1=0, eta=0), {"zeta": 1}), "zeta: no input of bivariate"),
    (lambda ds: eos_sweep.trajectory(ds.isel(lambda1=0, eta=0), {"eta": "liu2025"}), "eta: got 'liu2025'; give a num"),
    (lambda ds: eos_sweep.trajectory(ds.isel(lambda1=0, eta=0), {"clip": -1}), "clip"),
    (lambda ds: eos_sweep.trajectory(ds.isel(lambda1=0, eta=0), steps=0), "steps: got 0"),
    (lambda ds: eos_sweep.trajectory("bivariate", {}, START), "steps: missing"),
    (lambda ds: ds.eos.trajectory(eta=0.1), "lambda1 has 3 values"),
    (lambda ds: ds.eos.trajectory(zeta=0.1), "no axis 'zeta'"),
])  # fmt: skip
def test_what_is_no_cell_is_refused(ds, make, words):
    with pytest.raises(InputError, match=words) as caught:
        make(ds)
    assert "\n" not in str(caught.value)


def test_an_input_that_a_data_file_replaces_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "some.npz", inputs=rng.normal(size=(6, 2)), targets=rng.normal(size=(6, 1)))
    data = {"file": str(tmp_path / "some.npz")}
    words = "degree: given, but the data file some.npz stands for it; leave degree out"
    ds = eos_sweep.sweep("tanh_net", {"eta": [0.01, 0.02]}, {"width": 3}, steps=3, data=data)
    with pytest.raises(InputError, match=words):
        eos_sweep.trajectory(ds.isel(eta=0), {"degree": 3})
    out = tmp_path / "s.zarr"
    eos_sweep.run(Sweep.from_dict({"model": "tanh_net", "steps": 3, "axes": {"eta": [0.01, 0.02]},
                                   "parameters": {"width": 3}, "data": data}), out)  # fmt: skip
    with pytest.raises(InputError, match=words):
        report(out, {"degree": 3.0}, {"eta": 0})
    assert all(report(out, {}, {"eta": 0})[0]["stored"].values())


def test_codes_are_told_in_words(tmp_path):
    sweep = Sweep.from_dict({"model": "bivariate", "steps": 300, "axes": AXES, "parameters": FIXED, "initial": START})
    out = tmp_path / "s.zarr"
    eos_sweep.run(sweep, out)
    ds = eos_sweep.open_sweep(out).load()
    happened = {name: eos_sweep.happened(ds, name) for name in ("started_above", "diverged", "reached_edge")}
    for place in ({"lambda1": 0, "eta": 0}, {"lambda1": 2, "eta": 2}, {"lambda1": 1, "eta": 1}):
        words, cell = report(out, {}, place)[0]["words"], ds.isel(place)
        for name in ("regime", "settled", "outcome", "final_above"):
            codes = dict(zip(ds[name].flag_values, ds[name].flag_meanings.split(), strict=True))
            assert words[name] == codes[int(cell[name])]
        assert ("first_crossing" in words) == (int(cell.first_crossing) == -1)
        for name, there in happened.items():
            assert (name in words["events"].split(", ")) == bool(there.isel(place))
