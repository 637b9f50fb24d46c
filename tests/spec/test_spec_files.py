"""A file that holds no spec is refused in one line, before it can take long or hang."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.errors import SpecError
from eos_sweep.spec.sweeps import load_spec

# What is wrong, and two pieces of the line that tells: the key with the value, and the remedy.
DOTTED = ".".join("k" * 17)


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (None, "No such file"),
        (b"model = ", "not TOML"),
        (b"model = 'a'\nmodel = 'b'", "not TOML"),
        (b"\xff\xfe", "not TOML"),
        (b"steps = " + b"9" * 5000, "not TOML"),
        (b"x = " + b"[" * 5000, "not TOML"),
        (b"x" + b".x" * 32_000 + b" = 1", "not TOML: a key of more than 16 parts"),
        (b"['x'" + b' . "x"' * 32_000 + b"]", "not TOML: a key of more than 16 parts"),
        (b'x = """y""""\n[x' + b".x" * 32_000 + b"]", "not TOML: a key of more than 16 parts"),
        (b"x = '" + b"y" * 2**23 + b"'", "more than 8388608 bytes"),
        (b"y" * 10**6 + b" = 1", "yyy...: unknown key"),
        (b'"' + b"y" * 10**6, "not TOML"),
        (b"x = '\x1b'", "not TOML"),
        (b"", "missing"),
    ],
)
def test_a_bad_file_is_an_error_of_one_line(tmp_path, content, fragment):
    path = tmp_path / "spec.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert fragment in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "title = 'one. two. three. " + "four." * 100 + "'",
        f'title = "{DOTTED}"',
        f"title = '''\n{DOTTED} = 1\n'''",
        f"# {DOTTED} = 1",
        f'title = """a""" # {DOTTED} = 1',
    ],
)
def test_dots_that_are_in_no_key_are_let_in(tmp_path, content):
    path = tmp_path / "spec.toml"
    path.write_text(content)
    with pytest.raises(SpecError, match="missing"):
        load_spec(path)


def test_an_endless_file_is_refused():
    with pytest.raises(SpecError, match="/dev/zero: more than 8388608 bytes"):
        load_spec("/dev/zero")
    with pytest.raises(SpecError, match="give the path of a TOML file"):
        load_spec("a\0b")


@settings(max_examples=300)
@given(text=st.text(st.sampled_from("\"'#\\\n .=[]xy"), max_size=40))
def test_no_text_hides_a_dotted_key(tmp_path_factory, text):
    """If TOML takes it for a key, it is found, whatever stands before it."""
    path = tmp_path_factory.getbasetemp() / "spec.toml"
    path.write_text(f"{text}\n{DOTTED} = 1\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    try:
        keys = set(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        keys = set()
    assert "more than 16 parts" in str(caught.value) or "k" not in keys


def test_a_folder_is_no_spec(tmp_path):
    with pytest.raises(SpecError, match="directory"):
        load_spec(tmp_path)
