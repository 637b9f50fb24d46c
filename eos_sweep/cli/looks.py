"""Options of a picture from text: sizes, ranges, colours, lines."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import click

from eos_sweep.errors import InputError, named

_LOOKS = (
    click.option(
        "--figsize",
        metavar="SIZE",
        help="column, text or page (3.4, 5.5 and 7 inches wide, small letters), or WIDTHxHEIGHT in inches.",
    ),
    click.option("--title", help='Title, "" for none  [default: that of the sweep, and all that is fixed].'),
    click.option("--legend", type=click.Choice(["right", "below", "inside", "none"]), help="Place of the legend."),
    click.option("--colorbar", type=click.Choice(["bottom", "right", "none"]), help="Place of the bar of colours."),
    click.option("--palette", multiple=True, metavar="LABEL=COLOUR", help="Colour of a label. Can be repeated."),
    click.option("--cmap", metavar="NAME", help="Colour map of numbers, one of matplotlib's."),
    click.option("--norm", metavar="SCALE", help="Scale of numbers: linear, log, or LOW,HIGH."),
)


def with_look(command: Callable) -> Callable:
    """Add the options of how a picture looks; the command gets them as one argument ``look``."""

    @functools.wraps(command)
    def packed(
        *,
        figsize: str | None,
        title: str | None,
        legend: str | None,
        colorbar: str | None,
        palette: tuple[str, ...],
        cmap: str | None,
        norm: str | None,
        **others: Any,
    ) -> None:
        from eos_sweep.analysis.pictures.look import SIZES, Look

        size: Any = figsize
        if figsize and figsize not in SIZES and "x" in figsize:
            size = pair("--figsize", figsize, "x")
        look = Look(
            figsize=size,
            title=title,
            legend=True if legend is None else legend != "none" and legend,
            colorbar=True if colorbar is None else colorbar != "none" and colorbar,
            palette=_colours(palette),
            cmap=cmap,
            norm=pair("--norm", norm) if norm and "," in norm else norm,
        )
        command(look=look, **others)

    return functools.reduce(lambda function, option: option(function), reversed(_LOOKS), packed)


def pair(option: str, text: str, between: str = ",") -> tuple[float, float]:
    """Return two numbers; InputError names the option."""
    try:
        one, other = (float(part) for part in text.split(between))
    except ValueError:
        example = {"x": "7x4"}.get(between, f"0.01{between}1")
        raise InputError(f"{option} {named(text)}: not two numbers; write for example {option} {example}") from None
    return one, other


def lines_of(text: str) -> bool | str | list[str]:
    """Return which lines of theory a text means: separating, none, all, or names between commas."""
    if text in ("separating", "none"):
        return text == "separating"
    return text if text == "all" else [name.strip() for name in text.split(",")]


def _colours(items: Iterable[str]) -> dict[str, str]:
    """Return label -> colour from items LABEL=COLOUR."""
    found = {}
    for item in items:
        label, sign, colour = item.partition("=")
        if not sign:
            example = "--palette stable=#FFFFAD"
            raise InputError(f"--palette {named(item)}: not LABEL=COLOUR; write for example {example}")
        found[label] = colour
    return found
