"""The operations of formulas, and how many operands each has, and the constants."""

import math

ARITHMETIC = {"+": 2, "-": 2, "*": 2, "/": 2, "**": 2, "negative": 1}
FUNCTIONS = {
    "sqrt": 1, "exp": 1, "expm1": 1, "log": 1, "log1p": 1, "log10": 1, "sin": 1, "cos": 1, "tan": 1, "sinh": 1,
    "cosh": 1, "tanh": 1, "arctan": 1, "erf": 1, "erfc": 1, "normal_cdf": 1, "sigmoid": 1, "softplus": 1,
    "log_cosh": 1, "relu": 1, "abs": 1, "sign": 1, "min": 2, "max": 2, "select": 3,
}  # fmt: skip
CONDITIONS = {"<": 2, "<=": 2, ">": 2, ">=": 2, "==": 2, "!=": 2, "and": 2, "or": 2, "not": 1}
OPERATIONS = ARITHMETIC | FUNCTIONS | CONDITIONS
CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}
