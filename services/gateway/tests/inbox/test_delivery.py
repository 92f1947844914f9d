"""A notice leaves the platform by the person's choice, once, whatever fails between."""

import http.server
import json
import re
import threading
import time
import uuid

import pytest
from chassis import clock
from chassis.errors import InvalidFields
from chassis.inbox import Envelope
from gateway import inbox, messages
from gateway.identity import contacts, guests
from gateway.identity.errors import CodeRefused
from gateway.inbox import subscriptions
from gateway.messages import SmsGateway, service
from malang.singo.v1.complaints_events_pb2 import ComplaintResolved
from malang.twuin.v1.billing_events_pb2 import BillIssued
from sqlalchemy import text

BILL = {"bill_id": "b", "connection_id": "c", "period": "2026-10", "volume": 25, "amount": 110_000, "due_on": "2026-11-20"}


def tell(means, fact, event_id=None):
    handle = next(each.handle for each in subscriptions.subscriptions(means) if isinstance(fact, each.fact))
    around = Envelope(
        id=event_id or uuid.uuid4(), type=fact.DESCRIPTOR.full_name, source="/test", time=clock.now(), subject="key", sequence=1,
        traceparent="", topic="test", partition=0, offset=0,
    )  # fmt: skip
    with means.db.transaction() as session:
        handle(session, fact, around)


def choose(means, citizen, **wanted):
    with means.db.transaction() as session:
        inbox.choose(session, means.vault, citizen, wanted)


def sent(means, to):
    with means.db.transaction() as session:
        return messages.mailbox(session, means.vault, to=to)


def prove(means, citizen, email="ayu@malang.example"):
    pending = contacts.begin_email(means, citizen, email, address="203.0.113.5")
    code = re.search(r"\b\d{6}\b", sent(means, email)[0].body)[0]
    contacts.confirm_email(means, citizen, pending.request_id, code, address="203.0.113.5")


def test_nobody_is_told_outside_of_the_inbox_unasked(means, people):
    one = people.signed_in(means, 3)
    before = len(sent(means, one.phone))
    tell(means, BillIssued(**BILL, citizen_ids=[one.citizen_id]))
    assert len(sent(means, one.phone)) == before


def test_a_notice_goes_by_the_channel_of_its_kind_with_the_notices_id(means, people):
    one = people.signed_in(means, 3)
    choose(means, one.citizen_id, bills="sms")
    fact, once = BillIssued(**BILL, citizen_ids=[one.citizen_id]), uuid.uuid4()
    for _ in range(3):
        tell(means, fact, once)
    tell(means, ComplaintResolved(complaint_id="x", number="ADU-1", citizen_ids=[one.citizen_id], outcome="repaired"))
    found = [each for each in sent(means, one.phone) if "Tagihan" in each.body]
    with means.db.transaction() as session:
        notice = inbox.page(session, one.citizen_id).entries[-1]
    assert [each.id for each in found] == [notice.id]
    assert "Rp 110.000" in found[0].body
    assert found[0].body.endswith("/tagihan/b")
    assert not [each for each in sent(means, one.phone) if "ADU-1" in each.body]


def test_an_e_mail_needs_a_proved_address_and_stops_without_it(means, people):
    one = people.signed_in(means, 3)
    with pytest.raises(InvalidFields) as refused:
        choose(means, one.citizen_id, bills="email", water="sms")
    assert [(wrong.field, wrong.code) for wrong in refused.value.fields] == [("bills", "email_not_proved")]
    with means.db.transaction() as session:
        assert inbox.choices(session, one.citizen_id)["water"] == "none"  # nothing changed
    prove(means, one.citizen_id)
    choose(means, one.citizen_id, bills="email")
    tell(means, BillIssued(**BILL, citizen_ids=[one.citizen_id]))
    assert sent(means, "ayu@malang.example")[0].subject == "Tagihan air Oktober 2026"
    contacts.forget_email(means, one.citizen_id)
    with means.db.transaction() as session:
        inbox.without_email(session, one.citizen_id)
        assert inbox.choices(session, one.citizen_id)["bills"] == "none"


@pytest.mark.parametrize("wanted", [{"bills": "fax"}, {"pajak": "sms"}])
def test_a_choice_that_there_is_not_is_named_in_both_languages(means, people, wanted):
    one = people.signed_in(means, 3)
    with pytest.raises(InvalidFields) as refused:
        choose(means, one.citizen_id, **wanted)
    (wrong,) = refused.value.fields
    assert wrong.field in wanted
    assert wrong.id != wrong.en


def test_only_who_asked_for_the_code_proves_the_address(means, people):
    one, other = people.signed_in(means, 3), people.signed_in(means, 4)
    pending = contacts.begin_email(means, one.citizen_id, "ayu@malang.example", address="203.0.113.5")
    assert pending.sent_to == "a••@malang.example"
    code = re.search(r"\b\d{6}\b", sent(means, "ayu@malang.example")[0].body)[0]
    for citizen, typed in ((other.citizen_id, code), (one.citizen_id, str((int(code) + 1) % 1_000_000).zfill(6))):
        with pytest.raises(CodeRefused):
            contacts.confirm_email(means, citizen, pending.request_id, typed, address="203.0.113.5")
    with means.db.transaction() as session:
        assert contacts.proved_email(session, means.vault, one.citizen_id) == ""
    contacts.confirm_email(means, one.citizen_id, pending.request_id, code, address="203.0.113.5")
    with pytest.raises(CodeRefused):
        contacts.confirm_email(means, one.citizen_id, pending.request_id, code, address="203.0.113.5")
    with means.db.transaction() as session:
        assert contacts.proved_email(session, means.vault, one.citizen_id) == "ayu@malang.example"


def test_a_guest_is_told_by_text_message_because_there_is_no_inbox_to_look_into(means, people):
    phone = "+6281230004455"
    pending = guests.begin(means, phone, address="203.0.113.5", language="en")
    new = guests.confirm(means, pending.request_id, people.code_to(means, phone), address="203.0.113.5", agent="test")
    once = uuid.uuid4()
    for _ in range(2):
        tell(means, ComplaintResolved(complaint_id="x", number="ADU-1", citizen_ids=[new.subject], outcome="repaired"), once)
    told = [each.body for each in sent(means, phone) if "ADU-1" in each.body]
    assert len(told) == 1
    assert "repaired" in told[0]
    assert told[0].endswith("/urusan/laporan/ADU-1")


class Provider:
    """A text message service that knows each key once, and takes its time over the first answers."""

    def __init__(self, slow=1):
        self.taken, self.asked = {}, []
        provider = self

        class Service(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = self.headers["Idempotency-Key"]
                provider.asked.append(key)
                provider.taken.setdefault(key, body["text"])
                if len(provider.asked) <= slow:
                    time.sleep(0.6)  # longer than the carrier waits: taken, but nobody hears of it
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def carriers(self):
        return {"sms": SmsGateway(f"http://127.0.0.1:{self.server.server_address[1]}/", "tok", "KOTA", timeout=0.3)}


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


def later(means):
    """Let every message be due again."""
    with means.db.transaction() as session:
        session.execute(text("update message set next_try_at = now() - interval '1 minute' where state = 'waiting'"))


def notice_by_sms(means, people):
    one = people.signed_in(means, 3)
    with means.db.transaction() as session:
        session.execute(text("update message set state = 'sent'"))  # codes of the registration
    choose(means, one.citizen_id, bills="sms")
    tell(means, BillIssued(**BILL, citizen_ids=[one.citizen_id]))
    with means.db.transaction() as session:
        return inbox.page(session, one.citizen_id).entries[0].id


def test_a_provider_that_took_it_and_did_not_say_so_holds_one_message(means, people, provider):
    notice = notice_by_sms(means, people)
    for _ in range(3):
        messages.deliver_due(means.db, means.vault, provider.carriers())
        later(means)
    assert provider.asked == [notice, notice]  # asked again once, with the same key, and never after the answer
    assert list(provider.taken) == [notice]


def test_a_crash_between_the_providers_answer_and_the_mark_doubles_nothing(means, people, provider, monkeypatch):
    notice = notice_by_sms(means, people)
    provider.asked += ["warmed up"]
    carriers = provider.carriers()

    class Dying:
        def send(self, **message):
            carriers["sms"].send(**message)
            raise SystemExit  # the process ends here

    with pytest.raises(SystemExit):
        messages.deliver_due(means.db, means.vault, {"sms": Dying()})
    later(means)
    messages.deliver_due(means.db, means.vault, carriers)
    assert provider.asked[1:] == [notice, notice]
    assert list(provider.taken) == [notice]


def test_a_message_whose_lease_ended_while_its_batch_was_slow_is_left_to_who_has_it(means, people, provider):
    notice_by_sms(means, people)
    with means.db.transaction() as session:
        claimed = session.execute(text("select * from message where state = 'waiting'")).one()
        session.execute(text("update message set tries = tries + 1 where state = 'waiting'"))  # another process claimed it since
    assert service._hand_over(means.db, means.vault, provider.carriers(), claimed) is False
    assert provider.asked == []
