"""``eos-sweep run`` and ``eos-sweep plan``."""

import json
import sys
from pathlib import Path

import click

from eos_sweep.commands.logs import log_to_stderr
from eos_sweep.commands.options import AS_JSON, check_drawable, draw
from eos_sweep.errors import visible
from eos_sweep.words import check_picture, duration, size


@click.command()
@click.argument("spec", type=click.Path())
@click.option("-o", "--out", help="Folder or URL of the store  [default: the spec's name, .zarr].")
@click.option("--plot", "picture", type=click.Path(), help="Draw the phase diagram at the end: .png, .svg or .pdf.")
@click.option("--overwrite", is_flag=True, help="Delete a sweep that is stored there and start anew.")
@click.option("--check", is_flag=True, help="Read all that is stored; what is damaged is computed again.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads of this process  [default: one for each core].")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes of a local dask cluster instead.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers compute, such as tcp://host:8786.")
@click.option("--scheduler-file", type=click.Path(), help="File in which a dask scheduler has written its address.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Say what happens, with the time.")
@AS_JSON
def run(
    spec: str,
    out: str | None,
    picture: str | None,
    overwrite: bool,
    check: bool,
    threads: int | None,
    workers: int | None,
    scheduler: str | None,
    scheduler_file: str | None,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Run the sweep of the TOML file SPEC, or what is left of it.

    The same command goes on where an interrupted run stopped, and extends a store whose axes gained values at their
    ends.  Ctrl-C or SIGTERM lets the blocks in flight finish.  status tells how far it is, also from elsewhere.

    \b
    Examples:
      eos-sweep run sweeps/quickstart.toml
      eos-sweep run sweeps/flagship.toml -o /data/flagship.zarr --workers 8
      eos-sweep run sweeps/flagship.toml -o s3://bucket/flagship.zarr --scheduler-file scheduler.json
    """
    from eos_sweep import runner
    from eos_sweep.progress import bar
    from eos_sweep.spec import load_spec

    log_to_stderr(quiet, verbose)
    sweep = load_spec(spec)
    out = out or Path(spec).with_suffix(".zarr").name
    if picture:
        check_picture(picture)
        check_drawable(sweep)
    with bar(quiet) as report:
        progress = runner.run(
            sweep,
            out,
            workers=workers,
            threads=threads,
            scheduler=scheduler,
            scheduler_file=scheduler_file,
            overwrite=overwrite,
            check=check,
            report=report,
        )
    if as_json:
        click.echo(json.dumps(progress._asdict() | {"store": out}))
    elif not quiet:
        rate = f" in {progress.seconds:.1f} s, {progress.steps / progress.seconds:.3g} steps/s" if progress.new else ""
        click.echo(f"{visible(out)}: {progress.done:,} of {progress.total:,} trajectories, {progress.new:,} new{rate}")
    if picture:
        draw(out, picture)
        if not quiet:
            click.echo(visible(picture))
    if progress.failed:
        click.echo(f"eos-sweep: {progress.failed} blocks failed; eos-sweep status {visible(out)} tells why", err=True)
        sys.exit(3)


@click.command()
@click.argument("spec", type=click.Path())
@click.option("--workers", type=click.IntRange(1, 1024), help="Cores; all of this machine by default.")
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
    click.echo(f"time          {duration(found.seconds)} on {found.workers} cores")
