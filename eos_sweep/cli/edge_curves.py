"""``eos-sweep edges``."""

import json
from pathlib import Path
from typing import Any

import click

from eos_sweep.cli.options import AS_JSON, AT, QUIET, THREADS
from eos_sweep.cli.text import check_picture, numbers
from eos_sweep.errors import InputError

PICTURES = ".png", ".svg", ".pdf", ".eps"
NARROW = 1.0  # interval of the exponent of a branch that is told as text though it is not the longest of its curve
MOST_LINES = 20  # curves that are told as text; JSON and files have all


@click.command()
@click.argument("source", type=click.Path())
@click.option(
    "--holds",
    multiple=True,
    metavar="CONDITION",
    default=("edge_of_stability",),
    show_default=True,
    help='Condition on one side of the curves: a regime, or a comparison such as "crossings > 0". '
    "Can be repeated with regimes: any of them.",
)
@click.option("--against", metavar="LINE", help="Critical line from which to take distances, such as onset.")
@click.option("--rtol", type=float, default=1e-6, show_default=True, help="Relative width of the final brackets.")
@click.option("--no-bisection", is_flag=True, help="Take the middles between cells, and run nothing.")
@AT
@click.option(
    "-o",
    "--out",
    multiple=True,
    type=click.Path(),
    help="File to write: .geojson, .csv, .nc (NetCDF) or .zarr; of a stored sweep also the curves on its map, .png, "
    ".svg, .pdf or .eps. Can be repeated.",
)
@THREADS
@QUIET
@AS_JSON
def edges(
    source: str,
    holds: tuple[str, ...],
    against: str | None,
    rtol: float,
    no_bisection: bool,
    at: tuple[str, ...],
    out: tuple[str, ...],
    threads: int | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Find the curves on a map between regimes.

    SOURCE is a stored sweep or a spec over two axes; --at fixes further ones.  The cells of the map say how the curves
    run, and further trajectories narrow the bracket of each of their points.  A store is not run again; the grid of a
    spec is run first.  A power law, y over x, is fitted to each branch, a part of a curve on which x rises or falls
    throughout.  With --against the distance from a critical line of the model is told, along its normal, in decades
    along logarithmic axes.

    \b
    Examples:
      eos-sweep edges quickstart.zarr --against onset -o edges.geojson -o edges.png
      eos-sweep edges quickstart.zarr --holds "crossings > 0" --no-bisection --json
      eos-sweep edges flagship.zarr --at clip=10 --at lambda2=0.01 --holds sign_flip -o edges.csv
    """
    from eos_sweep.analysis import edge_files
    from eos_sweep.analysis.columns import uncomputed
    from eos_sweep.analysis.edge_curves import edges as find
    from eos_sweep.analysis.geojson import edges_geojson
    from eos_sweep.analysis.opened import open_sweep
    from eos_sweep.analysis.slices import picked
    from eos_sweep.spec.sweeps import load_spec

    is_spec = Path(source).suffix == ".toml"
    drawn = [path for path in out if Path(path).suffix.lower() in PICTURES]
    if twice := [path for path in out if out.count(path) > 1]:
        raise InputError(f"--out: {twice[0]} is given twice; give it once")
    for path in out:
        (check_picture if path in drawn else edge_files.check)(path)
    if drawn and is_spec:
        raise InputError(f"--out: draws into the map of a stored sweep; eos-sweep run {source} stores one")
    piece = picked(uncomputed(load_spec(source)) if is_spec else open_sweep(source), numbers(at, "--at"))
    options: dict[str, Any] = {"rtol": None if no_bisection else rtol, "against": against, "threads": threads}
    found = find(piece, holds[0] if len(holds) == 1 else holds, **options, progress=False if quiet else None)
    for path in out:
        if path in drawn:
            _draw(piece, found, path)
        else:
            edge_files.write(found, path)
    result = edges_geojson(found)
    result["curves"] = [feature["properties"] for feature in result.pop("features")]
    del result["type"]
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else "\n".join([*_lines(result), *out]))


def _draw(piece: Any, found: Any, path: str) -> None:
    from eos_sweep import plot

    x, y = found.attrs["x"], found.attrs["y"]
    others = {str(name): piece[name].values[0] for name in piece.dims if name not in (x, y)}
    ax = plot.regime_map(piece, x, y, others)
    plot.save(plot.edge_curves(found, x, y, ax).figure, path)


def _lines(result: dict[str, Any]) -> list[str]:
    """Return the result as lines of text."""
    curves, title = result["curves"], result["title"]
    lines = [f"{len(curves)} {title}" if len(curves) != 1 else f"1 {title.replace('curves', 'curve', 1)}"]
    for number, curve in enumerate(curves[:MOST_LINES]):
        lines.append(f"  {number}: {_curve(curve)}")
        told, others = _told(curve["branches"])
        lines += [f"     {_law(branch, result['x'], result['y'])}" for branch in told]
        if others:
            lines.append(
                f"     and {others} shorter branch{'es' * (others > 1)} of uncertain exponent; --json and -o have all"
            )
    if len(curves) > MOST_LINES:
        lines.append(f"  and {len(curves) - MOST_LINES} more, of fewer points; --json and -o have all")
    return lines


def _curve(one: dict[str, Any]) -> str:
    """Return a curve in words."""
    words = [f"{'closed' if one['closed'] else 'open'}, {one['points']} points"]
    words.append(f"length {one['length']:.4g} ({one['length_cells']:.4g} cells)")
    if one["closed"]:
        words.append(f"area {one['area']:.4g} {'inside' if one['holds_inside'] else 'around a hole'}")
    words.append(f"{one['modal_left']} | {one['modal_right']}")
    if one.get("distance_max") is not None:
        words.append(f"distance {one['distance_median']:.3g} in the median, {one['distance_max']:.3g} at most")
    return ", ".join(words)


def _told(branches: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Return the branches that are told as text, and how many others have a power law.

    These are the longest one of a curve, and those whose exponent is known; of a steep or short one it is hardly so.
    """
    fitted = [branch for branch in branches if branch["exponent"] is not None]
    most = max((branch["branch_points"] for branch in fitted), default=0)
    told = [
        one for one in fitted if one["branch_points"] == most or one["exponent_high"] - one["exponent_low"] < NARROW
    ]
    return told, len(fitted) - len(told)


def _law(branch: dict[str, Any], x: str, y: str) -> str:
    """Return the power law of a branch in words."""
    return (
        f"{y} = {branch['prefactor']:.6g} {x}^{branch['exponent']:.6f}; 95 % interval of the exponent "
        f"{branch['exponent_low']:.6f} to {branch['exponent_high']:.6f}; {branch['branch_points']} points deviate "
        f"by up to {100 * branch['deviation']:.3g} %"
    )
