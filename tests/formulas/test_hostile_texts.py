"""Whatever the text, the parser returns a tree or raises one error of one line, soon."""

import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.errors import InputError
from eos_sweep.formulas.grammar import parse, parse_condition
from eos_sweep.formulas.text import MAX_SHOWN, show

TABLES = {"x": [1.0, -2.0], "y": [0.5, 3.0]}
PIECES = [
    *"abij()[],+-*/<>=!^&|~.:;'\"\\#@ \n\t\0λ∞١", "x", "y", "**", "<=", "==", "//", "sum(i,", "mean(j,", "x[i]", "y[j]",
    "x[0]", "select(", "min(", "tanh(", "not ", " and ", " or ", "inf", "pi", "True", "None", "lambda", "if", "1",
    "0.5", "1e9", "1e999", "2j", "0x1", "1_0", "__import__", "print(", "f'{a}'", "x[i+1]", "9" * 30,
]  # fmt: skip
HUGE = [
    "(" * 4999, "-" * 4999, "not " * 1200, "a**" * 1600, "[" * 4999, "tanh(" * 990, "1" * 4999, "1e" + "9" * 4000,
    "a<" * 2400 + "a", "sum(i,x[i]*" * 400, "sum(i," * 800, "min(" + "a," * 2000 + "a)", "9" * 4000 + ".5", "." * 4999,
    "a" * 5000, "select(a<1," * 400, " " * 5000, "\n" * 5000, "a" * 10**6, "a" + "\n+a" * 1600, "((a)," * 900,
    "a[" * 2000,
]  # fmt: skip


def check(text):
    for read in (lambda: parse(text, "loss", TABLES), lambda: parse_condition(text, "guard")):
        try:
            tree = read()
        except InputError as error:
            assert "\n" not in str(error) and len(str(error)) < 400 and str(error).isprintable()
        else:
            try:
                assert len(show(tree)) <= MAX_SHOWN
            except InputError as error:
                assert "a formula has a text of more than" in str(error)


@settings(max_examples=1500)
@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.text(max_size=40)))
def test_any_text_gives_a_tree_or_one_line(text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(text)


@pytest.mark.parametrize("text", HUGE, ids=[text[:12].strip() or "space" for text in HUGE])
def test_a_huge_text_is_answered_soon(text):
    begun = time.perf_counter()
    check(text)
    assert time.perf_counter() - begun < 5


def test_a_full_stack_is_an_error_of_one_line():
    def at_depth(depth):
        return at_depth(depth - 1) if depth else parse("(" * 99 + "a" + ")" * 99, "loss")

    with pytest.raises(InputError, match="levels of parentheses"):
        at_depth(880)
