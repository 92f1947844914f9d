import datetime as dt
import uuid

import pytest
import sqlalchemy as sa
from chassis import clock, outbox, telemetry
from chassis.db.frame import outbox as table
from chassis.outbox import Bulk
from malang.singo.v1.letters_events_pb2 import LetterIssued
from malang.twuin.v1.billing_events_pb2 import BillIssued, BillPaid
from malang.twuin.v1.billing_pb2 import Bill


def _rows(database):
    with database.transaction(readonly=True) as session:
        return session.execute(sa.select(table).order_by(table.c.id)).all()


def test_a_fact_is_said_with_its_change_or_not_at_all(database):
    def change_that_fails(session):
        outbox.append(session, BillPaid(bill_id="b"), key="b", sequence=1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), database.transaction() as session:
        change_that_fails(session)
    assert _rows(database) == []


def test_a_row_carries_what_the_bus_needs(database):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with telemetry.call(traceparent=trace), database.transaction() as session:
        event_id = outbox.append(session, BillPaid(bill_id="b", amount=125_000), key="b", sequence=7)
    (row,) = _rows(database)
    assert (row.event_id, row.topic, row.type, row.key, row.sequence) == (
        event_id,
        "twuin.billing",
        "malang.twuin.v1.BillPaid",
        "b",
        7,
    )
    assert BillPaid.FromString(row.payload).amount == 125_000
    assert row.traceparent.split("-")[1] == trace.split("-")[1]
    assert row.sent_at is None


def test_many_facts_go_in_by_copy(database):
    with database.transaction() as session:
        rows = (Bulk(BillIssued(bill_id=str(n), volume=n), key=str(n), sequence=1) for n in range(2500))
        assert outbox.append_copy(session, "twuin.billing", rows) == 2500
    rows = _rows(database)
    assert [BillIssued.FromString(row.payload).volume for row in rows] == list(range(2500))
    assert len({row.event_id for row in rows}) == 2500
    assert isinstance(rows[0].event_id, uuid.UUID)


def test_copy_refuses_a_fact_of_another_topic_and_writes_nothing(database):
    facts = [Bulk(BillIssued(), key="1", sequence=1), Bulk(LetterIssued(), key="1", sequence=1)]
    with pytest.raises(ValueError, match=r"not a fact of topic twuin\.billing"), database.transaction() as session:
        outbox.append_copy(session, "twuin.billing", facts)
    assert _rows(database) == []


def test_a_topic_is_the_service_and_capability_of_the_proto_file():
    assert outbox.topic_of(BillPaid) == "twuin.billing"
    assert outbox.topic_of(LetterIssued) == "singo.letters"
    with pytest.raises(ValueError, match="is not a fact"):
        outbox.topic_of(Bill)


def test_what_was_sent_is_said_again_under_its_own_id_and_what_was_not_stays(database):
    with database.transaction() as session:
        sent = [outbox.append(session, BillIssued(volume=n), key="b", sequence=n) for n in (1, 2, 3)]
        session.execute(sa.update(table).values(sent_at=clock.now()))
        waiting = outbox.append(session, BillIssued(volume=4), key="b", sequence=4)
    count, after = 0, 0
    with database.transaction() as session:
        while True:
            after, said = outbox.again(session, after, most=2)
            if not after:
                break
            count += said
    with database.transaction(readonly=True) as session:
        unsent = list(session.scalars(sa.select(table.c.event_id).where(table.c.sent_at.is_(None)).order_by(table.c.id)))
    assert count == 3
    assert unsent == [*sent, waiting], "in the order in which they were said"


def test_a_restated_fact_is_told_apart_by_its_id_and_keeps_its_time(database):
    then = clock.now() - dt.timedelta(days=3)
    with database.transaction() as session:
        first = outbox.append(session, BillIssued(volume=1), key="b", sequence=1)
        assert outbox.restate(session, [outbox.Again(BillIssued(volume=1), "b", 1, then)]) == 1
        (again,) = session.execute(sa.select(table).where(table.c.event_id != first)).all()
    assert not outbox.is_restated(first)
    assert outbox.is_restated(again.event_id)
    assert (again.time, again.sequence, again.topic) == (then, 1, "twuin.billing")
