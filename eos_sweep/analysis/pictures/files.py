"""Figures and picture files; both carry the title of their sweep and the hash of its spec."""

from pathlib import Path
from typing import Any

import xarray as xr

from eos_sweep.analysis.pictures import captions
from eos_sweep.analysis.pictures.style import DPI
from eos_sweep.analysis.whole_files import whole
from eos_sweep.errors import InputError
from eos_sweep.progress.bars import work_progress

KINDS = "png", "svg", "pdf", "eps"
REMEDY = "choose another place for the picture"


def new_figure(dataset: xr.Dataset, width: float, height: float) -> Any:
    """Return an empty Figure, in inches, that knows which dataset it is of, and that a notebook shows."""
    from eos_sweep.analysis.pictures.shown import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.set_label(captions.first_lines(dataset.attrs.get("title", "")) or "eos_sweep")
    figure.set_gid(f"spec-{captions.first_lines(dataset.attrs['spec_hash'])}" if "spec_hash" in dataset.attrs else None)
    return figure


def save(figure: Any, path: str | Path, progress: bool | None = None) -> None:
    """Write a figure as PNG, SVG, PDF or EPS, an animation as GIF or MP4, with its title and the hash of its spec.

    Parameters
    ----------
    figure
        The Figure, or what :func:`animate` or :func:`animate_descent` returns.
    path
        Name of the file, whose ending says what kind it is.  The file is replaced as a whole, or left as it was.  An
        ``.mp4`` needs the program ffmpeg.
    progress
        Whether to show a bar while the frames of an animation are drawn; by default on a terminal and in a notebook.

    Raises
    ------
    InputError
        If the ending is another one, or the file cannot be written.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> run = eos_sweep.trajectory("bivariate", {"lambda1": 100, "lambda2": 0.01, "eta": 0.05},
    ...                            {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}, steps=50)
    >>> plot.save(plot.trajectory_plot(run), "run.png")
    """
    path = Path(path)
    if hasattr(figure, "to_jshtml"):
        _save_frames(figure, path, progress)
        return
    kind = path.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise InputError(f"{path}: not a picture that can be drawn; end the name in .png, .svg, .pdf or .eps")
    title, identity = figure.get_label(), figure.get_gid() or ""
    about = {"Title": title, "Subject" if kind == "pdf" else "Description": identity}
    if kind == "eps":  # it has one field, of one line, in Latin letters
        about = {"Creator": " ".join(f"{title} {identity}".split()).encode("latin-1", "replace").decode("latin-1")}
    # By its path matplotlib would write its temporary name into an EPS.
    with whole(path, REMEDY) as temporary, open(temporary, "wb") as file:
        figure.savefig(file, format=kind, dpi=DPI, metadata=about)


def _save_frames(animation: Any, path: Path, progress: bool | None) -> None:
    """Write an animation."""
    from eos_sweep.analysis.pictures.animations import write
    from eos_sweep.analysis.pictures.frames import check_ending

    check_ending(path)
    about = {"title": animation.figure.get_label(), "comment": animation.figure.get_gid() or ""}
    with whole(path, REMEDY) as temporary, work_progress(progress) as show:
        write(animation, temporary, about, lambda frame, count: show("frames", frame + 1, animation.count))
