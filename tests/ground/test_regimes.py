"""Regimes are ordered rules on stored observables, with named thresholds that can be changed later."""

import json
import shutil

import dask.array
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import eos_sweep
from eos_sweep import models, regimes
from eos_sweep.contract import DOUBLED
from eos_sweep.errors import InputError
from eos_sweep.models import bivariate
from eos_sweep.observables import expand, variables
from eos_sweep.spec.sweeps import Sweep
from helpers.regime_examples import (
    AT_REST,
    CALM,
    CAUGHT,
    DIVERGED,
    FLIPPED,
    HOVERED,
    ORBIT,
    SHARPENED,
    STARTED_ABOVE,
    STAYS_ABOVE,
    SWINGS,
)
from helpers.stores import FEW, REGIMES, SPEC, changed, command, contents, strict

ALL = [models.get(name) for name in models.TABLE]


def code(*changes, **limits):
    values = dict(CALM)
    for change in changes:
        values |= change
    dataset = xr.Dataset({name: ((), value) for name, value in values.items()})
    return list(regimes.CODES)[int(eos_sweep.label(dataset, **limits))]


@pytest.mark.parametrize(("regime", "changes"), [
    ("not_computed", [{"outcome": 0}]),
    ("not_computed", [{"outcome": 0}, FLIPPED, HOVERED]),
    ("divergence", [DIVERGED]),
    ("divergence", [DIVERGED, FLIPPED, HOVERED, SHARPENED]),
    ("divergence", [DIVERGED, {"sharpness_max": np.inf}]),
    ("divergence", [{"loss_growth": 1e13}, FLIPPED]),
    ("stable", [{"loss_growth": 1e12}]),
    ("sign_flip", [FLIPPED]),
    ("sign_flip", [FLIPPED, HOVERED, SHARPENED]),
    ("sign_flip", [{"sign_flips": 1000}, STAYS_ABOVE]),
    ("edge_of_stability", [HOVERED]),
    ("edge_of_stability", [HOVERED, {"final_above": 2}]),
    ("edge_of_stability", [HOVERED, SHARPENED, {"outcome": 1}]),
    ("edge_of_stability", [SWINGS, {"first_crossing": 1, "steps_above": 4}]),
    ("edge_of_stability", [SWINGS, {"steps_above": 6}]),
    ("catapult", [SWINGS]),
    ("unsettled", [SWINGS, {"final_above": 2}]),
    ("catapult", [CAUGHT]),
    ("catapult", [STARTED_ABOVE]),
    ("catapult", [STARTED_ABOVE, CAUGHT, SHARPENED, {"outcome": 1}]),
    ("progressive_sharpening", [SHARPENED]),
    ("progressive_sharpening", [SHARPENED, {"outcome": 1}]),
    ("stable", []),
    ("stable", [{"outcome": 1}]),
    ("stable", [{"sharpness_max": 10.5}]),
    ("periodic", [HOVERED, ORBIT]),
    ("periodic", [STAYS_ABOVE, {"period": 16}]),
    ("periodic", [STAYS_ABOVE, AT_REST]),
    ("sign_flip", [FLIPPED, ORBIT]),
    ("edge_of_stability", [HOVERED, AT_REST]),
    ("catapult", [CAUGHT, AT_REST]),
    ("progressive_sharpening", [SHARPENED, AT_REST]),
    ("unsettled", [STAYS_ABOVE]),
    ("unsettled", [STAYS_ABOVE, {"crossings": 1}]),
    ("unsettled", [STAYS_ABOVE, SHARPENED]),
])  # fmt: skip
def test_the_first_rule_that_holds_decides(regime, changes):
    assert code(*changes) == regime


@pytest.mark.parametrize(("regime", "changes", "limits"), [
    ("edge_of_stability", [FLIPPED, HOVERED], {"flips": 2}),
    ("sign_flip", [{"sign_flips": 2}, HOVERED], {"flips": 2}),
    ("catapult", [HOVERED], {"crossings": 3}),
    ("unsettled", [HOVERED, {"final_above": 2}], {"crossings": 3}),
    ("edge_of_stability", [CAUGHT], {"crossings": 1}),
    ("stable", [SHARPENED], {"growth": 1.06}),
    ("divergence", [{"loss_growth": 1e5}], {"blowup": 1e4}),
    ("progressive_sharpening", [{"sharpness_max": 10.5}], {"growth": 1.0}),
    ("chaotic", [HOVERED, {"lyapunov": 0.2}], {"chaos": 0.1}),
    ("edge_of_stability", [HOVERED, {"lyapunov": 0.2}], {"chaos": 0.3}),
    ("edge_of_stability", [HOVERED, {"lyapunov": 0.2}], {}),
    ("edge_of_stability", [HOVERED, {"lyapunov": 0.2, "outcome": 1}], {"chaos": 0.1}),
    ("periodic", [HOVERED, ORBIT, {"lyapunov": 0.2}], {"chaos": 0.1}),
])  # fmt: skip
def test_thresholds_move_the_rules(regime, changes, limits):
    assert code(*changes, **limits) == regime


def test_codes_in_stores_never_change():
    stored = (
        "not_computed divergence sign_flip edge_of_stability catapult progressive_sharpening stable unsettled periodic "
        "chaotic"
    )
    assert list(regimes.CODES)[:10] == stored.split()
    assert list(regimes.CODES.values()) == list(range(len(regimes.RULES) + 1))


def test_attributes_say_all_regime_rules_and_thresholds():
    about = regimes.attributes(regimes.thresholds())
    assert about["flag_meanings"].split() == list(regimes.CODES)
    assert all(f"{rule.regime}: {rule.words}" in about["rules"] for rule in regimes.RULES)
    assert all(f"{name}={one.default:g}" in about["thresholds"] for name, one in regimes.THRESHOLDS.items())
    assert all(limit.meaning and limit.reason for limit in regimes.THRESHOLDS.values())


class Recorded:
    """Values of some names, and which of them were asked for."""

    def __init__(self, values):
        self.values, self.asked = values, set()

    def __getattr__(self, name):
        self.asked.add(name)
        return self.values[name]


@pytest.mark.parametrize("rule", regimes.RULES, ids=lambda rule: rule.regime)
def test_a_regime_rule_reads_what_it_says(rule):
    o = Recorded({name: np.array([value]) for name, value in (CALM | {"lyapunov": 0.1}).items()})
    t = Recorded(regimes.thresholds())
    assert rule.holds(o, t).dtype == bool
    assert o.asked == {*rule.reads, *rule.if_stored} and set(rule.thresholds) <= t.asked
    assert rule.switch is None or rule.switch in rule.thresholds


def test_conditions_compare_with_the_flags_of_the_observables():
    flags = {name: about.flags for name, (_, about) in variables(bivariate).items()}
    assert (regimes.DIVERGED, regimes.BUDGET_SPENT) == (flags["outcome"]["diverged"], flags["outcome"]["budget_spent"])
    assert (regimes.BELOW, regimes.ABOVE) == (flags["final_above"]["below"], flags["final_above"]["above"])


def test_variables_say_whether_a_regime_rule_reads_them():
    """What decides the regime is stored ``_doubled``: docs/extending.md says what that means for older stores."""
    said = {name for model in ALL for name, (_, about) in variables(model).items() if about.decides_regime}
    read = {name for rule in regimes.RULES for name in (*rule.reads, *rule.if_stored)}
    assert {name for name in said if not name.endswith(DOUBLED)} == read
    doubled = set(expand(["doubled"], bivariate)) - {"steps_taken"}
    assert {name + DOUBLED for name in regimes.reads(regimes.thresholds())} == doubled
    assert "lyapunov_doubled" in expand(["doubled"], models.get("quartic"))  # for which that regime rule is switched on


COUNT = st.integers(0, 5)
SHARPNESS = st.one_of(st.floats(0, 1e300), st.just(np.inf))


@st.composite
def computed(draw):
    """Observables that belong together, of a trajectory that was computed."""
    above = draw(COUNT)
    initial, largest = draw(SHARPNESS), draw(SHARPNESS)
    return CALM | {
        "outcome": draw(st.integers(1, 3)),
        "sign_flips": draw(COUNT),
        "steps_above": above,
        "crossings": draw(st.integers(0, above)),
        "first_crossing": draw(st.integers(0, 9)) if above else -1,
        "final_above": draw(st.integers(1, 2 if above else 1)),
        "sharpness_initial": initial,
        "sharpness_max": max(initial, largest),
        "period": draw(st.integers(0, 3)),
        "loss_growth": draw(st.floats(1, 1e20)),
    }


LIMITS = st.fixed_dictionaries(
    {}, optional={"flips": st.integers(0, 5), "crossings": st.integers(0, 5), "growth": st.floats(0.5, 4)}
)


def codes(rows, limits):
    values = {name: np.array([row[name] for row in rows]) for name in regimes.reads(regimes.thresholds())}
    return regimes.classify(values, regimes.thresholds(limits))


@given(st.lists(computed(), min_size=1), LIMITS)
@settings(deadline=None)
def test_whatever_was_computed_has_one_regime(rows, limits):
    found = codes(rows, limits)
    on = [rule.code for rule in regimes.RULES if rule.switch is None]
    assert found.dtype == np.int8 and np.isin(found, on).all()
    nothing = [{**row, "outcome": 0} for row in rows]
    assert not codes(nothing, limits).any()
    np.testing.assert_array_equal(np.concatenate([codes([row], limits) for row in rows]), found)


@given(st.lists(computed(), min_size=1), LIMITS, st.sampled_from(["flips", "crossings", "growth"]), st.floats(0, 3))
@settings(deadline=None)
def test_a_higher_threshold_never_gains_its_regime(rows, limits, name, more):
    regime = {"flips": "sign_flip", "crossings": "edge_of_stability", "growth": "progressive_sharpening"}[name]
    low = regimes.thresholds(limits)
    before, after = codes(rows, low), codes(rows, {**low, name: low[name] + more})
    assert not ((after == regimes.CODES[regime]) & (before != regimes.CODES[regime])).any()
    order = np.array([0, *(regimes.CODES[rule.regime] for rule in regimes.RULES)])
    earlier = np.isin(before, order[: list(order).index(regimes.CODES[regime])])
    np.testing.assert_array_equal(before[earlier], after[earlier])


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("regimes") / "s"
    eos_sweep.run(Sweep.from_dict(SPEC), path)
    return path


def test_every_computed_trajectory_has_one_regime(stored):
    dataset = eos_sweep.open_sweep(stored).load()
    assert set(np.unique(dataset.regime)) == REGIMES
    np.testing.assert_array_equal(dataset.regime == 1, dataset.outcome == 2)
    np.testing.assert_array_equal((dataset.regime == 2), (dataset.outcome != 2) & (dataset.sign_flips > 0))


def test_labelling_is_lazy(stored):
    with xr.open_zarr(stored) as dataset:
        label = eos_sweep.label(dataset, growth=1.5)
        assert isinstance(label.data, dask.array.Array) and label.dtype == np.int8
        assert label.chunks == dataset.outcome.chunks
        np.testing.assert_array_equal(label.compute(), eos_sweep.label(dataset.load(), growth=1.5))
        assert label.name == "regime" and "growth=1.5" in label.attrs["thresholds"]


@pytest.mark.parametrize(("limits", "words"), [
    ({"grwoth": 2}, "grwoth"), ({"growth": np.nan}, "growth"), ({"flips": np.inf}, "flips"),
    ({"growth": -1}, "thresholds.growth: got -1; give a finite number >= 0"),
])  # fmt: skip
def test_wrong_thresholds_are_refused(stored, limits, words):
    with pytest.raises(InputError, match=words), xr.open_zarr(stored) as dataset:
        eos_sweep.label(dataset, **limits)
    with pytest.raises(InputError, match=words):
        eos_sweep.open_sweep(stored, **limits)


def arrays(path):
    """Return the bytes of all that is stored but the history, which grows."""
    found = contents(path)
    for name in [name for name in found if name.endswith("zarr.json")]:
        metadata = json.loads(found[name])
        metadata.get("attributes", {}).pop("history", None)
        found[name] = metadata
    return found


@pytest.mark.slow
def test_relabelling_there_and_back(stored, tmp_path):
    shutil.copytree(stored, tmp_path / "s")
    before = arrays(tmp_path / "s")
    new = ("--threshold", "growth=2", "--threshold", "crossings=3")
    there = command("relabel", "s", *new, "--json", cwd=tmp_path)
    assert there.returncode == 0, there.stderr
    told = strict(there.stdout)
    with xr.open_zarr(stored) as original, xr.open_zarr(tmp_path / "s") as relabelled:
        expected = eos_sweep.label(original, growth=2, crossings=3)
        np.testing.assert_array_equal(relabelled.regime, expected)
        np.testing.assert_array_equal(eos_sweep.open_sweep(tmp_path / "s").regime, expected)
        assert told["changed"] == int((expected != original.regime).sum()) == sum(told["moves"].values()) > 0
        assert told["labelled"] == 600 and told["thresholds"] == regimes.thresholds({"crossings": 3, "growth": 2})
        for key in ("flag_values", "flag_meanings", "rules", "thresholds"):
            assert np.array_equal(relabelled.regime.attrs[key], expected.attrs[key]), key
        assert json.loads(relabelled.attrs["thresholds"]) == told["thresholds"]
        assert relabelled.attrs["history"].count("\n") == 1 and "relabelled" in relabelled.attrs["history"]
        assert "regime" not in [name for name in relabelled if not relabelled[name].identical(original[name])][1:]
    share = 100 * told["changed"] / 600
    back = command("relabel", "s", "--threshold", "crossings=2", "--threshold", "growth=1.05", cwd=tmp_path)
    assert back.stdout.splitlines()[1] == f"{told['changed']} of 600 labels changed ({share:.2f} %)"
    assert arrays(tmp_path / "s") == before


@pytest.mark.slow
def test_what_cannot_be_relabelled_is_left_alone(stored, tmp_path):
    shutil.copytree(stored, tmp_path / "s")
    eos_sweep.run(Sweep.from_dict(changed(observables=FEW)), tmp_path / "few")
    before = contents(tmp_path)
    for arguments, words in (
        (("s", "--threshold", "grwoth=2"), "grwoth"),
        (("s", "--threshold", "growth=nan"), "growth"),
        (("s", "--threshold", "growth"), "growth"),
        (("few",), "default"),
        (("missing",), "missing"),
    ):
        done = command("relabel", *arguments, cwd=tmp_path)
        assert done.returncode == 2 and words in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1 and not done.stdout
    assert contents(tmp_path) == before
