"""``eos-sweep run`` and ``eos-sweep plan``."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eos_sweep.cli.logs import log_to_stderr
from eos_sweep.cli.options import AS_JSON, QUIET, THREADS, WORKERS, check_drawable, draw, with_resources
from eos_sweep.cli.text import check_picture, size
from eos_sweep.errors import named, visible
from eos_sweep.progress.amounts import duration

if TYPE_CHECKING:
    from eos_sweep.runtime.resources import Resources


@click.command()
@click.argument("spec", type=click.Path())
@click.option("-o", "--out", help="Folder or URL of the store  [default: the name of SPEC, ending in .zarr].")
@click.option(
    "--plot",
    "picture",
    type=click.Path(),
    help="Draw the phase diagram at the end, over seeds the most frequent regime: .png, .svg, .pdf or .eps.",
)
@click.option("--overwrite", is_flag=True, help="Delete a sweep that is stored there and start again.")
@click.option("--check", is_flag=True, help="Check all that is stored as status --check does; mend what is damaged.")
@click.option("--reuse", multiple=True, metavar="OLD", help="Take over what the store OLD has of it; may be repeated.")
@with_resources
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print what happens, with the time.")
@AS_JSON
def run(
    spec: str,
    out: str | None,
    picture: str | None,
    overwrite: bool,
    check: bool,
    reuse: tuple[str, ...],
    resources: "Resources",
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Run a sweep, or what is left of it.

    SPEC is a TOML file.  The same command resumes an interrupted run.  A store grows if SPEC has more values on its
    axes, more points, more axes, or more observables: what is stored stays, and the rest is computed.  After Ctrl-C or
    SIGTERM, the blocks in flight are finished first; networks are kept as they are.  The command status shows the
    progress, also from another machine.

    With --reuse, what OLD has of SPEC is taken over, bit for bit.  OLD is only read; it may have other axes, chunks and
    observables.

    At most one of --threads, --workers, --scheduler and --scheduler-file says what computes.

    \b
    Examples:
      eos-sweep run sweeps/quickstart.toml
      eos-sweep run sweeps/flagship.toml -o /data/flagship.zarr --workers 8
      eos-sweep run finer.toml --reuse quickstart.zarr
      eos-sweep run sweeps/points.toml
      eos-sweep run sweeps/flagship.toml -o s3://bucket/flagship.zarr --scheduler-file scheduler.json
    """
    from eos_sweep.runtime import process_server

    if resources.workers is not None:
        process_server.start()  # before anything that takes long to import
    from eos_sweep.progress.bars import run_progress
    from eos_sweep.runtime import runner
    from eos_sweep.spec.sweeps import load_spec

    log_to_stderr(quiet, verbose)
    sweep = load_spec(spec)
    out = out or Path(spec).with_suffix(".zarr").name
    if picture:
        check_picture(picture)
        check_drawable(sweep)
    with run_progress(False if quiet else None, lines=True) as report:
        progress = runner.run_on(resources, sweep, out, overwrite=overwrite, check=check, reuse=reuse, report=report)
    if as_json:
        click.echo(json.dumps(progress._asdict() | {"store": out}))
    elif not quiet:
        rate = f" in {progress.seconds:.1f} s, {progress.steps / progress.seconds:.3g} steps/s" if progress.new else ""
        reused = f", {progress.reused:,} reused" * bool(progress.reused)
        new = f"{progress.new - progress.reused:,} new{reused}"
        click.echo(f"{visible(out)}: {progress.done:,} of {progress.total:,} trajectories, {new}{rate}")
    if picture:
        draw(out, picture)
        if not quiet:
            click.echo(visible(picture))
    if progress.failed:
        click.echo(f"eos-sweep: {progress.failed} blocks failed; eos-sweep status {visible(out)} shows why", err=True)
        sys.exit(3)


@click.command()
@click.argument("spec", type=click.Path())
@click.option("--reuse", multiple=True, metavar="OLD", help="Leave out what the store OLD has of it; may be repeated.")
@THREADS
@WORKERS
@QUIET
@AS_JSON
def plan(
    spec: str, reuse: tuple[str, ...], threads: int | None, workers: int | None, quiet: bool, as_json: bool
) -> None:
    """Estimate the time and the disk space that a sweep needs.

    The estimate comes from a measured sample of the trajectories of SPEC.  Networks are trained for some seconds, or
    for a look at the sharpness if that takes longer.  Nothing is created.  With --reuse, the steps and the time are
    those that a run with --reuse still needs.

    \b
    Examples:
      eos-sweep plan sweeps/quickstart.toml
      eos-sweep plan sweeps/flagship.toml --workers 8
      eos-sweep plan finer.toml --reuse quickstart.zarr
    """
    from eos_sweep.runtime import planning
    from eos_sweep.spec.growing import growing_of
    from eos_sweep.spec.sweeps import load_spec

    sweep = load_spec(spec)
    show = False if quiet else None
    found = planning.plan(sweep, workers=workers, threads=threads, reuse=reuse, progress=show)
    if as_json:
        click.echo(json.dumps(found._asdict()))
        return
    block = " x ".join(map(str, found.block_shape))
    click.echo(f"model         {named(visible(sweep.model_name))}, rule {sweep.rule}")
    known = f", {found.reused:,} of them in {', '.join(map(visible, reuse))}" if reuse else ""
    click.echo(f"trajectories  {found.trajectories:,}{known}")
    if growing := growing_of(sweep.axes):
        more = f"a run adds {growing.batch} at a time, up to {growing.most:,}"
        click.echo(f"seeds         the first {growing.batch} here; {more}")
    click.echo(f"blocks        {found.blocks:,} of {block}")
    click.echo(f"on disk       at most {size(found.bytes)} ({len(found.variables)} variables, before compression)")
    click.echo(f"steps         {found.steps:.3g}, at {found.steps_per_second:.3g} a second and core (measured)")
    click.echo(f"time          {duration(found.seconds)} on {found.cores} cores")
