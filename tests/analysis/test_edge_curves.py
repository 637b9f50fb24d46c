"""Edges as curves: against closed forms, against boundaries along each axis, and what is refused."""

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep.analysis.columns import uncomputed
from eos_sweep.errors import InputError
from helpers.kernel_and_numpy import COUNTS
from helpers.specs import EDGES

BOWL = {"a1": {"log": [0.1, 100, 13]}, "eta": {"log": [1e-3, 100, 24]}}
SPARSE = {"steps": 64}
CENTRE, RADIUS = (0.52, 0.47), 0.31


def bowl(**axes):
    """A spec of the quadratic model, whose start is at the edge of stability where a1 eta = 2."""
    given = {"model": "quadratic", "initial": {"theta1": 0.3}, "axes": BOWL | axes}
    return eos_sweep.Sweep.from_dict(given | SPARSE)


def below(o):
    return o.steps_above == 0


def still(count):
    """A spec over alpha and beta1 in which nothing moves, so each ends where it began; by a kernel of other tests."""
    axes = {name: {"linear": [0, 1, count]} for name in ("beta1", "alpha")}
    parameters = {"lambda1": 100.0, "lambda2": 0.01, "radius": "liu2025", "eta": 1e-60}
    given = {"model": "bivariate", "steps": 1, "parameters": parameters | {"radius": 10.0}, "observables": list(COUNTS)}
    return eos_sweep.Sweep.from_dict(given | {"axes": axes, "initial": {"beta2": 0.5}})


def painted(cells, **axes):
    """A map whose crossings are the given cells, without trajectories."""
    rows, columns = np.shape(cells)
    spec = bowl(a1={"log": [1, 100, rows]}, eta={"log": [1, 1e4, columns]}, **axes)
    return uncomputed(spec).assign(crossings=(("a1", "eta"), np.asarray(cells, np.int32)))


@pytest.fixture(scope="module")
def stored():
    return eos_sweep.sweep(**EDGES)


@pytest.fixture(scope="module")
def bowls():
    return eos_sweep.edges(bowl(), below, rtol=1e-9, against="start_at_edge")


# Closed forms


def test_the_edge_of_a_bowl_is_one_curve_on_the_line_of_theory(bowls):
    assert bowls.sizes["curve"] == 1 and not bowls.closed[0] and (bowls.x, bowls.y) == ("eta", "a1")
    np.testing.assert_allclose(bowls.eta * bowls.a1, 2.0, rtol=1e-9)
    assert bowls.bracket_width.max() <= 1e-9 and set(bowls.along.values) == {0, 1}
    length = np.hypot(*(np.ptp(np.log10(bowls[name].values)) for name in ("eta", "a1")))
    assert float(bowls.length[0]) == pytest.approx(length, rel=1e-9)
    extent = [float(bowls[name][0]) for name in ("eta_min", "eta_max", "a1_min", "a1_max")]
    np.testing.assert_allclose(extent, [0.02, 20.0, 0.1, 100.0], rtol=1e-9)
    assert np.isnan(bowls.area[0]) and not bowls.holds_inside[0]


def test_its_power_law_is_that_of_theory(bowls):
    assert bowls.branch_points.values.tolist() == bowls.points.values.tolist()
    assert float(bowls.exponent[0]) == pytest.approx(-1.0, abs=1e-9)
    assert float(bowls.prefactor[0]) == pytest.approx(2.0, rel=1e-8)
    assert bowls.exponent_low[0] <= -1.0 + 1e-9 and bowls.exponent_high[0] >= -1.0 - 1e-9


def test_it_is_at_no_distance_from_its_line(bowls):
    assert bowls.against == "start_at_edge"
    np.testing.assert_allclose(bowls.distance, 0.0, atol=1e-9)
    np.testing.assert_allclose([bowls.ratio_eta_median[0], bowls.ratio_a1_median[0]], 1.0, rtol=1e-9)


def test_a_decade_along_an_axis_is_less_along_the_normal():
    found = eos_sweep.edges(bowl(), below, rtol=None, against="start_at_edge")
    product = np.log10(found.eta * found.a1 / 2)
    there = np.isfinite(found.distance)
    np.testing.assert_allclose(found.distance[there], (product / np.sqrt(2))[there], rtol=1e-7, atol=1e-12)
    assert float(found.distance_max[0]) == pytest.approx(float(abs(found.distance).max()), rel=1e-12)


def test_on_linear_axes_the_normal_ends_on_the_nearest_point_of_a_curved_line():
    spec = bowl(a1={"linear": [0.5, 4, 15]}, eta={"linear": [0.1, 4, 14]})
    grid = uncomputed(spec)
    near = (grid.a1 - 1.7) ** 2 + (grid.eta - 1.9) ** 2 < 0.8
    found = eos_sweep.edges(grid.assign(crossings=near.astype(int)), "crossings == 1", rtol=None,
                            against="start_at_edge")  # fmt: skip
    at = np.linspace(0.5, 4, 40_001)
    wanted = [np.hypot(2 / at - x, at - y).min() for x, y in zip(found.eta.values, found.a1.values, strict=True)]
    np.testing.assert_allclose(abs(found.distance), wanted, rtol=1e-6, atol=1e-7)
    assert ((found.distance > 0) == (found.eta * found.a1 > 2)).all() and found.closed.all()
    np.testing.assert_allclose(found.predicted_eta, 2 / found.a1, rtol=1e-12)
    np.testing.assert_allclose(found.ratio_a1, found.a1 * found.eta / 2, rtol=1e-12)


def inside(o):
    return (o.alpha_final - CENTRE[0]) ** 2 + (o.beta1_final - CENTRE[1]) ** 2 < RADIUS**2


@pytest.mark.parametrize("within", [True, False])
def test_a_disc_is_a_circle(within):
    found = eos_sweep.edges(still(24), lambda o: inside(o) == within, rtol=1e-10)
    assert found.closed.values.tolist() == [True] and found.holds_inside.values.tolist() == [within]
    far = np.hypot(found.alpha - CENTRE[0], found.beta1 - CENTRE[1])
    np.testing.assert_allclose(far, RADIUS, rtol=1e-9)
    # A polygon is shorter than its circle by a sixth of the square of half the angle of a side, and smaller by 2/3.
    assert float(found.length[0]) == pytest.approx(2 * np.pi * RADIUS, rel=2e-3)
    assert float(found.area[0]) == pytest.approx(np.pi * RADIUS**2, rel=4e-3)
    assert float(found.area_cells[0]) == pytest.approx(float(found.area[0]) * 23**2, rel=1e-9)
    assert float(found.length_cells[0]) == pytest.approx(float(found.length[0]) * 23, rel=1e-9)


@pytest.mark.parametrize("rtol", [1e-6, None])
def test_a_circle_has_branches_above_and_below(rtol):
    found = eos_sweep.edges(still(24), inside, rtol=rtol)
    assert (found.x, found.y) == ("alpha", "beta1") and found.sizes["branch"] == 2
    for first, count in zip(found.branch_first.values, found.branch_points.values, strict=True):
        beside = found.isel(point=slice(first, first + count))
        assert len({*np.sign(np.diff(beside.alpha)).tolist()} - {0.0}) == 1
        law = eos_sweep.power_law(beside.alpha, beside.beta1)
        assert law.exponent in found.exponent.values and law.bend_high in found.bend_high.values


# Beside boundaries and the grid


@pytest.mark.parametrize("holds", ["edge_of_stability", ["sign_flip", "divergence"]], ids=str)
def test_points_are_the_edges_of_boundaries_along_both_axes(stored, holds):
    found = eos_sweep.edges(stored, holds, threads=1)
    xr.testing.assert_identical(found, eos_sweep.edges(stored.transpose().sortby("eta", False), holds, threads=3))
    for along, across in (("eta", "lambda1"), ("lambda1", "eta")):
        edges = eos_sweep.boundary(stored, along, holds)
        wanted = edges.edge.to_series().dropna().reset_index()[[across, "edge"]].values.tolist()
        here = found.along.values == ["eta", "lambda1"].index(along)
        points = zip(found[across].values[here].tolist(), found[along].values[here].tolist(), strict=True)
        assert sorted(map(list, points)) == sorted(wanted) and wanted


def test_regimes_are_those_of_the_cells_on_both_sides(stored):
    found = eos_sweep.edges(stored, "edge_of_stability", rtol=None)
    codes = dict(zip(stored.regime.flag_meanings.split(), stored.regime.flag_values, strict=True))
    assert (found.left == codes["edge_of_stability"]).all() and (found.right != codes["edge_of_stability"]).all()
    names = {"eta": 0, "lambda1": 1}
    for point in range(found.sizes["point"]):
        one = found.isel(point=point)
        along = next(name for name in names if names[name] == one.along)
        across = next(name for name in names if names[name] != one.along)
        column = stored.sel({across: float(one[across])})
        upper = int(np.searchsorted(column[along], float(one[along])))
        pair = column[along].values[upper - 1 : upper + 1]
        assert float(one[along]) == pytest.approx(np.sqrt(pair.prod()), rel=1e-12)
        assert {int(one.left), int(one.right)} == set(column.regime.values[upper - 1 : upper + 1].tolist())
    for curve in range(found.sizes["curve"]):
        right = found.right[found.on_curve == curve].values
        assert np.count_nonzero(right == int(found.modal_right[curve])) == np.bincount(right).max()


def test_labels_are_made_where_they_are_not_stored_and_zero_where_nothing_decides_them(stored):
    whole = eos_sweep.edges(stored, "crossings > 0", rtol=None)
    xr.testing.assert_identical(eos_sweep.edges(stored.drop_vars("regime"), "crossings > 0", rtol=None), whole)
    few = eos_sweep.edges(stored[["crossings"]], "crossings > 0", rtol=None)
    assert (few.left == 0).all() and (few.modal_right == 0).all() and (whole.left > 0).all()
    xr.testing.assert_equal(few.eta, whole.eta)


def test_a_spec_is_run_on_its_grid_and_a_slice_is_its_map(stored):
    spec = eos_sweep.Sweep.from_dict(EDGES | {"axes": EDGES["axes"] | {"alpha": [0.57, 0.6]}, "initial": {
        name: value for name, value in EDGES["initial"].items() if name != "alpha"}})  # fmt: skip
    found = eos_sweep.edges(uncomputed(spec).isel(alpha=0), "crossings > 0")
    wanted = eos_sweep.edges(stored, "crossings > 0")
    assert float(found.alpha) == 0.57
    for name in ("eta", "lambda1", "on_curve", "length"):
        np.testing.assert_array_equal(found[name], wanted[name])


def test_the_accessor_and_an_auxiliary_axis():
    given = {"model": "quadratic", "parameters": {"a1": "2*kappa"}, "initial": {"theta1": 0.3}}
    axes = {"kappa": {"log": [0.1, 10, 7]}, "eta": {"log": [0.01, 10, 8]}}
    ds = uncomputed(eos_sweep.Sweep.from_dict(given | {"axes": axes} | SPARSE))
    found = ds.eos.edges(below, against="start_at_edge")
    np.testing.assert_allclose(found.eta * found.kappa, 1.0, rtol=1e-6)
    np.testing.assert_allclose((found.predicted_kappa * found.eta)[1:-1], 1.0, rtol=1e-9)  # all in the map
    edges = ds.eos.boundary("kappa", below, against="start_at_edge")
    assert set(edges.edge.values.ravel()[edges.side.values.ravel() > 0]) == set(found.kappa.values[found.along == 1])


def test_axes_below_zero_have_no_power_law():
    spec = eos_sweep.Sweep.from_dict(
        {"model": "quadratic", "parameters": {"a1": 1}, "axes": {"theta1": {"linear": [-1, 1, 12]},
         "eta": {"linear": [0.5, 3.5, 12]}}, **SPARSE}
    )  # fmt: skip
    grid = uncomputed(spec)
    cells = (grid.theta1 + 0.5 * grid.eta > 1).astype(int)
    found = eos_sweep.edges(grid.assign(crossings=cells), "crossings > 0", rtol=None)
    assert found.sizes["branch"] == 1 and np.isnan(found.exponent[0]) and found.theta1.min() < 0


# What is refused


@pytest.mark.parametrize("against", [None, "start_at_edge"])
def test_a_map_of_one_kind_has_empty_curves(against):
    some = eos_sweep.edges(painted(np.eye(4)), "crossings > 0", rtol=None, against=against)
    none = eos_sweep.edges(painted(np.zeros((4, 4))), "crossings > 0", against=against)  # none is run
    assert set(none.variables) == set(some.variables) and some.sizes["curve"] > 0
    assert {name: none[name].dtype for name in none} == {name: some[name].dtype for name in some}
    assert {**none.sizes} == {"point": 0, "curve": 0, "branch": 0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"holds": "edge_of_stabilty"}, "holds: got 'edge_of_stabilty'; give regimes (divergence"),
        ({"rtol": 0.0}, "rtol: got 0; give a number from 1e-14 to 1"),
        ({"rtol": "fine"}, "rtol: got 'fine'; give a number from 1e-14 to 1"),
        ({"against": "onst"}, "against: no critical line 'onst' of bivariate; did you mean 'onset'?"),
        ({"threads": 0}, "threads: got 0; give a whole number >= 1"),
    ],
)
def test_mistakes_are_told_in_a_line(stored, change, words):
    with pytest.raises(InputError) as told:
        eos_sweep.edges(stored, **{"holds": "stable"} | change)
    assert words in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (lambda ds: ds.drop_attrs(), "does not carry the spec of a sweep"),
        (lambda ds: ds.isel(eta=3), "sweep: has the axis lambda1 alone with more than one value"),
        (lambda ds: ds.isel(eta=3, lambda1=[0]), "sweep: has no axis with more than one value"),
        (lambda ds: ds.expand_dims(clip=[1.0, 2.0]), "pick one value of each other axis, such as ds.isel(clip=0), or"),
        (lambda ds: ds.assign(outcome=ds.outcome.where(ds.eta > 0.01, 0)), "cells are not computed yet"),
        (lambda ds: eos_sweep.masked(ds), "is masked"),
        (lambda ds: ds.assign_coords(eta=0.1 + 1e-15 * np.arange(30)), "have no scale; choose values farther apart"),
        (lambda ds: ds.assign_coords(eta=[*ds.eta.values[:-1], np.inf]), "give two finite values or more"),
        (lambda ds: ds.assign_coords(eta=[f"e{k}" for k in range(30)]), "sweep: axis 'eta' has ['e0'"),
        (lambda ds: uncomputed(bowl(seed=[0, 1])).isel(a1=0), "sweep: seed takes whole numbers"),
    ],
)
def test_datasets_that_are_no_map_are_refused(stored, dataset, words):
    with pytest.raises(InputError) as told:
        eos_sweep.edges(dataset(stored), "edge_of_stability")
    assert words in str(told.value) and "\n" not in str(told.value)


def test_points_have_no_curves():
    points = {"a1": [1.0, 2.0, 3.0], "theta1": [0.1, 0.2, 0.3]}
    ds = uncomputed(eos_sweep.Sweep.from_dict({"model": "quadratic", "points": points, "axes": {"eta": [0.1, 0.2]},
                                               **SPARSE}))  # fmt: skip
    with pytest.raises(InputError, match="point belongs to the points, which have no neighbours"):
        eos_sweep.edges(ds, "crossings > 0")


def test_beside_points_each_has_a_map():
    points = {"theta1": [0.1, 0.2, 0.3]}
    axes = {"a1": {"log": [0.1, 10, 6]}, "eta": {"log": [0.1, 10, 6]}}
    ds = uncomputed(eos_sweep.Sweep.from_dict({"model": "quadratic", "points": points, "axes": axes, **SPARSE}))
    found = eos_sweep.edges(ds.isel(point=1), below)
    np.testing.assert_allclose(found.eta * found.a1, 2.0, rtol=1e-6)
    assert float(found.theta1) == 0.2 and found.point.dims == ("point",) and found.sizes["point"] > 5


def test_an_axis_with_the_name_of_a_result_is_refused():
    given = {"model": "quadratic", "parameters": {"a1": "2*length"}, "initial": {"theta1": 0.3}}
    axes = {"length": {"log": [0.1, 10, 4]}, "eta": {"log": [0.1, 10, 4]}}
    ds = uncomputed(eos_sweep.Sweep.from_dict(given | {"axes": axes} | SPARSE))
    with pytest.raises(InputError, match="axis 'length' has the name of a variable of the curves"):
        eos_sweep.edges(ds, below)
