"""Files of a service, kept in a folder or an object store through fsspec."""

from __future__ import annotations

import datetime as dt
import posixpath
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

HOLD = ".hold"  # in a folder of files: whoever has it locked alone (a backup) keeps every file where it is


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file's path, size in bytes and last change (aware, UTC)."""

    path: str
    size: int
    changed_at: dt.datetime


class FileStore:
    """Keeps bytes by relative path under one URL; a path is complete or absent, never half written."""

    def __init__(self, url: str) -> None:
        """Take a folder or any URL that fsspec knows, such as s3://bucket/prefix."""
        import fsspec

        self._fs: Any
        self._fs, root = fsspec.core.url_to_fs(url)
        self._root: str = str(root).rstrip("/")
        self._local = "file" in (self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,))

    def put(self, path: str, content: bytes) -> None:
        """Store `content` under `path`, replacing what is there; when it returns, the bytes are stored."""
        full = self._full(path)
        if not self._local:
            self._fs.pipe_file(full, content)  # an object appears whole
            return
        self._fs.makedirs(posixpath.dirname(full), exist_ok=True)
        partial = f"{full}.{uuid.uuid4().hex}.partial"
        _write_through(partial, content)
        self._fs.mv(partial, full)

    def get(self, path: str) -> bytes:
        """Return the bytes under `path`; FileNotFoundError where there are none."""
        content: bytes = self._fs.cat_file(self._full(path))
        return content

    def exists(self, path: str) -> bool:
        """Tell whether something is stored under `path`."""
        return bool(self._fs.isfile(self._full(path)))

    def delete(self, path: str) -> None:
        """Forget what is under `path`; nothing there is fine. While a backup holds the folder the file stays, for the next tidying."""
        full = self._full(path)
        with _free_to_delete(self._root) if self._local else nullcontext(True) as free:
            if free:
                with suppress(FileNotFoundError):
                    self._fs.rm_file(full)

    def under(self, folder: str) -> Iterator[StoredFile]:
        """List the files below `folder`, in no order."""
        try:
            found = self._fs.find(self._full(folder), detail=True)
        except FileNotFoundError:
            return
        for full, info in found.items():
            yield StoredFile(str(full)[len(self._root) + 1 :], int(info["size"]), _changed(info))

    def _full(self, path: str) -> str:
        if path != posixpath.normpath(path) or path.startswith(("/", "..")):
            raise ValueError(f"not a relative path: {path!r}")
        return f"{self._root}/{path}"


@contextmanager
def _free_to_delete(root: str) -> Iterator[bool]:
    """Tell whether nobody holds the folder against deletions; while the block runs nobody can begin to."""
    import fcntl

    try:
        file = open(f"{root}/{HOLD}", "a")  # noqa: PTH123, SIM115 - the path is fsspec's; closed below
    except OSError:  # no such folder: nothing to delete and nobody to hold it
        yield True
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _write_through(path: str, content: bytes) -> None:
    import os

    with open(path, "xb") as file:  # noqa: PTH123 - the path is fsspec's
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _changed(info: dict[str, Any]) -> dt.datetime:
    value = info.get("mtime") or info.get("LastModified") or info.get("created")
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC)
    return dt.datetime.fromtimestamp(float(value or 0), dt.UTC)
