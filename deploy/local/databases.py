"""The databases of one machine: roles that own tables, roles that run, migrations."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString

import psycopg
from chassis.db import pending
from psycopg import sql

from deploy.local.programs import SERVICES, Platform
from deploy.local.state import ROOT

WAIT = 30  # seconds


def wait(url: str) -> None:
    """Return once PostgreSQL answers."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            with psycopg.connect(url, connect_timeout=2):
                return
        except psycopg.OperationalError as wrong:
            if time.monotonic() > deadline:
                raise SystemExit(f"PostgreSQL does not answer: {wrong}") from wrong
            time.sleep(0.05)


def prepare(platform: Platform) -> None:
    """Create what is missing and migrate what is behind; does nothing on a warm start."""
    with psycopg.connect(platform.admin_url, autocommit=True) as connection:
        present = {name for (name,) in connection.execute("select datname from pg_database")}
        for name in platform.databases:
            if name not in present:
                _create(connection, name, own_roles=platform.postgres is not None)
    for name in platform.databases:
        if name not in present and platform.postgres:
            _grant(platform.owner_url(name), name)
    behind = [s for s in SERVICES if pending(platform.owner_url(s), ROOT / "services" / s / "migrations")]
    with ThreadPoolExecutor(max_workers=3) as pool:
        list(pool.map(lambda service: _migrate(platform, service), behind))


def _create(connection: psycopg.Connection[tuple[str]], name: str, *, own_roles: bool) -> None:
    if not own_roles:
        _run(connection, "create database {0}", name)
        return
    for role in (f"{name}_owner", name):
        if not connection.execute("select from pg_roles where rolname = %s", [role]).fetchone():
            _run(connection, "create role {0} login", role)
    _run(connection, "create database {0} owner {1}", name, f"{name}_owner")


def _grant(url: str, name: str) -> None:
    """Let the running role use, and not own, what the owner makes; the bus makes its own tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        if name == "bus":
            _run(connection, "grant create, usage on schema public to {0}", name)
            return
        _run(connection, "alter default privileges in schema public grant select, insert, update, delete on tables to {0}", name)
        _run(connection, "alter default privileges in schema public grant usage, select on sequences to {0}", name)


def _run(connection: psycopg.Connection[tuple[str]], statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _migrate(platform: Platform, service: str) -> None:
    environment = platform.environment(service) | {"DATABASE_URL": platform.owner_url(service)}
    done = subprocess.run(
        [sys.executable, "-m", service, "migrate"], env=environment, capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(f"{service}: the migration failed.\n{done.stderr[-2000:]}")
