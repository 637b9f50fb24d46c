"""Pictures from a pyramid are those from the whole map."""

import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

import eos_sweep
from eos_sweep import plot
from eos_sweep.cli.main import main


def drawn(dataset, levels, size=(3.2, 2.4), **choice):
    """Return what is on small Axes: colours of cells, edges, legend."""
    ax = Figure(figsize=size).subplots()
    plot.regime_map(dataset, "eta", "lambda1", {"clip": 10}, ax=ax, lines=False, levels=levels, **choice)
    mesh = ax.collections[0]
    words = ax.get_legend_handles_labels()[1]
    return np.asarray(mesh.get_array()), mesh.get_coordinates(), words


def unreadable(dataset):
    """Return a dataset whose regimes cannot be read."""

    def fail(block):
        raise AssertionError("the regime was read")

    regime = dataset["regime"].chunk(-1)
    return dataset.assign(regime=regime.copy(data=regime.data.map_blocks(fail, meta=np.empty((0,) * 3, np.int8))))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1.2, 1.2), (2.0, 1.2), (3.2, 2.4), (7.0, 5.0)])
def test_a_picture_is_the_same_whichever_way_it_is_drawn(with_pyramid, size):
    dataset, levels = eos_sweep.open_sweep(with_pyramid), eos_sweep.open_pyramid(with_pyramid)
    lazy = drawn(dataset, (), size)
    for other in (drawn(dataset, levels, size), drawn(dataset.load(), (), size)):
        for one, same in zip(lazy, other, strict=True):
            np.testing.assert_array_equal(one, same)
    codes = eos_sweep.shares(dataset["regime"].sel(clip=10)).values
    assert len(lazy[2]) == (codes > 0).sum() > 4
    percents = [float(words.split("  ")[1].removesuffix(" %")) for words in lazy[2]]
    np.testing.assert_allclose(percents, 100 * codes[codes > 0], atol=0.05001)
    rows, columns = (n - 1 for n in lazy[1].shape[:2])
    if rows < 701 and columns < 530:
        drawn(unreadable(dataset), levels, size)
    else:
        with pytest.raises(AssertionError, match="the regime was read"):
            drawn(unreadable(dataset), levels, size)


def test_facets_are_drawn_from_it_too(with_pyramid):
    dataset, levels = eos_sweep.open_sweep(with_pyramid), eos_sweep.open_pyramid(with_pyramid)
    one, other = (plot.draw(dataset, facet="clip", levels=given) for given in ((), levels))
    for left, right in zip(one.axes, other.axes, strict=True):
        np.testing.assert_array_equal(left.collections[0].get_array(), right.collections[0].get_array())
    with pytest.raises(AssertionError, match="the regime was read"):
        plot.draw(unreadable(dataset), facet="clip", levels=[level.isel(clip=[0]) for level in levels])


@pytest.mark.parametrize(
    "other",
    [
        lambda path: eos_sweep.open_sweep(path, growth=1.5),
        lambda path: eos_sweep.open_sweep(path).isel(lambda1=slice(1, None)),
        lambda path: eos_sweep.open_sweep(path).isel(eta=slice(None, None, -1)).assign_attrs(spec_hash="another"),
    ],
)
def test_a_pyramid_of_something_else_is_not_used(with_pyramid, other):
    dataset, levels = other(with_pyramid), eos_sweep.open_pyramid(with_pyramid)
    for one, same in zip(drawn(dataset, levels), drawn(dataset, ()), strict=True):
        np.testing.assert_array_equal(one, same)
    with pytest.raises(AssertionError, match="the regime was read"):
        drawn(unreadable(dataset), levels)


@pytest.mark.slow
def test_the_command_draws_the_same_with_and_without_it(with_pyramid, tmp_path):
    shutil.copytree(with_pyramid, tmp_path / "s.zarr")
    shutil.rmtree(tmp_path / "s.zarr" / "pyramid")
    for path, out in ((with_pyramid, "with.png"), (tmp_path / "s.zarr", "without.png")):
        done = CliRunner().invoke(main, ["plot", str(path), "-o", str(tmp_path / out), "--facet", "clip"])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "with.png").read_bytes() == (tmp_path / "without.png").read_bytes()
