"""``eos-sweep status``, ``relabel`` and ``export``."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from eos_sweep.commands.options import AS_JSON, AT
from eos_sweep.errors import named, visible
from eos_sweep.words import duration, numbers, size


@click.command()
@click.argument("store")
@click.option("--check", is_flag=True, help="Compare all of it with its checksums; exit code 1 if they differ.")
@AS_JSON
def status(store: str, check: bool, as_json: bool) -> None:
    """Say what of a stored sweep is done, has failed, is left, and how a run of it fares.

    \b
    Examples:
      eos-sweep status quickstart.zarr --json
      eos-sweep status s3://bucket/flagship.zarr --check
    """
    from eos_sweep import audit
    from eos_sweep.heartbeat import condition
    from eos_sweep.progress import counted
    from eos_sweep.store import Store

    opened = Store.open(store)
    found = opened.status()
    found["run"] = condition(found["heartbeat"])
    if check:
        with counted() as tell:
            damaged = audit.damaged(opened, tell)
        found["damaged"] = {",".join(map(str, block)): names for block, names in damaged.items()}
    if as_json:
        click.echo(json.dumps(found))
    else:
        _show(found)
    if found.get("damaged"):
        click.echo(f"eos-sweep: {len(found['damaged'])} blocks are damaged; eos-sweep run --check mends them", err=True)
        sys.exit(1)


def _show(found: dict[str, Any]) -> None:
    beat = found["heartbeat"]
    click.echo(named(visible(found["title"]), 200))
    click.echo(f"trajectories  {found['trajectories_done']:,} of {found['trajectories']:,}")
    click.echo(
        f"blocks        {found['blocks_done']:,} done, {len(found['failed']):,} failed, {found['blocks_left']:,} left"
    )
    click.echo(f"work          {found['steps']:.3g} steps in {duration(found['core_seconds'])} of one core")
    click.echo("thresholds    " + ", ".join(f"{name}={value:g}" for name, value in found["thresholds"].items()))
    if beat:
        who = f"pid {beat.get('pid')} on {beat.get('host')}, last heard of at {beat.get('time')}"
        left = beat.get("seconds_left") if found["run"] == "running" else None
        left = f", {duration(left)} left" if isinstance(left, int | float) else ""
        why = f": {beat['reason']}" if beat.get("reason") else ""
        click.echo(named(visible(f"run           {found['run']}{left} ({who}){why}"), 500))
    if "damaged" in found:
        click.echo(f"checked       {len(found['damaged']):,} blocks are damaged")
        for block, names in found["damaged"].items():
            click.echo(f"damaged       block {block}: {', '.join(names)}")
    for block, failure in found["failed"].items():
        where = f" at {failure['point']}" if failure["point"] else ""
        reason = failure["error"].strip().splitlines()[-1]
        click.echo(visible(f"failed        block {block}{where}, {failure['attempts']} times: {reason}"))


@click.command()
@click.argument("store")
@click.option("--threshold", multiple=True, metavar="NAME=VALUE", help="A threshold of the regime rules.")
@AS_JSON
def relabel(store: str, threshold: tuple[str, ...], as_json: bool) -> None:
    """Apply other thresholds to a stored sweep's regimes, without running a step.

    Thresholds that are not named stay as they are; status shows them.

    \b
    Example:
      eos-sweep relabel quickstart.zarr --threshold growth=1.5 --threshold crossings=3
    """
    from eos_sweep import pyramid, regimes
    from eos_sweep.lease import locked
    from eos_sweep.store import Store

    opened = Store.open(store)
    limits = regimes.thresholds(opened.thresholds | numbers(threshold, "--threshold", "growth=1.5"))
    with locked(store):
        moved = opened.relabel(limits)
        pyramid.write(opened)
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


@click.command()
@click.argument("store")
@click.argument("out", type=click.Path())
@AT
@click.option(
    "--variable", "variables", multiple=True, metavar="NAME", help="Export only this one, and others named so."
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
def export(store: str, out: str, at: tuple[str, ...], variables: tuple[str, ...], overwrite: bool) -> None:
    """Write a stored sweep, or a slice of it, into the file OUT: .zarr.zip, or .nc (NetCDF).

    \b
    Examples:
      eos-sweep export flagship.zarr flagship.zarr.zip
      eos-sweep export s3://bucket/flagship.zarr slice.nc --at lambda2=0.01 --at clip=10 --variable regime
    """
    from eos_sweep.export import export as write

    write(store, out, at=numbers(at, "--at"), variables=variables, overwrite=overwrite)
    click.echo(f"{visible(out)}: {size(Path(out).stat().st_size)}")
