"""The benchmark: that everything in it computes the same, that it says who could not run, and what it prints."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from eos_sweep import observables
from eos_sweep.checks.bench import contenders, our_kernel, peers, race, report, summary, workload
from eos_sweep.checks.bench.chart import chart
from eos_sweep.cli.main import main
from eos_sweep.engine.cores import cores
from helpers.stores import command, strict


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(1)
    number = 64
    given = {name: np.full(number, value) for name, value in workload.START.items()}
    for name, (least, most) in workload.RANGES.items():
        given[name] = np.exp(rng.uniform(np.log(least), np.log(most), number))
    given["clip"] = rng.choice(workload.CLIPS, number)
    given["radius"] = 1 / np.sqrt(given["eta"] * given["lambda1"])  # so that none diverges
    return tuple(given.values())


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in ("numba_loop", "torch_compile") else ())
        for name in peers.TABLE
    ],
)
def test_each_peer_computes_what_the_kernel_does(points, name):
    racing = [
        one._replace(trajectories=64) for one in contenders.installed_peers()[0] if one.module == peers.TABLE[name]
    ]
    if not racing:
        pytest.skip(f"{name}: {contenders.installed_peers()[1]}")
    ours_found = workload.run(points, ("default",), workload.TRIAL)
    assert 0 < np.mean(ours_found["crossings"]) and 0 < np.mean(ours_found["loss_rises"])  # something to agree on
    readings, left_out = race.race(racing, workload.Workload(points, points, 0.0), 0)
    assert left_out == {} and list(readings) == racing


@pytest.mark.parametrize(
    "field", [*workload.EXACT, "sharpness_max", "loss_max", "alpha", "loss", "tail_sum", "tail_min", "tail_max"]
)
def test_a_peer_that_computes_something_else_is_found_out(points, field):
    record = peers.get("numpy_arrays").prepare("closed form")(points, workload.TRIAL)
    wrong = record._replace(**{field: getattr(record, field) + 1})
    name = {"tail_sum": "tail_mean", "alpha": "alpha_final", "loss": "loss_final"}.get(field, field)
    assert workload.disagreement(points, wrong).startswith(f"{name} differs")


@pytest.mark.slow
def test_who_cannot_run_is_left_out_with_the_reason(points):
    both = workload.Workload(points, points, 0.0)
    good = contenders.kernel()[0]._replace(calls=1, workload="mixed")
    bad = race.Contender("nothing", "at all", "eos_sweep.checks.bench.peers.no_such_module", 8)
    told = []
    readings, left_out = race.race([good, bad], both, 2, told.append)
    assert list(readings) == [good] and len(readings[good]) == 2 and min(readings[good]).speed > 0
    assert list(left_out) == [bad] and "no_such_module" in left_out[bad]
    assert len(told) == 4  # each is prepared, the good one is timed twice


def test_no_mode_and_no_observable_runs_the_doubled_budget(points):
    """Variables at twice the steps would run 20 000 steps and be credited with 10 000."""
    for variant in (*our_kernel.MODES, *observables.TABLE):
        variables = our_kernel.variables(variant)
        assert not [name for name in variables if name.endswith(observables.DOUBLED)], variant
    assert set(our_kernel.variables("default")) >= {"period", "tail_mean"}  # all that a sweep stores by default


@pytest.mark.slow
def test_steps_that_were_not_taken_are_not_credited(points):
    """The radius ends some trajectories of ``points`` early: what is declared alive must take its whole budget."""
    one = contenders.kernel()[0]._replace(calls=1)
    taken = int(workload.run(points, ("outcome",), workload.STEP_BUDGET)["work"].sum())
    assert 0 < taken < 64 * workload.STEP_BUDGET
    with pytest.raises(RuntimeError, match="counts: steps taken differ from the steps of the budget by"):
        race.reading(one, points)
    found = race.reading(one._replace(workload="mixed"), points)
    assert found.taken * 64 * workload.STEP_BUDGET == pytest.approx(taken, rel=1e-15)


def test_early_exit_counts_what_was_not_taken(made_up):
    alive, mixed = made_up.kernel("counts"), made_up.kernel("counts", "mixed")
    half = made_up._replace(
        readings=made_up.readings | {mixed: [race.Reading(3e6, 0.5)] * 3, alive: [race.Reading(2e6, 1.0)] * 3}
    )
    assert half.early_exit()[0].median == 3.0


@pytest.fixture
def made_up():
    """A summary of three rounds, in the second of which everything took twice as long."""
    racing = [*contenders.kernel(), *contenders.installed_peers()[0], *contenders.single_observables()]
    readings = {one: [race.Reading(pace * (k + 1), 1.0) for pace in (1e6, 0.5e6, 1e6)] for k, one in enumerate(racing)}
    return summary.Summary(readings, {"JAX": "not here"}, 0.48, summary.machine(()))


def test_ratios_are_taken_within_a_round(made_up):
    ratios = made_up.ratios()
    assert len(ratios) == 2 * len(made_up.peers()) + (2 if cores() > 1 else 1) * len(our_kernel.MODES)
    for ratio in ratios:
        assert ratio.least == ratio.median == ratio.most
        assert ratio.median == pytest.approx(made_up.median(ratio.fast) / made_up.median(ratio.slow))
    assert made_up.median(made_up.kernel("counts")) == 1e6


def test_text_and_picture_show_everyone(made_up):
    text = report.text(made_up)
    rows = [line.strip() for line in text.splitlines()]
    for one in made_up.readings:
        name = f"{one.library}, {one.variant}" if one in made_up.peers() else one.variant
        assert any(row.startswith(f"{name} ") for row in rows), one
    assert "left out: JAX: not here" in text
    bars, modes = chart(made_up).axes
    shown = [label.get_text() for label in bars.get_yticklabels()]
    assert len(shown) == len(our_kernel.MODES) + len(made_up.peers()) == len(bars.patches)
    assert [label.get_text() for label in modes.get_yticklabels()] == list(our_kernel.MODES)
    assert json.loads(json.dumps(made_up.to_dict()))["left_out"] == {"JAX": "not here"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("-o", "bench.bmp"),
        ("--repeats", "0"),
        ("--sweep", "missing.toml"),
        ("--peers", "x"),
        ("--costs", "--networks"),
        ("--costs", "-o", "bench.png"),
        ("--networks", "--no-peers"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_timed(arguments):
    result = CliRunner().invoke(main, ["bench", *arguments])
    assert result.exit_code == 2
    assert "Million" not in result.output


@pytest.mark.slow
def test_the_command_times_the_kernel(tmp_path):
    done = command("bench", "--no-peers", "--repeats", "1", "--json", "-o", "bench.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = strict(done.stdout)
    assert {(one["variant"], one["workload"], one["cores"]) for one in told["contenders"]} == {
        (one.variant, one.workload, one.cores) for one in contenders.kernel()
    }
    assert all(one["median"] == one["steps_per_second"][0] > 1e6 for one in told["contenders"])
    assert 0.4 < told["mixed_ending_early"] < 0.5
    assert told["left_out"] == {} and told["machine"]["cpu"]
    assert [file.name for file in tmp_path.iterdir()] == ["bench.png"]
    steps = len(told["contenders"]) * 2
    assert f"{steps} of {steps}: " in done.stderr
