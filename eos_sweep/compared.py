"""Two sweeps side by side: what of their numbers differs, and whether one has all that the other has."""

from eos_sweep.spec import Sweep


def differences(old: Sweep, new: Sweep) -> list[str]:
    """Return a readable line for each thing that determines the numbers and differs; none if the hashes are equal."""
    lines = []
    for key in {**old.identity, **new.identity}:
        (counts, before), (counts_now, now) = (sweep.identity.get(key, ("", "none")) for sweep in (old, new))
        if counts != counts_now:
            lines.append(f"{key}: {before} -> {now}" + " (with other values)" * (before == now))
    return lines


def extends(old: Sweep, new: Sweep) -> bool:
    """Whether the numbers of ``new`` are those of ``old`` and more: axes gained values at their end, nothing else."""
    fixed = [
        {key: counts for key, (counts, _) in sweep.identity.items() if not key.startswith("axes.")}
        for sweep in (old, new)
    ]
    if fixed[0] != fixed[1]:
        return False
    pairs = list(zip(old.axes, new.axes, strict=True))
    return old.shape != new.shape and all(after.bits.startswith(before.bits) for before, after in pairs)
