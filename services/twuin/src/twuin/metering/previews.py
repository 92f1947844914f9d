"""Files with readings: looked at first, imported as a whole. All of it is set-based SQL over a staging table."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from chassis import clock
from chassis.principal import Principal
from sqlalchemy.orm import Session

from twuin import connections
from twuin.metering import model
from twuin.metering.errors import NothingToImport, PreviewNotFound, PreviewOutdated
from twuin.metering.lines import LISTED, Contents, Line, Problem
from twuin.metering.model import Notice
from twuin.metering.tables import MeterRow, PreviewLineRow, PreviewRow, ReadingRow, RegisterRow

LIFE = dt.timedelta(hours=24)
SAMPLE = 20
_BULK = sa.text("set local statement_timeout = '60s'")  # the work of up to 200,000 lines

# The lines of a file, for as long as a transaction: joined with what is known, they become the staged lines.
_incoming = sa.Table(
    "incoming_readings", sa.MetaData(),
    sa.Column("line", sa.Integer), sa.Column("number", sa.Text), sa.Column("period", sa.Text), sa.Column("value", sa.BigInteger),
    sa.Column("read_on", sa.Date), sa.Column("estimated", sa.Boolean),
    prefixes=["TEMPORARY"], postgresql_on_commit="DROP",
)  # fmt: skip
_COPY = "copy incoming_readings (line, number, period, value, read_on, estimated) from stdin (format binary)"
_TYPES = ["int4", "text", "text", "int8", "date", "bool"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A line as the reading that it would become."""

    number: str
    period: str
    meter_serial: str
    value: int
    previous: int
    volume: int
    rolled_over: bool
    replaced: bool
    estimated: bool
    read_on: dt.date
    warnings: Notice


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do: counts, the first problems and warnings, and the first readings."""

    preview_id: uuid.UUID
    lines: int
    accepted: int
    error_count: int
    problems: list[Problem]
    warnings: list[Problem]
    sample: list[Sample]
    expires_at: dt.datetime
    imported: bool


def stage(session: Session, viewer: Principal, file_name: str, contents: Contents) -> Preview:
    """Keep a file's lines with what would become of each; nothing is read into the registers yet."""
    session.execute(_BULK)
    _copy(session, contents.lines)
    now, preview_id = clock.now(), uuid.uuid4()
    session.add(
        PreviewRow(
            preview_id=preview_id, created_by=viewer.subject, file_name=file_name[:200], lines=contents.count, accepted=0,
            error_count=0, errors=[_stored(problem) for problem in contents.problems], created_at=now, expires_at=now + LIFE,
            imported_at=None,
        )
    )  # fmt: skip
    session.flush()
    judged = _judged(preview_id, viewer)
    session.execute(sa.insert(PreviewLineRow).from_select([column.name for column in judged.selected_columns], judged))
    good, bad = session.execute(
        sa.select(
            sa.func.count().filter(PreviewLineRow.problem.is_(None)), sa.func.count().filter(PreviewLineRow.problem.is_not(None))
        ).where(PreviewLineRow.preview_id == preview_id)
    ).one()
    row = session.get_one(PreviewRow, preview_id)
    row.accepted, row.error_count = good, bad + contents.problem_count
    session.flush()
    return get(session, viewer, preview_id)


def get(session: Session, viewer: Principal, preview_id: uuid.UUID) -> Preview:
    """Return a preview that the viewer made; PreviewNotFound otherwise."""
    row = _mine(session, viewer, preview_id, lock=False)
    mine = PreviewLineRow.preview_id == preview_id
    found = session.execute(
        sa.select(PreviewLineRow.line, PreviewLineRow.problem, PreviewLineRow.number, PreviewLineRow.value, PreviewLineRow.period)
        .where(mine, PreviewLineRow.problem.is_not(None)).order_by(PreviewLineRow.line).limit(LISTED)
    )  # fmt: skip
    problems = [
        Problem(line, code, _at_fault(code, number, value, period))
        for line, code, number, value, period in found
        if code is not None
    ]
    problems += [Problem(**cast("dict[str, Any]", stored)) for stored in row.errors]
    warned = session.execute(
        sa.select(PreviewLineRow.line, PreviewLineRow.warnings, PreviewLineRow.value)
        .where(mine, PreviewLineRow.warnings > 0).order_by(PreviewLineRow.line).limit(LISTED)
    )  # fmt: skip
    warnings = [Problem(line, code, str(value)) for line, bits, value in warned for code in Notice(bits or 0).codes]
    return Preview(
        preview_id=preview_id, lines=row.lines, accepted=row.accepted, error_count=row.error_count,
        problems=sorted(problems, key=lambda problem: problem.line)[:LISTED], warnings=warnings[:LISTED],
        sample=_sample(session, preview_id), expires_at=row.expires_at, imported=row.imported_at is not None,
    )  # fmt: skip


def load(session: Session, viewer: Principal, preview_id: uuid.UUID) -> int:
    """Take all accepted readings of a preview, or none when anything has changed since; return how many. Again: the same answer."""
    row = _mine(session, viewer, preview_id, lock=True)
    if row.imported_at is not None:
        return row.accepted
    if not row.accepted:
        raise NothingToImport
    session.execute(_BULK)
    accepted = _accepted(preview_id)
    session.execute(
        sa.select(sa.func.count()).select_from(
            sa.select(RegisterRow.connection_id)
            .where(RegisterRow.connection_id.in_(sa.select(accepted.c.connection_id)))
            .order_by(RegisterRow.connection_id)
            .with_for_update()
            .subquery()
        )
    )
    if changed := _changed(session, preview_id):
        raise PreviewOutdated(count=changed)
    _take(session, viewer, preview_id)
    row.imported_at = clock.now()
    session.flush()
    return row.accepted


def purge(session: Session) -> int:
    """Delete previews that have expired, with their lines; return how many."""
    old = sa.delete(PreviewRow).where(PreviewRow.expires_at <= clock.now()).returning(PreviewRow.preview_id)
    return len(session.execute(old).all())


def _copy(session: Session, lines: Iterable[Line]) -> None:
    session.execute(sa.schema.CreateTable(_incoming))
    driver = cast("psycopg.Connection[object]", session.connection().connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for line in lines:
            copy.write_row((line.line, line.number, line.period, line.value, line.read_on, line.estimated))
    session.execute(sa.text("analyze incoming_readings"))


def _judged(preview_id: uuid.UUID, viewer: Principal) -> sa.Select[Any]:
    """Select the staged lines: metering.model in SQL, held to it by a property test."""
    known = connections.directory().subquery("known")
    within = sa.true() if "*" in viewer.areas else known.c.kelurahan.in_(sorted(viewer.areas))
    line, register = _incoming.c, RegisterRow
    usual = _usual(known)
    through, turned = _through(line.value, register)
    raw = sa.cast(register.carried + through, sa.BigInteger)
    # An estimate is what the reader wrote down; it may not go back.
    volume = sa.case((raw < 0, 0), else_=raw)
    problem = sa.case(
        (known.c.connection_id.is_(None), "unknown_connection"),
        (known.c.state == connections.State.REMOVED.value, "connection_removed"),
        (register.connection_id.is_(None), "no_meter"),
        (sa.func.count().over(partition_by=line.number) > 1, "duplicate"),
        (ReadingRow.connection_id.is_not(None), "already_read"),
        (line.period < register.last_period, "period_passed"),
        (line.read_on < register.last_day, "before_last"),
        (line.value >= _span(register), "too_many_digits"),
        (sa.and_(turned, through > _limit(register, usual)), "below_previous"),
        (sa.and_(line.estimated, raw < 0), "below_previous"),
    )
    bits = (
        sa.case((turned, Notice.ROLLED_OVER.value), else_=0)
        + sa.case(
            (sa.and_(usual.c.total > 0, volume * usual.c.count >= model.HIGH_FACTOR * usual.c.total), Notice.UNUSUALLY_HIGH.value),
            else_=0,
        )
        + sa.case((volume == 0, Notice.ZERO.value), else_=0)
    )
    return (
        sa.select(
            sa.literal(preview_id, sa.Uuid).label("preview_id"), line.line, line.number, line.period, line.value, line.read_on,
            line.estimated, problem.label("problem"), known.c.connection_id, register.meter_id,
            register.shown_value.label("previous_value"), raw.label("raw_volume"), turned.label("rolled_over"), register.replaced,
            sa.case((problem.is_(None), bits), else_=0).label("warnings"),
        )
        .select_from(_incoming)
        .outerjoin(known, sa.and_(known.c.number == line.number, within))
        .outerjoin(register, register.connection_id == known.c.connection_id)
        .outerjoin(ReadingRow, sa.and_(ReadingRow.connection_id == known.c.connection_id, ReadingRow.period == line.period))
        .outerjoin(usual, sa.true())
    )  # fmt: skip


def _usual(known: sa.FromClause) -> sa.FromClause:
    """Return metering.model.Usual as SQL, for each row of `known`."""
    latest = (
        sa.select(ReadingRow.volume)
        .where(ReadingRow.connection_id == known.c.connection_id)
        .order_by(ReadingRow.period.desc())
        .limit(model.HISTORY)
        .correlate(known)
        .lateral("latest")
    )
    total = sa.cast(sa.func.coalesce(sa.func.sum(latest.c.volume), 0), sa.BigInteger)
    query = sa.select(sa.func.count().label("count"), total.label("total")).select_from(latest)
    return query.correlate(known).lateral("usual")


def _span(register: type[RegisterRow]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.power(10, register.digits), sa.BigInteger)


def _through(value: sa.ColumnElement[int], register: type[RegisterRow]) -> tuple[sa.ColumnElement[int], sa.ColumnElement[bool]]:
    """Return model.advance as SQL: m³ through, and whether the register turned over."""
    turned = value < register.base_value
    return value - register.base_value + sa.case((turned, _span(register)), else_=0), turned


def _limit(register: type[RegisterRow], usual: sa.FromClause) -> sa.ColumnElement[int]:
    """Return model.rollover_limit as SQL."""
    count, total = usual.c.count, usual.c.total
    # Both are positive, so that SQL's division of integers rounds down as Python's does.
    mean = sa.case((count > 0, sa.func.div(2 * total + count, sa.func.greatest(2 * count, 1))), else_=0)
    return sa.func.least(sa.func.div(_span(register), 2), sa.func.greatest(model.ROLLOVER_FLOOR, model.ROLLOVER_FACTOR * mean))


def _accepted(preview_id: uuid.UUID) -> sa.Subquery:
    return (
        sa.select(PreviewLineRow)
        .where(PreviewLineRow.preview_id == preview_id, PreviewLineRow.problem.is_(None))
        .subquery("accepted")
    )


def _changed(session: Session, preview_id: uuid.UUID) -> int:
    """Count accepted lines whose register is not any more as it was looked at; the registers are locked."""
    line, register = _accepted(preview_id), RegisterRow
    through, turned = _through(line.c.value, register)
    same = sa.and_(
        register.meter_id == line.c.meter_id, register.shown_value == line.c.previous_value,
        register.carried + through == line.c.raw_volume, turned == line.c.rolled_over,
        sa.func.coalesce(register.last_period, "") < line.c.period, register.last_day <= line.c.read_on,
    )  # fmt: skip
    query = sa.select(sa.func.count()).select_from(line.join(register, register.connection_id == line.c.connection_id)).where(~same)
    return session.execute(query).scalar_one()


def _take(session: Session, viewer: Principal, preview_id: uuid.UUID) -> None:
    line = _accepted(preview_id)
    values: dict[str, sa.ColumnElement[Any]] = {
        "connection_id": line.c.connection_id, "period": line.c.period, "reading_id": sa.func.gen_random_uuid(),
        "meter_id": line.c.meter_id, "previous_value": line.c.previous_value, "value": line.c.value,
        "volume": sa.func.greatest(line.c.raw_volume, 0), "rolled_over": line.c.rolled_over, "replaced": line.c.replaced,
        "estimated": line.c.estimated, "read_on": line.c.read_on, "entered_by": sa.literal(viewer.subject),
        "entered_at": sa.literal(clock.now(), sa.DateTime(timezone=True)), "warnings": line.c.warnings,
    }  # fmt: skip
    session.execute(sa.insert(ReadingRow).from_select(list(values), sa.select(*values.values())))
    session.execute(
        sa.update(RegisterRow)
        .where(RegisterRow.connection_id == line.c.connection_id)
        .values(
            base_value=sa.case((line.c.estimated, RegisterRow.base_value), else_=line.c.value),
            carried=sa.case(
                (line.c.estimated, RegisterRow.carried - line.c.raw_volume), else_=sa.func.least(line.c.raw_volume, 0)
            ),
            shown_value=line.c.value, replaced=False, last_period=line.c.period, last_day=line.c.read_on,
        ),
        execution_options={"synchronize_session": False},
    )  # fmt: skip


def _mine(session: Session, viewer: Principal, preview_id: uuid.UUID, *, lock: bool) -> PreviewRow:
    query = sa.select(PreviewRow).where(
        PreviewRow.preview_id == preview_id, PreviewRow.created_by == viewer.subject, PreviewRow.expires_at > clock.now()
    )
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise PreviewNotFound
    return row


def _sample(session: Session, preview_id: uuid.UUID) -> list[Sample]:
    line = _accepted(preview_id)
    rows = session.execute(
        sa.select(
            line.c.number, line.c.period, MeterRow.serial, line.c.value, line.c.previous_value, line.c.raw_volume,
            line.c.rolled_over, line.c.replaced, line.c.estimated, line.c.read_on, line.c.warnings,
        )
        .join(MeterRow, MeterRow.meter_id == line.c.meter_id).order_by(line.c.line).limit(SAMPLE)
    )  # fmt: skip
    return [
        Sample(number, period, serial, value, previous, max(raw, 0), turned, changed, estimated, day, Notice(bits))
        for number, period, serial, value, previous, raw, turned, changed, estimated, day, bits in rows
    ]


def _stored(problem: Problem) -> dict[str, object]:
    return {"line": problem.line, "code": problem.code, "value": problem.value}


def _at_fault(code: str, number: str, value: int, period: str) -> str:
    """Return the value that a problem is about."""
    if code in ("too_many_digits", "below_previous"):
        return str(value)
    return period if code in ("already_read", "period_passed") else number
