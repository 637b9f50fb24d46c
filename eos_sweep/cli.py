"""The command line: ``eos-sweep``."""

import json
import os
import sys
from pathlib import Path

import click

from eos_sweep.bench.command import bench
from eos_sweep.conformance.command import check
from eos_sweep.errors import InputError, visible
from eos_sweep.group import Group
from eos_sweep.verify.command import budget, verify
from eos_sweep.words import check_picture, check_two_axes, duration, numbers, size

EXIT_CODES = """
Exit codes: 0 done; 2 bad input, nothing was changed; 3 some blocks failed (status tells why); 130 stopped by Ctrl-C,
run the same command to go on.
"""
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
WORKERS = click.option("--workers", type=click.IntRange(1, 1024), help="Threads; all cores by default.")
AT = click.option("--at", multiple=True, metavar="NAME=VALUE", help="Value of an axis (if evenly spaced: the nearest).")


@click.group(cls=Group, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="eos-sweep")
@click.option("--import", "modules", multiple=True, metavar="MODULE", help="Let sweeps name this module as a model.")
def main(modules: tuple[str, ...]) -> None:
    """Map where the edge of stability happens, and where it breaks.

    \b
    Examples:
      eos-sweep run sweeps/quickstart.toml --plot quickstart.png
      eos-sweep plan sweeps/flagship.toml
      eos-sweep plot quickstart.zarr -o map.pdf --variable sharpness_max
      eos-sweep trace quickstart.zarr --index eta=700,lambda1=700 -o run.png
      eos-sweep --import my_model run my_sweep.toml
    """
    if modules or os.environ.get("EOS_SWEEP_MODELS"):
        from eos_sweep import models

        models.look_here()
        for module in modules:
            models.allow(module)


@main.command()
@click.argument("spec", type=click.Path())
@click.option("-o", "--out", type=click.Path(), help="Directory of the store  [default: the spec's name, .zarr].")
@click.option("--plot", "picture", type=click.Path(), help="Draw the phase diagram at the end: .png, .svg or .pdf.")
@click.option("--overwrite", is_flag=True, help="Delete a sweep that is stored there and start anew.")
@WORKERS
@AS_JSON
def run(spec: str, out: str | None, picture: str | None, overwrite: bool, workers: int | None, as_json: bool) -> None:
    """Run the sweep of the TOML file SPEC, or what is left of it.

    The same command goes on where an interrupted run stopped, and extends a store whose axes gained values at their
    ends.  Ctrl-C lets the blocks in flight finish.

    \b
    Examples:
      eos-sweep run sweeps/quickstart.toml
      eos-sweep run sweeps/flagship.toml -o /data/flagship.zarr --workers 8
    """
    from eos_sweep import runner
    from eos_sweep.progress import bar
    from eos_sweep.spec import load_spec

    sweep = load_spec(spec)
    out = out or Path(spec).with_suffix(".zarr").name
    if picture:
        check_picture(picture)
        _check_drawable(sweep)
    with bar() as report:
        progress = runner.run(sweep, out, workers=workers, overwrite=overwrite, report=report)
    if as_json:
        click.echo(json.dumps(progress._asdict() | {"store": out}))
    else:
        rate = f" in {progress.seconds:.1f} s, {progress.steps / progress.seconds:.3g} steps/s" if progress.new else ""
        click.echo(f"{visible(out)}: {progress.done:,} of {progress.total:,} trajectories, {progress.new:,} new{rate}")
    if picture:
        _draw(out, picture)
        click.echo(visible(picture))
    if progress.failed:
        click.echo(f"eos-sweep: {progress.failed} blocks failed; eos-sweep status {visible(out)} tells why", err=True)
        sys.exit(3)


@main.command()
@click.argument("spec", type=click.Path())
@WORKERS
@AS_JSON
def plan(spec: str, workers: int | None, as_json: bool) -> None:
    """Say what the sweep of SPEC will take, from a measured sample; nothing is created.

    \b
    Example:
      eos-sweep plan sweeps/flagship.toml --workers 8
    """
    from eos_sweep import estimate

    found = estimate.plan(spec, workers=workers)
    if as_json:
        click.echo(json.dumps(found._asdict()))
        return
    block = " x ".join(map(str, found.block_shape))
    click.echo(f"trajectories  {found.trajectories:,}")
    click.echo(f"blocks        {found.blocks:,} of {block}")
    click.echo(f"on disk       at most {size(found.bytes)} ({len(found.variables)} variables, before compression)")
    click.echo(f"steps         {found.steps:.3g}, at {found.steps_per_second:.3g} a second and core (measured)")
    click.echo(f"time          {duration(found.seconds)} on {found.workers} threads")


@main.command()
@click.argument("store", type=click.Path())
@AS_JSON
def status(store: str, as_json: bool) -> None:
    """Say what of a stored sweep is done, has failed, is left.

    \b
    Example:
      eos-sweep status quickstart.zarr --json
    """
    from eos_sweep.axes import named
    from eos_sweep.store import Store

    opened = Store.open(store)
    found = opened.status()
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(named(visible(found["title"]), 200))
    click.echo(f"trajectories  {found['trajectories_done']:,} of {found['trajectories']:,}")
    click.echo(
        f"blocks        {found['blocks_done']:,} done, {len(found['failed']):,} failed, {found['blocks_left']:,} left"
    )
    click.echo(f"work          {found['steps']:.3g} steps in {duration(found['core_seconds'])} of one core")
    click.echo("thresholds    " + ", ".join(f"{name}={value:g}" for name, value in found["thresholds"].items()))
    for block, reason in found["failed"].items():
        click.echo(f"failed        block {block}: {visible(reason.strip().splitlines()[-1])}")


@main.command()
@click.argument("store", type=click.Path())
@click.option("--threshold", multiple=True, metavar="NAME=VALUE", help="A threshold of the regime rules.")
@AS_JSON
def relabel(store: str, threshold: tuple[str, ...], as_json: bool) -> None:
    """Apply other thresholds to a stored sweep's regimes, without running a step.

    Thresholds that are not named stay as they are; status shows them.

    \b
    Example:
      eos-sweep relabel quickstart.zarr --threshold growth=1.5 --threshold crossings=3
    """
    from eos_sweep import regimes
    from eos_sweep.place import locked
    from eos_sweep.store import Store

    opened = Store.open(store)
    limits = regimes.thresholds(opened.thresholds | numbers(threshold, "--threshold", "growth=1.5"))
    with locked(store):
        moved = opened.relabel(limits)
    total = int(moved.sum())
    changed = total - int(moved.trace())
    names = list(regimes.CODES)
    moves = {
        f"{names[i]} -> {names[j]}": int(moved[i, j])
        for i in range(len(names))
        for j in range(len(names))
        if i != j and moved[i, j]
    }
    if as_json:
        click.echo(json.dumps({"thresholds": limits, "labelled": total, "changed": changed, "moves": moves}))
        return
    click.echo("thresholds: " + ", ".join(f"{name}={value:g}" for name, value in limits.items()))
    click.echo(f"{changed:,} of {total:,} labels changed ({100 * changed / max(total, 1):.2f} %)")
    for words, count in sorted(moves.items(), key=lambda item: -item[1]):
        click.echo(f"  {words}: {count:,}")


@main.command()
@click.argument("store", type=click.Path())
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
    _draw(store, out, x, y, numbers(at, "--at"), facet, variable, lines)
    click.echo(visible(out))


@main.command()
@click.argument("source", type=click.Path())
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


main.add_command(bench)
main.add_command(verify)
main.add_command(budget)
main.add_command(check)


def _draw(store, out, x=None, y=None, at=None, facet=None, variable="regime", lines=True) -> None:
    from eos_sweep import plot as drawing
    from eos_sweep.api import open_sweep

    drawing.save(drawing.draw(open_sweep(store), x, y, at or {}, facet, variable, lines), out)


def _check_drawable(sweep) -> None:
    """Refuse a picture that could not be drawn when the run is over."""
    from eos_sweep import schema

    check_two_axes("--plot", sweep)
    if "regime" not in schema.variables(sweep):
        raise InputError('--plot: the observables do not decide the regime; add "default" to them, or run without')
