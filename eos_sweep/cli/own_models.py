"""``eos-sweep check`` and ``eos-sweep derive``: whether a model is one, and what a formula or a rule makes of it."""

import sys
from pathlib import Path

import click

from eos_sweep.cli.options import named_model
from eos_sweep.errors import InputError, one_line, visible


@click.command()
@click.argument("model")
def check(model: str) -> None:
    """Check that a model does what sweeps rely on.

    MODEL is a name of the table, a module of your own, or a TOML file that gives a model by a formula, or a model and
    an update rule.  Its step is compared with the gradient of its loss, its Hessian and tangent with finite
    differences, its sharpness with the Hessian, and the kernel with NumPy and with exact arithmetic.  Inputs beyond its
    bounds must be refused.  Finally it is swept and drawn.  The inputs are drawn from the model's TRIAL; for a formula
    in the file of a sweep, from the ranges of that sweep; for parameters of a rule, from the rule's TRIAL.

    Exit codes: 0 all checks passed; 1 some failed; 2 there is no such model.

    \b
    Examples:
      eos-sweep check bivariate
      eos-sweep check my_package.my_model
      eos-sweep check my_sweep.toml
    """
    from eos_sweep.conformance.checks import CHECKS, check_shapes
    from eos_sweep.contract import is_array

    module = named_model(model)
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
            if one is check_shapes:
                click.echo("        The other checks are left out, since all of them call these functions.")
                break
        else:
            click.echo(f"ok      {words}")
    if failed:
        sys.exit(1)


@click.command()
@click.argument("spec", type=click.Path())
@click.option("-o", "--out", type=click.Path(), help="Write a module, a .py file, instead of printing it.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
def derive(spec: str, out: str | None, overwrite: bool) -> None:
    """Print the module that is derived from a formula, or from the loss of a model for another update rule.

    SPEC is a TOML file: that of a sweep whose table [model] has a loss, or one with nothing but this table; with a rule
    other than gd the model may have a name.  The module is a model as one that is written by hand.  With --out it
    becomes a model of your own, which may be changed and is run with --import.

    \b
    Examples:
      eos-sweep derive my_sweep.toml
      eos-sweep derive my_sweep.toml -o my_model.py
      eos-sweep --import my_model run another_sweep.toml
    """
    from eos_sweep import models
    from eos_sweep.analysis.whole_files import whole
    from eos_sweep.spec.formula_files import read_derived

    if out is not None:
        path = Path(out)
        if path.suffix != ".py" or not path.stem.isidentifier():
            raise InputError(f"{out}: not the name of a module; give one such as my_model.py")
        if path.exists() and not overwrite:
            raise InputError(f"{out}: exists; choose another name, or --overwrite")
    text = models.source(*read_derived(spec))
    if out is None:
        click.echo(text, nl=False)
        return
    with whole(path, "choose another place") as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(visible(out))
