"""The command ``boundary``: edges of a store and of a spec as text, as JSON and in a picture."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.image import imread

import eos_sweep
from eos_sweep.analysis import power_laws
from eos_sweep.cli.main import main
from helpers.specs import EDGES
from helpers.stores import toml


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("boundary")
    toml(place / "s.toml", EDGES)
    assert CliRunner().invoke(main, ["run", str(place / "s.toml"), "-q", "-o", str(place / "s.zarr")]).exit_code == 0
    return place


def command(*words):
    return CliRunner().invoke(main, ["boundary", *map(str, words)])


def test_the_command_tells_the_edges_of_a_store_and_of_a_spec(folder):
    stored = eos_sweep.sweep(**EDGES)
    edges = eos_sweep.boundary(stored, "eta", "edge_of_stability", which="first").edge[:, 0]
    for source in ("s.zarr", "s.toml"):
        done = command(folder / source, "--along", "eta", "--which", "first", "--json")
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert [told[name] for name in ("along", "across", "holds")] == ["eta", "lambda1", "edge_of_stability"]
        np.testing.assert_array_equal([column["edges"][0]["edge"] for column in told["columns"]], edges)
        assert {one["side"] for column in told["columns"] for one in column["edges"]} == {"begins"}
        law = power_laws.power_law(stored.lambda1, edges)
        assert told["power_law"] == pytest.approx(law._asdict(), rel=1e-12)


def test_the_command_prints_lines_and_draws(folder):
    picture = folder / "edges.png"
    done = command(folder / "s.zarr", "--along", "eta", "--holds", "divergence", "--holds", "sign_flip", "-o", picture)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "eta at which divergence or sign_flip begins or ends" and lines[-1] == str(picture)
    assert len(lines) == 9 and "nowhere" in lines[1] and "begins" in lines[7]
    assert imread(picture).shape[0] > 500


def test_a_slice_is_picked_by_name(folder):
    done = command(folder / "s.zarr", "--along", "lambda1", "--across", "eta", "--which", "last")
    lines = done.stdout.splitlines()
    assert done.exit_code == 0 and len(lines) == 34 and "95 % interval" in lines[31] and "95 % interval" in lines[32]
    assert lines[33] == "9 of the edges have others beside them, between the same neighbours on the grid"
    assert sum("(several: 3 changes)" in line for line in lines) + sum("(fractal: " in line for line in lines) > 0
    assert sum("changes)" in line for line in lines) == 9


def test_json_tells_the_kind_of_each_edge(folder):
    told = json.loads(command(folder / "s.zarr", "--along", "lambda1", "--across", "eta", "--json").stdout)
    edges = [one for column in told["columns"] for one in column["edges"]]
    found = eos_sweep.boundary(eos_sweep.open_sweep(folder / "s.zarr"), "lambda1", "edge_of_stability")
    assert sorted(one["changes"] for one in edges) == sorted(found.changes.values[found.side.values > 0])
    assert {one["kind"] for one in edges} <= {"simple", "several", "fractal"}
    assert all((one["changes"] == 1) == (one["kind"] == "simple") for one in edges)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("s.zarr", "--along", "lambda2"), "no axis 'lambda2'"),
        (("s.zarr", "--along", "eta", "--at", "lambda1=10"), "--across: "),
        (("s.toml", "--along", "eta", "-o", "x.png"), "--out: draws into the map of a stored sweep"),
        (("s.zarr", "--along", "eta", "-o", "x.txt"), "x.txt: not a picture"),
        (("none.toml", "--along", "eta"), "No such file"),
        (("none.zarr", "--along", "eta"), "none.zarr"),
    ],
)
def test_mistakes_end_the_command_with_two(folder, words, told):
    done = command(folder / words[0], *words[1:])
    assert done.exit_code == 2 and told in done.output
