"""The command ``dimension``: dimensions of the edges of a store as text, as JSON and in a picture."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.image import imread

import eos_sweep
from eos_sweep.cli.main import main


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("dimension") / "s.zarr"
    axes = {"clip": [1, np.inf], "lambda1": {"log": [10, 1e4, 33]}, "eta": {"log": [1e-3, 1, 65]}}
    eos_sweep.sweep("bivariate", axes, {"lambda2": 0.01}, {"alpha": 0.2, "beta1": 1e-3, "beta2": 0.2}, steps=500,
                    out=path)  # fmt: skip
    return path


def command(*words):
    return CliRunner().invoke(main, ["dimension", *map(str, words)])


def test_the_command_tells_what_the_function_returns(store):
    piece = eos_sweep.open_sweep(store).isel(clip=1)
    for holds, words in ((None, ()), ("crossings > 0", ("--holds", "crossings > 0"))):
        done = command(store, "--at", "clip=inf", "--within", "1,4", "--json", *words)
        assert done.exit_code == 0, done.output
        told, found = json.loads(done.stdout), eos_sweep.dimension(piece, holds, within=(1, 4))
        assert told["scale"] == [1, 2, 4] and told["fitted"] == [1, 2, 4] and told["axes"] == "lambda1 eta"
        for estimator, numbers in told["estimators"].items():
            for name, values in numbers.items():
                wanted = found[name].sel(estimator=estimator).values
                np.testing.assert_array_equal(np.array(values, float), wanted)
        assert ("three_labels" in told) == (holds is None)
    near = eos_sweep.wada(piece)
    told = json.loads(command(store, "--at", "clip=inf", "--json").stdout)
    assert told["three_labels"] == {"radius": near.radius.values.tolist(), "share": near.share.values.tolist()}


def test_the_command_prints_lines_and_draws(store):
    picture = store.parent / "dimension.png"
    done = command(store, "--at", "clip=inf", "--holds", "divergence", "--holds", "sign_flip", "-o", picture)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "edges of divergence or sign_flip over lambda1 (log), eta (log)"
    assert lines[1].startswith("uncertainty  dimension ") and lines[1].endswith(", from 1 to 4 cells")
    assert len(lines) == 8 and lines[-1] == str(picture) and imread(picture).shape[0] > 500
    assert "near which three labels meet: " in command(store, "--at", "clip=1").stdout.splitlines()[-1]
    assert "no edge" in command(store, "--at", "clip=1", "--holds", "chaotic").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "axis 'clip': has 2 values"),
        (("--at", "klip=1"), "at: no axis 'klip' in this sweep; did you mean 'clip'?"),
        (("--at", "clip=1", "--within", "1"), "--within 1: not two numbers"),
        (("--at", "clip=1", "--within", "1,2"), "within: got (1.0, 2.0)"),
        (("--at", "clip=1", "-o", "x.txt"), "x.txt: not a picture"),
        (("--at", "clip=1", "--holds", "stabel"), "did you mean 'stable'?"),
    ],
)
def test_mistakes_end_the_command_with_two(store, words, told):
    done = command(store, *words)
    assert done.exit_code == 2 and told in done.output


def test_a_store_that_is_not_there_is_one_line(store):
    done = command(store.parent / "none.zarr")
    assert done.exit_code == 2 and "none.zarr: no sweep is stored here" in done.output
