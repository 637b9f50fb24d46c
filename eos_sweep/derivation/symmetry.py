"""Whether a combination of coordinates can vanish in doubles and matter later, as x - y where x and y trade places.

A reflection under which the loss does not change keeps a trajectory on its mirror.  Next to it the distance shrinks
below the edge of stability, and doubles lose it.  A single coordinate that is reflected has an exponent of its own; for
other combinations the error of rounding has to be followed.
"""

from collections.abc import Iterator

import numpy as np

from eos_sweep.derivation.calculus import Calculus
from eos_sweep.derivation.graph import reachable
from eos_sweep.derivation.numeric import evaluate

POINTS = 5
MOST_WORK = 40_000_000  # operations; beyond it a symmetry is taken for granted
Image = tuple[tuple[int, int], ...]  # for each coordinate, whose it becomes, and with which sign


def may_hide(c: Calculus) -> bool:
    """Tell whether the loss has a reflection that the exponents of single coordinates do not take care of."""
    images = [image for image in reflections(len(c.state)) if not _is_carried(c, image)]
    parts = reachable(c.loss)
    if len(parts) * len(images) * POINTS > MOST_WORK:
        return True
    rng = np.random.default_rng(0)
    values = {part.name: rng.uniform(0.3, 1.7, POINTS) for part in parts if part.op == "name"}
    here = np.array([values[x.name] for x in c.state])
    places = np.array([[place for place, _ in image] for image in images])
    signs = np.array([[sign for _, sign in image] for image in images])
    seen = signs[:, :, None] * here[places]  # image, coordinate, point
    mirrored = evaluate(c.loss, values | {x.name: seen[:, k] for k, x in enumerate(c.state)})
    with np.errstate(all="ignore"):
        same = np.abs(mirrored - evaluate(c.loss, values)) <= 1e-12 * np.abs(mirrored)
    return bool(np.broadcast_to(same, (len(images), POINTS)).all(axis=1).any())


def _is_carried(c: Calculus, image: Image) -> bool:
    """Tell whether only coordinates with their own exponent change, each by its sign."""
    return all(place == k and (sign == 1 or k in c.rates) for k, (place, sign) in enumerate(image))


def reflections(size: int) -> Iterator[Image]:
    """Yield all ways to exchange coordinates in pairs and to change signs that undo themselves; none first."""
    if size == 0:
        yield ()
        return
    last = size - 1
    for rest in reflections(last):
        for sign in (1, -1):
            yield (*rest, (last, sign))
    for other in range(last):
        for rest in reflections(last - 1):
            for sign in (1, -1):
                yield _exchanged(rest, other, last, sign)


def _exchanged(rest: Image, other: int, last: int, sign: int) -> Image:
    """Return a way for all coordinates, from one for those without ``other`` and ``last``, which trade places."""
    names = [k for k in range(last) if k != other]
    whole = {names[k]: (names[place], own) for k, (place, own) in enumerate(rest)}
    whole |= {other: (last, sign), last: (other, sign)}
    return tuple(whole[k] for k in range(last + 1))
