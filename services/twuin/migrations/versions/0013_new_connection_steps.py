"""Steps of new connections know the version that they made, so that they can be said again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLE = "new_connection_steps"


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("version", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column(_TABLE, sa.Column("due_on", sa.Date, nullable=True))
    op.add_column(_TABLE, sa.Column("reason", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    for column in ("reason", "due_on", "version"):
        op.drop_column(_TABLE, column)
