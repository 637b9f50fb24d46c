"""Phases and cycles of a trajectory: the reference run, what each phase means, and the law of where a cycle turns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eos_sweep
from eos_sweep.analysis import phases
from eos_sweep.errors import InputError
from eos_sweep.models import bivariate_theory

A = {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
AT = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.05, "radius": "liu2025"}


@pytest.fixture(scope="module")
def run():
    return eos_sweep.trajectory("bivariate", AT, A, steps=10_000)


@pytest.fixture(scope="module")
def found(run):
    return eos_sweep.segment_phases(run)


def test_the_reference_run_has_its_cycles(found):
    """Run A: 17 crossings, the first at 348; a first peak of 1.234, later ones near 1.13; minima near 0.88."""
    assert found.sizes["cycle"] == 17 and found.crossing[0] == 348
    assert found.sharpness_peak[0] == pytest.approx(1.234, abs=5e-4)
    np.testing.assert_allclose(found.sharpness_peak[1:6], 1.13, atol=0.01)
    np.testing.assert_allclose(found.undershoot[:14], 0.88, atol=0.005)
    assert np.isnan(found.undershoot[-1]) and np.isnan(found.law_undershoot[-1])  # the run ends before it turns


def test_segments_divide_the_run_and_follow_each_other(run, found):
    first, duration = found["first"].values, found.duration.values
    assert first[0] == 0 and duration.sum() == run.sizes["step"]
    np.testing.assert_array_equal(first[1:], np.cumsum(duration)[:-1])
    codes = found.segment_phase.values
    ratio = (run.sharpness / run.threshold).values
    for k, (start, length, code) in enumerate(zip(first, duration, codes, strict=True)):
        assert (found.phase[start : start + length] == code).all()
        assert found.peak[k] == ratio[start : start + length].max()
    # The start has too large a beta1, so that alpha falls on the first step.
    names = {code: name for name, code in phases.PHASES.items()}
    assert [names[code] for code in codes] == ["II.2", *["I", "II.1", "II.2"] * 16, "I", "II.1"]


def test_phases_are_what_they_are_called(run, found):
    phase = found.phase.values[:-1]
    rises = np.diff(run.alpha) > 0
    above = (run.sharpness > run.threshold).values[:-1]
    assert (~rises == (phase == phases.PHASES["II.2"])).all()
    assert (above & rises == (phase == phases.PHASES["II.1"])).all()
    grows = np.diff(run.log10_abs_beta1.values) > 0
    assert grows[phase == phases.PHASES["II.1"]].all()  # theorem 4.4, which this run keeps
    shrinks = phase == phases.PHASES["I"]
    assert (np.diff(run.sharpness)[shrinks] > 0).mean() > 0.99  # progressive sharpening


def test_a_cycle_turns_where_the_law_says_the_better_the_smaller_the_step():
    far = []
    for eta in (0.1, 0.05, 0.02, 0.01):
        start = {"alpha": np.sqrt(1.6 / (400 * eta)), "beta1": 0.01, "beta2": 0.5}
        given_ = AT | {"lambda1": 400.0, "eta": eta}
        found = eos_sweep.segment_phases(eos_sweep.trajectory("bivariate", given_, start, steps=20_000))
        reach = 10 / 36 * eta  # kappa^2 eta
        low, high = bivariate_theory.turning_points(reach)
        assert (found.attrs["law_undershoot"], found.attrs["law_peak"]) == pytest.approx((low, high))
        np.testing.assert_allclose(found.pressure[0], reach, rtol=1e-9)  # the projection acts
        gap = np.abs(found.undershoot - found.law_undershoot).values
        assert np.nanmax(gap) < reach
        np.testing.assert_allclose(found.z_peak[1:], found.law_next_peak[:-1], atol=2 * reach)
        far.append(gap[0])
    assert far == sorted(far, reverse=True) and far[-1] < 0.2 * far[1]


def test_without_a_projection_the_law_follows_beta1():
    given_ = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.01}
    start = {"alpha": 1.40, "beta1": 1e-3, "beta2": 0.02}
    found = eos_sweep.segment_phases(eos_sweep.trajectory("bivariate", given_, start, steps=60_000))
    assert found.sizes["cycle"] > 3 and np.isnan([found.attrs["law_undershoot"], found.attrs["law_peak"]]).all()
    turned = np.isfinite(found.undershoot)
    np.testing.assert_allclose(found.undershoot[turned], found.law_undershoot[turned], atol=found.pressure.max())


@given(st.floats(-12, 1.5))
def test_turning_points_are_both_roots(decades):
    pressure = 10.0**decades
    low, high = bivariate_theory.turning_points(pressure)
    assert 0 < low < 1 < high
    for root in (low, high):
        assert root - 1 - np.log(root) == pytest.approx(pressure / 2, rel=1e-6, abs=1e-15)
    small = np.sqrt(pressure)
    if pressure < 1e-3:
        assert (1 - low, high - 1) == pytest.approx((small, small), rel=small)


def test_a_run_that_diverges_is_segmented_as_far_as_it_goes():
    given_ = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.18}
    run = eos_sweep.trajectory("bivariate", given_, {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}, steps=200)
    found = eos_sweep.segment_phases(run)
    gone = np.isnan(run.alpha.values)
    assert gone.any() and (found.phase.values[gone] == 0).all() and (found.phase.values[~gone][:-1] > 0).all()


def test_only_runs_of_this_model_have_these_phases():
    run = eos_sweep.trajectory("quartic", {"eta": 0.1}, {"x": 1.0, "y": 0.5}, steps=10)
    with pytest.raises(InputError, match="alpha, log10_abs_beta1, lambda1, radius; give a trajectory of the model"):
        eos_sweep.segment_phases(run)


def test_runs_of_other_rules_have_other_phases():
    run = eos_sweep.trajectory("bivariate", AT, A, steps=10).assign_attrs(rule="heavy_ball")
    with pytest.raises(InputError, match="run: takes its steps by heavy_ball; give one of gradient descent"):
        eos_sweep.segment_phases(run)


def test_a_sharpness_of_exactly_two_over_eta_is_above():
    given_ = {"lambda1": 1.0, "lambda2": 0.1, "eta": 2.0}
    run = eos_sweep.trajectory("bivariate", given_, {"alpha": 1.0, "beta1": 0.0, "beta2": 1.0}, steps=3)
    assert (run.sharpness == run.threshold).all()
    phase = eos_sweep.segment_phases(run).phase
    assert (phase == phases.PHASES["II.1"]).all()
