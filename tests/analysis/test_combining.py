"""Several stores are one dataset over the values that any of them has."""

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep.errors import InputError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.spec.union import union
from helpers.specs import MAP, altered, sweep

LAMBDA = [1.0, 10.0, 100.0]


def spec(**changes):
    return altered({**MAP, "axes": {"lambda1": LAMBDA, "eta": [0.01, 0.1]}}, ("axes",), changes)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Stores of two ranges of eta, and of another lambda2."""
    folder = tmp_path_factory.mktemp("stores")
    specs = {
        "low": spec(),
        "high": spec(axes={"eta": [0.1, 1.0, 10.0], "lambda1": LAMBDA}),
        "other": spec(parameters={"lambda2": 0.1}),
    }
    for name, given in specs.items():
        eos_sweep.run(Sweep.from_dict(given), folder / name)
    return {name: folder / name for name in specs}


@pytest.mark.slow
def test_two_ranges_are_one_map(stores, tmp_path):
    found = eos_sweep.combine([stores["low"], stores["high"]])
    eos_sweep.run(Sweep.from_dict(spec(axes={"lambda1": LAMBDA, "eta": [0.01, 0.1, 1.0, 10.0]})), tmp_path / "all")
    whole = eos_sweep.open_sweep(tmp_path / "all")
    assert found.regime.dims == whole.regime.dims and found.regime.chunks is not None
    xr.testing.assert_identical(found.drop_attrs().load(), whole.drop_attrs().load())
    assert found.regime.attrs == whole.regime.attrs and found.eta.attrs == whole.eta.attrs
    assert found.attrs["spec_hash"] == whole.attrs["spec_hash"] and "combined from" in found.attrs["history"]
    xr.testing.assert_equal(eos_sweep.label(found, growth=1.5), eos_sweep.label(whole, growth=1.5))


def test_what_no_store_has_is_not_computed_and_a_number_that_differs_is_an_axis(stores):
    found = eos_sweep.combine([stores["high"], stores["other"]])
    assert dict(found.sizes) == {"lambda2": 2, "lambda1": 3, "eta": 4} and found.lambda2.values.tolist() == [0.05, 0.1]
    computed = (found.regime != 0).any("lambda1")
    assert computed.values.tolist() == [[False, True, True, True], [True, True, False, False]]
    assert int(found.steps_taken.min()) == -1 and found.regime.dtype == np.int8
    low = eos_sweep.open_sweep(stores["other"])
    np.testing.assert_array_equal(found.tail_mean.sel(lambda2=0.1, eta=[0.01, 0.1]).T, low.tail_mean)


def test_what_cannot_be_combined_is_named(stores, tmp_path):
    with pytest.raises(InputError, match="give a list"):
        eos_sweep.combine(stores["low"])
    with pytest.raises(InputError, match="no sweep is stored here"):
        eos_sweep.combine([stores["low"], tmp_path])
    for changes, line in [
        ({"steps": 9}, "steps: 9 -> 10"),
        ({"dtype": "float32"}, "one type"),
        ({"parameters": {"radius": "2 / lambda1"}}, "parameters.radius"),
    ]:
        with pytest.raises(InputError, match=line):
            union([sweep(), sweep(**changes)])


def test_values_stay_in_order_only_where_all_are():
    sweeps = [sweep(axes={"eta": values}) for values in ([0.1, 0.3], [0.2, 0.3])]
    assert union(sweeps).axis("eta").values.tolist() == [0.1, 0.2, 0.3]
    sweeps.append(sweep(axes={"eta": [0.4, 0.05]}))
    assert union(sweeps).axis("eta").values.tolist() == [0.1, 0.3, 0.2, 0.4, 0.05]


def test_datasets_are_refused_for_what_they_are():
    found = eos_sweep.sweep("quadratic", {"eta": [0.5, 1.5]}, {"a1": 1}, {"theta1": 1}, steps=5)
    with pytest.raises(InputError, match="stores: got <xarray.Dataset>.*; give paths"):
        eos_sweep.combine([found])
