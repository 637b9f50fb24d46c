"""Wherever a number is taken, an array without axes is one, NumPy's or xarray's."""

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep import plot
from eos_sweep.errors import InputError
from eos_sweep.plain_data import number
from eos_sweep.runtime.resources import Resources
from eos_sweep.spec.making import make

KINDS = {"numpy scalar": np.float64, "numpy array": np.array, "data array": xr.DataArray}
GIVEN = {"a1": 2.0, "eta": 0.4}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def test_inputs_steps_and_ends_of_axes_may_be_arrays_without_axes(kind):
    def spec(of):
        axes = {"eta": {"linear": [of(0.1), of(0.7), of(3)]}, "a2": [of(1.0), of(2.0)], "seed": [of(0)]}
        return make(
            "quadratic", axes, {"a1": of(2.0)}, {"theta1": of(1.0), "theta2": of(0.5)}, steps=of(30),
            tolerance=of(1e-9), thresholds={"growth": of(1.5)}, chunks={"eta": of(2)},
        )  # fmt: skip

    assert spec(kind).to_dict() == spec(lambda value: value).to_dict()


def test_a_trajectory_and_a_slice_take_them(kind):
    plain = eos_sweep.trajectory("quadratic", GIVEN, {"theta1": 1.0}, steps=5)
    given = {name: kind(value) for name, value in GIVEN.items()}
    found = eos_sweep.trajectory("quadratic", given, {"theta1": kind(1.0)}, steps=kind(5), seed=kind(0))
    xr.testing.assert_identical(found, plain)
    ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "eta": [0.1, 0.4, 0.8]}, {}, {"theta1": 1}, steps=kind(20))
    xr.testing.assert_identical(ds.eos.trajectory(a1=kind(2.0), eta=kind(0.4)), ds.eos.trajectory(a1=2, eta=0.4))
    assert plot.draw(ds, x="eta", at={"a1": kind(2.0)}).axes
    assert (eos_sweep.label(ds, growth=kind(1.5)) == eos_sweep.label(ds, growth=1.5)).all()
    assert eos_sweep.coarsen(ds.regime, {"eta": kind(3)}).sizes["eta"] == 1


def test_counts_of_workers_and_samples_are_plain_afterwards(kind):
    assert Resources(threads=kind(2)).checked() == Resources(threads=2)
    spec = make("quadratic", {"eta": [0.1, 0.4]}, {"a1": 1}, {"theta1": 1}, steps=5, observables=["steps_taken"])
    assert eos_sweep.plan(spec, threads=kind(2), sample=kind(4), seed=kind(1)).cores == 2


@pytest.mark.parametrize("wrong", [np.array(np.nan), xr.DataArray(True), np.array([1.0]), np.array("x"), None])
def test_what_is_no_number_is_refused_in_any_of_these_forms(wrong):
    with pytest.raises(ValueError):
        number(wrong)
    with pytest.raises(InputError, match="sample: got .*; give a whole number >= 1"):
        eos_sweep.plan("unread.toml", sample=wrong)
