"""PostgreSQL, Redis and Kafka as containers, by the image names that the environment gives."""

import contextlib
import os
import socket
from typing import Any

import psycopg
import redis
from chassis.testing.servers import free_port, kafka_container
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

PASSWORD = "only-for-tests"


def start(stack: contextlib.ExitStack, *, kafka: bool, advertised: str = "") -> dict[str, Any]:
    """Start the engines on fixed free ports, so that one that is stopped comes back at the same address.

    `advertised` is the host:port that Kafka tells its clients, where they reach it by another way than its own port.
    """
    postgres = DockerContainer(os.environ.get("POSTGRES_IMAGE", "postgres:18")).with_env("POSTGRES_PASSWORD", PASSWORD)
    cache_ = DockerContainer(os.environ.get("REDIS_IMAGE", "redis:8"))
    wanted = {"postgres": (postgres, 5432, "ready to accept connections"), "redis": (cache_, 6379, "eady to accept connections")}
    started: dict[str, Any] = {}
    for name, (container, inside, line) in wanted.items():
        container.port_outside = free_port()
        if name == "postgres":
            container.with_tmpfs_mount("/var/lib/postgresql")  # it makes thousands of files, and is never stopped
        container.waiting_for(LogMessageWaitStrategy(line).with_startup_timeout(180))
        started[name] = stack.enter_context(container.with_bind_ports(inside, container.port_outside))
    if kafka:
        port = free_port()
        container = kafka_container(port)
        container.port_outside = port
        if advertised:
            container.with_env("KAFKA_ADVERTISED_LISTENERS", f"PLAINTEXT://{advertised}")
        started["kafka"] = stack.enter_context(container)
    return started


def urls(containers: dict[str, Any]) -> dict[str, str]:
    """Return the settings that point the platform at the containers."""
    postgres = f"postgresql://postgres:{PASSWORD}@{_shortest(containers['postgres'], 5432)}/postgres"
    with psycopg.connect(postgres, connect_timeout=10) as connection:
        connection.execute("select 1")
    cache_url = f"redis://127.0.0.1:{containers['redis'].port_outside}/0"
    redis.Redis.from_url(cache_url).ping()
    given = {"DATABASE_URL": postgres, "REDIS_URL": cache_url}
    if "kafka" in containers:
        given["EVENT_BUS_URL"] = f"kafka://localhost:{containers['kafka'].port_outside}"
    return given


def _shortest(container: Any, inside: int) -> str:
    """Return host:port of a container that is never stopped: its own where this machine reaches it, without the engine's proxy."""
    own = container.get_docker_client().bridge_ip(container.get_wrapped_container().id)
    try:
        socket.create_connection((own, inside), timeout=1).close()
    except OSError:
        return f"127.0.0.1:{container.port_outside}"
    return f"{own}:{inside}"
