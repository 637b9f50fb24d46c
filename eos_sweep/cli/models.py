"""``eos-sweep check``."""

import sys

import click

from eos_sweep.errors import InputError, one_line


@click.command()
@click.argument("model")
def check(model: str) -> None:
    """Check that a model does what sweeps rely on.

    MODEL is a name of the table, or a module of your own.  Its step is compared with the gradient of its loss, its
    Hessian and tangent with finite differences, its sharpness with the Hessian, and the kernel with NumPy and with
    exact arithmetic.  Inputs beyond its bounds must be refused.  Finally it is swept and drawn.  The inputs are drawn
    from the model's TRIAL.

    Exit codes: 0 all checks passed; 1 some failed; 2 there is no such model.

    \b
    Examples:
      eos-sweep check bivariate
      eos-sweep check my_package.my_model
    """
    from eos_sweep import models
    from eos_sweep.conformance.checks import CHECKS
    from eos_sweep.contract import is_array

    if model not in models.TABLE:
        models.look_here()
        models.allow(model)
    module = models.get(model)
    if is_array(module):
        raise InputError(f"{model}: a network; the checks are for models that run in the compiled kernel")
    failed = 0
    for one in CHECKS:
        words = (one.__doc__ or one.__name__).partition("\n")[0]  # python -OO removes docstrings
        try:
            one(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a model of the user's own may fail in any way, even by sys.exit(0)
            failed += 1
            kind = "" if isinstance(error, Exception) else f"{type(error).__name__} "  # whose text may be a 0
            click.echo(f"FAILED  {words}\n        {kind}{one_line(error)}")
        else:
            click.echo(f"ok      {words}")
    if failed:
        sys.exit(1)
