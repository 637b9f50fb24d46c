"""The words of a formula, and errors that point at a place in it."""

import re
from dataclasses import dataclass
from typing import NoReturn

from eos_sweep.errors import InputError, named, short

MAX_CHARACTERS = 5_000
MAX_DIGITS = 1_000  # of a number; all digits of a double are 767
SYMBOLS = ("**", "<=", ">=", "==", "!=", "+", "-", "*", "/", "(", ")", ",", "<", ">", "[", "]")
WORDS = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    rf"|(?P<symbol>//|{'|'.join(map(re.escape, SYMBOLS))})|(?P<end>$)|(?P<other>.))",
    re.ASCII | re.DOTALL,
)
INSTEAD = {
    "^": "use ** for powers", "&": "use 'and'", "|": "use 'or'", "!": "use 'not'", "~": "use 'not'",
    "=": "use == to compare", "//": "use / to divide", "'": "a formula has no texts", '"': "a formula has no texts",
    ".": "write a number such as 0.5", ":": "write one expression", ";": "write one expression",
}  # fmt: skip
ALLOWED = "use numbers, names, + - * / **, parentheses and functions"


@dataclass(frozen=True, slots=True)
class Word:
    """A number, a name, a symbol, or the end."""

    kind: str  # "number", "name", "symbol" or "end"
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Source:
    """A text, and what it is the formula of."""

    text: str
    what: str

    def refuse(self, problem: str, remedy: str, at: int | None = None) -> NoReturn:
        """Raise an error in one line: what the formula is of, the problem, its place, and the remedy."""
        place = ""
        if at is not None:
            rest = self.text[at:].strip()
            place = f" at column {at + 1}" + (f", in {short(named(rest, 24))}" if rest else ", the end")
        raise InputError(f"{self.what}: {problem}{place}; {remedy}")


def words(source: Source, most: int = MAX_CHARACTERS) -> list[Word]:
    """Return the words of a text, the last of kind "end".

    Raises
    ------
    InputError
        If the text is empty or too long, or has a character that no formula has.
    """
    text = source.text
    if not isinstance(text, str):
        source.refuse(f"a formula is a text, got {short(text)}", "write it in quotes")
    if len(text) > most:
        source.refuse(f"{len(text)} characters are too many", f"use at most {most}")
    if not text.strip():
        source.refuse("the formula is empty", ALLOWED)
    if not text.isascii():
        at = next(i for i, character in enumerate(text) if not character.isascii())
        source.refuse(f"{text[at]!a} is no ASCII character", "write Greek letters out: eta, lambda1", at)
    found: list[Word] = []
    for match in WORDS.finditer(text):
        kind, at = str(match.lastgroup), match.start(match.lastgroup or 0)
        word = match.group(kind)
        if kind == "other" or word == "//":
            source.refuse(f"{word!r} is not allowed", INSTEAD.get(word, ALLOWED), at)
        if kind == "number" and len(word) > MAX_DIGITS:
            source.refuse(f"a number of {len(word)} characters is too long", f"use at most {MAX_DIGITS}", at)
        if kind == "name" and found and found[-1].kind == "number" and at == found[-1].at + len(found[-1].text):
            source.refuse("a number runs into a name", "write * between them", found[-1].at)
        found.append(Word(kind, word, at))
        if kind == "end":
            break
    return found
