"""Definitions with names that the code of a model uses itself, and with texts that look like code."""

import ast
import builtins
import itertools

import numpy as np
import pytest

from eos_sweep import functions, plain, scalar
from eos_sweep.conformance import checks
from eos_sweep.derivation import linear, naming, settling
from eos_sweep.derivation.models import source
from eos_sweep.derivation.tables import TAKEN
from eos_sweep.errors import InputError
from helpers.losses import formula_of, model_of

OWN = {
    *naming.MODULE, *dir(builtins), *dir(functions), *dir(scalar), *dir(settling), *dir(linear), *plain.__all__,
    "t0", "t1", "t00", "x_power", "x_", "dx", "dt0", "line_x", "inlined", "model", "types", "STATE", "eta_", "self",
    "SHARPNESS_STAGES", "GUARD", "CARRIED", "match", "case", "type", "symmetric_stable", "rescaled", "d0", "e1",
}  # fmt: skip
LOSS = "{a}*{x}**2*{y}**2/2 + (1 - {y}*{z})**2/2 + 0.1*log_cosh({y})"


def allowed(names):
    """Return those of ``names`` that a formula may use."""
    found = []
    for name in sorted(names):
        try:
            formula_of(f"{name}**2", [name])
            found.append(name)
        except InputError:
            assert name in TAKEN or not name.isidentifier() or name.startswith("_") or name == "eta" or name in KEYWORDS
    return found


KEYWORDS = {"None", "True", "False", "and", "or", "not", "select"}


def numbers(model):
    """Return what the functions of a model compute at one point."""
    theta, p = tuple(map(np.float64, (0.3, 0.7, 1.1))), (np.float64(0.8), np.float64(0.1))
    if model.CARRIED:
        theta = (*theta, np.float64(0.0))
    v = tuple(map(np.float64, (0.2, 0.5, -0.3)))
    loss = model.loss(theta, p)
    return [
        *map(float, model.step(model.rescale(theta, p), p)), float(loss), *map(float, model.tangent(theta, p, v)),
        *map(float, model.hessian(theta, p).ravel()), float(model.remaining_loss(theta, p, loss)),
        bool(model.settled(theta, p, loss, 1e-6)), float(model.threshold(p)), bool(model.clipped(theta, p)),
    ]  # fmt: skip


def test_names_that_the_code_uses_itself_change_nothing():
    given = {"a": {"above": 0}}
    plainly = numbers(model_of(LOSS.format(a="a", x="x", y="y", z="z"), ["x", "y", "z"], parameters=given))
    names = allowed(OWN)
    assert len(names) > 100
    for group in itertools.zip_longest(*[iter(names)] * 4):
        a, x, y, z = (name or usual for name, usual in zip(group, "axyz", strict=True))
        model = model_of(LOSS.format(a=a, x=x, y=y, z=z), [x, y, z], parameters={a: {"above": 0}})
        assert numbers(model) == plainly, group
        assert list(model.STATE) == [x, y, z] and list(model.PARAMETERS) == [a, "eta"]


@pytest.mark.parametrize("names", [("x", "x_power", "dx"), ("x", "x_", "x__"), ("theta", "theta_", "theta__")])
def test_names_that_differ_by_what_is_appended(names):
    x, y, z = names
    given = {"a": {"above": 0}}
    model = model_of(LOSS.format(a="a", x=x, y=y, z=z), list(names), parameters=given)
    for check in (checks.check_descent, checks.check_hessian, checks.check_tangent):
        check(model)


def test_texts_stay_texts():
    evil = '"""\nimport os; os.system("x")\n\'\'\' \\ {evil} $x$ %s'
    formula = formula_of(
        "a*x**2",
        title=" ".join(evil.split()),
        reference=" ".join(evil.split()),
        state={"x": {"long_name": 'x""" + evil() + """', "symbol": "'); evil('"}},
        parameters={"a": {"default": "1 + evil('')", "long_name": "\\"}},
        presets={"a": {"evil": "__import__('os')"}},
        lines={"evil": {"ratio": "eta*a", "label": '"""', "meaning": "'''\\"}},
        name="evil",
    )
    tree = ast.parse(source(formula))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    known = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    brought = {
        name.asname or name.name for node in tree.body if isinstance(node, ast.ImportFrom) for name in node.names
    }
    assert called <= known | brought | {"abs", "np.sqrt", "stable"}
    assert all(node.module.startswith("eos_sweep.") for node in tree.body if isinstance(node, ast.ImportFrom))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not {name for name in names if "evil" in name and name != "line_evil"}
    assert "os" not in names


def test_the_text_is_python_of_usual_width():
    text = source(formula_of(" + ".join(f"{name}(x*y)" for name in sorted(ALL)) + " + x**2*z**2"))
    assert max(map(len, text.splitlines())) <= 120
    compile(text, "formula", "exec")


ALL = (
    "sqrt", "exp", "expm1", "log", "log1p", "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "erf",
    "erfc", "normal_cdf", "sigmoid", "softplus", "log_cosh",
)  # fmt: skip
