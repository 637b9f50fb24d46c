"""``eos-sweep plot`` and ``eos-sweep trace``."""

import json
import os

import click

from eos_sweep.commands.options import AS_JSON, AT, draw
from eos_sweep.errors import InputError, visible
from eos_sweep.words import check_picture, numbers


@click.command()
@click.argument("store")
@click.option("-o", "--out", required=True, type=click.Path(), help="Picture: .png, .svg or .pdf.")
@click.option("--x", help="Axis that runs to the right  [default: eta, or the later of the two longest].")
@click.option("--y", help="Axis that runs upwards  [default: the other of the two longest].")
@AT
@click.option("--facet", help="Axis with a panel for each value.")
@click.option("--variable", default="regime", show_default=True, help="What to draw.")
@click.option("--lines/--no-lines", default=True, show_default=True, help="Draw the model's theory lines.")
def plot(
    store: str,
    out: str,
    x: str | None,
    y: str | None,
    at: tuple[str, ...],
    facet: str | None,
    variable: str,
    lines: bool,
) -> None:
    """Draw a slice of a stored sweep.

    \b
    Examples:
      eos-sweep plot quickstart.zarr -o map.png
      eos-sweep plot flagship.zarr -o map.pdf --x eta --y lambda1 --at lambda2=0.01 --facet clip
      eos-sweep plot quickstart.zarr -o peak.png --variable sharpness_max
    """
    check_picture(out)
    draw(store, out, x, y, numbers(at, "--at"), facet, variable, lines)
    click.echo(visible(out))


@click.command()
@click.argument("source")
@AT
@click.option("--index", multiple=True, metavar="NAME=I,...", help="Place in a stored sweep, by index.")
@click.option("--steps", type=click.IntRange(min=1), help="Steps  [default: the sweep's budget].")
@click.option("-o", "--out", type=click.Path(), help="Picture: .png, .svg or .pdf.")
@click.option("--data", type=click.Path(), help="Zarr store for the trajectory itself.")
@AS_JSON
def trace(
    source: str,
    at: tuple[str, ...],
    index: tuple[str, ...],
    steps: int | None,
    out: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Run one trajectory of SOURCE, a stored sweep or a spec, and show it step by step.

    With --index the point is one of the stored sweep, and its observables are compared with those stored.  With --at
    it may lie anywhere, and fixed inputs may change, too.

    \b
    Examples:
      eos-sweep trace quickstart.zarr --index eta=700,lambda1=700 -o run.png
      eos-sweep trace sweeps/quickstart.toml --at eta=0.05 --at lambda1=100 --steps 5000 --json
    """
    from eos_sweep.trace import report

    if out:
        check_picture(out)
    if data and os.path.lexists(data):
        raise InputError(f"{data}: exists; choose another place for the trajectory")
    places = numbers([part for item in index for part in item.split(",")], "--index")
    found, trajectory = report(source, numbers(at, "--at"), places, steps)
    if data:
        try:
            trajectory.to_zarr(data, mode="w-", consolidated=False)
        except OSError as error:
            raise InputError(f"{data}: {error.strerror}; choose another place for the trajectory") from None
    if out:
        from eos_sweep import plot as drawing

        drawing.save(drawing.trajectory_plot(trajectory), out)
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in (found["point"] | found["observables"]).items():
        note = "" if name not in found["stored"] else "  = stored" if found["stored"][name] else "  DIFFERS from stored"
        click.echo(f"{name:24} {value!s:24}{note}")
    for path in filter(None, (out, data)):
        click.echo(visible(path))
