"""Maps at four lambda1 that are one map in normalised axes: eta lambda1, lambda2/lambda1 and radius sqrt(eta lambda1).

    python figures/collapse.py [FOLDER]

runs sweeps/normalised_lambda2.toml and normalised_radius.toml into stores in FOLDER (the current one by default), as
far as they are not there, draws figures/collapse.png and collapse_outlines.png, and prints on how many cells the labels
agree: of all, of those whose label is settled, and of those that ``settled`` does not call sensitive to rounding.
In exact arithmetic they agree on all.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import contourpy
import numpy as np
from matplotlib.lines import Line2D
from panels import EDGE, SMALL, figure_of, fixed_inputs, label_outer_panels, legend, panel, swept
from stored_sweeps import save

from eos_sweep import trust
from eos_sweep.analysis.pictures import theory_lines
from eos_sweep.analysis.pictures.style import COLOURS, PINK
from eos_sweep.analysis.slices import select

SPECK = 60  # vertices of an outline; smaller ones are specks where rounding decides
DASHES = {  # of the lines that are the same at each lambda1
    "start_at_edge": "-", "onset": "--", "room": "-.", "flips_excluded": ":", "flip_at_the_start": (0, (8, 2))
}  # fmt: skip


class Plane(NamedTuple):
    """A plane of q2 = eta lambda1 and another normalised axis, and that axis in plain units, with its label."""

    sweep: str
    y: str
    given: str
    label: str
    raw: Callable[[np.ndarray, np.ndarray, float], np.ndarray]


PLANES = (
    Plane(
        "normalised_lambda2",
        "epsilon",
        "radius·√(ηλ₁) = 0.3",
        "variance of the relevant feature λ₂",
        lambda q2, epsilon, lambda1: epsilon * lambda1,
    ),
    Plane("normalised_radius", "rho", "λ₂/λ₁ = 10⁻⁴", "radius", lambda q2, rho, lambda1: rho / np.sqrt(q2)),
)


def print_agreement(plane: Plane, labels: Any) -> None:
    """Print on how many cells the labels agree."""
    codes, reasons = labels.regime.values, labels.settled.values
    differ = (codes != codes[0]).any(axis=0)
    settled, shaken = (reasons == 1).all(axis=0), (reasons == trust.CODES["rounding"]).any(axis=0)
    groups = {"all": np.ones_like(settled), "settled": settled, "not sensitive to rounding": ~shaken}
    print(f"{plane.sweep}: labels are the same at lambda1 = " + ", ".join(f"{v:g}" for v in labels.lambda1.values))
    for name, group in groups.items():
        share = 100 * (1 - differ[group].mean())
        print(f"  {name:32}{share:10.4f} % of {group.sum():,} cells, {differ[group].sum():,} differ")
    for one, map_ in zip(labels.lambda1.values, codes, strict=True):
        print(f"  lambda1 = {one:<8g} edge of stability {100 * (map_ == EDGE).mean():.3f} %")


def differences(ax: Any, plane: Plane, labels: Any) -> dict[str, Any]:
    """Draw where the labels of the four maps differ, on the boundaries of one of them; return entries of a legend."""
    codes, q2, y = labels.regime.values, labels.q2.values, labels[plane.y].values
    change = np.zeros(codes.shape[1:], bool)
    change[:, 1:] |= codes[1, :, 1:] != codes[1, :, :-1]
    change[1:] |= codes[1, 1:] != codes[1, :-1]
    shaken = (labels.settled.values == trust.CODES["rounding"]).any(axis=0)
    differ = (codes != codes[0]).any(axis=0)
    for where, colour, size in ((change, "0.8", 0.6), (differ & shaken, PINK, 1.6), (differ & ~shaken, "black", 1.6)):
        rows, columns = np.nonzero(where)
        ax.plot(q2[columns], y[rows], ".", color=colour, markersize=size, markeredgewidth=0, rasterized=True)
    ax.set(xscale="log", yscale="log", xlim=q2[[0, -1]], ylim=y[[0, -1]])
    ax.tick_params(labelsize=SMALL)
    ax.set_title(f"labels differ: {100 * differ.mean():.2g} %", loc="left", fontsize=SMALL)
    looks = {"differ, settled says: rounding": PINK, "differ, settled does not": "black"}
    return {label: Line2D([], [], linestyle="", marker="o", color=c, label=label) for label, c in looks.items()}


def maps(planes: list[tuple[Plane, Any]]) -> Any:
    """Draw the maps side by side, and where they differ."""
    title = "One map, whatever λ₁: regimes in normalised axes\n" + fixed_inputs(planes[0][1], ["clip", "radius"])
    figure = figure_of(planes[0][1], 9.2, 6.2, title)
    axes, found = figure.subplots(2, 5, sharex=True, sharey="row"), {}
    for row, (plane, dataset) in zip(axes, planes, strict=True):
        for ax, lambda1 in zip(row, dataset.lambda1.values, strict=False):
            words = f"λ₁ = {lambda1:g}" + (f", {plane.given}" if ax is row[0] else "")
            found |= panel(ax, dataset, "q2", plane.y, {"lambda1": lambda1}, words)
            ax.set(xlabel="")
        dots = differences(row[-1], plane, dataset)
    label_outer_panels(axes)
    axes[-1, 2].set_xlabel("normalised step size q² = ηλ₁", fontsize=SMALL)
    legend(figure, found | dots, "outside lower left", 4)
    return figure


def outlines(dataset: Any, plane: Plane, lambda1: float) -> list[np.ndarray]:
    """Return the outline of the edge of stability at one lambda1, as polylines (q2, y)."""
    codes = dataset.regime.sel(lambda1=lambda1).values
    grid = (np.log(dataset.q2.values), np.log(dataset[plane.y].values))
    curves = contourpy.contour_generator(*grid, (codes == EDGE).astype(float)).lines(0.5)
    return [np.exp(np.asarray(curve)) for curve in curves if len(curve) >= SPECK]


def collapsed(planes: list[tuple[Plane, Any]]) -> Any:
    """Draw the outlines of the edge of stability at each lambda1 in plain and in normalised axes."""
    title = "The edge of stability at four λ₁, in plain axes and in normalised ones\n"
    figure, found = figure_of(planes[0][1], 8.2, 7.4, title + fixed_inputs(planes[0][1], ["clip", "radius"])), {}
    for row, (plane, dataset) in zip(figure.subplots(2, 2), planes, strict=True):
        plain, normal = row
        for k, (lambda1, colour) in enumerate(zip(dataset.lambda1.values, COLOURS, strict=True)):
            label = f"edge of stability at λ₁ = {lambda1:g}"
            for curve in outlines(dataset, plane, lambda1):
                q2, y = curve.T
                plain.plot(q2 / lambda1, plane.raw(q2, y, lambda1), color=colour, linewidth=1.2)
                normal.plot(q2, y, color=colour, linewidth=6.0 - 1.6 * k)
            found[label] = plain.lines[-1]
        plain.set(xlabel="step size η", ylabel=plane.label)
        data = dataset[plane.y].attrs
        normal.set(xlabel="normalised step size q² = ηλ₁", ylabel=f"{data['long_name']} {data['symbol']}")
        normal.set(xlim=dataset.q2.values[[0, -1]], ylim=dataset[plane.y].values[[0, -1]])
        found |= theory(normal, plane, dataset)
        plain.set_title(plane.given, loc="left", fontsize=SMALL)
        for ax in row:
            ax.set(xscale="log", yscale="log")
            ax.tick_params(labelsize=SMALL)
    legend(figure, found, "outside lower left", 4)
    return figure


def theory(ax: Any, plane: Plane, dataset: Any) -> dict[str, Any]:
    """Add the closed forms that are the same at each lambda1; return label -> what a legend shows."""
    piece = select(dataset, "q2", plane.y, {"lambda1": 100.0})
    found = {}
    for line, curves in theory_lines.critical_lines(piece, "q2", plane.y).items():
        if line.name in DASHES:
            for curve in curves:
                (found[line.label],) = ax.plot(*curve.T, color="0.25", linewidth=1.0, linestyle=DASHES[line.name])
    return found


def main(folder: str = ".") -> None:
    planes = [(plane, swept(Path(folder), plane.sweep)) for plane in PLANES]
    for plane, labels in planes:
        print_agreement(plane, labels)
    save(maps(planes), "collapse")
    save(collapsed(planes), "collapse_outlines")


if __name__ == "__main__":
    main(*sys.argv[1:])
