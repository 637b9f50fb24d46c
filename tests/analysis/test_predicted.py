"""Critical lines as data: where closed forms say, as pictures draw them, and beside measured edges."""

import json

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import eos_sweep
from eos_sweep.analysis.pictures import theory_lines
from eos_sweep.cli.main import main
from eos_sweep.errors import InputError
from eos_sweep.models import bivariate_theory
from eos_sweep.spec.making import make
from eos_sweep.spec.sweeps import Sweep
from helpers.specs import EDGES
from helpers.stores import toml

SPEC = Sweep.from_dict(EDGES)


def test_the_onset_is_where_its_closed_form_is():
    found = eos_sweep.critical_lines(SPEC, along="eta")
    start = (EDGES["initial"][name] for name in ("alpha", "beta1", "beta2"))
    onset = bivariate_theory.onset_step_size(SPEC.axis("lambda1").values, *start)
    np.testing.assert_allclose(found.onset.isel(root=0), onset, rtol=1e-14)
    np.testing.assert_allclose(found.two_over_lambda1.isel(root=0) * found.lambda1, 2, rtol=1e-14)
    assert found.onset.dims == ("lambda1", "root") and found.onset.attrs["meaning"]
    assert found.lambda_product.isnull().all()  # it does not depend on the step size
    assert found.attrs["along"] == "eta" and found.attrs["spec_hash"] == SPEC.hash


@settings(max_examples=10)
@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=5, unique=True), st.booleans())
def test_lines_lie_at_the_curvature_whatever_the_axis(curvatures, log):
    eta = {"log": [1e-4, 1e3, 3]} if log else {"linear": [1e-4, 1e3, 4]}
    spec = make("quadratic", {"a1": curvatures, "eta": eta}, {}, {"theta1": 1}, steps=1)
    found = eos_sweep.critical_lines(spec, "eta")
    np.testing.assert_allclose(found.start_at_edge[:, 0], 2 / np.array(curvatures), rtol=1e-14)


def test_a_line_that_is_met_twice_has_two_roots():
    axes = {"lambda2": [0.01, 0.02], "alpha": {"linear": [-2, 2, 5]}}
    fixed = {"lambda1": 4.0, "eta": 0.5}
    found = eos_sweep.critical_lines(make("bivariate", axes, fixed, {"beta1": 0.5, "beta2": 0.1}, steps=1), "alpha")
    np.testing.assert_allclose(found.unclipped_catapult, [[-np.sqrt(0.75), np.sqrt(0.75)]] * 2, rtol=1e-14)
    assert found.sizes["root"] == 2 and found.two_over_lambda1.shape == (2, 2)


def test_pictures_draw_the_same_lines(free):
    found = eos_sweep.critical_lines(free, "eta")
    drawn = {line.name: curves for line, curves in theory_lines.critical_lines(free, "eta", "lambda1").items()}
    for name in ("onset", "two_over_lambda1", "unclipped_divergence", "flip_at_the_start"):
        (curve,) = drawn[name]
        there = found[name][:, 0].dropna("lambda1")
        order = np.argsort(curve[:, 1])
        interpolated = np.interp(np.log(there.lambda1), *np.log(curve[order]).T[::-1])
        np.testing.assert_allclose(np.log(there)[1:-1], interpolated[1:-1], atol=1e-3)


@pytest.fixture(scope="module")
def stored():
    return eos_sweep.sweep(**EDGES)


def test_edges_are_compared_with_the_nearest_place_of_a_line(stored):
    edges = eos_sweep.boundary(stored, "eta", "edge_of_stability", rtol=1e-3, against="onset")
    lines = eos_sweep.critical_lines(stored, "eta")
    there = edges.edge.notnull()
    np.testing.assert_array_equal(
        edges.predicted, lines.onset.isel(root=0, drop=True).where(there).transpose(*edges.edge.dims)
    )
    xr.testing.assert_equal(edges.ratio, edges.edge / edges.predicted)
    plain = eos_sweep.boundary(stored, "eta", "edge_of_stability", rtol=1e-3)
    xr.testing.assert_equal(edges[list(plain)], plain)
    assert {"edge", "onset"} <= set(edges.assign(lines).data_vars) and edges.attrs["against"] == "onset"


@pytest.mark.parametrize(("call", "message"), [
    (lambda: eos_sweep.critical_lines(SPEC, "et"), "along: no axis 'et' in this sweep; there are: lambda1, eta"),
    (lambda: eos_sweep.critical_lines(xr.Dataset(coords={"eta": [1.0, 2.0]}), "eta"), "does not carry the spec"),
    (lambda: eos_sweep.boundary(SPEC, "eta", "stable", against="onst"),
     "against: no critical line 'onst' of bivariate; did you mean 'onset'?"),
    (lambda: eos_sweep.critical_lines(make("tanh_net", {"eta": [0.1, 0.2], "seed": [0]}, steps=1), "eta"),
     "model: tanh_net has no critical lines"),
])  # fmt: skip
def test_mistakes_are_told_in_a_line(call, message):
    with pytest.raises(InputError) as caught:
        call()
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_an_axis_that_was_averaged_over_is_missed(stored):
    with pytest.raises(InputError, match="^sweep: has lost its axis lambda1"):
        eos_sweep.critical_lines(stored.mean("lambda1", keep_attrs=True), "eta")


def test_the_command_makes_a_table(tmp_path):
    path = toml(tmp_path / "s.toml", EDGES)
    words = ["boundary", str(path), "--along", "eta", "--which", "first", "--rtol", "1e-3", "--against", "onset"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["edge", "onset", "edge/onset"]
    told = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    for line, column in zip(lines[2:9], told["columns"], strict=True):
        (edge,) = column["edges"]
        assert edge["ratio"] == pytest.approx(edge["edge"] / edge["predicted"], rel=1e-12)
        assert line.split()[3:7] == [
            "begins",
            f"{edge['edge']:.9g}",
            f"{edge['predicted']:.9g}",
            f"{edge['ratio']:.6g}",
        ]
    found = CliRunner().invoke(main, [*words[:-1], "lambda_product"]).stdout.splitlines()  # no line of the step size
    assert found[2].endswith("nowhere") or "nowhere (" in found[2]
