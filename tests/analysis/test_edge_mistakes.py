"""Masked cells and arguments of a wrong kind are errors of one line, wherever edges are looked for."""

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.scales import scale_of
from eos_sweep.errors import InputError


def tall(o):
    return o.loss_max > 3.0


SEARCHES = {
    "edges": lambda ds, *holds: eos_sweep.edges(ds, *holds, rtol=None),
    "boundary": lambda ds, *holds: eos_sweep.boundary(ds, "eta", *holds, rtol=1e-2),
    "critical_lines": lambda ds: eos_sweep.critical_lines(ds, "eta"),
    "dimension": eos_sweep.dimension,
}
LOOKING = ["edges", "boundary"]


@pytest.fixture
def stored(free):
    return free


@pytest.fixture
def curves(stored):
    return eos_sweep.edges(stored, "divergence", rtol=None)


@pytest.fixture(scope="module")
def checkered():
    return xr.DataArray(np.add.outer(np.arange(64) // 5, np.arange(64) // 7) % 2, dims=("y", "x"))


def told(call, *given, **options):
    """Return the one line of an error."""
    with pytest.raises(InputError) as error:
        call(*given, **options)
    line = str(error.value)
    assert "\n" not in line
    return line


# Masks


@pytest.mark.parametrize("search", [*LOOKING, "dimension"])
@pytest.mark.parametrize("holds", ["divergence", "crossings > 0", "loss_max > 3", tall])
def test_cells_that_a_mask_has_taken_away_are_no_cells_where_a_condition_fails(stored, search, holds):
    line = told(SEARCHES[search], stored.where(stored.lambda1 > 50.0), holds)
    assert "holds NaN, not the whole numbers of the sweep, as where() leaves it; give the dataset as it was" in line


def test_labels_that_are_not_stored_are_not_made_of_a_masked_sweep(stored):
    rest = stored.drop_vars(["regime", "settled"])
    assert "holds NaN, not the whole numbers" in told(eos_sweep.dimension, rest.where(rest.lambda1 > 50.0))


@pytest.mark.parametrize("search", [*LOOKING, "dimension"])
def test_codes_that_have_become_floats_are_refused(stored, search):
    blurred = stored.assign({name: stored[name].astype(np.float32) for name in ("outcome", "regime")})
    assert "holds float32 values, not the whole numbers of the sweep" in told(SEARCHES[search], blurred, "divergence")


@pytest.mark.parametrize("search", LOOKING)
@pytest.mark.parametrize("holds", ["loss_max > 3", tall])
def test_nan_of_runs_that_diverged_and_counts_as_floats_are_conditions_as_ever(stored, search, holds):
    diverged = stored.outcome == 2
    assert diverged.any()
    other = stored.assign(loss_final=stored.loss_final.where(~diverged), crossings=stored.crossings.astype(np.float64))
    xr.testing.assert_identical(SEARCHES[search](other, holds), SEARCHES[search](stored, holds))
    xr.testing.assert_identical(SEARCHES[search](other, "crossings > 0"), SEARCHES[search](stored, "crossings > 0"))
    gone, low = (stored.assign(loss_max=stored.loss_max.where(~diverged, level)) for level in (np.nan, 0.0))
    xr.testing.assert_identical(SEARCHES[search](gone, holds), SEARCHES[search](low, holds))  # NaN is above no level


# Arguments


@pytest.mark.parametrize("search", LOOKING)
@pytest.mark.parametrize("holds", [3, None, [[1]], [3], np.float64(1.0)])
def test_what_is_no_condition_is_refused(stored, search, holds):
    assert told(SEARCHES[search], stored, holds).startswith("holds: got ")


@pytest.mark.parametrize("search", LOOKING)
@pytest.mark.parametrize(
    ("holds", "words"),
    [
        (lambda o: np.ones(3, bool), "bool values of shape (3,) for observables of shape (600,)"),
        (lambda o: True, "bool values of shape ()"),
        (lambda o: None, "object values of shape ()"),
        (lambda o: np.stack([o.crossings, o.crossings]), "int32 values of shape (2, 600)"),
        (lambda o: o.crossings.astype(str), "<U11 values"),
    ],
)
def test_a_function_returns_a_truth_value_for_each_trajectory(stored, search, holds, words):
    line = told(SEARCHES[search], stored, holds)
    assert line.startswith(f"holds: the function returned {words}") and "return a truth value for each" in line


@pytest.mark.parametrize("against", [3, 0, ["onset"], {}])
def test_a_line_of_theory_is_named_by_a_text(stored, against):
    expected = f"against: got {against}; give the name of one critical line"
    assert told(eos_sweep.edges, stored, against=against) == expected
    assert told(eos_sweep.boundary, stored, "eta", against=against) == expected


@pytest.mark.parametrize("search", [*LOOKING, "critical_lines"])
@pytest.mark.parametrize("given", [3, None, "s.zarr", {}])
def test_what_is_no_sweep_is_refused(search, given):
    assert told(SEARCHES[search], given) == f"sweep: got {given!r}; give a spec, or the dataset of a sweep"


@pytest.mark.parametrize("along", [3, None, ["eta"]])
def test_an_axis_is_named_by_a_text(stored, along):
    assert told(eos_sweep.boundary, stored, along) == f"along: got {along}; give the name of an axis"


# Axes


def test_an_axis_has_each_value_once(stored):
    twice = stored.isel(lambda1=[0, 0, 1])
    words = "axis 'lambda1': has the value 1.0 more than once; give every value once"
    assert told(eos_sweep.edges, twice, "divergence") == f"sweep: {words}"
    assert told(eos_sweep.edges, stored.isel(lambda1=[1, 0, 2, 0]), "divergence") == f"sweep: {words}"
    assert told(eos_sweep.boundary, twice, "lambda1", "divergence") == f"along: {words}"


def test_an_axis_may_come_in_any_order(stored, curves):
    mixed = stored.isel(lambda1=np.random.default_rng(1).permutation(stored.sizes["lambda1"]))
    assert curves.sizes["point"]
    xr.testing.assert_identical(SEARCHES["edges"](mixed, "divergence"), curves)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_an_axis_of_one_value_over_and_over_has_no_dimension(checkered, value):
    assert scale_of(np.full(64, value)) == ("category", False)
    line = told(eos_sweep.dimension, checkered.assign_coords(x=np.full(64, value)))
    assert line == f"axis 'x': has the value {value} more than once; give every value once"


def test_names_of_axes_are_text(checkered):
    line = told(eos_sweep.dimension, checkered.rename(y=0))
    assert line == "axis 0: has no text for a name; rename it, such as labels.rename({0: 'x'})"


# Labels and scales


@pytest.mark.parametrize("within", [(1, 10**400), (-(10**5000), 8)])
def test_a_scale_is_a_number_that_floats_have(checkered, within):
    assert "give a range with 3 of the scales 1, 2, 4, 8 or more" in told(eos_sweep.dimension, checkered, within=within)


def test_labels_without_names_cannot_be_picked_by_them(checkered):
    remedy = "no flags give its values names, so leave holds out"
    assert told(eos_sweep.dimension, checkered, "x") == f"holds: no label 'x' in this map; {remedy}"
    assert told(eos_sweep.dimension, checkered.rename("q"), ["x"]) == f"holds: no label 'x' in q; {remedy}"


# Curves


def without(name):
    return lambda found: found.assign_attrs({name: None})


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.drop_attrs(),
        lambda found: found.drop_vars("eta"),
        lambda found: found.assign_attrs(x="eat"),
        lambda found: found.assign_attrs(x=3),
        without("y"),
    ],
)
def test_curves_know_their_axes(curves, change):
    plt = pytest.importorskip("matplotlib.pyplot")
    words = "found: has lost its axes, which its attributes x, y and scale_ name; give what eos_sweep.edges returned"
    assert told(eos_sweep.edges_geojson, change(curves)).startswith(words)
    figure, ax = plt.subplots()
    assert told(plot.edge_curves, change(curves), ax=ax).startswith(words)
    plt.close(figure)
