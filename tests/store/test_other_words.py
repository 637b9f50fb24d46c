"""A run says which words of its spec the store does not take over."""

import pytest

from eos_sweep.store.store import Store
from helpers.runs import run
from helpers.stores import FEW

LOSS = {"loss": "(x*y - a)**2/2", "state": ["x", "y"], "lines": {"flat": "a"}}
SPEC = {
    "model": LOSS,
    "title": "of its own",
    "steps": 10,
    "observables": FEW,
    "axes": {"x": [0.1, 0.2]},
    "parameters": {"a": 1.0, "eta": 0.1},
    "initial": {"y": 1.0},
}
OTHERS = {
    "title": ({"title": "another"}, "title"),
    "lines": ({"model": LOSS | {"lines": {"flat": "2*a"}}}, "model.lines"),
    "symbols": (
        {"model": LOSS | {"state": {"x": {"symbol": "\\xi"}, "y": {}}, "parameters": {"a": {"symbol": "A"}}}},
        "model.state, model.parameters",
    ),
    "a symbol of an axis": ({"axes": {"x": {"values": [0.1, 0.2], "symbol": "\\xi"}}}, "axes.x"),
    "all": ({"title": "b", "model": LOSS | {"title": "c", "lines": {}}}, "title, model.lines, model.title"),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "s"
    run(SPEC, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "keys"), OTHERS.values(), ids=OTHERS)
def test_a_run_says_in_a_line_what_the_store_keeps(stored, caplog, changes, keys):
    before = Store.open(stored).sweep.to_dict()
    assert run(SPEC | changes, stored).new == 0
    (line,) = caplog.messages
    assert line.startswith(f"{stored}: keeps its own {keys}; the spec has other words there")
    assert Store.open(stored).sweep.to_dict() == before


@pytest.mark.parametrize("changes", [{}, {"title": ""}, {"model": LOSS | {"loss": "(x * y - a)**2 / 2"}}])
def test_nothing_is_said_where_the_words_are_the_same(stored, caplog, changes):
    assert run(SPEC | changes, stored).new == 0
    assert not caplog.messages


@pytest.mark.slow
def test_an_extended_store_takes_the_new_words_but_the_title(tmp_path, caplog):
    run(SPEC, tmp_path / "s")
    longer = {"axes": {"x": [0.1, 0.2, 0.3]}, "model": LOSS | {"lines": {"flat": "2*a"}}, "title": "another"}
    assert run(SPEC | longer, tmp_path / "s").new == 1
    (line,) = caplog.messages
    assert "keeps its own title;" in line
    store = Store.open(tmp_path / "s")
    assert store.sweep.model.lines["flat"].ratio == "2*a" and store.status()["title"] == "of its own"
