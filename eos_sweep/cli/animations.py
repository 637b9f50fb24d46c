"""``eos-sweep animate``."""

from typing import TYPE_CHECKING

import click

from eos_sweep.cli.looks import lines_of, pair, with_look
from eos_sweep.cli.options import AT, QUIET
from eos_sweep.cli.text import check_animation, numbers
from eos_sweep.errors import InputError, named, visible

if TYPE_CHECKING:
    from eos_sweep.analysis.pictures.look import Look


@click.command()
@click.argument("store", type=click.Path())
@click.option("-o", "--out", required=True, type=click.Path(), help="Animation: .gif, or .mp4 by ffmpeg.")
@click.option("--along", required=True, metavar="NAME", help="Axis or threshold that moves.")
@click.option(
    "--values", metavar="V,V,...", help="Its values, a frame for each; or FIRST:LAST:COUNT  [default: all of an axis]."
)
@click.option("--fps", type=click.IntRange(1, 50), default=4, show_default=True, help="Frames a second.")
@click.option("--x", help="Horizontal axis  [default: eta, or the later of the two longest].")
@click.option("--y", help="Vertical axis  [default: the other of the two longest].")
@AT
@click.option("--variable", default="regime", show_default=True, help="Variable to draw.")
@click.option("--lines", metavar="NAMES", default="separating", show_default=True, help="Lines of theory, as of plot.")
@click.option("--xlim", metavar="FIRST,LAST", help="Values of the horizontal axis that are shown.")
@click.option("--ylim", metavar="FIRST,LAST", help="Values of the vertical axis that are shown.")
@QUIET
@with_look
def animate(
    store: str,
    out: str,
    along: str,
    values: str | None,
    fps: int,
    x: str | None,
    y: str | None,
    at: tuple[str, ...],
    variable: str,
    lines: str,
    xlim: str | None,
    ylim: str | None,
    quiet: bool,
    look: "Look",
) -> None:
    """Animate the map of a stored sweep as one axis, or one threshold of the regime rules, moves.

    Nothing is run.  For a threshold, the regimes are labelled again for each of its values.

    \b
    Examples:
      eos-sweep animate flagship.zarr -o clip.gif --along clip --at lambda2=0.01
      eos-sweep animate quickstart.zarr -o growth.gif --along growth --values 1:3:21
      eos-sweep animate flagship.zarr -o peak.mp4 --along lambda2 --at clip=10 --variable sharpness_max --fps 8
    """
    from eos_sweep import plot
    from eos_sweep.analysis.opened import open_sweep

    check_animation(out)
    moving = plot.animate(
        open_sweep(store),
        along,
        _values(values) if values else None,
        x=x,
        y=y,
        at=numbers(at, "--at"),
        variable=variable,
        lines=lines_of(lines),
        fps=fps,
        xlim=pair("--xlim", xlim) if xlim else None,
        ylim=pair("--ylim", ylim) if ylim else None,
        figsize=look.figsize,
        title=look.title,
        legend=look.legend,
        colorbar=look.colorbar,
        palette=look.palette,
        cmap=look.cmap,
        norm=look.norm,
    )
    plot.save(moving, out, False if quiet else None)
    click.echo(visible(out))


def _values(text: str) -> list[float]:
    """Return the numbers of a list, or those from the first to the last one, evenly spaced."""
    import numpy as np

    from eos_sweep.analysis.pictures.frames import checked_count

    try:
        if ":" in text:
            first, last, count = text.split(":")
            ends, frames = (float(first), float(last)), int(count)
            if not np.isfinite(ends).all():
                raise ValueError
        else:
            return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--values {named(text)}: not numbers; write for example --values 1,1.5,2 or 1:3:21") from None
    checked_count(frames)
    return [float(one) for one in np.linspace(*ends, frames)]
