"""Steps of applications know the version that they made and the day that was promised, so that they can be said again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLE = "timeline_entry"


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("version", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column(_TABLE, sa.Column("due_on", sa.Date, nullable=True))


def downgrade() -> None:
    op.drop_column(_TABLE, "due_on")
    op.drop_column(_TABLE, "version")
