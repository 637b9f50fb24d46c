"""Losses as formulas: the models that are derived of them, random ones, and values of terms."""

from fractions import Fraction

from eos_sweep.derivation.calculus import derive
from eos_sweep.derivation.definition import MAX_CHARACTERS, Formula
from eos_sweep.derivation.from_tree import translate
from eos_sweep.derivation.graph import Graph, reachable
from eos_sweep.derivation.modules import module_of
from eos_sweep.formulas.grammar import parse
from eos_sweep.formulas.tree import names

COORDINATES = ("w", "x", "y", "z")
SMOOTH = (  # each has derivatives wherever its argument is
    "tan({}/9)", "sqrt(1.5 + {}**2)", "exp(-{}**2)", "exp({}/3)", "expm1({})", "log(1.2 + {}**2)", "log1p({}**2)",
    "log10(2 + {}**2)", "sin({})", "cos({})", "sinh({})", "cosh({})", "tanh({})", "arctan({})", "erf({})",
    "erfc({})", "normal_cdf({})", "sigmoid({})", "softplus({})", "log_cosh({})", "1/(2 + sin({}))", "(1 + {}**2)**0.3",
    "(1 + {}**2)**-1.5", "(1 + {}**2)**(a/3)", "abs({})**3", "relu({})**4",
    "max({}, 1 - {})**0", "select({} > b, 2, 2)",
)  # fmt: skip


def formula_of(loss, state=None, **told):
    """Return the definition of a model; its coordinates are w, x, y, z, as far as the loss has them, unless given."""
    known = names(parse(loss, "loss", None, MAX_CHARACTERS)) if state is None else ()
    return Formula.from_dict({"loss": loss, "state": state or [name for name in COORDINATES if name in known], **told})


def model_of(loss, state=None, **told):
    """Return the module that is derived of a loss."""
    return module_of(formula_of(loss, state, **told))


def calculus_of(loss, positive=()):
    """Return what is derived of a loss of w, x, y, z; other names are parameters."""
    tree = parse(loss, "loss")
    state = [name for name in COORDINATES if name in names(tree)]
    return derive(tree, state, [*sorted(names(tree) - {*state, "eta"}), "eta"], positive)


def term_of(text, g=None):
    """Return a graph and the term of a formula in it; w, x, y, z are coordinates."""
    g = g or Graph("loss")
    tree = parse(text, "loss")
    return g, translate(g, tree, {name: g.name(name, name not in COORDINATES) for name in names(tree)}, "loss")


def exact(term, values, written=False):
    """Return the value of a rational term in exact arithmetic, of its constants or of the doubles that are written."""
    found = {}
    for part in reachable(term):
        operands = [found[operand.index] for operand in part.operands]
        if part.value is not None:
            found[part.index] = Fraction(float(part.value)) if written else part.value
        elif part.op == "name":
            found[part.index] = Fraction(values[part.name])
        elif part.op == "select":
            found[part.index] = operands[1] if operands[0] else operands[2]
        else:
            found[part.index] = EXACT[part.op](*operands)
    return found[term.index]


EXACT = {
    "+": lambda one, other: one + other,
    "*": lambda one, other: one * other,
    "/": lambda one, other: one / other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
}


def monomial(rng, state):
    """Return a random product of coordinates, a number and perhaps a parameter."""
    powers = [(name, int(rng.integers(0, 4))) for name in state]
    parts = [f"{name}**{power}" if power > 1 else name for name, power in powers if power]
    number = f"{rng.uniform(-2.0, 2.0):.3g}"
    return "*".join([number, *(["a"] if rng.random() < 0.3 else []), *parts])


def polynomial(rng):
    """Return a random polynomial of one to four coordinates: a sum of products, squared or not."""
    state = COORDINATES[: int(rng.integers(1, 5))]

    def total():
        return " + ".join(monomial(rng, state) for _ in range(int(rng.integers(1, 4))))

    parts = [f"({total()})**{int(rng.integers(1, 3))}" for _ in range(int(rng.integers(1, 4)))]
    bowl = " + ".join(f"{rng.uniform(0.1, 1.0):.2g}*{name}**2" for name in state)  # each name occurs
    return f"{' + '.join(parts)} + {bowl}"


def composite(rng, function):
    """Return a random loss in which a function of one argument is applied to a polynomial, or to another function."""
    state = COORDINATES[: int(rng.integers(1, 4))]
    inner = " + ".join(f"{rng.uniform(-0.6, 0.6):.2g}*{name}" for name in state)
    if rng.random() < 0.5:
        inner = f"{inner} + {rng.uniform(-0.5, 0.5):.2g}*{state[0]}*{state[-1]}"
    if rng.random() < 0.4:
        inner = SMOOTH[int(rng.integers(7, 20))].replace("{}", f"({inner})")
    outer = function.replace("{}", f"({inner})")
    return f"{rng.uniform(0.2, 2.0):.2g}*{outer}*(1 + 0.3*{state[-1]}) + 0.2*({' + '.join(state)})**2"
