"""Pictures of one axis: curves of numbers over bands of labels."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis.pictures.style import PALETTE
from eos_sweep.errors import InputError
from helpers.stores import command


def curves_of(figure):
    """Return title -> line of each panel of numbers."""
    return {ax.get_title(loc="left").replace("\n", " "): ax.lines[0] for ax in figure.axes if ax.lines}


def test_each_variable_is_a_curve_over_a_band_of_regimes(free):
    cut = free.isel(lambda1=12)
    figure = plot.draw(
        free, x="eta", at={"lambda1": float(cut.lambda1)}, variable=["tail_mean", "crossings"], lines=False
    )
    diverged = (cut.outcome == 2).values
    lines = curves_of(figure)
    assert len(lines) == 2 and len(figure.axes) == 3 and diverged.any()
    tail = lines[free.tail_mean.attrs["long_name"]]
    np.testing.assert_array_equal(tail.get_xdata(), free.eta)
    np.testing.assert_array_equal(tail.get_ydata(), np.where(diverged, np.nan, cut.tail_mean))
    crossings = lines[free.crossings.attrs["long_name"]]
    np.testing.assert_array_equal(crossings.get_ydata(), cut.crossings)  # counts are numbers of runs that diverge, too
    band = figure.axes[-1]
    drawn = np.asarray(band.collections[0].get_array()).reshape(free.eta.size, 4)[:, :3]
    names = {code: name for name, code in regimes.CODES.items()}
    np.testing.assert_array_equal(drawn, [to_rgb(PALETTE[names[code]]) for code in cut.regime.values])
    assert band.get_xlabel() == "step size η" and {ax.get_xscale() for ax in figure.axes} == {"log"}
    words = [text.get_text().replace(" ", "_") for text in figure.legends[0].get_texts()]
    assert words == [name for name, code in regimes.CODES.items() if (cut.regime == code).any()]


def test_lines_of_theory_are_upright_where_they_separate_the_regimes(free):
    cut = free.isel(lambda1=12)
    places = eos_sweep.critical_lines(cut, along="eta")
    known = {place.label: float(place[0]) for place in places.values()}
    for lines in (True, "all", ["onset"], False):
        figure = plot.draw(cut, lines=lines)
        for ax in figure.axes:
            drawn = {line.get_label(): line.get_xdata()[0] for line in ax.lines if line.get_label() in known}
            assert drawn == {label: pytest.approx(known[label]) for label in drawn}
            if lines is True:
                assert 0 < len(drawn) < sum(np.isfinite([*known.values()]))
            else:
                assert len(drawn) == (np.isfinite([*known.values()]).sum() if lines == "all" else len(lines or []))


def test_a_sweep_with_one_axis_is_drawn_as_it_is(clipped):
    found = clipped.isel(lambda1=12, eta=12)
    figure = plot.draw(found, figsize="column", title="three")
    figure.draw_without_rendering()
    assert [tick.get_text() for tick in figure.axes[-1].get_xticklabels()] == ["1", "10", "∞"]
    assert figure.get_figwidth() == 3.37 and figure.get_suptitle() == "three" and figure.legends
    everything = plot.draw(found)
    everything.draw_without_rendering()
    boxes = [everything.legends[0].get_window_extent(), everything._suptitle.get_window_extent()]
    boxes += [ax.bbox for ax in everything.axes]
    boxes += [ax._left_title.get_window_extent() for ax in everything.axes if ax.get_title(loc="left")]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


@pytest.mark.parametrize(("keywords", "words"), [
    ({"margins": True}, "margins: a map has it, but 'eta' is the only axis here"),
    ({"contours": "tail_mean"}, "contours: a map has it"),
    ({"variable": ["regime", "tail_men"]}, "variable: no 'tail_men' in this sweep; did you mean 'tail_mean'[?]"),
    ({"palette": {"stabel": "red"}}, "palette: no 'stabel' in regime; did you mean 'stable'[?]"),
])  # fmt: skip
def test_what_only_a_map_has_is_refused(free, keywords, words):
    with pytest.raises(InputError, match=words):
        plot.draw(free.isel(lambda1=0), **keywords)


@pytest.mark.slow
def test_the_command_draws_one_axis_too(tmp_path):
    (tmp_path / "s.toml").write_text('model = "quadratic"\nsteps = 50\n[axes]\neta = [0.5, 1.5, 2.5]\n'
                                     "[parameters]\na1 = 1\n[initial]\ntheta1 = 1\n")  # fmt: skip
    done = command("run", "s.toml", "--plot", "run.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    options = ("--variable", "loss_final", "--variable", "outcome", "--figsize", "5x4", "--title", "", "--norm", "log")
    done = command("plot", "s.zarr", "-o", "plot.eps", *options[:-2], "--xlim", "1,3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "plot.eps").read_bytes().startswith(b"%!PS")
