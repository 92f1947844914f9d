"""One platform for all attacks."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))
import city as cities


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(3600 if cities.CASES > 5000 else 900))


@pytest.fixture(scope="session")
def city(tmp_path_factory):
    with cities.inhabited(tmp_path_factory.mktemp("fuzz") / "local") as made:
        yield made
