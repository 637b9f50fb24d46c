"""Numbers at the ticks of axes and of bars of colours."""

from typing import Any


def in_full(formatter: Any) -> None:
    """Have a formatter write whole numbers such as 1.001, and no common part beside the axis: not 0.001 and "+1"."""
    if hasattr(formatter, "set_useOffset"):  # those of logarithmic axes and of words have none
        formatter.set_useOffset(False)
