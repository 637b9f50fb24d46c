"""The command ``edges``: curves of a store as text, as JSON, in files and in a picture."""

import inspect
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from matplotlib.figure import Figure
from matplotlib.image import imread

import eos_sweep
from eos_sweep import plot
from eos_sweep.cli import edge_curves
from eos_sweep.cli.main import main
from eos_sweep.errors import InputError
from helpers.specs import EDGES
from helpers.stores import toml


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("edges")
    toml(place / "s.toml", EDGES)
    assert CliRunner().invoke(main, ["run", str(place / "s.toml"), "-q", "-o", str(place / "s.zarr")]).exit_code == 0
    return place


@pytest.fixture(scope="module")
def found():
    return eos_sweep.edges(eos_sweep.sweep(**EDGES), "sign_flip", rtol=None, against="onset")


def command(*words):
    return CliRunner().invoke(main, ["edges", *map(str, words)])


def plain(properties):
    return json.loads(json.dumps(properties))


def test_the_command_tells_the_curves_of_a_store_and_of_a_spec(folder):
    wanted = eos_sweep.edges(eos_sweep.sweep(**EDGES), "edge_of_stability", against="onset")
    features = eos_sweep.edges_geojson(wanted)["features"]
    for source in ("s.zarr", "s.toml"):
        done = command(folder / source, "--against", "onset", "--json")
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        about = [told[name] for name in ("x", "y", "holds", "against", "rtol", "scales")]
        assert about == ["eta", "lambda1", "edge_of_stability", "onset", 1e-6, {"eta": "log", "lambda1": "log"}]
        for one, other in zip(told["curves"], features, strict=True):
            names = set(one) - ({"modal_left", "modal_right"} if source == "s.toml" else set())
            assert {name: one[name] for name in names} == {name: plain(other["properties"])[name] for name in names}
        assert {one["modal_left"] for one in told["curves"]} == {
            "edge_of_stability" if source == "s.zarr" else "not_computed"
        }


def test_python_and_the_command_take_the_same_condition_by_default():
    for name in ("edges", "boundary"):
        (given,) = (option.default for option in main.get_command(None, name).params if option.name == "holds")
        for function in (getattr(eos_sweep, name), getattr(xr.Dataset().eos, name)):
            assert (inspect.signature(function).parameters["holds"].default,) == given, name


def test_the_command_prints_lines_and_writes_files(folder):
    outs = [folder / f"e.{ending}" for ending in ("png", "geojson", "csv", "zarr", "nc")]
    done = command(
        folder / "s.zarr", "--holds", "sign_flip", "--no-bisection", "--against", "onset",
        *(word for out in outs for word in ("-o", out)),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert "between where sign_flip holds and where not, over eta and lambda1" in lines[0]
    assert lines[1].startswith("  0: open, ") and "lambda1 = " in done.stdout and lines[-5:] == list(map(str, outs))
    assert imread(outs[0]).shape[0] > 500
    found = eos_sweep.edges(eos_sweep.open_sweep(folder / "s.zarr"), "sign_flip", rtol=None, against="onset")
    assert json.loads(outs[1].read_text()) == plain(eos_sweep.edges_geojson(found))
    table = pd.read_csv(outs[2])
    np.testing.assert_array_equal(table[["eta", "lambda1", "on_curve"]],
                                  np.stack([found.eta, found.lambda1, found.on_curve], axis=1))  # fmt: skip
    assert set(table.left) == {"sign_flip"} and set(table.along) == {"eta", "lambda1"}
    for stored in (xr.open_zarr(outs[3], consolidated=False), xr.open_dataset(outs[4], engine="h5netcdf")):
        with stored:
            xr.testing.assert_equal(stored.load(), found)
            assert stored.closed.dtype == bool and stored.attrs["scale_eta"] == "log"


def test_features_are_valid(found):
    whole = eos_sweep.edges_geojson(found)
    assert whole["type"] == "FeatureCollection" and (whole["x"], whole["y"]) == ("eta", "lambda1")
    assert len(whole["features"]) == found.sizes["curve"] and json.dumps(whole, allow_nan=False)
    for number, feature in enumerate(whole["features"]):
        assert (feature["type"], feature["id"]) == ("Feature", number)
        assert feature["geometry"]["type"] == ("Polygon" if found.closed[number] else "LineString")
        assert feature["properties"]["points"] == int(found.points[number])
        here = found.on_curve == number
        assert len(feature["properties"]["branches"]) == int((found.branch_curve == number).sum())
        if not found.closed[number]:
            positions = np.stack([found.eta[here], found.lambda1[here]], axis=1)
            assert feature["geometry"]["coordinates"] == positions.tolist()
    some = eos_sweep.edges_geojson(found.isel(curve=slice(1, None)))["features"]
    assert some == whole["features"][1:]


@pytest.mark.parametrize("within", [True, False])
def test_rings_are_closed_and_anticlockwise(within):
    stored = eos_sweep.sweep(**EDGES)
    cells = np.zeros(stored.regime.shape, bool)
    cells[2:5, 10:20] = True
    stored["crossings"] = stored.crossings.dims, (cells == within).astype(int)
    found = eos_sweep.edges(stored, "crossings > 0", rtol=None)
    (feature,) = eos_sweep.edges_geojson(found)["features"]
    (ring,) = feature["geometry"]["coordinates"]
    assert feature["geometry"]["type"] == "Polygon" and ring[0] == ring[-1] and len(ring) == found.sizes["point"] + 1
    x, y = np.log(ring).T
    assert (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() > 0
    assert feature["properties"]["holds_inside"] == within and feature["properties"]["area"] > 0


def test_the_text_has_the_longest_branch_of_each_curve_and_those_of_a_known_exponent(folder):
    told = json.loads(command(folder / "s.zarr", "--holds", "sign_flip", "--no-bisection", "--json").stdout)
    (branch,) = told["curves"][0]["branches"]
    told["curves"][0]["branches"] += [branch | {"branch_points": 9, "exponent_low": -7.5}] * 2
    lines = edge_curves._lines(told)
    (law,) = (line for line in lines if "95 % interval" in line)
    assert (
        f"eta^{branch['exponent']:.6f}; " in law
        and "     and 2 shorter branches of uncertain exponent; --json and -o have all" in lines
    )
    many = [
        {"exponent": 1.0, "exponent_low": 1.0 - half, "exponent_high": 1.0 + half, "branch_points": count}
        for count, half in ((62, 8.0), (9, 0.1), (200, 3.0), (12, 0.6))
    ]
    assert edge_curves._told(many) == (many[1:3], 2)
    assert edge_curves._told([*many[:1], many[1] | {"exponent": None}]) == (many[:1], 0)
    assert edge_curves._told([]) == ([], 0)


@pytest.mark.parametrize("own", [False, True])
def test_the_legend_of_a_map_names_the_curves(found, own):
    stored = eos_sweep.sweep(**EDGES)
    given = {"ax": Figure(figsize=(8, 8)).subplots(), "legend": "inside"} if own else {}
    ax = plot.regime_map(stored, **given)
    before, place = [text.get_text() for text in ax.get_legend().get_texts()], ax.get_legend().get_bbox_to_anchor()
    assert plot.edge_curves(found, ax=ax).get_legend().get_texts()[-1].get_text() == "border: sign flip"
    assert [text.get_text() for text in ax.get_legend().get_texts()[:-1]] == before
    np.testing.assert_allclose(ax.get_legend().get_bbox_to_anchor().bounds, place.bounds)
    labels = [patch.get_facecolor() for patch in ax.get_legend().get_patches()]
    assert len(set(labels)) == len(labels) > 1


def test_a_figure_has_the_curves_in_the_legend_of_all_its_maps(found):
    figure = Figure(layout="constrained")
    ax = plot.regime_map(eos_sweep.sweep(**EDGES), ax=figure.subplots(), legend=False)
    assert plot.edge_curves(found, ax=ax).get_legend() is None
    assert "border: sign flip" in [text.get_text() for text in plot.legend(figure).get_texts()]


def test_curves_are_drawn_into_a_map(found):
    ax = Figure().subplots()
    ax.set(xscale="log", yscale="log", xlim=(1e-3, 3), ylim=(10, 1000))
    assert plot.edge_curves(found, ax=ax) is ax
    rim, line = ax.collections
    assert rim.get_linewidth()[0] > line.get_linewidth()[0] and ax.get_xlim() == (1e-3, 3)
    for paths in (rim.get_paths(), line.get_paths()):
        assert [len(path) for path in paths] == (found.points + found.closed).values.tolist()
    np.testing.assert_array_equal(line.get_paths()[0].vertices[0], [found.eta[0], found.lambda1[0]])
    with pytest.raises(InputError, match="x, y: the edges are over lambda1, eta; draw them into a map of two of these"):
        plot.edge_curves(found, x="clip", ax=ax)
    with pytest.raises(InputError, match="ax: no map to draw into"):
        plot.edge_curves(found)
    for wrong in (found[["eta"]], found.isel(curve=0), None):
        with pytest.raises(InputError, match="found: "):
            eos_sweep.edges_geojson(wrong)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("s.zarr", "--at", "eta=0.1"), "has the axis lambda1 alone"),
        (("s.zarr", "--at", "lamda1=1"), "at: no axis 'lamda1' in this sweep; did you mean 'lambda1'?"),
        (("s.zarr", "--rtol", "2"), "rtol: got 2; give a number from 1e-14 to 1"),
        (("s.zarr", "--against", "onst"), "did you mean 'onset'?"),
        (("s.zarr", "-o", "x.txt"), "end the name in .geojson, .csv, .nc or .zarr"),
        (("s.zarr", "-o", "x.csv", "-o", "x.csv"), "--out: x.csv is given twice"),
        (("s.toml", "-o", "x.png"), "--out: draws into the map of a stored sweep"),
        (("none.zarr",), "none.zarr"),
    ],
)
def test_mistakes_end_the_command_with_two(folder, words, told):
    done = command(folder / words[0], *words[1:])
    assert done.exit_code == 2 and told in done.output


def test_no_file_is_overwritten(folder):
    (folder / "mine.csv").write_text("mine")
    done = command(folder / "s.zarr", "--no-bisection", "-o", folder / "mine.csv")
    assert done.exit_code == 2 and "exists; choose another place for the edges" in done.output
    assert (folder / "mine.csv").read_text() == "mine"
