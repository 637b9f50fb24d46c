"""Large formulas: what is too large is refused at once, and what is not is derived in a time that grows linearly."""

import time

import pytest

from eos_sweep.derivation.models import source
from eos_sweep.errors import InputError
from helpers.losses import formula_of

SECONDS = 5.0  # of the processor: far above what is needed, far below what a quadratic pass would need
TABLE = {name: [0.1 * place for place in range(300)] for name in "uvw"}


def nested(function, depth, start="x"):
    for _ in range(depth):
        start = function.replace("{}", start)
    return start


def derived(loss, **told):
    """Return the text of a model, or the error that refuses it, and the processor seconds that this took."""
    began = time.process_time()
    try:
        found = source(formula_of(loss, **told))
    except InputError as error:
        found = error
    return found, time.process_time() - began


@pytest.mark.parametrize(
    "loss",
    [
        "*".join(f"(x + {k}*y)" for k in range(60)),
        "*".join(f"(x + {k}*y + z)" for k in range(200)),
        "x**1000",
        "((x**1000)**1000)**1000 + ((y*x)**512)**512",
        "(((x**1024)**1024)**1024)**1024",
        "*".join(["a"] * 3000) + "*x",
        "+".join(f"x/{k}" for k in range(1, 2000)),
        "+".join(f"(x - 1/{k})**2" for k in range(1, 800)),
        nested("tanh({})", 60),
        nested("(1 + {}/2)", 60),
        nested("sqrt(1 + {}**2)", 40),
        "+".join(f"sin({k}*x)*cos({k}*y)" for k in range(1, 60)),
    ],
    ids=lambda loss: loss[:20],
)
def test_large_formulas_are_derived(loss):
    found, seconds = derived(loss)
    assert isinstance(found, str) and max(map(len, found.splitlines())) <= 120
    assert seconds < SECONDS


@pytest.mark.parametrize(
    ("loss", "what"),
    [
        ("*".join(["x"] * 3000), "parts"),
        ("+".join(f"tanh({k}*x + y)**2*sin(x*y + {k})" for k in range(2000)), "parts"),
        ("((0.1**1000)**1000)**1000*x", "1e300"),
        ("((3**1000)**1000)**1000*x", "1e300"),
        ("1e200*1e200*x", "1e300"),
        ("1e-200*1e-200*x**2", "1e300"),
        ("x**2000", "1024"),
        ("x**-2000", "1024"),
        ("x**(10**9)", "1024"),
        (nested("tanh({})", 200), "levels"),
        ("1/(x - x) + x", "divides by zero"),
        ("log(0)*x", "no number"),
        ("sqrt(-1)*x", "no number"),
        ("exp(1e9)*x", "no number"),
        ("0**x + x**2", "no number"),
        ("(-8)**(1/3)*x", "no number"),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_too_large_is_refused_at_once(loss, what):
    found, seconds = derived(loss)
    assert isinstance(found, InputError) and what in str(found) and "\n" not in str(found)
    assert seconds < SECONDS


def test_sums_over_data():
    found, seconds = derived("mean(i, (tanh(a*x*u[i] + y*v[i]) - w[i])**2)", state=["x", "y"], data=TABLE)
    assert isinstance(found, str) and seconds < SECONDS


def test_typical_losses_take_no_time():
    took = [derived(f"lambda1*(x*y)**2/2 + {k}*(x*z - 1)**2/2")[1] for k in range(1, 10)]
    assert min(took) < 0.2
