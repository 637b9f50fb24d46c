"""Labels of a store against exact arithmetic: what is drawn, what is found, what is said of it."""

import os
import shutil
import signal
import subprocess
import time

import numpy as np
import psutil
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from eos_sweep import regimes
from eos_sweep.checks.exact import oracle
from eos_sweep.checks.labels.judge import Trajectory, Verdict
from eos_sweep.checks.labels.report import Report, wilson
from eos_sweep.checks.labels.sample import Stratum, at_boundary, draw
from eos_sweep.cli.main import main
from eos_sweep.engine import batch
from eos_sweep.models import bivariate
from eos_sweep.regimes import CODES
from eos_sweep.runtime import runner
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.store import Store
from helpers.kernel_and_numpy import columns
from helpers.specs import MAP
from helpers.stores import CLI, command, strict, toml


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("verify")
    toml(place / "s.toml", MAP)
    runner.run(Sweep.from_dict(MAP), place / "s.zarr")
    return place


labelled = arrays.arrays(np.int8, arrays.array_shapes(min_dims=1, max_dims=3, max_side=6), elements=st.integers(0, 7))


@given(labelled)
def test_the_boundary_is_where_a_neighbour_has_another_label(codes):
    found = at_boundary(codes)
    for cell in np.ndindex(codes.shape):
        neighbours = [
            codes[(*cell[:axis], cell[axis] + move, *cell[axis + 1 :])]
            for axis in range(codes.ndim)
            for move in (-1, 1)
            if 0 <= cell[axis] + move < codes.shape[axis]
        ]
        right = codes[cell] != 0 and any(other not in (0, codes[cell]) for other in neighbours)
        assert found[cell] == right


@given(labelled, st.integers(1, 60), st.integers(0, 3))
def test_a_sample_has_something_of_each_regime_and_nothing_twice(codes, number, seed):
    strata = draw(codes, number, seed)
    drawn = np.concatenate([stratum.cells for stratum in strata]) if strata else np.zeros(0, int)
    assert len(set(drawn)) == len(drawn)
    assert sum(stratum.size for stratum in strata) == (codes != 0).sum()
    assert min(number, (codes != 0).sum()) <= len(drawn) <= max(number, len(strata))
    for stratum in strata:
        assert (codes.flat[stratum.cells] == CODES[stratum.regime]).all() and len(stratum.cells) >= 1
    assert [list(s.cells) for s in draw(codes, number, seed)] == [list(s.cells) for s in strata]


def test_wilsons_interval():
    """Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for hits, number, least, most in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(hits / number, number)
        assert (found.least, found.most) == pytest.approx((least, most), abs=5e-5)


def test_strata_weigh_as_many_cells_as_they_have():
    """900 cells of which 10 were drawn, 4 of them wrong, and 100 of which 50 were, 5 of them wrong."""
    strata = [Stratum("stable", False, 900, np.arange(10)), Stratum("catapult", True, 100, np.arange(10, 60))]
    verdicts = {
        cell: Verdict(cell, "", "", "wrong" if cell < 4 or 10 <= cell < 15 else "agree", False, 128)
        for cell in range(60)
    }
    found = Report(None, strata, verdicts).share("wrong")
    assert found.value == pytest.approx(0.9 * 0.4 + 0.1 * 0.1)
    effective = 1 / (0.9**2 / 10 * (1 - 10 / 900) + 0.1**2 / 50 * (1 - 50 / 100))
    assert found == wilson(found.value, effective)
    whole = [stratum._replace(size=len(stratum.cells)) for stratum in strata]
    assert Report(None, whole, verdicts).share("wrong") == pytest.approx((9 / 60,) * 3)


@pytest.mark.slow
def test_labels_of_a_sweep_are_those_of_exact_arithmetic(folder):
    done = command("verify", "s.zarr", "--sample", "99", "--json", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    told = strict(done.stdout)
    assert told["cells"] == 99 and len(told["regimes"]) >= 5
    assert told["wrong"]["value"] == told["undecided"]["value"] == 0
    assert told["agree"]["value"] > 0.97
    assert told["agree"]["least"] == told["agree"]["value"]  # all cells were drawn, so nothing is estimated
    text = command("verify", "s.zarr", "--sample", "30", "--seed", "1", cwd=folder)
    assert text.returncode == 0 and "95 % interval" in text.stdout and "all, by their number" in text.stdout


@pytest.mark.slow
def test_a_wrong_label_is_found_and_shown(folder, tmp_path):
    shutil.copytree(folder / "s.zarr", tmp_path / "bad.zarr")
    regime = Store.open(tmp_path / "bad.zarr").group["regime"]
    codes = regime[...]
    cell = tuple(np.argwhere(codes == CODES["stable"])[0])
    codes[cell] = CODES["catapult"]
    regime[...] = codes
    done = command("verify", "bad.zarr", "--sample", "99", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "eos-sweep: wrong labels: 1"
    (wrong,) = [one for one in strict(done.stdout)["differences"] if one["verdict"] == "wrong"]
    assert (wrong["stored"], wrong["exact"]) == ("catapult", "stable")
    assert wrong["point"] == {
        name: axis.values[i] for name, axis, i in zip(("lambda1", "eta"), Sweep.from_dict(MAP).axes, cell, strict=True)
    }
    assert wrong["command"] == f"eos-sweep verify bad.zarr --index lambda1={cell[0]},eta={cell[1]}"
    again = command(*wrong["command"].split()[1:], cwd=tmp_path)
    assert again.returncode == 1 and "stored catapult, exact stable" in again.stdout


def test_a_label_that_rounding_decides_is_called_sensitive():
    """The two bounces off a radius end in a two-cycle that exact arithmetic leaves 150 steps later than doubles do."""
    start = {"alpha": 0.30551454727551575, "beta1": 2.6758880020678253e-06, "beta2": 0.39622554315227476}
    p = {"lambda1": 8.947794486482671, "lambda2": 0.39897761066752985, "eta": 1.8005624069953012}
    initial, parameters = columns(start, p | {"radius": 0.025472680005587063})
    limits = regimes.thresholds()
    job = batch.Job(bivariate, regimes.REQUIRED, 400, 0.0)
    kernel = regimes.classify(batch.run(job, initial, parameters), limits)
    exact = regimes.classify(oracle.run(job, initial, parameters)[0], limits)
    assert kernel[0] != exact[0]
    assert int(kernel[0]) in Trajectory(job, limits, initial, parameters, 0).labels_under_noise(0)
    quiet = {name: values * 0 + 0.1 for name, values in initial.items()}  # far from any edge
    calm = regimes.classify(oracle.run(job, quiet, parameters)[0], limits)
    assert Trajectory(job, limits, quiet, parameters, 0).labels_under_noise(0) == {int(calm[0])}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing.zarr",), "no sweep is stored here"),
        (("s.zarr", "--index", "lambda1=1"), "--index eta: give a whole number from 0 to 10"),
        (("s.zarr", "--index", "lambda1=1,eta=1,clip=0"), "--index clip: no axis"),
        (("s.zarr", "--index", "lambda1=1,eta=11"), "--index eta: give a whole number from 0 to 10"),
        (("s.zarr", "--sample", "0"), "sample"),
    ],
)
def test_bad_arguments_are_refused(folder, monkeypatch, arguments, words):
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(main, ["verify", *arguments])
    assert done.exit_code == 2 and words in done.stderr


@pytest.mark.slow
def test_ctrl_c_ends_it_at_once(folder):
    """As a terminal sends it, to all processes; some cells alone would take minutes."""
    axes = {"lambda1": [100, 200], "eta": {"log": [0.03, 0.1, 9]}}
    toml(
        folder / "long.toml",
        MAP | {"steps": 300_000, "axes": axes, "parameters": {"lambda2": 1e-3, "radius": "liu2025"}},
    )
    runner.run(folder / "long.toml", folder / "long.zarr")
    process = subprocess.Popen(
        [CLI, "verify", "long.zarr"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    parent = psutil.Process(process.pid)
    while len(workers := [child for child in parent.children() if sum(child.cpu_times()[:2]) > 2]) < 2:
        assert process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130 and told.strip().endswith("eos-sweep: stopped") and "Traceback" not in told
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]


def test_a_sweep_without_regimes_is_refused(tmp_path):
    spec = MAP | {"observables": ["crossings"]}
    runner.run(Sweep.from_dict(spec), tmp_path / "s.zarr")
    done = command("verify", "s.zarr", cwd=tmp_path)
    assert done.returncode == 2 and "stores no regime" in done.stderr
