"""``eos-sweep boundary``."""

import json
import math
from pathlib import Path
from typing import Any

import click

from eos_sweep.cli.options import AS_JSON, AT, QUIET, THREADS
from eos_sweep.cli.text import check_picture, numbers
from eos_sweep.errors import InputError

EDGE = "edge", "width", "side", "changes", "kind", "predicted", "ratio"  # what is told of an edge


@click.command()
@click.argument("source", type=click.Path())
@click.option("--along", required=True, metavar="AXIS", help="Axis along which to search.")
@click.option(
    "--across", metavar="AXIS", help="Axis for each of whose values to search  [default: the longest other axis]."
)
@click.option(
    "--holds",
    multiple=True,
    metavar="CONDITION",
    default=("edge_of_stability",),
    show_default=True,
    help='Condition that begins or ends: a regime, or a comparison such as "crossings > 0". '
    "Can be repeated with regimes: any of them.",
)
@click.option(
    "--which",
    type=click.Choice(["all", "first", "last"]),
    default="all",
    show_default=True,
    help="Changes to report.",
)
@click.option("--against", metavar="LINE", help="Critical line to compare the edges with, such as onset.")
@click.option("--rtol", type=float, default=1e-6, show_default=True, help="Relative width of the final brackets.")
@AT
@click.option("-o", "--out", type=click.Path(), help="Edges on the map of a stored sweep: .png, .svg, .pdf or .eps.")
@THREADS
@QUIET
@AS_JSON
def boundary(
    source: str,
    along: str,
    across: str | None,
    holds: tuple[str, ...],
    which: str,
    against: str | None,
    rtol: float,
    at: tuple[str, ...],
    out: str | None,
    threads: int | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Find where regimes begin and end along an axis.

    SOURCE is a stored sweep or a spec.  Changes between neighbours on the sweep's grid are bracketed, and further
    trajectories narrow the brackets.  A store is not run again; the grid of a spec is run first.  With --which first or
    last, a power law is fitted through the change of each column.  An edge beside which others are found, between the
    same neighbours on the grid, is marked as one of several, or of a fractal.  --against makes a table of the edges,
    the place of a critical line of the model that is nearest to each, and their ratio.

    \b
    Examples:
      eos-sweep boundary quickstart.zarr --along eta --which first -o boundary.png
      eos-sweep boundary sweeps/quickstart.toml --along eta --holds "crossings > 0" --which first --json
      eos-sweep boundary quickstart.zarr --along eta --which first --against onset
      eos-sweep boundary flagship.zarr --along eta --across clip --at lambda1=100 --at lambda2=0.01 --holds sign_flip
    """
    from eos_sweep.analysis.boundaries import boundary as find
    from eos_sweep.analysis.columns import uncomputed
    from eos_sweep.analysis.opened import open_sweep
    from eos_sweep.analysis.slices import select
    from eos_sweep.spec.sweeps import load_spec

    is_spec = Path(source).suffix == ".toml"
    if out:
        check_picture(out)
        if is_spec:
            raise InputError(f"--out: draws into the map of a stored sweep; eos-sweep run {source} stores one")
    whole, picked = uncomputed(load_spec(source)) if is_spec else open_sweep(source), numbers(at, "--at")
    others = [str(name) for name in whole.dims if name not in (along, *picked)]
    across = across or max(others, key=lambda name: whole.sizes[name], default="")
    if not across and (out or picked):
        raise InputError(f"--across: {source} has no other axis than {along} for whose values to look")
    piece = select(whole, along, across, picked) if across else whole
    condition = holds[0] if len(holds) == 1 else holds
    options: dict[str, Any] = {"which": which, "rtol": rtol, "against": against, "threads": threads}
    found = find(piece, along, condition, **options, progress=False if quiet else None)
    result = {
        "along": along,
        "across": across or None,
        "holds": found.attrs["holds"],
        "which": which,
        "against": against,
        "columns": _columns(found),
    }
    result["power_law"] = _law(found, across) if across and which != "all" else None
    if out:
        from eos_sweep import plot

        x, y = (along, across) if along == "eta" else (across, along)
        ax = plot.observable_map(piece, "regime", x, y, lines=True)
        plot.save(plot.boundary_dots(found, x, y, ax).figure, out)
    click.echo(json.dumps(result) if as_json else "\n".join([*_lines(result), *filter(None, [out])]))


def _columns(found: Any) -> list[dict[str, Any]]:
    """Return the edges of each column as plain data."""
    from eos_sweep.analysis.flags import codes_of

    words = {name: {code: word for word, code in codes_of(found[name]).items()} for name in ("side", "kind")}
    names = [name for name in EDGE if name in found]
    across = [str(name) for name in found.edge.dims if name != "crossing"]
    columns = []
    for _, one in found.groupby(across) if across else [((), found)]:
        rows = zip(*(one[name].values.ravel().tolist() for name in names), strict=True)
        edges = [dict(zip(names, row, strict=True)) for row in rows]
        told = [
            {name: words[name][value] if name in words else _number(value) for name, value in edge.items()}
            for edge in edges
            if edge["side"]
        ]
        columns.append({name: float(one[name].item()) for name in across} | {"edges": told})
    return columns


def _number(value: float) -> float | None:
    """Return a number as JSON has it, None for NaN."""
    return None if math.isnan(value) else value


def _law(found: Any, across: str) -> dict[str, Any] | None:
    """Return the power law of the edges, None if they are too few or not positive."""
    from eos_sweep.analysis.power_laws import power_law
    from eos_sweep.spec.points import POINT

    if across == POINT:  # whose numbers mean nothing
        return None
    try:
        law = power_law(found[across].values, found.edge.values[:, 0])._asdict()
    except InputError:
        return None
    return {name: _number(number) for name, number in law.items()}


def _lines(result: dict[str, Any]) -> list[str]:
    """Return the result as lines of text."""
    along, across, law = result["along"], result["across"], result["power_law"]
    lines = [f"{along} at which {result['holds']} begins or ends"]
    if result["against"]:
        lines.append(f"{'':{len(across) + 15}} {'edge':28} {result['against']:14} edge/{result['against']}")
    for column in result["columns"]:
        place = f"{across} = {column[across]:<12.6g}" if across else ""
        edges = list(map(_edge, column["edges"])) or ["nowhere"]
        lines += [f"{place} {edge}" for edge in (edges if result["against"] else ["  ".join(edges)])]
    if law:
        lines.append(
            f"{along} = {law['prefactor']:.6g} {across}^{law['exponent']:.6f}; 95 % interval of the exponent "
            f"{law['exponent_low']:.6f} to {law['exponent_high']:.6f}; {law['points']} points deviate by up to "
            f"{100 * law['deviation']:.3g} %"
        )
        if law["bend"] is not None:
            lines.append(
                f"from the smallest {across} to the largest the exponent changes by {law['bend']:.3g}; 95 % interval "
                f"{law['bend_low']:.3g} to {law['bend_high']:.3g}"
            )
    unclear = sum(one["kind"] != "simple" for column in result["columns"] for one in column["edges"])
    if unclear:
        lines.append(f"{unclear} of the edges have others beside them, between the same neighbours on the grid")
    return lines


def _edge(one: dict[str, Any]) -> str:
    """Return an edge in words."""
    words = f"{one['side']} {one['edge']:.9g}"
    if "predicted" in one:
        there = one["predicted"] is not None
        words = f"{words:28} " + (f"{one['predicted']:<14.9g} {one['ratio']:.6g}" if there else "nowhere")
    return words if one["kind"] == "simple" else f"{words} ({one['kind']}: {one['changes']} changes)"
