"""An error that is told to a user is one line, whatever of the user's own is in it."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eos_sweep.errors import InputError, Stopped, named, visible


@given(text=st.text(st.characters()))
def test_what_does_not_show_is_escaped_and_nothing_else_is_changed(text):
    shown = visible(text)
    assert "\n" not in shown and "\x1b" not in shown and visible(shown) == shown
    assert shown == text or not text.isprintable()
    shown.encode()  # a surrogate could not be printed


@pytest.mark.parametrize(("text", "shown"), [
    ("η = 0.1, 日本", "η = 0.1, 日本"), ("20\u202f000", "20\u202f000"), ("a\nb", "a\\nb"), ("\x1b[31m", "\\x1b[31m"),
    ("\udcff.zarr", "\\udcff.zarr"), ("\u202egnp", "\\u202egnp"), ("\u2028", "\\u2028"), ("\\n", "\\n"),
])  # fmt: skip
def test_escapes_are_those_of_python(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize("kind", [InputError, Stopped])
def test_further_arguments_are_further_lines(kind):
    error = kind("a\nb", "c\x1b", 3)
    assert str(error) == "a\\nb\n  c\\x1b\n  3"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # as it comes back from another process


def test_long_names_are_cut():
    assert named("x" * 60) == "x" * 60 and named("x" * 61) == "x" * 57 + "..."
