"""Inbox, access log, answers kept for idempotency keys."""

from alembic import op

revision = "0020"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE kept_answer (
        person TEXT NOT NULL,
        key TEXT NOT NULL,
        request_hash BYTEA NOT NULL,
        attempt TEXT NOT NULL,
        locked_until TIMESTAMP WITH TIME ZONE NOT NULL,
        status INTEGER,
        headers TEXT,
        body_sealed BYTEA,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_kept_answer PRIMARY KEY (person, key)
    )
    """,
    """
    CREATE INDEX ix_kept_answer_created_at ON kept_answer (created_at)
    """,
    """
    CREATE TABLE notice (
        id UUID NOT NULL,
        citizen_id UUID NOT NULL,
        fact_id UUID NOT NULL,
        code TEXT NOT NULL,
        params JSONB NOT NULL,
        link TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        read_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_notice PRIMARY KEY (id),
        CONSTRAINT uq_notice_fact_id_citizen_id UNIQUE (fact_id, citizen_id)
    )
    """,
    """
    CREATE INDEX ix_notice_page ON notice (citizen_id, at, id)
    """,
    """
    CREATE INDEX ix_notice_unread ON notice (citizen_id) WHERE read_at is null
    """,
    """
    CREATE TABLE view (
        id UUID NOT NULL,
        citizen_id UUID NOT NULL,
        fact_id UUID NOT NULL,
        viewer_id TEXT NOT NULL,
        viewer_role TEXT NOT NULL,
        office TEXT NOT NULL,
        purpose TEXT NOT NULL,
        subject_kind TEXT NOT NULL,
        subject_id TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_view PRIMARY KEY (id),
        CONSTRAINT uq_view_fact_id_citizen_id UNIQUE (fact_id, citizen_id)
    )
    """,
    """
    CREATE INDEX ix_view_page ON view (citizen_id, at, id)
    """,
)
TABLES = ("view", "notice", "kept_answer")


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
