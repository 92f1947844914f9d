from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from threading import Barrier

import pytest
from chassis import clock
from chassis.rpc import Failure, unruled
from chassis.testing import as_citizen, as_nobody, as_staff, as_workload, with_key
from malang.singo.v1 import applications_events_pb2 as facts
from malang.singo.v1 import applications_pb2 as pb
from PIL import Image

SAWOJAJAR, DINOYO = "35.73.03.1008", "35.73.05.1004"
TUESDAY = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)
NOWHERE = "00000000-0000-4000-8000-000000000000"


SKU = {
    "business_name": "Warung Bu Siti", "business_kind": "warung makan", "business_address": "Jl. Danau Toba No. 5",
    "business_since": "2021-05-01", "purpose": "pinjaman modal",
}  # fmt: skip


def _picture(colour):
    out = BytesIO()
    Image.new("RGB", (30, 30), colour).save(out, "PNG")
    return out.getvalue()


PICTURE = _picture("orange")


@contextmanager
def refused(kind, code=None):
    with pytest.raises(Failure) as failure:
        yield failure
    assert failure.value.kind == kind
    assert code is None or failure.value.code == code
    assert failure.value.sentence("id") != failure.value.sentence("en")


def events(application):
    return [each.event for each in application.timeline]


def test_every_method_has_a_rule(world):
    assert unruled([world.served]) == []


def test_a_draft_is_saved_as_it_is_typed_and_read_back(world):
    draft = world.draft(fields={"purpose": "a"})
    with as_citizen("citizen-a"):
        saved = world.stub.SaveDraft(
            pb.SaveDraftRequest(application_id=draft.application_id, fields='{"purpose": "ab"}', version=1)
        )
        assert saved.version == 2
        with refused("conflict", "edited_elsewhere"):
            world.stub.SaveDraft(pb.SaveDraftRequest(application_id=draft.application_id, fields="{}", version=1))
        read = world.stub.Get(pb.GetRequest(application_id=draft.application_id))
    assert json.loads(read.fields) == {"purpose": "ab"}
    assert read.state == pb.APPLICATION_STATE_DRAFT
    assert (read.due_on, read.working_days_left, events(read)) == ("", 0, ["drafted"])


def test_what_a_person_typed_and_is_lies_sealed(world):
    world.submitted(fields={"purpose": "rahasia keluarga", "resident_since": "2020-01-31", "dwelling": "sewa"})
    with world.db.engine.connect() as connection:
        row = connection.exec_driver_sql("select * from application").one()
    for secret in (b"rahasia", b"Siti", b"3573035501900001"):
        assert secret not in row.fields + row.applicant
    assert "Siti" not in str(row)
    stored = list(world.means.files.under("attachments"))
    assert len(stored) == 3
    assert all(b"JFIF" not in world.means.files.get(each.path) for each in stored)


def test_submission_says_everything_that_is_missing_and_changes_nothing(world):
    draft = world.draft(fields={"purpose": "x"})
    with refused("invalid") as failure:
        world.hand_in(draft)
    said = {each.field: each for each in failure.value.fields}
    assert set(said) == {
        "fields.purpose", "fields.resident_since", "fields.dwelling",
        "attachments.surat_pengantar", "attachments.ktp", "attachments.kk",
    }  # fmt: skip
    assert said["fields.dwelling"].id == "Status tempat tinggal wajib diisi."
    assert said["fields.dwelling"].en == "Kind of tenure is required."
    with as_citizen("citizen-a"):
        assert world.stub.Get(pb.GetRequest(application_id=draft.application_id)).version == draft.version
    assert world.facts(facts.ApplicationSubmitted) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"nik": "123"}, "nik"),
        ({"name": " "}, "name"),
        ({"birth_date": "1990-02-30"}, "birth_date"),
        ({"kelurahan": "35.07.01.2001"}, "kelurahan"),
    ],
)
def test_a_snapshot_that_no_letter_could_certify_is_refused(world, wrong, field):
    with refused("invalid") as failure:
        world.submitted(**wrong)
    assert [each.field for each in failure.value.fields] == [f"applicant.{field}"]


def test_submission_needs_a_proved_identity(world):
    draft = world.complete()
    with as_citizen("citizen-a", loa=1), refused("refused", "assurance_too_low"):
        world.stub.Submit(pb.SubmitRequest(application_id=draft.application_id))


def test_handing_in_starts_the_clock_and_says_the_fact(world):
    with clock.frozen(TUESDAY):
        application = world.submitted()
        assert application.state == pb.APPLICATION_STATE_SUBMITTED
        assert (application.due_on, application.working_days_left) == ("2026-11-25", 1)
    ((fact, key, sequence),) = world.facts(facts.ApplicationSubmitted)
    assert (key, sequence) == (application.application_id, application.version)
    assert (fact.citizen_id, fact.kelurahan, fact.reference) == ("citizen-a", SAWOJAJAR, application.reference)
    assert (fact.due_on, fact.corrected) == ("2026-11-25", False)
    assert application.applicant_initials == "S. A."


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


def test_nobody_else_finds_a_citizens_application(world):
    application = world.submitted()
    own = application.application_id
    calls = [
        (world.stub.Get, pb.GetRequest(application_id=own)),
        (world.stub.SaveDraft, pb.SaveDraftRequest(application_id=own, fields="{}")),
        (world.stub.DiscardDraft, pb.DiscardDraftRequest(application_id=own)),
        (world.stub.AddAttachment, pb.AddAttachmentRequest(application_id=own, requirement="ktp", content=b"x")),
        (
            world.stub.RemoveAttachment,
            pb.RemoveAttachmentRequest(application_id=own, attachment_id=application.attachments[0].attachment_id),
        ),
        (
            world.stub.GetAttachment,
            pb.GetAttachmentRequest(application_id=own, attachment_id=application.attachments[0].attachment_id),
        ),
        (world.stub.Submit, pb.SubmitRequest(application_id=own)),
        (world.stub.Withdraw, pb.WithdrawRequest(application_id=own)),
    ]
    with as_citizen("citizen-b"):
        for call, request in calls:
            with refused("not_found", "application_not_found"):
                call(request)
            request.application_id = "no id"
            with refused("not_found", "application_not_found"):
                call(request)
        assert world.stub.ListMine(pb.ListMineRequest()).total == 0
    with as_citizen("citizen-a"):
        assert world.stub.Get(pb.GetRequest(application_id=own)).version == application.version


def test_an_attachment_of_another_application_is_not_found_through_ones_own(world):
    theirs, mine = world.complete("citizen-b"), world.complete("citizen-a")
    with as_citizen("citizen-a"), refused("not_found", "attachment_not_found"):
        world.stub.GetAttachment(
            pb.GetAttachmentRequest(application_id=mine.application_id, attachment_id=theirs.attachments[0].attachment_id)
        )


def test_each_kind_of_caller_is_kept_to_their_methods(world):
    with as_staff():
        with refused("denied"):
            world.stub.ListMine(pb.ListMineRequest())
        with refused("denied"):
            world.stub.Sign(pb.SignRequest(application_id=NOWHERE))  # an officer is no lurah
    with as_citizen("citizen-a"), refused("denied"):
        world.stub.Queue(pb.QueueRequest())
    with as_staff(roles=["water_cs", "cashier", "admin"]), refused("denied"):
        world.stub.Open(pb.OpenRequest(application_id=NOWHERE, purpose="check"))
    with as_workload(), refused("denied"):
        world.stub.Get(pb.GetRequest(application_id=NOWHERE))
    with as_nobody(), refused("unauthenticated"):
        world.stub.Get(pb.GetRequest(application_id=NOWHERE))


def test_staff_see_their_own_area_only(world):
    application = world.submitted()
    own = application.application_id
    with as_staff(roles=["officer", "lurah"], areas=[DINOYO]):
        assert world.stub.Queue(pb.QueueRequest()).total == 0
        assert world.stub.Queue(pb.QueueRequest(reference=application.reference)).total == 0
        for call, request in [
            (world.stub.Open, pb.OpenRequest(application_id=own, purpose="check")),
            (world.stub.Claim, pb.ClaimRequest(application_id=own)),
            (world.stub.Release, pb.ReleaseRequest(application_id=own)),
            (world.stub.Return, pb.ReturnRequest(application_id=own, reasons=[pb.ReturnReason(text="x")])),
            (world.stub.Approve, pb.ApproveRequest(application_id=own)),
            (world.stub.Refuse, pb.RefuseRequest(application_id=own, reason="x")),
            (world.stub.Sign, pb.SignRequest(application_id=own)),
            (
                world.stub.OpenAttachment,
                pb.OpenAttachmentRequest(
                    application_id=own, attachment_id=application.attachments[0].attachment_id, purpose="check"
                ),
            ),
        ]:
            with refused("not_found", "application_not_found"):
                call(request)
    with as_staff(areas=[]):
        assert world.stub.Queue(pb.QueueRequest()).total == 0


def test_a_draft_is_nobodys_business_but_the_citizens(world):
    draft = world.complete()
    with as_staff(areas=["*"]), refused("not_found"):
        world.stub.Open(pb.OpenRequest(application_id=draft.application_id, purpose="check"))


def test_every_look_at_a_person_becomes_a_fact(world):
    application = world.submitted()
    with as_staff(subject="officer-1", areas=[SAWOJAJAR]):
        opened = world.stub.Open(pb.OpenRequest(application_id=application.application_id, purpose="check"))
        assert (opened.applicant.name, opened.applicant.nik) == ("Siti Aminah", "3573035501900001")
        attachment = application.attachments[0]
        content = world.stub.OpenAttachment(
            pb.OpenAttachmentRequest(
                application_id=application.application_id, attachment_id=attachment.attachment_id, purpose="check"
            )
        )
        assert content.content.startswith(b"\xff\xd8\xff")
        assert content.attachment == attachment
        with refused("invalid") as failure:
            world.stub.Open(pb.OpenRequest(application_id=application.application_id))
        assert failure.value.fields[0].field == "purpose"
    viewed = [fact for fact, _, _ in world.facts(facts.ApplicantViewed)]
    assert [(each.subject_kind, each.subject_id) for each in viewed] == [
        ("application", application.application_id),
        ("attachment", attachment.attachment_id),
    ]
    for each in viewed:
        assert (each.citizen_id, each.viewer_id, each.viewer_role, each.office) == ("citizen-a", "officer-1", "officer", SAWOJAJAR)
        assert each.purpose == "check"


def test_staff_read_what_an_applicant_wrote_with_a_purpose_only(world):
    own = world.submitted().application_id
    with as_staff(roles=["officer"]):
        answers = [
            world.stub.Claim(pb.ClaimRequest(application_id=own)),
            world.stub.Release(pb.ReleaseRequest(application_id=own)),
            world.stub.Approve(pb.ApproveRequest(application_id=own)),
            *world.stub.Queue(pb.QueueRequest(states=[pb.APPLICATION_STATE_APPROVED])).applications,
        ]
    assert len(answers) == 4
    for each in answers:
        assert (each.fields, list(each.attachments)) == ("", [])
    assert world.facts(facts.ApplicantViewed) == []


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


def test_the_same_key_has_one_effect(world):
    with as_citizen("citizen-a"):
        with with_key("key-1"):
            first = world.stub.SaveDraft(pb.SaveDraftRequest(kind="domisili", fields="{}"))
            again = world.stub.SaveDraft(pb.SaveDraftRequest(kind="domisili", fields="{}"))
            with refused("refused", "key_reused"):
                world.stub.SaveDraft(pb.SaveDraftRequest(kind="sku", fields="{}"))
        assert again == first
        assert world.stub.ListMine(pb.ListMineRequest()).total == 1
    complete = world.complete()
    with with_key("key-2"):
        once, twice = world.hand_in(complete), world.hand_in(complete)
    assert once == twice
    assert len(world.facts(facts.ApplicationSubmitted)) == 1


def test_a_keyed_attachment_is_answered_again_even_after_submission(world):
    draft = world.complete()
    request = pb.AddAttachmentRequest(application_id=draft.application_id, requirement="ktp", file_name="lagi.jpg", content=PICTURE)
    with as_citizen("citizen-a"), with_key("key-3"):
        first = world.stub.AddAttachment(request)
    world.hand_in(draft)
    with as_citizen("citizen-a"), with_key("key-3"):
        assert world.stub.AddAttachment(request) == first


def test_attachments_come_back_as_they_were_and_only_as_many_as_allowed(world):
    draft = world.draft()
    with as_citizen("citizen-a"):
        for place in range(10):
            request = pb.AddAttachmentRequest(
                application_id=draft.application_id, requirement="kk", file_name=f"../{place}.exe", content=_picture((place, 0, 0))
            )
            draft = world.stub.AddAttachment(request)
        assert [each.file_name for each in draft.attachments] == [f"{place}.png" for place in range(10)]
        assert world.stub.AddAttachment(request).version == draft.version  # the same one again
        request.content = _picture("red")
        with refused("refused", "too_many_attachments"):
            world.stub.AddAttachment(request)
        back = world.stub.GetAttachment(
            pb.GetAttachmentRequest(application_id=draft.application_id, attachment_id=draft.attachments[3].attachment_id)
        )
        assert (back.content, back.attachment.media_type) == (_picture((3, 0, 0)), "image/png")
        draft = world.stub.RemoveAttachment(
            pb.RemoveAttachmentRequest(application_id=draft.application_id, attachment_id=draft.attachments[3].attachment_id)
        )
        assert [each.file_name for each in draft.attachments] == [f"{place}.png" for place in range(10) if place != 3]
        with refused("invalid") as failure:
            world.stub.AddAttachment(
                pb.AddAttachmentRequest(application_id=draft.application_id, requirement="sim", content=PICTURE)
            )
        assert failure.value.fields[0].field == "requirement"
        with refused("invalid") as failure:
            world.stub.AddAttachment(
                pb.AddAttachmentRequest(application_id=draft.application_id, requirement="kk", content=b"<html>")
            )
        assert failure.value.fields[0].field == "content"


def test_a_draft_can_be_discarded_but_nothing_later(world):
    draft, submitted = world.draft(), world.submitted()
    with as_citizen("citizen-a"):
        world.stub.DiscardDraft(pb.DiscardDraftRequest(application_id=draft.application_id))
        with refused("not_found"):
            world.stub.Get(pb.GetRequest(application_id=draft.application_id))
        with refused("conflict", "not_now"):
            world.stub.DiscardDraft(pb.DiscardDraftRequest(application_id=submitted.application_id))


def test_nobody_keeps_more_drafts_than_anybody_needs(world):
    for _ in range(20):
        world.draft(fields={})
    with refused("refused", "too_many_drafts"):
        world.draft(fields={})
    world.draft("citizen-b", fields={})


def test_ones_own_list_is_paged_newest_first(world):
    drafts = [world.draft(fields={}).application_id for _ in range(5)]
    seen, token = [], ""
    with as_citizen("citizen-a"):
        while True:
            page = world.stub.ListMine(pb.ListMineRequest(page_size=2, page_token=token))
            assert page.total == 5
            seen += [each.application_id for each in page.applications]
            if not (token := page.next_page_token):
                break
    assert seen == drafts[::-1]


def test_an_unknown_kind_is_not_found(world):
    with as_citizen("citizen-a"), refused("not_found", "unknown_kind"):
        world.stub.SaveDraft(pb.SaveDraftRequest(kind="paspor", fields="{}"))


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
