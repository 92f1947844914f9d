"""What a server with workers exposes: each of its processes counts in files of one folder, their parent too."""

import os
import subprocess
import sys

import pytest
from chassis.settings import METRICS_FOLDER

WORKER = """
from chassis.cache import Cache
from chassis.db import Database
Cache("unix:///nowhere/redis.sock")
Database("postgresql://nobody@127.0.0.1:1/none", pool_size=6, application_name="gateway-web")
"""
PARENT = """
import chassis.cache
from chassis.db import Database
Database("postgresql://nobody@127.0.0.1:1/none", pool_size=6, application_name="gateway-web")
"""
SCRAPE = """
from chassis import telemetry
from prometheus_client import generate_latest
print(generate_latest(telemetry.registry()).decode())
"""


@pytest.fixture
def scraped(tmp_path):
    def run(code: str) -> str:
        environment = {**os.environ, METRICS_FOLDER: str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout

    run(PARENT)
    run(WORKER)
    run(WORKER)
    return [line.rpartition(" ") for line in run(SCRAPE).splitlines() if not line.startswith("#")]


def test_a_parent_that_has_no_cache_does_not_say_that_it_is_gone(scraped):
    assert [float(value) for name, _, value in scraped if name.startswith("cache_available")] == [1]


def test_each_worker_shows_its_own_connections(scraped):
    pools = {name: float(value) for name, _, value in scraped if name.startswith("database_pool_size")}
    assert sorted(pools.values()) == [6, 6, 6]
    assert all("pid=" in name for name in pools)
