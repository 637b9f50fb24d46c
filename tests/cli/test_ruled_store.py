"""Every command on a spec and on a store with an update rule, whose runs diverge at a known step size."""

import json
import shutil

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.pictures.theory_lines import critical_lines
from eos_sweep.cli.main import main
from eos_sweep.errors import InputError
from eos_sweep.regimes import CODES
from eos_sweep.spec.sweeps import Sweep, load_spec
from eos_sweep.store.store import Store
from helpers.ruled_sweeps import SPEC, changed
from helpers.stores import command, numbers, strict, toml
from helpers.tampering import spec as tampered

pytestmark = pytest.mark.slow
MOMENTA = SPEC["axes"]["momentum"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("ruled")
    toml(place / "s.toml", SPEC)
    done = invoke("run", place / "s.toml", "-q", "-o", place / "s.zarr")
    assert done.exit_code == 0, done.output
    return place


def invoke(*words):
    return CliRunner().invoke(main, [*map(str, words)])


def told(*words):
    done = invoke(*words)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_plan_and_status_tell_of_all_cells_and_of_the_rule(folder):
    planned = told("plan", folder / "s.toml")
    assert "30" in planned and "well, rule heavy_ball" in planned
    assert "well, rule heavy_ball" in told("status", folder / "s.zarr")
    status = strict(told("status", folder / "s.zarr", "--json"))
    assert status["trajectories_done"] == status["trajectories"] == 30 and not status["failed"]
    assert (status["model"], status["rule"]) == ("well", "heavy_ball")


def test_the_dataset_diverges_above_the_edge_and_says_whose_edge_it_is(folder):
    with eos_sweep.open_sweep(folder / "s.zarr") as found:
        diverges = found.regime == CODES["divergence"]
        xr.testing.assert_equal(diverges, (found.eta > 2 * (1 + found.momentum)).transpose(*diverges.dims))
        assert (found.attrs["rule"], found.attrs["edge"]) == ("heavy_ball", "2(1+β)/η")
        assert found.attrs["title"] == "well: heavy ball momentum over momentum, eta"
        assert found.attrs["source"].startswith("heavy ball momentum on ")
        assert found.sharpness_ratio_max.attrs["long_name"].endswith(
            "sharpness in units of the edge of heavy_ball, the start included"
        )
        relabelled = eos_sweep.label(found.load())
        np.testing.assert_array_equal(relabelled, found.regime)


def test_the_same_command_resumes_and_grows_the_axis_of_a_parameter(folder):
    place = folder / "grown"
    place.mkdir()
    first = changed(axes={**SPEC["axes"], "momentum": MOMENTA[:2]})
    toml(place / "s.toml", first)
    told("run", place / "s.toml", "-q", "-o", place / "s.zarr")
    assert strict(told("run", place / "s.toml", "-q", "--json", "-o", place / "s.zarr"))["new"] == 0
    assert strict(told("run", folder / "s.toml", "-q", "--json", "-o", place / "s.zarr"))["new"] == 10
    assert numbers(place / "s.zarr") == numbers(folder / "s.zarr")


def test_another_rule_is_refused_with_the_difference(folder):
    for rule, said in (
        ("nesterov", "rule: heavy_ball -> nesterov"),
        ("heavy_ball + l2", "rule: heavy_ball -> heavy_ball + l2"),
    ):
        toml(folder / "other.toml", changed(rule=rule))
        refused = invoke("run", folder / "other.toml", "-o", folder / "s.zarr")
        assert refused.exit_code == 2 and "holds another sweep" in refused.stderr and said in refused.stderr


@pytest.mark.parametrize("rule", [3, [], {"a": 1}, None, "no_rule", "sam + adam"])
def test_a_store_with_an_odd_rule_is_refused_in_a_line(folder, tmp_path, rule):
    shutil.copytree(folder / "s.zarr", tmp_path / "s.zarr")
    tampered(rule=rule)(tmp_path / "s.zarr")
    with pytest.raises(InputError) as error:
        Store.open(tmp_path / "s.zarr")
    assert "rule" in str(error.value) and "\n" not in str(error.value)
    assert invoke("status", tmp_path / "s.zarr").exit_code == 2


def test_other_thresholds_label_it_again(folder, tmp_path):
    shutil.copytree(folder / "s.zarr", tmp_path / "s.zarr")
    found = strict(told("relabel", tmp_path / "s.zarr", "--threshold", "blowup=1e300", "--json"))
    assert found["labelled"] == 30 and found["thresholds"]["blowup"] == 1e300


def test_exports_and_pictures_keep_the_rule(folder):
    told("export", folder / "s.zarr", folder / "s.nc")
    told("export", folder / "s.zarr", folder / "s.zarr.zip")
    with xr.open_dataset(folder / "s.nc") as found:
        assert json.loads(found.attrs["spec"])["rule"] == found.attrs["rule"] == "heavy_ball"
    with eos_sweep.open_sweep(folder / "s.zarr.zip") as found:
        words = plot.draw(found, x="eta", y="momentum").axes[0].get_title(loc="left")
        assert "heavy ball momentum" in words and "rule = heavy_ball" in words
    told("plot", folder / "s.zarr", "-o", folder / "s.png")


def test_the_line_of_the_start_follows_the_edge(folder):
    with eos_sweep.open_sweep(folder / "s.zarr") as found:
        ((line, curves),) = critical_lines(found, "eta", "momentum").items()
    eta, momentum = np.concatenate(curves).T
    np.testing.assert_allclose(eta, 2 * (1 + momentum), rtol=1e-4)  # it bends between samples
    assert line.name == "start_at_edge"


def test_boundary_finds_the_edge_from_store_and_spec(folder):
    stored = eos_sweep.open_sweep(folder / "s.zarr")
    for source in (stored, load_spec(folder / "s.toml")):
        edges = eos_sweep.boundary(source, "eta", "divergence", which="first").edge[:, 0]
        np.testing.assert_allclose(edges, 2 * (1 + edges.momentum), rtol=0.1)
        assert (edges > 2 * (1 + edges.momentum)).all()  # the budget ends runs just above the edge
    found = strict(told("boundary", folder / "s.zarr", "--along", "eta", "--holds", "divergence", "--json"))
    assert [column["edges"][0]["side"] for column in found["columns"]] == ["begins"] * 3


def test_trace_has_the_stored_bits_and_the_trajectory(folder):
    for source in (folder / "s.zarr", folder / "s.toml"):
        where = ("--at", "momentum=0.5", "--at", "eta=0.9")
        found = strict(told("trace", source, *where, "--json", "--steps", 50))
        assert found["observables"]["regime"] == "stable"
    found = strict(told("trace", folder / "s.zarr", "--index", "momentum=2", "--index", "eta=3", "--json"))
    assert found["stored"] and all(found["stored"].values())
    told("trace", folder / "s.zarr", "--index", "momentum=2", "--index", "eta=3", "-o", folder / "t.png")


def test_verify_and_budget_agree_with_the_labels(folder):
    report = strict(told("verify", folder / "s.zarr", "--sample", 12, "--json"))
    assert not report["differences"]
    found = strict(told("budget", folder / "s.zarr", "--json"))
    assert found["more_steps"] == 800 and found["changed"]["value"] == 0.0


def test_a_process_that_knows_only_the_store_derives_the_rule(folder):
    """Neither the spec nor the module of the rule is there; the store's own spec names both."""
    shutil.copytree(folder / "s.zarr", folder / "elsewhere" / "s.zarr")
    done = command("trace", "s.zarr", "--index", "momentum=1", "--index", "eta=1", "--json", cwd=folder / "elsewhere")
    assert done.returncode == 0, done.stderr
    assert all(strict(done.stdout)["stored"].values())


def test_processes_of_dask_give_the_bits_of_threads(folder, tmp_path):
    toml(tmp_path / "s.toml", SPEC)
    done = command("run", "s.toml", "-o", "s.zarr", "--workers", "2", cwd=tmp_path)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert numbers(tmp_path / "s.zarr") == numbers(folder / "s.zarr")


def test_seeds_of_a_noisy_rule_are_added_and_change_nothing_before(tmp_path):
    def noisy(seeds):
        axes = {"eta": {"linear": [0.2, 1.8, 5]}, "seed": seeds}
        return Sweep.from_dict(changed(rule="two_sample", steps=20, axes=axes, parameters={"noise": 0.5}))

    eos_sweep.run(noisy([0, 1]), tmp_path / "s.zarr")
    assert eos_sweep.run(noisy([0, 1, 2]), tmp_path / "s.zarr").new == 5
    eos_sweep.run(noisy([0, 1, 2]), tmp_path / "whole.zarr")
    assert numbers(tmp_path / "s.zarr") == numbers(tmp_path / "whole.zarr")
    with eos_sweep.open_sweep(tmp_path / "s.zarr") as found:
        assert len(np.unique(found.loss_final.isel(eta=1))) == 3


def test_a_derived_module_prints_and_gives_the_bits_of_the_rule(folder):
    printed = told("derive", folder / "s.toml")
    assert "under heavy_ball, derived from its loss" in printed and "def edge(theta, p):" in printed
    told("derive", folder / "s.toml", "-o", folder / "heavy_well.py")
    toml(folder / "own.toml", changed(model="heavy_well", rule=None))
    done = command("--import", "heavy_well", "run", "own.toml", "-o", "own.zarr", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert numbers(folder / "own.zarr") == numbers(folder / "s.zarr")


def test_derive_takes_a_model_by_name_with_a_rule_and_refuses_others(folder):
    place = folder / "named.toml"
    toml(place, {"model": "quartic", "rule": "heavy_ball"})
    assert "eos_sweep.models.quartic under heavy_ball" in told("derive", place)
    for model, rule, said in (
        ("quartic", "gd", "give a file with a table [model]"),
        ("quartic", 3, "rule: got 3"),
        ("uv", "sam", "the coordinates of uv are no weights"),
        ("tanh_net", "sam", "no module is derived from it"),
        ("quartik", "sam", "did you mean 'quartic'?"),
    ):
        toml(place, {"model": model, "rule": rule})
        refused = invoke("derive", place)
        assert refused.exit_code == 2 and said in refused.stderr
