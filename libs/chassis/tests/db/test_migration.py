import socket
import threading
import time
from pathlib import Path

import psycopg
import pytest
from chassis import db
from chassis.db import migration
from sqlalchemy.exc import OperationalError

MIGRATIONS = Path(__file__).parent / "migrations"


def _tables(url):
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'public'")}


def test_takes_a_database_to_the_head_and_back(database_url):
    url = database_url()
    assert db.pending(url, MIGRATIONS)
    db.migrate(url, MIGRATIONS)
    assert "outbox" in _tables(url)
    assert not db.pending(url, MIGRATIONS)
    db.migrate(url, MIGRATIONS)
    db.revert(url, MIGRATIONS)
    assert _tables(url) == {"alembic_version"}
    assert db.pending(url, MIGRATIONS)


def test_processes_that_start_together_take_turns(database_url):
    url, failed = database_url(), []

    def run():
        try:
            db.migrate(url, MIGRATIONS)
        except Exception as wrong:  # noqa: BLE001 - told to the test
            failed.append(wrong)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert "outbox" in _tables(url)


def test_a_server_that_cannot_be_reached_yet_is_waited_for(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url, came = f"postgresql://nobody@127.0.0.1:{port}/nothing", []

    def open_later():
        time.sleep(1)
        with socket.create_server(("127.0.0.1", port)) as listening:
            for _ in range(2):  # one that asks whether anybody is there, one that would migrate
                listening.accept()[0].close()
                came.append(port)

    threading.Thread(target=open_later, daemon=True).start()
    with pytest.raises(OperationalError):
        db.migrate(url, MIGRATIONS)
    assert len(came) == 2
    monkeypatch.setattr(migration, "_REACHABLE", 0.5)
    with pytest.raises(OperationalError):  # nobody is there any more: not for ever
        db.migrate(url, MIGRATIONS)


def test_a_failing_version_leaves_the_ones_before_it(database_url, tmp_path):
    versions = tmp_path / "versions"
    versions.mkdir()
    (versions / "0001_a.py").write_text(_version("0001", None, "create table a (id int)"))
    (versions / "0002_b.py").write_text(_version("0002", "0001", "create table b (id int); select 1/0"))
    url = database_url()
    with pytest.raises(Exception, match="division by zero"):
        db.migrate(url, tmp_path)
    assert _tables(url) == {"alembic_version", "a"}
    assert db.pending(url, tmp_path)
    db.migrate(url, tmp_path, to="0001")


def test_whoever_rolls_back_finds_a_newer_database_and_leaves_it(database_url, tmp_path):
    versions = tmp_path / "versions"
    versions.mkdir()
    (versions / "0001_a.py").write_text(_version("0001", None, "create table a (id int)"))
    newer = versions / "0002_b.py"
    newer.write_text(_version("0002", "0001", "create table b (id int)"))
    url = database_url()
    db.migrate(url, tmp_path)
    newer.unlink()
    assert not db.pending(url, tmp_path)
    db.migrate(url, tmp_path)
    assert _tables(url) == {"alembic_version", "a", "b"}


def _version(name, before, statement):
    return f"from alembic import op\nrevision = {name!r}\ndown_revision = {before!r}\n\ndef upgrade():\n    op.execute({statement!r})\n"
