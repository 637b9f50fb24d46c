"""Auxiliary axes: they are not inputs of the model but names in expressions, and behave like any other axis."""

import json
import re

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep import models, plot
from eos_sweep.analysis.one_cell import report
from eos_sweep.analysis.pictures import theory_lines
from eos_sweep.analysis.slices import select
from eos_sweep.errors import InputError, SpecError
from eos_sweep.models import bivariate_theory
from eos_sweep.spec.sweeps import Sweep
from helpers.stores import FEW, command, contents, toml

KAPPA = {"log": [0.03, 3, 12], "symbol": "κ", "long_name": "scaled radius"}
SPEC = {
    "model": "bivariate",
    "steps": 300,
    "axes": {"kappa": KAPPA, "lambda1": [30, 400], "q2": {"log": [0.5, 50, 11]}},
    "parameters": {"lambda2": "1e-3 * lambda1", "eta": "q2 / lambda1", "radius": "kappa / sqrt(lambda1)"},
    "initial": {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5},
}


def changed(**changes):
    """SPEC with other entries in its tables; None removes one."""
    spec = json.loads(json.dumps(SPEC))
    for key, value in changes.items():
        merged = spec.get(key, {}) | value if isinstance(value, dict) else value
        spec[key] = {k: v for k, v in merged.items() if v is not None} if isinstance(merged, dict) else merged
    return spec


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("auxiliary") / "s.zarr"
    eos_sweep.run(Sweep.from_dict(SPEC), path)
    return path


def test_inputs_are_the_values_of_their_expressions():
    sweep = Sweep.from_dict(SPEC)
    kappa, lambda1, q2 = grid = np.ix_(*(axis.values for axis in sweep.axes))
    initial, parameters = sweep.inputs(dict(zip(sweep.dims, grid, strict=True)))
    assert list(parameters) == list(models.get("bivariate").PARAMETERS) and list(initial) == ["alpha", "beta1", "beta2"]
    for name, value in {"eta": q2 / lambda1, "radius": kappa / np.sqrt(lambda1), "lambda2": 1e-3 * lambda1}.items():
        np.testing.assert_array_equal(parameters[name], np.broadcast_to(value, sweep.shape))


def test_they_may_be_infinite_where_their_expression_may_be():
    sweep = Sweep.from_dict(changed(axes={"kappa": [0.5, np.inf]}))
    radius = sweep.inputs({"kappa": np.array([0.5, np.inf]), "lambda1": 100.0, "q2": 5.0})[1]["radius"]
    assert radius.tolist() == [0.05, np.inf]
    with pytest.raises(SpecError, match=r"parameters.eta = 'q2 / lambda1': got inf; the step size must be a finite"):
        Sweep.from_dict(changed(axes={"q2": [5, np.inf]}))
    with pytest.raises(SpecError, match=r"parameters.eta = 'q2 / lambda1': got -0.1; the step size must be .* > 0"):
        Sweep.from_dict(changed(axes={"q2": [5, -3]}))


def test_a_sweep_comes_back_from_json_with_its_words():
    sweep = Sweep.from_dict(SPEC)
    again = Sweep.from_dict(json.loads(json.dumps(sweep.to_dict(), allow_nan=False)))
    assert again == sweep and again.hash == sweep.hash
    assert again.to_dict()["axes"]["kappa"] == KAPPA
    plain = Sweep.from_dict(changed(axes={"kappa": {"log": KAPPA["log"]}}))
    assert plain != sweep and plain.hash == sweep.hash  # words do not change numbers


BAD = [
    ({"axes": {"kapa": [1]}}, "axes.kapa: bivariate has no 'kapa', and no expression uses it", "; did you mean "),
    ({"axes": {"etaa": [1]}}, "axes.etaa: bivariate has no 'etaa', and no expression", "did you mean 'eta'?"),
    ({"parameters": {"radius": 0.1}}, "axes.kappa: bivariate has no 'kappa', and no expression uses it", "; did you"),
    ({"axes": {"sqrt": [1]}}, "axes.sqrt: bivariate has no 'sqrt', and no expression uses it", "there are"),
    ({"axes": {"pi": [3]}, "parameters": {"radius": "pi * kappa"}}, "axes.pi: bivariate has no 'pi'", "there are"),
    ({"axes": {"liu2025": [3], "kappa": None}, "parameters": {"radius": "liu2025"}}, "axes.liu2025: biv", "there are"),
    ({"axes": {"e5": [3]}, "parameters": {"radius": "1e5 * kappa"}}, "axes.e5: bivariate has no 'e5'", "there are"),
    ({"axes": {"loss_max": [3]}, "parameters": {"clip": "loss_max"}}, "axes.loss_max: a variable of", "another name"),
    ({"axes": {"regime": [3]}, "parameters": {"clip": "regime"}}, "axes.regime: a variable of the", "another name"),
    ({"axes": {"ledger": [3]}, "parameters": {"clip": "ledger"}}, "axes.ledger: a variable of the", "another name"),
    ({"parameters": {"kappa": 1}}, "parameters.kappa: got 1.0, but the model has no 'kappa'", "there are: lambda1"),
    ({"parameters": {"radius": "kapp * kappa"}}, "parameters.radius = 'kapp * kappa': no name 'kapp'", "mean 'kappa'?"),
    ({"parameters": {"radius": "kappa +"}}, "parameters.radius = 'kappa +': not an expression", "("),
    ({"axes": {"kappa": KAPPA | {"symbol": 3}}}, "axis 'kappa': got symbol = 3", "give a text of 1 to 60 characters"),
    ({"axes": {"kappa": KAPPA | {"symbol": ""}}}, "axis 'kappa': got symbol = ''", "give a text"),
    ({"axes": {"kappa": KAPPA | {"long_name": "a\nb"}}}, "axis 'kappa': got long_name = 'a\\nb'", "give a text"),
    ({"axes": {"kappa": KAPPA | {"long_name": "a" * 61}}}, "axis 'kappa': got long_name = 'aaa", "give a text"),
    ({"axes": {"kappa": {"symbol": "κ"}}}, "axis 'kappa': got {}", "give [values] or one of"),
    ({"axes": {"kappa": KAPPA | {"name": "κ"}}}, "axis 'kappa': got {'log'", "give [values] or one of"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "place", "remedy"), BAD, ids=[f"{i}-{row[1][:30]}" for i, row in enumerate(BAD)])
def test_a_mistake_is_one_line_with_key_and_remedy(changes, place, remedy):
    with pytest.raises(SpecError, match="^" + re.escape(place)) as caught:
        Sweep.from_dict(changed(**changes))
    assert remedy in str(caught.value) and "\n" not in str(caught.value)


def test_the_dataset_explains_itself(stored):
    with xr.open_zarr(stored) as dataset:
        assert dict(dataset.sizes) == {"kappa": 12, "lambda1": 2, "q2": 11}
        assert dataset.kappa.attrs == {"long_name": "scaled radius", "symbol": "κ"}
        assert dataset.q2.attrs == {"long_name": "auxiliary axis", "symbol": "q2"}
        np.testing.assert_array_equal(dataset.kappa, np.geomspace(0.03, 3, 12))
        assert (dataset.radius.dims, dataset.eta.dims) == (("kappa", "lambda1"), ("lambda1", "q2"))
        np.testing.assert_array_equal(dataset.eta, dataset.q2.values / dataset.lambda1.values[:, None])
        assert dataset.regime.dims == ("kappa", "lambda1", "q2") and (dataset.regime > 0).all()


def test_an_input_may_have_words_of_its_own_as_an_axis():
    axes = {"alpha": {"linear": [0.1, 1, 4], "symbol": "α₀", "long_name": "outer weight at the start"}, "eta": [0.1]}
    given = {"lambda1": 100, "lambda2": 0.01}
    dataset = eos_sweep.sweep("bivariate", axes, given, {"beta1": 0.1, "beta2": 0.5}, steps=10, observables=FEW)
    assert dataset.alpha.attrs == {"long_name": "outer weight at the start", "symbol": "α₀"}
    assert dataset.eta.attrs["symbol"] == "η"


@pytest.mark.slow
def test_labels_are_those_of_the_same_inputs_given_one_by_one(stored):
    dataset = eos_sweep.open_sweep(stored).load()
    for k, point in enumerate(dataset.stack(cell=dataset.regime.dims).cell.values[5::97]):
        kappa, lambda1, q2 = point
        p = {"lambda1": lambda1, "lambda2": 1e-3 * lambda1, "radius": kappa / np.sqrt(lambda1)}
        one = eos_sweep.sweep("bivariate", {"eta": [q2 / lambda1]}, p, SPEC["initial"], steps=300)
        cell = dataset.sel(kappa=kappa, lambda1=lambda1, q2=q2)
        assert all(one[name].values[0].tobytes() == cell[name].values.tobytes() for name in one.data_vars), k


@pytest.mark.slow
def test_a_run_goes_on_extends_and_refuses(stored, tmp_path):
    spec = toml(tmp_path / "s.toml", changed(observables=FEW, chunks={"kappa": 4}))
    assert command("run", spec, "-o", "s.zarr", cwd=tmp_path).returncode == 0
    before = contents(tmp_path / "s.zarr")
    again = command("run", spec, "-o", "s.zarr", cwd=tmp_path)
    assert "0 new" in again.stdout and contents(tmp_path / "s.zarr") == before
    listed = np.geomspace(0.03, 3, 12).tolist()
    toml(spec, changed(observables=FEW, chunks={"kappa": 4}, axes={"kappa": [*listed, 7.0, 9.0]}))
    longer = command("run", spec, "-o", "s.zarr", cwd=tmp_path)
    assert longer.returncode == 0 and f"{2 * 2 * 11} new" in longer.stdout, longer.stderr
    with xr.open_zarr(tmp_path / "s.zarr") as dataset:
        assert dataset.kappa.values.tolist() == [*listed, 7.0, 9.0]
        np.testing.assert_array_equal(dataset.radius[:, 0], dataset.kappa.values / np.sqrt(30))
    toml(spec, changed(observables=FEW, axes={"kappa": [1.0]}))
    other = command("run", spec, "-o", "s.zarr", cwd=tmp_path)
    assert other.returncode == 2 and "axes.kappa: [0.03, …, 9] × 14 -> [1]" in other.stderr
    toml(spec, changed(observables=FEW, axes={"kappa": None}, parameters={"radius": "inf"}))
    assert command("run", spec, "-o", "s.zarr", "--overwrite", cwd=tmp_path).returncode == 0
    with xr.open_zarr(tmp_path / "s.zarr") as dataset:
        assert "kappa" not in dataset.coords


def test_one_cell_can_be_traced_by_index_and_by_value(stored):
    index = {"kappa": 7, "lambda1": 1, "q2": 6}
    found, run = report(stored, {}, index)
    assert found["stored"] and all(found["stored"].values())
    kappa, lambda1, q2 = (float(found["point"][name]) for name in ("kappa", "lambda1", "q2"))
    assert float(run.radius) == kappa / np.sqrt(lambda1) and float(run.eta) == q2 / lambda1
    run = report(stored, {"kappa": 0.5, "q2": 4.0}, {"lambda1": 0}, 20)[1]
    assert float(run.radius) == 0.5 / np.sqrt(30) and run.sizes["step"] == 21
    run = report(stored, {"kappa": 0.5, "q2": 4.0, "lambda2": 0.5}, {"lambda1": 0}, 20)[1]
    assert float(run.lambda2) == 0.5
    with pytest.raises(InputError, match="kappa: missing; give --at kappa=0.03 or --index kappa=0"):
        report(stored, {"q2": 4.0, "lambda1": 30}, {})
    with pytest.raises(InputError, match="axes.q2: bivariate has no 'q2', and no expression uses it"):
        report(stored, {"q2": 4.0, "kappa": 1.0, "lambda1": 30, "eta": 0.1}, {})


def test_lines_and_words_of_a_map_are_in_the_axes_units(stored):
    piece = select(eos_sweep.open_sweep(stored), "q2", "kappa", {"lambda1": 400})
    found = {line.name: curves for line, curves in theory_lines.critical_lines(piece, "q2", "kappa").items() if curves}
    (onset,), (flips,), (room,) = found["onset"], found["flips_excluded"], found["room"]
    np.testing.assert_allclose(onset[:, 0], 400 * bivariate_theory.onset_step_size(400, 0.5, 0.05, 0.5), rtol=1e-9)
    np.testing.assert_allclose(flips[:, 1], 1 / np.sqrt(flips[:, 0] / 400), rtol=1e-9)  # kappa = 1/sqrt(eta)
    np.testing.assert_allclose(room[:, 1], np.sqrt(room[:, 0] * 0.4 / 8), rtol=1e-9)  # sqrt(eta lambda1 lambda2/8)
    ax = plot.regime_map(eos_sweep.open_sweep(stored), "q2", "kappa", {"lambda1": 400})
    assert ax.get_ylabel() == "scaled radius κ" and ax.get_xlabel() == "q2: auxiliary axis"
    caption = ax.get_title(loc="left")
    assert "λ₁ = 400" in caption and "radius = kappa / sqrt(lambda1)" in caption and "η = q2 / lambda1" in caption


def test_a_trajectory_has_none():
    given = {"lambda1": 100, "lambda2": 0.01, "eta": "q2 / lambda1"}
    with pytest.raises(SpecError, match="parameters.eta = 'q2 / lambda1': no name 'q2'"):
        eos_sweep.trajectory("bivariate", given, SPEC["initial"], steps=5)
