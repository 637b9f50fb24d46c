"""Events: what happened to a trajectory, from its observables, whatever its regime."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import eos_sweep
from eos_sweep.analysis.event_flags import EVENTS, READS
from eos_sweep.errors import InputError
from helpers.regime_examples import CALM, CAUGHT, DIVERGED, FLIPPED, HOVERED, ORBIT, SHARPENED, STARTED_ABOVE, SWINGS

CALMLY = CALM | {"first_sign_flip": -1}
FLIPPED_AT = {step: FLIPPED | {"first_sign_flip": step} for step in (2, 3, 7)}


def names(*changes, **limits):
    values = dict(CALMLY)
    for change in changes:
        values |= change
    dataset = xr.Dataset({name: ((), value) for name, value in values.items()})
    found = eos_sweep.events(dataset, **limits)
    masks = dict(zip(found.attrs["flag_meanings"].split(), found.attrs["flag_masks"], strict=True))
    assert {name: bool(found & mask) for name, mask in masks.items()} == {
        name: bool(eos_sweep.happened(dataset, name, **limits)) for name in masks
    }
    return {name for name, mask in masks.items() if found & mask}


@pytest.mark.parametrize(("changes", "expected"), [
    ([], "budget_spent"),
    ([{"outcome": 0}], ""),
    ([{"outcome": 0}, HOVERED, FLIPPED], ""),
    ([DIVERGED], "diverged"),
    ([SHARPENED, {"outcome": 1}], "sharpened converged"),
    ([HOVERED], "reached_edge recovered crossed_again budget_spent"),
    ([CAUGHT], "reached_edge recovered budget_spent"),
    ([CAUGHT, {"final_above": 2}], "reached_edge ended_above budget_spent"),
    ([STARTED_ABOVE], "started_above recovered budget_spent"),
    ([STARTED_ABOVE, {"crossings": 1}], "started_above recovered crossed_again budget_spent"),
    ([SWINGS], "started_above recovered crossed_again alternated budget_spent"),
    ([FLIPPED_AT[2]], "flipped_before_edge budget_spent"),
    ([HOVERED, FLIPPED_AT[2]], "reached_edge recovered crossed_again flipped_before_edge budget_spent"),
    ([HOVERED, FLIPPED_AT[3]], "reached_edge recovered crossed_again flipped_before_edge budget_spent"),
    ([HOVERED, FLIPPED_AT[7]], "reached_edge recovered crossed_again flipped_after_edge budget_spent"),
    ([ORBIT], "on_orbit budget_spent"),
])  # fmt: skip
def test_events_say_what_happened(changes, expected):
    assert names(*changes) == set(expected.split())


def test_growth_is_that_of_its_threshold():
    assert "sharpened" not in names(SHARPENED, growth=1.1)


def test_bits_never_change_their_meaning():
    known = (
        "started_above reached_edge recovered crossed_again alternated sharpened flipped_before_edge "
        "flipped_after_edge ended_above on_orbit converged diverged budget_spent"
    )
    assert [(event.name, event.bit) for event in EVENTS][:13] == list(zip(known.split(), range(13), strict=True))


def test_an_unknown_event_is_named():
    dataset = xr.Dataset({name: ((), value) for name, value in CALMLY.items()})
    with pytest.raises(InputError, match="event 'flipped': unknown; there are: started_above"):
        eos_sweep.happened(dataset, "flipped")
    with pytest.raises(InputError, match="events need first_sign_flip, not stored here"):
        eos_sweep.events(dataset.drop_vars("first_sign_flip"))


@pytest.fixture(scope="module")
def swept():
    axes = {"lambda1": {"log": [1, 1e4, 24]}, "eta": {"log": [1e-3, 30, 24]}}
    start = {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}
    return eos_sweep.sweep("bivariate", axes, parameters={"lambda2": 0.01}, initial=start, steps=500)


def test_events_of_a_sweep_agree_with_its_observables(swept):
    edge = eos_sweep.happened(swept, "reached_edge")
    assert edge.any() and (swept.first_crossing.where(edge) > 0).sum() == edge.sum()
    both = eos_sweep.happened(swept, "flipped_before_edge").astype(int) + eos_sweep.happened(
        swept, "flipped_after_edge"
    )
    np.testing.assert_array_equal(both, swept.sign_flips > 0)
    np.testing.assert_array_equal(eos_sweep.happened(swept, "started_above"), swept.sharpness_initial >= 2 / swept.eta)
    ends = [eos_sweep.happened(swept, name) for name in ("converged", "diverged", "budget_spent")]
    np.testing.assert_array_equal(sum(end.astype(int) for end in ends), 1)


def test_events_stay_lazy(swept):
    lazy = eos_sweep.events(swept.chunk({"eta": 5}))
    assert lazy.chunks is not None and lazy.dtype == np.int16
    np.testing.assert_array_equal(lazy.compute(), eos_sweep.events(swept))


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), st.booleans())
@settings(deadline=None, max_examples=60)
def test_a_run_that_flips_flips_before_the_edge_or_after_it(first, flip, flips, crosses):
    found = names({"first_crossing": first if crosses else -1, "steps_above": int(crosses)},
                  {"first_sign_flip": flip, "sign_flips": flips})  # fmt: skip
    assert ("flipped_after_edge" in found) == (crosses and flip > first)
    assert ("flipped_before_edge" in found) != ("flipped_after_edge" in found)
    assert set(READS) <= set(CALMLY)
