"""Sweeps over points: the bits of a grid, and stores that resume, grow, are reused, combined, checked and traced."""

import json
import os
import signal

import numpy as np
import pytest
import xarray as xr
import zarr
from click.testing import CliRunner

import eos_sweep
from eos_sweep.analysis import one_cell
from eos_sweep.checks.labels import sample
from eos_sweep.cli.main import main
from eos_sweep.errors import InputError, SpecError
from eos_sweep.spec.making import make
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import audit
from eos_sweep.store.store import Store
from helpers.runs import complete, run, started, wait_for_chunks
from helpers.specs import MAP, altered
from helpers.stores import FEW, command, numbers, toml

RANGES = {"eta": {"log": [1e-3, 10]}, "lambda1": {"log": [1, 1e4]}}
POINTS = {"method": "sobol", "count": 60, "seed": 1, "ranges": RANGES}
BASE = {"axes": {"clip": [1.0, 10.0]}, "parameters": {"clip": None}, "chunks": {"point": 32}}


def spec(**changes):
    return altered(
        {**MAP, "steps": 60, "observables": FEW}, ("axes", "points", "chunks"), {**BASE, "points": POINTS, **changes}
    )


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    path = tmp_path_factory.mktemp("old") / "s"
    run(spec(), path)
    return path


def test_points_have_the_bits_of_a_grid():
    axes = MAP["axes"]
    given = {"model": "bivariate", "steps": 400, "parameters": MAP["parameters"], "initial": MAP["initial"]}
    grid = eos_sweep.sweep(axes={name: Sweep.from_dict(MAP).axis(name).values for name in axes}, **given)
    eta, lambda1 = (array.ravel() for array in np.meshgrid(grid.eta, grid.lambda1))
    order = np.random.default_rng(0).permutation(eta.size)
    points = eos_sweep.sweep(points={"eta": eta[order], "lambda1": lambda1[order]}, **given)
    for name in grid.data_vars:
        assert points[name].values.tobytes() == grid[name].values.ravel()[order].tobytes(), name
    picked = grid.sel(eta=points.eta, lambda1=points.lambda1)
    xr.testing.assert_equal(picked.regime.drop_vars("point"), points.regime.drop_vars("point"))


def test_a_store_and_a_sweep_in_memory_have_the_same_bits(old):
    ds = eos_sweep.open_sweep(old).load()
    given = {
        name: spec()[name] for name in ("model", "steps", "axes", "points", "parameters", "initial", "observables")
    }
    memory = eos_sweep.sweep(**given)
    xr.testing.assert_identical(ds.drop_attrs(), memory.drop_attrs())
    with xr.open_zarr(old) as plain:
        assert plain.eta.dims == ("point",) and plain.eta.values.tobytes() == memory.eta.values.tobytes()
    assert ds.attrs["points_method"] == "sobol" and ds.attrs["points_seed"] == 1
    assert audit.check(Store.open(old)).coordinates == []


@pytest.mark.parametrize("count", [61, 150])
def test_more_points_of_a_sequence_extend_a_store(old, tmp_path, count):
    run(spec(), tmp_path / "s")
    done = run(spec(points=POINTS | {"count": count}), tmp_path / "s")
    assert done.total == 2 * count and done.new == 2 * (count - 60)
    run(spec(points=POINTS | {"count": count}), tmp_path / "fresh")
    assert numbers(tmp_path / "s") == numbers(tmp_path / "fresh")
    assert "extended from (60, 2)" in Store.open(tmp_path / "s").group.attrs["history"]
    assert set(os.listdir(tmp_path)) == {"s", "fresh"}


def test_a_latin_hypercube_of_another_count_is_refused_in_words(tmp_path):
    points = POINTS | {"method": "latin_hypercube"}
    run(spec(points=points), tmp_path / "s")
    with pytest.raises(
        SpecError, match="all points of a latin_hypercube change with their count; those of sobol or random stay"
    ):
        run(spec(points=points | {"count": 61}), tmp_path / "s")


def test_points_in_between_and_other_axes_are_taken_over(old, tmp_path):
    columns = make(**spec()).columns
    mixed = {name: np.insert(values[::-1], 7, 1.0 + values[3]) for name, values in columns.items()}
    given = spec(points=mixed, axes={"clip": [0.5, 1.0, 10.0]}, chunks={"point": 13})
    done = run(given, tmp_path / "s", reuse=old)
    assert (done.total, done.reused) == (183, 120)
    run(given, tmp_path / "fresh")
    assert numbers(tmp_path / "s") == numbers(tmp_path / "fresh")


def test_a_store_grows_by_points_in_between(old, tmp_path):
    run(spec(), tmp_path / "s")
    columns = make(**spec()).columns
    some = {name: np.insert(values, 7, 1.0 + values[3]) for name, values in columns.items()}
    done = run(spec(points=some), tmp_path / "s")
    assert (done.total, done.reused) == (122, 120)
    with pytest.raises(SpecError, match="holds another sweep.*--reuse .* for 20 trajectories of it"):
        run(spec(points={name: values[:10] for name, values in columns.items()}), tmp_path / "s")


def test_a_grid_is_no_source_of_points(old, tmp_path):
    grid = spec(axes={"eta": [0.1], "lambda1": [1.0], "clip": [1.0]}, chunks={})
    del grid["points"]
    with pytest.raises(SpecError, match="nothing of it can be reused.*\n.*\n*.*only one of the sweeps has points"):
        run(grid, tmp_path / "s", reuse=old)


def test_stores_of_points_are_combined(old, tmp_path):
    columns = make(**spec()).columns
    run(spec(points={name: np.append(values[50:], 1.0) for name, values in columns.items()}), tmp_path / "more")
    found = eos_sweep.combine([old, tmp_path / "more"]).load()
    assert dict(found.sizes) == {"point": 61, "clip": 2} and found.eta.values[-1] == 1.0
    parts = eos_sweep.open_sweep(old), eos_sweep.open_sweep(tmp_path / "more")
    assert found.crossings.values[:60].tolist() == parts[0].crossings.values.tolist()
    assert found.crossings.values[60].tolist() == parts[1].crossings.values[-1].tolist()


def test_stores_of_a_file_are_combined_with_those_that_have_a_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("eta,lambda1\n0.1,1\n0.2,5\n")
    toml(tmp_path / "p.toml", spec(points={"file": "p.csv"}, chunks={}))
    eos_sweep.run("p.toml", "a", progress=False)
    (tmp_path / "p.csv").unlink()
    fixed = altered(spec(points={"eta": [0.3, 0.2]}, chunks={}), (), {"parameters": {"lambda1": 5.0}})
    run(fixed, tmp_path / "b")
    found = eos_sweep.combine(["a", "b"])
    assert found.eta.values.tolist() == [0.1, 0.2, 0.3] and found.lambda1.values.tolist() == [1, 5, 5]
    run(altered(fixed, (), {"parameters": {"lambda1": "50 * eta"}}), tmp_path / "c")
    run(spec(points={"eta": [0.3]}, axes={"lambda1": [1.0], "clip": [1.0]}, chunks={}), tmp_path / "d")
    for other, words in (("c", "an expression"), ("d", "an axis")):
        for order in (["a", other], [other, "a"]):
            number = order.index(other) + 1
            with pytest.raises(SpecError, match=rf"points.lambda1: {words} in sweep {number} of 2, and a column"):
                eos_sweep.combine(order)


def test_points_that_are_no_hypercubes_both_say_nothing_of_their_count(tmp_path):
    hypercube = POINTS | {"method": "latin_hypercube"}
    run(spec(points=hypercube, observables=["crossings"]), tmp_path / "s")
    columns = {name: values[:9] for name, values in make(**spec()).columns.items()}
    for points in (columns, POINTS | {"count": 70}):
        with pytest.raises(SpecError) as caught:
            run(spec(points=points, observables=["crossings"]), tmp_path / "s")
        assert "change with their count" not in str(caught.value)


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on(tmp_path):
    long = spec(steps=40_000, points=POINTS | {"count": 4000}, chunks={"point": 100, "clip": 1})
    process = started(long, tmp_path)
    wait_for_chunks(process, tmp_path / "s", 5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = complete(tmp_path / "s")
    assert 0 < len(before) < 80
    assert command("run", "s.toml", "-o", "s", cwd=tmp_path).returncode == 0
    after = complete(tmp_path / "s")
    assert len(after) == 80 and {block: after[block] for block in before} == before


@pytest.mark.slow
def test_workers_of_dask_have_the_bits(old, tmp_path):
    toml(tmp_path / "s.toml", spec())
    done = command("run", "s.toml", "-o", "s", "--workers", "2", "--json", cwd=tmp_path)
    assert done.returncode == 0 and numbers(tmp_path / "s") == numbers(old)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    path = tmp_path_factory.mktemp("labelled") / "s"
    run(altered({**MAP, "points": POINTS}, ("axes",), {"axes": None}), path)
    return path


def test_a_point_is_traced_by_its_number(labelled):
    ds = eos_sweep.open_sweep(labelled)
    facts, trajectory = one_cell.report(labelled, {"point": 17}, {}, None)
    assert facts["point"] == {name: float(ds[name][17]) for name in ("point", "eta", "lambda1")}
    assert facts["stored"] and all(facts["stored"].values())
    assert float(trajectory["lambda1"]) == float(ds.lambda1[17])
    xr.testing.assert_identical(ds.isel(point=17).eos.trajectory(), ds.eos.trajectory(point=17))
    for at, words in (
        ({"point": 60}, "60"),
        ({"point": 0.5}, "0.5"),
        ({"eta": 0.1}, "eta: has a value for each point"),
    ):
        with pytest.raises(SpecError, match=words):
            one_cell.report(labelled, at, {}, None)


def test_a_run_beside_a_point_has_other_values_of_its_columns(labelled):
    ds = eos_sweep.open_sweep(labelled)
    cell = ds.isel(point=3)
    given = {"lambda1": float(cell.lambda1), "eta": 0.25, **MAP["parameters"]}
    expected = eos_sweep.trajectory("bivariate", given, MAP["initial"], steps=MAP["steps"])
    xr.testing.assert_identical(eos_sweep.trajectory(cell, {"eta": 0.25}), expected)
    facts, trajectory = one_cell.report(labelled, {"point": 3, "eta": 0.25}, {}, None)
    assert facts["point"] == {"eta": 0.25, "lambda1": given["lambda1"]} and not facts["stored"]
    xr.testing.assert_identical(trajectory, expected)
    given["eta"] = "0.5 / lambda1"
    run = eos_sweep.trajectory(cell, {"eta": given["eta"]}, steps=5)
    xr.testing.assert_identical(run, eos_sweep.trajectory("bivariate", given, MAP["initial"], steps=5))
    beside = eos_sweep.trajectory(eos_sweep.open_sweep(labelled).isel(point=3), {"clip": 3.0, "eta": 0.25})
    assert float(beside["clip"]) == 3.0


def test_a_run_beside_a_point_keeps_its_seed_and_its_axes():
    columns = {"seed": [4.0, 9.0], "kappa": [1.0, 2.0]}
    given = {"parameters": {"a1": "kappa"}, "initial": {"theta1": "uniform(0, 1)"}, "steps": 5}
    ds = eos_sweep.sweep("quadratic", {"eta": [0.1, 0.2]}, points=columns, **given)
    cell = ds.isel(point=1, eta=1)
    assert float(cell.eos.trajectory().theta1[0]) == float(eos_sweep.trajectory(cell, {"kappa": 3.0}).theta1[0])
    assert float(eos_sweep.trajectory(cell, {"kappa": 3.0}).a1) == 3.0
    other = eos_sweep.trajectory(cell, seed=4)
    assert (
        float(other.theta1[0]) == float(ds.isel(point=0, eta=0).eos.trajectory().theta1[0]) and float(other.eta) == 0.2
    )


def test_shares_over_points_have_intervals(labelled):
    ds = eos_sweep.open_sweep(labelled)
    found = eos_sweep.shares(ds, over="point").load()
    count, squared = ds.sizes["point"], 1.959963984540054**2
    names = ds.regime.flag_meanings.split()
    for share, low, high, name in zip(found.share, found.share_low, found.share_high, found.regime.values, strict=True):
        p = int((ds.regime == ds.regime.flag_values[names.index(name)]).sum()) / count
        half = (squared * (p * (1 - p) / count + squared / (4 * count**2))) ** 0.5
        ends = [(p + squared / (2 * count) + sign * half) / (1 + squared / count) for sign in (-1, 1)]
        assert [float(share), float(low), float(high)] == pytest.approx([p, *ends], abs=1e-8)


def test_points_have_no_neighbours(labelled):
    assert eos_sweep.open_pyramid(labelled) == [] and list(eos_sweep.open_tree(labelled).children) == ["sweep"]
    codes = sample.labels(Store.open(labelled))
    assert sample.at_boundary(codes).any() and not sample.at_boundary(codes, [0]).any()
    ds = eos_sweep.open_sweep(labelled)
    for along in ("eta", "point"):
        for function in (
            lambda ds, along: eos_sweep.boundary(ds, along, "regime == divergence"),
            eos_sweep.critical_lines,
        ):
            with pytest.raises(InputError, match=f"along: {along} belongs to the points.* scatter"):
                function(ds, along)


def test_edges_along_an_axis_are_found_for_each_point():
    """The start is at the edge where eta * (2 lambda1 alpha^2 + ...) is two: crossings begin there."""
    columns = {"lambda1": [1.0, 100.0]}
    given = Sweep.from_dict(spec(points=columns, axes={"clip": [10.0], "eta": {"log": [1e-3, 10, 13]}}, chunks={}))
    edges = eos_sweep.boundary(given, "eta", "first_crossing == 0")
    lines = eos_sweep.critical_lines(given, "eta").start_at_edge
    assert edges.edge.dims == ("point", "clip", "crossing") and lines.dims == ("point", "clip", "root")
    assert edges.edge.values[:, 0, 0] == pytest.approx(lines.values[:, 0, 0], rel=1e-5)


def told(*arguments):
    shown = CliRunner().invoke(main, list(map(str, arguments)))
    assert shown.exit_code == 0, shown.stderr
    return shown.stdout


def test_commands_know_points(labelled, tmp_path):
    path = toml(tmp_path / "s.toml", altered({**MAP, "points": POINTS}, ("axes",), {"axes": None}))
    assert json.loads(told("plan", path, "--json"))["trajectories"] == 60
    traced = told("trace", labelled, "--at", "point=3")
    assert "= stored" in traced and "DIFFERS" not in traced
    both = told("trace", labelled, "--at", "point=3", "--compare", "point=4").splitlines()
    assert both[0].split() == ["point", "3.0", "4.0"]
    beside = told("trace", labelled, "--at", "point=3", "--compare", "eta=0.25").splitlines()
    assert next(line.split()[-1] for line in beside if line.startswith("eta ")) == "0.25"
    assert not any(line.startswith("seed") for line in beside)
    assert "trajectories  60 of 60" in told("status", labelled, "--check")
    assert "of 60 labels changed" in told("relabel", labelled, "--threshold", "growth=1.5")
    told("export", labelled, tmp_path / "one.zarr.zip", "--at", "point=3")
    found = xr.open_zarr(zarr.storage.ZipStore(tmp_path / "one.zarr.zip", mode="r"))
    assert float(found.eta) == float(eos_sweep.open_sweep(labelled).eta[3])


def test_the_command_boundary_knows_points(labelled, tmp_path):
    shown = CliRunner().invoke(main, ["boundary", str(labelled), "--along", "eta"])
    assert shown.exit_code == 2 and "x: eta is of the points, which have no neighbours along it" in shown.stderr
    axes = {"eta": {"log": [1e-3, 10, 13]}}
    path = toml(tmp_path / "s.toml", spec(points={"lambda1": [1.0, 100.0]}, axes=axes | {"clip": [10.0]}, chunks={}))
    told_of = ["--holds", "first_crossing == 0", "--which", "first", "--json"]
    found = json.loads(told("boundary", path, "--along", "eta", "--at", "clip=10", *told_of))
    assert found["across"] == "point" and found["power_law"] is None and len(found["columns"]) == 2
