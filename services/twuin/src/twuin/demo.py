"""Demo data: invented connections with holders, meters, a year of readings, bills, and old bills paid. The same every time."""

from __future__ import annotations

import argparse
import datetime as dt
import random
import uuid
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from chassis import clock
from chassis.db import Database
from chassis.db.frame import outbox
from chassis.process import Command, Running

from twuin import billing, connections, metering, network, payments
from twuin.billing import queries
from twuin.connections.intake import Newcomer
from twuin.metering.intake import Standing
from twuin.parts import Parts
from twuin.settings import Settings
from twuin.vocabulary import first_day, period_of, shifted

MONTHS = 13
SHOWN = 60  # connections that are printed
PAID = 12  # connections whose old bills are paid
_NAMESPACE = uuid.UUID("5f0c2f39-6a0e-4c55-9a53-1d3c1a2d8b11")
_GROUPS, _SHARES = ("IIIA", "II", "IIIB", "IVA", "I", "IVB"), (55, 25, 12, 4, 3, 1)
# Invented people: any likeness is chance.
_FIRST = ("Adi", "Ayu", "Bagus", "Citra", "Dewi", "Eko", "Fitri", "Galih", "Hesti", "Indra", "Joko", "Kartika", "Lestari",
          "Mega", "Nanda", "Oki", "Putri", "Rahma", "Sari", "Teguh", "Utami", "Wahyu", "Yulia", "Zaki")  # fmt: skip
_LAST = ("Santoso", "Wijaya", "Pratama", "Kusuma", "Hidayat", "Saputra", "Rahayu", "Nugroho", "Setiawan", "Permata")
_STREETS = ("Danau Toba", "Danau Bratan", "Melati", "Kenanga", "Sumatra", "Kawi", "Bromo", "Semeru", "Raya Sawojajar", "Mawar")


def run(parts: Parts, count: int) -> dict[str, Any]:
    """Make the demo's connections once, and describe those that a person may try: what is printed is what proofs need."""
    if populate(parts, count) == count:
        _bill(parts.db)
        _pay(parts)
        _keep_quiet(parts.db)
    return {"connections": _described(parts, min(count, SHOWN))}


def populate(parts: Parts, count: int, months: int = MONTHS) -> int:
    """Make `count` connections with meters and `months` months of readings, all or nothing; return how many are new."""
    with parts.db.transaction() as session:
        session.execute(sa.text("set local statement_timeout = '300s'"))
        session.execute(sa.text("set local work_mem = '128MB'"))
        if connections.known_numbers(session, [_number(1), _number(count)]):
            return 0
        connections.take_in(session, parts.holders, (newcomer for newcomer, _ in _made(count)))
        metering.take_in(session, (meter for _, meter in _made(count)))
        metering.invent_history(session, _periods(months), by="demo")
    with parts.db.engine.connect() as connection:
        connection.exec_driver_sql("analyze connections, meters, registers, readings")
    return count


def _periods(months: int) -> list[str]:
    """Return the last `months` periods that are over, oldest first."""
    present = period_of(clock.today())
    return [shifted(present, -back) for back in range(months, 0, -1)]


def _made(count: int) -> Iterator[tuple[Newcomer, Standing]]:
    chance = random.Random(35_73)  # noqa: S311 - the demo is the same every time, and secret to nobody
    kelurahan = [(zone.code, code) for zone in network.zones() for code in zone.kelurahan]
    begun = first_day(_periods(MONTHS)[0]) - dt.timedelta(days=30)
    for place in range(1, count + 1):
        zone, code = kelurahan[place % len(kelurahan)]
        number = _number(place)
        connection_id = uuid.uuid5(_NAMESPACE, number)
        name = f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"
        address = (
            f"Jl. {chance.choice(_STREETS)} No. {chance.randint(1, 180)} RT {chance.randint(1, 12)} RW {chance.randint(1, 18)}"
        )
        group = chance.choices(_GROUPS, _SHARES)[0]
        yield (
            Newcomer(connection_id, number, group, zone, code, name, address, _phone(place)),
            Standing(connection_id, f"TT-{chance.randrange(10**4):04}{place:06}", 5, chance.randint(0, 4000), begun),
        )


def _number(place: int) -> str:
    return f"35{place:06}"


def _phone(place: int) -> str:
    """Return a number that no network gives out."""
    return f"+62800{place:07}"


def _bill(db: Database) -> None:
    for period in _periods(MONTHS):
        following = first_day(shifted(period, 1))
        issued = dt.datetime.combine(following, dt.time(6), clock.ZONE)
        billing.run_period(db, period, following.replace(day=20), issued_at=issued, started_by="demo")


def _pay(parts: Parts) -> None:
    """Pay all but the two newest bills of some connections, by the code that people pay by."""
    payer = str(uuid.uuid5(_NAMESPACE, "payer"))
    for place in range(1, PAID + 1):
        connection_id = uuid.uuid5(_NAMESPACE, _number(place))
        with parts.db.transaction() as session:
            connections.link(session, connection_id, payer, "demo")
        with parts.db.transaction(readonly=True) as session:
            old = sorted(queries.open_of(session, connection_id), key=lambda bill: str(bill.period))[:-2]
        for start in range(0, len(old), 6):
            payments.pay_in_demo(
                parts.db, parts.provider, citizen_id=payer, bill_ids=[bill.bill_id for bill in old[start : start + 6]]
            )
        with parts.db.transaction() as session:
            connections.unlink(session, connection_id, payer)


def _keep_quiet(db: Database) -> None:
    """Mark the facts of the invented past as sent: nobody is to be told of it."""
    with db.transaction() as session:
        session.execute(sa.update(outbox).where(outbox.c.sent_at.is_(None)).values(sent_at=clock.now()))


def _described(parts: Parts, count: int) -> list[dict[str, Any]]:
    with parts.db.transaction(readonly=True) as session:
        return [
            {
                "connection_id": str(newcomer.connection_id), "number": newcomer.number, "holder": newcomer.holder_name,
                "phone": newcomer.phone, "meter_serial": meter.serial, "tariff_group": newcomer.tariff_group,
                "last_bill_amount": billing.last_bill_amount(session, newcomer.connection_id),
            }
            for newcomer, meter in _made(count)
        ]  # fmt: skip


def _asked(running: Running[Settings, Parts], asked: argparse.Namespace) -> dict[str, Any]:
    return run(running.parts, asked.connections)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connections", type=int, default=60, help="how many connections")


COMMAND = Command("make the demo's connections, readings and bills once", _asked, _arguments)
