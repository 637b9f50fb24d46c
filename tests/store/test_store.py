"""A stored sweep explains itself to anybody who opens it without eos_sweep, and holds what its sweep says."""

import importlib.metadata
import json
import re
import warnings
from pathlib import Path

import dask.array
import numpy as np
import pytest
import xarray as xr
import zarr

import eos_sweep
from eos_sweep import regimes
from eos_sweep.errors import InputError, Stopped
from eos_sweep.observables import expand
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import provenance
from eos_sweep.store.ledger import Row
from eos_sweep.store.location import Location
from eos_sweep.store.prepare import prepare
from eos_sweep.store.reuse import Source
from eos_sweep.store.store import Store
from helpers.stores import FEW, REGIMES, SPEC, changed, contents, strict


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "sweep.zarr"
    assert eos_sweep.run(Sweep.from_dict(SPEC), path).failed == 0
    return path


@pytest.fixture(scope="module")
def alone(stored):
    with xr.open_zarr(stored) as dataset:
        yield dataset


def test_every_variable_describes_itself(alone):
    assert set(alone) == {*expand(["default"], Sweep.from_dict(SPEC).module), "regime", "settled"}
    for name, variable in alone.variables.items():
        assert variable.attrs["long_name"].strip(), name
        assert "units" not in variable.attrs, name
    assert len({variable.attrs["long_name"] for variable in alone.variables.values()}) == len(alone.variables)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_store_has_the_variables_of_its_sweep(tmp_path, dtype):
    sweep = Sweep.from_dict(changed(dtype=dtype))
    store = Store.create(Location(tmp_path / "s"), sweep, (7, 8))
    assert list(store.arrays) == list(sweep.stored) == [*sweep.variables, "regime", "settled"]
    for name, variable in sweep.stored.items():
        assert store.arrays[name].dtype == np.dtype(variable.dtype), name
    assert sweep.stored["sharpness_max"].dtype == dtype and sweep.stored["regime"].dtype == "int8"
    assert sweep.stored is sweep.stored, "computed once"


def test_an_extended_store_is_read_again(tmp_path):
    store = Store.create(
        Location(tmp_path / "s"), Sweep.from_dict(SPEC | {"axes": {"lambda1": [1, 2, 3], "eta": [1]}}), (2, 1)
    )
    longer = Sweep.from_dict(SPEC | {"axes": {"lambda1": [1, 2, 3, 4, 5], "eta": [1, 2]}})
    store.extend(longer)
    again = Store.open(tmp_path / "s")
    for opened in (store, again):
        assert opened.sweep == longer and opened.block_shape == (2, 1) and opened.extent.shape == (3, 2, 2)
        assert {array.shape for array in opened.arrays.values()} == {(5, 2)}


def test_dimensions_and_coordinates_are_those_of_the_spec(alone):
    sweep = Sweep.from_dict(SPEC)
    assert all(variable.dims == ("lambda1", "eta") for variable in alone.data_vars.values())
    for axis in sweep.axes:
        assert alone[axis.name].values.tobytes() == axis.values.tobytes()
    fixed = {"lambda2": 0.01, "clip": np.inf, "alpha": 0.5, "beta1": 0.05, "beta2": 0.5}
    scalars = {name: float(array) for name, array in alone.coords.items() if not array.dims}
    assert scalars == fixed
    assert set(alone.coords) - set(alone.dims) - set(fixed) == {"radius"}
    np.testing.assert_array_equal(alone.radius, np.sqrt(10) / 6 / np.sqrt(alone.lambda1))
    assert alone.radius.dims == ("lambda1",) and alone.radius.symbol == "radius"
    assert all(set(fixed) <= set(variable.coords) for variable in alone.data_vars.values())


def test_a_sweep_without_fixed_numbers_opens_too(tmp_path):
    sweep = changed(
        axes={"eta": [0.01, 0.02], "lambda1": [10.0], "lambda2": [0.01], "clip": [np.inf], "beta2": [0.5]},
        initial={"alpha": "beta2", "beta1": "beta2 / 10"},
        observables=FEW,
        chunks={},
    )
    sweep["parameters"], sweep["initial"] = {"radius": "liu2025"}, {"alpha": "beta2", "beta1": "beta2 / 10"}
    eos_sweep.run(Sweep.from_dict(sweep), tmp_path / "s")
    with xr.open_zarr(tmp_path / "s") as dataset:
        assert dataset.crossings.dims == ("eta", "lambda1", "lambda2", "clip", "beta2")
        assert set(dataset.coords) == {*dataset.dims, "radius", "alpha", "beta1"}
        assert dataset.alpha.dims == dataset.beta1.dims == ("beta2",) and float(dataset.beta1[0]) == 0.05
        assert np.isinf(dataset["clip"]).all()


@pytest.mark.parametrize("name", ["regime", "outcome", "final_above"])
def test_flags_follow_cf(alone, name):
    variable = alone[name]
    values = np.asarray(variable.attrs["flag_values"])
    meanings = variable.attrs["flag_meanings"].split()
    assert variable.dtype == np.int8
    assert len(values) == len(meanings) == len(set(values.tolist())) == len(set(meanings))
    assert meanings[values.tolist().index(0)] == "not_computed"
    assert set(np.unique(variable)) <= set(values.tolist()) - {0}
    assert "_FillValue" not in variable.attrs and "_FillValue" not in variable.encoding


def test_regimes_have_the_codes_of_the_rules(alone):
    assert alone.regime.attrs["flag_meanings"].split() == list(regimes.CODES)
    assert np.asarray(alone.regime.attrs["flag_values"]).tolist() == list(regimes.CODES.values())
    assert set(np.unique(alone.regime)) == REGIMES


def test_integers_stay_integers(alone):
    for name, variable in alone.data_vars.items():
        with_fraction = name.startswith(("sharpness", "flow_", "loss_i", "loss_m", "loss_f", "loss_g", "tail"))
        with_fraction |= name.endswith("_final") and name != "steps_final"
        assert (variable.dtype == np.float64) == with_fraction, name
    counts = "steps_taken", "crossings", "sign_flips", "loss_rises"
    assert {alone[name].dtype for name in counts} == {np.dtype("int32")}


def test_provenance_is_complete(alone):
    attributes = alone.attrs
    needed = """title Conventions history created source references spec spec_hash model model_digest steps float_type
    eos_sweep_version numba_version llvmlite_version numpy_version xarray_version zarr_version git_commit git_dirty cpu
    thresholds"""
    assert set(needed.split()) <= set(attributes)
    assert all(str(value).strip() for value in attributes.values())
    again = Sweep.from_dict(json.loads(attributes["spec"]))
    assert again == Sweep.from_dict(SPEC) and again.hash == attributes["spec_hash"]
    assert json.loads(attributes["thresholds"]) == regimes.thresholds()
    assert attributes["numpy_version"] == np.__version__
    assert attributes["steps"] == 1000


def test_the_commit_of_a_checkout_is_known_without_an_installation(monkeypatch):
    def unknown(name):
        raise importlib.metadata.PackageNotFoundError(name)

    if not (Path(eos_sweep.__file__).parents[1] / ".git").exists():
        pytest.skip("not a checkout")
    monkeypatch.setattr(importlib.metadata, "distribution", unknown)
    with warnings.catch_warnings(action="ignore"):  # of versions that are unknown
        assert re.fullmatch("[0-9a-f]{40}", provenance.here()["git_commit"])


def test_attributes_fit_into_netcdf(alone, stored):
    for dataset in (alone, eos_sweep.open_sweep(stored)):
        for where in (dataset, *dataset.variables.values()):
            for key, value in where.attrs.items():
                plain = isinstance(value, str | int | float | np.number | np.ndarray | list)
                assert plain and not isinstance(value, bool), key
                if isinstance(value, list | np.ndarray):
                    assert all(isinstance(item, int | float | np.number) for item in value), key


def test_there_is_nothing_but_json_and_chunks(stored):
    for name, content in contents(stored).items():
        if name.endswith("zarr.json"):
            strict(content)
        else:
            assert re.fullmatch(r"(ledger/)?\w+/c(/\d+)*", name), name
        assert b"pickle" not in content


def test_open_sweep_labels_lazily_what_is_stored(stored, alone):
    dataset = eos_sweep.open_sweep(stored)
    assert set(dataset) == set(alone)
    assert all(isinstance(variable.data, dask.array.Array) for variable in dataset.data_vars.values())
    assert dataset.regime.dtype == np.int8
    np.testing.assert_array_equal(dataset.regime, alone.regime)
    assert dataset.regime.attrs["flag_meanings"] == alone.regime.attrs["flag_meanings"]
    assert np.array_equal(dataset.regime.attrs["flag_values"], alone.regime.attrs["flag_values"])


def test_open_sweep_takes_other_thresholds(stored, alone):
    dataset = eos_sweep.open_sweep(stored, growth=2)
    grew = alone.sharpness_max > 2 * alone.sharpness_initial
    never = (alone.steps_above == 0) & (alone.sign_flips == 0) & (alone.outcome != 2)
    np.testing.assert_array_equal(dataset.regime == regimes.CODES["progressive_sharpening"], grew & never)
    assert "growth=2" in dataset.regime.attrs["thresholds"]
    assert (dataset.regime != alone.regime).any()
    with pytest.raises(InputError, match="grwoth"):
        eos_sweep.open_sweep(stored, grwoth=2)


def test_a_store_without_the_observables_of_the_rules_has_no_regime(tmp_path):
    eos_sweep.run(Sweep.from_dict(changed(observables=FEW)), tmp_path / "s")
    assert set(eos_sweep.open_sweep(tmp_path / "s")) == {"steps_taken", "crossings"}
    with pytest.raises(InputError, match="sign_flips"):
        eos_sweep.label(eos_sweep.open_sweep(tmp_path / "s"))


@pytest.mark.slow
def test_float32_values_are_labelled_as_stored(tmp_path):
    """A regime is a function of what is stored, even where rounding to float32 decides."""
    arguments = {key: SPEC[key] for key in ("model", "axes", "parameters", "initial", "steps")}
    exact, rounded = (eos_sweep.sweep(**arguments, dtype=dtype) for dtype in ("float64", "float32"))
    growths = (exact.sharpness_max / exact.sharpness_initial).where(exact.regime == 5).values.ravel()
    growths = growths[np.isfinite(growths)]
    differs = [g for g in growths if (eos_sweep.label(exact, growth=g) != eos_sweep.label(rounded, growth=g)).any()]
    assert differs, "no threshold tells the two apart, so this test tests nothing"
    opened = eos_sweep.sweep(**arguments, dtype="float32", thresholds={"growth": differs[0]}, out=tmp_path / "s")
    with xr.open_zarr(tmp_path / "s") as stored:
        assert stored.sharpness_max.dtype == np.float32
        np.testing.assert_array_equal(opened.regime, stored.regime)


@pytest.mark.slow
def test_cells_that_were_never_computed_do_not_look_like_results(tmp_path, stored):
    store = prepare(Location(tmp_path / "s"), Sweep.from_dict(SPEC), (7, 8), overwrite=False)
    whole = Store.open(stored)
    for block in ((0, 0), (3, 3)):
        store.write(block, {name: whole.read(block, name) for name in whole.arrays})
        store.ledger.record(Row(block, tuple(s.stop - s.start for s in store.region(block)), 1.0, 1))
    store.ledger.flush()
    there = np.zeros((24, 25), bool)
    there[:7, :8] = there[21:, 24:] = True
    with xr.open_zarr(tmp_path / "s") as dataset, xr.open_zarr(stored) as complete:
        for name, variable in dataset.data_vars.items():
            values = variable.values
            np.testing.assert_array_equal(values[there], complete[name].values[there])
            if variable.dtype.kind == "f":
                assert np.isnan(values[~there]).all(), name
            else:
                flags = dict(zip(variable.attrs["flag_meanings"].split(), variable.attrs["flag_values"], strict=True))
                assert (values[~there] == flags["not_computed"]).all(), name
        assert (dataset.regime.values[~there] == 0).all()
        assert (eos_sweep.open_sweep(tmp_path / "s").regime.values[~there] == 0).all()
    assert store.computed() == there.sum()


def test_a_task_cannot_write_a_part_of_a_chunk(tmp_path):
    store = prepare(Location(tmp_path / "s"), Sweep.from_dict(SPEC), (7, 8), overwrite=False)
    store.block_shape = (7, 4)
    with pytest.raises(RuntimeError, match="chunks"):
        store.write((0, 0), {"regime": np.zeros((7, 4), np.int8)})


def test_nothing_is_opened_where_no_sweep_is(tmp_path):
    (tmp_path / "empty").mkdir()
    zarr.create_group(tmp_path / "foreign.zarr")
    for name in ("missing", "empty", "foreign.zarr"):
        with pytest.raises(InputError, match="no sweep is stored"):
            eos_sweep.open_sweep(tmp_path / name)


def test_a_root_that_has_not_changed_is_not_parsed_again(tmp_path, monkeypatch):
    """That of a million points has 34 MB, and each block asks whether the store is the same."""
    eos_sweep.run(Sweep.from_dict(changed(observables=FEW)), tmp_path / "s", progress=False)
    store, path = Store.open(tmp_path / "s"), tmp_path / "s" / "zarr.json"
    parsed, loads, content = [], json.loads, path.read_bytes()
    monkeypatch.setattr(json, "loads", lambda text, **given: parsed.append(len(text)) or loads(text, **given))
    for _ in range(3):
        store.checked()
    assert parsed == [len(content)]
    path.write_bytes(content.replace(store.id.encode(), b"0" * len(store.id)))
    for _ in range(2):
        with pytest.raises(Stopped, match="was deleted or replaced"):
            store.checked()
    path.unlink()
    with pytest.raises(Stopped, match="was deleted or replaced"):
        store.checked()
    path.write_bytes(content)
    store.checked()


def test_the_cells_that_two_sweeps_share_are_looked_for_once(tmp_path):
    few, many = (Sweep.from_dict(changed(observables=FEW, axes={"eta": etas, "lambda1": [1.0]}, chunks={}))
                 for etas in ([0.1, 0.2], [0.1, 0.2, 0.3]))  # fmt: skip
    eos_sweep.run(few, tmp_path / "s", progress=False)
    source = Source(Store.open(tmp_path / "s"), many)
    assert source.of(Sweep.from_dict(many.to_dict())) is source
    assert source.of(few) is not source and source.of(few).size == 2
