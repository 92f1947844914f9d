"""Guests: people who proved a phone and have no account; pictures that wait until their form is right."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE guest (
        id UUID NOT NULL,
        phone_index BYTEA NOT NULL,
        phone_sealed BYTEA NOT NULL,
        language TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_guest PRIMARY KEY (id),
        CONSTRAINT uq_guest_phone_index UNIQUE (phone_index)
    )
    """,
    """
    CREATE INDEX ix_guest_seen_at ON guest (seen_at)
    """,
    """
    CREATE TABLE kept_picture (
        id UUID NOT NULL,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        content_sealed BYTEA NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_kept_picture PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX ix_kept_picture_person ON kept_picture (person, created_at)
    """,
    """
    CREATE INDEX ix_kept_picture_created_at ON kept_picture (created_at)
    """,
)
TABLES = ("kept_picture", "guest")


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DELETE FROM session WHERE kind = 'guest'")
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
