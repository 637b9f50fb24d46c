"""What is timed: the kernel in each of its modes, and the peers."""

from eos_sweep import observables
from eos_sweep.checks.bench import our_kernel, peers
from eos_sweep.checks.bench.race import Contender
from eos_sweep.engine.cores import cores

KERNEL_MODULE = our_kernel.__name__
TRAJECTORIES, CALLS = 4096, 4  # of one reading of the kernel


def core_counts() -> list[int]:
    """Return the numbers of cores on which the kernel is timed: one and all, or one if there are no more."""
    return sorted({1, cores()})


def kernel() -> list[Contender]:
    """Return the kernel in each mode, on one and on all cores, with and without trajectories that end early."""
    return [
        _kernel(mode, kind, number)
        for mode in our_kernel.MODES
        for number in core_counts()
        for kind in ("alive", "mixed")
    ]


def installed_peers() -> tuple[list[Contender], dict[str, str]]:
    """Return the peers that can run here, and name -> reason for those that cannot."""
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
    """Return the kernel with each observable alone; "outcome" needs nothing but the bare steps."""
    return [_kernel(name, "alive", 1) for name in observables.TABLE]


def _kernel(variant: str, kind: str, number: int) -> Contender:
    return Contender(our_kernel.NAME, variant, KERNEL_MODULE, TRAJECTORIES, kind, number, CALLS)
