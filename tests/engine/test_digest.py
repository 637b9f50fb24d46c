"""A digest changes with every edit that can change a number, and with no other."""

import os
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

import eos_sweep
from eos_sweep import models, observables
from eos_sweep.contract import ObservableRecord
from eos_sweep.engine import batch
from eos_sweep.engine.digest import digest
from eos_sweep.engine.sources import digest_of
from eos_sweep.models import bivariate
from eos_sweep.observables import claim_counting, claims, loss_rises, outcome
from helpers.zoo import FILES, write

CHANGED = [
    ("my_zoo/model.py", "x - eta * slope", "x + eta * slope"),
    ("my_zoo/model.py", "eta < 0.0", "eta < 1.0"),
    ("my_zoo/model.py", "COEFFICIENTS = (1.0, 2.0)", "COEFFICIENTS = (1.5, 2.0)"),
    ("my_zoo/model.py", "import slope, seen\n", "import slope, hidden as seen\n"),
    ("my_zoo/model.py", "import hidden as unseen", "import seen as unseen"),
    ("my_zoo/model.py", "seen(x) - unseen(x)", "unseen(x) - seen(x)"),
    ("my_zoo/model.py", "return x + limits.LIMIT", "return x + limits.MOST"),
    ("my_zoo/model.py", "return RATE * x", "return x"),
    ("my_zoo/gradient.py", "        power = x\n", "        power = 2.0 * x\n"),
    ("my_zoo/gradient.py", "@register(slope)\n        def _compiled(x):\n            return RATE * x",
     "@register(slope)\n        def _compiled(x):\n            return x"),
    ("my_zoo/gradient.py", "        @register(slope)\n", ""),
    ("my_zoo/plain.py", "x + 1.0", "x + 1.5"),
    ("my_zoo/limits.py", "1e30", "1e31"),
    ("my_zoo/registry.py", "lambda function: function", "lambda function: known"),
    ("my_zoo/deeper/formula.py", "2.0", "2.5"),
]  # fmt: skip

SAME = [
    ("my_zoo/model.py", "'''A model.'''", "'''Another docstring.'''"),
    ("my_zoo/model.py", "'''Take a step.'''", "'''Step.'''"),
    ("my_zoo/model.py", "# of the polynomial", "# reworded"),
    ("my_zoo/model.py", '"a model"', '"another title"'),
    ("my_zoo/model.py", "(1.0, 2.0)", "(1.0,\n               2.0,)"),
    ("my_zoo/model.py", 'f"{words.NAME}: got {eta}"', '"bad step size"'),
    ("my_zoo/model.py", "_offset", "_moved"),
    ("my_zoo/model.py", "import slope, seen\n", "import slope as descent, seen\n"),
    ("my_zoo/model.py", "import slope, seen\n", "import seen, slope\n"),
    ("my_zoo/gradient.py", "def power(x):", "def power(x, y=1):"),
    ("my_zoo/plain.py", "x: float) -> float", "x)"),
    ("my_zoo/plain.py", "return x\n", "return 2 * x\n"),
    ("my_zoo/words.py", "'step'", "'a step'"),
    ("my_zoo/limits.py", "MOST = 10", "MOST = 11"),
    ("my_zoo/stranger.py", "1", "2"),
    ("my_zoo/__init__.py", "", "from . import limits\n"),
]


def of(module):
    return digest((module, ["step", "lazy"]))


def edited(folder, name, old, new):
    text = FILES[name]
    assert text.count(old) >= 1
    new_text = text.replace(old, new)
    if "as descent" in new:
        new_text = new_text.replace("slope(x))", "descent(x))")
    write(folder, {name: new_text})


@pytest.mark.parametrize("name, old, new", CHANGED)
def test_an_edit_that_can_change_a_number_changes_it(zoo, name, old, new):
    folder, model = zoo
    before = of(model)
    assert of(model) == before
    edited(folder, name, old, new)
    assert of(model) != before


@pytest.mark.parametrize("name, old, new", SAME)
def test_an_edit_that_cannot_does_not(zoo, name, old, new):
    folder, model = zoo
    before = of(model)
    edited(folder, name, old, new)
    assert of(model) == before


def test_a_file_may_be_moved_and_renamed(zoo):
    folder, model = zoo
    before = of(model)
    gradient = FILES["my_zoo/gradient.py"].replace(".deeper.formula", "my_zoo.rates").replace(".registry", "..registry")
    model_text = FILES["my_zoo/model.py"].replace("my_zoo.gradient", "my_zoo.deeper.descent")
    model_text = model_text.replace("my_zoo.deeper.formula", "my_zoo.rates")
    model_text = model_text.replace("limits, words", "bounds, words").replace("limits.", "bounds.")
    write(folder, {"my_zoo/model.py": model_text, "my_zoo/deeper/descent.py": gradient})
    write(folder, {"my_zoo/rates.py": FILES["my_zoo/deeper/formula.py"], "my_zoo/bounds.py": FILES["my_zoo/limits.py"]})
    for old in ("gradient", "limits", "deeper/formula"):
        (folder / f"my_zoo/{old}.py").unlink()
    program = "import sys; sys.path.insert(0, sys.argv[1]); import my_zoo.model as m"
    program += "; from eos_sweep.engine.digest import digest"
    program += "; print(digest((m, ['step', 'lazy'])))"
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == before


def test_names_count_in_their_order_and_texts_do(zoo):
    _, model = zoo
    assert digest((model, ["step"])) != digest((model, ["lazy"])) != digest((model, ["step", "lazy"]))
    assert digest("a", (model, ["step"])) != digest("b", (model, ["step"]))
    assert digest((model, ["no_such_name"])) != digest((model, []))


def test_a_table_may_gain_a_row(zoo):
    folder, model = zoo
    before = digest((model, ["step"]), tables=["my_zoo.limits"])
    write(folder, {"my_zoo/limits.py": "LIMIT = 2\n"})
    assert digest((model, ["step"]), tables=["my_zoo.limits"]) == before != of(model)


@pytest.mark.parametrize("place", ["lib/site-packages", "python3/dist-packages"])
def test_installed_packages_count_by_name_wherever_they_lie(zoo, place, monkeypatch):
    folder, model = zoo
    monkeypatch.syspath_prepend(folder / place)
    edited(folder, "my_zoo/gradient.py", "from .deeper.formula", "from far_away")
    write(folder, {f"{place}/far_away.py": "RATE = 2.0\n"})
    before = of(model)
    write(folder, {f"{place}/far_away.py": "from far_away import RATE\n"})  # would be followed for ever
    assert of(model) == before
    (folder / place / "far_away.py").rename(folder / "far_away.py")
    write(folder, {"far_away.py": "RATE = 2.0\n"})
    assert of(model) != before


def test_models_and_observables_have_digests_of_their_own():
    pairs = [(bivariate, outcome), (bivariate, loss_rises), (models.get("quartic"), outcome)]
    found = [digest_of(model, (observable,), (batch, ["run"])) for model, observable in pairs]
    assert len(set(found)) == 3


def test_claims_that_share_a_module_have_digests_of_their_own():
    made = [name for name in observables.CLAIMS if name != "theorem_4_1"]
    assert len({digest_of(bivariate, (observables.get(name),)) for name in made}) == len(made)


@pytest.mark.parametrize(("change", "same"), [
    ({"words": "reworded", "asked": "reworded"}, True), ({"tolerance": 1e-3}, False),
    ({"counting": claim_counting.EACH_STEP}, False)
])  # fmt: skip
@pytest.mark.parametrize("name", ["lemma_4_2_i", "theorem_4_6"])
def test_a_claim_may_be_reworded_but_not_counted_in_another_way(name, change, same):
    before = digest_of(bivariate, (observables.get(name),))
    claim = claims.CLAIMS[name]
    assert digest_of(bivariate, (claims.observable(name, claim),)) == before
    assert (digest_of(bivariate, (claims.observable(name, claim._replace(**change)),)) == before) == same


def test_what_a_digest_cannot_cover_is_refused():
    unhashed = ObservableRecord(**vars(observables.get("balance")) | {"KEPT": object()})
    with pytest.raises(TypeError, match="cannot cover"):
        digest_of(bivariate, (unhashed,))
    program = types.ModuleType("my_observable")
    exec("fold = lambda theta: 2.0", program.__dict__)
    anonymous = ObservableRecord(**vars(observables.get("balance")) | {"fold": program.fold})
    with pytest.raises(TypeError, match="a lambda of the module my_observable"):
        digest_of(bivariate, (anonymous,))


def test_defaults_of_a_function_and_the_shape_of_a_tuple_count():
    def made(first, second, **changes):
        def fold(theta, power=first, *, scale=second):
            return theta**power * scale

        return ObservableRecord(**vars(observables.get("balance")) | {"fold": fold} | changes)

    records = [made(1.0, 2.0), made(1.5, 2.0), made(1.0, 2.5)]
    records += [made(1.0, 2.0, KEPT=kept) for kept in ((("a",), ("b", "c")), (("a", "b"), ("c",)))]
    assert len({digest_of(bivariate, (record,)) for record in records}) == len(records)


def test_an_installed_package_is_not_imported_to_look_into_it(zoo, monkeypatch):
    folder, model = zoo
    monkeypatch.syspath_prepend(folder / "lib/site-packages")
    failing = "raise RuntimeError('imported')\n"
    write(folder, {f"lib/site-packages/far_off/{name}.py": failing for name in ("__init__", "deep/__init__")})
    edited(folder, "my_zoo/model.py", "from my_zoo.deeper.formula import RATE", "from far_off.deep.formula import RATE")
    assert of(model)
    assert "far_off" not in sys.modules


SPEC = """
model = "quartic"
steps = 20
observables = ["steps_taken", "loss_rises"]
axes.eta = [{values}]
initial = {{ x = 0.5, y = 0.1 }}
"""
REWORDED = [
    ("models/quartic.py", 'TITLE = "', 'TITLE = "once more: '),
    ("regimes.py", "the loss left every bound, or", "the loss is above every bound, or"),
    ("exponent.py", '"""Return mantissa and power', '"""Give mantissa and power'),
    ("engine/batch.py", '    """Run one trajectory for', '    # reworded\n    """Run a trajectory for'),
]


@pytest.mark.slow
def test_a_stored_sweep_goes_on_after_a_rewording_and_not_after_an_edit(tmp_path):
    package = tmp_path / "eos_sweep"
    shutil.copytree(Path(eos_sweep.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))

    def edit(name, old, new):
        text = (package / name).read_text()
        assert text.count(old) == 1
        (package / name).write_text(text.replace(old, new))

    def run(*values):
        (tmp_path / "spec.toml").write_text(SPEC.format(values=", ".join(map(str, values))))
        command = [sys.executable, "-m", "eos_sweep", "run", "spec.toml", "-o", "out.zarr"]
        environment = {
            **os.environ,
            "PYTHONPATH": str(tmp_path),
            "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    def kernels():
        return sorted(path.name.partition(".")[0] for path in (tmp_path / "cache").rglob("*.nbi"))

    first = run(0.1)
    assert first.returncode == 0, first.stderr
    compiled = kernels()
    for change in REWORDED:
        edit(*change)
    (package / "eigen/symmetric.py").rename(package / "eigen/two_by_two.py")
    for path in package.rglob("*.py"):
        path.write_text(path.read_text().replace("eos_sweep.eigen.symmetric", "eos_sweep.eigen.two_by_two"))
    second = run(0.1, 0.2)
    assert second.returncode == 0, second.stderr
    assert "2 of 2 trajectories, 1 new" in second.stdout
    assert kernels() == compiled
    for name, old, new in [
        ("plain.py", "LIMIT = 1e30", "LIMIT = 1e29"),
        ("formulas/operations.py", '"pi": math.pi', '"pi": 3.0'),
    ]:
        edit(name, old, new)
        third = run(0.1, 0.2, 0.3)
        assert third.returncode == 2 and "another version of model or kernel" in third.stderr
        edit(name, new, old)
