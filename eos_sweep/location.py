"""Where a store is: a folder, a zip file to read, or any URL that fsspec opens (memory://, s3://, gs://, ...)."""

import contextlib
import errno
import functools
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from eos_sweep.errors import InputError, Stopped

PAUSES = 1, 4, 16, 30  # seconds before something is done again that could not be: networks come back ...
FINAL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}  # ... and these do not go by themselves


class Location:
    """A place for a store.

    Parameters
    ----------
    place
        A path or a URL.  Credentials and endpoints come from where fsspec looks for them, such as ``AWS_ENDPOINT_URL``.

    Raises
    ------
    InputError
        If no filesystem is known for the URL, or what it needs is not installed.
    """

    def __init__(self, place: "str | Path | Location"):
        self.text = str(place)
        if not self.text.strip() or "\0" in self.text:
            raise InputError(f"store {self.text!r}: no path; name a folder, such as quickstart.zarr")
        self.zipped = os.path.isfile(self.text) and self.text.endswith(".zip")
        try:
            url = f"zip::{os.path.abspath(self.text)}" if self.zipped else self.text
            self.fs, self.root = fsspec.url_to_fs(url, use_listings_cache=False)
        except ImportError as error:
            raise InputError(f"{self.text}: {error}; pip install it") from None
        except ValueError as error:
            raise InputError(f"{self.text}: {error}; give a path or a URL such as s3://bucket/name.zarr") from None
        self.root = self.root.rstrip("/") or "/"
        self.local = Path(self.root) if isinstance(self.fs, LocalFileSystem) else None

    def __str__(self) -> str:
        return self.text

    @contextlib.contextmanager
    def reached(self) -> Iterator[None]:
        """Turn into an InputError whatever a file system's library raises because the place cannot be reached."""
        try:
            yield
        except (InputError, Stopped):
            raise
        except OSError as error:
            reason = error.strerror or " ".join(str(error).split())
            raise InputError(f"{self}: {reason}; choose another place for the store") from None
        except Exception as error:  # of botocore, aiohttp and their like
            if self.local:
                raise
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(f"{self}: {reason}; is it reachable, with these credentials?") from None

    @property
    def absolute(self) -> str:
        """The place as another process finds it."""
        return os.path.abspath(self.text) if self.local or self.zipped else self.text

    @property
    def only_here(self) -> bool:
        """Whether no other process can reach it."""
        return "memory" in _protocols(self.fs)

    def insist(self, action: Callable[[], None]) -> None:
        """Do something with what is stored, if need be when the network has come back.

        Raises
        ------
        Stopped
            If it does not, or nothing can be written there any more; any other error of a folder is raised as it is.
        """
        for pause in (*PAUSES, None):
            try:
                return action()
            except Stopped:
                raise
            except Exception as error:  # what a remote store raises is a matter of its library
                final = getattr(error, "errno", None) in FINAL
                if self.local and not final:
                    raise
                if pause is None or final:
                    reason = " ".join(str(error).split()) or type(error).__name__
                    remedy = "mend that, then run the same command again"
                    raise Stopped(f"{self}: cannot be written, {reason}; {remedy}") from error
                time.sleep(pause)

    def zarr_store(self, read_only: bool) -> Any:
        """Return zarr's view of the place."""
        from zarr.storage import FsspecStore, LocalStore, ZipStore

        if self.zipped:
            return ZipStore(self.absolute, mode="r", read_only=True)
        if self.local:
            return LocalStore(self.local, read_only=read_only)
        return FsspecStore.from_url(self.text, read_only=read_only)

    def read(self, key: str) -> bytes | None:
        """Return what is stored under a key, None if nothing is."""
        try:
            return self.fs.cat_file(self._at(key))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, key: str, data: bytes) -> None:
        """Store bytes under a key: all of them, or nothing if it cannot be done or the process dies meanwhile."""
        if not self.local:
            return self.fs.pipe_file(self._at(key), data)
        path = self.local / key
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(data)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def keys(self) -> Iterator[str]:
        """Yield the keys of everything below, one level after the other; nothing if there is no such place."""
        for folder, _, files in self.fs.walk(self.root):
            below = folder.removeprefix(self.root).strip("/")
            yield from (f"{below}/{name}".lstrip("/") for name in files if name)

    def exists(self) -> bool:
        """Return whether anything is there."""
        return bool(self.fs.exists(self.root))

    def remove(self, key: str = "") -> None:
        """Remove what is below a key, or all of it."""
        if self.fs.exists(self._at(key)):
            self.fs.rm(self._at(key), recursive=True)

    def _at(self, key: str) -> str:
        return f"{self.root.rstrip('/')}/{key}".rstrip("/")

    def beside(self, ending: str) -> "Location":
        """Return the place whose name is longer by ``ending``."""
        return Location(f"{self.text.rstrip('/')}{ending}")


@functools.cache
def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
