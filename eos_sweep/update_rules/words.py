"""The edges of rules as plain text."""

import re

GREEK = {"beta": "β", "eta": "η", "lambda": "λ", "rho": "ρ"}
SMALL = str.maketrans("0123456789t", "₀₁₂₃₄₅₆₇₈₉ₜ")


def plain(formula: str) -> str:
    r"""Return a formula of mathtext as a line of text.

    Examples
    --------
    >>> from eos_sweep.update_rules.words import plain
    >>> plain(r"\frac{2(1+\beta)}{(1+2\beta)\eta}")
    '2(1+β)/((1+2β)η)'
    """
    text = re.sub(r"\}\s*\\left", "}·", formula)
    text = re.sub(r"\\(left|right)\b", "", text)
    text = re.sub(r"\\([a-z]+)", lambda found: GREEK.get(found[1], found[0]), text)
    text = re.sub(r"_\{?(\w)\}?", lambda found: found[1].translate(SMALL), text)
    text = re.sub(r"\^\{?(\w)\}?", lambda found: {"2": "²", "t": "ᵗ"}[found[1]], text)
    before = ""
    while before != text:
        before = text
        text = re.sub(r"\\sqrt\{([^{}]*)\}", r"√(\1)", text)
        text = re.sub(
            r"\\frac\{([^{}]*)\}\{([^{}]*)\}", lambda found: f"{_grouped(found[1], '+-')}/{_grouped(found[2])}", text
        )
    return text


def _grouped(text: str, signs: str = "") -> str:
    """Return the text in parentheses where a quotient needs them: around sums, and around products below its line."""
    outside = re.sub(r"\([^()]*\)", "()", text)
    simple = not any(sign in outside for sign in signs) if signs else len(text) == 1
    return text if simple else f"({text})"
