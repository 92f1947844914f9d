"""Bills, said again."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from chassis import clock
from chassis.db.frame import outbox
from twuin import billing
from twuin.billing import restating

from services.twuin.tests.billing.city import DUE, PERIOD, City


def test_every_bill_is_said_again_to_who_was_linked_when_it_was_issued(city: City) -> None:
    first = city.connect({"2026-09": 25, PERIOD: 10}, citizens=["ani", "ben"])
    city.connect({PERIOD: 3})
    billing.run_period(city.db, "2026-09", DUE)
    city.unlink("ben")
    city.link(first, "cici")
    billing.run_period(city.db, PERIOD, DUE)
    [(paid,)] = city.rows("select bill_id from bills where period = '2026-09'")
    with city.db.transaction() as session:
        billing.settle(session, [paid], payment_id=uuid.uuid4(), at=clock.now())
    with city.db.transaction(readonly=True) as session:
        rows = session.execute(sa.select(outbox.c.type, outbox.c.key, outbox.c.sequence, outbox.c.payload))
        said = {(row.type, row.key, row.sequence): bytes(row.payload) for row in rows}
        again = {(each.fact.DESCRIPTOR.full_name, each.key, each.sequence): each.fact for each in restating.state(session)}
    assert {place: fact.SerializeToString() for place, fact in again.items()} == said
    told = {
        tuple(fact.citizen_ids) for name, fact in ((place[0], fact) for place, fact in again.items()) if name.endswith("BillIssued")
    }
    assert told == {("ani", "ben"), ("ani", "cici"), ()}
