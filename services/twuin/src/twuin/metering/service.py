"""Taking readings one by one, changing meters, and what was used by month."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from chassis import clock
from chassis.errors import FieldError, InvalidFields
from sqlalchemy.orm import Session

from twuin.metering import model
from twuin.metering.errors import (
    MeterNotFound,
    PeriodPassed,
    ReadingExists,
    ReadingNeedsConfirmation,
    SerialTaken,
    about,
    invalid,
)
from twuin.metering.lines import day_fits
from twuin.metering.model import Counted, Notice, Register, Usual
from twuin.metering.tables import MeterRow, ReadingRow, RegisterRow
from twuin.vocabulary import is_period, period_of

_DIGITS = range(4, 10)
_SERIAL = range(4, 31)  # characters


@dataclass(frozen=True, slots=True)
class Taken:
    """A reading with the serial of the meter that it was taken from."""

    reading_id: uuid.UUID
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


def serials(session: Session, connection_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Return the serial of the meter that stands at each connection."""
    rows = session.execute(
        sa.select(MeterRow.connection_id, MeterRow.serial).where(
            MeterRow.connection_id.in_(connection_ids), MeterRow.removed_on.is_(None)
        )
    )
    return {connection_id: serial for connection_id, serial in rows}  # noqa: C416 - dict(rows) has no type


def serial_taken(session: Session, serial: str) -> bool:
    """Tell whether a meter with this serial stands or stood somewhere."""
    return session.scalar(sa.select(MeterRow.meter_id).where(MeterRow.serial == serial)) is not None


def install(session: Session, connection_id: uuid.UUID, *, serial: str, digits: int, initial: int, on: dt.date) -> uuid.UUID:
    """Set the first meter of a connection; return its id."""
    meter = _new_meter(session, connection_id, serial=serial, digits=digits, initial=initial, on=on)
    session.add(
        RegisterRow(
            connection_id=connection_id, meter_id=meter.meter_id, digits=digits, base_value=initial, carried=0,
            shown_value=initial, replaced=False, last_period=None, last_day=on,
        )
    )  # fmt: skip
    session.flush()
    return meter.meter_id


def enter(
    session: Session, connection_id: uuid.UUID, *, period: str, value: int, read_on: dt.date, by: str, confirm: bool = False,
    estimated: bool = False,
) -> Taken:  # fmt: skip
    """Take a reading; an estimated one goes by the mean of the last readings and ignores `value`. The same again changes nothing."""
    _check_when(period, read_on)
    row = _register(session, connection_id)
    known = session.get(ReadingRow, (connection_id, period))
    if known is not None:
        if (known.value, known.read_on, known.estimated) == (value, read_on, False) and not estimated:
            return _one(session, known)
        raise ReadingExists(period=period, value=known.value)
    if row.last_period is not None and period < row.last_period:
        raise PeriodPassed(period=period, last=row.last_period)
    if read_on < row.last_day:
        raise invalid("read_on", "before_last")
    usual = usual_of(session, connection_id)
    counted = model.estimate(_model(row), usual.mean) if estimated else _read(_model(row), value, usual)
    found = Notice.NONE if estimated else model.warnings_of(counted.volume, usual, rolled_over=counted.rolled_over)
    if found and not confirm:
        raise ReadingNeedsConfirmation(fields=[about("value", code) for code in found.codes])
    reading = _reading(row, counted, period=period, read_on=read_on, by=by, found=found)
    session.add(reading)
    _advance(row, counted, period, read_on)
    session.flush()
    return _one(session, reading)


def replace(
    session: Session, connection_id: uuid.UUID, *, final: int, serial: str, initial: int, digits: int, on: dt.date
) -> uuid.UUID:
    """Change the meter of a connection; what went through the old one belongs to the next reading. Return the new meter's id."""
    row = _register(session, connection_id)
    if not row.last_day <= on <= clock.today():
        raise invalid("replaced_on", "before_last" if on < row.last_day else "date_range")
    _check_meter(serial, digits, initial)
    try:
        after = model.replaced(_model(row), final, initial, digits, usual_of(session, connection_id))
    except model.BelowPrevious as wrong:
        raise invalid("final_value", "below_previous") from wrong
    except model.TooManyDigits as wrong:
        raise invalid("final_value", "too_many_digits") from wrong
    old = session.get_one(MeterRow, row.meter_id)
    old.final_value, old.removed_on = final, on
    session.flush()  # the index allows one standing meter
    meter = _new_meter(session, connection_id, serial=serial, digits=digits, initial=initial, on=on)
    row.meter_id, row.digits, row.base_value = meter.meter_id, digits, initial
    row.carried, row.replaced, row.last_day = after.carried, True, on
    session.flush()
    return meter.meter_id


def recent(session: Session, connection_id: uuid.UUID, months: int) -> list[Taken]:
    """Return the last readings of a connection, newest first."""
    rows = session.execute(
        sa.select(ReadingRow, MeterRow.serial)
        .join(MeterRow, MeterRow.meter_id == ReadingRow.meter_id)
        .where(ReadingRow.connection_id == connection_id)
        .order_by(ReadingRow.period.desc())
        .limit(months)
    )
    return [_taken(reading, serial) for reading, serial in rows]


def usual_of(session: Session, connection_id: uuid.UUID) -> Usual:
    """Return what is usual at a connection."""
    latest = (
        sa.select(ReadingRow.volume)
        .where(ReadingRow.connection_id == connection_id)
        .order_by(ReadingRow.period.desc())
        .limit(model.HISTORY)
    )
    return Usual.of(list(session.scalars(latest)))


def _check_when(period: str, read_on: dt.date) -> None:
    today = clock.today()
    if not is_period(period):
        raise invalid("period", "period")
    if period > period_of(today):
        raise invalid("period", "period_future")
    if not day_fits(read_on, period, today):
        raise invalid("read_on", "date_range")


def _check_meter(serial: str, digits: int, initial: int) -> None:
    wrong = []
    if len(serial) not in _SERIAL or not serial.isascii() or not serial.replace("-", "").isalnum():
        wrong.append(
            FieldError(
                "new_serial", "serial", "Nomor seri terdiri dari 4 sampai 30 huruf, angka atau tanda hubung.",
                "A serial has 4 to 30 letters, digits or hyphens.",
            )
        )  # fmt: skip
    if digits not in _DIGITS:
        wrong.append(FieldError("digits", "range", "Jumlah digit 4 sampai 9.", "A register has 4 to 9 digits."))
    elif not 0 <= initial < model.span(digits):
        wrong.append(about("initial_value", "too_many_digits"))
    if wrong:
        raise InvalidFields(fields=wrong)


def _new_meter(session: Session, connection_id: uuid.UUID, *, serial: str, digits: int, initial: int, on: dt.date) -> MeterRow:
    meter = MeterRow(
        meter_id=uuid.uuid4(), connection_id=connection_id, serial=serial, digits=digits, initial_value=initial,
        installed_on=on, final_value=None, removed_on=None,
    )  # fmt: skip
    if serial_taken(session, serial):
        raise SerialTaken(serial=serial)
    session.add(meter)
    session.flush()
    return meter


def _register(session: Session, connection_id: uuid.UUID) -> RegisterRow:
    """Return the register, locked: readings of a connection are taken one after another."""
    row = session.get(RegisterRow, connection_id, with_for_update=True)
    if row is None:
        raise MeterNotFound
    return row


def _model(row: RegisterRow) -> Register:
    return Register(digits=row.digits, base=row.base_value, shown=row.shown_value, carried=row.carried, replaced=row.replaced)


def _read(register: Register, value: int, usual: Usual) -> Counted:
    try:
        return model.read(register, value, usual)
    except model.BelowPrevious as wrong:
        raise invalid("value", "below_previous") from wrong
    except model.TooManyDigits as wrong:
        raise invalid("value", "too_many_digits") from wrong


def _reading(row: RegisterRow, counted: Counted, *, period: str, read_on: dt.date, by: str, found: Notice) -> ReadingRow:
    return ReadingRow(
        connection_id=row.connection_id, period=period, reading_id=uuid.uuid4(), meter_id=row.meter_id,
        previous_value=counted.previous, value=counted.value, volume=counted.volume, rolled_over=counted.rolled_over,
        replaced=counted.replaced, estimated=counted.estimated, read_on=read_on, entered_by=by, entered_at=clock.now(),
        warnings=int(found),
    )  # fmt: skip


def _advance(row: RegisterRow, counted: Counted, period: str, read_on: dt.date) -> None:
    row.base_value, row.carried, row.shown_value = counted.after.base, counted.after.carried, counted.after.shown
    row.replaced, row.last_period, row.last_day = counted.after.replaced, period, read_on


def _one(session: Session, reading: ReadingRow) -> Taken:
    return _taken(reading, session.get_one(MeterRow, reading.meter_id).serial)


def _taken(reading: ReadingRow, serial: str) -> Taken:
    return Taken(
        reading_id=reading.reading_id, period=reading.period, meter_serial=serial, value=reading.value,
        previous=reading.previous_value, volume=reading.volume, rolled_over=reading.rolled_over,
        replaced=reading.replaced, estimated=reading.estimated, read_on=reading.read_on, warnings=Notice(reading.warnings),
    )  # fmt: skip
