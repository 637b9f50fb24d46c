"""What a spec chooses to store: names of variables and groups, and formulas of the user's own."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from eos_sweep import observables, regimes
from eos_sweep.contract import Model, OwnObservable
from eos_sweep.errors import InputError, SpecError, named, short
from eos_sweep.formulas.operations import CONSTANTS, OPERATIONS
from eos_sweep.observables import formula, own_source
from eos_sweep.observables.networks import observed
from eos_sweep.spec.axis_names import WINDOWS

STORED = "stored"  # the key of the names beside formulas
DEFAULT = ("default",)
MAX_NAME = 60  # characters; a name of a folder
MAX_OWN, MAX_PARTS = 32, 800  # all are compiled into one kernel
FORM = 'give a list of names, such as ["default"], or a table of formulas, such as peak = "max(loss)"'
GROUPS = ("default", "all", "claims", "doubled")


class Chosen(NamedTuple):
    """The entry ``observables`` of a spec."""

    stored: tuple[str, ...] = DEFAULT
    own: Mapping[str, str] = {}  # name -> formula, as it was given

    def given(self) -> Any:
        """Return the entry in the layout of the TOML file."""
        return {STORED: self.stored, **self.own} if self.own else self.stored


def parse(given: Any) -> Chosen:
    """Return what an entry chooses: a list of names, or a table of formulas with a list of names called ``stored``.

    Raises
    ------
    SpecError
        If it is neither.  Whether the names and the formulas are right depends on the model.
    """
    if not isinstance(given, Mapping):
        return Chosen(_names("observables", given))
    own = dict(given)
    stored = _names(f"observables.{STORED}", own.pop(STORED)) if STORED in own else DEFAULT
    for name, text in own.items():
        if not isinstance(text, str):
            raise SpecError(
                f'observables.{named(str(name))}: got {short(text)}; give a formula in quotes, such as "max(loss)"'
            )
    if len(own) > MAX_OWN:
        raise SpecError(f"observables: {len(own)} formulas; give at most {MAX_OWN}")
    return Chosen(stored, own)


def _names(label: str, given: Any) -> tuple[str, ...]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise SpecError(f"{label}: got {short(given)}; {FORM}")
    names = tuple(given)
    for place, name in enumerate(names):
        if not isinstance(name, str):
            raise SpecError(f"{label}.{place}: got {short(name)}; {FORM}")
    return names


def own_observables(own: Mapping[str, str], model: Model, taken: Iterable[str]) -> tuple[OwnObservable, ...]:
    """Return the observables of formulas, as they are stored.

    Parameters
    ----------
    own
        Name -> formula.
    model
        The model.
    taken
        Names that a dataset uses for something else, such as those of axes.

    Raises
    ------
    SpecError
        For the first name or formula that is wrong.
    """
    used = {name.casefold(): name for name in taken}
    used |= {name.casefold(): name for name in (*observables.variables(model), *GROUPS, *regimes.THRESHOLDS)}
    words = {*OPERATIONS, *CONSTANTS, *formula.REDUCERS, *formula.known(observed(model)), "sum"}
    used |= {name.casefold(): name for name in words}
    found, parts = [], 0
    for name, text in own.items():
        label = f"observables.{named(name)}"
        strange = not name.isidentifier() or not name.isascii() or name.endswith(observables.DOUBLED)
        if strange or WINDOWS.fullmatch(name) or len(name) > MAX_NAME:
            raise SpecError(f"{label}: no name of an observable; use letters, digits and _, such as peak")
        if (other := used.get(name.casefold())) is not None:
            raise SpecError(f"{label}: the name {short(other)} means something else; give it another name")
        used[name.casefold()] = name
        try:
            parsed = formula.parse(text, observed(model), label)
            own_source.check(parsed.trees, label)
        except InputError as error:
            raise SpecError(str(error)) from None
        found.append(OwnObservable(name, parsed.text()))
        parts += parsed.parts
    if parts > MAX_PARTS:
        raise SpecError(f"observables: the formulas have {parts} parts together; use at most {MAX_PARTS}")
    return tuple(found)
