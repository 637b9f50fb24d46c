"""``ds.eos`` is there for every dataset, and its methods are the functions; a tree holds a sweep and its pyramid."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep.errors import InputError

LATER = "import sys, eos_sweep; assert 'xarray' not in sys.modules; import xarray"
EARLIER = "import xarray; assert not hasattr(xarray.Dataset, 'eos'); import eos_sweep"


@pytest.mark.parametrize("imports", [LATER, EARLIER], ids=["xarray later", "xarray earlier"])
def test_it_is_registered_in_whatever_order_the_two_are_imported(imports):
    finders = "assert not [f for f in sys.meta_path if type(f).__module__.startswith('eos_sweep')]"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{imports}\nprint(xarray.Dataset().eos)\nimport sys\n{finders}"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "a dataset that is no sweep: it carries no spec\n"), done.stderr


def test_methods_are_the_functions(free):
    for found, wanted in (
        (free.eos.label(growth=1.5), eos_sweep.label(free, growth=1.5)),
        (free.eos.settled(), eos_sweep.settled(free)),
        (free.eos.events(), eos_sweep.events(free)),
        (free.eos.happened("diverged"), eos_sweep.happened(free, "diverged")),
        (free.eos.masked(), eos_sweep.masked(free)),
        (free.eos.shares("eta"), eos_sweep.shares(free.regime, "eta")),
        (free.eos.shares(variable="settled"), eos_sweep.shares(free.settled)),
        (free.eos.coarsen(eta=5), eos_sweep.coarsen(free.regime, {"eta": 5})),
        (free.drop_vars("regime").eos.shares(), eos_sweep.shares(free.regime)),
    ):
        xr.testing.assert_identical(found, wanted)
    assert free.eos.plot(lines=False).axes[0].get_xlabel() == "step size η"


def test_a_cell_is_run_again(free):
    run = free.eos.trajectory(lambda1=free.lambda1[20].item(), eta=free.eta[3].item())
    xr.testing.assert_identical(run, free.isel(lambda1=20, eta=3).eos.trajectory())
    cell = free.isel(lambda1=20, eta=3)
    assert run.loss[0] == cell.loss_initial and run.eta == cell.eta and run.attrs["model"] == "bivariate"
    wanted = float(cell.loss_max)
    assert float(run.loss.max()) == pytest.approx(wanted, rel=1e-12)


def test_an_axis_may_have_the_name_of_a_keyword():
    model = eos_sweep.model("progress*x**2/2 + steps", ["x"])
    ds = eos_sweep.sweep(model, {"steps": [1, 2], "progress": [0.5, 1.0], "eta": [0.1]}, {}, {"x": 1.0}, steps=5)
    run = ds.eos.trajectory({"steps": 2, "progress": 0.5}, steps=3, progress=False)
    assert (float(run.steps), float(run.progress), run.sizes["step"]) == (2.0, 0.5, 4)
    xr.testing.assert_identical(run, eos_sweep.trajectory(ds.sel(steps=2, progress=0.5), steps=3))
    xr.testing.assert_identical(ds.isel(steps=0).eos.trajectory({"progress": 1}, eta=0.1),
                                ds.isel(steps=0, progress=1).eos.trajectory())  # fmt: skip


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ({}, "trajectory: lambda1 has 24 values; pick one, such as lambda1=10000"),
        ({"lambda1": 1, "etta": 1}, "trajectory: no axis 'etta'; did you mean 'eta'"),
        ({"lambda1": 1, "eta": 1e9}, "at: eta = 1e.09 is not on the axis"),
    ],
)
def test_what_is_no_cell_is_an_error_of_one_line(free, at, message):
    with pytest.raises(InputError, match=message):
        free.eos.trajectory(**at)
    with pytest.raises(InputError, match="is no sweep"):
        xr.Dataset().eos.trajectory()


def test_a_sweep_is_told_in_a_few_lines(free):
    lines = repr(free.eos).splitlines()
    assert lines[:2] == ["A map", "600 trajectories (lambda1 24 x eta 25) of 500 steps"]
    shares = eos_sweep.shares(free.regime)
    assert lines[2].startswith(f"{shares.idxmax('regime').item()} {100 * float(shares.max()):.1f} %")
    assert len(repr(free.chunk().eos).splitlines()) == 2  # nothing is read
    assert "1 trajectory (one cell)" in repr(free.isel(lambda1=0, eta=0).eos)


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_a_stored_sweep_is_grouped_by_its_regime(with_pyramid):
    ds = eos_sweep.open_sweep(with_pyramid)
    found = ds[["steps_taken", "crossings"]].groupby(ds.regime.compute()).mean().compute()
    codes = np.unique(ds.regime)
    assert found.regime.values.tolist() == codes.tolist()
    for code in codes:
        np.testing.assert_allclose(found.crossings.sel(regime=code), ds.crossings.values[ds.regime == code].mean())


def test_a_tree_holds_the_sweep_and_its_levels(with_pyramid):
    tree, levels = eos_sweep.open_tree(with_pyramid), eos_sweep.open_pyramid(with_pyramid)
    xr.testing.assert_identical(tree["sweep"].to_dataset(), eos_sweep.open_sweep(with_pyramid))
    nodes = tree["pyramid"].children
    for (side, node), level in zip(nodes.items(), levels, strict=True):
        xr.testing.assert_identical(node.to_dataset(), level)
        pooled = [size for name, size in level.regime.sizes.items() if "pooled" in level[name].attrs]
        assert max(pooled) <= int(side)


def test_plots_of_xarray_have_plain_labels(free):
    for name in ("sharpness_max", "regime"):
        assert "units" not in free[name].attrs and "units" not in free.eta.attrs
