"""The migrations make what the tables say, and undo it."""

import sqlalchemy as sa
from chassis import db
from gateway import kept_answers as _kept_answers
from gateway import kept_pictures as _kept_pictures
from gateway.access_log import tables as _access_log
from gateway.errands import tables as _errands
from gateway.identity import tables as _identity
from gateway.inbox import tables as _inbox
from gateway.messages import tables as _messages
from gateway.schema import MIGRATIONS, Base

TABLES = (
    _access_log,
    _errands,
    _kept_answers,
    _kept_pictures,
    _identity,
    _inbox,
    _messages,
)  # imported for what they add to the metadata


def test_migrated_databases_have_exactly_the_tables_of_the_code(means):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with means.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        difference = [each for each in compare_metadata(context, Base.metadata) if "alembic_version" not in str(each)]
    assert difference == []


def test_migrations_can_be_taken_back(database_url):
    from chassis.db.migration import revert

    url = database_url(MIGRATIONS)
    assert not db.pending(url, MIGRATIONS)
    revert(url, MIGRATIONS)
    engine = sa.create_engine("postgresql+psycopg" + url.removeprefix("postgresql"))
    assert set(sa.inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
    assert db.pending(url, MIGRATIONS)
