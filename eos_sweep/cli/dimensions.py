"""``eos-sweep dimension``."""

import json
import math
from typing import Any

import click

from eos_sweep.cli.looks import pair
from eos_sweep.cli.options import AS_JSON, AT
from eos_sweep.cli.text import check_picture, numbers

ENDS = "", "_low", "_high"


@click.command()
@click.argument("store", type=click.Path())
@click.option(
    "--holds",
    multiple=True,
    metavar="CONDITION",
    help='Condition whose edges are measured: a regime, or a comparison such as "crossings > 0". '
    "Can be repeated with regimes: any of them.  [default: the edges between all regimes]",
)
@AT
@click.option("--within", metavar="FIRST,LAST", help="Scales of the fit, in cells  [default: all].")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the intervals.")
@click.option("-o", "--out", type=click.Path(), help="Picture of all scales: .png, .svg, .pdf or .eps.")
@AS_JSON
def dimension(
    store: str,
    holds: tuple[str, ...],
    at: tuple[str, ...],
    within: str | None,
    seed: int,
    out: str | None,
    as_json: bool,
) -> None:
    """Measure the fractal dimension of the edges of regimes.

    The edges are those on the stored map, or a slice of it, over one to three evenly spaced axes; no trajectory is run.
    Pairs of cells whose labels differ, by distance, give the dimension by the uncertainty exponent; boxes with an edge
    in them give it by their number.  Where the dimension from one scale to the next is not the same, there is not one
    dimension.  Without --holds, the command also tells near how many of the cells with an edge three regimes meet.

    \b
    Examples:
      eos-sweep dimension quickstart.zarr -o dimension.png
      eos-sweep dimension quickstart.zarr --holds edge_of_stability --within 1,16 --json
      eos-sweep dimension flagship.zarr --at lambda2=0.01 --at clip=10 --holds "crossings > 0"
    """
    from eos_sweep.analysis.dimensions import dimension as measure
    from eos_sweep.analysis.opened import open_sweep
    from eos_sweep.analysis.slices import picked
    from eos_sweep.analysis.wada_shares import wada

    if out:
        check_picture(out)
    piece = picked(open_sweep(store), numbers(at, "--at"))
    condition = holds[0] if len(holds) == 1 else holds or None
    found = measure(piece, condition, within=pair("--within", within) if within else None, seed=seed)
    result: dict[str, Any] = {name: found.attrs[name] for name in ("holds", "axes", "axis_scales", "fitted")}
    result["scale"] = found["scale"].values.tolist()
    result["estimators"] = {name: _numbers(found.sel(estimator=name)) for name in found["estimator"].values.tolist()}
    if condition is None:
        near = wada(piece)
        result["three_labels"] = {"radius": near["radius"].values.tolist(), "share": _listed(near["share"])}
    if out:
        from eos_sweep import plot

        plot.save(plot.dimension_plot(found), out)
    click.echo(json.dumps(result) if as_json else "\n".join([*_lines(result), *filter(None, [out])]))


def _numbers(one: Any) -> dict[str, Any]:
    """Return what an estimator found as plain data."""
    return {str(name): _listed(data) for name, data in one.data_vars.items()}


def _listed(data: Any) -> Any:
    """Return numbers as JSON has them, None for NaN."""
    if data.ndim:
        return [_listed(one) for one in data]
    value = data.item()
    return None if math.isnan(value) else value


def _lines(result: dict[str, Any]) -> list[str]:
    """Return the result as lines of text."""
    axes = ", ".join(map("{} ({})".format, result["axes"].split(), result["axis_scales"].split()))
    lines = [f"edges of {result['holds']} over {axes}"]
    first, last = result["fitted"][0], result["fitted"][-1]
    for name, one in result["estimators"].items():
        fit, low, high = (one[f"dimension{end}"] for end in ENDS)
        if fit is None:
            lines.append(f"{name:12} no edge")
            continue
        words = "no interval: the edge lies in too few blocks" if low is None else f"95 % {low:.3f} to {high:.3f}"
        lines.append(f"{name:12} dimension {fit:.3f} ({words}), from {first} to {last} cells")
    lines.append(f"{'scale':>8} " + " ".join(f"{name:>24}" for name in result["estimators"]))
    for place, scale in enumerate(result["scale"]):
        cells = [f"{_row(one, place):>24}" for one in result["estimators"].values()]
        lines.append(f"{scale:8d} " + " ".join(cells))
    if "three_labels" in result:
        pairs = zip(result["three_labels"]["radius"], result["three_labels"]["share"], strict=True)
        shares = [f"{100 * share:.1f} % within {radius}" for radius, share in pairs if share is not None]
        if shares:
            lines.append("cells of the edge near which three labels meet: " + ", ".join(shares))
    return lines


def _row(one: dict[str, Any], place: int) -> str:
    """Return the share at a scale, and the dimension between it and the next."""
    slope = one["slope"][place]
    return f"{one['share'][place]:.5f}" + (f"   slope {slope:5.3f}" if slope is not None else " " * 14)
