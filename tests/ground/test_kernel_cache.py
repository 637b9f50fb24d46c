"""The key of a kernel in the cache: other code or other values give another one, another way of loading does not."""

import importlib
import marshal
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from eos_sweep import kernel_cache
from eos_sweep.kernel_cache import _Unknown, _words
from eos_sweep.models import tanh_loops

PACKAGE = Path(kernel_cache.__file__).parent
CACHE = kernel_cache.__name__

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


def reached(function):
    """Yield the modules of this package whose functions a function calls, directly or not, without its own."""
    own, waiting, seen = function.__module__, [function], set()
    while waiting:
        one = waiting.pop()
        one = getattr(one, "py_func", getattr(one, "_defn", one))
        if isinstance(one, type) or not hasattr(one, "__code__") or one in seen:
            continue
        seen.add(one)
        if one.__module__.startswith("eos_sweep.") and one.__module__ != own:
            yield one.__module__
        elif one.__module__ != own:
            continue
        names = kernel_cache._names(one.__code__)
        for value in [one.__globals__.get(name) for name in names]:
            if isinstance(value, types.ModuleType):
                waiting += [vars(value).get(name) for name in names]
            else:
                waiting.append(value)
        waiting += [cell.cell_contents for cell in one.__closure__ or ()]


def test_compiled_loops_have_all_that_they_call_in_their_names():
    """Numba's cache would not notice an edit there."""
    files = [path for path in PACKAGE.rglob("*.py") if "@compiled(" in path.read_text()]
    names = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in files} - {CACHE}
    assert {"eos_sweep.eigen.jacobi", "eos_sweep.models.relu"} <= names
    loops = [importlib.import_module(name) for name in names]
    functions = [one.py_func for module in loops for one in vars(module).values() if hasattr(one, "py_func")]
    functions = list(dict.fromkeys(functions))
    assert len(functions) > 30
    lacking = {one.__qualname__: set(reached(one)) - one.called for one in functions}
    assert not {name: modules for name, modules in lacking.items() if modules}
    assert {"eos_sweep.models.tiles", "eos_sweep.bits"} <= set(reached(tanh_loops.descend.py_func))


LOOP = """
import numpy as np
from eos_sweep.kernel_cache import compiled

@compiled()
def change(numbers):
    numbers[0] *= {factor}

if __name__ == "__main__":
    print(change.py_func.__qualname__)
"""


def test_an_edit_that_leaves_date_and_size_gives_a_loop_another_name(tmp_path):
    """Numba's cache takes what is saved under a name if date and size of its file are those of then."""
    names = []
    for factor in ("2.0", "3.0"):
        file = tmp_path / "loop.py"
        file.write_text(LOOP.format(factor=factor))
        os.utime(file, (0, 0))
        done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=True)
        names.append(done.stdout)
    assert names[0] != names[1] and all(name.startswith("change_") for name in names)
