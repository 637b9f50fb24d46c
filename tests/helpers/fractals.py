"""Maps of labels whose edges have a known dimension."""

import numpy as np

CANTOR = np.log(2) / np.log(3)
KOCH = np.log(4) / np.log(3)
PERCOLATION = 0.9  # share of squares that are divided further
PERCOLATED = 2 + np.log2(PERCOLATION)


def half_plane(shape, direction, offset=0.0):
    """Which samples lie beyond a plane through the map, at right angles to a direction."""
    places = np.ix_(*(part * (np.arange(size) - (size - 1) / 2) for part, size in zip(direction, shape, strict=True)))
    return sum(places) > offset * min(shape)


def cantor_gaps(count):
    """The level of the gap of the ternary Cantor set in which each of some even places lies."""
    places, levels, inside = np.linspace(0, 1, count), np.zeros(count, np.int8), np.ones(count, bool)
    for level in range(1, 40):
        third = np.minimum(np.floor(3 * places), 2)
        places = 3 * places - third
        levels[inside & (third == 1)] = level
        inside &= third != 1
    return levels


def koch_island(count, level=5):
    """Which samples lie in the island of three Koch curves."""
    outline = np.array([0, np.exp(1j * np.pi / 3), 1, 0])
    for _ in range(level):
        start, step = outline[:-1], np.diff(outline) / 3
        corners = [start, start + step, start + step * (1 + np.exp(1j * np.pi / 3)), start + 2 * step]
        outline = np.append(np.stack(corners, axis=1).ravel(), outline[-1])
    side = np.linspace(-0.7, 0.7, count)
    outline = outline - outline[:-1].mean()
    (x0, y0), (x1, y1) = ((part.real, part.imag) for part in (outline[:-1], outline[1:]))
    row, edge = np.nonzero((y0 <= side[:, None]) != (y1 <= side[:, None]))
    met = x0[edge] + (side[row] - y0[edge]) * (x1 - x0)[edge] / (y1 - y0)[edge]
    flips = np.zeros((count, count + 1), int)
    np.add.at(flips, (row, np.searchsorted(side, met)), 1)
    return flips.cumsum(axis=1)[:, :-1] % 2 == 1


def newton_basins(count):
    """To which root of z^3 = 1 Newton's method leads; all three basins have one edge."""
    side = np.linspace(-1.5, 1.5, count)
    z = side[None] + 1j * side[:, None] + 1e-9
    for _ in range(40):
        z = z - (z**3 - 1) / (3 * z * z)
    return np.abs(z[..., None] - np.exp(2j * np.pi * np.arange(3) / 3)).argmin(-1)


def percolation(random, levels=8, axes=2):
    """Squares that are divided into halves, again and again, or get one label, by chance."""
    labels, alive = random.integers(0, 3, (1,) * axes), np.ones((1,) * axes, bool)
    for _ in range(levels):
        for axis in range(axes):
            labels, alive = labels.repeat(2, axis), alive.repeat(2, axis)
        labels = np.where(alive, random.integers(0, 3, labels.shape), labels)
        alive &= random.random(labels.shape) < PERCOLATION
    return labels
