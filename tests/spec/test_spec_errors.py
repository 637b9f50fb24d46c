"""A mistake in a spec is one line that names the key, the value and the remedy."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.errors import SpecError
from eos_sweep.spec.sweeps import Sweep
from helpers.specs import changed

NAN, INF = float("nan"), float("inf")
LONG = {name: {"linear": [0.1, 1, 2_500_000]} for name in ("eta", "clip", "radius")}
TWO = {name: {"linear": [0.1, 1, 5000]} for name in ("eta", "clip")}
ONE = {"lambda1": 1, "lambda2": 1}


def nested(levels):
    """Return a list in a list, and so on, of so many levels."""
    outer = []
    for _ in range(levels):
        outer = [outer]
    return outer


NETWORK, BARE = {"model": "tanh_net", "axes": {"eta": [0.1]}, "initial": None}, dict.fromkeys(("lambda1", "lambda2"))
BAD = [
    ({"model": None}, "model: missing", 'name a model, such as model = "bivariate"'),
    ({"model": "bivariat"}, "model: no model 'bivariat'", "did you mean 'bivariate'?"),
    ({"model": 3}, "model: got 3", "name a model"),
    ({"stpes": 10, "steps": None}, "stpes: unknown key, got 10", "did you mean 'steps'?"),
    ({"xyzzy": 1}, "xyzzy: unknown key, got 1", "there are: model, rule, title, steps"),
    ({"steps": None}, "steps: missing", "give a whole number from 1 to 2_000_000_000"),
    ({"steps": 1e4 + 0.5}, "steps: got 10000.5", "give a whole number"),
    ({"steps": INF}, "steps: got inf", "give a whole number"),
    ({"steps": "10"}, "steps: got '10'", "give a whole number"),
    ({"steps": True}, "steps: got True", "give a whole number"),
    ({"steps": 0}, "steps: got 0", "give a whole number from 1"),
    ({"steps": 2_000_000_001}, "steps: got 2000000001", "to 2_000_000_000"),
    ({"steps": 10**5000}, "steps: got a huge int", "to 2_000_000_000"),
    ({"title": 3}, "title: got 3", "give a text in quotes"),
    ({"tolerance": NAN}, "tolerance: got nan", "give a finite number >= 0"),
    ({"tolerance": -1}, "tolerance: got -1.0", "give a finite number >= 0"),
    ({"tolerance": INF}, "tolerance: got inf", "give a finite number >= 0"),
    ({"tolerance": "1e-9"}, "tolerance: got '1e-9'", "give a finite number >= 0"),
    ({"tolerance": True}, "tolerance: got True", "give a finite number >= 0"),
    ({"dtype": "float16"}, "dtype: got 'float16'", 'give "float64" or "float32"'),
    ({"observables": "default"}, "observables: got 'default'", "give a list of names"),
    ({"observables": [1]}, "observables.0: got 1", "give a list of names"),
    ({"observables": ["defualt"]}, "observables: no observable 'defualt'", "did you mean 'default'?"),
    ({"axes": None}, "axes: missing", "give a table [axes]"),
    ({"axes": 3}, "axes: got 3", "give a table [axes]"),
    ({"axes": {}}, "axes: got none", "give a table [axes]"),
    ({"axes": {3: [1]}}, "axes: got {3: [1]}", "give a table [axes]"),
    ({"axes": {"etaa": [1]}}, "axes.etaa: bivariate has no 'etaa'", "did you mean 'eta'?"),
    ({"axes": {"eta": []}}, "axis 'eta': got []", "give at least one"),
    ({"axes": {"eta": [1, 2, 1.0]}}, "axis 'eta': got 1 more than once", "give every value once"),
    ({"axes": {"eta": {"linear": [1, 1 + 2**-52, 9]}}}, "axis 'eta': got 1 more than once", "every value once"),
    ({"axes": {"alpha": [0.0, -0.0]}, "initial": {}}, "axis 'alpha': got", "more than once"),
    ({"axes": {"eta": [0.1, 0.0]}}, "axis 'eta': got 0.0", "must be a finite number > 0"),
    ({"axes": {"eta": [0.1, INF]}}, "axis 'eta': got inf", "must be a finite number > 0"),
    ({"axes": {"eta": [0.1, NAN]}}, "axis 'eta': got nan", "give numbers only"),
    ({"axes": {"eta": np.array([0.1, NAN])}}, "axis 'eta': got nan", "give numbers only"),
    ({"axes": {"eta": [0.1], "clip": [-1]}}, "axis 'clip': got -1.0", "must be a number >= 0 or inf"),
    ({"axes": {"eta": [0.1], "clip": ["-inf"]}}, "axis 'clip': got -inf", "must be a number >= 0 or inf"),
    ({"axes": {"eta": [True]}}, "axis 'eta': got [True]", "[values] or one of"),
    ({"axes": {"eta": np.array([True])}}, "axis 'eta': got", "[values] or one of"),
    ({"axes": {"eta": ["0.1"]}}, "axis 'eta': got ['0.1']", "[values] or one of"),
    ({"axes": {"eta": [[1], [2]]}}, "axis 'eta': got [[1], [2]]", "[values] or one of"),
    ({"axes": {"eta": np.ones((2, 2))}}, "axis 'eta': got", "[values] or one of"),
    ({"axes": {"eta": 0.1}}, "axis 'eta': got 0.1", "[values] or one of"),
    ({"axes": {"eta": "0.1"}}, "axis 'eta': got '0.1'", "[values] or one of"),
    ({"axes": {"eta": [10**400]}}, "axis 'eta': got [1000", "[values] or one of"),
    ({"axes": {"eta": [10**5000]}}, "axis 'eta': got a huge list", "[values] or one of"),
    ({"axes": {"eta": {}}}, "axis 'eta': got {}", "give [values] or one of"),
    ({"axes": {"eta": {"lin": [1, 2, 3]}}}, "axis 'eta': got {'lin': [1, 2, 3]}", "{ linear = [start, stop, count] }"),
    ({"axes": {"eta": {"log": [1, 2, 3], "values": [1]}}}, "axis 'eta': got {'log'", "give [values] or one of"),
    ({"axes": {"eta": {"log": [1, 2]}}}, "axis 'eta': got [1, 2]", "give log = [start, stop, count]"),
    ({"axes": {"eta": {"log": 7}}}, "axis 'eta': got 7", "give log = [start, stop, count]"),
    ({"axes": {"eta": {"log": ["a", 2, 3]}}}, "axis 'eta': got ['a', 2, 3]", "give log = [start, stop, count]"),
    ({"axes": {"eta": {"log": [1, NAN, 3]}}}, "axis 'eta': got [1, nan, 3]", "give log = [start, stop, count]"),
    ({"axes": {"eta": {"log": [0.0, 1, 3]}}}, "axis 'eta': log spacing needs start > 0, got 0.0", "linear spacing"),
    ({"axes": {"eta": {"log": [1, -1, 3]}}}, "axis 'eta': log spacing needs stop > 0, got -1.0", "linear spacing"),
    ({"axes": {"eta": {"linear": [1, INF, 3]}}}, "linear spacing needs a finite stop, got inf", "one of values"),
    ({"axes": {"eta": {"linear": [1, 2, 3.5]}}}, "axis 'eta': got count 3.5", "give a whole number"),
    ({"axes": {"eta": {"linear": [1, 2, True]}}}, "axis 'eta': got count True", "give a whole number"),
    ({"axes": {"eta": {"linear": [1, 2, 0]}}}, "axis 'eta': got count 0", "give a whole number from 1"),
    ({"axes": {"eta": {"linear": [1, 2, 10**12]}}}, "axis 'eta': got count 1000000000000", "to 10000000"),
    ({"axes": {"eta": {"linear": [1, 2, 1]}}}, "axis 'eta': got [1, 2, 1]", "must be equal for count 1"),
    ({"axes": {"eta": {"linear": [1, 1, 2]}}}, "axis 'eta': got [1, 1, 2]", "must be equal for count 1"),
    ({"axes": {"eta": [1], "seed": [0.5]}}, "axis 'seed': got 0.5", "give whole numbers from 0"),
    ({"axes": {"eta": [1], "seed": [-1]}}, "axis 'seed': got -1.0", ">= 0"),
    ({"axes": {"eta": [1], "seed": [2**53]}}, "axis 'seed': got 9007199254740992.0", "to 2**53"),
    ({"axes": {"eta": [1], "seed": [INF]}}, "axis 'seed': got inf", "give whole numbers"),
    ({"parameters": 3}, "parameters: got 3", "give a number"),
    ({"parameters": {"eta": 0.1}}, "parameters.eta: got 0.1, but 'eta' is an axis too", "remove one"),
    ({"axes": {"alpha": [1]}, "parameters": {"eta": 1}}, "initial.alpha: got 1.0, but 'alpha' is an axis", "remove"),
    ({"axes": {"clip": [1]}}, "parameters.eta: missing", "give a number or an expression, or an axis 'eta'"),
    ({"initial": None}, "initial.alpha: missing", "give a number or an expression, or an axis 'alpha'"),
    ({"parameters": {"lamda1": 1}}, "parameters.lamda1: got 1.0", "did you mean 'lambda1'?"),
    ({"parameters": {"alpha": 1}}, "parameters.alpha: got 1.0 in the wrong table", "move it to [initial]"),
    ({"initial": {"clip": 1}}, "initial.clip: got 1.0 in the wrong table", "move it to [parameters]"),
    ({"parameters": {}, "initial": ONE}, "initial.lambda1: got 1.0 in the wrong table", "move it to [parameters]"),
    ({"regimes": ["chaotic"]}, "regimes: got ['chaotic']", "give names with conditions, such as"),
    ({"parameters": {"seed": 1}}, "parameters.seed: got 1.0", "give seed = [0, 1, 2]"),
    ({"parameters": {"lambda1": 0}}, "parameters.lambda1: got 0.0", "must be a finite number > 0"),
    ({"parameters": {"lambda1": INF}}, "parameters.lambda1: got inf", "must be a finite number > 0"),
    ({"parameters": {"lambda1": NAN}}, "parameters.lambda1: got nan", "give a number"),
    ({"parameters": {"lambda1": 10**400}}, "parameters.lambda1: got 1000", "give a number"),
    ({"parameters": {"lambda1": True}}, "parameters.lambda1: got True", "give a number"),
    ({"parameters": {"lambda1": [1]}}, "parameters.lambda1: got [1]", "give a number"),
    ({"parameters": {"radius": -0.1}}, "parameters.radius: got -0.1", "must be a number >= 0 or inf"),
    ({"parameters": {"lambda1": 1e61}}, "parameters.lambda1: got 1e+61", "from 1e-60 to 1e+60"),
    ({"parameters": {"lambda2": 1e-310}}, "parameters.lambda2: got 1e-310", "from 1e-60 to 1e+60"),
    ({"initial": {"beta1": -1e100}}, "initial.beta1: got -1e+100", "at most 1e+60"),
    ({"axes": {"eta": [0.1, 1e300]}}, "axis 'eta': got 1e+300", "from 1e-60 to 1e+60"),
    ({"parameters": {"radius": "-inf"}}, "parameters.radius: got -inf", "must be a number >= 0 or inf"),
    ({"parameters": {"radius": "liu2024"}}, "parameters.radius: no preset or name 'liu2024'", "you mean 'liu2025'?"),
    ({"parameters": {"lambda1": "liu2025"}}, "parameters.lambda1: no preset or name 'liu2025'", "there are:"),
    ({"parameters": {"radius": "sqrt(etaa)"}}, "parameters.radius = 'sqrt(etaa)': no name 'etaa'", "you mean 'eta'?"),
    ({"parameters": {"radius": "sqrt(eta"}}, "parameters.radius = 'sqrt(eta'", "not an expression"),
    ({"parameters": {"radius": ""}}, "parameters.radius = ''", "use numbers, names"),
    ({"parameters": {"radius": "eta - 0.15"}}, "parameters.radius = 'eta - 0.15': got -0.0", "must be a number >= 0"),
    ({"parameters": {"radius": "1 / (eta - 0.2)"}}, "parameters.radius = '1 / (eta - 0.2)': 1.0 / 0.0", "change it"),
    ({"parameters": {"lambda1": "inf * eta"}}, "parameters.lambda1 = 'inf * eta': got inf", "must be a finite"),
    ({"parameters": {"radius": "log(-eta)"}}, "parameters.radius = 'log(-eta)': log(-0.1) is nan", "change it"),
    ({"parameters": {"clip": "2 * radius", "radius": "clip"}}, "clip -> radius -> clip", "give one of them a number"),
    ({"parameters": {"clip": "clip"}}, "clip -> clip", "give one of them a number"),
    ({"initial": {"alpha": INF}}, "initial.alpha: got inf", "must be a finite number"),
    ({"initial": {"alpha": "normal(0, 1)"}}, "initial.alpha = 'normal(0, 1)': needs an axis 'seed'", "[0, 1, 2]"),
    ({"initial": {"alpha": "seed / 2"}}, "initial.alpha = 'seed / 2': needs an axis 'seed'", "[0, 1, 2]"),
    ({"parameters": {"radius": "__import__('os')"}}, "parameters.radius = ", "no function '__import__'"),
    ({"parameters": {"radius": "eta.real"}}, "parameters.radius = ", "'eta.real' is not allowed"),
    ({"parameters": {"radius": "lambda: 1"}}, "parameters.radius = ", "'lambda: 1' is not allowed"),
    ({"parameters": {"radius": "9**9**9"}}, "parameters.radius = ", "is inf, not a finite number"),
    ({"parameters": {"radius": "(" * 240 + "1" + ")" * 240}}, "parameters.radius = ", "too many nested"),
    ({"parameters": {"radius": "1+" * 10**6 + "1"}}, "parameters.radius = ", "use at most 500"),
    ({"chunks": {"lambda1": 2}}, "chunks.lambda1: got 2", "there are: eta"),
    ({"chunks": {"eta": 0}}, "chunks.eta: got 0", "give axis = a whole number >= 1"),
    ({"chunks": {"eta": 1.5}}, "chunks.eta: got 1.5", "give axis = a whole number >= 1"),
    ({"chunks": 3}, "chunks: got 3", "give axis = a whole number >= 1"),
    ({"thresholds": {"x": NAN}}, "thresholds.x: got nan", "give name = a number"),
    ({"thresholds": {"x": "1"}}, "thresholds.x: got '1'", "give name = a number"),
    # Long names, and such as would break the line.
    ({"a\nb": 1}, "a\\nb: unknown key, got 1", "there are:"),
    ({"\x1b[31m": 1}, "\\x1b[31m: unknown key", "there are:"),
    ({"x" * 10**6: 1}, "xxx...: unknown key, got 1", "there are:"),
    ({"model": "x" * 10**6}, "model: no model 'xxx", "xxx..."),
    ({"model": "\n"}, "model: no model '\\n'", "(--import \\n)"),
    ({"axes": {"a\nb": [1]}}, "axes.a\\nb: bivariate has no 'a\\nb'", "there are:"),
    ({"axes": {"x" * 10**6: [1]}}, "xxx...: bivariate has no 'xxx", "there are:"),
    ({"axes": {"a\nb": "x"}}, "axis 'a\\nb': got 'x'", "give [values]"),
    ({"parameters": {"a\nb": 1}}, "parameters.a\\nb: got 1.0", "there are:"),
    ({"parameters": {"a\nb": "x"}}, "parameters.a\\nb: got 'x'", "there are:"),
    ({"parameters": {"x" * 10**6: 1}}, "xxx...: got 1.0", "there are:"),
    ({"parameters": {"x\r": []}}, "parameters.x\\r: got []", "give a number"),
    ({"parameters": {"radius": "x" * 400}}, "parameters.radius: no preset or name 'xxx", "there are:"),
    ({"chunks": {"a\nb": 1}}, "chunks.a\\nb: got 1", "there are: eta"),
    ({"thresholds": {"a\nb": 1}}, "thresholds.a\\nb: unknown", "there are:"),
    ({"observables": ["a\nb"]}, "observables: no observable 'a\\nb'", "there are:"),
    ({"observables": ["x" * 10**6]}, "observables: no observable 'xxx", "there are:"),
    # Numbers that Python does not print, lists that it does not show.
    ({"chunks": {"x": 16**5000}}, "chunks.x: got a huge int", "there are: eta"),
    ({"title": nested(5000)}, "title: got ", "give a text"),  # Python 3.13 shows it, earlier ones do not
    ({"title": nested(10**6)}, "title: got a huge list", "give a text"),
    # What would not fit into memory.
    ({"axes": LONG, "parameters": ONE}, "axes: 15625000000000000000 trajectories", "at most 9223372036854775807"),
    ({"axes": TWO, "chunks": {"eta": 2, "clip": 1}}, "chunks: 12500000 blocks", "make them larger"),
    ({"axes": TWO, "chunks": {"eta": 5000}}, "chunks: blocks of 25000000", "make them smaller"),
    ({**NETWORK, "parameters": {**BARE, "width": 1e15}}, "inputs: got width = 1e+15", "choose a smaller network"),
    ({**NETWORK, "parameters": {**BARE, "width": 9000}}, "inputs: got width = 9000", "at most 67108864"),
    ({**NETWORK, "parameters": {**BARE, "points": 1e9}}, "points = 1e+09", "choose a smaller network"),
    ({**NETWORK, "parameters": {**BARE, "depth": 1e9}}, "parameters.depth: got 1000000000.0", "<= 1000"),
    ({**NETWORK, "parameters": {**BARE, "degree": 1e300}}, "parameters.degree: got 1e+300", "<= 1000000"),
    ({**NETWORK, "model": "linear_net_full", "parameters": {**BARE, "width": 9000}}, "width = 9000", "smaller network"),
    ({**NETWORK, "model": "relu", "parameters": {**BARE, "dimension": 9000}}, "dimension = 9000", "lower dimension"),
]  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("changes", "place", "remedy"), BAD, ids=[f"{i}-{row[1][:30]}" for i, row in enumerate(BAD)])
def test_a_mistake_is_one_line_with_key_value_and_remedy(changes, place, remedy):
    begin = time.process_time()
    with pytest.raises(SpecError) as caught:
        Sweep.from_dict(changed(**changes))
    assert time.process_time() - begin < 1
    message = str(caught.value)
    assert place in message and remedy in message
    assert "\n" not in message and len(message) < 400


@pytest.mark.parametrize("given", [None, 3, [], "spec"])
def test_a_spec_is_a_table(given):
    with pytest.raises(SpecError, match="spec: got .*; give a table of keys"):
        Sweep.from_dict(given)


TABLES = ("axes", "parameters", "initial", "chunks", "thresholds", "data")
INPUTS = ("eta", "lambda1", "radius", "alpha", "seed")
NAMES = ("model", "steps", "dtype", "observables", *TABLES, *INPUTS, "log", "file", "x", "")
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["inf", "nan", "liu2025", "eta", "1/eta", "normal(0, 1)", "radius", b"x", 1j, 10**400]),
)
anything = st.recursive(
    plain,
    lambda child: st.one_of(
        st.lists(child, max_size=4), st.tuples(child, child), st.dictionaries(st.sampled_from(NAMES), child, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=400)
@given(
    places=st.lists(
        st.tuples(st.sampled_from((None, *TABLES)), st.sampled_from(NAMES), anything), min_size=1, max_size=3
    )
)
def test_any_change_gives_a_sweep_or_a_spec_error(places):
    spec = changed()
    for table, name, value in places:
        if table is None:
            spec[name] = value
        elif isinstance(spec.setdefault(table, {}), dict):
            spec[table][name] = value
    try:
        made = Sweep.from_dict(spec)
    except SpecError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert Sweep.from_dict(made.to_dict()) == made


@settings(max_examples=200)
@given(text=st.text(st.sampled_from("0123456789.eE+-*/() ,sqrtlogeta[]_'\"\n"), max_size=40))
def test_any_expression_gives_a_sweep_or_a_spec_error(text):
    try:
        made = Sweep.from_dict(changed(parameters={"radius": text}))
    except SpecError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert (made.inputs({"eta": [0.1, 0.2]})[1]["radius"] >= 0).all()
