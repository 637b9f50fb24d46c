"""``eos_sweep.model``: a model from its loss in Python, as text or as a function."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eos_sweep.derivation import models
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.written_out import written_out
from eos_sweep.errors import SpecError, closest, named, short
from eos_sweep.formulas.recording import record

Loss = str | Callable[..., Any]


def model(
    loss: Loss,
    state: Sequence[str] | Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    guard: str | None = None,
    title: str | None = None,
    reference: str | None = None,
    presets: Mapping[str, Mapping[str, float | str]] | None = None,
    lines: Mapping[str, Any] | None = None,
    data: Mapping[str, Sequence[float]] | None = None,
    trial: Mapping[str, float | str] | None = None,
) -> Formula:
    """Return the model that gradient descent on a loss is: step, Hessian and sharpness are derived from the loss.

    Parameters
    ----------
    loss
        A formula, or a function of coordinates and parameters.  The function is called once, with arguments that record
        what is computed of them, so it has no ``if`` on them.  A default of an argument is that of the input.
    state
        Names of the coordinates, or name -> a default, or a table with ``default``, ``symbol``, ``long_name`` and the
        bounds ``above``, ``least`` and ``most``.
    parameters
        Name -> the same, of those names in the loss of which something is told.  Every name in the loss that is no
        coordinate is a parameter.  The step size ``eta`` is one, too, also where the loss does not have it.
    name
        Name of the model, for titles and messages.
    guard
        The coordinate whose change of sign is a regime of its own.
    title, reference
        What the model is, and its source.
    presets
        Parameter -> preset -> expression.
    lines
        Name -> formula or function in parameters and initial coordinates that is 1 on a critical line, or a table with
        ``ratio``, ``label`` and ``meaning``.
    data
        Name -> numbers, for sums in the formula: ``mean(i, (w*x[i] - y[i])**2)``.
    trial
        Name -> number or expression with draws, at which ``eos-sweep check`` tries the model.

    Returns
    -------
    Formula
        It is given to :func:`eos_sweep.sweep` as ``model``.

    Raises
    ------
    SpecError, InputError
        For the first thing that is wrong, such as a loss that is not twice differentiable.

    Examples
    --------
    >>> import eos_sweep
    >>> well = eos_sweep.model("(x**2 - 1)**2/4 + a*x*y**2/2", ["x", "y"], {"a": 1.0}, name="my_well")
    >>> list(well.parameters)
    ['a', 'eta']
    >>> eos_sweep.model(lambda x, y, a=1.0: (x**2 - 1)**2/4 + a*x*y**2/2, ["x", "y"]).loss
    '(x**2 - 1)**2/4 + a*x*y**2/2'
    """
    given = {key: value for key, value in locals().items() if value is not None}
    if not isinstance(loss, str) and callable(loss):
        _check_coordinates(state, loss)
        given["loss"] = _recorded(loss, "model.loss")
        _add_defaults(given, loss)
    if isinstance(lines, Mapping):
        given["lines"] = {line: _line(f"model.lines.{named(str(line))}", told) for line, told in lines.items()}
    formula = Formula.from_dict(given)
    models.source(formula)  # here rather than at a run, which takes the text from there
    return formula


def _check_coordinates(state: Any, loss: Callable[..., Any]) -> None:
    """Raise SpecError unless all coordinates are arguments of the loss; what else is wrong with them is said later."""
    arguments = _arguments(loss)
    plain = all(one.kind is one.POSITIONAL_OR_KEYWORD for one in arguments.values())
    for name in state if plain and arguments and isinstance(state, list | tuple | Mapping) else ():
        if isinstance(name, str) and name not in arguments:
            raise SpecError(
                f"model.state: got {short(name)}, which is no argument of the function; {closest(name, arguments)}"
            )


def _recorded(function: Callable[..., Any], what: str) -> str:
    """Return the formula of a function, in the names of its arguments."""
    return written_out(record(function, list(_arguments(function)), what), what)


def _arguments(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # recording says what is wrong with it
        return {}


def _add_defaults(given: dict[str, Any], loss: Callable[..., Any]) -> None:
    """Add the defaults of the arguments of a loss to what is told of the inputs."""
    defaults = {name: one.default for name, one in _arguments(loss).items() if one.default is not one.empty}
    state, parameters = given.get("state"), given.get("parameters", {})
    if isinstance(state, list | tuple) and any(name in state for name in defaults):
        if all(isinstance(name, str) and state.count(name) == 1 for name in state):
            given["state"] = state = {name: {} for name in state}
    for name, default in defaults.items():
        group = state if isinstance(state, Mapping) and name in state else parameters
        if isinstance(group, Mapping):
            told = group.get(name, {})
            added = {**group, name: {"default": default, **told}} if isinstance(told, Mapping) else group
            given["state" if group is state else "parameters"] = added
            state, parameters = given.get("state"), given.get("parameters", {})


def _line(what: str, told: Any) -> Any:
    """Return what is told of a critical line, with a formula in place of a function."""
    if isinstance(told, Mapping):
        return {key: _line(what, value) if key == "ratio" else value for key, value in told.items()}
    return _recorded(told, what) if callable(told) else told
