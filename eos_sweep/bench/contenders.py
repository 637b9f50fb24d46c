"""Who is timed: our kernel in each of its modes, and what one would write instead."""

from eos_sweep import observables
from eos_sweep.bench import ours, peers
from eos_sweep.bench.race import Contender
from eos_sweep.work import cores

OURS = "eos_sweep.bench.ours"
TRAJECTORIES, CALLS = 4096, 4


def kernel() -> list[Contender]:
    """Return our kernel in each mode, on one and on all cores, on trajectories that end early and that do not."""
    return [
        _our(mode, kind, number)
        for mode in ours.MODES
        for number in sorted({1, cores()})
        for kind in ("alive", "mixed")
    ]


def others() -> tuple[list[Contender], dict[str, str]]:
    """Return the peers that can run here, and name -> reason of those that cannot."""
    found, missing = [], {}
    for name, module in peers.TABLE.items():
        peer = peers.get(name)
        for variant, number in peer.TRAJECTORIES.items():
            if reason := peer.missing(variant):
                missing[f"{peer.NAME}, {variant}, alive"] = reason
            else:
                found.append(Contender(peer.NAME, variant, module, number))
    return found, missing


def single_observables() -> list[Contender]:
    """Return our kernel with one observable alone, for each; "outcome" needs nothing but the bare steps."""
    return [_our(name, "alive", 1) for name in observables.TABLE]


def _our(variant: str, kind: str, number: int) -> Contender:
    return Contender(ours.NAME, variant, OURS, TRAJECTORIES, kind, number, CALLS)
