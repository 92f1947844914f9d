"""Which tests share a process when several run side by side: those on one platform, one bus or one file."""

from pathlib import Path

import pytest

WHOLE = ("cluster", "fuzz", "images")  # folders whose tests share what one process holds


@pytest.hookimpl(tryfirst=True)  # the groups are read by the plugin when the items are collected
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name each test's group, for `--dist loadgroup`."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    given = getattr(item, "callspec", None)
    if given is not None and "running" in given.params:
        return f"platform on {given.params['running']}"
    if item.path.parent.name in WHOLE:
        return item.path.parent.name
    return str(item.path.relative_to(Path(__file__).parent))
