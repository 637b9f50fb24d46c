"""A Figure and Axes that a notebook shows where they are the result of a cell, also without ``%matplotlib inline``."""

import io
from typing import Any

import matplotlib.axes
import matplotlib.figure

from eos_sweep.analysis.pictures.style import DPI
from eos_sweep.analysis.pictures.ticks import in_full

SHOWN_DPI = 100  # pixels of a browser to an inch


class Axes(matplotlib.axes.Axes):
    """Axes that are shown with all of their figure, and have whole numbers at their ticks."""

    def clear(self) -> None:
        """Begin anew; an Axes is made so, too."""
        super().clear()
        for axis in (self.xaxis, self.yaxis):
            in_full(axis.get_major_formatter())

    def _repr_png_(self) -> tuple[bytes, dict[str, float]]:
        return _png(self.figure)


class Figure(matplotlib.figure.Figure):
    """A figure whose Axes are shown, too."""

    def add_subplot(self, *args: Any, **kwargs: Any) -> Any:
        """Add Axes that are shown, unless others are asked for."""
        if not {"axes_class", "projection", "polar"} & set(kwargs):
            kwargs["axes_class"] = Axes
        return super().add_subplot(*args, **kwargs)

    def _repr_png_(self) -> tuple[bytes, dict[str, float]]:
        return _png(self)


def _png(figure: Any) -> tuple[bytes, dict[str, float]]:
    """Return a picture, and the size at which IPython shows it: as large as the figure, at twice its resolution."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI)
    width, height = SHOWN_DPI * figure.get_size_inches()
    return file.getvalue(), {"width": width, "height": height}
