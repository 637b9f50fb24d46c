"""Points: listed, drawn or read from a file, they are one dimension of a sweep, beside ordinary axes."""

import sys

import numpy as np
import pytest
import xarray as xr

from eos_sweep.errors import SpecError
from eos_sweep.spec.draws_of_points import METHODS, Range, draw
from eos_sweep.spec.kept_axes import adopted, replaced
from eos_sweep.spec.overlap import contains, obstacles, shared
from eos_sweep.spec.point_forms import parse, read
from eos_sweep.spec.points import POINT
from eos_sweep.spec.sweeps import Sweep, load_spec
from helpers.specs import changed

RANGES = {"eta": {"log": [0.01, 10]}, "lambda1": {"linear": [1, 5]}}
LISTED = {"eta": [0.1, 1.0, 0.1], "lambda1": [1, 10, 10]}


def sweep(points, **changes):
    given = changed(**{"axes": None, "parameters": {"lambda1": None}, "points": points} | changes)
    return Sweep.from_dict(read(given))


def drawn(method="sobol", count=64, **changes):
    return {"method": method, "count": count, "ranges": RANGES} | changes


def test_points_are_a_dimension_before_the_axes():
    found = sweep(LISTED, axes={"clip": [1, 2]})
    assert (found.dims, found.shape) == ((POINT, "clip"), (3, 2))
    _, parameters = found.inputs(dict(zip(found.dims, np.ix_(np.arange(3.0), [1.0, 2.0]), strict=True)))
    assert parameters["eta"].tolist() == [[0.1, 0.1], [1.0, 1.0], [0.1, 0.1]]
    assert parameters["clip"].tolist() == [[1.0, 2.0]] * 3


def test_expressions_use_columns_and_columns_may_be_names_of_their_own():
    found = sweep({"kappa": [1, 2], "eta": [0.1, 0.2]}, parameters={"lambda1": "10 * kappa", "lambda2": "eta"})
    _, parameters = found.inputs({POINT: np.array([1.0, 0.0])})
    assert parameters["lambda1"].tolist() == [20, 10] and parameters["lambda2"].tolist() == [0.2, 0.1]
    assert found.depends == {name: {POINT} for name in ("kappa", "eta", "lambda1", "lambda2")}


def test_all_forms_give_the_same_points(tmp_path):
    (tmp_path / "p.csv").write_text("id,eta,lambda1\na,0.1,1\nb,1,10\nc,0.1,10\n")
    (tmp_path / "s.toml").write_text(
        'model = "bivariate"\nsteps = 10\npoints = { file = "p.csv", columns = ["eta", "lambda1"] }\n'
        "[parameters]\nlambda2 = 1\n[initial]\nalpha = 1\nbeta1 = 1\nbeta2 = 1\n"
    )
    table = np.rec.fromarrays([LISTED["eta"], LISTED["lambda1"]], names=["eta", "lambda1"])
    forms = LISTED, {"values": LISTED}, table, xr.Dataset({k: ("row", v) for k, v in LISTED.items()})
    expected = sweep(LISTED)
    assert {sweep(form).hash for form in forms} == {expected.hash}
    of_file = load_spec(tmp_path / "s.toml")
    assert of_file.hash == expected.hash
    assert of_file.points.about["points_file"] == "p.csv" and of_file.points.about["points_bytes"] == 39
    (tmp_path / "p.csv").unlink()
    again = Sweep.from_dict(of_file.to_dict())
    assert again == of_file and again.points.origin == of_file.points.origin, "a store needs no file"


def test_the_bits_are_kept(monkeypatch):
    values = np.random.default_rng(0).random(1000) + np.finfo(float).tiny
    given = sweep({"eta": values, "clip": np.where(values > 0.5, np.inf, values)}, parameters={"lambda1": 1})
    assert Sweep.from_dict(given.to_dict()).points.extend(given.points)
    one = sweep(drawn())
    monkeypatch.setitem(sys.modules, "scipy.stats.qmc", None)
    assert Sweep.from_dict(one.to_dict()) == one, "nothing is drawn again"
    with pytest.raises(SpecError, match=r"needs scipy; pip install 'eos-sweep\[points\]'"):
        sweep(drawn())


def test_draws_have_the_bits_that_they_had():
    ranges = {"a": Range("log", (0.01, 10.0)), "b": Range("linear", (1.0, 5.0)), "c": Range("values", (2.0, 3.0, 7.0))}
    found = {method: [values[2].item().hex() for values in draw(method, 5, 3, ranges).values()] for method in METHODS}
    assert found == {
        "sobol": ["0x1.6262094a8215fp-7", "0x1.e740a95545bdfp+1", "0x1.8000000000000p+1"],
        "latin_hypercube": ["0x1.b1b2613a65f62p-7", "0x1.1cdac1b1fb886p+1", "0x1.0000000000000p+1"],
        "random": ["0x1.4cb6d5e0e135bp-5", "0x1.9045c879e9a9dp+1", "0x1.8000000000000p+1"],
    }


@pytest.mark.parametrize("method", METHODS)
def test_draws_fill_their_ranges(method):
    ranges = {"a": Range("log", (0.01, 100.0)), "b": Range("linear", (5.0, 1.0)), "c": Range("values", (2.0, 3.0))}
    a, b, c = draw(method, 4096, 0, ranges).values()
    assert a.min() >= 0.01 and a.max() <= 100 and b.min() >= 1 and b.max() <= 5 and set(c) == {2, 3}
    assert abs(np.log10(a).mean()) < 0.1 and abs(b.mean() - 3) < 0.1 and abs(c.mean() - 2.5) < 0.03
    assert np.abs(np.corrcoef([np.log(a), b, c])[np.triu_indices(3, 1)]).max() < 0.06
    assert not (a == draw(method, 4096, 1, ranges)["a"]).any()


def test_a_latin_hypercube_has_one_point_in_each_part():
    a, b = draw("latin_hypercube", 100, 0, {name: Range("linear", (0.0, 100.0)) for name in "ab"}).values()
    assert sorted(a.astype(int)) == sorted(b.astype(int)) == [*range(100)] and (a.astype(int) != b.astype(int)).any()


def test_a_shifted_sobol_sequence_is_even():
    """Of 2^m points, each of 2^m boxes of equal size has one."""
    a, b = draw("sobol", 256, 7, {name: Range("linear", (0.0, 1.0)) for name in "ab"}).values()
    for k in range(9):
        assert len({*zip((a * 2**k).astype(int), (b * 2 ** (8 - k)).astype(int), strict=True)}) == 256


def test_ranges_may_be_arrays():
    given = {name: {spacing: np.array(ends)} for name, one in RANGES.items() for spacing, ends in one.items()}
    assert sweep(drawn(ranges=given)) == sweep(drawn())
    with pytest.raises(SpecError, match="give { linear"):
        sweep(drawn(ranges={"eta": {"linear": np.ones((2, 2))}}))


@pytest.mark.parametrize("method", ["sobol", "random"])
def test_more_points_begin_with_the_same_ones(method):
    few, many = sweep(drawn(method, 50)), sweep(drawn(method, 129))
    assert many.points.extend(few.points) and not few.points.extend(many.points)
    assert contains(few, many) and shared(few, many).size == 50


def test_points_are_known_by_their_values():
    old, new = sweep(LISTED), sweep({"lambda1": [10, 3, 1, 10, 10], "eta": [0.1, 1, 0.1, 1, 0.1]})
    found = shared(old, new)
    assert found.here[POINT].tolist() == [0, 2, 3, 4] and found.there[POINT].tolist() == [2, 0, 1, 2]
    assert contains(old, new) and not contains(new, old)
    fixed = sweep({"eta": [1.0, 0.1]}, parameters={"lambda1": 10})
    assert shared(old, fixed).there[POINT].tolist() == [1, 2] and contains(fixed, old)
    seeded, plain = (
        sweep({"eta": [0.1, 1], "seed": [7, 8]}, parameters={"lambda1": 1}),
        sweep({"eta": [1.0]}, parameters={"lambda1": 1}),
    )
    assert shared(seeded, plain).there[POINT].tolist() == [1], "a seed that no expression uses changes nothing"
    with_axis = sweep(LISTED, axes={"clip": [1, np.inf]})
    assert contains(old, with_axis) and shared(old, with_axis).here["clip"].tolist() == [1]
    grid = Sweep.from_dict(changed(axes={"eta": [0.1], "lambda1": [1]}, parameters={"lambda1": None}))
    assert "points: only one of the sweeps has points" in obstacles(old, grid)[-1]
    other = sweep({"eta": [0.1]}, axes={"lambda1": [1]})
    assert obstacles(old, other) == [
        "points.lambda1: an axis of one of the sweeps, and a column of points of the other"
    ]


def test_the_same_points_are_those_whose_rows_have_the_same_bits():
    rng = np.random.default_rng(0)
    columns = [{name: rng.integers(1, 4, 200) / 4 for name in ("eta", "lambda1", "lambda2", "clip")} for _ in range(2)]
    old, new = (sweep(one, parameters={"lambda1": None, "lambda2": None}) for one in columns)
    rows = [list(zip(*(one.columns[name].tolist() for name in one.columns), strict=True)) for one in (old, new)]
    found = shared(old, new)
    assert found.here[POINT].tolist() == [k for k, row in enumerate(rows[1]) if row in rows[0]]
    assert found.there[POINT].tolist() == [rows[0].index(row) for row in rows[1] if row in rows[0]]


def test_values_that_differ_by_rounding_keep_the_stored_bits():
    old = sweep({"eta": [0.1, 0.3], "lambda1": [1, 2]})
    new = sweep({"eta": [0.1, np.nextafter(0.3, 1), 0.5], "lambda1": [1, 2.1, 3]})
    kept = adopted(new, old)
    assert kept.columns["eta"].tolist() == [0.1, 0.3, 0.5] and kept.columns["lambda1"].tolist() == [1, 2.1, 3]
    assert replaced(new, kept) == [
        "points.eta: 1 of its values differ by rounding from stored ones, whose bits are kept"
    ]
    assert adopted(old, old) is old
    clips = [np.inf, 1, np.inf], [5, np.inf, np.inf]
    there, here = (sweep({"lambda1": [1, 1, 1], "clip": clip}, axes={"eta": [0.1]}) for clip in clips)
    assert adopted(here, there) is here, "infinite values are near no other"


def test_expressions_are_tried_where_columns_are_least_and_largest():
    eta = np.full(5000, 0.1)
    eta[4321] = 9.0
    with pytest.raises(SpecError, match="lambda2"):
        sweep({"eta": eta}, parameters={"lambda1": 1, "lambda2": "5 - eta"}, axes={"clip": [1, 2]})


@pytest.mark.parametrize(("points", "words"), [
    (3, "points: got 3; give [points] as lists"),
    ({}, "points: no columns; give [points] as lists"),
    ([0.1], "points: got [0.1]; give [points] as lists"),
    ({"eta": 0.1}, "points.eta: got 0.1; give a list of numbers"),
    ({"eta": ["a"]}, "points.eta: got ['a']; give a list of numbers"),
    ({"eta": []}, "points.eta: no values"),
    ({"eta": [np.nan]}, "points.eta: got nan"),
    ({"eta": [-1]}, "points.eta: got -1.0; the step size must be a finite number > 0"),
    ({"eta": [1, 2], "lambda1": [1]}, "points.lambda1: 1 values, but 2 of eta"),
    ({"eta": {"log": [1, 2]}}, "a range goes into the table [points.ranges]"),
    ({"eat": [1.0]}, "points.eat: bivariate has no 'eat', and no expression uses it; did you mean 'eta'?"),
    ({"lambda2": [1.0], "eta": [1]}, "parameters.lambda2: got 1.0, but 'lambda2' is an axis too, or a column"),
    ({"crossings": [1.0]}, "points.crossings: a variable of the dataset has this name"),
    ({"point": [1.0], "eta": [1]}, "points.point: the points have this name"),
    ({"seed": [0.5], "eta": [1]}, "points.seed: got 0.5; give whole numbers"),
    ({"method": "sobol"}, "points.count: missing"),
    ({"count": 3, "ranges": RANGES}, "points.method: missing"),
    (drawn("halton"), "points.method: got 'halton'; there are: sobol, latin_hypercube, random"),
    (drawn(3), "points.method: got 3; give a text"),
    (drawn(count=0), "points.count: got 0; give a whole number from 1"),
    (drawn(count=2**21), "points.count: got 2097152; give a whole number from 1 to 1048576"),
    (drawn(seed=-1), "points.seed: got -1; give a whole number from 0"),
    (drawn(sede=1), "points.sede: unknown key beside method; did you mean 'seed'?"),
    (drawn(ranges=3), "points.ranges: got 3; give a table"),
    (drawn(ranges={"eta": [1, 2]}), "points.ranges.eta: got [1, 2]; give { linear = [start, stop] }"),
    (drawn(ranges={"eta": {"log": [0, 2]}}), "points.ranges.eta: got {'log': [0, 2]}; give ends > 0"),
    (drawn(ranges={"eta": {"linear": [1, 2, 3]}}), "give { linear = [start, stop] }"),
    (drawn(ranges={"eta": {"linear": [1, np.inf]}}), "give finite ends"),
    (drawn(ranges={"eta": {"linear": [1, 1]}}), "give two ends that differ"),
    ({"file": "nowhere.csv"}, "points.file: nowhere.csv: No such file or directory"),
    ({"file": 3}, "points.file: got 3; give a text"),
    ({"stored": {"eta": "?"}}, "points.stored: got"),
    ({"stored": {"eta": "AAA="}}, "points.stored: got"),
    ({"stored": 3}, "points.stored: got 3"),
    ({"stored": {"eta": "AAAAAAAA8D8="}, "method": 3}, "points.method: got 3 beside stored"),
    ({"stored": {"eta": "AAAAAAAA8D8="}, "ranges": {"eta": 3}}, "points.ranges.eta: got 3"),
])  # fmt: skip
def test_what_is_wrong_is_one_line_with_the_remedy(points, words):
    with pytest.raises(SpecError) as caught:
        sweep(points, parameters={"lambda1": 1, "lambda2": 1} if "lambda1" not in str(points) else {"lambda1": None})
    assert words in str(caught.value) and len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("points", [drawn(), {"count": 3}, {"file": "p.csv"}, "p.csv"])
def test_a_sweep_reads_no_file_and_draws_nothing(points):
    """A store and a dataset hold a sweep, so to open them would."""
    with pytest.raises(SpecError, match=r"points: got .*; a Sweep takes values: eos_sweep.sweep and load_spec read"):
        Sweep.from_dict(changed(points=points))


def test_an_axis_and_a_column_cannot_have_one_name():
    with pytest.raises(SpecError, match=r"axes\.eta: the points have this name"):
        sweep(LISTED, axes={"eta": [1.0]})
    with pytest.raises(SpecError, match=r"axes\.point: the points have this name"):
        sweep(LISTED, axes={"point": [1.0]})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_a_file_end_as_any_system_ends_them(tmp_path, end):
    (tmp_path / "p.csv").write_bytes(b"\xef\xbb\xbf" + end.join(["eta,lambda1", "1,2", "", "3,4"]).encode())
    found = parse({"file": "p.csv"}, tmp_path)
    assert {name: values.tolist() for name, values in found.columns.items()} == {"eta": [1, 3], "lambda1": [2, 4]}


@pytest.mark.parametrize(("content", "words"), [
    (b"eta\n", "1 lines"),
    (b"eta,lambda1\n\n1,2\n\nx,2\n", "line 5: got 'x,2'; give numbers in all columns that are read"),
    (b"eta,lambda1\n\n1\n", "line 3 has 1 numbers"),
    (b"eta,lambda1\n1\n", "line 2 has 1 numbers"),
    (b"eta,lambda1\n1,x\n", "line 2: got '1,x'; give numbers"),
    (b",eta\n0,2\n", "a column has no name in the first line; name it, leave it out"),
    (b"eta,lambda1\n1,2\n", "points.columns: no 'clip' in p.csv; there are: eta, lambda1"),
])  # fmt: skip
def test_a_file_that_is_no_table_is_refused(tmp_path, content, words):
    (tmp_path / "p.csv").write_bytes(content)
    with pytest.raises(SpecError) as caught:
        parse({"file": "p.csv"} | ({"columns": ["clip"]} if "clip" in words else {}), tmp_path)
    assert words in str(caught.value)


def test_there_is_no_point_beyond_the_last():
    with pytest.raises(SpecError, match="point: got 3; give a whole number from 0 to 2"):
        sweep(LISTED).inputs({POINT: np.array([0.0, 3.0])})
