"""Safe arithmetic expressions: text is parsed into a list of instructions, which run on float64 arrays.

    numbers  names  inf  pi    + - * / ** and unary -    ( )    sqrt exp log log10 abs min max
    normal(mean, std)  uniform(low, high)    random draws, one for each value of the name ``seed``

Python's ``eval`` is never called.  Every instruction is elementwise, so a grid evaluated block by block gets the same
bits as a grid evaluated at once.
"""

import ast
import graphlib
import itertools
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from eos_sweep.formulas import operations, parsing, seeded_draws

MAX_CHARACTERS = 500
MAX_NESTING = 100
CONSTANTS = {name: operations.CONSTANTS[name] for name in ("inf", "pi")}  # e may be the name of an input
RANDOM_DRAWS = {"normal": seeded_draws.normal, "uniform": seeded_draws.uniform}


def _minimum(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    # The sign of np.minimum(0.0, -0.0) depends on the position of the pair in a vector register.
    return np.where(left <= right, left, right)


def _maximum(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.where(left >= right, left, right)


# Name -> function and number of operands.  float_power, because np.power squares instead if the only exponent of a
# block is 2.0, which gives other bits.
OPERATIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "+": (np.add, 2), "-": (np.subtract, 2), "*": (np.multiply, 2), "/": (np.divide, 2), "**": (np.float_power, 2),
    "negative": (np.negative, 1), "sqrt": (np.sqrt, 1), "exp": (np.exp, 1), "log": (np.log, 1), "log10": (np.log10, 1),
    "abs": (np.abs, 1), "min": (_minimum, 2), "max": (_maximum, 2),
}  # fmt: skip
FUNCTIONS = ("sqrt", "exp", "log", "log10", "abs", "min", "max", *RANDOM_DRAWS)
INFIX = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}


@dataclass(frozen=True)
class Instruction:
    """One step of the evaluation on a stack.

    A number or a name pushes its value.  An operation replaces its operands by its result.
    """

    token: float | str  # a number, a name, or an operation
    is_operation: bool = False
    draw_index: int = 0  # position of a random draw among the draws of the expression


@dataclass(frozen=True)
class Expression:
    """A parsed expression: plain data that can be compared and pickled."""

    text: str
    target: str  # name of the quantity that it gives a value to
    names: frozenset[str]  # names whose values it needs, with "seed" if it draws
    program: tuple[Instruction, ...]

    @property
    def draw_count(self) -> int:
        """Number of random draws for each seed."""
        return sum(instruction.token in RANDOM_DRAWS for instruction in self.program)

    def evaluate(self, values: Mapping[str, np.ndarray | float]) -> np.ndarray:
        """Return the value of the expression.

        Parameters
        ----------
        values
            Numbers or broadcast-compatible arrays by name.  Names that are not in ``self.names`` are ignored.

        Returns
        -------
        ndarray
            float64, of the shape that the values broadcast to.

        Raises
        ------
        ValueError
            If a name has no value, or an operation overflows, divides by zero or gives NaN.
        """
        for name in sorted(self.names - set(values)):
            _fail(self, f"no value for {name!r}")
        stack: list[np.ndarray] = []
        with np.errstate(all="ignore"):
            for instruction in self.program:
                token = instruction.token
                if isinstance(token, float):
                    stack.append(np.asarray(token))
                elif not instruction.is_operation:
                    stack.append(np.asarray(values[token], dtype=np.float64, order="C"))
                elif token in RANDOM_DRAWS:
                    high, low = stack.pop(), stack.pop()
                    scale = high - low if token == "uniform" else high
                    draw = self._draw(token, np.asarray(values["seed"]), instruction.draw_index)
                    stack.append(self._checked(token, low + scale * draw, low, high))
                else:
                    function, arity = OPERATIONS[token]
                    operands = [stack.pop() for _ in range(arity)][::-1]
                    stack.append(self._checked(token, function(*operands), *operands))
        return np.array(stack.pop())

    def _draw(self, kind: str, seeds: np.ndarray, draw_index: int) -> np.ndarray:
        """Return one draw for each seed, from a stream that seed, target and position fix."""
        distinct, where = np.unique(seeds, return_inverse=True)
        if not np.all((distinct >= 0) & (distinct == np.floor(distinct)) & (distinct < 2**53)):
            _fail(self, "seeds must be whole numbers >= 0")
        drawn = RANDOM_DRAWS[kind](distinct, zlib.crc32(self.target.encode()), draw_index)
        return drawn[where].reshape(seeds.shape)

    def _checked(self, operation: str, result: np.ndarray, *operands: np.ndarray) -> np.ndarray:
        """Return ``result``; raise if it holds NaN, or an infinity made from finite operands."""
        if not np.isfinite(result).all():
            finite = np.logical_and.reduce(np.broadcast_arrays(*(np.isfinite(operand) for operand in operands)))
            bad = np.isnan(result) | (np.isinf(result) & finite)
            if bad.any():
                shown = [str(np.broadcast_to(operand, bad.shape)[bad][0]) for operand in operands]
                infix = operation in INFIX.values()
                call = f" {operation} ".join(shown) if infix else f"{operation}({', '.join(shown)})"
                _fail(self, f"{call} is {result[bad][0]}, not a finite number")
        return np.asarray(result)


def parse(text: str, target: str) -> Expression:
    """Parse the expression that gives ``target`` its value.

    Raises
    ------
    ValueError
        If something in ``text`` is not allowed.  The message is one line that names the target and the text.
    """
    expression = Expression(text, target, frozenset(), ())
    if len(text) > MAX_CHARACTERS:
        _fail(expression, f"{len(text)} characters are too many; use at most {MAX_CHARACTERS}")
    if not text.isascii() or not text.strip():
        _fail(expression, "not an expression; use numbers, names, + - * / **, and " + " ".join(FUNCTIONS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parsing.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        _fail(expression, f"not an expression ({getattr(error, 'msg', type(error).__name__)})")
    names: set[str] = set()
    program = list(_instructions(expression, tree.body, names, itertools.count(), MAX_NESTING))
    return Expression(text, target, frozenset(names), tuple(program))


def _instructions(
    expression: Expression, node: ast.expr, names: set[str], draw_indices: Iterator[int], depth: int
) -> list[Instruction]:
    """Return the instructions of ``node`` in reverse Polish order.

    Names are added to ``names``, and each random draw takes the next of ``draw_indices``.
    """
    if depth == 0:
        _fail(expression, "nested too deeply; use fewer parentheses and terms")

    def operand(child: ast.expr) -> list[Instruction]:
        return _instructions(expression, child, names, draw_indices, depth - 1)

    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            if abs(value) > sys.float_info.max:
                _fail(expression, "a number is too large; write inf for infinity")
            return [Instruction(float(value))]
        case ast.Name(id=name) if name in FUNCTIONS:
            _fail(expression, f"{name} is a function; write {name}(...)")
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
            arity = 2 if name in RANDOM_DRAWS else OPERATIONS[name][1]
            if len(args) != arity and not (name in ("min", "max") and len(args) > 2):
                _fail(expression, f"{name} takes {arity} argument{'s' * (arity > 1)}, got {len(args)}")
            draw_index = 0
            if name in RANDOM_DRAWS:
                draw_index = next(draw_indices)
                names.add("seed")
            parts = [operand(child) for child in args]
            apply = Instruction(name, True, draw_index)
            return sum(([*part, apply] for part in parts[1:]), parts[0]) if len(parts) > 1 else [*parts[0], apply]
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            _fail(expression, f"no function {name!r}; there are: {', '.join(FUNCTIONS)}")
    source = ast.get_source_segment(expression.text.strip(), node) or ""  # ast.unparse would recurse
    _fail(expression, f"{source[:40]!r} is not allowed; use numbers, names, + - * / **, and " + " ".join(FUNCTIONS))


def _fail(expression: Expression, problem: str) -> NoReturn:
    text = expression.text if len(expression.text) <= 80 else expression.text[:77] + "..."
    raise ValueError(f"{expression.target} = {text!r}: {' '.join(problem.split())}")


def order(expressions: Mapping[str, Expression]) -> list[str]:
    """Return the targets in an order of evaluation: each comes after the targets that its expression needs.

    Raises
    ------
    ValueError
        If expressions depend on each other in a circle.  The message shows the circle.
    """
    graph = {target: sorted(expression.names & set(expressions)) for target, expression in expressions.items()}
    try:
        return list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise ValueError(f"expressions depend on each other in a circle: {circle}; give one of them a number") from None
