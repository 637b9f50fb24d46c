"""A masked sweep holds numbers only, so that statistics cover what happened and nothing else."""

import re

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep import models, observables
from eos_sweep.analysis.masking import words_of_numbers
from eos_sweep.analysis.specs import described, sweep_of
from eos_sweep.errors import InputError
from eos_sweep.store import schema
from eos_sweep.store.sentinels import sentinels
from helpers.formats import LAYOUTS, unpack


@pytest.fixture(scope="module", name="partial")
def _partial(free):
    """The sweep with some cells as they are before they are computed."""
    found = free.copy(deep=True)
    for name, variable in described(free).items():
        found[name].values[:3, :4] = variable.fill
    return found


@pytest.fixture(name="there")
def _there(partial):
    return (partial.outcome != 0).values


def test_only_what_happened_is_averaged(partial, there):
    found = eos_sweep.masked(partial)
    assert (partial.first_crossing == -1).any() and (partial.first_sign_flip == -1).any()
    for name, happened in {
        "first_crossing": there & (partial.first_crossing >= 0),
        "first_sign_flip": there & (partial.first_sign_flip >= 0),
        "period": there & (partial.period > 0),
        "crossings": there,
        "steps_taken": there,
        "sharpness_max": there,
    }.items():
        np.testing.assert_array_equal(found[name].notnull(), happened, name)
        if happened.any():
            kept = partial[name].values[happened]
            np.testing.assert_array_equal(found[name].values[happened], kept, name)
            assert np.isclose(found[name].mean(), kept.mean(), rtol=1e-12)
        assert found[name].dtype == np.float64


def test_words_do_not_speak_of_values_that_are_masked(partial):
    found, sweep = eos_sweep.masked(partial), sweep_of(partial)
    for name, data in found.data_vars.items():
        explained = re.findall(r"(-?\d+): ", data.attrs.get("long_name", ""))
        assert not {int(value) for value in explained} & {*sentinels(name, sweep.stored[name]).values()}, name
    assert found.first_crossing.long_name == "first step with sharpness at or above 2/eta (0: from the start)"
    assert found.first_sign_flip.long_name == "first step on which the guarded coordinate changed sign"
    assert found.period.long_name.endswith("on which the trajectory ends (1: at rest)")
    assert partial.first_crossing.long_name.endswith("-1: never)")
    assert "never" not in eos_sweep.quantiles(partial, "first_crossing", over="eta").first_crossing.long_name


def test_flags_of_two_values_average_to_a_share_and_other_labels_stay(partial, there):
    found = eos_sweep.masked(partial)
    above = (partial.final_above == 2).values
    assert 0.1 < above[there].mean() < 0.9
    assert found.final_above.mean() == above[there].mean()
    np.testing.assert_array_equal(found.where(found.final_above == 1).sharpness_max.notnull(), above)
    for name in ("regime", "outcome", "settled"):
        xr.testing.assert_identical(found[name], partial[name])
    assert float(eos_sweep.shares(found.regime).sum()) == pytest.approx(1.0)


def test_attributes_are_kept_but_for_flags_and_labels_are_not_computed_from_it(partial):
    found = eos_sweep.masked(partial)
    assert found.attrs["spec"] == partial.attrs["spec"]
    for name, data in found.data_vars.items():
        flags = {"flag_values", "flag_meanings"} if data.dtype == np.float64 else set()
        words = words_of_numbers(name, partial[name], described(partial)) if flags else {}
        assert data.attrs == {key: value for key, value in partial[name].attrs.items() if key not in flags} | words
    for act in (eos_sweep.label, eos_sweep.settled, lambda ds: eos_sweep.boundary(ds, "eta", "divergence")):
        with pytest.raises(InputError, match="^dataset: is masked, and the rules read values as they are stored; give"):
            act(found)


def test_masking_again_or_after_where_changes_nothing(partial):
    found = eos_sweep.masked(partial)
    xr.testing.assert_identical(eos_sweep.masked(found), found)
    some = partial.eta > 0.1
    late = eos_sweep.masked(partial.where(some))
    for name in ("first_crossing", "final_above", "period", "crossings", "loss_max"):
        xr.testing.assert_equal(late[name], found[name].where(some))


@pytest.mark.slow
def test_it_is_lazy_and_can_be_stored(partial, tmp_path):
    lazy = partial.drop_encoding().chunk(eta=10)
    found = eos_sweep.masked(lazy)
    assert all(data.chunks for data in found.data_vars.values())
    xr.testing.assert_identical(found.compute(), eos_sweep.masked(partial))
    found.to_zarr(tmp_path / "s", consolidated=False)
    with xr.open_zarr(tmp_path / "s", consolidated=False) as read:
        xr.testing.assert_equal(read, found.compute())


def test_variables_of_ones_own_are_masked_where_nothing_was_computed_and_only_if_over_the_same_axes(partial, there):
    own = partial.assign(
        change=partial.crossings - partial.loss_rises, mine=partial.eta, early=partial.first_crossing == 0, word=2.0
    )
    found = eos_sweep.masked(own.assign(texts=("eta", ["a"] * own.sizes["eta"])))
    np.testing.assert_array_equal(found.change, np.where(there, own.change, np.nan))
    np.testing.assert_array_equal(found.early, np.where(there, own.early, np.nan))
    xr.testing.assert_equal(found.mine, own.mine)
    assert float(found.word) == 2.0 and found.texts.values[0] == "a"
    only = eos_sweep.masked(partial[["first_crossing", "steps_taken"]])
    np.testing.assert_array_equal(only.first_crossing, eos_sweep.masked(partial).first_crossing)


@pytest.mark.parametrize("strange", [None, 3, xr.Dataset(), xr.Dataset({"a": 1}), xr.DataArray([1.0])])
def test_what_is_no_sweep_is_an_error_of_one_line(strange):
    with pytest.raises(InputError, match="^dataset: has no spec in its attributes, .*; give a sweep as it was opened$"):
        eos_sweep.masked(strange)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_stores_without_flags_on_whole_numbers_are_masked_too(layout, tmp_path):
    path = unpack(layout, tmp_path / "s")
    with xr.open_zarr(path) as raw:
        found = eos_sweep.masked(raw)
        assert "flag_values" not in raw.first_crossing.attrs and (raw.first_crossing == -1).any()
        np.testing.assert_array_equal(found.first_crossing, raw.first_crossing.where(raw.first_crossing >= 0))
        np.testing.assert_array_equal(found.first_crossing, eos_sweep.masked(eos_sweep.open_sweep(path)).first_crossing)


@pytest.mark.parametrize("name", models.TABLE)
def test_each_value_that_is_no_number_has_a_flag(name):
    stored = {key: about for key, (_, about) in observables.variables(models.get(name)).items()}
    found = schema.attributes(stored, {})
    for key, variable in stored.items():
        about = found[key]
        flags = dict(zip(about.get("flag_meanings", "").split(), about.get("flag_values", []), strict=True))
        if variable.dtype.startswith("int"):
            assert flags["not_computed"] == variable.fill
        else:
            assert not flags and np.isnan(variable.fill)
        words = re.findall(r"(-?\d+): (\w+)", variable.long_name)
        named = {int(value): word for value, word in words if int(value) in flags.values()}
        assert set(sentinels(key, variable).values()) <= {variable.fill, *named}
        assert {value for value, word in named.items() if word in ("never", "none")} <= set(flags.values())
        assert all(word in ("never", "none") for word in named.values())
