"""Notices: one a fact and person, in both languages, read page by page."""

import datetime as dt
import string
import uuid

import pytest
from chassis import broker, clock, outbox
from chassis.errors import InvalidFields
from chassis.inbox import Envelope
from gateway import inbox
from gateway.inbox import subscriptions, texts
from gateway.inbox.service import NoSuchNotice
from malang.singo.v1.applications_events_pb2 import ApplicationReturned
from malang.singo.v1.letters_events_pb2 import LetterIssued
from malang.twuin.v1.billing_events_pb2 import BillIssued
from malang.twuin.v1.payments_events_pb2 import PaymentToRefund
from sqlalchemy import text

ME, OTHER = str(uuid.uuid4()), str(uuid.uuid4())


def envelope(fact, event_id=None):
    return Envelope(
        id=event_id or uuid.uuid4(), type=fact.DESCRIPTOR.full_name, source="/test", time=clock.now(), subject="key", sequence=1,
        traceparent="", topic="test", partition=0, offset=0,
    )  # fmt: skip


def tell(means, fact, event_id=None):
    handle = next(each.handle for each in subscriptions.subscriptions(means) if isinstance(fact, each.fact))
    with means.db.transaction() as session:
        handle(session, fact, envelope(fact, event_id))


def mine(means, citizen=ME, **how):
    with means.db.transaction() as session:
        return inbox.page(session, citizen, **how)


def test_a_fact_becomes_a_notice_with_a_link_to_what_it_is_about(means):
    tell(means, ApplicationReturned(application_id="a-1", citizen_id=ME, kind="domisili", reference="SGO-7K3M"))
    notice = mine(means).entries[0]
    assert (notice.code, notice.link, notice.read) == ("application_returned", "/permohonan/a-1", False)
    assert "SGO-7K3M" in notice.text("id").body
    assert "SGO-7K3M" in notice.text("en").body
    assert mine(means, OTHER).entries == []


def test_a_fact_that_comes_again_makes_no_second_notice(means):
    fact, event_id = LetterIssued(letter_id="l", application_id="a", citizen_id=ME, reference="SGO"), uuid.uuid4()
    for _ in range(3):
        tell(means, fact, event_id)
    assert len(mine(means).entries) == 1


def test_a_bill_tells_everybody_who_is_linked_and_nobody_when_nobody_is(means):
    bill = {"bill_id": "b", "connection_id": "c", "period": "2026-10", "volume": 25, "amount": 110_000, "due_on": "2026-11-20"}
    tell(means, BillIssued(**bill, citizen_ids=[ME, OTHER, ME]))
    tell(means, BillIssued(**bill))
    assert [len(mine(means, who).entries) for who in (ME, OTHER)] == [1, 1]
    shown = mine(means).entries[0].text("id")
    assert shown.title == "Tagihan air Oktober 2026"
    assert "25 m³" in shown.body
    assert "Rp 110.000" in shown.body
    assert "20 November 2026" in shown.body


def test_a_fact_without_a_person_tells_nobody(means):
    tell(means, PaymentToRefund(payment_id="p", citizen_id="", amount=1, reason="expired"))
    with means.db.transaction() as session:
        assert session.scalar(text("select count(*) from notice")) == 0


def test_every_notice_has_words_in_both_languages_for_what_its_subscription_keeps():
    for told in subscriptions.TOLD:
        code, kept = told.code, told.kept
        for language in ("id", "en"):
            for sentence in texts.TEXTS[code][language]:
                wanted = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
                assert wanted <= set(kept), (code, wanted)
            assert all(texts.TEXTS[code][language])
    assert {told.code for told in subscriptions.TOLD} == set(texts.TEXTS)


def test_links_and_parameters_are_fields_of_the_fact():
    for told in subscriptions.TOLD:
        fact, link, kept = told.fact, told.link, told.kept
        fields = {field.name for field in fact.DESCRIPTOR.fields}
        assert set(kept) <= fields
        assert {name for _, name, _, _ in string.Formatter().parse(link) if name} <= fields
        assert outbox.topic_of(fact)


def test_pages_are_newest_first_and_lose_nothing(means):
    start = clock.now()
    for number in range(25):
        with clock.frozen(start + dt.timedelta(seconds=number // 2)):  # pairs of the same instant
            tell(means, ApplicationReturned(application_id=f"a-{number}", citizen_id=ME, reference=str(number)))
    seen, token = [], ""
    while True:
        page = mine(means, page_token=token, page_size=10)
        seen += page.entries
        token = page.next_page_token
        if not token:
            break
    assert len({notice.id for notice in seen}) == len(seen) == 25
    assert [notice.at for notice in seen] == sorted((notice.at for notice in seen), reverse=True)
    with pytest.raises(InvalidFields):
        mine(means, page_token="nonsense")


def test_reading_changes_the_count_and_the_etag(means):
    for number in range(3):
        tell(means, ApplicationReturned(application_id=f"a-{number}", citizen_id=ME, reference=str(number)))
    first = mine(means).entries[0]
    with means.db.transaction() as session:
        before = inbox.summary(session, ME)
        assert inbox.mark_read(session, ME, [first.id]) == 1
        between = inbox.summary(session, ME)
        assert inbox.mark_read(session, ME) == 2
        after = inbox.summary(session, ME)
        assert inbox.summary(session, ME) == after
    assert [before.unread, between.unread, after.unread] == [3, 2, 0]
    assert len({before.etag, between.etag, after.etag}) == 3
    assert mine(means, unread_only=True).entries == []


def test_nobody_marks_the_notice_of_another(means):
    tell(means, ApplicationReturned(application_id="a", citizen_id=ME, reference="x"))
    for wanted in (mine(means).entries[0].id, "no id"):
        with means.db.transaction() as session, pytest.raises(NoSuchNotice):
            inbox.mark_read(session, OTHER, [wanted])
    assert not mine(means).entries[0].read


def test_facts_travel_over_a_real_bus_into_the_inbox(means, database_url):
    import threading
    import time

    from chassis.consumer import Consumer
    from chassis.relay import Relay

    bus = database_url()
    citizen = ME
    with means.db.transaction() as session:
        for number in range(5):
            fact = ApplicationReturned(application_id=f"a-{number}", citizen_id=citizen, reference=f"R{number}")
            outbox.append(session, fact, key=f"a-{number}", sequence=1)
    stop = threading.Event()
    loops = [
        Relay(means.db, broker.connect(bus), source="/test").run,
        Consumer(means.db, broker.connect(bus), "gateway", subscriptions.subscriptions(means)).run,
    ]
    threads = [threading.Thread(target=loop, args=(stop,)) for loop in loops]
    for each in threads:
        each.start()
    deadline = time.monotonic() + 20
    while len(mine(means).entries) < 5 and time.monotonic() < deadline:
        time.sleep(0.1)
    stop.set()
    for each in threads:
        each.join(10)
    assert len(mine(means).entries) == 5
