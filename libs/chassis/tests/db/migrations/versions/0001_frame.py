from alembic import op
from chassis import db

revision = "0001"
down_revision = None


def upgrade() -> None:
    db.create_frame(op)


def downgrade() -> None:
    db.drop_frame(op)
