"""How a picture looks: its size, its words, its colours.  What it shows is a view."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from eos_sweep.analysis.pictures import style
from eos_sweep.analysis.pictures.captions import LETTER_SIZE
from eos_sweep.errors import InputError, closest, named, short

Pair: TypeAlias = tuple[float, float]


class Size(NamedTuple):
    """Width and height of a figure in inches, and the size of its letters in points, None for matplotlib's."""

    width: float
    height: float
    points: float | None

    @property
    def letters(self) -> float | str:
        """The size of titles and labels."""
        return self.points or "medium"

    @property
    def small(self) -> float:
        """The size of numbers on a map."""
        return 0.85 * (self.points or LETTER_SIZE)


SIZES = {
    "column": Size(3.37, 4.2, 8.0),  # one of two columns
    "text": Size(5.5, 3.5, 8.0),  # a page of one column
    "page": Size(7.0, 4.2, 9.0),  # both columns
}
NARROW = 5.0  # inches of a figure that has no room for a legend beside the map
LEGENDS, BARS = ("right", "below", "inside"), ("bottom", "right")
SCALES = "linear", "log"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a picture looks; the functions of ``eos_sweep.plot`` have these as keywords, and explain them.

    Attributes
    ----------
    figsize
        Name of a size, or width and height in inches.
    title
        Text; empty for none; by default the title of the sweep and what is fixed.
    legend, colorbar
        Whether there is one, or its place.
    palette
        Label -> colour, where it is not the usual one.
    cmap, norm
        Colour map and scale of numbers.
    """

    figsize: str | Pair | None = None
    title: str | None = None
    legend: bool | str = True
    colorbar: bool | str = True
    palette: Mapping[str, Any] | None = None
    cmap: Any = None
    norm: Any = None

    def __post_init__(self) -> None:
        """Raise InputError for the first keyword that has no meaning."""
        _check_place("legend", self.legend, LEGENDS)
        _check_place("colorbar", self.colorbar, BARS)
        if isinstance(self.figsize, str) and self.figsize not in SIZES:
            raise InputError(f"figsize: got {short(self.figsize)}; {closest(self.figsize, SIZES)}, or give inches")
        if not isinstance(self.figsize, str | None) and not _is_pair(self.figsize, positive=True):
            raise InputError(
                f"figsize: got {short(self.figsize)}; give width and height in inches, or a name of a size"
            )
        if self.title and "$" in self.title:
            _check_mathtext(self.title)
        if self.palette or self.cmap is not None or self.norm is not None:
            self._check_colours()

    def _check_colours(self) -> None:
        import matplotlib
        from matplotlib.colors import Colormap, Normalize, is_color_like

        for name, colour in self.colours.items():
            if not is_color_like(colour):
                raise InputError(
                    f"palette: {short(name)} has {short(colour)}, no colour of matplotlib; write it as #RRGGBB"
                )
        if not isinstance(self.cmap, Colormap | None) and self.cmap not in matplotlib.colormaps:
            raise InputError(f"cmap: no {short(self.cmap)}; {closest(str(self.cmap), matplotlib.colormaps)}")
        known = isinstance(self.norm, Normalize | None) or (isinstance(self.norm, str) and self.norm in SCALES)
        if not known and not (_is_pair(self.norm) and self.norm[0] < self.norm[1]):
            remedy = "give 'linear', 'log', the least and the largest number, or a Normalize of matplotlib"
            raise InputError(f"norm: got {short(self.norm)}; {remedy}")

    @property
    def size(self) -> Size:
        """The size of a figure of one map."""
        if isinstance(self.figsize, str):
            return SIZES[self.figsize]
        width, height = self.figsize or style.MAP_SIZE
        return Size(width, height, None if width > NARROW else SIZES["column"].points)

    @property
    def colours(self) -> Mapping[str, Any]:
        """Label -> colour, where it is not the usual one."""
        return self.palette or {}

    @property
    def legend_place(self) -> str:
        """The place of the legend in a figure of its own; an empty text if there is none."""
        if isinstance(self.legend, str):
            return self.legend
        return "" if not self.legend else "right" if self.size.width > NARROW else "below"


def _check_place(name: str, given: bool | str, places: tuple[str, ...]) -> None:
    if not isinstance(given, bool) and given not in places:
        raise InputError(f"{name}: got {short(given)}; give True, False, {', '.join(map(repr, places))}")


def _check_mathtext(title: str) -> None:
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("path").parse(title)
    except ValueError as error:
        problem = named(" ".join(str(error).split()), 200)
        raise InputError(rf"title: no formula of mathtext: {problem}; write \$ for a dollar sign") from None


def _is_pair(given: Any, positive: bool = False) -> bool:
    """Return whether ``given`` is two finite numbers."""
    try:
        one, other = (float(value) for value in given)
    except (TypeError, ValueError):
        return False
    return math.isfinite(one) and math.isfinite(other) and (not positive or min(one, other) > 0)


DEFAULT = Look()
