"""Boundaries: where conditions begin and end, against closed forms."""

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis.columns import uncomputed
from eos_sweep.analysis.predicates import condition_of
from eos_sweep.engine import batch, kernels
from eos_sweep.errors import InputError
from eos_sweep.models import bivariate_theory
from eos_sweep.spec.making import make
from helpers.kernel_and_numpy import COUNTS
from helpers.specs import EDGES

PRESET = {"lambda1": 100.0, "lambda2": 0.01, "radius": "liu2025"}
START = {"alpha": 0.57, "beta1": 0.001, "beta2": 0.5}


def sweep(axes, parameters=PRESET, initial=START, steps=1, **options):
    """Return a sweep of ``bivariate``; what is an axis is taken from the inputs."""
    given = [{name: value for name, value in table.items() if name not in axes} for table in (parameters, initial)]
    return make("bivariate", axes, *given, steps=steps, **options)


def still(alpha, **others):
    """A sweep over alpha in which nothing moves: alpha_final is alpha; by a kernel that other tests need, too."""
    axes = {**others, "alpha": alpha}
    return sweep(axes, PRESET | {"eta": 1e-60}, observables=list(COUNTS))


@pytest.mark.parametrize("few", [False, True])
def test_a_stored_sweep_is_bisected_by_its_own_kernel_if_that_computes_little(few):
    def prepared():
        return {*kernels.OWN, *kernels.SHARED}

    chosen = {"observables": ["outcome", "loss_final", *COUNTS]} if few else {}
    ds = eos_sweep.sweep("bivariate", {"eta": {"log": [0.01, 0.1, 8]}}, PRESET, START, steps=30, **chosen)
    before = prepared()
    for holds in ("crossings > 0", "divergence") if not few else ("crossings > 0",):
        eos_sweep.boundary(ds, "eta", holds)
    assert prepared() == before


# Closed forms


def test_the_edge_is_reached_from_two_over_phi_on():
    spec = sweep({"eta": {"log": [0.01, 0.1, 16]}}, steps=150_000)
    found = eos_sweep.boundary(spec, "eta", "crossings > 0", rtol=1e-8)
    formula = float(bivariate_theory.onset_step_size(100.0, *START.values()))
    assert found.edge.dims == ("crossing",) and found.sizes["crossing"] == 1
    assert float(found.edge[0]) == pytest.approx(formula, rel=1e-4)
    assert float(found.edge[0]) == pytest.approx(0.01926507, abs=5e-9) and formula == pytest.approx(
        0.01926503, abs=5e-9
    )
    assert found.side.values.tolist() == [1] and found.width[0] <= 1e-8


def test_unclipped_runs_diverge_from_energy_four_on():
    axes = {"beta1": [0.01, 0.3, 0.9], "alpha": [0.2, 0.5, 1.3], "eta": {"log": [1e-3, 3, 40]}}
    spec = sweep(axes, {"lambda1": 50.0, "lambda2": 1e-12}, steps=4000)
    found = eos_sweep.boundary(spec, "eta", "divergence", which="first")
    energy = bivariate_theory.unclipped_energy(50.0, found.edge.isel(crossing=0), found.alpha, found.beta1)
    assert energy.dims == ("beta1", "alpha")
    np.testing.assert_allclose(energy, 4.0, rtol=1e-3)


@pytest.mark.slow
def test_a_quadratic_bowl_grows_from_two_over_curvature_on():
    curvature = np.geomspace(0.1, 100, 7)
    spec = make("quadratic", {"a1": curvature, "eta": {"log": [1e-3, 100, 50]}}, {}, {"theta1": 0.3}, steps=64)
    for holds in ("steps_above > 0", lambda o: o.loss_final > o.loss_initial):
        found = eos_sweep.boundary(spec, "eta", holds, rtol=1e-9)
        np.testing.assert_allclose(found.edge[:, 0], 2.0 / curvature, rtol=1e-9)
    flips = eos_sweep.boundary(spec, "eta", "sign_flips > 0")
    np.testing.assert_allclose(flips.edge[:, 0], 1.0 / curvature, rtol=1e-6)


def test_the_start_is_above_the_edge_where_its_sharpness_says():
    spec = sweep({"lambda1": {"log": [1, 1e4, 9]}, "eta": {"log": [1e-5, 10, 30]}})
    found = eos_sweep.boundary(spec, "eta", "first_crossing == 0", rtol=1e-12).edge[:, 0]
    whole = eos_sweep.sweep("bivariate", {"lambda1": found.lambda1.values}, {"lambda2": 0.01, "eta": 1}, START, steps=1)
    np.testing.assert_allclose(found * whole.sharpness_initial, 2.0, rtol=2e-12)


# All, the first, the last


def positive(o):
    return np.cos(o.alpha_final) > 0


TURNS = np.pi * np.array([0.5, 1.5, 2.5])


def test_all_changes_are_found_with_their_sides():
    found = eos_sweep.boundary(still({"linear": [0, 10, 20]}, beta2=[0.1, 0.2]), "alpha", positive, rtol=1e-12)
    np.testing.assert_allclose(found.edge, [TURNS, TURNS], rtol=1e-12)
    assert found.side.values.tolist() == [[2, 1, 2]] * 2
    assert (found.width <= 1e-12).all() and found.edge.dims == ("beta2", "crossing")
    assert found.side.attrs["flag_meanings"] == "none begins ends" and found.attrs["holds"] == "positive"


def test_the_first_and_the_last_change_are_two_of_all():
    spec = still({"linear": [0, 10, 20]}, beta2=[0.1, 0.2])
    every, first, last = (
        eos_sweep.boundary(spec, "alpha", positive, which=which) for which in ("all", "first", "last")
    )
    assert first.edge.values.tolist() == every.edge[:, :1].values.tolist()
    assert last.edge.values.tolist() == every.edge[:, -1:].values.tolist()
    np.testing.assert_allclose(last.edge[:, 0], TURNS[-1], rtol=1e-6)


def test_columns_without_a_change_have_no_edge():
    spec = still([0.5, 2.0, 4.0], beta2=[0.1, 0.2])
    found = eos_sweep.boundary(spec, "alpha", lambda o: o.alpha_final > 10)
    assert found.edge.shape == (2, 1) and found.edge.isnull().all() and (found.side == 0).all()


@given(st.floats(-1, 1), st.sampled_from([1e-2, 1e-6, 1e-13]))
@settings(max_examples=30)
def test_an_edge_is_met_as_closely_as_asked(level, rtol):
    found = eos_sweep.boundary(still({"linear": [-1, 1, 8]}), "alpha", lambda o: o.alpha_final > level, rtol=rtol)
    edges = found.edge.values[np.isfinite(found.edge.values)]
    assert edges.size == (-1 <= level < 1)
    assert np.all(abs(edges - level) <= rtol * np.maximum(abs(edges), 1e-3 * 2 / 7))


# Datasets


@pytest.fixture(scope="module")
def stored():
    return eos_sweep.sweep(**EDGES)


REGIMES = "edge_of_stability", ["sign_flip", "divergence"], "unsettled"


@pytest.mark.parametrize("holds", REGIMES, ids=str)
def test_a_dataset_its_spec_and_its_slices_give_the_same_bits(stored, holds):
    spec = eos_sweep.Sweep.from_dict(json.loads(stored.attrs["spec"]))
    whole = eos_sweep.boundary(stored, "eta", holds)
    assert whole.edge.notnull().any()
    xr.testing.assert_identical(whole, eos_sweep.boundary(spec, "eta", holds, threads=1))
    mixed = stored.isel(eta=np.random.default_rng(0).permutation(30)).transpose("eta", "lambda1")
    xr.testing.assert_equal(whole, eos_sweep.boundary(mixed, "eta", holds))
    one = eos_sweep.boundary(stored.isel(lambda1=3), "eta", holds).edge.values
    assert (
        one.tobytes() == whole.edge.values[3, : one.size].tobytes() and np.isnan(whole.edge.values[3, one.size :]).all()
    )


def test_neighbours_of_an_edge_are_what_it_says(stored):
    spec = eos_sweep.Sweep.from_dict(json.loads(stored.attrs["spec"]))
    whole = eos_sweep.boundary(stored, "eta", "edge_of_stability", rtol=1e-6)
    there = whole.side.values > 0
    edges, sides = whole.edge.values[there], whole.side.values[there]
    lambda1 = np.broadcast_to(whole.lambda1.values[:, None], there.shape)[there]
    codes = []
    for factor in (1 - 1e-6, 1 + 1e-6):
        points = spec.inputs({"lambda1": lambda1, "eta": edges * factor})
        found = batch.run(spec.job(variables=regimes.REQUIRED), *points)
        codes.append(regimes.classify(found, spec.limits) == regimes.CODES["edge_of_stability"])
    assert sides.size > 8
    np.testing.assert_array_equal(codes, [sides == 2, sides == 1])


def test_what_is_stored_is_not_run_again(stored):
    told = stored.assign(
        crossings=stored.crossings * 0 + 5, outcome=stored.outcome * 0 + 3, sign_flips=stored.crossings * 0
    )
    told["period"] = told.period * 0
    assert eos_sweep.boundary(told, "eta", "edge_of_stability").edge.isnull().all()
    assert eos_sweep.boundary(told.drop_vars("period"), "eta", "edge_of_stability").edge.notnull().any()


def test_thresholds_of_the_dataset_count(stored):
    spec = json.loads(stored.attrs["spec"])
    three = eos_sweep.Sweep.from_dict(spec | {"thresholds": {"crossings": 3}})
    two = eos_sweep.boundary(stored, "eta", "edge_of_stability", which="first").edge
    assert (eos_sweep.boundary(three, "eta", "edge_of_stability", which="first").edge > two).any()
    relabelled = stored.assign_attrs(thresholds=json.dumps({"crossings": 3}))
    direct = eos_sweep.boundary(stored, "eta", "crossings >= 3", which="first").edge
    flips = eos_sweep.boundary(relabelled, "eta", "edge_of_stability", which="first").edge
    np.testing.assert_array_equal(direct, flips)


@pytest.mark.parametrize(
    ("holds", "words"), [("crossings>=2", "crossings >= 2"), (" tail_mean  < 1e-3 ", "tail_mean < 0.001")]
)
def test_comparisons(holds, words):
    name = words.split()[0]
    condition = condition_of(holds, sweep({"eta": [0.1, 0.2]}), {})
    assert (condition.label, condition.reads) == (words, (name,))
    at = float(words.split()[2])
    values = {name: np.array([at - 1, at, at + 1])}
    assert condition.test(values).tolist() == ([False, True, True] if ">=" in words else [True, False, False])


@pytest.mark.parametrize(("holds", "values", "right"), [
    ("first_crossing < 100", [-2, -1, 5, 200], [False, False, True, False]),
    ("first_crossing == -1", [-2, -1, 5, 200], [False, True, False, False]),
    ("period <= 4", [-1, 0, 2, 8], [False, False, True, False]),
    ("crossings < 3", [-1, 0, 2, 3], [False, True, True, False]),
    ("tail_mean < 1", [np.nan, 0.5, 1.0, 2.0], [False, True, False, False]),
])  # fmt: skip
def test_a_comparison_leaves_out_what_is_no_number(holds, values, right):
    condition = condition_of(holds, sweep({"eta": [0.1, 0.2]}), {})
    assert condition.test({condition.reads[0]: np.array(values)}).tolist() == right


def test_dots_lie_on_the_edges(stored):
    found = eos_sweep.boundary(stored, "eta", ["sign_flip", "divergence", "edge_of_stability"])
    for x, y in (("eta", "lambda1"), ("lambda1", "eta")):
        ax = plot.regime_map(stored, x, y, lines=False)
        before = len(ax.lines)
        dots = plot.boundary_dots(found, x, y, ax).lines[before:]
        sides = [name for name, code in (("begins", 1), ("ends", 2)) if (found.side == code).any()]
        assert list(dict.fromkeys(line.get_label().split(",")[0] for line in dots)) == sides
        for line in dots:
            name, *several = line.get_label().split(", ")
            there = (found.side == {"begins": 1, "ends": 2}[name]).values
            there &= (found.kind.values > 1) == bool(several)
            columns = np.broadcast_to(found.lambda1.values[:, None], there.shape)[there]
            shown = dict(zip((x, y), line.get_data(), strict=True))
            np.testing.assert_array_equal(shown["eta"], found.edge.values[there])
            np.testing.assert_array_equal(shown["lambda1"], columns)
        assert sum(line.get_xdata().size for line in dots) == (found.side > 0).sum()


def test_dots_find_the_axes_of_a_map(stored):
    found, ax = eos_sweep.boundary(stored, "eta", "sign_flip"), plot.regime_map(stored, lines=False)
    named, found_out = (
        [line.get_xydata() for line in plot.boundary_dots(found, *axes, ax=plot.regime_map(stored)).lines[-2:]]
        for axes in (("eta", "lambda1"), ())
    )
    np.testing.assert_array_equal(np.concatenate(named), np.concatenate(found_out))
    with pytest.raises(InputError, match="ax: no map to draw into"):
        plot.boundary_dots(found)
    with pytest.raises(InputError, match="x, y: the edges are over lambda1, eta; draw them into a map of two of these"):
        plot.boundary_dots(found, x="clip", ax=ax)


# Mistakes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"along": "lambda2"}, "along: no axis 'lambda2' in this sweep; there are: lambda1, eta"),
        ({"holds": "edge_of_stabilty"}, "holds: got 'edge_of_stabilty'; give regimes (divergence, sign_flip"),
        ({"holds": []}, "holds: got []; give regimes"),
        ({"holds": ["stable", "not_computed"]}, "holds: got ['stable', 'not_computed']; give regimes"),
        ({"holds": "crossing > 0"}, "no observable 'crossing'; did you mean 'crossings'?"),
        ({"holds": "crossings > many"}, 'compare with a number, such as "crossings > 0"'),
        ({"which": "second"}, 'which: got \'second\'; give "all", "first" or "last"'),
        ({"rtol": 0.0}, "rtol: got 0; give a number from 1e-14 to 1"),
        ({"rtol": np.nan}, "rtol: got nan"),
    ],
)
def test_mistakes_are_told_in_a_line(stored, change, words):
    given = {"along": "eta", "holds": "stable"} | change
    with pytest.raises(InputError) as told:
        eos_sweep.boundary(stored, **given)
    assert words in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("dataset", "along", "words"),
    [
        (lambda ds: ds.drop_attrs(), "eta", "does not carry the spec of a sweep"),
        (lambda ds: ds.isel(eta=[3]), "eta", "give two finite values or more"),
        (lambda ds: ds.isel(eta=3), "eta", "no axis 'eta' in this sweep; there are: lambda1"),
        (lambda ds: ds.assign(outcome=ds.outcome.where(ds.eta > 0.01, 0)), "eta", "cells are not computed yet"),
        (
            lambda ds: uncomputed(sweep({"clip": [1, np.inf], "eta": [0.1, 0.2]})),
            "clip",
            "axis 'clip' has [1.0, inf]; give two",
        ),
        (lambda ds: uncomputed(sweep({"seed": [0, 1], "eta": [0.1, 0.2]})), "seed", "seed takes whole numbers"),
    ],
)
def test_datasets_that_have_no_boundary_are_refused(stored, dataset, along, words):
    with pytest.raises(InputError) as told:
        eos_sweep.boundary(dataset(stored), along, "edge_of_stability")
    assert words in str(told.value) and "\n" not in str(told.value)
