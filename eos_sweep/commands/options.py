"""Options that several commands have, and pictures of stores, which two of them draw."""

from typing import TYPE_CHECKING

import click

from eos_sweep.errors import InputError
from eos_sweep.words import check_two_axes

if TYPE_CHECKING:
    from eos_sweep.spec import Sweep

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
AT = click.option("--at", multiple=True, metavar="NAME=VALUE", help="Value of an axis (if evenly spaced: the nearest).")


def draw(store, out, x=None, y=None, at=None, facet=None, variable="regime", lines=True) -> None:
    """Draw a slice of a stored sweep into a file."""
    from eos_sweep import plot as drawing
    from eos_sweep.api import open_pyramid, open_sweep

    figure = drawing.draw(open_sweep(store), x, y, at or {}, facet, variable, lines, open_pyramid(store))
    drawing.save(figure, out)


def check_drawable(sweep: "Sweep") -> None:
    """Refuse a picture that could not be drawn when the run is over."""
    from eos_sweep import schema

    check_two_axes("--plot", sweep)
    if "regime" not in schema.variables(sweep):
        raise InputError('--plot: the observables do not decide the regime; add "default" to them, or run without')
