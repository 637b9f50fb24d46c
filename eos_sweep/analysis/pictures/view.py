"""What one picture of a sweep shows: its axes, the variable that is drawn, and additions such as theory's lines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import xarray as xr

from eos_sweep.analysis.slices import At
from eos_sweep.errors import InputError, short

Levels: TypeAlias = Sequence[xr.Dataset]
Lines: TypeAlias = bool | str | Sequence[str]
Limits: TypeAlias = tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)  # by name, so that a new option shifts no other
class View:
    """One picture of a sweep: an option of ``plot`` that says what is shown is a field here.

    Attributes
    ----------
    x, y
        Axes that run to the right and upwards; the two longest if None.
    at
        Name -> value of every other axis, as for :func:`eos_sweep.analysis.slices.select`.
    facet
        Axis with a panel for each value; one panel if None.
    variable
        Variable that is drawn.
    lines
        Whether to add lines of theory, those that separate what is drawn; or the names of lines, or "all".
    levels
        Levels of :func:`eos_sweep.open_pyramid`, from which regimes are drawn sooner, with the same result.
    over
        Axes that are left out: labels are drawn as the most frequent one, numbers as a quantile.
    share
        Label whose share over ``over`` is drawn instead.
    quantile
        Which quantile over ``over`` is drawn of numbers.
    contours
        Variable of numbers whose contours are added to a map.
    margins
        Whether the shares of labels along each axis are added to a map.
    xlim, ylim
        First and last value of a side that are shown; the whole axis if None.
    further
        More variables, drawn where one axis is left.
    """

    x: str | None = None
    y: str | None = None
    at: At = None
    facet: str | None = None
    variable: str = "regime"
    lines: Lines = True
    levels: Levels = ()
    over: tuple[str, ...] = ()
    share: str | None = None
    quantile: float = 0.5
    contours: str | None = None
    margins: bool = False
    xlim: Limits = None
    ylim: Limits = None
    further: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise InputError if a limit is not two numbers."""
        for name in ("xlim", "ylim"):
            given = getattr(self, name)
            if given is not None and not (len(given) == 2 and float(given[0]) != float(given[1])):
                raise InputError(f"{name}: got {short(given)}; give two numbers, the first and the last one shown")

    @property
    def axes(self) -> tuple[str, str]:
        """The two axes of the picture; empty names if the dataset had too few."""
        return self.x or "", self.y or ""

    @property
    def picked(self) -> tuple[str, ...]:
        """Names of all axes that the view uses."""
        return tuple(name for name in (self.x, self.y, self.facet, *(self.at or {})) if name)

    def completed(self, dataset: xr.Dataset) -> "View":
        """Return the view with x and y, which are the two longest free axes of ``dataset`` where not given.

        Seeds have no order and words have no place, so neither is chosen.
        """
        numbers = [str(name) for name in dataset.dims if dataset[name].dtype.kind in "iuf" and name != "seed"]
        free = [name for name in numbers if name not in self.picked]
        missing = (not self.x) + (not self.y)
        longest = sorted(free, key=lambda name: -dataset.sizes[name])[:missing]
        chosen = sorted(longest, key=[*dataset.dims].index)
        chosen.sort(key=lambda name: name == "eta")  # the step size runs to the right
        x = self.x or (chosen.pop() if chosen else None)
        y = self.y or (chosen.pop() if chosen else None)
        return replace(self, x=x, y=y)
