from __future__ import annotations

import subprocess
import sys
import threading

from chassis import db as frame
from chassis.rpc import unruled
from twuin import app, schema


def test_every_method_has_a_rule(waterworks):
    served = app.SERVICE.served(waterworks.parts)
    assert len(served) == len(app.CAPABILITIES)
    assert unruled(served) == []


def test_jobs_have_names_of_their_own_and_each_runs(waterworks):
    jobs = app.SERVICE.jobs(waterworks.parts)
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        job.work(threading.Event())


def test_migrations_make_what_the_tables_say(waterworks):
    import twuin.billing.tables
    import twuin.connections.tables
    import twuin.leaks.tables
    import twuin.ledger.tables
    import twuin.metering.tables
    import twuin.new_connections.tables
    import twuin.payments.local_tables
    import twuin.payments.tables
    import twuin.tariffs.tables
    import twuin.work_orders.tables  # noqa: F401 - they register their tables
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with waterworks.db.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), schema.Base.metadata)
    assert [each for each in found if "alembic" not in str(each)] == []


def test_loading_tariffs_again_changes_nothing(waterworks):
    assert app.load_tariffs(waterworks.parts) == 12
    assert app.load_tariffs(waterworks.parts) == 0
    assert not frame.pending(waterworks.parts.settings.database_url, app.MIGRATIONS)


def test_a_wrong_setting_is_one_sentence_and_exit_2():
    done = subprocess.run(
        [sys.executable, "-m", "twuin", "migrate"], capture_output=True, text=True, check=False, env={"TWUIN_RPC_THREADS": "none"}
    )
    assert done.returncode == 2
    assert done.stderr.startswith("settings: ")
    assert done.stderr.count("\n") == 1
