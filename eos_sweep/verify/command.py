"""``eos-sweep verify`` and ``eos-sweep budget``."""

import functools
import json
import sys

import click

from eos_sweep.errors import visible
from eos_sweep.words import check_picture, check_two_axes, numbers


@click.command()
@click.argument("store", type=click.Path())
@click.option("--sample", type=click.IntRange(min=1), default=1000, show_default=True, help="Cells to check.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the sample.")
@click.option("--index", multiple=True, metavar="NAME=I,...", help="One cell, by index along each axis.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes; all cores by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(store: str, sample: int, seed: int, index: tuple[str, ...], workers: int | None, as_json: bool) -> None:
    """Check the regimes of a stored sweep against exact arithmetic.

    Runs a random sample of its trajectories again with numbers of 128 bits and more, whose exponents do not end, as
    precisely as it takes until more precision changes nothing.  The sample has an equal share of each regime, and of
    its boundary and its inside; shares of all cells are estimated from it.  A label that differs from the exact one is
    sensitive if exact arithmetic itself gives another one when each step is rounded at random as doubles are; if
    not, it is wrong.

    Exit codes: 0 none is wrong; 1 some are; 2 bad input; 130 stopped by Ctrl-C.

    \b
    Examples:
      eos-sweep verify quickstart.zarr
      eos-sweep verify quickstart.zarr --sample 5000 --seed 1 --json > verified.json
      eos-sweep verify quickstart.zarr --index lambda1=600,eta=500
    """
    from eos_sweep.progress import counted
    from eos_sweep.verify import run
    from eos_sweep.verify.judge import WRONG

    if index:
        places = numbers([part for item in index for part in item.split(",")], "--index", "eta=5")
        found = run.single(store, places)
    else:
        with counted() as show:
            found = run.verify(store, sample, seed=seed, workers=workers, report=functools.partial(show, "cells"))
    click.echo(json.dumps(found.to_dict()) if as_json else "\n".join(found.lines()))
    if any(one.verdict == WRONG for one in found.verdicts.values()):
        sys.exit(1)


@click.command()
@click.argument("store", type=click.Path())
@click.option("--sample", type=click.IntRange(min=1), default=20_000, show_default=True, help="Cells to run.")
@click.option("--factor", type=click.IntRange(min=2), default=2, show_default=True, help="Times the steps.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the sample.")
@click.option("-o", "--out", type=click.Path(), help="Map of what changes, of all cells: .png, .svg or .pdf.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Threads; all cores by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def budget(
    store: str, sample: int, factor: int, seed: int, out: str | None, workers: int | None, as_json: bool
) -> None:
    """Tell how many labels of a stored sweep change with twice the steps.

    Regimes speak of what happens within the budget: a run may be stable that would sharpen later.  This runs a random
    sample of the cells (with --out, all of them) with more steps; the store stays as it is.

    \b
    Examples:
      eos-sweep budget quickstart.zarr
      eos-sweep budget quickstart.zarr --factor 10 --json
      eos-sweep budget small.zarr -o changes.png
    """
    from eos_sweep import plot
    from eos_sweep.progress import counted
    from eos_sweep.store import Store
    from eos_sweep.verify import budget as study

    if out:
        check_picture(out)
        check_two_axes("--out", Store.open(store).sweep)
    with counted() as show:
        tell = functools.partial(show, "cells")
        number = None if out else sample
        found = study.budget(store, number, factor=factor, seed=seed, workers=workers, report=tell)
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
