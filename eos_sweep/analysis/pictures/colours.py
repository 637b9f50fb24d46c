"""How far apart colours are for normal and colour-blind eyes and in grey, and a further one beside those in use."""

import itertools
from collections.abc import Sequence

import numpy as np

# What an eye makes of linear sRGB: Machado, Oliveira, Fernandes 2009, severity 1.
SIGHT = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
# Least distances in CIE L*a*b* at which the eye distinguishes two colours of a legend.
LAB_APART = {"normal": 45.0, "deuteranopia": 30.0, "protanopia": 30.0}
LIGHTNESS_APART = 6.5  # in L*
LUMA_APART = 0.05  # in the grey of Rec. 601, which printers use
LUMA = np.array([0.299, 0.587, 0.114])
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])
WHITE = np.array([0.95047, 1.0, 1.08883])  # D65
CHANNEL_LEVELS = 33  # of red, green and blue; a further colour is chosen among their combinations


def rgb_of(colours: Sequence[str]) -> np.ndarray:
    """Return red, green and blue of ``"#RRGGBB"``, from 0 to 1, a row for each."""
    return np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in colours]).reshape(-1, 3) / 255.0


def lab(rgb: np.ndarray, sight: str = "normal") -> np.ndarray:
    """Return CIE L*a*b* (D65) of sRGB colours, as seen with ``sight``."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ SIGHT[sight].T, 0.0, 1.0)
    xyz = seen @ XYZ.T / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def distinctness(rgb: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how distinct colours are from others.

    Parameters
    ----------
    rgb, others
        Colours, a row for each.

    Returns
    -------
    ndarray
        For each row of ``rgb`` the least distance to any other over the one that is needed, to every eye and in grey;
        from 1 on it can be told from all others.
    """
    ratios = []
    for sight, least in LAB_APART.items():
        apart = lab(rgb, sight)[:, None] - lab(others, sight)
        ratios.append(np.linalg.norm(apart, axis=-1) / least)
    ratios.append(abs(lab(rgb)[:, None, 0] - lab(others)[:, 0]) / LIGHTNESS_APART)
    ratios.append(abs((rgb @ LUMA)[:, None] - others @ LUMA) / LUMA_APART)
    return np.min(ratios, axis=(0, 2))


def further_colour(taken: Sequence[str]) -> str:
    """Return the colour that is most distinct from those in use.

    Parameters
    ----------
    taken
        Colours in use, each ``"#RRGGBB"``.

    Returns
    -------
    str
        Beside nine it has 0.9 of the distances that are needed, so a hatch has to help.

    Examples
    --------
    >>> further_colour(["#FFFFFF"])
    '#0000FF'
    """
    levels = np.linspace(0.0, 1.0, CHANNEL_LEVELS)
    candidates = np.array([*itertools.product(levels, repeat=3)])
    best = candidates[distinctness(candidates, rgb_of(taken)).argmax()]
    return "#" + "".join(f"{round(255 * part):02X}" for part in best)
