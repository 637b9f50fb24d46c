"""A tree's text, parsed again, is the same tree."""

import sys
import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.errors import InputError
from eos_sweep.formulas.grammar import parse, parse_condition
from eos_sweep.formulas.text import MAX_SHOWN, show
from eos_sweep.formulas.tree import Call, Name, Number

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
LITERALS = st.one_of(
    st.integers(0, 2**70).map(str),
    st.floats(0, sys.float_info.max).map(repr),
    st.sampled_from(["a", "b", "lambda1", "pi", "e", "x[0]", "x[1]", "1e22", ".5", "5e-324", "0"]),
)
TABLES = {"x": [-0.5, 1e300], "y": [3, -7]}


def numbers(inner):
    """Texts of numbers made of texts of numbers."""
    pairs = st.tuples(inner, inner)
    comparison = st.builds(
        lambda first, rest: first + "".join(f" {sign} ({other})" for sign, other in rest),
        inner.map("({})".format),
        st.lists(st.tuples(st.sampled_from(COMPARISONS), inner), min_size=1, max_size=3),
    )
    condition = st.recursive(
        comparison,
        lambda some: st.one_of(
            some.map("not {}".format),
            some.map("({})".format),
            st.builds("{} {} {}".format, some, st.sampled_from(["and", "or"]), some),
            st.builds("({}) {} ({})".format, some, st.sampled_from(["and", "or"]), some),
        ),
        max_leaves=3,
    )
    return st.one_of(
        st.builds("{0[0]} {1} {0[1]}".format, pairs, st.sampled_from(["+", "-", "*", "/", "**"])),
        st.builds("({0[0]}) {1} ({0[1]})".format, pairs, st.sampled_from(["+", "-", "*", "/", "**"])),
        st.builds("{}{}".format, st.sampled_from("-+"), inner),
        inner.map("-({})".format),
        st.builds("{}({})".format, st.sampled_from(["tanh", "log_cosh", "abs"]), inner),
        st.builds("{}({}, {}, {})".format, st.sampled_from(["min", "max"]), inner, inner, inner),
        st.builds("select({}, {}, {})".format, condition, inner, inner),
        st.builds("sum(i, x[i]*({}) - y[i])".format, inner.filter(lambda text: "[i]" not in text)),
    )


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # it names the whole strategy
@settings(max_examples=400)
@given(st.recursive(LITERALS, numbers, max_leaves=12))
def test_the_text_of_a_parsed_tree_is_parsed_to_the_same_tree(text):
    tree = parse(text, "loss", TABLES, most=10**6)
    shown = show(tree)
    again = parse(shown, "loss", most=MAX_SHOWN)
    assert again == tree
    assert show(again) == shown
    condition = parse_condition(f"not ({text} < 1) or a < inf", "guard", most=10**6) if "[" not in text else None
    if condition:
        assert parse_condition(show(condition), "guard", most=MAX_SHOWN) == condition


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("((a)+((b)))", "a + b"),
        ("(a*b)*(c/a)", "a*b*(c/a)"),
        ("a-(b-c)", "a - (b - c)"),
        ("(-2)**2", "(-2)**2"),
        ("-(2**2)", "-2**2"),
        ("(-a)*b", "-a*b"),
        ("-(a*b)", "-(a*b)"),
        ("a - -2", "a - -2"),
        ("a**(b**c)", "a**b**c"),
        ("(a**b)**c", "(a**b)**c"),
        ("a**(-b)", "a**-b"),
        ("1e-3*a", "0.001*a"),
        ("min(min(a,b),c)", "min(a, b, c)"),
        ("min(a,min(b,c))", "min(a, min(b, c))"),
        ("select((0<a) and (a<1), a, b)", "select(0 < a < 1, a, b)"),
        ("select((a<b and b<c) or not c<a, a, b)", "select(a < b < c or not c < a, a, b)"),
    ],
)
def test_a_text_has_the_fewest_parentheses(text, shown):
    assert show(parse(text, "loss")) == shown


def test_a_fraction_that_is_no_double_is_a_quotient():
    third = Number(Fraction(1, 3))
    assert show(Call("*", (Name("a"), third))) == "a*(1/3)"
    assert show(Call("**", (Number(Fraction(-1, 3)), Number(Fraction(2))))) == "(-1/3)**2"


def test_what_is_chained_takes_no_longer_text_each_time():
    text = "a"
    for _ in range(50):
        text = f"select(0 < {text} < 1, 1, 2)"
    assert show(parse(text, "loss")) == text


def test_a_text_that_would_be_huge_is_refused_at_once():
    tree = Name("a")
    for _ in range(2000):
        tree = Call("*", (tree, tree))
    begun = time.perf_counter()
    with pytest.raises(InputError, match="a formula has a text of more than 100000 characters"):
        show(tree)
    assert time.perf_counter() - begun < 5


def test_a_deep_tree_is_no_deep_recursion():
    tree = Name("a")
    for _ in range(5000):
        tree = Call("-", (Number(Fraction(1)), tree))
    assert show(tree).count("(") == 4999
    assert show(parse("+".join(["a"] * 2400), "loss")) == " + ".join(["a"] * 2400)
