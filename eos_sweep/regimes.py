"""Regimes of training: ordered regime rules on stored observables.

A regime is a pure function of a trajectory's observables and a few named thresholds, so a stored sweep can be labelled
again with other thresholds without running a step.  The first regime rule that holds decides.  *The edge* is the
sharpness at which the update rule loses stability: 2/eta for gradient descent.
"""

import math
from collections.abc import Collection, Mapping
from types import SimpleNamespace

import numpy as np

from eos_sweep import rules
from eos_sweep.errors import InputError, closest, named
from eos_sweep.rules import Limits, RegimeRule, Threshold

CONVERGED, DIVERGED, BUDGET_SPENT = 1, 2, 3  # of ``outcome``
BELOW, ABOVE = 1, 2  # of ``final_above``


def alternated(o: SimpleNamespace) -> np.ndarray:
    """Return whether runs were at or above the edge, but never for two steps in a row, from observables ``o``."""
    return (o.steps_above > 0) & (o.steps_above == o.crossings + (o.first_crossing == 0))


RULES = (
    RegimeRule(
        "divergence",
        code=1,
        words="the loss left every bound, or ended above `blowup` times its scale at the start",
        reads=("outcome",),
        holds=lambda o, t: (o.outcome == DIVERGED) | (o.loss_growth > t.blowup),
        colour="#050518",
        thresholds={
            "blowup": Threshold(
                1e12,
                "growth of the loss, over its scale at the start, beyond which a run has diverged",
                "by the curvature of the start such a state is a million times as far away as the start",
            )
        },
        if_stored=("loss_growth",),
        words_without="the loss left every bound; its growth over its scale is not stored",
    ),
    RegimeRule(
        "sign_flip",
        code=2,
        words="the guarded weight changed sign at least `flips` times",
        reads=("sign_flips",),
        holds=lambda o, t: o.sign_flips >= t.flips,
        colour="#7C0C01",
        thresholds={
            "flips": Threshold(
                1,
                "number of sign flips, or more, that makes a run a sign flip",
                "one flip ends the theory's assumptions",
            )
        },
    ),
    RegimeRule(
        "periodic",
        code=8,
        words="ends on an orbit of two steps or more, or at rest at or above the edge: it neither converges nor "
        "sharpens again",
        reads=("period", "final_above"),
        holds=lambda o, t: (o.period >= 2) | ((o.period == 1) & (o.final_above == ABOVE)),
        colour="#CB8841",
    ),
    RegimeRule(
        "chaotic",
        code=9,
        words="spent its budget without such an orbit, and runs nearby part exponentially",
        reads=("outcome", "lyapunov"),
        holds=lambda o, t: (o.outcome == BUDGET_SPENT) & (o.lyapunov > t.chaos),
        colour="#980C66",
        thresholds={
            "chaos": Threshold(
                0,
                "Lyapunov exponent above which a bounded run that spent its budget is chaotic; 0 switches the regime "
                "rule off",
                "it is for models that reduce to a one-dimensional map; runs at the edge of stability separate, too",
            )
        },
        switch="chaos",
    ),
    RegimeRule(
        "edge_of_stability",
        code=3,
        words="sharpness came from below to the edge or above at least twice, and stayed bounded; not where a run "
        "starts at or above the edge and is never there for two steps in a row",
        reads=("crossings", "first_crossing", "steps_above"),
        holds=lambda o, t: (o.crossings >= t.crossings) & ~((o.first_crossing == 0) & alternated(o)),
        colour="#FFCD00",
        thresholds={
            "crossings": Threshold(
                2,
                "number of crossings of the edge from below that puts a run at the edge of stability",
                "one crossing may be a catapult; two mean that the run stabilised itself and sharpened again",
            )
        },
    ),
    RegimeRule(
        "catapult",
        code=4,
        words="sharpness was at or above the edge, from the start, after one crossing or at every second step from the "
        "start, and came back below to stay",
        reads=("steps_above", "final_above"),
        holds=lambda o, t: (o.steps_above > 0) & (o.final_above == BELOW),
        colour="#2E54E7",
    ),
    RegimeRule(
        "progressive_sharpening",
        code=5,
        words="always below the edge, and sharpness grew by more than the factor `growth`",
        reads=("steps_above", "sharpness_initial", "sharpness_max"),
        holds=lambda o, t: (o.steps_above == 0) & (o.sharpness_max > t.growth * o.sharpness_initial),
        colour="#65BFAC",
        thresholds={
            "growth": Threshold(
                1.05,
                "factor by which sharpness must grow to count as progressive sharpening",
                "5 % is far above rounding and far below the growth that is seen on the way to the edge",
            )
        },
    ),
    RegimeRule(
        "stable",
        code=6,
        words="always below the edge, without such growth",
        reads=("steps_above",),
        holds=lambda o, t: o.steps_above == 0,
        colour="#FFFFAD",
    ),
    RegimeRule(
        "unsettled",
        code=7,
        words="the budget ended at or above the edge",
        reads=("steps_above",),
        holds=lambda o, t: o.steps_above > 0,
        colour="#7E7EC1",
    ),
)

# Of the reasons of ``settled`` (eos_sweep.trust); they are given, stored and changed along with those of the regimes.
SETTLED_THRESHOLDS = {
    "margin": Threshold(
        1e-3,
        "a label within this relative distance of where it changes is near_threshold",
        "neighbouring cells of a map with a thousand values per axis differ by about as much",
    ),
    "bits": Threshold(
        30,
        "bits by which an error must have grown before a label depends on rounding",
        "some 20 of the 53 bits of a double are left; all labels known to depend on rounding had lost 32 or more",
    ),
    "near_flip": Threshold(
        0.5,
        "factor of the guarded weight in one step below which rounding may have prevented a sign flip",
        "noise flips none of 1646 runs at the edge of stability that have lost 30 bits and stayed above 0.3, and 7 of "
        "113 below (110 x 110 cells with clip = 5 and 20 000 steps)",
    ),
}


CODES = {"not_computed": 0} | {rule.regime: rule.code for rule in sorted(RULES, key=lambda rule: rule.code)}
THRESHOLDS = {name: one for rule in RULES for name, one in rule.thresholds.items()} | SETTLED_THRESHOLDS


def ordered(limits: Mapping[str, float]) -> list[RegimeRule]:
    """Return all rules in their order, those of a user's own in their places."""
    found = list(RULES)
    for rule in getattr(limits, "own", ()):
        there = [one.regime for one in found]
        place = there.index(rule.before) if rule.before else there.index(rule.after or there[-1]) + 1
        while rule.after and place < len(found) and found[place].after == rule.after:  # earlier ones come first
            place += 1
        found.insert(place, rule)
    return found


def codes(limits: Mapping[str, float]) -> dict[str, int]:
    """Return the codes of all regimes by name, in the order of the codes."""
    own = {rule.regime: rule.code for rule in getattr(limits, "own", ())}
    return CODES | dict(sorted(own.items(), key=lambda item: item[1]))


def names(limits: Mapping[str, float]) -> dict[int, str]:
    """Return the names of all regimes by their codes."""
    return {code: name for name, code in codes(limits).items()}


def _on(limits: Mapping[str, float]) -> list[RegimeRule]:
    return [rule for rule in ordered(limits) if rule.switch is None or limits[rule.switch] > 0]


def required(limits: Mapping[str, float]) -> tuple[str, ...]:
    """Return the observables without which there are no regimes with these thresholds."""
    return tuple(dict.fromkeys(name for rule in _on(limits) for name in rule.reads))


def inputs(limits: Mapping[str, float]) -> tuple[str, ...]:
    """Return the parameters and initial coordinates that the rules read."""
    return tuple(dict.fromkeys(name for rule in getattr(limits, "own", ()) for name in rule.inputs))


def reads(limits: Mapping[str, float], stored: Collection[str] | None = None) -> tuple[str, ...]:
    """Return the observables that the regime rules read with these thresholds, if these are ``stored``; all by default.

    Those that are required are among them in any case.
    """
    found = required(limits) + tuple(name for name in IF_STORED if stored is None or name in stored)
    return tuple(dict.fromkeys(found))


def thresholds(given: Mapping[str, float] | None = None, own: tuple[RegimeRule, ...] = ()) -> Limits:
    """Return all thresholds by name: those ``given``, and the defaults of the others.

    Parameters
    ----------
    given : mapping, optional
        Name -> number.
    own : tuple, optional
        The rules of a user's own.

    Returns
    -------
    Limits
        Name -> number, for each of THRESHOLDS.

    Raises
    ------
    InputError
        If a name is unknown or a value is not a finite number >= 0.
    """
    given = dict(given or {})
    for name, value in given.items():
        if name not in THRESHOLDS:
            raise InputError(f"thresholds.{named(name)}: unknown, got {value}; {closest(name, THRESHOLDS)}")
        if not 0 <= value < math.inf:
            raise InputError(f"thresholds.{name}: got {value}; give a finite number >= 0")
    return Limits({name: float(given.get(name, one.default)) for name, one in THRESHOLDS.items()}, own)


IF_STORED = tuple(name for rule in RULES for name in rule.if_stored)
REQUIRED = required(thresholds())  # the observables without which there are no regimes; those with a switch come on top
SWITCHED = tuple(name for rule in RULES if rule.switch for name in rule.reads if name not in REQUIRED)


def classify(values: Mapping[str, np.ndarray], limits: Mapping[str, float]) -> np.ndarray:
    """Return the regime code of each trajectory.

    Parameters
    ----------
    values : mapping
        Observable name -> array, for each name that :func:`required` gives, and any that :func:`reads` gives; all of
        one shape.  And the inputs that :func:`inputs` gives.
    limits : mapping
        All thresholds, as :func:`thresholds` returns them.

    Returns
    -------
    ndarray of int8
        A code that :func:`codes` gives; 0 where ``outcome`` is 0, which means not computed.
    """
    o, t = SimpleNamespace(**{**dict.fromkeys((*SWITCHED, *IF_STORED), np.nan), **values}), SimpleNamespace(**limits)
    return rules.first_that_holds(_on(limits), o, t, otherwise=0)


def attributes(limits: Mapping[str, float], stored: Collection[str] = IF_STORED) -> dict:
    """Return the CF attributes of a regime variable labelled with ``limits``, from observables that are ``stored``."""
    words = [(r.regime, r.words if set(r.if_stored) <= set(stored) else r.words_without) for r in ordered(limits)]
    found = rules.attributes("regime of training", codes(limits), words, limits)
    own = {rule.regime: rule.colour for rule in getattr(limits, "own", ()) if rule.colour}
    return found | ({"flag_colours": " ".join(f"{name}:{colour}" for name, colour in own.items())} if own else {})
