"""The stores of an order, as a worker opens them: the one to write to, and those from which it takes over cells."""

import functools

from eos_sweep import models
from eos_sweep.errors import InputError, Stopped, one_line
from eos_sweep.runtime.order import Order, Unfit, version
from eos_sweep.store.location import Location
from eos_sweep.store.reuse import Source
from eos_sweep.store.store import Store


def reached(order: Order) -> tuple[Store, tuple[Source, ...]]:
    """Return the stores of an order; a remote one that cannot be reached is tried again for a minute."""
    found = []

    def attempt() -> None:
        try:
            found.append(opened(order))
        except InputError as error:
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from None
            raise

    try:
        Location(order.path).retry(attempt)
    except Stopped as error:
        raise Unfit(f"{order.path}: cannot be reached, {one_line(error.__cause__ or error)}") from None
    return found[0]


def opened(order: Order) -> tuple[Store, tuple[Source, ...]]:
    """Return the stores of an order; Unfit if other ones are there, or this process has another version."""
    return _open_once(order._replace(blocks=()))


@functools.lru_cache(maxsize=2)
def _open_once(order: Order) -> tuple[Store, tuple[Source, ...]]:
    """Open the stores once for each run: another run may find other ones there."""
    for module in order.models:
        models.allow(module)
    store = _opened(order.path, order.store_id)
    if (here := version(store.sweep)) != order.version:
        raise Unfit(f"it has {here}, not {order.version}")
    return store, tuple(Source(_opened(path, store_id), store.sweep) for path, store_id in order.reuse)


def _opened(path: str, store_id: str) -> Store:
    store = Store.open(path)
    if store.id != store_id:
        raise Unfit(f"{path} is another store there than where the run was started")
    return store
