"""How pictures look: colours, dashes, markers, frames, resolution and sizes."""

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Any

from eos_sweep.analysis.pictures.colours import LUMA, further_colour, rgb_of
from eos_sweep.regimes import RULES

DPI = 200  # of saved pixels; meshes are pooled for it
MAP_SIZE = 7.6, 4.8  # inches, of a figure with one map

FLAG_COLOURS = {"unchanged": "#F4F4F4", "settled": "#F4F4F4", "slow": "#FFCD00"}
# Flags that are no regimes take these in turn.
SPARE_COLOURS = ("#FFFFAD", "#65BFAC", "#050518", "#7E7EC1", "#2E54E7", "#FFCD00", "#7C0C01")

FRAME: dict[str, Any] = {"edgecolor": "0.35", "linewidth": 0.6}
NO_VALUE: dict[str, Any] = {"facecolor": "#EDEDED", "edgecolor": "#B5B5B5", "hatch": "//////", "linewidth": 0.0}
AGREED = 0.9  # of the runs of a cell; where fewer have its label, it is hatched
DISAGREED: dict[str, Any] = {"facecolor": "none", "edgecolor": "0.5", "hatch": "////", "linewidth": 0.0}
# On a map of numbers: colours about a centre have white for the centre itself.
DIVERGED: dict[str, Any] = FRAME | {"facecolor": "white"}
DIVERGED_ABOUT_CENTRE: dict[str, Any] = FRAME | {"facecolor": "0.6"}
LEGEND: dict[str, Any] = {"frameon": False, "handlelength": 2.8, "borderaxespad": 0.0}
CELLS, PIXELS = 0.5, 0.75  # order of the cells of a map, and below which a file has pixels in place of shapes
CONTOUR = "white"  # with a black rim
NOT_COMPUTED = "not_computed"
COLOUR = re.compile(r"\w+:#[0-9A-Fa-f]{6}")  # of a flag, in an attribute
HATCHES = ("xxxx", "....", "++++", "oooo")  # of regimes without a colour of their own


def looks_of_regimes(colours: Mapping[str, str | None]) -> dict[str, dict[str, Any]]:
    """Return how the cells of regimes are filled.

    Parameters
    ----------
    colours
        Regime -> its colour; None if it has none of its own: it gets the one that is most distinct from all others,
        and a hatch, since no tenth colour is distinct from nine to every eye.

    Returns
    -------
    dict
        Regime -> properties of a matplotlib patch.
    """
    looks: dict[str, dict[str, Any]] = {}
    taken, hatches = [colour for colour in colours.values() if colour], itertools.cycle(HATCHES)
    for name, colour in colours.items():
        if colour:
            looks[name] = FRAME | {"facecolor": colour}
        else:
            taken.append(further_colour(taken))
            ink = "white" if float((rgb_of(taken[-1:]) @ LUMA)[0]) < 0.5 else "black"
            looks[name] = FRAME | {"facecolor": taken[-1], "edgecolor": ink, "hatch": next(hatches)}
    return looks


# Distinct to normal, deuteranopic and protanopic eyes, and at least 7 apart in lightness, so distinct in grey, too.
COLOURS_OF_REGIMES = {rule.regime: rule.colour for rule in sorted(RULES, key=lambda rule: rule.code)}
LOOKS = looks_of_regimes(COLOURS_OF_REGIMES)
PALETTE = {name: look["facecolor"] for name, look in LOOKS.items()}

# Colour, dashes and width of theory's lines.  Lines may coincide: a thin dotted pink one shows on a dashed black one.
PINK = "#FF2D8D"
STROKES: tuple[tuple[str, Any, float], ...] = (
    ("black", "-", 1.6),
    ("black", (0, (6, 2)), 2.2),
    (PINK, ":", 1.6),
    ("black", (0, (7, 2, 1.3, 2)), 1.6),
    (PINK, (0, (5, 2)), 1.6),
    ("black", ":", 1.6),
    (PINK, "-", 1.2),
    (PINK, (0, (1, 2.5)), 2.4),
    (PINK, (0, (7, 2, 1.3, 2)), 1.6),
    ("black", (0, (4, 1.5, 1, 1.5, 1, 1.5)), 1.6),
    (PINK, (0, (4, 1.5, 1, 1.5, 1, 1.5)), 1.6),
)
HALO: dict[str, Any] = {"color": "white", "zorder": 2.1}  # below each line
HALO_WIDTH = 2.0  # by which it is wider than the line

# Series of one panel: colours first, then dashes.
BLUE, AMBER, RED, GREEN = COLOURS = ("#0063D2", "#E69F00", "#8A0821", "#4BB48C")
DASHES = ("-", "--", ":")

# Measured edges, visible on any colour: where a condition begins and where it ends.
DOT: dict[str, Any] = {"marker": "o", "markersize": 2.2, "markeredgewidth": 0.4, "color": "black", "linestyle": "none"}
CROSS = DOT | {"marker": "X", "markersize": 4.5}
DOTS: dict[str, dict[str, Any]] = {"begins": {"markerfacecolor": "white"}, "ends": {"markerfacecolor": PINK}}


def looks_with(flags: Iterable[str], given: str) -> dict[str, dict[str, Any]]:
    """Return how regimes are filled where some are a user's own.

    Parameters
    ----------
    flags
        The names of all flags of a variable.
    given
        The colours of some of them, as the attribute ``flag_colours`` has them: ``"mine:#FF2D8D other:#00AA00"``.
    """
    colours = dict(part.split(":", 1) for part in given.split() if COLOUR.fullmatch(part))
    own = {flag: colours.get(flag) for flag in flags if flag not in {*COLOURS_OF_REGIMES, *FLAG_COLOURS, NOT_COMPUTED}}
    return looks_of_regimes(COLOURS_OF_REGIMES | own)


def look_of(flag: str, turn: int, looks: Mapping[str, dict[str, Any]] = LOOKS) -> dict[str, Any]:
    """Return how the cells of a flag are filled, and its place in the legend.

    Parameters
    ----------
    flag
        The flag's meaning, such as ``edge_of_stability``.
    turn
        Its position among the flags of its variable, which picks a spare colour if it is no regime.
    looks
        How regimes are filled.

    Returns
    -------
    dict
        Properties of a matplotlib patch.
    """
    if flag == NOT_COMPUTED:
        return NO_VALUE
    return looks.get(flag) or FRAME | {"facecolor": FLAG_COLOURS.get(flag, SPARE_COLOURS[turn % len(SPARE_COLOURS)])}
