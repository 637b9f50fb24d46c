"""A seed axis that grows until shares are known: as many batches as needed, whatever was run before."""

import logging

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep.errors import SpecError
from eos_sweep.runtime.more_seeds import widest_interval
from eos_sweep.spec.sweeps import Sweep

START = {"alpha": "uniform(0.3, 0.7)", "beta1": 0.05, "beta2": 0.5}
GRID = {"lambda1": [10.0, 100.0], "eta": [0.02, 0.06]}
UNTIL = {"until": 0.22, "batch": 8, "most": 64}


def spec(seed, **changes):
    given = {"model": "bivariate", "steps": 100, "axes": {"seed": seed, **GRID}, "initial": START}
    return Sweep.from_dict(given | {"parameters": {"lambda2": 0.01}} | changes)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    place = tmp_path_factory.mktemp("seeds") / "s.zarr"
    return place, eos_sweep.run(spec(UNTIL), place)


def test_seeds_are_added_batch_by_batch_until_the_widest_interval_is_narrow_enough(grown):
    place, progress = grown
    ds = eos_sweep.open_sweep(place)
    number = ds.sizes["seed"]
    assert number % 8 == 0 and 8 < number < 64 and ds.seed.values.tolist() == list(range(number))
    assert widest_interval(place) <= 0.22
    less = eos_sweep.shares(ds.isel(seed=slice(number - 8)), over="seed")
    assert float((less.share_high - less.share_low).max()) / 2 > 0.22
    assert progress.done == progress.new == progress.total == 4 * number


def test_a_grown_store_has_the_numbers_of_one_with_these_seeds_from_the_start(grown):
    place, _ = grown
    ds = eos_sweep.open_sweep(place).load()
    fresh = eos_sweep.sweep(
        "bivariate", {"seed": np.arange(ds.sizes["seed"]), **GRID}, {"lambda2": 0.01}, START, steps=100
    )
    for name in ds.data_vars:
        xr.testing.assert_equal(ds[name], fresh[name])


@pytest.mark.slow
def test_a_run_that_is_repeated_or_was_cut_short_ends_with_the_same_seeds(grown, tmp_path, caplog):
    place, progress = grown
    assert eos_sweep.run(spec(UNTIL), place).new == 0
    short = tmp_path / "short.zarr"
    with caplog.at_level(logging.WARNING, "eos_sweep"):
        first = eos_sweep.run(spec(UNTIL | {"most": 8}), short)
    assert first.total == 32 and "8 seeds, and the widest interval of a share is ± 0.2" in caplog.text
    assert eos_sweep.run(spec(UNTIL), short).total == progress.total


@pytest.mark.slow
def test_a_sweep_in_memory_grows_too(grown):
    ds = eos_sweep.sweep("bivariate", {"seed": UNTIL, **GRID}, {"lambda2": 0.01}, START, steps=100)
    assert ds.regime.size == grown[1].total


def test_the_spec_of_a_growing_axis_comes_back():
    sweep = spec(UNTIL | {"symbol": "s"})
    assert sweep.to_dict()["axes"]["seed"] == UNTIL | {"symbol": "s"} and sweep.shape == (8, 2, 2)
    assert Sweep.from_dict(sweep.to_dict()) == sweep
    assert spec({"until": 0.1}).axis("seed").growing == (0.1, 64, 4096)


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ({"until": 0}, r"axis 'seed': got until 0; give half of an interval, from 0 to 0.5"),
        ({"until": "x"}, r"axis 'seed': got until 'x'; give half of an interval"),
        ({"until": 0.1, "batch": 0}, r"axis 'seed': got batch 0; give a whole number from 1 to 1000000"),
        ({"until": 0.1, "most": 2.5}, r"axis 'seed': got most 2.5; give a whole number"),
        ({"until": 0.1, "batch": 8, "most": 4}, r"axis 'seed': got batch 8 and most 4; give a batch of at most"),
        ({"until": 0.1, "values": [1]}, r"axis 'seed': got 'values' beside until; give \{ until = 0.02"),
    ],
)
def test_a_wrong_number_is_an_error_of_one_line(seed, message):
    with pytest.raises(SpecError, match="^" + message):
        spec(seed)


def test_other_axes_do_not_grow_and_shares_need_regimes(tmp_path):
    with pytest.raises(SpecError, match=r"^axis 'eta': until is for the axis seed"):
        spec([0], axes={"eta": {"until": 0.1}, "lambda1": [1]})
    with pytest.raises(SpecError, match=r"^axis seed: until needs the regime, which is not stored"):
        eos_sweep.run(spec(UNTIL, observables=["steps_taken"]), tmp_path / "s.zarr")
    assert not any(tmp_path.iterdir())
