"""What stands beside a map: names, numbers, and what a dataset says of itself, as text that can be drawn."""

import json
import textwrap
from collections.abc import Sequence
from typing import Any

import xarray as xr

from eos_sweep.errors import visible

LINES, LENGTH = 12, 500  # of a text that a dataset brings along; a title of 100 000 characters takes 26 s to draw


def number(value: Any) -> str:
    """Return a number in four digits."""
    return f"{float(value):.4g}".replace("inf", "∞")


def symbol(data: xr.DataArray) -> str:
    """Return the symbol of a variable, its name if it has none."""
    return plain(data.attrs.get("symbol", data.name))


def words(data: xr.DataArray) -> str:
    """Return what a variable is, with its symbol."""
    about, sign = plain(data.attrs.get("long_name", data.name)), plain(data.attrs.get("symbol", ""))
    return f"{sign}: {about}" if sign == data.name else f"{about} {sign}".strip()


def caption(dataset: xr.Dataset, piece: xr.Dataset, shown: Sequence[str]) -> str:
    """Return the title, and in lines of at most 80 characters what is not ``shown``: axes, and all inputs."""
    spec = given_spec(dataset)
    axes = [str(name) for name in dataset.dims if name not in shown]
    inputs = [str(name) for name, data in dataset.coords.items() if data.dims == ()]
    found = {name: plain(f"{name} = {text}") for name, text in spec.items() if isinstance(text, str)}
    found |= {name: f"{symbol(piece[name])} = {number(piece[name])}" for name in (*axes, *inputs)}
    fixed = [found[name] for name in dict.fromkeys([*axes, *spec, *inputs]) if name in found]
    unbroken = ", ".join(item.replace(" ", "\N{NO-BREAK SPACE}") for item in fixed)
    lines = [line.replace("\N{NO-BREAK SPACE}", " ") for line in textwrap.wrap(unbroken, 80)]
    return "\n".join(filter(None, [plain(dataset.attrs.get("title", "")), *lines]))


def given_spec(dataset: xr.Dataset) -> dict[str, Any]:
    """Return name -> number or text of the inputs that a dataset's spec fixes, empty if it has none."""
    try:
        spec = json.loads(dataset.attrs.get("spec", "{}"))
        return {**spec.get("parameters", {}), **spec.get("initial", {})}
    except (ValueError, TypeError, AttributeError):  # it is anybody's dataset
        return {}


def cut(given: Any) -> str:
    """Return the first lines of what a dataset says, in characters that show."""
    return "\n".join(visible(line[:LENGTH]) for line in str(given).splitlines()[:LINES])


def plain(given: Any) -> str:
    """Return the same for a picture, without mathtext: half a formula is an error there."""
    return cut(given).replace("$", r"\$")
