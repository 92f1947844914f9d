"""The real servers that tests run against: started once in a test run, each test gets a fresh database or namespace of its own."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from chassis import db

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

REQUIRED = "TESTS_MUST_NOT_SKIP"
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "autovacuum_naptime": "5s",
    "log_min_messages": "fatal",
}
DatabaseUrl = Callable[..., str]


def lacking(reason: str) -> NoReturn:
    """Skip the test for `reason`; fail it where the environment says that nothing may be skipped."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"must not be skipped here: {reason}")
    pytest.skip(reason)


def require_all() -> bool:
    """Tell whether a skip counts as a failure in this run (TESTS_MUST_NOT_SKIP=1)."""
    return os.environ.get(REQUIRED) == "1"


@pytest.fixture(scope="session")
def postgres() -> str:
    """Return the URL of a PostgreSQL server: TEST_DATABASE_URL, or one that this test run starts on a private socket."""
    return _postgres()


@pytest.fixture
def database_url(postgres: str) -> Iterator[DatabaseUrl]:
    """Return a function that makes a fresh database, migrated by a folder of migrations where one is given; dropped after the test."""
    made: list[str] = []

    def fresh(migrations: Path | None = None) -> str:
        name = f"t_{uuid.uuid4().hex}"
        template = "template0" if migrations is None else _template(migrations)
        _administer(f"create database {name} template {template}")
        made.append(name)
        return with_database(postgres, name)

    yield fresh
    for name in made:
        _administer(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def valkey() -> str:
    """Return the URL of a Redis-compatible server: TEST_REDIS_URL, or a Valkey that this test run starts on a private socket."""
    return _valkey()


@pytest.fixture(scope="session")
def kafka() -> str:
    """Return the URL of a Kafka (kafka://host:port) in a container; KAFKA_IMAGE chooses the image."""
    return _kafka()


def with_database(url: str, name: str) -> str:
    """Return `url` with another database in it."""
    # urlunsplit would drop the empty host of a URL of a socket.
    parts = urlsplit(url)
    host = f"//{parts.netloc}" if parts.netloc else "//"
    return f"{parts.scheme}:{host}{urlunsplit(('', '', '/' + name, parts.query, ''))}"


@cache
def _home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="malang-test-"))
    home.chmod(0o711)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home


@cache
def _postgres() -> str:
    if given := os.environ.get("TEST_DATABASE_URL"):
        return db.dsn(given)
    from deploy.local.embedded import EmbeddedPostgres

    server = EmbeddedPostgres(_home() / "pg", _home() / "s")
    server.init()
    child = server.popen(_FAST, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_die_with_parent)
    _stop_at_exit(child, signal.SIGQUIT)
    url = server.url()
    _until(lambda: _answers(url), "PostgreSQL", child)
    return url


@cache
def _valkey() -> str:
    if given := os.environ.get("TEST_REDIS_URL"):
        return given
    from deploy.local.embedded import valkey_command

    path = _home() / "valkey.sock"
    argv = valkey_command(path)
    if argv is None:
        lacking("there is no wheel of Valkey for this Python or machine; give TEST_REDIS_URL")
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_die_with_parent)  # noqa: S603, PLW1509 - our own program; the hook only calls prctl
    _stop_at_exit(child, signal.SIGTERM)
    _until(lambda: _accepts(path), "Valkey", child)
    return f"unix://{path}"


@cache
def _template(migrations: Path) -> str:
    name = f"template_{uuid.uuid4().hex}"
    _administer(f"create database {name} template template0")
    db.migrate(with_database(_postgres(), name), migrations)
    return name


def kafka_container(port: int) -> DockerContainer:
    """Return a Kafka of one node (KAFKA_IMAGE) that will answer at localhost:`port`; starting it waits until it does."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    container = DockerContainer(os.environ.get("KAFKA_IMAGE", "apache/kafka:4.1.0")).with_bind_ports(9092, port)
    for name, value in kafka_settings().items():
        container.with_env(name, value)
    container.with_env("KAFKA_ADVERTISED_LISTENERS", f"PLAINTEXT://localhost:{port}")
    return container.waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(180))


def kafka_settings() -> dict[str, str]:
    """Return the environment of a Kafka of one node."""
    return dict(_KAFKA)


@cache
def _kafka() -> str:
    if not engine_answers():
        lacking("there is no container engine on this machine to run Kafka in")
    port = free_port()
    container = kafka_container(port)
    container.start()
    atexit.register(container.stop)
    return f"kafka://localhost:{port}"


_KAFKA = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "3",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_HEAP_OPTS": "-Xmx384m -Xms192m",
}


@cache
def engine_answers() -> bool:
    """Tell whether there is a container engine."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=20).returncode == 0  # noqa: S607 - the engine's own client


def _administer(statement: str) -> None:
    with psycopg.connect(_postgres(), autocommit=True) as connection:
        connection.execute(statement.encode())


def _answers(url: str) -> bool:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
        return True
    return False


def _accepts(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
        return True
    return False


def _until(answers: Callable[[], bool], name: str, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while not answers():
        if child.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{name} did not start (exit code {child.poll()})")
        time.sleep(0.02)


def _stop_at_exit(child: subprocess.Popen[bytes], how: signal.Signals) -> None:
    def stop() -> None:
        child.send_signal(how)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()

    atexit.register(stop)


def _die_with_parent() -> None:
    """Ask Linux to end the server with the test run, also when that is killed."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
