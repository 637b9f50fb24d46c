"""What the grammar of formulas means, and what it refuses."""

import time
from fractions import Fraction

import pytest

from eos_sweep.errors import InputError
from eos_sweep.formulas.grammar import parse, parse_condition
from eos_sweep.formulas.parts import MAX_NODES
from eos_sweep.formulas.tree import Call, Name, Number, names, walk

A, B, C, X = map(Name, "abcx")
TABLES = {"x": [1, 2, 3.5], "y": [0.0, -1.5, 1.0], "short": [1.0, 2.0], "empty": [], "bad": [1.0, float("nan")]}


def number(value):
    return Number(Fraction(value))


def call(function, *operands):
    return Call(function, operands)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("2", number(2)),
        ("0.1", number(0.1)),
        (".5e-1", number(0.05)),
        ("9007199254740993", number(9007199254740993)),
        ("-2", number(-2)),
        ("--2", number(2)),
        ("+a", A),
        ("a - b - c", call("-", call("-", A, B), C)),
        ("a/b*c", call("*", call("/", A, B), C)),
        ("a + b*c", call("+", A, call("*", B, C))),
        ("-a*b", call("*", call("negative", A), B)),
        ("-2**2", call("negative", call("**", number(2), number(2)))),
        ("a**b**c", call("**", A, call("**", B, C))),
        ("a**-b**c", call("**", A, call("negative", call("**", B, C)))),
        ("x**66", call("**", X, number(66))),
        ("x**-2", call("**", X, number(-2))),
        ("x**0.5", call("**", X, number(0.5))),
        ("pi*e", call("*", Name("pi"), Name("e"))),
        ("min(a, b, c)", call("min", call("min", A, B), C)),
        ("tanh(\n a )", call("tanh", A)),
        ("select(a < b, 1, 2)", call("select", call("<", A, B), number(1), number(2))),
    ],
)
def test_a_text_has_the_tree_that_python_would_give_it(text, tree):
    assert parse(text, "loss") == tree


def test_conditions_are_joined_and_chained():
    chain = call("and", call("<", number(0), A), call("<=", A, B))
    assert parse_condition("0 < a <= b", "guard") == chain
    assert parse_condition("0 < a <= b or not c != 1", "guard") == call(
        "or", chain, call("not", call("!=", C, number(1)))
    )
    assert parse_condition("(a < b) and -inf < c", "guard") == call(
        "and", call("<", A, B), call("<", call("negative", Name("inf")), C)
    )


def test_a_sum_is_written_out_from_the_first_index_to_the_last():
    assert parse("sum(i, a*x[i])", "loss", TABLES) == parse("a*1 + a*2 + a*3.5", "loss")
    assert parse("mean(i, (a*x[i] - y[i])**2)", "loss", TABLES) == parse(
        "((a*1 - 0)**2 + (a*2 - -1.5)**2 + (a*3.5 - 1)**2)/3", "loss"
    )
    assert parse("x[2]*a + short[0]", "loss", TABLES) == parse("3.5*a + 1", "loss")
    nested = parse("sum(i, x[i]*sum(j, short[j]*a))", "loss", TABLES)
    assert nested == parse("1*(1*a+2*a) + 2*(1*a+2*a) + 3.5*(1*a+2*a)", "loss")
    assert parse("mean(k, a*x[k])", "loss", {"x": [2]}) == parse("a*2", "loss")


def test_equal_parts_are_one_object():
    tree = parse("tanh(a + b)*tanh(a+b) + sum(i, x[i]*tanh(a + b))", "loss", TABLES)
    assert sum(part == parse("tanh(a + b)", "loss") for part in walk(tree)) == 1
    assert names(tree) == {"a", "b"}


def test_a_part_knows_its_place():
    tree = parse("1 +  tanh(foo)", "loss")
    assert [(part.at, type(part).__name__) for part in walk(tree)] == [
        (0, "Number"),
        (10, "Name"),
        (5, "Call"),
        (2, "Call"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the formula is empty; use numbers"),
        ("a^2", "'^' is not allowed at column 2, in '^2'; use ** for powers"),
        ("a // b", "'//' is not allowed at column 3, in '// b'; use / to divide"),
        ("a & b", "use 'and'"),
        ("2a", "a number runs into a name at column 1, in '2a'; write * between them"),
        ("1_000", "write * between them"),
        ("1e999", "a number is too large at column 1"),
        ("9" * 400, "a number is too large"),
        ("x[0] + " + "0" * 4400, "a number of 4400 characters is too long at column 8"),
        ("x[0] + 0." + "1" * 4400, "a number of 4402 characters is too long at column 8"),
        ("x[" + "1" * 4400 + "]", "a number of 4400 characters is too long at column 3"),
        ("x[1234567890123]", "x[1234567890123] is beyond the 3 numbers of x at column 1"),
        ("1e-999", "a number is too small at column 1"),
        ("a b", "an operator is missing at column 3, in 'b'"),
        ("a if b else c", "an operator is missing at column 3, in 'if b else c'; use select(condition, yes, no)"),
        ("(a", "')' is missing at column 3, the end"),
        ("a)", "not expected here at column 2"),
        ("a +", "a number or a name is missing at column 4, the end"),
        ("tanh", "tanh is a function at column 1, in 'tanh'; write tanh(...)"),
        ("tanhh(a)", "no function 'tanhh' at column 1, in 'tanhh(a)'; did you mean 'tanh'?"),
        ("tanh(a, b)", "tanh has 2 operands at column 1, in 'tanh(a, b)'; it takes 1 operand"),
        ("min(a)", "min has 1 operand at"),
        ("select(a < b, 1)", "it takes select(condition, yes, no)"),
        ("select(a, 1, 2)", "a number stands where a condition is needed at column 8"),
        ("select(a < 1, b < 2, 3)", "a condition stands where a number is needed at column 15"),
        ("a < 1", "a condition stands where a number is needed at column 1"),
        ("1 + not a", "a number stands where a condition is needed at column 9"),
        ("True", "True cannot be used at column 1, in 'True'; write the condition itself, such as x > 0"),
        ("lambda*2", "Python reserves this word; use lambda1 or lam"),
        ("class + 1", "class cannot be used at column 1, in 'class + 1'; use another name"),
        ("inf", "inf is no number of this formula"),
        ("λ", "is no ASCII character at column 1"),
        ("a.b", "'.' is not allowed at column 2"),
        ("a\x00", "'\\x00' is not allowed at column 2"),
        ("(" * 101 + "a" + ")" * 101, "more than 100 levels"),
        ("-" * 101 + "a", "more than 100 levels"),
        ("a" + "**a" * 101, "more than 100 levels"),
        ("a" * 5001, "5001 characters are too many; use at most 5000"),
        (None, "a formula is a text, got None"),
        ("x", "x is a table at column 1, in 'x'; write sum(i, ... x[i] ...)"),
        ("sum(a)", "sum has no index at column 5, in 'a)'; write sum(i, ... x[i] ...)"),
        ("sum(i, a)", "no table is used with the index i at column 5"),
        ("sum(i, x[i]*short[i])", "the tables of index i need one length above 0: x has 3, short has 2"),
        ("sum(i, empty[i])", "empty has 0"),
        ("sum(i, z[i])", "no table 'z' at column 8"),
        ("sum(i, x[i]*i)", "i is an index at column 13, in 'i)'; write it in brackets, as in x[i]"),
        ("sum(i, sum(i, x[i]))", "the index i is also the index of a sum around it"),
        ("sum(y, x[y])", "the index y is also a table"),
        ("sum(pi, x[pi])", "pi is no name for an index"),
        ("sum(i, x[j])", "no table is used with the index i"),
        ("x[3]", "x[3] is beyond the 3 numbers of x at column 1"),
        ("x[-1]", "not an index at column 3"),
        ("x[i]", "not an index at column 3, in 'i]'; use a whole number"),
        ("bad[1]", "bad[1] is nan at column 1"),
    ],
)
def test_an_error_says_what_where_and_what_to_do(text, message):
    with pytest.raises(InputError) as caught:
        parse(text, "loss", TABLES)
    assert str(caught.value).startswith("loss: ") and message in str(caught.value) and "\n" not in str(caught.value)


def test_a_condition_is_no_number():
    with pytest.raises(InputError, match="guard: a number stands where a condition is needed at column 1, in 'a'"):
        parse_condition("a", "guard")


def test_a_sum_that_is_too_large_is_refused_before_it_takes_memory():
    tables = {"x": range(10**6), "ones": [1.0] * 2000}
    begun = time.perf_counter()
    for text in (
        "sum(i, a*x[i])",
        "sum(i, x[i]*sum(j, x[j]*sum(k, x[k]*a)))",
        "sum(i, ones[i]*sum(j, ones[j]*sum(k, ones[k]*" + "(" * 90 + "a" + ")" * 90 + ")))",
    ):
        with pytest.raises(InputError, match=f"more than {MAX_NODES} parts .* tanh_net, relu, linear_net_full"):
            parse(text, "loss", tables)
    assert time.perf_counter() - begun < 20


def test_a_formula_of_many_terms_is_no_deep_recursion():
    assert len(list(walk(parse("+".join(["a*b"] * 1200), "loss")))) == 1202
