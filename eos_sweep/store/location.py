"""The place of a store: a folder, a zip file to read, or any URL that fsspec opens (memory://, s3://, gs://, ...)."""

import contextlib
import errno
import math
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
from fsspec.implementations.local import LocalFileSystem

from eos_sweep.errors import InputError, Stopped, named, one_line
from eos_sweep.store import durable, files, remote, zarr_thread
from eos_sweep.store.files import BESIDE, CHECKPOINTS
from eos_sweep.store.guarded import MAX_FILE_BYTES, Chunks, Guarded
from eos_sweep.store.in_turn import in_turn
from eos_sweep.store.remote import bounded

# File systems of fsspec that read what lies in others, and those in which nothing can be written.
NO_PLACE = {
    *("asyncwrapper", "async_wrapper", "blockcache", "cached", "dask", "data", "dir", "dvc", "filecache", "generic"),
    *("gist", "git", "github", "jlab", "jupyter", "libarchive", "pyscript", "reference", "root", "simplecache", "tar"),
    *("wandb", "zip"),
}
READ_ONLY = {"http", "https"}
GLOB = re.compile(r"[*?\[]")  # in a URL, fsspec takes them for patterns, also when it removes something
RETRY_SECONDS = 1, 4, 16, 30  # pauses between attempts, because networks return ...
FINAL_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}  # ... but these errors stay


class Location:
    """A place for a store.

    Parameters
    ----------
    place
        A path or a URL.  fsspec looks up credentials and endpoints, for example in ``AWS_ENDPOINT_URL``.

    Raises
    ------
    InputError
        If no store can have this name, or no file system is known for the URL, or a package that it needs is not
        installed.
    """

    def __init__(self, place: "str | Path | Location"):
        self.text = str(place)
        _check_name(self.text)
        self.fs, self.root = self._file_system()
        self.root = self.root.rstrip("/") or "/"
        self._known: dict[str, Chunks] = {}  # to what zarr reads of it must conform
        self.zipped = _is_local(self.fs) and os.path.isfile(self.root) and self.root.endswith(".zip")
        self.absolute = self.root if _is_local(self.fs) else self.text  # the name by which other processes find it
        self.local = Path(self.root) if _is_local(self.fs) and not self.zipped else None
        if self.zipped:
            with self.reaching():
                self.fs, self.root = in_turn(_opened_zip(self.text, self.root)), "/"
        elif not self.local and GLOB.search(self.root):
            raise InputError(f"{self.text}: a URL of a store has none of * ? [ in it; choose another name")

    def _file_system(self, **options: Any) -> tuple[Any, str]:
        """Return the file system of fsspec for this place, and the path in it."""
        try:
            fs, root = fsspec.url_to_fs(self.text, use_listings_cache=False, **options)
        except ImportError as error:
            raise InputError(f"{self}: {error}; pip install it") from None
        except Exception as error:  # file systems raise many kinds for arguments that they do not know, or lack
            reason = one_line(error)
            raise InputError(f"{self}: {reason}; give a path or a URL such as s3://bucket/name.zarr") from None
        return in_turn(fs if _is_local(fs) or "memory" in fs.protocol else bounded(fs)), root

    def __str__(self) -> str:
        """Return the path or URL as it was given."""
        return self.text

    @contextlib.contextmanager
    def reaching(self) -> Iterator[None]:
        """Turn the error of a file system that cannot be reached into an InputError."""
        try:
            yield
        except (InputError, Stopped):
            raise
        except OSError as error:
            reason = error.strerror or one_line(error)
            remedy = "choose another place for the store" if self.local else "is it reachable, with these credentials?"
            raise InputError(f"{self}: {reason}; {remedy}") from error

    def check_writable(self) -> None:
        """Raise InputError if nothing can be written there."""
        if self.zipped:
            raise InputError(f"{self}: a zip file is read-only; unpack it to continue the sweep")
        if self.protocols & READ_ONLY:
            raise InputError(f"{self}: can only be read; choose another place for the store")

    @property
    def in_memory(self) -> bool:
        """Whether it lies in the memory of this process, where no other process can reach it."""
        return "memory" in self.protocols

    @property
    def protocols(self) -> set[str]:
        """The names by which URLs call its file system."""
        found = self.fs.protocol
        return {found} if isinstance(found, str) else set(found)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Turn the error of a file system to which something was being written into Stopped."""
        try:
            yield
        except OSError as error:
            reason = one_line(error)
            raise Stopped(f"{self}: cannot be written, {reason}; fix that, then run the same command again") from error

    def retry(self, action: Callable[[], object], held: Callable[[], None] = lambda: None) -> None:
        """Do ``action``, which writes to the store, and try again after a pause if a remote store raises an error.

        Parameters
        ----------
        action
            May be done a second time when it was done in part.
        held
            Called before each attempt; raises Stopped if the lock was lost.

        Raises
        ------
        Stopped
            If all attempts fail, or nothing can be written any more.  Any other error of a folder is raised unchanged.
        """
        end = time.monotonic() + remote.ANSWER_SECONDS
        for pause in (*RETRY_SECONDS, math.inf):
            try:
                held()
                action()
                return
            except OSError as error:
                final = error.errno in FINAL_ERRORS
                if self.local and not final:
                    raise
                if final or time.monotonic() + pause > end:
                    with self.writing():
                        raise
                time.sleep(pause)

    def zarr_store(self, read_only: bool) -> Any:
        """Return the store of zarr at this place."""
        from zarr.storage import FsspecStore, ZipStore

        from eos_sweep.store.durable_store import DurableStore

        if not __debug__:  # some of zarr's assertions change what they look at
            raise InputError(f"{self}: python -O (PYTHONOPTIMIZE) takes away what zarr needs; run without -O")
        zarr_thread.start()
        store: Any
        if self.zipped:
            store = ZipStore(self.absolute, mode="r", read_only=True)
        elif self.local:
            store = DurableStore(self.local, read_only=read_only)
        else:
            fs = self._file_system(asynchronous=True)[0] if self.fs.async_impl else self.fs
            fs = fs if fs.async_impl else AsyncFileSystemWrapper(fs, asynchronous=True)
            store = FsspecStore(fs, read_only=read_only, path=self.root)
        return Guarded(store, str(self), self._known)

    def read(self, key: str, most: int = MAX_FILE_BYTES) -> bytes | None:
        """Return the bytes under a key, or None if there is no file; of an enormous one only the beginning."""
        if self.local:
            return files.read(self.local / key, most)
        try:
            return self.fs.cat_file(self._at(key), end=most)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if "not satisfiable" in str(error):  # S3 has no range of an empty object
                return b""
            raise

    def write(self, key: str, data: bytes) -> None:
        """Write bytes under a key: all of them, or nothing if that fails or the process dies; see :meth:`write_all`."""
        self.write_all({key: data})

    def write_all(self, found: Mapping[str, bytes]) -> None:
        """Write the bytes of each key, which in a folder survive a loss of power once this returns."""
        if self.local:
            return durable.write({self.local / key: data for key, data in found.items()})
        for key, data in found.items():
            self.fs.pipe_file(self._at(key), data)

    def create(self, key: str, data: bytes) -> None:
        """Write bytes under a key, unless there are any."""
        with contextlib.suppress(FileExistsError):
            self.fs.pipe_file(self._at(key), data, mode="create")

    def keys(self) -> Iterator[str]:
        """Yield all keys of the store, none of what lies beside, level by level; none if the place does not exist."""
        for folder, _, names in self.fs.walk(self.root, on_error=_unless_missing):
            below = folder.removeprefix(self.root).strip("/")
            if below.partition("/")[0] == CHECKPOINTS:
                continue
            found = (f"{below}/{name}".lstrip("/") for name in names if name)
            yield from (key for key in found if key not in BESIDE)

    def names(self, key: str = "") -> set[str]:
        """Return the names of what lies directly below a key, or at the place, of what belongs to the store."""
        place = self._at(key)
        try:
            found = self.fs.ls(place, detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return set()
        return {path.rstrip("/").rpartition("/")[2] for path in found if path.rstrip("/") != place} - BESIDE

    def remove(self, key: str) -> None:
        """Remove everything below a key."""
        with contextlib.suppress(FileNotFoundError):
            self.fs.rm(self._at(key), recursive=True)
            if self.local:
                durable.flush_folders([(self.local / key).parent])

    def _at(self, key: str) -> str:
        return f"{self.root.rstrip('/')}/{key}".rstrip("/")


def _opened_zip(text: str, path: str) -> Any:
    """Return the file system of a zip file; InputError if the file is damaged."""
    try:
        return fsspec.filesystem("zip", fo=path)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputError(f"{text}: damaged, {named(one_line(error), 200)}; use another copy of it") from None


def _check_name(text: str) -> None:
    """Raise InputError if no store can have this path or URL."""
    if not text.strip() or "\0" in text:
        raise InputError(f"store {text!r}: not a path; name a folder, such as quickstart.zarr")
    try:
        os.fsencode(text) if "://" not in text else text.encode()
    except UnicodeEncodeError:
        raise InputError(f"store {text!r}: has characters that no name can have; choose another name") from None
    if "::" in text:
        raise InputError(f"{text}: '::' joins file systems, which cannot hold a store; choose another name")
    protocol = text.partition("://")[0] if "://" in text else text.partition(":")[0]
    if protocol in NO_PLACE and ("://" in text or protocol == "data"):
        raise InputError(f"{text}: {protocol} cannot hold a store; give a path or a URL such as s3://bucket/name.zarr")


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _is_local(fs: Any) -> bool:
    return isinstance(fs, LocalFileSystem)
