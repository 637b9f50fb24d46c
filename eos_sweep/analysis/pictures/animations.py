"""Pictures that move: an animation of matplotlib, and its file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter

DPI = 120  # pixels an inch
MAX_COVERAGE = 1  # Pillow's number of the method


class Animation(FuncAnimation):
    """An animation of matplotlib that a notebook plays where it is the result of a cell.

    Parameters
    ----------
    figure
        The figure.
    draw
        Function of the number of a frame that draws it.
    count
        Number of frames.
    fps
        Frames a second.
    """

    def __init__(self, figure: Any, draw: Callable[[int], None], count: int, fps: int) -> None:
        super().__init__(figure, draw, frames=count, interval=1000 / fps, cache_frame_data=False)
        self.figure, self.count, self.fps = figure, count, fps

    def __del__(self) -> None:
        """Go without matplotlib's warning about an animation that was not drawn."""

    def _repr_html_(self) -> str:
        return str(self.to_jshtml(fps=self.fps))


class _Gif(PillowWriter):
    """A writer of GIFs that keeps the colours of thin lines: by default the frequent ones take the whole palette."""

    def grab_frame(self, **options: Any) -> None:
        """Add the figure as it is."""
        super().grab_frame(**options)
        frames: list[Any] = self._frames  # type: ignore[attr-defined]
        frames[-1] = frames[-1].convert("RGB").quantize(method=MAX_COVERAGE, dither=0)


def write(animation: Animation, path: Path, about: dict[str, str], drawn: Callable[[int, int], None]) -> None:
    """Draw all frames into a file.

    Parameters
    ----------
    animation
        The animation.
    path
        The file, whose ending :func:`eos_sweep.analysis.pictures.frames.check_ending` has checked.
    about
        Metadata of the file.
    drawn
        Function of the number of a frame, and of a total that matplotlib may not know, called when it is drawn.
    """
    writer = (_Gif if path.suffix.lower() == ".gif" else FFMpegWriter)(fps=animation.fps, metadata=about)
    animation.save(str(path), writer=writer, dpi=DPI, progress_callback=drawn)
