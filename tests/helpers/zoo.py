"""A small package whose digests are taken, and how its files are written."""

import textwrap

FILES = {
    "my_zoo/__init__.py": "",
    "my_zoo/model.py": """
        '''A model.'''
        import numpy as np
        from my_zoo.gradient import slope, seen
        from my_zoo.gradient import hidden as unseen
        from . import limits, words
        from my_zoo.plain import *

        TITLE = "a model"
        COEFFICIENTS = (1.0, 2.0)  # of the polynomial

        def _offset(x):
            return x + limits.LIMIT

        def step(x, eta):
            '''Take a step.'''
            if eta < 0.0:
                raise ValueError(f"{words.NAME}: got {eta}")
            return _offset(x - eta * slope(x)) + seen(x) - unseen(x) + COEFFICIENTS[0] * shift(x)

        def lazy(x):
            from my_zoo.deeper.formula import RATE
            return RATE * x
        """,
    "my_zoo/gradient.py": """
        from .deeper.formula import RATE
        from .registry import register

        def slope(x):
            power = x
            return RATE * power

        def seen(x):
            return x

        def hidden(x):
            return 0.0 * x

        def power(x):
            return x * x

        @register(slope)
        def _compiled(x):
            return RATE * x
        """,
    "my_zoo/plain.py": "def shift(x: float) -> float:\n    return x + 1.0\ndef other(x):\n    return x\n",
    "my_zoo/limits.py": "LIMIT = 1e30\nMOST = 10\n",
    "my_zoo/words.py": "NAME = 'step'\n",
    "my_zoo/registry.py": "def register(known):\n    return lambda function: function\n",
    "my_zoo/stranger.py": "NUMBER = 1\n",
    "my_zoo/deeper/__init__.py": "",
    "my_zoo/deeper/formula.py": "RATE = 2.0\n",
}


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(textwrap.dedent(text))
