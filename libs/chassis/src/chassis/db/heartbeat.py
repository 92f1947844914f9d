"""What the processes of a service write of themselves: that they live, how far behind they are, how their jobs ended, who intervened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.frame import NAMING

if TYPE_CHECKING:
    from alembic.operations import Operations

EVERY = 5.0  # seconds between two beats
SILENT = dt.timedelta(seconds=20)  # without a beat: not alive
_FORGOTTEN = dt.timedelta(minutes=10)  # after which nobody asks any more what became of a process

HEARTBEAT = sa.MetaData(naming_convention=NAMING)
_Instant = sa.DateTime(timezone=True)

process = sa.Table(
    "process",
    HEARTBEAT,
    sa.Column("instance", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("started_at", _Instant, nullable=False),
    sa.Column("seen_at", _Instant, nullable=False),
    sa.Column("ready", sa.Boolean, nullable=False),
    sa.Column("lag", pg.JSONB, nullable=False),
    comment="Processes of this service and when each was last heard of",
)

job_run = sa.Table(
    "job_run",
    HEARTBEAT,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("ended_at", _Instant, nullable=False),
    sa.Column("succeeded_at", _Instant),
    comment="How each job last ended",
)

intervention = sa.Table(
    "intervention",
    HEARTBEAT,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", _Instant, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    comment="What an admin did to the platform itself, and why",
)


@dataclass(frozen=True, slots=True)
class Alive:
    """One process: where it runs, which of the service's processes it is, what it was built from, since when."""

    instance: str
    name: str
    version: str
    revision: str
    started_at: dt.datetime


@dataclass(frozen=True, slots=True)
class JobRun:
    """How a job last ended ("done" or "failed"), what went wrong then, and when it last ended well."""

    name: str
    outcome: str
    error: str
    ended_at: dt.datetime
    succeeded_at: dt.datetime | None


def heartbeat_tables(metadata: sa.MetaData) -> None:
    """Add the tables to a service's metadata."""
    for table in HEARTBEAT.sorted_tables:
        table.to_metadata(metadata)


def create_heartbeat(op: Operations) -> None:
    """Create the tables, in a migration of a service."""
    HEARTBEAT.create_all(op.get_bind(), checkfirst=False)


def drop_heartbeat(op: Operations) -> None:
    """Drop the tables."""
    HEARTBEAT.drop_all(op.get_bind(), checkfirst=False)


def beat(session: Session, alive: Alive, *, ready: bool, lag: Mapping[str, int], jobs: Iterable[JobRun]) -> None:
    """Write that a process lives and how its jobs ended; forget processes that were silent for long."""
    now = clock.now()
    row = pg.insert(process).values(**asdict(alive), seen_at=now, ready=ready, lag=dict(lag))
    changing = {name: row.excluded[name] for name in ("seen_at", "ready", "lag")}
    session.execute(row.on_conflict_do_update(index_elements=[process.c.instance], set_=changing))
    for each in jobs:
        session.execute(_RAN, asdict(each))
    session.execute(sa.delete(process).where(process.c.seen_at < now - _FORGOTTEN))


def leave(session: Session, instance: str) -> None:
    """Forget a process that ends as it was told to."""
    session.execute(sa.delete(process).where(process.c.instance == instance))


def processes(session: Session) -> list[Any]:
    """Return the rows of processes that were heard of lately, by name, the newest first."""
    return list(session.execute(sa.select(process).order_by(process.c.name, process.c.started_at.desc())))


def job_runs(session: Session) -> list[Any]:
    """Return how each job last ended, by name."""
    return list(session.execute(sa.select(job_run).order_by(job_run.c.name)))


def intervened(session: Session, subject: str, action: str, *, reason: str, outcome: str) -> None:
    """Write that an admin did something to the platform."""
    values = {"at": clock.now(), "subject": subject, "action": action, "reason": reason, "outcome": outcome}
    session.execute(sa.insert(intervention).values(values))


def interventions(session: Session, most: int = 10) -> list[Any]:
    """Return the latest interventions."""
    return list(session.execute(sa.select(intervention).order_by(intervention.c.id.desc()).limit(most)))


_run = pg.insert(job_run)
_RAN = _run.on_conflict_do_update(
    index_elements=[job_run.c.name],
    set_={
        "outcome": _run.excluded.outcome, "error": _run.excluded.error, "ended_at": _run.excluded.ended_at,
        "succeeded_at": sa.func.coalesce(_run.excluded.succeeded_at, job_run.c.succeeded_at),
    },
    where=job_run.c.ended_at < _run.excluded.ended_at,  # of several processes of jobs the last word counts
)  # fmt: skip
