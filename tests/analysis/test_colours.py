"""Colours of regimes can be told apart by whoever looks at them, and in grey; so can those of further regimes."""

import itertools

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.patches import PathPatch

from eos_sweep import plot, regimes
from eos_sweep.analysis.pictures import colours, style
from eos_sweep.analysis.pictures.colours import lab, rgb_of

OWN = {rule.regime: rule.colour for rule in regimes.RULES if rule.colour}
REGIMES = rgb_of([*OWN.values()])


@pytest.mark.parametrize(("sight", "least"), [("normal", 45), ("deuteranopia", 30), ("protanopia", 30)])
def test_colours_of_regimes_can_be_told_apart(sight, least):
    pairs = itertools.combinations(lab(REGIMES, sight), 2)
    assert min(np.linalg.norm(one - other) for one, other in pairs) > least


def test_colours_of_regimes_can_be_told_apart_in_grey():
    lightness, printed = np.sort(lab(REGIMES)[:, 0]), np.sort(REGIMES @ [0.299, 0.587, 0.114])  # Rec. 601
    assert np.diff(lightness).min() > 6.5 and np.diff(printed).min() > 0.05
    assert set(style.PALETTE) == set(regimes.CODES) - {"not_computed"}


@pytest.mark.parametrize(
    ("colour", "expected"),  # Lindbloom's calculator, D65
    [
        ("#FFFFFF", (100, 0, 0)),
        ("#000000", (0, 0, 0)),
        ("#FF0000", (53.2408, 80.0925, 67.2032)),
        ("#0000FF", (32.2970, 79.1875, -107.8602)),
    ],
)
def test_lab_is_that_of_the_standard(colour, expected):
    np.testing.assert_allclose(rgb_of([colour])[0], to_rgb(colour))
    np.testing.assert_allclose(lab(rgb_of([colour]))[0], expected, atol=0.02)


def test_red_and_green_of_one_lightness_differ_less_for_colour_blind_eyes():
    pair = rgb_of(["#C04000", "#607000"])
    apart = {sight: np.linalg.norm(np.diff(lab(pair, sight), axis=0)) for sight in colours.SIGHT}
    assert max(apart["deuteranopia"], apart["protanopia"]) < 0.5 * apart["normal"]


def test_nine_colours_are_distinct_and_a_copy_is_not():
    for k in range(len(REGIMES)):
        assert colours.distinctness(REGIMES[k : k + 1], np.delete(REGIMES, k, axis=0))[0] > 1
    assert colours.distinctness(REGIMES[:1], REGIMES)[0] == 0


def test_further_regimes_get_the_most_distinct_colour_and_a_hatch():
    looks = style.looks_of_regimes({**OWN, "tenth": None, "eleventh": None})
    assert {name: look["facecolor"] for name, look in looks.items() if "hatch" not in look} == OWN
    found = rgb_of([looks["tenth"]["facecolor"]])
    assert 0.9 < colours.distinctness(found, REGIMES)[0] < 1  # the reason for the hatch
    np.testing.assert_array_less(6.5, abs(lab(found)[0, 0] - lab(REGIMES)[:, 0]))
    random = np.random.default_rng(0).random((1000, 3))
    assert colours.distinctness(random, REGIMES).max() < colours.distinctness(found, REGIMES)[0]
    beside = rgb_of([*OWN.values(), looks["tenth"]["facecolor"]])
    assert colours.distinctness(rgb_of([looks["eleventh"]["facecolor"]]), beside)[0] > 0.6
    assert len({looks["tenth"]["hatch"], looks["eleventh"]["hatch"], style.NO_VALUE["hatch"]}) == 3


def test_cells_of_a_further_regime_are_hatched(monkeypatch):
    tenth = style.looks_of_regimes({**OWN, "tenth": None})["tenth"]
    monkeypatch.setitem(style.LOOKS, "tenth", tenth)
    codes = np.array([[1, 10, 10, 3], [10, 1, 10, 1]], np.int8)
    about = {"flag_values": [0, 1, 3, 10], "flag_meanings": "not_computed divergence edge_of_stability tenth"}
    dataset = xr.Dataset({"regime": (("y", "x"), codes, about)}, {"y": [1.0, 2.0], "x": [1.0, 2.0, 3.0, 4.0]})
    ax = plot.regime_map(dataset, "x", "y")
    (hatched,) = (patch for patch in ax.patches if isinstance(patch, PathPatch))
    assert hatched.get_hatch() == tenth["hatch"]
    inside = hatched.get_path()
    for (i, j), code in np.ndenumerate(codes):
        assert inside.contains_point((j + 1.0, i + 1.0)) == (code == 10)
    entry = {patch.get_label().split("  ")[0]: patch for patch in ax.get_legend().get_patches()}["tenth"]
    assert entry.get_hatch() == tenth["hatch"] and entry.get_facecolor()[:3] == to_rgb(tenth["facecolor"])
