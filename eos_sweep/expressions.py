"""Safe arithmetic expressions: text -> a short list of instructions, run on float64 arrays; never ``eval``.

    numbers  names  inf  pi    + - * / ** and unary -    ( )    sqrt exp log log10 abs min max
    normal(mean, std)  uniform(low, high)    random draws, one for each value of the name ``seed``

Every instruction is elementwise, so a grid that is evaluated block by block gets the bits of the grid evaluated whole.
"""

import ast
import graphlib
import sys
import warnings
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

LONGEST, DEEPEST = 500, 100  # characters of text, levels of nesting
CONSTANTS = {"inf": np.inf, "pi": np.pi}
DRAWS: dict[str, Callable[[np.random.Generator], float]] = {
    "normal": lambda generator: generator.standard_normal(),
    "uniform": lambda generator: generator.random(),
}


def _least(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    # np.minimum(0.0, -0.0) depends on where in a vector register the pair happens to lie
    return np.where(left <= right, left, right)


def _largest(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.where(left >= right, left, right)


# float_power, since np.power squares instead where a block happens to hold a single exponent, 2.0
OPERATIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "+": (np.add, 2), "-": (np.subtract, 2), "*": (np.multiply, 2), "/": (np.divide, 2), "**": (np.float_power, 2),
    "negative": (np.negative, 1), "sqrt": (np.sqrt, 1), "exp": (np.exp, 1), "log": (np.log, 1), "log10": (np.log10, 1),
    "abs": (np.abs, 1), "min": (_least, 2), "max": (_largest, 2),
}  # fmt: skip
FUNCTIONS = ("sqrt", "exp", "log", "log10", "abs", "min", "max", *DRAWS)
INFIX = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}


@dataclass(frozen=True)
class Instruction:
    """One step of the evaluation: push a number or a name's value, or replace the last values by an operation's."""

    what: float | str
    applies: bool = False
    ordinal: int = 0  # of a draw among the draws of the expression


@dataclass(frozen=True)
class Expression:
    """A parsed expression for the value of ``target``; plain data that can be compared and pickled."""

    text: str
    target: str
    names: frozenset[str]  # that it needs the values of; "seed" among them if it draws
    program: tuple[Instruction, ...]

    @property
    def draws(self) -> int:
        """The number of random draws that it makes for each seed."""
        return sum(instruction.what in DRAWS for instruction in self.program)

    def evaluate(self, values: Mapping[str, np.ndarray | float]) -> np.ndarray:
        """Return the expression's value, float64 of the shape that the names' values broadcast to.

        Args:
            values: name -> number or array, broadcast-compatible; names beyond ``self.names`` are ignored.

        Raises:
            ValueError: a name has no value, or an operation overflows, divides by zero or gives no number.
        """
        for name in sorted(self.names - set(values)):
            _fail(self, f"no value for {name!r}")
        stack: list[np.ndarray] = []
        with np.errstate(all="ignore"):
            for instruction in self.program:
                what = instruction.what
                if isinstance(what, float):
                    stack.append(np.asarray(what))
                elif not instruction.applies:
                    stack.append(np.asarray(values[what], dtype=np.float64, order="C"))
                elif what in DRAWS:
                    high, low = stack.pop(), stack.pop()
                    scale = high - low if what == "uniform" else high
                    draw = self._draw(what, np.asarray(values["seed"]), instruction.ordinal)
                    stack.append(self._checked(what, low + scale * draw, low, high))
                else:
                    operation, arity = OPERATIONS[what]
                    operands = [stack.pop() for _ in range(arity)][::-1]
                    stack.append(self._checked(what, operation(*operands), *operands))
        return np.array(stack.pop())

    def _draw(self, kind: str, seeds: np.ndarray, ordinal: int) -> np.ndarray:
        distinct, where = np.unique(seeds, return_inverse=True)
        if not np.all((distinct >= 0) & (distinct == np.floor(distinct)) & (distinct < 2**53)):
            _fail(self, "seeds must be whole numbers >= 0")
        target = zlib.crc32(self.target.encode())
        drawn = [DRAWS[kind](np.random.default_rng([int(seed), target, ordinal])) for seed in distinct.tolist()]
        return np.array(drawn, dtype=np.float64)[where].reshape(seeds.shape)

    def _checked(self, what: str, result: np.ndarray, *operands: np.ndarray) -> np.ndarray:
        """Infinity has to be written; one that an overflow or a division by zero made is an error, as is NaN."""
        if not np.isfinite(result).all():
            finite = np.logical_and.reduce(np.broadcast_arrays(*(np.isfinite(operand) for operand in operands)))
            bad = np.isnan(result) | (np.isinf(result) & finite)
            if bad.any():
                shown = [str(np.broadcast_to(operand, bad.shape)[bad][0]) for operand in operands]
                call = f" {what} ".join(shown) if what in INFIX.values() else f"{what}({', '.join(shown)})"
                _fail(self, f"{call} is {result[bad][0]}, not a finite number")
        return np.asarray(result)


def parse(text: str, target: str) -> Expression:
    """Return the expression for the value of ``target`` that ``text`` holds.

    Raises:
        ValueError: one line that names the target, the text and what in it is not allowed.
    """
    expression = Expression(text, target, frozenset(), ())
    if len(text) > LONGEST:
        _fail(expression, f"{len(text)} characters are too many; use at most {LONGEST}")
    if not text.isascii() or not text.strip():
        _fail(expression, "not an expression; use numbers, names, + - * / **, and " + " ".join(FUNCTIONS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        _fail(expression, f"not an expression ({getattr(error, 'msg', type(error).__name__)})")
    names: set[str] = set()
    program = list(_instructions(expression, tree.body, names, [0], DEEPEST))
    return Expression(text, target, frozenset(names), tuple(program))


def _instructions(of: Expression, node: ast.expr, names: set[str], draws: list[int], depth: int) -> list[Instruction]:
    """Return ``node`` in reverse Polish order; ``names`` and ``draws`` (a count) gather what was met."""
    if depth == 0:
        _fail(of, "nested too deeply; use fewer parentheses and terms")

    def operand(child: ast.expr) -> list[Instruction]:
        return _instructions(of, child, names, draws, depth - 1)

    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            if abs(value) > sys.float_info.max:
                _fail(of, "a number is too large; write inf for infinity")
            return [Instruction(float(value))]
        case ast.Name(id=name) if name in FUNCTIONS:
            _fail(of, f"{name} is a function; write {name}(...)")
        case ast.Name(id=name):
            if name in CONSTANTS:
                return [Instruction(CONSTANTS[name])]
            names.add(name)
            return [Instruction(name)]
        case ast.UnaryOp(op=ast.USub(), operand=child):
            return [*operand(child), Instruction("negative", True)]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in INFIX:
            return [*operand(left), *operand(right), Instruction(INFIX[type(op)], True)]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            arity = 2 if name in DRAWS else OPERATIONS[name][1]
            if len(args) != arity and not (name in ("min", "max") and len(args) > 2):
                _fail(of, f"{name} takes {arity} argument{'s' * (arity > 1)}, got {len(args)}")
            ordinal = draws[0]
            if name in DRAWS:
                draws[0] += 1
                names.add("seed")
            parts = [operand(child) for child in args]
            apply = Instruction(name, True, ordinal if name in DRAWS else 0)
            return sum(([*part, apply] for part in parts[1:]), parts[0]) if len(parts) > 1 else [*parts[0], apply]
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            _fail(of, f"no function {name!r}; there are: {', '.join(FUNCTIONS)}")
    source = ast.get_source_segment(of.text.strip(), node) or ""  # ast.unparse would recurse
    _fail(of, f"{source[:40]!r} is not allowed; use numbers, names, + - * / **, and " + " ".join(FUNCTIONS))


def _fail(expression: Expression, problem: str) -> NoReturn:
    text = expression.text if len(expression.text) <= 80 else expression.text[:77] + "..."
    raise ValueError(f"{expression.target} = {text!r}: {' '.join(problem.split())}")


def order(expressions: Mapping[str, Expression]) -> list[str]:
    """Return the targets in an order in which each comes after those that it needs.

    Raises:
        ValueError: the expressions need each other in a circle; the message shows it.
    """
    graph = {target: sorted(expression.names & set(expressions)) for target, expression in expressions.items()}
    try:
        return list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise ValueError(f"expressions need each other in a circle: {circle}; give one of them a number") from None
