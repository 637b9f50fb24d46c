"""The frames of an animation and the ending of its file, checked before anything is drawn."""

from pathlib import Path

from eos_sweep.errors import InputError
from eos_sweep.spec.fields import at_least

ENDINGS = ".gif", ".mp4"
MOST, FASTEST = 1000, 50  # frames, and frames a second


def check_frames(fps: int, count: int) -> None:
    """Raise InputError unless there is a number of frames, and of frames a second, that can be drawn."""
    if not at_least("fps", fps, 1) <= FASTEST:
        raise InputError(f"fps: got {fps}; give 1 to {FASTEST} frames a second")
    check_count(count)


def check_count(count: int) -> None:
    """Raise InputError unless there is a number of frames that can be drawn."""
    if not 1 < count <= MOST:
        raise InputError(f"frames: got {count}; give 2 to {MOST} of them")


def check_ending(path: str | Path) -> None:
    """Raise InputError if an animation cannot be written into a file of such a name."""
    from matplotlib.animation import writers

    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"{path}: not a file for an animation; end the name in .gif or .mp4")
    if ending == ".mp4" and not writers.is_available("ffmpeg"):
        raise InputError(f"{path}: needs the program ffmpeg, which is not found; install it, or end the name in .gif")
