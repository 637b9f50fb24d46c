"""Observables as formulas: what they give on known trajectories, in the kernel, in NumPy and in exact arithmetic."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep import models, observables
from eos_sweep.checks.exact import numpy_run, oracle
from eos_sweep.contract import Job, OwnObservable
from eos_sweep.engine import batch, kernels
from eos_sweep.engine.sources import digest_of
from eos_sweep.errors import InputError
from eos_sweep.models import bivariate, tanh_net
from eos_sweep.observables import formula, own_source
from eos_sweep.observables.networks import observed
from eos_sweep.spec.sweeps import Sweep
from helpers import named_inputs
from helpers.kernel_and_numpy import same_bits

product, quadratic = models.get("product"), models.get("quadratic")
STEPS = 40
ETA = np.array([0.1, 0.5, 1.0, 1.5, 1.75, 2.25, 2.5])
# On L = theta^2 / 2 from theta = 1: theta_k = (1 - eta)^k, and S eta / 2 = eta / 2.
KNOWN = {
    "peak": "max(loss / loss_initial)",
    "least": "min(theta1)",
    "middle": "mean(abs(theta1))",
    "end": "last(theta1**3 - step)",
    "fell": "first(loss < loss_before / 2)",
    "unstable": "first(sharpness_ratio > 1)",
    "late": "count(step > 10 and loss > 1e-3)",
    "flat": "count(sharpness_ratio * theta1**2 < eta * 1e-2)",
    "range": "max(loss) / min(loss) - 2 * first(step >= 3)",
    "never": "1 + first(step < 0)",
    "negative": "count(guard < 0)",
}
PRODUCT = {
    "peak": "max(loss / loss_initial)",
    "mixed": "mean(sharpness_ratio * x + loss_before * eta)",
    "crossed": "first(not sharpness_ratio < 1 and abs(y) > 0.1)",
    "roots": "max(sqrt(x**2 + y**2)) - min(select(x > y, x, y))",
    "change": "max(min(abs(loss - loss_before), step))",
    "end": "last(sharpness_ratio + loss_before)",
    "whole": "min(x**5) + max(y**-3)",
    "special": "mean(sign(x) * relu(y) + abs(x)**1.5 * log(y**2 + 1)) + max(normal_cdf(x) * exp(-y) * y**0.5)",
    "bounded": "count(loss < inf and not x == 0)",
}


def own(formulas, model):
    return tuple(
        OwnObservable(name, formula.parse(text, observed(model), name).text()) for name, text in formulas.items()
    )


def job(formulas, model, steps=STEPS, tolerance=0.0):
    chosen = own(formulas, model)
    return Job(model, observables.expand([], model, chosen), steps, tolerance, None, chosen)


@pytest.fixture(scope="module")
def known():
    return batch.run(job(KNOWN, quadratic), *named_inputs.columns(quadratic, theta1=1.0, a1=1.0, eta=ETA))


@pytest.mark.slow
def test_formulas_give_what_is_known_of_a_quadratic(known):
    k = np.arange(STEPS + 1)[:, None]
    theta = (1.0 - ETA) ** k
    loss, first = theta**2 / 2, lambda held: np.where(held.any(0), held.argmax(0), -1)
    halved = np.vstack([np.zeros_like(ETA, bool), loss[1:] < loss[:-1] / 2])
    with np.errstate(divide="ignore"):  # at eta = 1 the loss is zero at once
        span = loss.max(0) / loss.min(0)
    wanted = {
        "peak": (loss / loss[0]).max(0),
        "least": theta.min(0),
        "middle": abs(theta).mean(0),
        "end": theta[-1] ** 3 - STEPS,
        "fell": first(halved),
        "unstable": np.where(ETA > 2, 0, -1),
        "late": ((k > 10) & (loss > 1e-3)).sum(0),
        "flat": (theta**2 / 2 < 1e-2).sum(0),
        "range": span - 6,
        "never": np.full_like(ETA, np.nan),
        "negative": (theta < 0).sum(0),
    }
    for name, values in wanted.items():
        np.testing.assert_allclose(known[name], values, rtol=1e-9, atol=1e-12, err_msg=name)
    assert known["fell"].dtype.kind == "i" and known["peak"].dtype == np.float64


def test_the_kernel_gives_the_bits_of_numpy(known):
    given = named_inputs.columns(quadratic, theta1=1.0, a1=1.0, eta=ETA)
    found = numpy_run.run(job(KNOWN, quadratic), *given)
    assert [name for name in KNOWN if not same_bits(known[name], found[name])] == []


def test_exact_arithmetic_gives_the_same(known):
    given = named_inputs.columns(quadratic, theta1=1.0, a1=1.0, eta=ETA)
    exact, bits = oracle.run(job(KNOWN, quadratic), *given)
    assert bits.all()
    for name in KNOWN:
        if name != "range":
            np.testing.assert_allclose(known[name], exact[name], rtol=1e-9, atol=1e-12, err_msg=name)


def product_inputs(count):
    rng = np.random.default_rng(0)
    start = {"x": rng.uniform(-1, 1, count), "y": rng.uniform(0.5, 4, count)}
    return named_inputs.columns(product, **start, eta=10 ** rng.uniform(-1.5, 0.5, count))


@pytest.mark.slow
@pytest.mark.parametrize("steps", [203, 16, 5])
def test_sharpness_beside_the_state_has_the_bits_of_numpy(steps):
    here, there = (module.run(job(PRODUCT, product, steps), *product_inputs(50)) for module in (batch, numpy_run))
    assert [name for name in here if not same_bits(here[name], there[name])] == []
    assert len(np.unique(here["crossed"])) > 3


@pytest.mark.slow
def test_a_coordinate_with_its_own_exponent_is_a_number():
    formulas = {"least": "min(abs(beta1))", "flips": "count(guard < 0)", "both": "max(alpha * beta1 * lambda1)"}
    rng = np.random.default_rng(1)
    start = {"alpha": 0.5, "beta1": 10.0 ** -rng.uniform(1, 200, 30), "beta2": 0.4}
    given = named_inputs.columns(bivariate, **start, lambda1=10.0, lambda2=0.05, eta=0.3, clip=np.inf, radius=np.inf)
    here, there = (module.run(job(formulas, bivariate, 300), *given) for module in (batch, numpy_run))
    assert [name for name in here if not same_bits(here[name], there[name])] == []
    assert (here["least"] <= abs(start["beta1"])).all() and (here["least"] < 1e-100).any()


@pytest.mark.slow
def test_networks_have_them_too():
    formulas = {
        "peak": "max(sharpness_ratio * eta + loss)",
        "stays": "count(loss <= loss_initial)",
        "end": "last(loss)",
    }
    inputs = {"eta": np.array([0.05, 0.2]), "width": 4.0, "depth": 2.0, "degree": 2.0, "points": 6.0, "seed": 0.0}
    given = named_inputs.columns(tanh_net, **inputs, stride=1.0, time=np.inf, scale=1.0)
    found = batch.run(job(formulas | {"sharp": "max(sharpness_ratio)"}, tanh_net, 30), *given)
    assert (found["peak"] > found["sharp"] * inputs["eta"]).all() and (found["stays"] > 1).all()
    assert (found["end"] < found["peak"]).all()


@pytest.mark.parametrize(("text", "problem"), [
    ("loss", "no reducer at column 1, in 'loss'; write one of max, min, mean, last, first, count, such as max(loss)"),
    ("max(loss) > 3", "a condition stands where a number is needed"),
    ("max(loss > 3)", "a condition stands where a number is needed"),
    ("count(loss)", "a number stands where a condition is needed"),
    ("max(loss / max(loss))", "a reducer stands in a reducer at column 12"),
    ("max(los)", "no name 'los' at column 5, in 'los)'; did you mean 'loss'?"),
    ("loss * max(loss)", "loss stands outside of a reducer at column 1"),
    ("x + last(y)", "x stands outside of a reducer at column 1, in 'x + last(y)'; it changes from step to step"),
    ("max(loss", "the parenthesis of max is not closed at column 1"),
    ("first(loss > 1, 2)", "first takes one expression at column 1, in 'first(loss > 1, 2)'; write first(loss > 1)"),
    ("max()", "max takes one expression at column 5"),
    ("sum(loss)", "sum has no data to run over at column 1, in 'sum(loss)'; write a reducer, such as mean(loss)"),
    ("max(sum(i, loss))", "sum has no data to run over at column 5"),
    ("max(guard)", "the model has no guard at column 5"),
    ("max(__import__('os'))", "is not allowed"),
    ("max(" * 90 + "loss" + ")" * 90, "a reducer stands in a reducer"),
    ("max(" + "(" * 400 + "loss" + ")" * 400 + ")", "levels of parentheses"),
    ("max(loss)" + " + max(loss)" * 82, "parts; use at most 200"),
    ("max(loss) + " * 1000 + "1", "characters are too many"),
    ("", "empty"),
])  # fmt: skip
def test_a_wrong_formula_is_refused_in_one_line(text, problem):
    with pytest.raises(InputError) as error:
        formula.parse(text, product, "observables.mine")
    message = str(error.value)
    assert problem in message and "\n" not in message and message.startswith("observables.mine: ")


def spec(formulas, **changes):
    given = {"model": "product", "steps": 5, "axes": {"eta": [0.1]}, "initial": {"x": 1, "y": 1}}
    return Sweep.from_dict(given | {"observables": formulas} | changes)


def test_own_observables_are_stored_beside_the_names_that_are_chosen():
    sweep = spec({"peak": "max(loss)"})
    assert "peak" in sweep.stored and "loss_max" in sweep.stored
    few = spec({"stored": ["loss_final"], "peak": "max(loss)", "seen": "first(loss < 1)"})
    assert list(few.stored) == ["steps_taken", "loss_final", "peak", "seen"]
    assert few.stored["seen"].fill == -2 and few.stored["seen"].dtype == "int32"
    assert Sweep.from_dict(few.to_dict()) == few
    assert "peak_doubled" in spec({"stored": ["doubled"], "peak": "max(loss)"}).stored


def test_the_formula_is_part_of_the_identity_and_its_spelling_is_not():
    one, same, other = (spec({"peak": text}) for text in ("max(loss/2)", " max( loss / 2 ) ", "max(loss/4)"))
    assert one.hash == same.hash != other.hash
    assert one.identity["observables.peak"] == ("max(loss/2)", "max(loss/2)")


def test_the_digest_covers_the_formula():
    found = [
        digest_of(product, kernels.observables_of(product, ("peak",), own({"peak": text}, product)))
        for text in ("max(loss)", "max( loss )", "max(loss*2)", "max(exp(loss))", "max(tanh(loss))")
    ]
    assert found[0] == found[1] and len(set(found)) == 4


IN_A_PROCESS = """
import sys
from eos_sweep.engine import preparing
from eos_sweep.spec.sweeps import Sweep
given = {"model": "product", "steps": 5, "axes": {"eta": [0.1]}, "initial": {"x": 1, "y": 1}}
sweep = Sweep.from_dict(given | {"observables": {"stored": ["loss_final"], "peak": "max(exp(x)) + first(loss < 1)"}})
kernel = preparing.prepare(sweep.job()).kernel
print(sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))
"""


@pytest.mark.slow
def test_the_next_process_finds_the_kernel_on_disk(tmp_path):
    found = []
    for seed in "12":
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", IN_A_PROCESS]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found.append(done.stdout.split())
    assert found == [["0", "1"], ["1", "0"]]


@pytest.mark.parametrize(("formulas", "problem"), [
    ({"peak": 3}, "observables.peak: got 3; give a formula in quotes"),
    ({"stored": "default"}, "observables.stored: got 'default'"),
    ({"stored": [1]}, "observables.stored.0: got 1"),
    ({"loss_max": "max(loss)"}, "observables.loss_max: the name 'loss_max' means something else"),
    ({"ETA": "max(loss)"}, "observables.ETA: the name 'eta' means something else"),
    ({"x": "max(loss)"}, "the name 'x' means something else"),
    ({"regime": "max(loss)"}, "the name 'regime' means something else"),
    ({"growth": "max(loss)"}, "the name 'growth' means something else"),
    ({"max": "max(loss)"}, "the name 'max' means something else"),
    ({"p q": "max(loss)"}, "observables.p q: no name of an observable"),
    ({"../p": "max(loss)"}, "no name of an observable"),
    ({"con": "max(loss)"}, "observables.con: no name of an observable"),
    ({"p" * 90: "max(loss)"}, "no name of an observable"),
    ({"peak_doubled": "max(loss)"}, "no name of an observable"),
    ({"peak": "max(loss / 0)"}, "observables.peak: divides by zero"),
    ({"peak": "max(1e308 * loss)"}, "observables.peak: a constant of size"),
    ({"peak": "max(lss)"}, "observables.peak: no name 'lss' at column 5"),
    ({f"a{k}": "max(loss)" for k in range(40)}, "observables: 40 formulas; give at most 32"),
    ({f"a{k}": "max(" + "+".join(f"{i}.5*x" for i in range(60)) + ")" for k in range(8)}, "together; use at most 800"),
    ({"stored": ["los"], "peak": "max(loss)"}, "observables: no observable 'los'"),
])  # fmt: skip
def test_a_wrong_table_is_refused_in_one_line(formulas, problem):
    with pytest.raises(InputError) as error:
        spec(formulas)
    assert problem in str(error.value) and "\n" not in str(error.value)


NUMBERS = st.recursive(
    st.sampled_from(["x", "y", "loss", "loss_before", "loss_initial", "eta", "step", "sharpness_ratio", "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map("({0[0]} {0[1]} {0[2]})".format),
        inner.map("tanh({})".format),
        inner.map("abs({})".format),
        st.tuples(inner, st.integers(-3, 5)).map("({0[0]})**{0[1]}".format),
        st.tuples(inner, inner, inner).map("select({0[0]} < {0[1]}, {0[1]}, {0[2]})".format),
        st.tuples(inner, inner).map("min({0[0]}, {0[1]})".format),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(formula.NUMBERS), NUMBERS)
def test_any_formula_is_stored_as_a_text_that_means_the_same(reducer, number):
    text = f"{reducer}({number}) - 1"
    once = formula.parse(text, product, "mine")
    again = formula.parse(once.text(), product, "mine")
    assert again.text() == once.text()
    source = [own_source.text(one, own_source.plan(one, product), product) for one in (once, again)]
    assert source[0] == source[1]
