"""A sweep without its seeds: shares with intervals, the modal label and quantiles, as by hand; and in pictures."""

import json
import re

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib.image import imread
from scipy import stats

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis import intervals
from eos_sweep.analysis.pictures import theory_lines
from eos_sweep.cli.main import main
from eos_sweep.errors import InputError

FLAGS = {"flag_values": [0, 1, 2, 3], "flag_meanings": "not_computed a b c", "long_name": "kind of cell"}
few = settings(max_examples=10)  # dask takes milliseconds to make a graph
codes = arrays.arrays(np.int8, (3, 4, 5), elements=st.integers(0, 3))


def labelled(values):
    return xr.DataArray(values, dims=("x", "seed", "y"), name="kind", attrs=FLAGS)


@pytest.fixture(scope="module")
def seeds():
    """A map with sixteen starts in each cell."""
    start = {"alpha": "uniform(0.4, 0.6)", "beta1": 0.05, "beta2": 0.5}
    axes = {"seed": range(16), "lambda1": {"log": [1, 1e4, 6]}, "eta": {"log": [1e-3, 10, 8]}}
    return eos_sweep.sweep("bivariate", axes, {"lambda2": 0.01}, start, steps=100).load()


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_that_of_scipy(case):
    hits, number = case
    low, high = intervals.wilson(hits / number, number)
    expected = stats.binomtest(hits, number).proportion_ci(method="wilson")
    np.testing.assert_allclose([low, high], expected, rtol=1e-6, atol=1e-12)


@few
@given(codes, st.sampled_from([("seed",), ("x", "seed"), ("y", "seed", "x")]), st.booleans())
def test_shares_over_axes_are_those_of_the_axes_that_are_kept(values, over, lazy):
    labels = labelled(values)
    found = eos_sweep.shares(labels.chunk(x=1, seed=2) if lazy else labels, over=over)
    assert bool(found.chunks) == lazy
    kept = [dim for dim in labels.dims if dim not in over]
    np.testing.assert_array_equal(found.share, eos_sweep.shares(labels, *kept))
    assert found.share.dims == found.share_low.dims == (*kept, "kind")
    number = (labels > 0).sum(over)
    low, high = intervals.wilson(found.share, number.expand_dims(kind=3, axis=-1))
    np.testing.assert_array_equal(found.share_low, low)
    np.testing.assert_array_equal(found.share_high, high)
    assert (np.isnan(found.share).all("kind") == (number == 0)).all()
    here = found.where(number > 0, 0.5)
    assert ((here.share_low <= here.share) & (here.share <= here.share_high)).all()


@few
@given(codes, st.booleans())
def test_the_modal_label_is_the_most_frequent_one_that_was_computed(values, lazy):
    labels = labelled(values)
    found = eos_sweep.modal(labels.chunk(seed=1) if lazy else labels, "seed").compute()
    assert found.kind.dims == found.agreement.dims == ("x", "y") and found.kind.attrs == FLAGS
    for (i, j), code in np.ndenumerate(found.kind.values):
        votes = np.bincount(values[i, :, j], minlength=4)[1:]
        assert code == (1 + votes.argmax() if votes.any() else 0)
        np.testing.assert_equal(found.agreement.values[i, j], votes.max() / votes.sum() if votes.any() else np.nan)


numbers = st.sampled_from([np.nan, np.inf, -1.0, 0.0, 0.5, 2.0, 3.0])


@few
@given(
    arrays.arrays(np.float64, (2, 7, 3), elements=numbers),
    st.lists(st.floats(0, 1), min_size=1, max_size=3),
    st.booleans(),
)
def test_a_quantile_is_the_least_value_that_a_share_of_the_runs_does_not_exceed(values, q, lazy):
    data = xr.Dataset({"v": (("x", "seed", "y"), values)})
    found = eos_sweep.quantiles(data.chunk(seed=2) if lazy else data, "v", "seed", q).v.compute()
    assert found.dims == ("quantile", "x", "y") and found["quantile"].values.tolist() == q
    for (k, i, j), quantile in np.ndenumerate(found.values):
        runs = np.sort(values[i, :, j][~np.isnan(values[i, :, j])])
        enough = [value for value in runs if np.mean(runs <= value) >= q[k] - 1e-12]
        np.testing.assert_equal(quantile, enough[0] if enough else np.nan)
    one = eos_sweep.quantiles(data, "v", "seed", q[0])
    np.testing.assert_array_equal(one.v, found[0])


def test_quantiles_count_divergence_as_infinity_and_leave_out_what_never_came(seeds):
    most = eos_sweep.quantiles(seeds, "sharpness_max", "seed", 1.0).sharpness_max
    np.testing.assert_array_equal(np.isinf(most), (seeds.outcome == regimes.DIVERGED).any("seed"))
    first = eos_sweep.quantiles(seeds, "first_crossing", "seed").first_crossing
    never = (seeds.first_crossing < 0).all("seed")
    np.testing.assert_array_equal(np.isnan(first), never)
    assert never.any() and (first.where(~never, 0) >= 0).all()


def test_a_dataset_stands_for_its_regimes_and_keeps_its_attributes(seeds):
    found = eos_sweep.shares(seeds.drop_vars("regime"), over="seed")
    xr.testing.assert_equal(found, eos_sweep.shares(seeds.regime, over="seed"))
    assert found.attrs["spec_hash"] == seeds.attrs["spec_hash"]
    assert found.attrs["reduced"] == "share over 16 values of seed"
    xr.testing.assert_equal(eos_sweep.modal(seeds, "seed"), eos_sweep.modal(seeds.regime, "seed"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda ds: eos_sweep.shares(ds, "eta", over="seed"),
            "shares: got eta to keep and over = 'seed'; give one of the two",
        ),
        (lambda ds: eos_sweep.shares(ds, over="sed"), "no axis 'sed' in regime; there are: seed, lambda1, eta"),
        (lambda ds: eos_sweep.shares(ds, over=()), "over: names no axis; give one, such as over='seed'"),
        (lambda ds: eos_sweep.shares(ds.regime.values, over="seed"), "labels: got array("),
        (lambda ds: eos_sweep.shares(ds.loss_max, over="seed"), "loss_max: holds no labels, since its values are"),
        (lambda ds: eos_sweep.quantiles(ds, "regime", "seed"), "regime: holds labels, which have no quantiles"),
        (lambda ds: eos_sweep.quantiles(ds, "los_max", "seed"), "name: no 'los_max' in this sweep; did you mean"),
        (lambda ds: eos_sweep.quantiles(ds, "loss_max", "seed", 2), "q: got 2; give numbers from 0 to 1, such as 0.5"),
        (lambda ds: plot.draw(ds), "axes not shown: seed; pick one value of each, such as --at seed=15 or leave"),
        (
            lambda ds: plot.draw(ds.isel(eta=0)),
            "axes not shown: seed; pick one value of each, such as --at seed=15 or leave the seed out",
        ),
        (lambda ds: plot.draw(ds, share="stable"), "share: 'stable' over no axis; name one in over"),
        (lambda ds: plot.draw(ds, over="seed", share="edge"), "share: no 'edge' in regime; there are: divergence,"),
        (lambda ds: plot.draw(ds, over=["seed", "eta", "lambda1"]), "over: no axis is left to draw; eos_sweep.shares"),
        (lambda ds: plot.draw(ds, over="seed", x="seed"), "over: 'seed' is named in x, y, at or facet, too"),
        (
            lambda ds: plot.draw(eos_sweep.shares(ds, over="seed"), variable="share"),
            "axes not shown: regime; pick one value of each, such as --at regime=chaotic",
        ),
        (
            lambda ds: plot.draw(eos_sweep.shares(ds, over="seed"), variable="share", x="regime"),
            "axis 'regime': holds words",
        ),
        (
            lambda ds: plot.draw(eos_sweep.shares(ds, over="seed"), variable="share", at={"regime": "stabel"}),
            "at: regime = 'stabel' is not on the axis; did you mean 'stable'?",
        ),
    ],
)
def test_what_cannot_be_reduced_is_an_error_of_one_line(seeds, call, message):
    with pytest.raises(InputError, match="^" + re.escape(message)) as caught:
        call(seeds)
    assert "\n" not in str(caught.value)


def test_a_share_is_drawn_from_zero_to_one(seeds):
    ax = plot.draw(seeds, over="seed", share="divergence").axes[0]
    mesh = ax.collections[0]
    expected = (seeds.regime == regimes.CODES["divergence"]).mean("seed")
    np.testing.assert_array_equal(mesh.get_array(), expected)
    assert (mesh.norm.vmin, mesh.norm.vmax) == (0, 1)
    assert "share over 16 values of seed" in ax.get_title(loc="left").splitlines()
    panels = plot.draw(eos_sweep.shares(seeds, over="seed"), variable="share_high", facet="regime").axes
    assert [ax.get_title() for ax in panels][:2] == ["regime = divergence", "regime = sign_flip"]


def test_the_modal_regime_is_hatched_where_few_runs_agree(seeds):
    ax = plot.draw(seeds, over="seed").axes[0]
    agreement = eos_sweep.modal(seeds, "seed").agreement.values
    (hatched,) = [patch for patch in ax.patches if len(patch.get_path().vertices)]
    assert hatched.get_hatch()
    assert 0 < len(hatched.get_path().to_polygons()) <= (agreement < 0.9).sum()  # neighbours in a row have one
    assert ax.get_legend().get_texts()[-1].get_text() == "fewer than 90 % agree"
    alone = plot.draw(seeds.isel(seed=[0]), over="seed").axes[0]
    assert not [patch for patch in alone.patches if len(patch.get_path().vertices)]


def test_lines_of_theory_stay_where_the_seed_is_not_that_of_the_start(seeds):
    spec = json.loads(seeds.attrs["spec"])
    spec["initial"]["alpha"] = 0.5
    for dataset, there in ((seeds, False), (seeds.assign_attrs(spec=json.dumps(spec)), True)):
        found = theory_lines.critical_lines(eos_sweep.modal(dataset, "seed"), "eta", "lambda1")
        assert bool(found) == there


@pytest.mark.slow
def test_the_command_draws_a_share_a_modal_map_and_a_quantile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start = {"theta1": "uniform(0.5, 1)"}
    axes = {"seed": range(9), "a1": [1, 2], "eta": [0.5, 1, 1.5]}
    eos_sweep.sweep("quadratic", axes, {}, start, steps=50, out="s.zarr")
    for words in (["--share", "stable"], [], ["--variable", "loss_max", "--quantile", "0.9"]):
        done = CliRunner().invoke(main, ["plot", "s.zarr", "-o", "p.png", "--over", "seed", *words])
        assert done.exit_code == 0, done.output
        assert imread("p.png").shape[0] > 500
    done = CliRunner().invoke(main, ["plot", "s.zarr", "-o", "p.png", "--over", "sed"])
    assert done.exit_code == 2 and "no axis 'sed' in regime" in done.output


def test_a_share_along_one_axis_has_its_interval_and_a_side_from_0_to_1(seeds):
    column = seeds.isel(lambda1=3)
    found = eos_sweep.shares(column, over="seed").sel(regime="divergence")
    figure = plot.draw(column, over="seed", share="divergence")
    ax = figure.axes[0]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), found.share)
    corners = ax.collections[0].get_paths()[0].vertices
    for place, low, high in zip(found.eta.values, found.share_low.values, found.share_high.values, strict=True):
        assert set(corners[corners[:, 0] == place, 1]) >= {low, high}
    low, high = ax.get_ylim()
    assert -0.1 < low < 0 and 1 < high < 1.1
    assert ax.get_title(loc="left") == "share of divergence, with its 95 % interval"
