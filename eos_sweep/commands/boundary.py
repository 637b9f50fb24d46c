"""``eos-sweep boundary``."""

import json
from pathlib import Path
from typing import Any

import click

from eos_sweep.commands.options import AS_JSON, AT
from eos_sweep.errors import InputError
from eos_sweep.words import check_picture, numbers


@click.command()
@click.argument("source", type=click.Path())
@click.option("--along", required=True, metavar="AXIS", help="Axis along which to look.")
@click.option(
    "--across", metavar="AXIS", help="Axis for each value of which to look  [default: the longest other one]."
)
@click.option(
    "--holds",
    multiple=True,
    metavar="CONDITION",
    default=("edge_of_stability",),
    show_default=True,
    help='What begins or ends there: a regime, or a comparison such as "crossings > 0"; several: any of these regimes.',
)
@click.option(
    "--which", type=click.Choice(["all", "first", "last"]), default="all", show_default=True, help="Of the changes."
)
@click.option("--rtol", type=float, default=1e-6, show_default=True, help="Width of the last bracket, relative.")
@AT
@click.option("-o", "--out", type=click.Path(), help="Map of a stored sweep with the edges: .png, .svg or .pdf.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads; all cores by default.")
@AS_JSON
def boundary(
    source: str,
    along: str,
    across: str | None,
    holds: tuple[str, ...],
    which: str,
    rtol: float,
    at: tuple[str, ...],
    out: str | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Find where regimes begin and end along an axis of SOURCE, a stored sweep or a spec.

    Changes are looked for between neighbours on the sweep's grid, and narrowed down by trajectories between the two.
    Of a store nothing is run again; of a spec the grid is run first.  Through the first or the last change of each
    column a power law is fitted.

    \b
    Examples:
      eos-sweep boundary quickstart.zarr --along eta --which first -o boundary.png
      eos-sweep boundary sweeps/quickstart.toml --along eta --holds "crossings > 0" --which first --json
      eos-sweep boundary flagship.zarr --along eta --across clip --at lambda1=100 --at lambda2=0.01 --holds sign_flip
    """
    from eos_sweep.api import open_sweep
    from eos_sweep.boundaries import bare
    from eos_sweep.boundaries import boundary as find
    from eos_sweep.slices import select
    from eos_sweep.spec import load_spec

    is_spec = Path(source).suffix == ".toml"
    if out:
        check_picture(out)
        if is_spec:
            raise InputError(f"--out: draws into the map of a stored sweep; eos-sweep run {source} stores one")
    whole, picked = bare(load_spec(source)) if is_spec else open_sweep(source), numbers(at, "--at")
    others = [str(name) for name in whole.dims if name not in (along, *picked)]
    across = across or max(others, key=lambda name: whole.sizes[name], default="")
    if not across and (out or picked):
        raise InputError(f"--across: {source} has no other axis than {along} for whose values to look")
    piece = select(whole, along, across, picked) if across else whole
    condition = holds[0] if len(holds) == 1 else holds
    found = find(piece, along, condition, which=which, rtol=rtol, workers=workers)
    told = {
        "along": along,
        "across": across or None,
        "holds": found.attrs["holds"],
        "which": which,
        "columns": _columns(found),
    }
    told["power_law"] = _law(found, across) if across and which != "all" else None
    if out:
        from eos_sweep import plot

        x, y = (along, across) if along == "eta" else (across, along)
        ax = plot.observable_map(piece, "regime", x, y, lines=True)
        plot.save(plot.boundary_dots(found, x, y, ax).figure, out)
    click.echo(json.dumps(told) if as_json else "\n".join([*_lines(told), *filter(None, [out])]))


def _columns(found: Any) -> list[dict[str, Any]]:
    """Return the edges of each column, as JSON has it."""
    names = found.side.attrs["flag_meanings"].split()
    across = [str(name) for name in found.edge.dims if name != "crossing"]
    columns = []
    for _, one in found.groupby(across) if across else [((), found)]:
        rows = zip(*(one[name].values.ravel().tolist() for name in ("edge", "width", "side")), strict=True)
        edges = [{"edge": edge, "width": width, "side": names[side]} for edge, width, side in rows if side]
        columns.append({name: float(one[name].item()) for name in across} | {"edges": edges})
    return columns


def _law(found: Any, across: str) -> dict[str, Any] | None:
    """Return the power law of the edges, None if they are too few or not above zero."""
    from eos_sweep.power_laws import power_law

    try:
        return power_law(found[across].values, found.edge.values[:, 0])._asdict()
    except InputError:
        return None


def _lines(told: dict[str, Any]) -> list[str]:
    """Return what was found as lines of text."""
    along, across, law = told["along"], told["across"], told["power_law"]
    lines = [f"{along} at which {told['holds']} begins or ends"]
    for column in told["columns"]:
        place = f"{across} = {column[across]:<12.6g}" if across else ""
        edges = "  ".join(f"{one['side']} {one['edge']:.9g}" for one in column["edges"])
        lines.append(f"{place} {edges or 'nowhere'}")
    if law:
        lines.append(
            f"{along} = {law['prefactor']:.6g} {across}^{law['exponent']:.6f}; 95 % interval of the exponent "
            f"{law['exponent_low']:.6f} to {law['exponent_high']:.6f}; {law['points']} points deviate by up to "
            f"{100 * law['deviation']:.3g} %"
        )
    return lines
