"""Runs: a period's bills in batches, each committed alone, so that a killed run goes on where it stopped and doubles nothing."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from chassis import clock, telemetry
from chassis.db import Database
from chassis.errors import Conflict, NotFound
from sqlalchemy.orm import Session

from twuin import connections
from twuin.billing import batch
from twuin.billing.model import RunState, Surcharges
from twuin.billing.tables import BatchRow, RunRow

log = telemetry.logger(__name__)
BATCH = 10_000
WORKERS = 2


class RunGoesOn(Conflict):
    """A period is billed by one run at a time."""

    id = "Penerbitan tagihan periode {period} sedang berjalan."
    en = "The billing run of period {period} is already going on."


class RunNotFound(NotFound):
    """There is no such run."""

    id = "Proses penerbitan tagihan tidak ditemukan."
    en = "There is no such billing run."


@dataclass(frozen=True, slots=True)
class Progress:
    """A run and how far it is: connections expected, bills issued, connections skipped for want of a reading, rupiah."""

    run_id: uuid.UUID
    period: str
    due_on: dt.date
    state: RunState
    started_at: dt.datetime
    finished_at: dt.datetime | None
    expected: int
    issued: int
    skipped: int
    amount: int
    seconds: dict[str, float] = field(default_factory=dict)


def begin(
    session: Session, *, period: str, due_on: dt.date, surcharges: Surcharges, started_by: str,
    issued_at: dt.datetime | None = None, batch_size: int = BATCH,
) -> uuid.UUID:  # fmt: skip
    """Start a run of a period, or let one that was interrupted go on by the rules it began with; RunGoesOn when one is going."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("billing:" + period, 0))))
    unfinished = session.scalar(
        sa.select(RunRow).where(RunRow.period == period, RunRow.state != RunState.FINISHED.value).with_for_update()
    )
    if unfinished is not None:
        if unfinished.state == RunState.RUNNING.value:
            raise RunGoesOn(period=period)
        unfinished.state = RunState.RUNNING.value
        return unfinished.run_id
    now = clock.now()
    run = RunRow(
        run_id=uuid.uuid4(), period=period, due_on=due_on, state=RunState.RUNNING.value, penalty=surcharges.penalty,
        stamp_duty=surcharges.stamp_duty, stamp_duty_above=surcharges.stamp_duty_above, started_by=started_by,
        started_at=now, issued_at=issued_at or now, finished_at=None,
    )  # fmt: skip
    session.add(run)
    session.flush()
    _plan(session, run.run_id, batch_size)
    return run.run_id


def _plan(session: Session, run_id: uuid.UUID, size: int) -> None:
    due = connections.billable().subquery("due")
    counted = sa.select(due.c.connection_id, sa.func.row_number().over(order_by=due.c.connection_id).label("place")).subquery()
    starts = session.execute(
        sa.select(counted.c.connection_id).where((counted.c.place - 1) % size == 0).order_by(counted.c.place)
    ).scalars().all()  # fmt: skip
    total = session.scalar(sa.select(sa.func.count()).select_from(due)) or 0
    # The first and last batch have no end, so that every connection falls into one.
    ends = [None, *starts[1:], None]
    session.execute(
        sa.insert(BatchRow),
        [
            {"run_id": run_id, "position": place, "low": ends[place], "high": ends[place + 1],
             "expected": min(size, total - place * size), "issued": 0, "skipped": 0, "amount": 0, "done_at": None}
            for place in range(max(len(starts), 1))
        ],
    )  # fmt: skip


def advance(db: Database, run_id: uuid.UUID, *, workers: int = WORKERS, stop: Callable[[], bool] = lambda: False) -> Progress:
    """Do the batches that are left, `workers` at a time, and finish the run; a failed batch leaves it interrupted."""
    seconds: dict[str, float] = {}
    lock = threading.Lock()

    def work() -> None:
        while not stop() and (outcome := _next(db, run_id)) is not None:
            with lock:
                for part, spent in outcome.seconds.items():
                    seconds[part] = seconds.get(part, 0.0) + spent

    try:
        with ThreadPoolExecutor(workers, thread_name_prefix="billing") as pool:
            for done in [pool.submit(work) for _ in range(workers)]:
                done.result()
    except Exception:
        _interrupt(db, run_id)
        raise
    with db.transaction() as session:
        _finish(session, run_id)
        return progress(session, run_id, seconds=seconds)


def _next(db: Database, run_id: uuid.UUID) -> batch.Outcome | None:
    """Do one batch that nobody else is doing; None when there is none."""
    with db.transaction() as session:
        left = session.scalar(
            sa.select(BatchRow)
            .where(BatchRow.run_id == run_id, BatchRow.done_at.is_(None))
            .order_by(BatchRow.position)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if left is None:
            return None
        run = session.get_one(RunRow, run_id)
        if run.state != RunState.RUNNING.value:
            return None
        surcharges = Surcharges(run.penalty, run.stamp_duty, run.stamp_duty_above)
        what = batch.Period(run_id, run.period, run.due_on, run.issued_at, surcharges)
        outcome = batch.issue(session, what, left.low, left.high)
        left.issued, left.skipped, left.amount, left.done_at = outcome.issued, outcome.skipped, outcome.amount, clock.now()
    return outcome


def _finish(session: Session, run_id: uuid.UUID) -> None:
    run = session.get_one(RunRow, run_id, with_for_update=True)
    left = session.scalar(
        sa.select(sa.func.count()).select_from(BatchRow).where(BatchRow.run_id == run_id, BatchRow.done_at.is_(None))
    )
    if not left and run.state == RunState.RUNNING.value:
        run.state, run.finished_at = RunState.FINISHED.value, clock.now()
        log.info("billing run finished", run_id=str(run_id), period=run.period)


def _interrupt(db: Database, run_id: uuid.UUID) -> None:
    with db.transaction() as session:
        run = session.get_one(RunRow, run_id, with_for_update=True)
        run.state = RunState.INTERRUPTED.value
    log.error("billing run interrupted", run_id=str(run_id))


def progress(session: Session, run_id: uuid.UUID, *, seconds: dict[str, float] | None = None) -> Progress:
    """Return a run with its sums; RunNotFound when there is none."""
    found = session.execute(_progress().where(RunRow.run_id == run_id)).one_or_none()
    if found is None:
        raise RunNotFound
    return _to_progress(found, seconds or {})


def recent(session: Session, limit: int = 24) -> list[Progress]:
    """Return the latest runs, newest first."""
    return [_to_progress(row, {}) for row in session.execute(_progress().order_by(RunRow.started_at.desc()).limit(limit))]


def going(session: Session) -> list[uuid.UUID]:
    """Return the runs that wait for work, oldest first."""
    waiting = sa.select(RunRow.run_id).where(RunRow.state == RunState.RUNNING.value).order_by(RunRow.started_at)
    return list(session.scalars(waiting))


def _progress() -> sa.Select[*tuple[Any, ...]]:
    sums = [sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger) for column in
            (BatchRow.expected, BatchRow.issued, BatchRow.skipped, BatchRow.amount)]  # fmt: skip
    names = ("expected", "issued", "skipped", "amount")
    return (
        sa.select(
            RunRow.run_id, RunRow.period, RunRow.due_on, RunRow.state, RunRow.started_at, RunRow.finished_at,
            *(total.label(name) for total, name in zip(sums, names, strict=True)),
        )
        .join(BatchRow, BatchRow.run_id == RunRow.run_id)
        .group_by(RunRow.run_id)
    )  # fmt: skip


def _to_progress(row: sa.Row[Any], seconds: dict[str, float]) -> Progress:
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's names
    values["state"] = RunState(values["state"])
    return Progress(**values, seconds=seconds)
