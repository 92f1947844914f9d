"""Migrations: numbered files with one head, run by Alembic under a lock, each in a transaction of its own."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict

from chassis.db.database import dsn

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

_LOCK = 7_266_152  # any number, the same for every migrate process of a database
_WAIT = 120.0  # seconds to wait for another migrate process
_REACHABLE = 60.0  # seconds to wait until the server's port can be reached
_REVISION = re.compile(r"^(revision|down_revision)\b[^=]*=\s*[\"']?([\w]+)", re.MULTILINE)


def migrate(url: str, migrations: Path, *, to: str = "head") -> None:
    """Bring the database at `url` to revision `to` of `migrations`; processes that start together take turns.

    A database that a newer version has migrated already stays as it is: whoever rolls back starts on it.
    """
    known = _versions(migrations).keys()

    def steps(script: ScriptDirectory) -> Steps:
        return lambda revision, _context: script._upgrade_revs(to, revision) if known >= set(revision) else []  # noqa: SLF001 - what Alembic's own upgrade command calls

    _run(url, migrations, steps)


def revert(url: str, migrations: Path, *, to: str = "base") -> None:
    """Take the database at `url` back to revision `to`."""
    _run(url, migrations, lambda script: lambda revision, _context: script._downgrade_revs(to, revision))  # noqa: SLF001 - as above


def pending(url: str, migrations: Path) -> bool:
    """Tell whether `migrations` holds versions that the database has not; reads files and one row, without Alembic."""
    with psycopg.connect(dsn(url), connect_timeout=3, autocommit=True) as connection:
        known = connection.execute("select to_regclass('alembic_version') is not null").fetchone()
        if not known or not known[0]:
            return bool(_heads(migrations))
        there = {str(row[0]) for row in connection.execute("select version_num from alembic_version")}
        return there != _heads(migrations) and there <= _versions(migrations).keys()


def _versions(migrations: Path) -> dict[str, str | None]:
    """Return the revisions that a folder holds, and the one that each follows."""
    found = [dict(_REVISION.findall(path.read_text(encoding="utf-8"))) for path in (migrations / "versions").glob("*.py")]
    return {version["revision"]: version.get("down_revision") for version in found if "revision" in version}


def _heads(migrations: Path) -> set[str]:
    versions = _versions(migrations)
    return versions.keys() - set(versions.values())


Steps = Callable[[Any, Any], Any]


def _run(url: str, migrations: Path, steps: Callable[[ScriptDirectory], Steps]) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    with (
        _locked(url) as connection,
        # Alembic names the type of `fn` more narrowly than what its own commands pass.
        EnvironmentContext(config, script, fn=steps(script)) as environment,
    ):
        environment.configure(connection=connection, transaction_per_migration=True)
        with environment.begin_transaction():
            environment.run_migrations()


def _reach(url: str) -> None:
    """Wait until the server can be connected to: a network lets a pod that has just started through a moment later."""
    where = conninfo_to_dict(dsn(url))
    host, port = str(where.get("host", "")).split(",")[0], str(where.get("port", 5432)).split(",")[0]
    until = time.monotonic() + _REACHABLE
    while host and not host.startswith("/") and time.monotonic() < until:
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return


@contextmanager
def _locked(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(
        "postgresql+psycopg" + dsn(url).removeprefix("postgresql"),
        poolclass=sa.NullPool,
        connect_args={
            "application_name": "migrate",
            "connect_timeout": 5,
            # DDL that cannot have its lock soon would queue everybody else behind it.
            "options": "-c lock_timeout=5000 -c statement_timeout=600000 -c timezone=UTC",
        },
    )
    _reach(url)  # after it, whoever connects says what is wrong
    with engine.connect() as connection:
        until = time.monotonic() + _WAIT
        while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK))):
            connection.rollback()
            if time.monotonic() > until:
                raise TimeoutError(f"Another migration has held the database for {_WAIT:.0f} s")
            time.sleep(0.2)
        connection.commit()
        yield connection
