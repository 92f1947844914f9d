"""Rows to messages of the contract."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from malang.twuin.v1 import billing_pb2

from twuin import tariffs
from twuin.billing.model import PENALTY, STAMP_DUTY, Line, RunState, kind_of, number_of
from twuin.billing.run import Progress
from twuin.tariffs.messages import tariff_message

_NAMES = {
    PENALTY: ("Denda keterlambatan", "Late payment penalty"),
    STAMP_DUTY: ("Bea meterai", "Stamp duty"),
    # Of a new connection.
    "registration": ("Pendaftaran", "Registration"),
    "meter": ("Meter air", "Water meter"),
    "pipe_20": ("Pipa dinas 20 mm, per meter", "Service pipe 20 mm, per metre"),
    "pipe_25": ("Pipa dinas 25 mm, per meter", "Service pipe 25 mm, per metre"),
    "pipe_32": ("Pipa dinas 32 mm, per meter", "Service pipe 32 mm, per metre"),
    "pipe_50": ("Pipa dinas 50 mm, per meter", "Service pipe 50 mm, per metre"),
    "labour": ("Tenaga pemasangan", "Labour"),
    "deposit": ("Uang jaminan", "Deposit"),
}


def bill(row: Any) -> billing_pb2.Bill:
    """Return a bill without its lines."""
    return billing_pb2.Bill(
        bill_id=str(row.bill_id), number=number_of(row.period, row.connection_number), connection_id=str(row.connection_id),
        connection_number=row.connection_number, period=row.period[:7], volume=row.volume, amount=row.amount,
        due_on=row.due_on.isoformat(), state=row.state, issued_at=instant(row.issued_at), paid_at=instant(row.paid_at),
        tariff_group=row.tariff_group, previous_value=row.previous_value, current_value=row.current_value,
        estimated=row.estimated, replaced=row.replaced, rolled_over=row.rolled_over,
        kind=kind_of(row.period),
    )  # fmt: skip


def explained(row: Any, lines: Sequence[Line], tariff: tariffs.Tariff | None) -> billing_pb2.Bill:
    """Return a bill with its lines, named in both languages, and the tariff that priced it, where one did."""
    priced = tariffs.explain(tariff, row.volume) if tariff else ()
    names = {(line.code, line.from_m3): (line.name_id, line.name_en) for line in priced}
    message = bill(row)
    for line in lines:
        name_id, name_en = names.get((line.code, line.from_m3)) or _NAMES.get(line.code, (line.code, line.code))
        message.lines.add(
            code=line.code, name_id=name_id, name_en=name_en, quantity=line.quantity, unit_price=line.unit_price,
            amount=line.amount, from_m3=line.from_m3, to_m3=line.to_m3,
        )  # fmt: skip
    if tariff:
        message.tariff.CopyFrom(tariff_message(tariff))
    return message


def run(progress: Progress) -> billing_pb2.Run:
    """Return a run and how far it is."""
    return billing_pb2.Run(
        run_id=str(progress.run_id), period=progress.period, state=_RUN_STATES[progress.state], expected=progress.expected,
        issued=progress.issued, skipped=progress.skipped, amount=progress.amount, started_at=instant(progress.started_at),
        finished_at=instant(progress.finished_at),
    )  # fmt: skip


_RUN_STATES = {
    RunState.RUNNING: billing_pb2.RUN_STATE_RUNNING,
    RunState.FINISHED: billing_pb2.RUN_STATE_FINISHED,
    RunState.INTERRUPTED: billing_pb2.RUN_STATE_INTERRUPTED,
}


def instant(at: dt.datetime | None) -> Timestamp | None:
    """Return an aware instant as a message; None stays unset."""
    if at is None:
        return None
    # From integers: Timestamp.FromDatetime is several times slower, and this runs for each bill of a page.
    return Timestamp(seconds=int(at.timestamp()), nanos=at.microsecond * 1000)
