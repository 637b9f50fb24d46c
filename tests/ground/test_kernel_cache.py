"""The key of a kernel in the cache: other code or other values give another one, another way of loading does not."""

import importlib
import marshal
import types

import numpy as np
import pytest

from eos_sweep.kernel_cache import _Unknown, _words

SOURCE = """
import math
import numpy as np
SCALE = 2.0

def make(power, table=(1.0, 2.0), known={known}):
    def again(x):
        return x if x > 1e30 else again(x * {factor})

    def kernel(x, shift=0.5):
        values = [one for one in (1, 2.5, None) if one != {text!r}]
        return SCALE * np.sqrt(x) ** power + table[0] + again(shift) + math.floor(x) * known{sign}values[0]

    return kernel
"""
GIVEN = {"known": "0.0", "factor": "10.0", "text": "abc", "sign": " + "}


def made(code=None, power=3, scale=2.0, **given):
    space = types.ModuleType("no_module").__dict__ | {"__name__": "eos_sweep.no_module"}
    exec(code or compile(SOURCE.format(**GIVEN | given), "<text>", "exec"), space)
    space["SCALE"] = scale
    return space["make"](power)


def key(function):
    return tuple(_words(function, {}))


@pytest.mark.parametrize("change", [
    {"power": 4}, {"power": 3.0}, {"power": True}, {"scale": -2.0}, {"known": "-0.0"}, {"factor": "11.0"},
    {"text": "abd"}, {"sign": " - "}, {"power": (3,)}, {"power": ((3,),)}, {"power": np.float64(3)},
    {"power": np.arange(3.0)}, {"power": np.arange(3)}, {"power": np.zeros((3, 1))},
    {"power": np.array([0.0, 1.0, -0.0])}, {"power": None}, {"power": frozenset({1, 2})},
], ids=str)  # fmt: skip
def test_what_may_change_a_kernel_changes_its_key(change):
    assert key(made(**change)) != key(made())
    assert key(made(**change)) == key(made(**change))


def test_bytecode_gives_the_key_of_its_source():
    code = compile(SOURCE.format(**GIVEN), "<text>", "exec")
    for _ in range(2):
        assert key(made(code)) == key(made())
        code = marshal.loads(marshal.dumps(code))


def test_of_a_value_without_words_nothing_is_said():
    """Numba's own key is taken then."""
    for value in (object(), {"a": 1}):
        with pytest.raises(_Unknown):
            key(made(power=value))


def test_functions_of_modules_count_by_name():
    found = importlib.import_module("eos_sweep.bits")
    function = next(one for one in vars(found).values() if isinstance(one, types.FunctionType))
    assert key(function) == ("function", function.__module__, function.__qualname__)
