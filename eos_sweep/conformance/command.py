"""``eos-sweep check``."""

import sys

import click

from eos_sweep.errors import InputError


@click.command()
@click.argument("model")
def check(model: str) -> None:
    """Check that MODEL does what sweeps rely on: a name of the table, or a module of your own.

    Its step is held against the gradient of its loss, its Hessian and tangent against differences, its sharpness
    against the Hessian, the kernel against NumPy and against exact arithmetic, its bounds against what is refused; and
    it is swept and drawn.  Inputs are those that its TRIAL draws.

    Exit codes: 0 all is well; 1 something is not; 2 there is no such model.

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
        raise InputError(f"{model}: a network; the checks are for models whose steps a kernel takes")
    failed = 0
    for one in CHECKS:
        try:
            one(module)
        except Exception as error:  # whatever is wrong with a stranger's model is what the user wants to know
            failed += 1
            reason = " ".join(str(error).split()) or type(error).__name__
            click.echo(f"FAILED  {one.__doc__}\n        {reason}")
        else:
            click.echo(f"ok      {one.__doc__}")
    if failed:
        sys.exit(1)
