"""What happened to applications, said again."""

from __future__ import annotations

import datetime as dt
import threading

import sqlalchemy as sa
from chassis import clock
from chassis.db.frame import outbox
from malang.twuin.v1 import new_connections_events_pb2 as facts
from twuin.new_connections import jobs, restating

from services.twuin.tests.new_connections.conftest import Office
from services.twuin.tests.new_connections.walks import installing, replace, withdraw

KINDS = (
    facts.NewConnectionApplied, facts.NewConnectionAdvanced, facts.NewConnectionOffered, facts.NewConnectionHeld,
    facts.NewConnectionRefused, facts.NewConnectionActivated, facts.NewConnectionWithdrawn, facts.NewConnectionLapsed,
)  # fmt: skip


def said(office: Office) -> dict[tuple[str, str, int], bytes]:
    with office.db.transaction(readonly=True) as session:
        rows = session.execute(
            sa.select(outbox.c.type, outbox.c.key, outbox.c.sequence, outbox.c.payload).where(
                outbox.c.topic == "twuin.new_connections"
            )
        )
        return {(row.type, row.key, row.sequence): bytes(row.payload) for row in rows}


def test_everything_said_is_said_again_with_its_version(office: Office) -> None:
    held = installing(office)
    office.revoke(held.letter_id)
    office.install(held)
    replace(office, held, office.letter())
    withdraw(office, office.apply(office.letter("ben"), "ben"), "ben")
    office.refuse(office.apply(office.letter("cici"), "cici"))
    unpaid = office.apply(office.letter("dewi"), "dewi")
    office.check(unpaid)
    office.survey(unpaid)
    with clock.frozen(clock.now() + dt.timedelta(days=15)):
        jobs.lapse(office.db, office.means, threading.Event())
    first = said(office)
    with office.db.transaction(readonly=True) as session:
        again = {
            (each.fact.DESCRIPTOR.full_name, each.key, each.sequence): each.fact.SerializeToString()
            for each in restating.state(session)
        }
    assert {name for name, _, _ in again} == {kind.DESCRIPTOR.full_name for kind in KINDS}
    applied = facts.NewConnectionApplied.DESCRIPTOR.full_name
    assert set(again) == set(first)
    # An application says the letter that it has now.
    assert {place: fact for place, fact in again.items() if place[0] != applied} == {
        place: fact for place, fact in first.items() if place[0] != applied
    }
