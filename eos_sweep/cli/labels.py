"""``eos-sweep verify`` and ``eos-sweep budget``."""

import functools
import json
import sys

import click

from eos_sweep.cli.options import AS_JSON, THREADS
from eos_sweep.cli.text import check_axes, check_picture, numbers
from eos_sweep.errors import visible


@click.command()
@click.argument("store", type=click.Path())
@click.option("--sample", type=click.IntRange(min=1), default=1000, show_default=True, help="Number of cells to check.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the sample.")
@click.option("--index", multiple=True, metavar="NAME=I,...", help="Check this cell instead, by its index.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes  [default: one a core].")
@AS_JSON
def verify(store: str, sample: int, seed: int, index: tuple[str, ...], workers: int | None, as_json: bool) -> None:
    """Check stored regimes against exact arithmetic.

    A random sample of the trajectories of STORE is run again with numbers of 128 bits and more and unbounded exponents.
    Where that differs from what doubles give, the precision is raised until more changes nothing.  The sample has equal
    shares of all regimes, and of the boundary and the inside of each; shares of all cells are estimated from it.  A
    label that differs from the exact label is sensitive if exact arithmetic gives it, too, when each step is rounded at
    random as doubles are, or if doubles rest where a step is unstable; otherwise it is wrong, or undecided where 16384
    bits are not enough.

    Exit codes: 0 no label is wrong; 1 some are; 2 bad input; 130 stopped by Ctrl-C.

    \b
    Examples:
      eos-sweep verify quickstart.zarr
      eos-sweep verify quickstart.zarr --sample 5000 --seed 1 --json > verified.json
      eos-sweep verify quickstart.zarr --index lambda1=600,eta=500
    """
    from eos_sweep.checks.labels import verification
    from eos_sweep.checks.labels.judge import WRONG
    from eos_sweep.progress.bars import count_progress

    if index:
        places = numbers([part for item in index for part in item.split(",")], "--index", "eta=5")
        found = verification.verify_cell(store, places)
    else:
        with count_progress() as show:
            found = verification.verify(
                store, sample, seed=seed, workers=workers, report=functools.partial(show, "cells")
            )
    click.echo(json.dumps(found.to_dict()) if as_json else "\n".join(found.lines()))
    if wrong := sum(one.verdict == WRONG for one in found.verdicts.values()):
        click.echo(f"eos-sweep: wrong labels: {wrong}", err=True)
        sys.exit(1)


@click.command()
@click.argument("store", type=click.Path())
@click.option("--sample", type=click.IntRange(min=1), default=20_000, show_default=True, help="Number of cells to run.")
@click.option("--factor", type=click.IntRange(min=2), default=2, show_default=True, help="Multiple of the budget.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the sample.")
@click.option(
    "-o",
    "--out",
    type=click.Path(),
    help="Map of the changes of all cells: .png, .svg, .pdf or .eps.",
)
@THREADS
@AS_JSON
def budget(
    store: str, sample: int, factor: int, seed: int, out: str | None, threads: int | None, as_json: bool
) -> None:
    """Count the stored labels that a larger step budget changes.

    A regime describes what happens within the budget: a stable run may sharpen later.  A random sample of the cells
    (with --out, all cells) is run with more steps.  The store does not change.

    \b
    Examples:
      eos-sweep budget quickstart.zarr
      eos-sweep budget quickstart.zarr --factor 10 --json
      eos-sweep budget small.zarr -o changes.png
    """
    from eos_sweep import plot
    from eos_sweep.checks.labels import budget as study
    from eos_sweep.progress.bars import count_progress
    from eos_sweep.store.store import Store

    if out:
        check_picture(out)
        check_axes("--out", Store.open(store).sweep)
    with count_progress() as show:
        number = None if out else sample
        report = functools.partial(show, "cells")
        found = study.budget(store, number, factor=factor, seed=seed, threads=threads, report=report)
    if as_json:
        click.echo(json.dumps(found.to_dict()))
    else:
        steps = found.store.sweep.steps
        click.echo(f"{found.cells.size:,} cells, {steps:,} steps and {factor * steps:,}")
        click.echo(f"{'labels that change':48}{_percent(found.changed())}")
        for (old, new), share in found.moves().items():
            click.echo(f"  {old + ' -> ' + new:46}{_percent(share)}")
    if out:
        plot.save(plot.draw(found.map(), variable="budget", lines=False), out)
        click.echo(visible(out), err=as_json)


def _percent(share) -> str:
    interval = f"  ({100 * share.least:.3f} to {100 * share.most:.3f})" if share.most > share.least else ""
    return f"{100 * share.value:8.3f} %{interval}"
