"""Text in pictures: names, numbers, and what a dataset says of itself, in a form that can be drawn."""

import functools
import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.specs import symbols
from eos_sweep.errors import named, visible
from eos_sweep.training_data import described

# Of a text that comes with a dataset: a title of 100 000 characters takes 26 s to draw.
MAX_LINES, LINE_LENGTH = 12, 500
LETTER = 0.54  # width of an average letter over its size
LETTER_SIZE = 10.0  # points, of titles and labels unless a picture has others
LEAST = 12  # letters of a line, whatever the room
LONGEST_NAME = 100
UNBROKEN = "\N{NO-BREAK SPACE}"


def number(value: Any) -> str:
    """Return a number in four digits, a word as it is."""
    if getattr(value, "dtype", np.dtype(float)).kind in "SUO":
        return short(value.item())
    return f"{float(value):.4g}".replace("inf", "∞")


def distinct(values: Iterable[Any]) -> list[str]:
    """Return numbers in four digits, or in as many as tell them apart; words as they are."""
    values = list(values)
    if any(isinstance(value, str) for value in values):
        return [short(value) for value in values]
    numbers = [float(value) for value in values]
    for digits in range(4, 18):
        words = [f"{one:.{digits}g}".replace("inf", "∞") for one in numbers]
        if len(set(words)) == len(set(numbers)):
            break
    return words


def symbol(data: xr.DataArray) -> str:
    """Return the symbol of a variable, its name if it has none."""
    return short(data.attrs.get("symbol", data.name))


def label_of(data: xr.DataArray) -> str:
    """Return the meaning of a variable with its symbol."""
    meaning, sign = short(data.attrs.get("long_name", data.name)), short(data.attrs.get("symbol", ""))
    return f"{sign}: {meaning}" if sign == data.name else f"{meaning} {sign}".strip()


def fitted(text: str, inches: float, points: float | None = None) -> str:
    """Return a text in lines that fit into a width; what lies between commas stays together if it can."""
    return _broken(text, _room(inches, points))


def even(text: str, inches: float, points: float | None = None) -> str:
    r"""Return a text in as few lines as :func:`fitted`, of about one length, for labels that are centred.

    >>> even("variance of the relevant feature x", 2.5)
    'variance of the\nrelevant feature x'
    """
    room = _room(inches, points)
    lines = _broken(text, room).count("\n")
    while room > LEAST and _broken(text, room - 1).count("\n") == lines:
        room -= 1
    return _broken(text, room)


def _room(inches: float, points: float | None) -> int:
    """Return how many letters fit into a width."""
    return max(LEAST, int(72 * inches / (LETTER * (points or LETTER_SIZE))))


def _broken(text: str, room: int) -> str:
    """Return a text in lines of at most ``room`` letters, unless a word is longer."""
    wrap = functools.partial(textwrap.wrap, width=room, break_long_words=False, break_on_hyphens=False)
    lines = [wrap(_bound(line)) for line in text.splitlines()]
    return "\n".join(line.replace(UNBROKEN, " ") for broken in lines for line in broken)


def _bound(line: str) -> str:
    """Return a line whose items, such as ``a = 1``, are not broken."""
    return ", ".join(item.replace(" ", UNBROKEN) if " = " in item else item for item in line.split(", "))


def caption(dataset: xr.Dataset, piece: xr.Dataset, drawn: Sequence[str]) -> str:
    """Return the title of a dataset, and in a second line all that is fixed in a picture of it.

    Parameters
    ----------
    dataset
        The sweep.
    piece
        The slice of it in the picture.
    drawn
        Axes of the picture; values of all other axes and all inputs are listed.
    """
    spec = given_inputs(dataset)
    axes = [str(name) for name in dataset.dims if name not in drawn]
    inputs = [str(name) for name, data in dataset.coords.items() if data.dims == ()]
    texts = {name: text for name, text in spec.items() if isinstance(text, str)}
    signs = symbols(dataset) if texts else {}
    found = {name: escaped(f"{signs.get(name, name)} = {text}") for name, text in texts.items()}
    found |= {name: f"{symbol(piece[name])} = {number(piece[name])}" for name in (*axes, *inputs)}
    rule = [f"rule = {short(dataset.attrs['rule'])}"] if "rule" in dataset.attrs else []
    data = [escaped(f"data = {file}")] if (file := described(dataset.attrs)) else []
    fixed = [*rule, *(found[name] for name in dict.fromkeys([*axes, *spec, *inputs]) if name in found), *data]
    words = [escaped(dataset.attrs.get(key, "")) for key in ("title", "reduced")]
    return "\n".join(filter(None, [*words, ", ".join(fixed)]))


def values(piece: xr.Dataset, names: Iterable[str]) -> str:
    """Return the values of some axes in a slice."""
    return ", ".join(f"{symbol(piece[name])} = {number(piece[name])}" for name in names)


def with_share(label: str, share: float) -> str:
    """Return an entry of a legend with its share of the cells."""
    return label + (f"  {100 * share:.1f} %" if share >= 0.0005 else "  < 0.1 %")


def without_share(label: str) -> str:
    """Return an entry of a legend without its share."""
    return label.split("  ")[0]


def given_inputs(dataset: xr.Dataset) -> dict[str, Any]:
    """Return name -> number or text of the inputs that a dataset's spec fixes, empty if it has no readable spec."""
    try:
        spec = json.loads(dataset.attrs.get("spec", "{}"))
        return {**spec.get("parameters", {}), **spec.get("initial", {})}
    except (ValueError, TypeError, AttributeError):  # a dataset of other origin may have anything there
        return {}


def first_lines(text: Any) -> str:
    """Return the first lines of a text that comes with a dataset, in visible characters."""
    return "\n".join(visible(line[:LINE_LENGTH]) for line in str(text).splitlines()[:MAX_LINES])


def short(text: Any) -> str:
    """Return a name or a meaning that leaves room for the map, without mathtext."""
    return escaped(named(str(text), LONGEST_NAME))


def escaped(text: Any) -> str:
    """Return the first lines of a text without mathtext, for which half a formula is an error."""
    return first_lines(text).replace("$", r"\$")
