"""Odd command lines: each is carried out or refused in one line, and only a command that succeeds changes a store."""

import os
import shutil

import pytest
from click.testing import CliRunner
from hypothesis import strategies as st

from eos_sweep.cli.main import main
from helpers.fuzzing import bounded, fuzzed
from helpers.hostile import SMALL
from helpers.stores import contents as files_of
from helpers.stores import toml

STORE, SPEC_FILE = "s.zarr", "s.toml"
places = st.sampled_from(
    [STORE, f"{STORE}/", f"{STORE}/regime", f"{STORE}/zarr.json", f"{STORE}.lock", SPEC_FILE, f"{SPEC_FILE}/x", ".",
     "..",
     "", " ", "nothing", "taken", "taken/", "taken/diary.txt", "x" * 300, "a\nb", "\x1b[31m", "\udcff", "\u202e", "-",
     "--",
     "~", "$HOME", "s.zarr:x", "file:s.zarr", "http:x", "s3:x", "memory:x", "new/", "new/below", "é"]
)  # fmt: skip
pictures = st.one_of(
    st.sampled_from(["p.png", "p.svg", "p.pdf", "taken.png", "a\nb.png", "\x1b[31m.png", "\udcff.png", "p.jpg", ".png",
                     "new/p.png", f"{SPEC_FILE}/p.png", "x" * 300 + ".png", "p.PNG", "p.png/", f"{STORE}/p.gif"]),
    places,
)  # fmt: skip
names = st.sampled_from(
    ["eta", "lambda1", "lambda2", "alpha", "beta1", "clip", "radius", "seed", "regime", "growth", "crossings", "chaos",
     "bits", "", "a\nb", "\x1b[31m", "\udcff", "η", "__class__", "os", "x" * 10_000]
)  # fmt: skip
figures = st.one_of(
    st.sampled_from(["0", "1", "2", "0.5", "-1", "1e400", "-1e400", "nan", "inf", "-inf", "1_0", "0x10", "٣", "",
                     "a\nb", "1=1",
                     "1,eta=2", "5e-324", "1e308", "9" * 5000, "\x1b[31m", "1e18", "30"]),
    st.floats().map(repr), st.integers().map(str),
)  # fmt: skip
pairs = st.one_of(st.tuples(names, figures).map("=".join), names, figures)
counts = st.one_of(
    st.sampled_from(["0", "1", "2", "-1", "1.5", "many", "", "9" * 30, "9" * 5000, "2000000000", "a\nb"])
)


def _options(**values):
    """Return lists of arguments: some of the options, in any order, with whatever values."""
    one = st.one_of(*(st.tuples(st.just(name.replace("_", "-")), value).map(list) for name, value in values.items()))
    return st.lists(one, max_size=4).map(lambda chosen: [part for option in chosen for part in option])


flags = st.sampled_from([[]] * 9 + [["--json"], ["--jsn"], ["\x1b[31m"], ["--a\nb"], ["extra\nargument"], ["--", "x"]])
variables = st.one_of(names, st.sampled_from(["sharpness_max", "first_crossing", "outcome", "settled", "tail_mean"]))
plot = _options(
    **{"--x": names, "--y": names, "--at": pairs, "--facet": names, "--variable": variables, "-o": pictures}
)
trace = _options(**{"--at": pairs, "--index": pairs, "--steps": counts, "-o": pictures, "--data": places})
files = st.sampled_from([SPEC_FILE, "taken/diary.txt", "nothing", ".", "a\nb", "", "\udcff"])
crew = {"--threads": counts, "--workers": st.sampled_from(["0", "-1", "many", "9" * 30]), "--scheduler-file": files}
run = _options(**{"-o": places, "--plot": pictures, **crew})
archives = st.sampled_from(
    ["x.zarr.zip", "x.nc", "x.zip", "x.tar", "taken.zip", "a\nb.zip", "\udcff.zip", "new/x.zip", ".zip"]
)
export = _options(**{"--at": pairs, "--variable": variables})
conditions = st.sampled_from(["stable", "crossings > 0", "crossings > many", "loss_max >= 1e400"])
edges = _options(**{"--holds": st.one_of(conditions, names), "--against": names, "--at": pairs, "-o": pictures})
point = st.sampled_from([[], ["--index", "eta=1,lambda1=1"], ["--at", "eta=0.1", "--at", "lambda1=3"]])
usual = st.sampled_from([STORE] * 3 + [SPEC_FILE])
lines = st.one_of(
    st.tuples(st.just(["status"]), places.map(lambda p: [p]), flags),
    st.tuples(
        st.just(["relabel"]), st.one_of(usual, places).map(lambda p: [p]), _options(**{"--threshold": pairs}), flags
    ),
    st.tuples(st.just(["plot"]), st.one_of(usual, places).map(lambda p: [p]), st.just(["-o", "p.png"]), plot, flags),
    st.tuples(
        st.just(["edges", "--no-bisection"]),
        st.one_of(st.just(STORE), places.filter(lambda place: place != SPEC_FILE)).map(lambda p: [p]),  # runs nothing
        edges,
        flags,
    ),
    st.tuples(st.just(["trace"]), st.one_of(usual, places).map(lambda p: [p]), point, trace, flags),
    st.tuples(st.just(["run"]), st.one_of(st.just(SPEC_FILE), places).map(lambda p: [p]), run, flags),
    st.tuples(
        st.just(["plan"]),
        st.one_of(st.just("t.toml"), places).map(lambda p: [p]),
        _options(**{"--workers": counts}),
        flags,
    ),
    st.tuples(
        st.just(["export"]),
        st.one_of(usual, places).map(lambda p: [p]),
        st.one_of(archives, places).map(lambda p: [p]),
        export,
        flags,
    ),
    st.tuples(names.map(lambda n: [n]), flags),
).map(lambda parts: [word for part in parts for word in part])


def made(place):
    toml(place / SPEC_FILE, SMALL)
    toml(place / "t.toml", {**SMALL, "steps": -1})
    assert CliRunner().invoke(main, ["run", str(place / SPEC_FILE), "-o", str(place / STORE)]).exit_code == 0
    (place / "taken.png").mkdir()
    (place / "taken").mkdir()
    (place / "taken" / "diary.txt").write_text("mine")
    shutil.copytree(place, f"{place}.whole")
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory.mktemp("commands"))


def check(folder, arguments):
    before = files_of(folder)
    os.chdir(folder)
    with bounded():
        result = CliRunner().invoke(main, arguments)
    after = files_of(folder)
    if after != before:
        shutil.rmtree(folder)
        shutil.copytree(f"{folder}.whole", folder)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 2), result.output
    if result.exit_code == 2:
        assert after == before and not result.stdout
        *usage, line = result.stderr.rstrip("\n").split("\n")
        assert line.isprintable() and len(line) < 20_000
        if usage:
            assert usage[0].startswith("Usage: ") and len(usage) == 3, result.stderr
            assert all(part.isprintable() for part in usage)
        else:
            assert line.startswith("eos-sweep: ")
    elif arguments[0] not in ("run", "relabel"):
        assert {name: content for name, content in before.items() if after.get(name) != content} == {}
    return result


@fuzzed(50, arguments=lines)
def test_a_command_line_is_carried_out_or_refused_in_one_line(folder, arguments):
    check(folder, arguments)


@pytest.mark.slow
@fuzzed(400, arguments=lines)
def test_four_hundred_command_lines_are(folder, arguments):
    check(folder, arguments)
