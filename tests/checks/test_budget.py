"""Labels with more steps: the same as a sweep that had them from the start."""

import numpy as np
import pytest

from eos_sweep.checks.labels.budget import UNCHANGED, budget
from eos_sweep.checks.labels.sample import labels
from eos_sweep.regimes import CODES
from eos_sweep.runtime import runner
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.store import Store
from helpers.specs import MAP
from helpers.stores import command, strict, toml

FEW = MAP | {"steps": 60}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("budget")
    toml(place / "s.toml", FEW)
    runner.run(Sweep.from_dict(FEW), place / "s.zarr")
    runner.run(Sweep.from_dict(FEW | {"steps": 180}), place / "more.zarr")
    return place


def test_labels_are_those_of_a_longer_sweep(folder):
    found = budget(folder / "s.zarr", None, factor=3)
    before, after = (labels(Store.open(folder / name)) for name in ("s.zarr", "more.zarr"))
    np.testing.assert_array_equal(found.before, before.ravel())
    np.testing.assert_array_equal(found.after, after.ravel())
    changed = float((before != after).mean())
    assert 0.02 < changed < 0.5
    assert tuple(found.changed()) == (changed,) * 3  # of all cells, nothing is estimated
    assert sum(share.value for share in found.moves().values()) == pytest.approx(changed)


def test_a_sample_estimates_the_whole(folder):
    whole = budget(folder / "s.zarr", None, factor=3).changed().value
    found = budget(folder / "s.zarr", 60, factor=3, seed=4)
    assert found.cells.size == 60 == len(set(found.cells))
    share = found.changed()
    assert share.least < whole < share.most


def test_the_map_shows_what_changes(folder):
    found = budget(folder / "s.zarr", None, factor=3)
    drawn = found.map()
    names = np.array(drawn.budget.attrs["flag_meanings"].split())[drawn.budget.values.ravel()]
    right = np.where(found.before == found.after, UNCHANGED, np.array(list(CODES))[found.after])
    np.testing.assert_array_equal(names, right)
    np.testing.assert_array_equal(drawn.eta, Sweep.from_dict(FEW).axes[1].values)


@pytest.mark.slow
def test_the_command(folder):
    done = command("budget", "s.zarr", "--factor", "3", "--json", cwd=folder)
    told = strict(done.stdout)
    assert (told["steps"], told["more_steps"], told["cells"]) == (60, 180, 99)
    assert told["changed"]["value"] == pytest.approx(sum(move["value"] for move in told["moves"].values()))
    shown = command("budget", "s.zarr", "-o", "map.png", cwd=folder)
    assert shown.returncode == 0 and "labels that change" in shown.stdout and (folder / "map.png").exists()
    assert command("budget", "s.zarr", "-o", "map.bmp", cwd=folder).returncode == 2
    assert command("budget", "nothing.zarr", cwd=folder).returncode == 2


@pytest.mark.slow
def test_more_steps_than_there_can_be_are_refused(folder):
    done = command("budget", "s.zarr", "--factor", "9" * 30, cwd=folder)
    assert done.returncode == 2 and "give one for at most 2000000000" in done.stderr
