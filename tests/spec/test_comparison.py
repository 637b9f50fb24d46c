"""Comparison of two sweeps: the facts that differ, whether they change numbers, and whether one extends the other."""

import time

import numpy as np
import pytest

from eos_sweep.spec.comparison import differences, extends
from helpers.specs import sweep


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"steps": 11}, "steps: 10 -> 11"),
        ({"tolerance": 1e-9}, "tolerance: 1e-20 -> 1e-09"),
        ({"dtype": "float32"}, "dtype: float64 -> float32"),
        ({"axes": {"eta": [0.1, 0.3]}}, "axes.eta: [0.1, 0.2] -> [0.1, 0.3]"),
        ({"axes": {"eta": {"log": [0.001, 1, 512]}}}, "axes.eta: [0.1, 0.2] -> log 0.001…1 × 512"),
        ({"axes": {"eta": [0.1, 0.2], "clip": [1]}}, "axes.clip: none -> [1]"),
        ({"parameters": {"lambda2": 1 + 2**-52}}, "parameters.lambda2: 1 -> 1.0000000000000002"),
        ({"parameters": {"radius": "liu2025"}}, "parameters.radius: inf -> 'liu2025'"),
        ({"initial": {"alpha": "eta"}}, "initial.alpha: 1 -> 'eta'"),
        ({"observables": ["default", "log10_abs_beta1_min"]}, "observables.log10_abs_beta1_min: none -> stored"),
    ],
)
def test_differences_are_readable_and_change_the_hash(changes, line):
    old, new = sweep(), sweep(**changes)
    assert line in differences(old, new)
    assert old.hash != new.hash and not extends(old, new)
    assert len(differences(new, old)) == len(differences(old, new))


def test_a_difference_within_long_axes_is_found():
    values = np.linspace(1, 2, 10**6)
    other = values.copy()
    other[500_000] = np.nextafter(other[500_000], 0)
    begin = time.process_time()
    old, new = (sweep(axes={"eta": array}) for array in (values, other))
    assert differences(old, new) == ["axes.eta: [1, …, 2] × 1000000 -> [1, …, 2] × 1000000 (with other values)"]
    assert not extends(old, new) and extends(sweep(axes={"eta": values[:-1]}), old)
    assert time.process_time() - begin < 5


def test_the_order_of_axes_is_a_difference():
    axes = {"eta": [0.1], "clip": [1, 2]}
    old, new = sweep(axes=axes), sweep(axes=dict(reversed(axes.items())))
    assert differences(old, new) == ["axes: eta, clip -> clip, eta"] and old.hash != new.hash


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "another"},
        {"chunks": {"eta": 1}},
        {"tolerance": 1e-20, "dtype": "float64"},
        {"observables": ["default", "outcome", "steps_taken"]},
        {"axes": {"eta": {"linear": [0.1, 0.2, 2]}}},
        {"parameters": {"clip": "inf", "radius": np.inf}},
    ],
)
def test_facts_that_change_no_number_change_no_hash(changes):
    assert sweep(**changes).hash == sweep().hash
    assert differences(sweep(), sweep(**changes)) == []


def test_a_preset_is_its_expression():
    preset, spelt = (
        sweep(parameters={"radius": "liu2025"}),
        sweep(parameters={"radius": "sqrt(10) / 6 / sqrt(lambda1)"}),
    )
    assert preset.hash == spelt.hash and preset != spelt


def test_an_axis_extends_at_its_end_only():
    old = sweep(axes={"eta": [0.1, 0.2], "clip": [1, np.inf]})
    for axes, expected in [
        ({"eta": [0.1, 0.2, 0.05], "clip": [1, np.inf]}, True),
        ({"eta": [0.1, 0.2, 0.3], "clip": [1, np.inf, 2]}, True),
        ({"eta": [0.1, 0.2], "clip": [1, np.inf]}, False),  # the same
        ({"eta": [0.05, 0.1, 0.2], "clip": [1, np.inf]}, False),
        ({"eta": [0.1, 0.2, 0.3], "clip": [1]}, False),
        ({"eta": [0.1, 0.2, 0.3]}, False),
        ({"clip": [1, np.inf], "eta": [0.1, 0.2, 0.3]}, False),
        ({"eta": [0.1, 0.2, 0.3], "clip": [1, np.inf], "seed": [0]}, False),
    ]:
        assert extends(old, sweep(axes=axes)) is expected
    longer = {"eta": [0.1, 0.2, 0.05], "clip": [1, np.inf]}
    assert extends(old, sweep(axes=longer, title="more", chunks={"eta": 1}))
    assert not extends(old, sweep(axes=longer, steps=11))
    assert not extends(old, sweep(axes=longer, parameters={"lambda2": 2}))
