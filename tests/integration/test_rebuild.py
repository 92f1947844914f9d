"""A projection that was lost comes back from its source by one command, and nobody is told anything twice."""

import json
import subprocess
import sys

from callers import rows
from running import wait_for

from deploy.local import demo
from deploy.local.state import ROOT


def restate(running, service, capability):
    argv = [sys.executable, "-m", service, "restate", capability]
    done = subprocess.run(argv, env=running.platform.environment(service), capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["restated"]


def told(running):
    return rows(running, "gateway", "select count(*) from notice")[0][0]


def timeline(running, kind, subject):
    """Return how an errand stands for each of its people, and its steps, without their instants."""
    return rows(running, "gateway", "select e.citizen_id, e.state, e.open, e.with_whom, e.due_on, e.reference, e.detail, e.rank, e.sequence, "
                "array(select s.fact || ' ' || s.sequence || ' ' || s.state from errand_step s where s.errand_id = e.id order by 1) "
                "from errand e where e.kind = %s and e.subject_id = %s order by 1", kind, subject)  # fmt: skip


def lost(running, kind, subject):
    rows(running, "gateway", "delete from errand where kind = %s and subject_id = %s", kind, subject)
    assert timeline(running, kind, subject) == []


def test_an_application_comes_back_with_its_letter(running):
    demo.letter(running.url, running.signins, running.home)
    issued = "select subject_id from errand where kind = 'letter' and state = 'issued' order by updated_at desc limit 1"
    subject = wait_for(lambda: rows(running, "gateway", issued))[0][0]

    def whole():
        shown = timeline(running, "letter", subject)
        return shown if len(shown[0][-1]) == 3 else None  # submitted, approved, issued

    shown, notices = wait_for(whole), told(running)
    lost(running, "letter", subject)
    assert restate(running, "singo", "applications") >= 2
    assert restate(running, "singo", "letters") >= 1
    wait_for(lambda: timeline(running, "letter", subject) == shown, seconds=90)
    assert told(running) == notices


def test_bills_come_back_to_who_was_linked_when_they_were_issued(running):
    demo.bill(running.url, running.signins, running.home)
    paid = """select b.connection_id, b.bill_id from bills b join connection_links l using (connection_id)
              where l.unlinked_at is null and b.state = 2 and b.run_id is not null order by b.paid_at desc limit 1"""
    connection, bill = rows(running, "twuin", paid)[0]
    since = (
        "update connection_links set linked_at = '2020-01-01' where connection_id = %s and unlinked_at is null returning citizen_id"
    )
    linked = {citizen for (citizen,) in rows(running, "twuin", since, connection)}  # the demo's bills are older than anybody's link
    announced = "select count(*) from notice where code = 'bill_issued'"
    notices = rows(running, "gateway", announced)
    assert restate(running, "twuin", "billing") >= 2

    def whole():
        shown = timeline(running, "bill", bill)
        return shown if shown and all(each[1] == "paid" and len(each[-1]) == 2 for each in shown) else None

    shown = wait_for(whole, seconds=90)
    assert {str(each[0]) for each in shown} == linked
    lost(running, "bill", bill)
    restate(running, "twuin", "billing")
    wait_for(lambda: timeline(running, "bill", bill) == shown, seconds=90)
    assert rows(running, "gateway", announced) == notices


def test_a_letter_comes_back_at_both_agencies_and_no_notice_goes_out_again(running):
    demo.letter(running.url, running.signins, running.home)
    letter, application = rows(
        running, "singo", "select id, application_id from letter where signed_at is not null order by signed_at desc limit 1"
    )[0]

    def proof():
        return rows(
            running,
            "twuin",
            "select citizen_id, kind, sha256, address_hash, valid_until, revoked_at, signed_at from proof_letters where letter_id = %s",
            letter,
        )

    def steps():
        return rows(running, "gateway", "select s.fact, s.sequence, s.state from errand_step s join errand e on e.id = s.errand_id "
                    "where e.subject_id = %s and s.fact like 'Letter%%'", application)  # fmt: skip

    known, shown = wait_for(proof), wait_for(steps)
    notices = told(running)
    rows(running, "twuin", "delete from proof_letters where letter_id = %s", letter)
    rows(
        running,
        "gateway",
        "delete from errand_step where fact like 'Letter%%' and errand_id in (select id from errand where subject_id = %s)",
        application,
    )
    assert proof() == []
    assert steps() == []
    for _ in range(2):  # the second time changes nothing
        assert restate(running, "singo", "letters") >= 1
        wait_for(lambda: proof() == known and steps() == shown, seconds=60)
        wait_for(lambda: running.outbox_depth("singo") == 0, seconds=60)
    assert (proof(), steps()) == (known, shown)
    assert told(running) == notices
