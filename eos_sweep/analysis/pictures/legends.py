"""Legends: of a map, of a figure, and one for all maps of a figure."""

from collections.abc import Sequence
from typing import Any

from eos_sweep.analysis.pictures.captions import LETTER, LETTER_SIZE, without_share
from eos_sweep.analysis.pictures.look import Size
from eos_sweep.analysis.pictures.style import LEGEND
from eos_sweep.errors import InputError, short

OUTSIDE = {"right": "outside right upper", "below": "outside lower center", "above": "outside upper center"}
INSIDE: dict[str, Any] = {"loc": "best", "framealpha": 0.9, "handlelength": 2.0, "labelspacing": 0.25}
COLUMNS: dict[str, Any] = {"frameon": False, "handlelength": 2.2, "columnspacing": 1.2, "labelspacing": 0.3}
ROOM = 4.5  # letters of an entry beside its text
MOST_COLUMNS = 4
X_SMALL, LINE = 0.58, 1.5  # of matplotlib's size x-small; height of an entry over its size
GAP = 0.02  # between a map and a legend beside it, over the width of the map
SMALLER = 0.85  # letters of a legend below or above its maps, where width is scarce


def legend(figure: Any, place: str = "right", columns: int | None = None) -> Any:
    """Give a figure one legend for all of its maps.

    Parameters
    ----------
    figure
        The Figure, whose maps were drawn with ``legend=False``, and whose layout is ``"constrained"``.
    place
        ``"right"``, ``"below"`` or ``"above"``.
    columns
        Number of columns; as many as fit by default.

    Returns
    -------
    Legend
        Regimes and other labels first, then lines; each once, without its share, which differs from map to map.  Its
        letters are those of the smallest label of an axis, and smaller below or above the maps.

    Raises
    ------
    InputError
        If the place is another one, or nothing in the figure has a label.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> from matplotlib.figure import Figure
    >>> axes = {"theta1": [1, 2], "a1": [1, 2, 4], "eta": {"linear": [0.1, 3, 8]}}
    >>> ds = eos_sweep.sweep("quadratic", axes, {}, {}, steps=50)
    >>> figure = Figure(figsize=(7, 3), layout="constrained")
    >>> for ax, start in zip(figure.subplots(1, 2), [1, 2]):
    ...     _ = plot.regime_map(ds, at={"theta1": start}, ax=ax, legend=False, lines=False)
    >>> [text.get_text() for text in plot.legend(figure, "below").get_texts()]
    ['divergence', 'sign flip', 'stable']
    """
    from matplotlib.lines import Line2D

    if place not in OUTSIDE:
        raise InputError(f"place: got {short(place)}; give {', '.join(map(repr, OUTSIDE))}")
    entries: dict[str, Any] = {}
    for ax in figure.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(without_share(label), handle)
    if not entries:
        raise InputError("figure: has no map with labels; draw into it first")
    labels = sorted(entries, key=lambda label: isinstance(entries[label], Line2D))
    points = min(ax.xaxis.label.get_size() for ax in figure.axes)
    return outside(figure, [entries[label] for label in labels], labels, place, points, columns)


def outside(
    figure: Any,
    handles: Sequence[Any],
    labels: Sequence[str],
    place: str,
    points: float | None,
    columns: int | None = None,
) -> Any:
    """Give a figure a legend beside its maps, in as many columns as fit."""
    if place == "right":
        return figure.legend(handles, labels, loc=OUTSIDE[place], ncols=columns or 1, fontsize=points, **LEGEND)
    look = {"loc": OUTSIDE[place], "fontsize": SMALLER * (points or LETTER_SIZE), **COLUMNS}
    for count in [columns] if columns else range(MOST_COLUMNS, 0, -1):
        found = figure.legend(handles, labels, ncols=count, **look)
        if columns or count == 1 or found.get_window_extent().width <= figure.bbox.width:
            break
        found.remove()
    return found


def width_of(labels: Sequence[str], points: float | None) -> float:
    """Return about how wide a column of a legend is, in inches; formulas have more letters than they show."""
    lines = [12 if "$" in label else len(line) for label in labels for line in label.splitlines()]
    return (max(lines, default=0) + ROOM) * LETTER * (points or LETTER_SIZE) / 72


def measured(found: Any) -> float:
    """Return how wide a legend is in its figure, in inches."""
    return float(found.get_window_extent().width / found.figure.dpi)


def covers(handles: Sequence[Any], size: Size) -> float:
    """Return about which share of a map of a size a legend on it would cover."""
    points = X_SMALL * LETTER_SIZE
    labels = [handle.get_label() for handle in handles]
    return width_of(labels, points) * len(labels) * LINE * points / 72 / (size.width * size.height)


def beside(ax: Any, handles: Sequence[Any], room: float, points: float | None) -> None:
    """Give a map a legend to its right, ``room`` of its width away."""
    place = {"loc": "upper left", "bbox_to_anchor": (1.0 + GAP + room, 1.0)}
    ax.legend(handles=handles, fontsize=points, **place, **LEGEND)


def inside(ax: Any, handles: Sequence[Any], points: float | None) -> None:
    """Give a map a legend on it, in small type, where it covers the fewest lines."""
    ax.legend(handles=handles, fontsize=points or "x-small", **INSIDE).set_zorder(3)


def add_entry(ax: Any, handle: Any) -> None:
    """Add an entry to the legend of a map, in its place and size; nothing if the map has none of its own."""
    if (found := ax.get_legend()) is None:
        return
    handles, points = [*found.legend_handles, handle], found.get_texts()[0].get_fontsize()
    room = (found.get_bbox_to_anchor().x0 - ax.bbox.x1) / ax.bbox.width
    if room > 0.0:
        beside(ax, handles, room - GAP, points)
    else:
        inside(ax, handles, points)
