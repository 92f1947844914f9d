"""Which tests share a process when several run side by side: those on one platform, in one folder, or in one file."""

import re
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

FOLDERS = ("tests/cluster/", "tests/fuzz/", "tests/images/")  # whose tests share what one process holds
ALONE = "tests/faults/"  # each test of it starts a platform of its own
BUS = re.compile(r"tests/integration/.*\[(postgresql|kafka)\b")


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
