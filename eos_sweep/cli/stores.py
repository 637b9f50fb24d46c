"""``eos-sweep status``, ``relabel`` and ``export``."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from eos_sweep.cli.options import AS_JSON, AT
from eos_sweep.cli.text import numbers, rules, size
from eos_sweep.errors import named, visible
from eos_sweep.progress.amounts import duration


@click.command()
@click.argument("store", type=click.Path())
@click.option(
    "--check", is_flag=True, help="Compare all that is stored with checksums and the spec; exit code 1 if it differs."
)
@AS_JSON
def status(store: str, check: bool, as_json: bool) -> None:
    """Show what of a stored sweep is done, and the state of its last run.

    \b
    Examples:
      eos-sweep status quickstart.zarr --json
      eos-sweep status s3://bucket/flagship.zarr --check
    """
    from eos_sweep.progress.bars import count_progress
    from eos_sweep.store import audit, kept
    from eos_sweep.store.heartbeat import run_state
    from eos_sweep.store.store import Store

    opened = Store.open(store)
    found = opened.status()
    found["run"] = run_state(opened)
    begun = kept.found(opened)
    found["kept"] = kept.as_plain(begun)
    if check:
        with count_progress() as show:
            checked = audit.check(opened, show)
        found["damaged"] = {",".join(map(str, block)): names for block, names in checked.blocks.items()}
        found["damaged_coordinates"] = checked.coordinates
        found["thresholds_problem"] = checked.thresholds
        found["ledger_problem"] = checked.ledger
        found["spec_problem"] = checked.spec
        found["unchecked"] = checked.unchecked
    if as_json:
        click.echo(json.dumps(found))
    else:
        _print_status(found, kept.words(begun, opened.sweep.steps))
    if check and (problems := _problems(found)):
        click.echo("\n".join(f"eos-sweep: {problem}" for problem in problems), err=True)
        sys.exit(1)


def _problems(found: dict[str, Any]) -> list[str]:
    """Return what a check has found, with its remedy, in a line each."""
    lines = []
    if found["damaged"]:
        lines.append(f"{len(found['damaged'])} blocks are damaged; eos-sweep run --check computes them again")
    if found["damaged_coordinates"]:
        names = ", ".join(found["damaged_coordinates"])
        lines.append(f"{names}: not what the spec gives; eos-sweep run --check writes them anew")
    if found["spec_problem"]:
        lines.append(found["spec_problem"])
    if found["ledger_problem"]:
        lines.append(f"{found['ledger_problem']}; eos-sweep run computes them again")
    if found["thresholds_problem"]:
        lines.append(f"{found['thresholds_problem']}; eos-sweep relabel labels the sweep again")
    return lines


def _print_status(found: dict[str, Any], kept: str) -> None:
    beat = found["heartbeat"]
    click.echo(named(visible(found["title"]), 200))
    click.echo(f"model         {named(visible(found['model']))}, rule {found['rule']}")
    click.echo(f"trajectories  {found['trajectories_done']:,} of {found['trajectories']:,}")
    click.echo(
        f"blocks        {found['blocks_done']:,} done, {len(found['failed']):,} failed, {found['blocks_left']:,} left"
    )
    click.echo(f"work          {found['steps']:.3g} steps in {duration(found['core_seconds'])} of one core")
    if kept:
        steps, seconds = (sum(one[name] for one in found["kept"]) for name in ("steps", "seconds"))
        click.echo(f"kept          {kept}; {steps:.3g} steps in {duration(seconds)} of one core")
    click.echo("thresholds    " + ", ".join(f"{name}={value:g}" for name, value in found["thresholds"].items()))
    for name, words in found["regimes"].items():
        click.echo(visible(f"regime        {name}: {words}"))
    if beat:
        who = f"pid {beat.get('pid')} on {beat.get('host')}, last heartbeat {beat.get('time')}"
        left = beat.get("seconds_left") if found["run"] == "running" else None
        left = f", {duration(left)} left" if isinstance(left, int | float) else ""
        why = f": {beat['reason']}" if beat.get("reason") else ""
        click.echo(named(visible(f"run           {found['run']}{left} ({who}){why}"), 500))
    if "damaged" in found:
        click.echo(f"checked       {len(found['damaged']):,} blocks are damaged")
        for block, names in found["damaged"].items():
            click.echo(f"damaged       block {block}: {', '.join(names)}")
        for words in found["unchecked"]:
            click.echo(f"not checked   {words}")
    for block, failure in found["failed"].items():
        where = f" at {failure['point']}" if failure["point"] else ""
        reason = failure["error"].strip().splitlines()[-1]
        click.echo(visible(f"failed        block {block}{where}, {failure['attempts']} times: {reason}"))


@click.command()
@click.argument("store", type=click.Path())
@click.option("--threshold", multiple=True, metavar="NAME=VALUE", help="Threshold of a regime rule. Can be repeated.")
@click.option(
    "--regime",
    multiple=True,
    metavar="NAME=RULE",
    help="Regime of your own, its condition or its table; an empty RULE removes it. Can be repeated.",
)
@AS_JSON
def relabel(store: str, threshold: tuple[str, ...], regime: tuple[str, ...], as_json: bool) -> None:
    """Label a stored sweep again with other thresholds, or with regimes of your own.

    No step is run.  What is not given stays as it is; the command status shows it.

    \b
    Examples:
      eos-sweep relabel quickstart.zarr --threshold growth=1.5 --threshold crossings=3
      eos-sweep relabel quickstart.zarr --regime "wild=crossings > 5 and tail_max > 1.2"
      eos-sweep relabel quickstart.zarr --regime 'wild={rule = "crossings > 5", before = "catapult"}'
    """
    import numpy as np

    from eos_sweep import regimes
    from eos_sweep.analysis import pyramid
    from eos_sweep.spec import own_regimes
    from eos_sweep.store import relabelling
    from eos_sweep.store.location import Location
    from eos_sweep.store.lock import locked
    from eos_sweep.store.store import Store

    location, given = Location(store), numbers(threshold, "--threshold", "growth=1.5")
    Store.open(location)  # nothing is locked unless it is a store
    with locked(location) as held, location.writing():
        opened = Store.open(location)  # as it is now, since a run may have ended in between
        former = opened.thresholds
        own = own_regimes.changed(
            former.own, rules(regime), own_regimes.known_to(opened.sweep.module, opened.sweep.own)
        )
        limits = regimes.thresholds(former | given, own)
        moved = relabelling.relabel(opened, limits, held)
        with relabelling.changing(opened):
            pyramid.write(opened, held=held)
    total = int(moved.sum())
    changed = total - int(moved.trace())
    old, new = regimes.names(former) | regimes.names(limits), regimes.names(limits)
    moves = {f"{old[i]} -> {new[j]}": int(moved[i, j]) for i, j in np.argwhere(moved).tolist() if i != j}
    if as_json:
        found = {"thresholds": limits, "labelled": total, "changed": changed, "moves": moves}
        click.echo(json.dumps(found | {"regimes": {rule.regime: rule.words for rule in limits.own}}))
        return
    click.echo("thresholds: " + ", ".join(f"{name}={value:g}" for name, value in limits.items()))
    for rule in limits.own:
        click.echo(visible(f"regime {rule.regime}: {rule.words}"))
    click.echo(f"{changed:,} of {total:,} labels changed ({100 * changed / max(total, 1):.2f} %)")
    for move, count in sorted(moves.items(), key=lambda item: -item[1]):
        click.echo(f"  {move}: {count:,}")


@click.command()
@click.argument("store", type=click.Path())
@click.argument("out", type=click.Path())
@AT
@click.option(
    "--variable",
    "variables",
    multiple=True,
    metavar="NAME",
    help="Variable to export  [default: all]. Can be repeated.",
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
def export(store: str, out: str, at: tuple[str, ...], variables: tuple[str, ...], overwrite: bool) -> None:
    """Write a stored sweep, or a slice of it, into one file.

    OUT ends in .zarr.zip or .nc (NetCDF).

    \b
    Examples:
      eos-sweep export flagship.zarr flagship.zarr.zip
      eos-sweep export s3://bucket/flagship.zarr slice.nc --at lambda2=0.01 --at clip=10 --variable regime
    """
    from eos_sweep.analysis.one_file import export as write

    write(store, out, at=numbers(at, "--at"), variables=variables, overwrite=overwrite)
    click.echo(f"{visible(out)}: {size(Path(out).stat().st_size)}")
