"""The frames of an animation and the ending of its file, checked before anything is drawn."""

from pathlib import Path

from eos_sweep.errors import InputError
from eos_sweep.spec.fields import at_least

ENDINGS = ".gif", ".mp4"
MOST, FASTEST = 1000, 50  # frames, and frames a second


def checked_pace(fps: int, count: int) -> tuple[int, int]:
    """Return the frames a second and the number of frames as integers.

    Raises
    ------
    InputError
        If one of them is no whole number, or cannot be drawn.
    """
    pace = at_least("fps", fps, 1)
    if pace > FASTEST:
        raise InputError(f"fps: got {pace}; give 1 to {FASTEST} frames a second")
    return pace, checked_count(count)


def checked_count(count: int) -> int:
    """Return the number of frames as an integer; InputError if it is none, or so many cannot be drawn."""
    frames = at_least("frames", count, 2)
    if frames > MOST:
        raise InputError(f"frames: got {frames}; give 2 to {MOST} of them")
    return frames


def check_ending(path: str | Path) -> None:
    """Raise InputError if an animation cannot be written into a file of such a name."""
    from matplotlib.animation import writers

    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"{path}: not a file for an animation; end the name in .gif or .mp4")
    if ending == ".mp4" and not writers.is_available("ffmpeg"):
        raise InputError(f"{path}: needs the program ffmpeg, which is not found; install it, or end the name in .gif")
