"""Values and expressions that go wrong in a spec in some way or other."""

import datetime
import math

from hypothesis import strategies as st

from eos_sweep import models
from eos_sweep.formulas.expressions import FUNCTIONS

TABLES = ("axes", "parameters", "initial", "chunks", "thresholds", "data")
INPUTS = sorted({name for model in models.TABLE for name in (*models.get(model).STATE, *models.get(model).PARAMETERS)})
KEYS = ("model", "title", "steps", "tolerance", "dtype", "observables", *TABLES, *INPUTS, "seed", "growth", "chaos")
WORDS = ("linear", "log", "values", "file", "sha256", "default", "all", "doubled", "inf", "nan", "liu2025", "float32")
integers = st.one_of(
    st.integers(-3, 20),
    st.integers(),
    st.sampled_from([2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**7, 10**7 + 1, 10**18, 10**400]),
    st.sampled_from([4299, 5000]).map(lambda digits: 16**digits),  # more than Python prints
)
reals = st.one_of(st.floats(), st.sampled_from([5e-324, -5e-324, 1e-310, 1e308, -0.0, math.inf, -math.inf, math.nan]))
times = st.one_of(
    st.datetimes(),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.just(datetime.timezone(datetime.timedelta(hours=1)))),
)
files = st.sampled_from(
    ["d.npz", "s.toml", "", ".", "..", "/", "d.npz/x", "../../x", "a\0b", "a\nb", "\x1b[31m", "x" * 5000, "/dev/zero",
     "/dev/stdin", "/dev/null", "/dev/full", "/proc/self/mem", "/proc/kmsg", "pipe", "taken", "~/d.npz",
     "file:///d.npz"]
)  # fmt: skip
texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from([*KEYS, *WORDS, *models.TABLE]),
    st.sampled_from(["", "\n", "a\nb", "\r", "\x1b[2J\x1b[31mred", "\x7f", "\u202e", "\u2028", "\0", "λ", "😀",
                     "x" * 10**5,
                     "$", "$\\frac$", "{0}", "{0.__class__}", "%s%n", "\\", "'", '"', "'''", "../../x", "a.b"]),
)  # fmt: skip
# Modules that there are, in any spelling that a careless importer would take.
modules = st.sampled_from(
    ["os", "sys", "__main__", "builtins", "antigravity", "eos_sweep.models.bivariate", "eos_sweep.cli.main",
     "..bivariate", ".bivariate", "bivariate.py", "os.system", "os:system", "models/bivariate", "../bivariate",
     "BIVARIATE", "numpy"]
)  # fmt: skip
CODE = (
    "__import__('os')", "().__class__.__bases__[0].__subclasses__()", "lambda: 1", "f'{eta}'", "[x for x in eta]",
    "(x := 1)", "eta.real", "eta[0]", "open('x', 'w')", "print", "exec('1')", "eta if eta else 1", "not eta",
    "eta and 1",
    "*eta", "**eta", "sqrt(*eta)", "sqrt(x=1)", "{eta}", "{1: 2}", "'text' * 9", "b'x'", "1j", "True", "None", "...",
    "await eta", "yield eta", "eta; eta", "eta = 1", "eta # comment", "eta // 2", "eta % 2", "eta @ eta", "~eta",
    "1 << 9",
    "9**9**9", "9**9**9**9", "2**-1074", "1e999", "0x_f", "1_0", "0777", "1__0", "1 if", "eta\0", "eta\\\n", "((eta)",
    "eta)",
    "max()", "min(1)", "normal(0, 1)", "uniform(1, 0)", "normal(inf, 1)", "uniform(-inf, inf)", "seed", "inf - inf",
    "1 / 0",
)  # fmt: skip
long = st.sampled_from(
    ["(" * 10_000 + "1" + ")" * 10_000, "-" * 10_000 + "1", "(" * 90 + "1" + ")" * 90, "-" * 99 + "1",
     "+".join(["eta"] * 90),
     "+".join(["eta"] * 120), "2**" * 60 + "2", "+".join(["normal(0,1)"] * 41), "max(" * 40 + "eta" + ",1)" * 40,
     "[" * 90 + "]" * 90, "(" * 100 + "eta", "sqrt(" * 80 + "eta" + ")" * 80, "exp(" * 5 + "9" + ")" * 5, "not " * 120]
)  # fmt: skip
terms = st.sampled_from([*INPUTS, "seed", "inf", "pi", "2", "0", "1e-300", "0.5", *CODE])
expressions = st.one_of(
    long,
    st.recursive(
        terms,
        lambda child: st.one_of(
            st.tuples(child, st.sampled_from(["+", "-", "*", "/", "**", " ", ","]), child).map("".join),
            st.tuples(st.sampled_from([*FUNCTIONS, "eval", "-"]), child).map(lambda pair: f"{pair[0]}({pair[1]})"),
            st.tuples(st.sampled_from(FUNCTIONS), child, child).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        ),
        max_leaves=6,
    ),
    st.text("0123456789.eE+-*/() ,sqrtlogeta[]_'\"\n", max_size=40),
)
scalars = st.one_of(integers, reals, st.booleans(), times, texts, expressions)
numbers = st.one_of(st.sampled_from([0.1, 1, 0.5, 2, 3]), integers, reals)
counts = st.one_of(st.sampled_from([1, 2, 3, 4096, 4097, 10**7]), integers, reals)


def _nested(depth, tables):
    value = 1
    for _ in range(depth):
        value = {"a": value} if tables else [value]
    return value


deep = st.builds(_nested, st.sampled_from([3, 40, 300, 2000]), st.booleans())
values = st.recursive(
    scalars,
    lambda child: st.one_of(
        st.lists(child, max_size=4), st.dictionaries(st.one_of(st.sampled_from(KEYS), texts), child, max_size=3)
    ),
    max_leaves=5,
)
axes = st.one_of(
    st.lists(numbers, max_size=5),
    st.integers(0, 3000).map(lambda count: [k + 1 for k in range(count)]),
    st.builds(
        lambda spacing, numbers: {spacing: numbers},
        st.sampled_from(["linear", "log", "values", "linea", ""]),
        st.one_of(st.tuples(numbers, numbers, counts).map(list), st.lists(numbers, max_size=5), values),
    ),
    values,
)
