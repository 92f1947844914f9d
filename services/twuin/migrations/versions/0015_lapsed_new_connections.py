"""New connections can lapse."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLE = "new_connections"


def upgrade() -> None:
    _states(9)


def downgrade() -> None:
    _states(8)


def _states(last: int) -> None:
    # Rows that are there are known to fit: they are not read again under the lock.
    op.execute(f"alter table {_TABLE} drop constraint known_state")
    op.execute(f"alter table {_TABLE} add constraint known_state check (state between 1 and {last}) not valid")
