"""What the desk decides, and how long it may take."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from chassis import clock
from chassis.rpc import Failure
from chassis.testing import as_citizen, as_staff
from malang.singo.v1 import applications_events_pb2 as facts
from malang.singo.v1 import applications_pb2 as pb

from services.singo.tests.applications.counter import SAWOJAJAR, SKU, TUESDAY, events, refused


def test_a_letter_goes_back_is_corrected_and_the_clock_stood_still(world):
    with clock.frozen(TUESDAY):
        application = world.submitted(kind="sku", fields=SKU)
        assert application.due_on == "2026-11-26"
    with clock.frozen(TUESDAY + dt.timedelta(days=1)), as_staff(roles=["officer"], areas=[SAWOJAJAR]):
        reasons = [pb.ReturnReason(field="attachments.ktp", text="Foto buram"), pb.ReturnReason(text="Mohon hubungi kami")]
        returned = world.stub.Return(pb.ReturnRequest(application_id=application.application_id, reasons=reasons))
    assert returned.state == pb.APPLICATION_STATE_RETURNED
    assert returned.timeline[-1].note == "KTP elektronik: Foto buram\nMohon hubungi kami"
    with clock.frozen(TUESDAY + dt.timedelta(days=7)):
        corrected = world.hand_in(application)
        assert (corrected.due_on, corrected.working_days_left) == ("2026-12-02", 1)
    assert events(corrected) == ["drafted", "submitted", "returned", "corrected"]
    assert [fact.corrected for fact, _, _ in world.facts(facts.ApplicationSubmitted)] == [False, True]
    assert len(world.facts(facts.ApplicationReturned)) == 1


def test_a_return_needs_reasons_that_the_form_knows(world):
    application = world.submitted()
    with as_staff():
        with refused("invalid") as failure:
            world.stub.Return(pb.ReturnRequest(application_id=application.application_id))
        assert failure.value.fields[0].field == "reasons"
        with refused("invalid") as failure:
            world.stub.Return(
                pb.ReturnRequest(application_id=application.application_id, reasons=[pb.ReturnReason(field="colour", text="x")])
            )
        assert failure.value.fields[0].field == "reasons.0.field"
        with refused("invalid") as failure:
            world.stub.Refuse(pb.RefuseRequest(application_id=application.application_id, reason=" "))
        assert failure.value.fields[0].field == "reason"


def test_a_refusal_ends_it_with_its_reason(world):
    application = world.submitted()
    with as_staff():
        world.stub.Refuse(pb.RefuseRequest(application_id=application.application_id, reason="Bukan warga kelurahan ini"))
    with as_citizen("citizen-a"):
        read = world.stub.Get(pb.GetRequest(application_id=application.application_id))
        assert (read.state, read.timeline[-1].note) == (pb.APPLICATION_STATE_REFUSED, "Bukan warga kelurahan ini")
        with refused("conflict", "not_now") as failure:
            world.stub.Withdraw(pb.WithdrawRequest(application_id=application.application_id))
        assert failure.value.id.startswith("Permohonan ini sudah ditolak")
        with refused("conflict", "not_now"):
            world.stub.SaveDraft(pb.SaveDraftRequest(application_id=application.application_id, fields="{}"))
    assert len(world.facts(facts.ApplicationRefused)) == 1


def test_a_citizen_may_withdraw_until_it_is_signed(world):
    application = world.approved()
    with as_citizen("citizen-a"):
        withdrawn = world.stub.Withdraw(pb.WithdrawRequest(application_id=application.application_id, reason="Tidak jadi"))
    assert withdrawn.state == pb.APPLICATION_STATE_WITHDRAWN
    assert len(world.facts(facts.ApplicationWithdrawn)) == 1


def test_the_queue_has_what_waits_for_the_callers_role_oldest_due_first(world):
    with clock.frozen(TUESDAY + dt.timedelta(days=2)):
        later = world.submitted()
    with clock.frozen(TUESDAY):
        sooner = world.submitted("citizen-b")
        waits_for_lurah = world.approved(who="citizen-c")
    with as_staff(roles=["officer"]):
        page = world.stub.Queue(pb.QueueRequest(page_size=1))
        assert ([each.application_id for each in page.applications], page.total) == ([sooner.application_id], 2)
        rest = world.stub.Queue(pb.QueueRequest(page_size=1, page_token=page.next_page_token))
        assert ([each.application_id for each in rest.applications], rest.next_page_token) == ([later.application_id], "")
        found = world.stub.Queue(pb.QueueRequest(reference=waits_for_lurah.reference.lower()))
        assert [each.application_id for each in found.applications] == [waits_for_lurah.application_id]
        with refused("invalid") as failure:
            world.stub.Queue(pb.QueueRequest(page_token="what?"))
        assert failure.value.fields[0].field == "page_token"
    with as_staff(roles=["lurah"]):
        page = world.stub.Queue(pb.QueueRequest())
        assert [each.application_id for each in page.applications] == [waits_for_lurah.application_id]
        assert page.applications[0].applicant_initials == "S. A."
        assert "Siti" not in str(page)


def test_a_claim_keeps_others_away_until_it_is_released(world):
    own = world.submitted().application_id
    with as_staff(subject="officer-1"):
        assert world.stub.Claim(pb.ClaimRequest(application_id=own)).claimed_by == "officer-1"
        assert events(world.stub.Claim(pb.ClaimRequest(application_id=own))).count("claimed") == 1
        assert world.stub.Queue(pb.QueueRequest(mine=True)).total == 1
    with as_staff(subject="officer-2"):
        assert world.stub.Queue(pb.QueueRequest(mine=True)).total == 0
        with refused("conflict", "somebody_else_has_it"):
            world.stub.Approve(pb.ApproveRequest(application_id=own))
        with refused("conflict", "somebody_else_has_it"):
            world.stub.Claim(pb.ClaimRequest(application_id=own))
    with as_citizen("citizen-a"):
        assert world.stub.Get(pb.GetRequest(application_id=own)).claimed_by == ""
    with as_staff(subject="officer-1"):
        assert world.stub.Release(pb.ReleaseRequest(application_id=own)).claimed_by == ""
    with as_staff(subject="officer-2"):
        approved = world.stub.Approve(pb.ApproveRequest(application_id=own))
    assert (approved.state, approved.claimed_by) == (pb.APPLICATION_STATE_APPROVED, "")
    with as_staff(roles=["officer"]), refused("conflict", "not_now"):
        world.stub.Approve(pb.ApproveRequest(application_id=own))
    with as_staff(roles=["officer"]), refused("refused", "not_your_step"):
        world.stub.Claim(pb.ClaimRequest(application_id=own))


def test_of_two_who_decide_at_the_same_moment_one_wins(world):
    own = world.submitted().application_id
    barrier = Barrier(2)

    def approve():
        with as_staff(roles=["officer"]):
            barrier.wait()
            return world.stub.Approve(pb.ApproveRequest(application_id=own)).state

    def refuse():
        with as_staff(roles=["officer"], subject="officer-2"):
            barrier.wait()
            return world.stub.Refuse(pb.RefuseRequest(application_id=own, reason="x")).state

    def outcome(decide):
        try:
            return decide()
        except Failure as failure:
            return failure.code

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(outcome, (approve, refuse))
    with as_citizen("citizen-a"):
        read = world.stub.Get(pb.GetRequest(application_id=own))
    # Refusing what was approved belongs to the lurah, so the later of the two is told so.
    assert (first, second, read.state) in {
        (pb.APPLICATION_STATE_APPROVED, "not_your_step", pb.APPLICATION_STATE_APPROVED),
        ("not_now", pb.APPLICATION_STATE_REFUSED, pb.APPLICATION_STATE_REFUSED),
    }
    assert len([each for each in events(read) if each in {"approved", "refused"}]) == 1
    assert len(world.facts(facts.ApplicationApproved) + world.facts(facts.ApplicationRefused)) == 1
