"""What a run that stops leaves of networks that have begun, where it does not compute them itself."""

import contextlib
from collections.abc import Sequence

from eos_sweep.progress.amounts import Progress
from eos_sweep.store.kept import Kept, found
from eos_sweep.store.store import Store


def kept(store: Store) -> list[Kept]:
    """Return what checkpoints keep; nothing if they cannot be read, since no result depends on it."""
    with contextlib.suppress(OSError):
        return found(store)
    return []


def counted(progress: Progress, before: Sequence[Kept], after: Sequence[Kept], budget: int) -> Progress:
    """Return the progress with what ``after`` a run is kept, and was not ``before`` it.

    A trajectory counts as if it might take all of its ``budget``; a training time may allow it less.

    Examples
    --------
    >>> from eos_sweep.progress.amounts import Progress
    >>> from eos_sweep.runtime.stopped_networks import counted
    >>> from eos_sweep.store.kept import Kept
    >>> before, after = Kept("0", 0, 0, 100, 100, 2.0), Kept("0", 0, 1, 200, 600, 9.0)
    >>> found = counted(Progress(0, 3), [before], [after, Kept("1", 0, 0, 50, 50, 1.0)], 500)
    >>> found.begun, found.steps
    (1.3, 550)
    """
    known = {(one.block, one.cell): one for one in before}
    begun, steps = 0.0, 0
    for one in after:
        old = known.get((one.block, one.cell), one._replace(done=0, step=0, steps=0))
        begun += max(one.done - old.done + (one.step - old.step) / budget, 0.0)
        steps += max(one.steps - old.steps, 0)
    return progress._replace(begun=progress.begun + begun, steps=progress.steps + steps)
