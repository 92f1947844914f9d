"""Where tests keep their files, and which tests share a process: those on one platform, in one folder, or in one file."""

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

FOLDERS = ("tests/cluster/", "tests/fuzz/", "tests/images/")  # whose tests share what one process holds
ALONE = ("tests/faults/", "tests/integration/test_backup.py")  # each test of these starts a platform of its own
BUS = re.compile(r"tests/integration/.*\[(postgresql|kafka)\b")

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where the machine has one
ROOM = 4 * 2**30  # bytes that must be free there, and of the memory; tests take a fifth of it


def _fits() -> bool:
    """Tell whether there is room in memory for what tests keep: databases of 500 files that live for one test, above all."""
    if not os.access(MEMORY, os.W_OK):
        return False
    there = os.statvfs(MEMORY)
    free = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    room = min(there.f_bavail * there.f_frsize, int(free[1]) * 1024 if free else 0)
    return room > ROOM and not there.f_flag & os.ST_NOEXEC


if "TMPDIR" not in os.environ and _fits():
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)  # for the processes that this one starts, too


# What gRPC does in a child that was forked while calls were made ends one in fifty of them before it becomes the server of a test.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")


class Shared(LoadScopeScheduling):
    """Gives whole groups to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        if bus := BUS.match(nodeid):
            return f"tests/integration on {bus[1]}"
        if nodeid.startswith(ALONE):
            return nodeid
        return next((folder for folder in FOLDERS if nodeid.startswith(folder)), nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Return the scheduler of `make test`; the groups that marks name are lost on this version of pytest."""
    return Shared(config, log)
