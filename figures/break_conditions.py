"""The break conditions of Liu et al. 2025: maps, predicted and measured boundaries, power laws, counter-examples.

    python figures/break_conditions.py [FOLDER]

runs the sweeps of sweeps/break_*.toml into stores in FOLDER (the current one by default), as far as they are not there,
bisects each boundary of figures/break_table.py to 1e-6, prints a table of them, and writes it to
figures/break_conditions.md, and the maps to figures/break_conditions.png.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from break_table import BREAKS
from breaks import Break
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter
from stored_sweeps import FIGURES, save, spec_of, stored

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis.pictures import captions
from eos_sweep.analysis.pictures.style import COLOURS, DOT, PALETTE, PINK
from eos_sweep.analysis.power_laws import PowerLaw
from eos_sweep.analysis.slices import cell_edges, select
from eos_sweep.models import bivariate

COLUMNS, COARSE = 128, (32, 64)  # columns of a map that are bisected; columns and cells of a coarse grid of its own
MARKS: dict[Any, str] = {"--": "white", (0, (1, 1.2)): PINK}  # dashes of a prediction -> its measured dots
NEW = "\n"
KAPPAS = np.geomspace(0.003, 30, 25)
SYMBOLS = {name: quantity.symbol for name, quantity in (bivariate.PARAMETERS | bivariate.STATE).items()}
ABOUT = """By `python figures/break_conditions.py`, which draws [the maps](break_conditions.png) and writes this page.
Exponents are those of the least-squares line through the logarithms of a boundary that is bisected to 10⁻⁶. There is no
noise, so their intervals say how far the boundary is from a power law.""".splitlines()
EDGE = regimes.CODES["edge_of_stability"]


class Found(NamedTuple):
    """Measurements of one condition, an entry for each column that has an edge."""

    across: np.ndarray
    edge: np.ndarray
    quantity: np.ndarray  # of the power law
    expected: np.ndarray
    extra: float

    @property
    def ratio(self) -> np.ndarray:
        """Measured over predicted."""
        return self.quantity / self.expected

    @property
    def laws(self) -> tuple[PowerLaw, PowerLaw]:
        """The power laws of the measured and of the predicted quantity."""
        return eos_sweep.power_law(self.across, self.quantity), eos_sweep.power_law(self.across, self.expected)

    def sentence(self, words: str) -> str:
        """Fill the numbers into a sentence."""
        law, expected = self.laws
        off = np.abs(self.ratio - 1.0)
        return words.format(
            exponent=law.exponent, prefactor=law.prefactor, expected=expected.exponent, deviation=off.max(),
            percent=100.0 * off.max(), middle=100.0 * np.median(off), least=self.ratio.min(), most=self.ratio.max(),
            at_least=self.across[self.ratio.argmin()], at_most=self.across[self.ratio.argmax()], extra=self.extra,
        ).replace("-", "−")  # fmt: skip


def measured(one: Break, dataset: xr.Dataset) -> Found:
    """Bisect a boundary in some columns of its map, or of a coarse grid with more steps."""
    spec = spec_of(one.spec)
    if one.steps:
        ends = spec.axis(one.along).values[[0, -1]].tolist()
        axes = {one.across: {"log": [*one.across_range, COARSE[0]]}, one.along: {"log": [*ends, COARSE[1]]}}
        source: Any = spec_of(one.spec, axes=axes, steps=one.steps)
    else:
        room = 1.0 + 1e-9  # the ends of an axis may be off by a last place
        part = {one.across: one.across_range, one.along: one.along_range}
        source = dataset.sel({name: slice(low / room, high * room) for name, (low, high) in part.items()})
        source = source.isel({one.across: slice(None, None, -(-source.sizes[one.across] // COLUMNS))})
    which = one.pick if one.pick in ("first", "last") else "all"
    found = eos_sweep.boundary(source, one.along, one.holds, which=which)
    edge = found.edge.min("crossing")
    if which == "all":
        edge = found.edge.where(found.side == 2).min("crossing")
    if one.pick == "again":
        edge = found.edge.where((found.side == 1) & (found.edge > edge)).min("crossing")
    edge = edge.dropna(one.across)
    across = edge[one.across].values
    initial, parameters = spec.inputs({one.across: across, one.along: edge.values})
    values = initial | parameters
    quantity = one.measured(values) if one.measured else edge.values
    extra = one.extra(dataset) if one.extra else np.nan
    return Found(across, edge.values, quantity, (one.expected or one.predicted)(values), extra)


def areas(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return name of a bound on beta1 -> its values, and the percentage of the box of lambda1 and eta at the edge."""
    clipped = stored("break_area_clip", folder)
    given = spec_of("break_area_clip").to_dict()
    axes = {name: values for name, values in given["axes"].items() if name != "clip"}
    shares = []
    for kappa in KAPPAS:
        parameters = given["parameters"] | {"radius": f"{float(kappa)!r} / sqrt(lambda1)"}
        projected = stored("break_area_clip", folder, f"_kappa_{kappa:.4g}", axes=axes, parameters=parameters)
        shares.append(100.0 * float((projected.regime == EDGE).mean()))
    by_clip = 100.0 * (clipped.regime == EDGE).mean(("lambda1", "eta"))
    return {"clip": (clipped["clip"].values, by_clip.values), "κ": (KAPPAS, np.array(shares))}


def draw(ax: Any, dataset: xr.Dataset, rows: list[tuple[Break, Found]]) -> None:
    """Draw a map with the predicted and the measured boundaries of its conditions."""
    first = rows[0][0]
    y = first.across if first.along == "eta" else first.along
    if first.variable == "regime":
        plot.regime_map(dataset, "eta", y, ax=ax, lines=False, legend=False)
    else:
        peaks(ax, select(dataset, "eta", y), first.variable, y)
    spec, limits = spec_of(first.spec), {"xlim": ax.get_xlim(), "ylim": ax.get_ylim()}
    title = dataset.attrs["title"]
    for (one, found), (dashes, mark) in zip(rows, MARKS.items(), strict=False):
        across = np.geomspace(*spec.axis(one.across).values[[0, -1]], 257)
        initial, parameters = spec.inputs({one.across: across, one.along: np.full(257, found.edge[0])})
        line = one.predicted(initial | parameters)
        turn = slice(None) if one.across == "eta" else slice(None, None, -1)
        ax.plot(*(across, line)[turn], color="white", linewidth=3.2, alpha=0.8)
        ax.plot(*(across, line)[turn], color="black", linewidth=1.4, linestyle=dashes)
        ax.plot(*(found.across, found.edge)[turn], **DOT, markerfacecolor=mark)
        title += f"{NEW if one is first else ', '}{one.formula}"
        title += f" (measured with {one.steps:,} steps)".replace(",", " ") * bool(one.steps)
    ax.set(**limits)
    for axis in (ax.xaxis, ax.yaxis):
        if np.ptp(np.log10(axis.get_view_interval())) < 2.0:  # too short for the powers of ten alone
            axis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter="{x:g}", minor_formatter=NullFormatter())
    ax.set_title(title, loc="left", fontsize="small")


def peaks(ax: Any, piece: xr.Dataset, name: str, y: str) -> None:
    """Draw the largest S eta/2 of each run, on a logarithmic scale of its own."""
    edges = [cell_edges(piece[axis].values) for axis in ("eta", y)]
    mesh = ax.pcolormesh(*edges, piece[name].values, norm=LogNorm(1.0, 16.0), cmap="viridis", rasterized=True)
    scale = ax.inset_axes([0.5, 0.88, 0.45, 0.05])
    ax.figure.colorbar(mesh, cax=scale, orientation="horizontal", ticks=[1, 4, 16], format="{x:g}", extend="max")
    scale.set_xlabel("largest S · η/2", fontsize="small", labelpad=1)
    scale.tick_params(labelsize="small")
    ax.set(xscale="log", yscale="log", xlabel="step size η", ylabel=captions.even(captions.label_of(piece[y]), 2.5))


def draw_areas(ax: Any, found: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Draw the share of the edge of stability against both bounds on beta1."""
    for (name, (thresholds, percent)), colour in zip(found.items(), COLOURS, strict=False):
        ax.plot(thresholds, percent, color=colour, marker="o", markersize=3)
        best = int(percent.argmax())
        half = int(np.flatnonzero(percent > 0.5 * percent[best])[-1])
        words = f"{name}: {percent[best]:.0f} % at {thresholds[best]:.2g}"
        ax.annotate(words, (thresholds[half], percent[half]), (6, 2), textcoords="offset points", color=colour)
    ax.set(xlabel="clip, or κ = radius · √λ₁", ylabel="% of the box at the edge")
    ax.set(xscale="log", xlim=(2e-3, 3e4), ylim=(0, 45))
    ax.set_title("The edge's share of λ₁ ∈ [1, 10⁴], η ∈ [10⁻³, 3]\nλ₂ = 0.01", loc="left", fontsize="small")


def page(maps: dict[str, xr.Dataset], rows: dict[str, list[tuple[Break, Found]]], shares: Any) -> Figure:
    """Return all maps with their boundaries, and the areas."""
    figure = Figure(figsize=(12, 15), layout="constrained")
    axes = figure.subplots(4, 3).flat
    for ax, (name, pairs) in zip(axes, rows.items(), strict=False):
        draw(ax, maps[name], pairs)
    draw_areas(axes[len(rows)], shares)
    met = np.unique([code for dataset in maps.values() for code in np.unique(dataset.regime)])
    names = [name for name, code in regimes.CODES.items() if code in met]
    handles: list[Any] = [
        Patch(facecolor=PALETTE[name], edgecolor="0.35", label=name.replace("_", " ")) for name in names
    ]
    for (dashes, mark), words in zip(MARKS.items(), ("predicted, measured", "of a second condition"), strict=True):
        look = {**DOT, "linestyle": dashes, "linewidth": 1.4, "markersize": 4, "markerfacecolor": mark}
        handles.append(Line2D([], [], **look, label=words))
    figure.legend(handles=handles, loc="outside upper center", ncols=5, frameon=False)
    return figure


def table(rows: list[tuple[Break, Found]], shares: Any) -> str:
    """Return the page of markdown."""
    head = ("", "what ends, or begins", "predicted", "quantity, against", "exponent: predicted", "measured (95 %)",
            "prefactor: predicted", "measured", "measured/predicted")  # fmt: skip
    lines = ["# Break conditions, measured", "", *ABOUT, "", row(head), row(["---"] * len(head))]
    for number, (one, found) in enumerate(rows, 1):
        law, expected = found.laws
        digits = int(np.clip(1 - np.floor(np.log10(law.exponent_high - law.exponent_low)), 2, 8))
        low, high = f"{law.exponent_low:z.{digits}f}", f"{law.exponent_high:z.{digits}f}"
        least, most = one.across_range
        what = f"{one.quantity or SYMBOLS[one.along]}, {SYMBOLS[one.across]} from {least:g} to {most:g}"
        numbers = (f"{round(expected.exponent, 6):z.4g}", f"{law.exponent:z.{digits}f} ({low} to {high})",
                   f"{expected.prefactor:.5g}", f"{law.prefactor:.6g}",
                   f"{found.ratio.min():.6f} to {found.ratio.max():.6f}")  # fmt: skip
        lines.append(
            row([str(number), one.condition, one.formula, what, *(text.replace("-", "−") for text in numbers)])
        )
    lines += ["", "A summary and a short counter-example for each, with the label of exact arithmetic:", ""]
    for number, (one, found) in enumerate(rows, 1):
        example = one.example
        at = " ".join(f"--at {name}={value:g}" for name, value in example.at.items())
        lines.append(f"{number}. {found.sentence(one.finding)}")
        lines.append(
            f"   `eos-sweep trace sweeps/{one.spec}.toml {at} --steps {example.steps}` is "
            f"{example.regime.replace('_', ' ')} ({example.words})."
        )
    lines += [
        "",
        "The share of λ₁ ∈ [1, 10⁴], η ∈ [10⁻³, 3] at the edge, from θ₀ = (0.5, 0.05, 0.5) with λ₂ = 0.01:",
        "",
    ]
    for name, (thresholds, percent) in shares.items():
        lines += [row([name, *(f"{value:.3g}" for value in thresholds)]), row(["---"] * (thresholds.size + 1))]
        lines += [row(["%", *(f"{value:.1f}" for value in percent)]), ""]
    return "\n".join(lines)


def row(cells: Iterable[str]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"


def main(folder: str = ".") -> None:
    place = Path(folder)
    maps: dict[str, xr.Dataset] = {}
    rows: dict[str, list[tuple[Break, Found]]] = {}
    for one in BREAKS:
        if one.spec not in maps:
            maps[one.spec] = stored(one.spec, place)
        rows.setdefault(one.spec, []).append((one, measured(one, maps[one.spec])))
    shares = areas(place)
    text = table([pair for pairs in rows.values() for pair in pairs], shares)
    print(text)
    (FIGURES / "break_conditions.md").write_text(text, encoding="utf-8")
    save(page(maps, rows, shares), "break_conditions")


if __name__ == "__main__":
    main(*sys.argv[1:])
