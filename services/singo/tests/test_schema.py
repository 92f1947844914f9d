"""What the code says of the tables is what the migrations make."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from singo.applications import tables as _applications  # noqa: F401 - registers its tables
from singo.complaints import tables as _complaints  # noqa: F401 - registers its tables
from singo.letters import tables as _letters  # noqa: F401 - registers its tables
from singo.schema import Base


def test_tables_of_the_code_are_those_of_the_migrations(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, Base.metadata)
    # Indexes on expressions and partial ones are written in the migrations only.
    different = [each for each in found if not isinstance(each, tuple) or "index" not in each[0]]
    assert different == []
