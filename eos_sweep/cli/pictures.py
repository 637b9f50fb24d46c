"""``eos-sweep plot`` and ``eos-sweep trace``."""

import itertools
import json
from typing import TYPE_CHECKING, Any

import click

from eos_sweep.cli.looks import lines_of, pair, with_look
from eos_sweep.cli.options import AS_JSON, AT, QUIET, draw
from eos_sweep.cli.text import check_animation, check_picture, is_animation, numbers
from eos_sweep.errors import InputError, named, visible

if TYPE_CHECKING:
    from eos_sweep.analysis.pictures.look import Look


@click.command()
@click.argument("store", type=click.Path())
@click.option("-o", "--out", required=True, type=click.Path(), help="Picture: .png, .svg, .pdf or .eps.")
@click.option("--x", help="Horizontal axis or coordinate of points  [default: eta, or the later of the two longest].")
@click.option("--y", help="Vertical axis or coordinate of points  [default: the other of the two longest].")
@AT
@click.option("--facet", help="Axis with a panel for each value.")
@click.option(
    "--variable",
    multiple=True,
    default=["regime"],
    show_default=True,
    help="Variable to draw. Can be repeated where one axis is left.",
)
@click.option("--over", multiple=True, metavar="AXIS", help="Axis to leave out, such as seed. Can be repeated.")
@click.option("--share", metavar="LABEL", help="With --over, draw the share of this label.")
@click.option(
    "--quantile",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="With --over, the quantile to draw of numbers.",
)
@click.option(
    "--lines",
    metavar="NAMES",
    default="separating",
    show_default=True,
    help="Lines of theory: those that separate what is drawn, all, none, or names between commas.",
)
@click.option("--no-lines", "lines", flag_value="none", help="The same as --lines none.")
@click.option("--contours", metavar="VARIABLE", help="Variable of numbers whose contours are added.")
@click.option("--margins", is_flag=True, help="Add the share of each label in columns and rows.")
@click.option("--xlim", metavar="FIRST,LAST", help="Values of the horizontal axis that are shown.")
@click.option("--ylim", metavar="FIRST,LAST", help="Values of the vertical axis that are shown.")
@with_look
def plot(
    store: str,
    out: str,
    x: str | None,
    y: str | None,
    at: tuple[str, ...],
    facet: str | None,
    variable: tuple[str, ...],
    over: tuple[str, ...],
    share: str | None,
    quantile: float,
    lines: str,
    contours: str | None,
    margins: bool,
    xlim: str | None,
    ylim: str | None,
    look: "Look",
) -> None:
    """Draw a map of a stored sweep, or of a slice of it; where one axis is left, curves over a band of regimes.

    Points are a scatter: --x and --y name two of their coordinates, or an observable.

    --over leaves axes out.  Labels are then drawn as the most frequent one, hatched where fewer than nine in ten runs
    agree, and numbers as the median.

    \b
    Examples:
      eos-sweep plot quickstart.zarr -o map.png
      eos-sweep plot flagship.zarr -o map.pdf --x eta --y lambda1 --at lambda2=0.01 --facet clip
      eos-sweep plot quickstart.zarr -o peak.png --variable sharpness_max
      eos-sweep plot seeds.zarr -o share.png --over seed --share edge_of_stability
      eos-sweep plot quickstart.zarr -o column.eps --figsize column --lines start_at_edge,onset --title ""
      eos-sweep plot points.zarr -o points.png --x eta --y lambda1 --at clip=10
      eos-sweep plot quickstart.zarr -o cut.png --x eta --at lambda1=100 --variable tail_mean --variable loss_final
    """
    from eos_sweep.analysis.pictures.view import View

    check_picture(out)
    view = View(
        x=x,
        y=y,
        at=numbers(at, "--at"),
        facet=facet,
        variable=variable[0],
        further=variable[1:],
        lines=lines_of(lines),
        contours=contours,
        margins=margins,
        over=over,
        share=share,
        quantile=quantile,
        xlim=pair("--xlim", xlim) if xlim else None,
        ylim=pair("--ylim", ylim) if ylim else None,
    )
    draw(store, out, view, look)
    click.echo(visible(out))


@click.command()
@click.argument("source", type=click.Path())
@click.option(
    "--at",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of an axis, or of any other input, exactly as it is given. Can be repeated.",
)
@click.option("--index", multiple=True, metavar="NAME=I,...", help="Cell of a stored sweep, by its index.")
@click.option(
    "--compare",
    multiple=True,
    metavar="NAME=VALUE,...",
    help="A further run, with these inputs in place of those of the first. Can be repeated.",
)
@click.option("--on", metavar="X,Y", help="Draw the run on the landscape of its loss over these two coordinates.")
@click.option("--beside", is_flag=True, help="Draw each of several runs in a column of its own.")
@click.option("--steps", type=click.IntRange(min=1), help="Steps to run  [default: the sweep's budget].")
@click.option(
    "-o",
    "--out",
    type=click.Path(),
    help="Picture: .png, .svg, .pdf or .eps; .gif or .mp4 (by ffmpeg) animates the run on its landscape.",
)
@click.option("--frames", type=click.IntRange(2, 1000), help="Frames of an animation  [default: 100].")
@click.option("--fps", type=click.IntRange(1, 50), help="Frames a second of an animation  [default: 15].")
@click.option("--data", type=click.Path(), help="Data to write: .csv, .nc (NetCDF) or .zarr.")
@QUIET
@AS_JSON
def trace(
    source: str,
    at: tuple[str, ...],
    index: tuple[str, ...],
    compare: tuple[str, ...],
    on: str | None,
    beside: bool,
    steps: int | None,
    out: str | None,
    frames: int | None,
    fps: int | None,
    data: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Run one trajectory, or several, and print the observables.

    SOURCE is a stored sweep or a spec.  --index names a cell of the stored sweep; its observables are compared with the
    stored ones.  --at names any point, and may also change inputs that are fixed in the sweep.  Each --compare adds a
    run that differs from this one.  -o draws the trajectories step by step, or with --on the way of one on the
    landscape of its loss; an animation of that if the name ends in .gif or .mp4.

    \b
    Examples:
      eos-sweep trace quickstart.zarr --index eta=700,lambda1=700 -o run.png
      eos-sweep trace points.zarr --at point=17 --at clip=10
      eos-sweep trace sweeps/quickstart.toml --at eta=0.05 --at lambda1=100 --steps 5000 --json
      eos-sweep trace quickstart.zarr --index eta=700,lambda1=700 --compare eta=0.1 --compare eta=0.2,clip=5 -o runs.png
      eos-sweep trace sweeps/quickstart.toml --at eta=0.05 --at lambda1=100 --data run.csv
      eos-sweep trace quickstart.zarr --index eta=700,lambda1=700 --steps 1000 --on beta1,alpha -o run.gif --frames 50
    """
    from eos_sweep.analysis import run_files
    from eos_sweep.analysis.one_cell import report
    from eos_sweep.progress.bars import work_progress

    moves = out is not None and is_animation(out)
    on_landscape = bool(on) or moves
    pace: dict[str, Any] = {name: value for name, value in (("frames", frames), ("fps", fps)) if value is not None}
    if pace and not moves:
        raise InputError(f"--{next(iter(pace))}: there is no animation; give -o with a name that ends in .gif or .mp4")
    if out:
        (check_animation if moves else check_picture)(out)
    for option, given in (("--on", on), ("--beside", beside)):
        if given and not out:
            raise InputError(f"{option}: there is no picture; name one with -o, or leave {option} out")
    if beside and on_landscape:
        raise InputError("--beside: one run alone is drawn on a landscape; leave --beside, or --on and .gif, out")
    if on_landscape and compare:
        raise InputError("--compare: one run alone is drawn on a landscape; leave --compare, or --on and .gif, out")
    if data:
        run_files.check(data)
    place: dict[str, Any] = dict(zip("xy", _coordinates(on), strict=False))
    point, places = numbers(at, "--at"), numbers([part for item in index for part in item.split(",")], "--index")
    others = [{}, *(numbers(item.split(","), "--compare") for item in compare)]
    facts, runs, shown = [], [], False if quiet else None
    for other in others:
        cell = {name: place for name, place in places.items() if name not in other}
        with work_progress(shown) as show:
            found, run = report(source, point | other, cell, steps, show)
        facts.append(found)
        runs.append(run)
    if data:
        run_files.write(runs, data)
    if out:
        from eos_sweep import plot as pictures

        if on_landscape:
            run = runs[0]
            way = pictures.animate_descent(run, **place, **pace) if moves else pictures.descent(run, **place)
            pictures.save(way, out, shown)
        else:
            pictures.save(pictures.trajectory_plot(runs, beside=beside), out)
    if as_json:
        click.echo(json.dumps({"runs": facts} if compare else facts[0]))
        return
    inputs = dict.fromkeys(name for other in (point, *others) for name in other)
    rows = [
        {name: float(run[name].values.flat[0]) for name in inputs if name in run.variables}  # not a seed or a point
        | one["point"]
        | one["observables"]
        | one["words"]
        for one, run in zip(facts, runs, strict=True)
    ]
    click.echo("\n".join(_table(rows, facts[0]["stored"])))
    for path in filter(None, (out, data)):
        click.echo(visible(path))


def _coordinates(text: str | None) -> list[str]:
    """Return the two names of --on, none if it is not given."""
    names = [name.strip() for name in text.split(",")] if text else []
    if text and len(names) != 2:
        raise InputError(f"--on {named(text)}: not two names; write for example --on beta1,alpha")
    return names


def _table(rows: list[dict[str, Any]], stored: dict[str, bool]) -> list[str]:
    """Return lines of a name, its value in each run, and whether that of the first one has the bits of the store.

    Where there are several runs, what is a list has a line for each item.
    """
    lines = []
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [str(row.get(name, "")) for row in rows]
        note = "" if name not in stored else "  = stored" if stored[name] else "  DIFFERS from stored"
        parts = [value.split(", ") if len(rows) > 1 else [value] for value in values]
        for first, items in enumerate(itertools.zip_longest(*parts, fillvalue="")):
            cells = "".join(f" {item:24}" for item in items)
            lines.append(f"{'' if first else name:24}{cells}{note}".rstrip())
    return lines
