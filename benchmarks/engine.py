"""A fresh PostgreSQL of its own for a benchmark, durable as in production: a commit waits for the disk."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import measured

from deploy.local.databases import wait
from deploy.local.embedded import EmbeddedPostgres

assert measured.ROOT  # importing it put deploy/ on the path


@contextmanager
def folder(name: str) -> Iterator[Path]:
    """Yield a folder that a lesser user can reach, and remove it at the end."""
    home = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def postgres(home: Path, options: Mapping[str, str]) -> Iterator[str]:
    """Yield the URL of a new cluster in `home`; it ends with the block."""
    server = EmbeddedPostgres(home / "pg", home / "s")
    server.init()
    child = server.popen({"log_min_messages": "fatal", **options}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(server.url())
        yield server.url()
    finally:
        child.send_signal(signal.SIGINT)  # fast: it does not wait for clients
        child.wait(30)
