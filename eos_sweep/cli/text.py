"""Arguments from text, and numbers as text."""

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eos_sweep.errors import InputError, named

if TYPE_CHECKING:
    from eos_sweep.spec.sweeps import Sweep


def numbers(items: Iterable[str], option: str, example: str = "eta=0.05") -> dict[str, float]:
    """Return name -> number from items NAME=NUMBER; InputError names the option, with an example."""
    found = {}
    for item in items:
        name, sign, value = item.partition("=")
        if name in found:
            raise InputError(f"{option} {item}: {name} is given twice; give it once")
        try:
            found[name] = float(value)
        except ValueError:
            sign = ""
        if not sign:
            raise InputError(f"{option} {item}: not NAME=NUMBER; write for example {option} {example}")
    return found


def rules(items: Iterable[str]) -> dict[str, Any]:
    """Return name -> condition or table from items NAME=RULE; a table is written as in TOML, on one line."""
    found: dict[str, Any] = {}
    for item in items:
        name, sign, rule = (part.strip() for part in item.partition("="))
        if not sign or not name:
            raise InputError(f'--regime {named(item)}: not NAME=RULE; write for example --regime "wild=crossings > 5"')
        if name in found:
            raise InputError(f"--regime {named(item)}: {named(name)} is given twice; give it once")
        try:
            found[name] = tomllib.loads(f"rule = {rule}")["rule"] if rule.startswith("{") else rule
        except (ValueError, RecursionError) as error:
            problem = named(str(error), 200)
            raise InputError(f"--regime {named(name)}: not a table of TOML: {problem}; correct it") from None
    return found


def check_picture(path: str) -> None:
    """Raise InputError if a path does not name a picture that can be drawn."""
    if Path(path).suffix.lower() not in (".png", ".svg", ".pdf", ".eps"):
        raise InputError(f"{path}: not a picture that can be drawn; end the name in .png, .svg, .pdf or .eps")
    if os.path.isdir(path):
        raise InputError(f"{path}: is a folder; choose another place for the picture")


def check_animation(path: str) -> None:
    """Raise InputError if a path does not name an animation that can be written."""
    from eos_sweep.analysis.pictures.frames import check_ending

    check_ending(path)
    if os.path.isdir(path):
        raise InputError(f"{path}: is a folder; choose another place for the animation")


def is_animation(path: str) -> bool:
    """Return whether the ending of a path is that of an animation."""
    from eos_sweep.analysis.pictures.frames import ENDINGS

    return Path(path).suffix.lower() in ENDINGS


def check_axes(option: str, sweep: "Sweep", over: str = "") -> None:
    """Raise InputError unless a sweep has one or two axes to draw, beside the one that is left out, or points alone."""
    if sweep.points:
        if more := [axis.name for axis in sweep.grid if axis.values.size > 1 and axis.name != over]:
            remedy = f"run without it, then eos-sweep plot --at {more[0]}=..."
            raise InputError(f"{option}: draws points alone, this sweep has {', '.join(more)} beside them; {remedy}")
        return
    long = sum(count > 1 for name, count in zip(sweep.dims, sweep.shape, strict=True) if name != over)
    beside = f" beside {over}" if over in sweep.dims else ""
    if long not in (1, 2):
        raise InputError(
            f"{option}: draws one or two axes, this sweep has {long}{beside}; run without it, then eos-sweep plot"
        )


def size(count: int) -> str:
    """Return a number of bytes as text, in a suitable unit."""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.3g} {unit}"
