"""The whole platform as its users meet it: every process, one URL, on each bus.

Where a container engine answers, PostgreSQL, Redis and Kafka are containers (POSTGRES_IMAGE, REDIS_IMAGE and
KAFKA_IMAGE name the images); else they are the embedded servers of `make run`, and Kafka is skipped with its reason.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from running import BUSES, Running, started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give errands over a whole platform, and its start, more time than a test of one part has."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(360))


@pytest.fixture(scope="session", params=BUSES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(request.param, tmp_path_factory.mktemp(f"platform-{request.param}") / "local", {}) as platform:
        yield platform
