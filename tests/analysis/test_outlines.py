"""Outlines of cells: each pair of neighbours that differ is on one curve once, and the curves enclose components."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from eos_sweep.analysis.outlines import outlines
from eos_sweep.analysis.shapes import areas, lengths

maps = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=9))


def pairs(found):
    """The two cells beside each point."""
    cells = zip(found.row, found.column, *found.upper, strict=True)
    return [frozenset([(int(r), int(c)), (int(s), int(d))]) for r, c, s, d in cells]


def middles(found):
    """x and y of the middle between the two cells of each point."""
    return found.column + 0.5 * found.along_x, found.row + 0.5 * ~found.along_x


def curves(found):
    """The points of each curve, without order, as the pairs of cells that they separate."""
    whole = pairs(found)
    return {frozenset(whole[a : a + n]) for a, n in zip(found.first, found.count, strict=True)}


def components(cells, diagonal):
    """Count the connected parts of a mask by flooding it."""
    left, count = set(map(tuple, np.argwhere(cells).tolist())), 0
    steps = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r or c) and (diagonal or not (r and c))]
    while left:
        count, front = count + 1, [left.pop()]
        while front:
            r, c = front.pop()
            near = {(r + a, c + b) for a, b in steps} & left
            left -= near
            front += near
    return count


@given(maps)
def test_every_pair_of_neighbours_that_differ_is_on_one_curve_once(held):
    rows, columns = held.shape
    wanted = [frozenset([(r, c), (r, c + 1)]) for r in range(rows) for c in range(columns - 1)]
    wanted += [frozenset([(r, c), (r + 1, c)]) for r in range(rows - 1) for c in range(columns)]
    wanted = [(a, b) for a, b in map(tuple, wanted) if held[a] != held[b]]
    found = pairs(outlines(held))
    assert len(found) == len(set(found)) and set(found) == set(map(frozenset, wanted))


@given(maps)
def test_steps_are_within_four_cells_with_the_condition_to_the_left_and_ends_on_the_border(held):
    found = outlines(held)
    x, y = middles(found)
    after, last = found.following, found.first + found.count - 1
    step = np.stack([x[after] - x, y[after] - y])
    assert np.abs(step).max(initial=0.0) <= 1.0
    moving = np.setdiff1d(np.arange(x.size), last[~found.closed])
    to_held = np.where(found.begins, 0.5, -0.5) * np.stack([found.along_x, ~found.along_x])
    left = np.stack([-step[1], step[0]])
    assert ((left * to_held).sum(axis=0)[moving] > 0).all()
    for ends in (found.first[~found.closed], last[~found.closed]):
        row, column = held.shape[0] - 1, held.shape[1] - 1
        along = found.along_x[ends]
        assert np.where(along, np.isin(found.row[ends], [0, row]), np.isin(found.column[ends], [0, column])).all()
    assert (found.count >= np.where(found.closed, 4, 2)).all()
    assert found.count.tolist() == sorted(found.count.tolist(), reverse=True)


@given(maps)
def test_curves_enclose_the_parts_that_touch_at_corners_and_their_holes(held):
    held = np.pad(held, 1)
    found = outlines(held)
    area = areas(found, middles(found))
    assert found.closed.all()
    assert np.count_nonzero(area > 0) == components(held, diagonal=True)
    assert np.count_nonzero(area < 0) == components(~held, diagonal=False) - 1


@given(maps)
@settings(max_examples=50)
def test_flips_and_transposes_have_the_same_curves(held):
    rows, columns = held.shape
    wanted = curves(outlines(held))
    back = {
        "up": (held[::-1], lambda r, c: (rows - 1 - r, c)),
        "across": (held[:, ::-1], lambda r, c: (r, columns - 1 - c)),
        "transposed": (held.T, lambda r, c: (c, r)),
    }
    for other, move in back.values():
        found = curves(outlines(other))
        assert {frozenset(frozenset(move(*cell) for cell in pair) for pair in curve) for curve in found} == wanted


def test_cells_that_touch_at_a_corner_are_connected():
    board = np.indices((3, 3)).sum(axis=0) % 2 == 0  # it holds in the corners and in the middle
    found = outlines(board)
    assert found.count.tolist() == [3] * 4 and not found.closed.any()  # around each other cell
    found = outlines(~board)
    assert found.count.tolist() == [4, 2, 2, 2, 2] and found.closed.tolist() == [True] + [False] * 4


@pytest.mark.parametrize("inside", [True, False])
def test_a_disc_has_its_area_and_a_length_of_steps(inside):
    y, x = np.mgrid[:201, :201]
    found = outlines((np.hypot(x - 100.3, y - 99.8) < 70) == inside)
    (length,), (area,) = lengths(found, middles(found)), areas(found, middles(found))
    assert found.closed.tolist() == [True] and area * (1 if inside else -1) == pytest.approx(np.pi * 70**2, rel=2e-3)
    # Steps of eight directions are longer than a circle by 8 (sqrt(2) - 1)/pi, on average over directions.
    assert length == pytest.approx(2 * np.pi * 70 * 8 * (np.sqrt(2) - 1) / np.pi, rel=2e-3)
    assert x[0, found.column].min() == x[0, found.column[0]]  # it begins at a leftmost point


def test_a_ring_has_two_curves():
    y, x = np.mgrid[:101, :101]
    found = outlines(np.abs(np.hypot(x - 50.3, y - 49.8) - 30) < 10)
    area = areas(found, middles(found))
    np.testing.assert_allclose(area, [np.pi * 40**2, -np.pi * 20**2], rtol=5e-3)


def test_a_map_of_one_kind_has_no_curve():
    for held in (np.zeros((3, 4), bool), np.ones((2, 2), bool)):
        found = outlines(held)
        assert found.row.size == found.count.size == found.curve.size == found.following.size == 0
        assert lengths(found, middles(found)).shape == areas(found, middles(found)).shape == (0,)
